"""Packing well: the versions of one file next to each other, so that each is told by its difference to another.

Git sorts objects by the end of their paths, and the files of configs/ all end alike: between two versions of one there
are those of every other platform, more than Git compares. So each path gets a name here that no other has, but for the
segments of jobs/, which have no versions and are alike. In a library of 10,000 jobs that is less than half of the size.
"""

from __future__ import annotations

import re
from hashlib import sha256

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.durable import write_whole
from tvmgitlib.store.git import DURABLE, share_made
from tvmgitlib.store.landing import COPIED, loose_packs
from tvmgitlib.store.objects import MOST_OF_SMALL
from tvmgitlib.store.small import read_small

#: The packs that were made here, by name: while there are no others, nothing is to be done.
_NOTE = "packed"

_SEGMENT = re.compile(rb"jobs/[^/]+/[^/]+")


def pack_well(checkout: Checkout, settings: tuple[str, ...] = COPIED) -> list[str]:
    """Make a pack of all that Git's own collection keeps; the other packs stay, for that to take away.

    Args:
        checkout: where.
        settings: options of Git's for this.

    Returns:
        The names of the packs that have all of it; none in a partial clone, whose packs are for Git alone to sort.

    Raises:
        GitError: an object is missing, or Git cannot write.
    """
    packs = checkout.common_dir / "objects" / "pack"
    if checkout.reader.partial():
        return []
    if is_packed(checkout):
        return loose_packs(packs)
    listed = checkout.git.run("rev-list", "--objects", "--all", "--reflog", "--indexed-objects")
    packing = ("pack-objects", "--quiet", "--local", "--honor-pack-keep", "--no-reuse-delta", "--delta-base-offset")
    named = b"".join(map(_named, listed.splitlines(keepends=True)))
    made = checkout.git.run(*DURABLE, *settings, *packing, "--non-empty", str(packs / "pack"), stdin=named)
    return [f"pack-{name}.pack" for name in made.decode().split()]


def _named(line: bytes) -> bytes:
    """An object's id with the name by which Git sorts it."""
    oid, _, path = line.rstrip(b"\n").partition(b" ")
    if not path:
        return oid + b"\n"
    name = b"segment" if _SEGMENT.fullmatch(path) else sha256(path).hexdigest()[:16].encode()
    return oid + b" " + name + b"\n"


def is_packed(checkout: Checkout) -> bool:
    """Whether all packs are those of the last collection."""
    try:
        noted = read_small(checkout.state / _NOTE, MOST_OF_SMALL).decode(errors="replace").split()
    except OSError:
        return False
    return sorted(loose_packs(checkout.common_dir / "objects" / "pack")) == noted


def note_packed(checkout: Checkout) -> None:
    """Remember the packs of a collection that is over."""
    note = checkout.state / _NOTE
    write_whole(note, "\n".join(sorted(loose_packs(checkout.common_dir / "objects" / "pack"))).encode())
    share_made(checkout.common_dir, [note])
