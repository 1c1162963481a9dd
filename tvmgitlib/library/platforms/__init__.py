"""The machine at hand: which platform it is, and its facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.platforms.detect import detect_for as detect_for
    from tvmgitlib.library.platforms.detect import detect_platform as detect_platform
    from tvmgitlib.library.platforms.detect import facts_here as facts_here
    from tvmgitlib.library.platforms.detect import is_this_triple as is_this_triple
    from tvmgitlib.library.platforms.naming import THIS as THIS
    from tvmgitlib.library.platforms.naming import overruled as overruled
    from tvmgitlib.library.platforms.naming import platform_for as platform_for

_NAMES = {
    "detect": "detect_for detect_platform facts_here is_this_triple",
    "naming": "THIS overruled platform_for",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
