"""The bag that the library adds to a record's line, and the two forms of a line that hold it."""

from __future__ import annotations

from typing import Any

#: The key of the bag. Everything under it is ours; everything else on a line is the tuner's own text.
BAG_KEY = "x-tvmgitlib"

_BAG_MEMBER = b', "%s": ' % BAG_KEY.encode()
_ENVELOPE = b'{"native": '


class Spliced:
    """Lines of a family whose readers skip unknown keys: the bag is the record's last member."""

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        """Add the bag as the last member of a native JSON object: stock TVM loads it as it is."""
        return native[:-1] + _BAG_MEMBER + bag + b"}"

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        """Undo `wrap`. Inside a JSON string the quotes would be escaped, so the last match is the bag itself."""
        return _unsplice(line)


class Enveloped:
    """Lines of a family whose readers allow no unknown key, or whose records are no objects: record and bag in one."""

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        """Put a native value beside the bag."""
        return _ENVELOPE + native + _BAG_MEMBER + bag + b"}"

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        """Undo `wrap`; a line that is no envelope is native as it is."""
        return _unenvelop(line)


def native_text(line: bytes, document: Any) -> bytes | None:
    """The native text of a line of some library, whatever its family; None for a line without a bag.

    Args:
        line: the line.
        document: what it says.
    """
    if not isinstance(document, dict) or BAG_KEY not in document:
        return None
    native, _ = _unenvelop(line) if document.keys() == {"native", BAG_KEY} else _unsplice(line)
    return native


def _unsplice(line: bytes) -> tuple[bytes, bytes | None]:
    at = line.rfind(_BAG_MEMBER)
    if at < 0:
        return line, None
    return line[:at] + b"}", line[at + len(_BAG_MEMBER) : -1]


def _unenvelop(line: bytes) -> tuple[bytes, bytes | None]:
    if not line.startswith(_ENVELOPE):
        return line, None
    native, bag = _unsplice(line)
    return native[len(_ENVELOPE) : -1], bag
