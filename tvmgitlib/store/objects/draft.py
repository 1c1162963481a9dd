"""Commits to be made, and made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from tvmgitlib.store.objects.commits import Author
from tvmgitlib.store.objects.trees import Content


class Draft(Struct, frozen=True):
    """A commit to be made.

    Attributes:
        message: its message.
        files: its files; None removes one.
        derive_from: a folder whose new tree id other files hold.
        derive: makes those files from that id (None when the folder is empty).
        also_parents: parents beside the commit that it builds on.
        author: the author, when it is not who commits.
        signs: which of its files whoever commits signs, where that is asked for: a signature is a file beside each.
    """

    message: str
    files: Mapping[str, Content]
    derive_from: str = ""
    derive: Callable[[str | None], Mapping[str, Content]] | None = None
    also_parents: tuple[str, ...] = ()
    author: Author | None = None
    signs: tuple[str, ...] = ()


class Committed(Struct, frozen=True):
    """A commit that was made.

    Attributes:
        commit: its id.
        left_alone: files of the work tree that stay as the user changed them.
    """

    commit: str
    left_alone: tuple[str, ...] = ()
