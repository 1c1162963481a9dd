"""The jobs of a commit without their records, and only those that a question is about: the reading index.

The index is a SQLite file in the Git directory, made from the segments and safe to delete at any time. It narrows down
which segments have to be read; what is answered comes from the segments themselves.
"""

from tvmgitlib.library.outlines.facts import Addition, Narrowing, Spot, Spread, Told
from tvmgitlib.library.outlines.opening import compact, index_size
from tvmgitlib.library.outlines.outlines import Outlines

__all__ = ["Addition", "Narrowing", "Outlines", "Spot", "Spread", "Told", "compact", "index_size"]
