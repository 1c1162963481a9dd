"""AutoTVM's records."""

from __future__ import annotations

from tvmgitlib.families.autotvm.family import FAILED, AutoTvm
from tvmgitlib.families.autotvm.knobs import knob_of

__all__ = ["FAILED", "AutoTvm", "knob_of"]
