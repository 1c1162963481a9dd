"""The three generations of TVM tuners: their log lines as values, and back.

A family turns bytes into `TuningRecord`s and never changes a byte of them. It knows no files and imports no TVM.
"""

from __future__ import annotations

from tvmgitlib.families.ansor import Ansor
from tvmgitlib.families.autotvm import AutoTvm
from tvmgitlib.families.base import Family
from tvmgitlib.families.metaschedule import MetaSchedule
from tvmgitlib.model.workload import FamilyName

FAMILIES: dict[FamilyName, Family] = {"autotvm": AutoTvm(), "ansor": Ansor(), "metaschedule": MetaSchedule()}

__all__ = ["FAMILIES", "Family"]
