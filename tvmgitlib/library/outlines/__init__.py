"""The jobs of a commit without their records, and only those that a question is about: the reading index.

The index is a SQLite file in the user's cache, made from the segments and safe to delete at any time. It narrows down
which segments have to be read; what is answered comes from the segments themselves, or is what they say in few words: a
job in one line, what was spent on its tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.outlines.facts import Addition as Addition
    from tvmgitlib.library.outlines.facts import Spent as Spent
    from tvmgitlib.library.outlines.facts import Spot as Spot
    from tvmgitlib.library.outlines.facts import Spread as Spread
    from tvmgitlib.library.outlines.facts import Told as Told
    from tvmgitlib.library.outlines.narrowing import Narrowing as Narrowing
    from tvmgitlib.library.outlines.opening import compact as compact
    from tvmgitlib.library.outlines.opening import index_file as index_file
    from tvmgitlib.library.outlines.opening import index_size as index_size
    from tvmgitlib.library.outlines.outlines import Outlines as Outlines

_NAMES = {
    "facts": "Addition Spent Spot Spread Told",
    "narrowing": "Narrowing",
    "opening": "compact index_file index_size",
    "outlines": "Outlines",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
