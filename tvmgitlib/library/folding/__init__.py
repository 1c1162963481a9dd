"""What a change makes of configs/, and the proof that configs/ is a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.folding.ahead import Ahead as Ahead
    from tvmgitlib.library.folding.ahead import known_ahead as known_ahead
    from tvmgitlib.library.folding.ahead import remember_ahead as remember_ahead
    from tvmgitlib.library.folding.change import Change as Change
    from tvmgitlib.library.folding.change import fold_change as fold_change
    from tvmgitlib.library.folding.change import standing_after as standing_after
    from tvmgitlib.library.folding.claims import is_known as is_known
    from tvmgitlib.library.folding.claims import is_on_word as is_on_word
    from tvmgitlib.library.folding.claims import remember_fold as remember_fold
    from tvmgitlib.library.folding.claims import take_word as take_word
    from tvmgitlib.library.folding.digest import jobs_digest as jobs_digest
    from tvmgitlib.library.folding.folded import Folded as Folded
    from tvmgitlib.library.folding.memory import Memory as Memory
    from tvmgitlib.library.folding.proof import are_files as are_files
    from tvmgitlib.library.folding.proof import expected_files as expected_files
    from tvmgitlib.library.folding.proof import is_fold as is_fold
    from tvmgitlib.library.folding.proof import is_fold_after as is_fold_after
    from tvmgitlib.library.folding.whole import Whole as Whole
    from tvmgitlib.library.folding.whole import fold_whole as fold_whole

_NAMES = {
    "ahead": "Ahead known_ahead remember_ahead",
    "change": "Change fold_change standing_after",
    "claims": "is_known is_on_word remember_fold take_word",
    "digest": "jobs_digest",
    "folded": "Folded",
    "memory": "Memory",
    "proof": "are_files expected_files is_fold is_fold_after",
    "whole": "Whole fold_whole",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
