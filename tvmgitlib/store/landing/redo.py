"""The redo note: which commits the work tree has not followed yet, so that the next command can make it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tvmgitlib.store.small import read_small

if TYPE_CHECKING:
    from tvmgitlib.store.git import Sharing

#: How large a note may be, in bytes.
_MOST = 1 << 20


class Step(NamedTuple):
    """One move of the branch: commit ids before (None for a branch without commits) and after."""

    old: str | None
    new: str


class RedoNote:
    """The note in a Git directory. It is written before the branch moves and removed when the work tree has followed.

    Read or write it only while holding the write lock; whether it exists may be asked at any time.
    """

    def __init__(self, git_dir: Path) -> None:
        self._path = git_dir / "tvmgitlib-redo.json"
        self._scratch = git_dir / "tvmgitlib-redo.tmp"

    def exists(self) -> bool:
        return self._path.exists()

    def read(self) -> list[Step]:
        """The moves that were promised, oldest first; none when there is no note, or none that can be read."""
        try:
            moves = json.loads(read_small(self._path, _MOST))
            return [Step(old and str(old), str(new)) for old, new in moves]
        except FileNotFoundError:
            return []
        except (TypeError, ValueError, RecursionError, OSError):
            return []  # a crash of the whole machine can leave an empty file

    def write(self, steps: Sequence[Step], sharing: Sharing) -> None:
        """Promise these moves, and no others; whoever shares the repository may make them good."""
        if not steps:
            self._path.unlink(missing_ok=True)
            return
        self._scratch.unlink(missing_ok=True)  # of a killed writer, or a link that came with the repository
        with self._scratch.open("x", encoding="utf-8") as note:
            json.dump(steps, note)
            note.flush()
            sharing.share(note.fileno())
            os.fsync(note.fileno())
        self._scratch.replace(self._path)
