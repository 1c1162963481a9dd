"""Opening logs: plain files, and compressed ones as what is in them.

What is read of a compressed log is what is hashed and counted: the same lines are the same log, compressed or not. Both
memory and time are bounded, whatever the file says of itself.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final, Protocol

from tvmgitlib.format import MAX_LINE, too_long
from tvmgitlib.model import RecordError

#: How much may come out of a compressed file (bytes): so much in any case; more, up to so many times its size; and
#: never more than the last of these.
FREE: Final = 64 * 1024 * 1024
RATIO: Final = 250
MAX_UNPACKED: Final = 8 * 1024 * 1024 * 1024

#: How much memory a file may ask for to be unpacked (bytes): `xz -9` asks for 65 MiB.
_MEMORY = 128 * 1024 * 1024

_CHUNK = 256 * 1024

#: How much is read at once (bytes).
_BLOCK = 64 * 1024

#: What file names of compressed logs end in.
SUFFIXES: Final = (".gz", ".bz2", ".xz")


class _Unpacker(Protocol):
    """A decompressor of the standard library, as those of bz2 and lzma are."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor in the form of the other two."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


#: By the bytes that such a file begins with: what it is called, and what unpacks it.
_FORMATS: Final[dict[bytes, tuple[str, Callable[[], _Unpacker]]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)),
}


def open_log(path: Path) -> io.BufferedReader:
    """Open a log to be read, from its beginning; of a compressed one, what is in it.

    Raises:
        RecordError: it cannot be read. While it is read, too: it is damaged, or too much comes out of it.
    """
    try:
        # Without waiting: opening a pipe that nobody writes to would last for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", file=str(path)) from None
    status = os.fstat(handle)
    if not S_ISREG(status.st_mode):
        os.close(handle)
        raise RecordError("not a plain file", file=str(path))
    file = os.fdopen(handle, "rb")
    head = os.pread(handle, max(map(len, _FORMATS)), 0)
    for magic in _FORMATS:
        if head.startswith(magic):
            return io.BufferedReader(_Unpacked(file, path, magic), _CHUNK)
    return file


def blocks_of(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """A file in blocks of whole lines; never more of a line than the cap.

    Raises:
        RecordError: a line is longer.
    """
    at = begun_size = 0
    begun: list[bytes] = []
    while chunk := file.read(_BLOCK):
        end = chunk.rfind(b"\n") + 1
        block = b"".join((*begun, memoryview(chunk)[:end])) if end else b""
        begun, begun_size = ([], 0) if end else (begun, begun_size)
        begun.append(chunk[end:])
        begun_size += len(chunk) - end
        # Of a block only the first line can be longer than what is read at once.
        if max(begun_size, block.find(b"\n") + 1) > MAX_LINE:
            raise too_long(MAX_LINE, str(path), line_at(path, at))
        if block:
            yield block
            at += len(block)
    if begun_size:
        yield b"".join(begun)


def line_at(path: Path, at: int) -> int:
    """Which line of a log begins after so many bytes, from 1: counted where it is asked, as to count takes a while."""
    number = 1
    with open_log(path) as file:
        while chunk := file.read(min(at, _BLOCK)):
            number += chunk.count(b"\n")
            at -= len(chunk)
    return number


def lines_of(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, each with its line end; never more of one than the cap.

    Raises:
        RecordError: a line is longer.
    """
    for before, lines in lines_at_once(file, path):
        yield from enumerate(lines, start=before + 1)


def lines_at_once(file: BinaryIO, path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The same many at a time, each time with the number of the lines before them.

    Raises:
        RecordError: a line is longer.
    """
    before = 0
    for block in blocks_of(file, path):
        lines = io.BytesIO(block).readlines()
        yield before, lines
        before += len(lines)


def plain_name(name: str) -> str:
    """A file's name without the ending that says that it is compressed."""
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


def is_folder(path: Path) -> bool:
    """Whether a log's path is a folder's.

    Raises:
        RecordError: the way to it is not open to this user.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", file=str(path)) from None


def member(folder: Path, name: str) -> Path:
    """A file of a folder, or the same compressed where that is there instead."""
    plain = folder / name
    packed = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return plain if plain.exists() else next((file for file in packed if file.exists()), plain)


class _Unpacked(io.RawIOBase):
    """What is in a compressed file, of one part or of several, unpacked as it is read."""

    def __init__(self, file: BinaryIO, path: Path, magic: bytes) -> None:
        super().__init__()
        self._file = file
        self._path = path
        self._magic = magic
        self._title, self._start = _FORMATS[magic]
        self._unpacker = self._start()
        self._size = 0
        self._limit = min(MAX_UNPACKED, max(FREE, RATIO * os.fstat(file.fileno()).st_size))

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed's Buffer is none at run time
        try:
            found = self._more(len(view))
        except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
            raise self._error(f"damaged, or not to be unpacked as {self._title}: {error}") from None
        self._size += len(found)
        if self._size > self._limit:
            raise self._error(
                f"more than {self._limit // 2**20:,} MiB come out of it, so it is not read further",
                hint=f"Look what is in it. A compressed log may hold {FREE // 2**20} MiB, or {RATIO} times its size up "
                f"to {MAX_UNPACKED // 2**30} GiB; a plain one is read whatever its size.",
            )
        view[: len(found)] = found
        return len(found)

    def _more(self, most: int) -> bytes:
        """The next bytes, some at least; none at the end of the file."""
        while True:
            if self._unpacker.eof and not self._next_part():
                return b""
            given = self._file.read(_BLOCK) if self._unpacker.needs_input else b""
            ended = self._unpacker.needs_input and not given
            found = self._unpacker.decompress(given, most)
            if found:
                return found
            if ended and not self._unpacker.eof:
                raise self._error(
                    "the compressed file is cut off", hint="Unpack what can be had of it, and import that."
                )

    def _next_part(self) -> bool:
        """Go on with the next part of a file that several were joined to."""
        left = self._unpacker.unused_data.lstrip(b"\0")
        while not left:
            given = self._file.read(_BLOCK)
            if not given:
                return False
            left = given.lstrip(b"\0")  # what some writers fill up with
        if len(left) < len(self._magic):
            left += self._file.read(len(self._magic) - len(left))
        if not left.startswith(self._magic):
            raise self._error(f"something that is not {self._title} follows in it")
        self._unpacker = self._start()
        self._pending(left)
        return True

    def _pending(self, data: bytes) -> None:
        """Give back what was read too far."""
        self._file.seek(-len(data), os.SEEK_CUR)

    def _error(self, message: str, hint: str | None = None) -> RecordError:
        return RecordError(message, file=str(self._path), hint=hint)
