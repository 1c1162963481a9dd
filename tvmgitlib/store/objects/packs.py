"""Writing objects: all that belongs together goes into one pack, which is on the disk before anything refers to it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha1, sha256
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.durable import sync_folder
from tvmgitlib.store.git import DURABLE, Git, ended_gently, failure
from tvmgitlib.store.objects.raw import FileContent, chunks_of
from tvmgitlib.store.objects.trees import NewObjects

#: What the `.keep` of a pack of ours begins with: Git leaves a pack alone that has one.
KEEP = "tvmgitlib"

#: `git prune --expire=now` takes away what another Git is about to write.
_TRIES = 10

#: A larger object is not held in memory by Git, either.
_BIG = ("-c", "core.bigFileThreshold=16m")

_TYPES = {"commit": 1, "tree": 2, "blob": 3}


def write_pack(git: Git, objects: Path, new: NewObjects) -> Path | None:
    """Write objects into one pack.

    Args:
        git: Git in the repository.
        objects: its folder of objects.
        new: what to write.

    Returns:
        The file that keeps the pack from any gc, until it is removed: do so when a ref leads to the objects. None when
        there was nothing to write, or the very pack is there already, kept by another process.

    Raises:
        GitError: Git cannot write, for example on a full disk.
        OSError: a file of this machine cannot be read.
    """
    if not new.contents:
        return None
    mark = os.urandom(8).hex()
    arguments = (*DURABLE, *_BIG, "index-pack", "--stdin", f"--keep={KEEP}: until a ref leads to it, {mark}")
    for _ in range(_TRIES):
        with git.start(*arguments) as process:
            assert process.stdin is not None  # it is a pipe
            with ended_gently(process):
                with suppress(BrokenPipeError):  # it says why
                    for chunk in _pack(new):
                        process.stdin.write(chunk)
                said, complaint = process.communicate()
        if process.returncode == 0:
            kind, _, name = said.decode().strip().partition("\t")
            sync_folder(objects / "pack")
            keep = objects / "pack" / f"pack-{name}.keep"
            return keep if kind == "keep" or _is_marked(keep, mark) else None
        if b"tmp_" not in complaint and b"temporary" not in complaint:
            break
    raise failure(arguments, complaint, process.returncode)


def _is_marked(keep: Path, mark: str) -> bool:
    """Whether a try of ours that failed has left this file: Git writes it before the pack."""
    try:
        return mark in keep.read_text(errors="replace")
    except FileNotFoundError:
        return False


def _pack(new: NewObjects) -> Iterator[bytes]:
    """A pack as a stream (gitformat-pack): header, objects, and the hash of it all."""
    digest = (sha256 if new.digits == 64 else sha1)(usedforsecurity=False)
    for chunk in _body(new):
        digest.update(chunk)
        yield chunk
    yield digest.digest()


def _body(new: NewObjects) -> Iterator[bytes]:
    yield b"PACK" + (2).to_bytes(4, "big") + len(new.contents).to_bytes(4, "big")
    for kind, content in new.contents.values():
        yield _object_header(_TYPES[kind], len(content))
        deflate, size = zlib.compressobj(), 0
        for chunk in chunks_of(content):
            size += len(chunk)
            yield deflate.compress(chunk)
        yield deflate.flush()
        if size != len(content):
            assert isinstance(content, FileContent)  # bytes have the length that they have
            raise GitError("the file changed while it was written into the repository", file=str(content.path))


def _object_header(kind: int, size: int) -> bytes:
    """Type and size: four bits of the size with the type, then seven a byte, the highest bit set while more follow."""
    header, byte, size = bytearray(), kind << 4 | size & 15, size >> 4
    while size:
        header.append(byte | 128)
        byte, size = size & 127, size >> 7
    header.append(byte)
    return bytes(header)
