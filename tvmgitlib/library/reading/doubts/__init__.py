"""What is in a library and is not believed as it is."""

from tvmgitlib.library.reading.doubts.costs import Doubts, joined
from tvmgitlib.library.reading.doubts.signing import Signatures
from tvmgitlib.library.reading.doubts.trust import Trust

__all__ = ["Doubts", "Signatures", "Trust", "joined"]
