"""MetaSchedule's records and databases."""

from __future__ import annotations

from tvmgitlib.families.metaschedule.database import ERROR_FILE, RECORD_FILE, WORKLOAD_FILE, database
from tvmgitlib.families.metaschedule.family import FAILED, MetaSchedule
from tvmgitlib.families.metaschedule.modules import module_tvm_version, read_workload, with_signature

__all__ = [
    "ERROR_FILE",
    "FAILED",
    "RECORD_FILE",
    "WORKLOAD_FILE",
    "MetaSchedule",
    "database",
    "module_tvm_version",
    "read_workload",
    "with_signature",
]
