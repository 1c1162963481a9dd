"""What is in a library and is not believed as it is."""

from tvmgitlib.library.reading.doubts.costs import Doubts, joined

__all__ = ["Doubts", "joined"]
