"""What Git's attributes do to files of the work tree."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from itertools import islice

from tvmgitlib.store.checkout import Checkout

#: The attributes by which Git turns what is committed into something else, each with the values that say no.
_ALTERING: dict[str, Collection[str]] = {
    "text": ("unset",),
    "filter": ("unset", "unspecified"),
    "ident": ("unset", "unspecified"),
    "working-tree-encoding": ("unset", "unspecified"),
}

#: How many paths Git is asked about at once: it says some lines of each.
_AT_ONCE = 16_384


def altering_attributes(repository: Checkout, paths: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """The attributes by which Git would change the bytes of files: each path with the attribute's name and value.

    Args:
        repository: where; not a bare one.
        paths: the files, from the root.
    """
    remaining = iter(paths)
    while some := list(islice(remaining, _AT_ONCE)):
        listed = "".join(f"{path}\0" for path in some).encode(errors="surrogateescape")
        said = os.fsdecode(repository.git.run("check-attr", "--stdin", "-z", *_ALTERING, stdin=listed)).split("\0")
        fields = iter(said)
        for path, name, value in zip(fields, fields, fields, strict=False):
            if value not in _ALTERING[name]:
                yield path, name, value
