"""What is in a library and is not believed as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.reading.doubts.costs import Doubts as Doubts
    from tvmgitlib.library.reading.doubts.costs import joined as joined
    from tvmgitlib.library.reading.doubts.signing import Signatures as Signatures
    from tvmgitlib.library.reading.doubts.trust import Trust as Trust

_NAMES = {
    "costs": "Doubts joined",
    "signing": "Signatures",
    "trust": "Trust",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
