"""The question which family a line belongs to."""

from __future__ import annotations

from typing import Any

from tvmgitlib.errors import RecordError
from tvmgitlib.model.workload import FamilyName

#: Longer lines are refused unread (bytes).
MAX_LINE = 16 * 1024 * 1024


def refuse_foreign(line: bytes) -> None:
    """Refuse what is no JSON log at all, without reading it.

    Raises:
        RecordError: a row of AutoTVM's pickle protocol.
    """
    if b"\t" in line and not line.lstrip().startswith((b"{", b"[")):
        raise RecordError(
            "a row of AutoTVM's pickle protocol; unpickling runs code from the file, so it is never read",
            hint="Convert the log to JSON with the TVM that wrote it: python -m tvm.autotvm.record --mode convert.",
        )


def family_of(document: Any) -> FamilyName:
    """Which family a parsed line belongs to.

    Raises:
        RecordError: AutoTVM's format 0.1, or no tuning record of a known family.
    """
    if isinstance(document, dict):
        if "input" in document:
            return "autotvm"
        if "i" in document and "r" in document:
            if isinstance(document.get("v"), str):
                return "ansor"
            raise RecordError(
                "a record of AutoTVM's format 0.1, whose workloads and configs today's TVM cannot use",
                field="v",
                hint="Convert the log to format 0.2 with the TVM that wrote it, or tune again.",
            )
    elif isinstance(document, list) and len(document) == 2:
        return "metaschedule"
    raise RecordError("not a tuning record of AutoTVM, Ansor or MetaSchedule")
