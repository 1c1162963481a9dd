"""What changes a library: folds, reverts, invalidations, merges, exchange with a remote, settings."""

from tvmgitlib.library.changes.attributes import with_attributes
from tvmgitlib.library.changes.change import Change, rebuild
from tvmgitlib.library.changes.decision import Decision, Instead, decide_and_commit
from tvmgitlib.library.changes.invalidating import Condemned, Invalidated, foresee_invalidation, invalidate
from tvmgitlib.library.changes.merging import Merged, merge
from tvmgitlib.library.changes.messages import job_message, message, outcome
from tvmgitlib.library.changes.result import Counts, JobResult
from tvmgitlib.library.changes.reverting import Reverted, revert, revert_removed
from tvmgitlib.library.changes.settings_edit import changed, configure, setting, value_of
from tvmgitlib.library.changes.sharing.exchange import Synced
from tvmgitlib.library.changes.sharing.proposing import propose
from tvmgitlib.library.changes.sharing.syncing import fold_queue, send, sync

__all__ = [
    "Change",
    "Condemned",
    "Counts",
    "Decision",
    "Instead",
    "Invalidated",
    "JobResult",
    "Merged",
    "Reverted",
    "Synced",
    "changed",
    "configure",
    "decide_and_commit",
    "fold_queue",
    "foresee_invalidation",
    "invalidate",
    "job_message",
    "merge",
    "message",
    "outcome",
    "propose",
    "rebuild",
    "revert",
    "revert_removed",
    "send",
    "setting",
    "sync",
    "value_of",
    "with_attributes",
]
