"""Lines of JSON, read strictly, and the question which family a line belongs to."""

from __future__ import annotations

import json
from typing import Any

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.model.workload import FamilyName

#: Longer lines are refused unread (bytes).
MAX_LINE = 16 * 1024 * 1024

_DISGUISES = (b" :", b"\t:", b"\r:", b"\n:", b"\\u0022")


def decode(line: bytes) -> Any:
    """Parse one line of JSON.

    Raises:
        RecordError: not UTF-8, not JSON, NaN or a number beyond a double, a key that is given twice, or nested so
            deeply that it could not be written again.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordError(_decode_problem(line, error)) from None
    try:
        written = orjson.dumps(document)
        if _may_repeat_a_key(line, written):
            json.loads(line, object_pairs_hook=_unique_keys)
    except (orjson.JSONEncodeError, RecursionError):  # orjson reads deeper than it writes
        raise RecordError("nested too deeply") from None
    return document


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file: split at line feeds only, for JSON allows a carriage return inside a line."""
    return content.removesuffix(b"\n").split(b"\n") if content else []


def _decode_problem(line: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as problem:
        return f"not UTF-8 (byte {problem.start + 1} of the line)"
    return f"not valid JSON at column {error.colno} ({error.msg})"


def _may_repeat_a_key(line: bytes, written: bytes) -> bool:
    # Parsing keeps one of two equal keys, so the document written again has fewer `":` than the line. White space
    # before a colon and escaped quotes would hide that: such lines take the slow road.
    if any(disguise in line for disguise in _DISGUISES):
        return True
    return line.count(b'":') != written.count(b'":')


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RecordError("the key is given twice", field=key)
        found[key] = value
    return found


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
