"""Workloads in words, for people."""

from __future__ import annotations

from tvmgitlib import families
from tvmgitlib.model import Workload


def workload_label(workload: Workload) -> str:
    """A workload as its family shows it; one of a family that is not installed as it is."""
    family = families.find(workload.family)
    return family.label(workload) if family is not None else workload.label
