"""The only home of Git: objects, commits, the work tree that follows them, and the lock around it all.

What other floors use of it is imported from here; its own modules import each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.store.ancestry import Divergence as Divergence
    from tvmgitlib.store.ancestry import divergence as divergence
    from tvmgitlib.store.ancestry import few_since as few_since
    from tvmgitlib.store.ancestry import has_merges as has_merges
    from tvmgitlib.store.ancestry import history_cuts as history_cuts
    from tvmgitlib.store.ancestry import is_ancestor as is_ancestor
    from tvmgitlib.store.ancestry import merge_base as merge_base
    from tvmgitlib.store.ancestry import require_whole as require_whole
    from tvmgitlib.store.attributes import altering_attributes as altering_attributes
    from tvmgitlib.store.durable import write_whole as write_whole
    from tvmgitlib.store.git import Configuration as Configuration
    from tvmgitlib.store.git import configure as configure
    from tvmgitlib.store.git import hooks_folder as hooks_folder
    from tvmgitlib.store.git import identity as identity
    from tvmgitlib.store.git import settings_by_owner as settings_by_owner
    from tvmgitlib.store.git import settled as settled
    from tvmgitlib.store.git import share_made as share_made
    from tvmgitlib.store.git import users_pager as users_pager
    from tvmgitlib.store.git import without_credentials as without_credentials
    from tvmgitlib.store.housekeeping import ObjectsSize as ObjectsSize
    from tvmgitlib.store.housekeeping import collect as collect
    from tvmgitlib.store.housekeeping import is_collection_due as is_collection_due
    from tvmgitlib.store.housekeeping import objects_size as objects_size
    from tvmgitlib.store.landing import Landing as Landing
    from tvmgitlib.store.landing import Writer as Writer
    from tvmgitlib.store.landing import left_out as left_out
    from tvmgitlib.store.landing import links_under as links_under
    from tvmgitlib.store.landing import make_state as make_state
    from tvmgitlib.store.objects import FILE_MODE as FILE_MODE
    from tvmgitlib.store.objects import MOST as MOST
    from tvmgitlib.store.objects import MOST_OF_SMALL as MOST_OF_SMALL
    from tvmgitlib.store.objects import NO_MODE as NO_MODE
    from tvmgitlib.store.objects import SUBMODULE_MODE as SUBMODULE_MODE
    from tvmgitlib.store.objects import TREE_MODE as TREE_MODE
    from tvmgitlib.store.objects import Author as Author
    from tvmgitlib.store.objects import Blob as Blob
    from tvmgitlib.store.objects import Bounds as Bounds
    from tvmgitlib.store.objects import Commit as Commit
    from tvmgitlib.store.objects import Committed as Committed
    from tvmgitlib.store.objects import Content as Content
    from tvmgitlib.store.objects import Delta as Delta
    from tvmgitlib.store.objects import Draft as Draft
    from tvmgitlib.store.objects import Entry as Entry
    from tvmgitlib.store.objects import Snapshot as Snapshot
    from tvmgitlib.store.objects import blob_id as blob_id
    from tvmgitlib.store.objects import differences as differences
    from tvmgitlib.store.objects import require_plain as require_plain
    from tvmgitlib.store.remotes.branches import check_out as check_out
    from tvmgitlib.store.remotes.branches import fill_work_tree as fill_work_tree
    from tvmgitlib.store.remotes.branches import follow as follow
    from tvmgitlib.store.remotes.branches import remote_has as remote_has
    from tvmgitlib.store.remotes.branches import tracked_branches as tracked_branches
    from tvmgitlib.store.remotes.checkpoints import believed_checkpoint as believed_checkpoint
    from tvmgitlib.store.remotes.checkpoints import fetch_checkpoint as fetch_checkpoint
    from tvmgitlib.store.remotes.checkpoints import note_believed as note_believed
    from tvmgitlib.store.remotes.checkpoints import push_checkpoint as push_checkpoint
    from tvmgitlib.store.remotes.claims import CLAIMS as CLAIMS
    from tvmgitlib.store.remotes.claims import fetch_claims as fetch_claims
    from tvmgitlib.store.remotes.claims import push_claim as push_claim
    from tvmgitlib.store.remotes.exchange import Pushed as Pushed
    from tvmgitlib.store.remotes.exchange import Upstream as Upstream
    from tvmgitlib.store.remotes.exchange import check_url as check_url
    from tvmgitlib.store.remotes.exchange import clone_repository as clone_repository
    from tvmgitlib.store.remotes.exchange import fetch as fetch
    from tvmgitlib.store.remotes.exchange import fetch_refs as fetch_refs
    from tvmgitlib.store.remotes.exchange import public_url as public_url
    from tvmgitlib.store.remotes.exchange import push as push
    from tvmgitlib.store.remotes.exchange import remote_name as remote_name
    from tvmgitlib.store.remotes.exchange import upstream as upstream
    from tvmgitlib.store.remotes.histories import HISTORY as HISTORY
    from tvmgitlib.store.remotes.histories import fetch_histories as fetch_histories
    from tvmgitlib.store.remotes.histories import histories as histories
    from tvmgitlib.store.remotes.histories import push_histories as push_histories
    from tvmgitlib.store.remotes.histories import write_history as write_history
    from tvmgitlib.store.remotes.leaving import FILTER as FILTER
    from tvmgitlib.store.remotes.leaving import fetch_objects as fetch_objects
    from tvmgitlib.store.remotes.leaving import leave_out_jobs as leave_out_jobs
    from tvmgitlib.store.remotes.leaving import leaves_objects as leaves_objects
    from tvmgitlib.store.remotes.leaving import leaves_out_jobs as leaves_out_jobs
    from tvmgitlib.store.remotes.leaving import missing_objects as missing_objects
    from tvmgitlib.store.remotes.outcomes import Outcome as Outcome
    from tvmgitlib.store.remotes.queue import Queue as Queue
    from tvmgitlib.store.remotes.queue import fetch_queue as fetch_queue
    from tvmgitlib.store.remotes.queue import push_folded as push_folded
    from tvmgitlib.store.remotes.queue import push_to_queue as push_to_queue
    from tvmgitlib.store.remotes.seen import last_seen as last_seen
    from tvmgitlib.store.remotes.seen import note_seen as note_seen
    from tvmgitlib.store.repository import OWN_FOLDERS as OWN_FOLDERS
    from tvmgitlib.store.repository import Repository as Repository
    from tvmgitlib.store.repository import create_cache as create_cache
    from tvmgitlib.store.repository import create_repository as create_repository
    from tvmgitlib.store.signing import CHECKPOINT_NAMESPACE as CHECKPOINT_NAMESPACE
    from tvmgitlib.store.signing import MOST_OF_SIGNATURE as MOST_OF_SIGNATURE
    from tvmgitlib.store.signing import AllowedSigners as AllowedSigners
    from tvmgitlib.store.signing import Signer as Signer
    from tvmgitlib.store.signing import key_of as key_of
    from tvmgitlib.store.signing import signed_by as signed_by
    from tvmgitlib.store.small import read_small as read_small
    from tvmgitlib.store.three_way import merge_files as merge_files
    from tvmgitlib.store.walk import TouchingCommit as TouchingCommit
    from tvmgitlib.store.walk import commits_touching as commits_touching

_NAMES = {
    "ancestry": "Divergence divergence few_since has_merges history_cuts is_ancestor merge_base require_whole",
    "attributes": "altering_attributes",
    "durable": "write_whole",
    "git": (
        "Configuration configure hooks_folder identity settings_by_owner settled share_made users_pager "
        "without_credentials"
    ),
    "housekeeping": "ObjectsSize collect is_collection_due objects_size",
    "landing": "Landing Writer left_out links_under make_state",
    "objects": (
        "Author Blob Bounds Commit Committed Content Delta Draft Entry FILE_MODE MOST MOST_OF_SMALL NO_MODE "
        "SUBMODULE_MODE Snapshot TREE_MODE blob_id differences require_plain"
    ),
    "remotes.branches": "check_out fill_work_tree follow remote_has tracked_branches",
    "remotes.checkpoints": "believed_checkpoint fetch_checkpoint note_believed push_checkpoint",
    "remotes.claims": "CLAIMS fetch_claims push_claim",
    "remotes.exchange": (
        "Pushed Upstream check_url clone_repository fetch fetch_refs public_url push remote_name upstream"
    ),
    "remotes.histories": "HISTORY fetch_histories histories push_histories write_history",
    "remotes.leaving": "FILTER fetch_objects leave_out_jobs leaves_objects leaves_out_jobs missing_objects",
    "remotes.outcomes": "Outcome",
    "remotes.queue": "Queue fetch_queue push_folded push_to_queue",
    "remotes.seen": "last_seen note_seen",
    "repository": "OWN_FOLDERS Repository create_cache create_repository",
    "signing": "AllowedSigners CHECKPOINT_NAMESPACE MOST_OF_SIGNATURE Signer key_of signed_by",
    "small": "read_small",
    "three_way": "merge_files",
    "walk": "TouchingCommit commits_touching",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
