"""What changes a library: folds, reverts, invalidations, merges, exchange with a remote, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.changes.arriving import require_sound as require_sound
    from tvmgitlib.library.changes.arriving import tell_unless_folded as tell_unless_folded
    from tvmgitlib.library.changes.attributes import with_attributes as with_attributes
    from tvmgitlib.library.changes.change import fold_change as fold_change
    from tvmgitlib.library.changes.change import note_fold as note_fold
    from tvmgitlib.library.changes.change import rebuild as rebuild
    from tvmgitlib.library.changes.decision import Decision as Decision
    from tvmgitlib.library.changes.decision import Instead as Instead
    from tvmgitlib.library.changes.decision import decide_and_commit as decide_and_commit
    from tvmgitlib.library.changes.invalidating import Condemned as Condemned
    from tvmgitlib.library.changes.invalidating import Invalidated as Invalidated
    from tvmgitlib.library.changes.invalidating import foresee_invalidation as foresee_invalidation
    from tvmgitlib.library.changes.invalidating import invalidate as invalidate
    from tvmgitlib.library.changes.merging import Merged as Merged
    from tvmgitlib.library.changes.merging import merge as merge
    from tvmgitlib.library.changes.messages import job_message as job_message
    from tvmgitlib.library.changes.messages import message as message
    from tvmgitlib.library.changes.messages import outcome as outcome
    from tvmgitlib.library.changes.result import Counts as Counts
    from tvmgitlib.library.changes.result import JobResult as JobResult
    from tvmgitlib.library.changes.reverting import Reverted as Reverted
    from tvmgitlib.library.changes.reverting import revert as revert
    from tvmgitlib.library.changes.reverting import revert_removed as revert_removed
    from tvmgitlib.library.changes.settings_edit import changed as changed
    from tvmgitlib.library.changes.settings_edit import configure as configure
    from tvmgitlib.library.changes.settings_edit import setting as setting
    from tvmgitlib.library.changes.settings_edit import value_of as value_of
    from tvmgitlib.library.changes.sharing.checkpoints import make_checkpoint as make_checkpoint
    from tvmgitlib.library.changes.sharing.checkpoints import require_recent as require_recent
    from tvmgitlib.library.changes.sharing.checkpoints import require_recent_lock as require_recent_lock
    from tvmgitlib.library.changes.sharing.exchange import Synced as Synced
    from tvmgitlib.library.changes.sharing.including import with_queued as with_queued
    from tvmgitlib.library.changes.sharing.needed import fetch_needed as fetch_needed
    from tvmgitlib.library.changes.sharing.needed import only_builds as only_builds
    from tvmgitlib.library.changes.sharing.proposing import propose as propose
    from tvmgitlib.library.changes.sharing.queueing import is_known as is_known
    from tvmgitlib.library.changes.sharing.queueing import read_queued as read_queued
    from tvmgitlib.library.changes.sharing.syncing import fold_queue as fold_queue
    from tvmgitlib.library.changes.sharing.syncing import send as send
    from tvmgitlib.library.changes.sharing.syncing import sync as sync

_NAMES = {
    "arriving": "require_sound tell_unless_folded",
    "attributes": "with_attributes",
    "change": "fold_change note_fold rebuild",
    "decision": "Decision Instead decide_and_commit",
    "invalidating": "Condemned Invalidated foresee_invalidation invalidate",
    "merging": "Merged merge",
    "messages": "job_message message outcome",
    "result": "Counts JobResult",
    "reverting": "Reverted revert revert_removed",
    "settings_edit": "changed configure setting value_of",
    "sharing.checkpoints": "make_checkpoint require_recent require_recent_lock",
    "sharing.exchange": "Synced",
    "sharing.including": "with_queued",
    "sharing.needed": "fetch_needed only_builds",
    "sharing.proposing": "propose",
    "sharing.queueing": "is_known read_queued",
    "sharing.syncing": "fold_queue send sync",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
