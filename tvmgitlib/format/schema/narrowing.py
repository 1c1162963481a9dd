"""Finding the fault in a large document: what says in words what is wrong looks at everything, and takes its time.

So the document is halved, over and over, for as long as what is left is still refused by the validator that is fast.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson

#: A document of less text (bytes) is looked at as it is.
_LARGE = 1 << 16

#: A list or an object of fewer members is left as it is: so little is never the fault by itself.
_FEW = 16

#: Where the members of lists that were shortened stood: how many were taken away before them, by the list's path.
Taken = dict[tuple[str | int, ...], int]


def narrowed(document: Any, is_valid: Callable[[Any], bool]) -> tuple[Any, Taken]:
    """A part of a document that is refused as well, and what was taken away of its lists.

    Args:
        document: a document that is refused; it stays as it is.
        is_valid: whether a document is taken.
    """
    if len(orjson.dumps(document)) < _LARGE:
        return document, {}
    taken: Taken = {}
    root = [document]
    _narrow(root, 0, (), lambda: is_valid(root[0]), taken)
    return root[0], taken


def _narrow(parent: Any, key: Any, path: tuple[str | int, ...], is_valid: Callable[[], bool], taken: Taken) -> None:
    """Shorten what the parent has at a key, and everything in it."""
    if not isinstance(parent[key], (list, dict)):
        return
    parent[key] = parent[key].copy()
    while len(parent[key]) > _FEW:
        whole, half = parent[key], len(parent[key]) // 2
        parent[key] = _part(whole, 0, half)
        if not is_valid():
            continue
        parent[key] = _part(whole, half, len(whole))
        if is_valid():  # it takes both
            parent[key] = whole
            break
        if isinstance(whole, list):
            taken[path] = taken.get(path, 0) + half
    members = parent[key]
    for below in list(members if isinstance(members, dict) else range(len(members))):
        _narrow(members, below, (*path, below), is_valid, taken)


def _part(container: Any, start: int, end: int) -> Any:
    """Some members of a list or an object, in their order."""
    return container[start:end] if isinstance(container, list) else dict(islice(container.items(), start, end))
