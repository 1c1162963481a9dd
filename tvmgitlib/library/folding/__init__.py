"""What a change makes of configs/, and the proof that configs/ is a fold."""

from tvmgitlib.library.folding.ahead import Ahead, known_ahead, remember_ahead
from tvmgitlib.library.folding.change import Change, Jobs, fold_change, standing_after
from tvmgitlib.library.folding.folded import Folded
from tvmgitlib.library.folding.memory import Memory
from tvmgitlib.library.folding.proof import (
    Stamped,
    are_files,
    expected_files,
    is_fold,
    is_fold_after,
    is_on_word,
    remember_fold,
    take_word,
)
from tvmgitlib.library.folding.whole import Whole, fold_whole

__all__ = [
    "Ahead",
    "Change",
    "Folded",
    "Jobs",
    "Memory",
    "Stamped",
    "Whole",
    "are_files",
    "expected_files",
    "fold_change",
    "fold_whole",
    "is_fold",
    "is_fold_after",
    "is_on_word",
    "known_ahead",
    "remember_ahead",
    "remember_fold",
    "standing_after",
    "take_word",
]
