"""What a change makes of configs/, and the proof that configs/ is a fold."""

from tvmgitlib.library.folding.change import Change, Jobs, fold_change, standing_after
from tvmgitlib.library.folding.folded import Folded

__all__ = ["Change", "Folded", "Jobs", "fold_change", "standing_after"]
