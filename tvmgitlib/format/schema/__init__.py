"""Validation by JSON Schemas, quick where a document is valid, and with words for people where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.format.schema.checking import check as check
    from tvmgitlib.format.schema.checking import check_record as check_record

_NAMES = {
    "checking": "check check_record",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
