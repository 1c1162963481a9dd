"""What a change makes of configs/, and the proof that configs/ is a fold."""

from tvmgitlib.library.folding.change import Change, Jobs, fold_change, standing_after
from tvmgitlib.library.folding.folded import Folded
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

__all__ = [
    "Change",
    "Folded",
    "Jobs",
    "Stamped",
    "are_files",
    "expected_files",
    "fold_change",
    "is_fold",
    "is_fold_after",
    "is_on_word",
    "remember_fold",
    "standing_after",
    "take_word",
]
