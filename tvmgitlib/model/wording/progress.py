"""How far a long step is: told to the logger `tvmgitlib.progress`, from whichever floor is at work."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_log = logging.getLogger("tvmgitlib.progress")


def is_progress_told() -> bool:
    """Whether anybody looks how far things are."""
    return _log.isEnabledFor(logging.INFO)


def tell_progress(step: str, text: str, share: float | None = None) -> None:
    """Tell how far a step is.

    Args:
        step: which step: while it is the same, the time that is left can be worked out.
        text: how far it is, in words.
        share: how much of it is done, from 0 to 1; None where nobody knows.
    """
    if is_progress_told():
        _log.info("%s", text, extra={"step": step, "share": share})


def counted(step: str, items: Iterable[Item], total: int, every: int = 16) -> Iterator[Item]:
    """The items, while it is told how many of them are done.

    Args:
        step: what is done with them, such as `checking jobs`.
        items: the items.
        total: how many there are.
        every: after how many it is told.
    """
    for number, item in enumerate(items):
        if number % every == 0 and total:
            tell_progress(step, f"{step}: {number:,} of {total:,}", number / total)
        yield item
