"""The only home of Git: objects, commits, the work tree that follows them, and the lock around it all.

What other floors use of it is imported from here; its own modules import each other.
"""

from tvmgitlib.store.ancestry import (
    Divergence,
    divergence,
    has_merges,
    history_cuts,
    is_ancestor,
    merge_base,
    require_whole,
)
from tvmgitlib.store.attributes import altering_attributes
from tvmgitlib.store.git import (
    configure,
    hooks_folder,
    identity,
    settings_by_owner,
    share_made,
    users_pager,
    without_credentials,
)
from tvmgitlib.store.housekeeping import ObjectsSize, collect, is_collection_due, objects_size
from tvmgitlib.store.landing.branch import Landing
from tvmgitlib.store.landing.links import links_under
from tvmgitlib.store.landing.lock import make_state
from tvmgitlib.store.landing.sparse import left_out
from tvmgitlib.store.landing.writer import Writer
from tvmgitlib.store.objects import (
    FILE_MODE,
    MOST,
    MOST_OF_SMALL,
    NO_MODE,
    SUBMODULE_MODE,
    TREE_MODE,
    Author,
    Blob,
    Bounds,
    Commit,
    Committed,
    Content,
    Delta,
    Draft,
    Entry,
    Snapshot,
    blob_id,
    differences,
    require_plain,
)
from tvmgitlib.store.remotes.branches import (
    branch_tips,
    check_out,
    fill_work_tree,
    follow,
    remote_has,
    tracked_branches,
)
from tvmgitlib.store.remotes.claims import CLAIMS, fetch_claims, push_claim
from tvmgitlib.store.remotes.exchange import (
    Pushed,
    Upstream,
    check_url,
    clone_repository,
    fetch,
    fetch_refs,
    public_url,
    push,
    remote_name,
    upstream,
)
from tvmgitlib.store.remotes.histories import HISTORY, fetch_histories, histories, push_histories, write_history
from tvmgitlib.store.remotes.leaving import (
    FILTER,
    fetch_objects,
    leave_out_jobs,
    leaves_objects,
    leaves_out_jobs,
    missing_objects,
)
from tvmgitlib.store.remotes.outcomes import Outcome
from tvmgitlib.store.remotes.queue import Queue, push_folded, push_to_queue
from tvmgitlib.store.remotes.seen import last_seen, note_seen
from tvmgitlib.store.repository import OWN_FOLDERS, Repository, create_cache, create_repository
from tvmgitlib.store.signing import MOST_OF_SIGNATURE, AllowedSigners, key_of, signed_by
from tvmgitlib.store.small import read_small
from tvmgitlib.store.three_way import merge_files
from tvmgitlib.store.walk import TouchingCommit, commits_touching

__all__ = [
    "CLAIMS",
    "FILE_MODE",
    "FILTER",
    "HISTORY",
    "MOST",
    "MOST_OF_SIGNATURE",
    "MOST_OF_SMALL",
    "NO_MODE",
    "OWN_FOLDERS",
    "SUBMODULE_MODE",
    "TREE_MODE",
    "AllowedSigners",
    "Author",
    "Blob",
    "Bounds",
    "Commit",
    "Committed",
    "Content",
    "Delta",
    "Divergence",
    "Draft",
    "Entry",
    "Landing",
    "ObjectsSize",
    "Outcome",
    "Pushed",
    "Queue",
    "Repository",
    "Snapshot",
    "TouchingCommit",
    "Upstream",
    "Writer",
    "altering_attributes",
    "blob_id",
    "branch_tips",
    "check_out",
    "check_url",
    "clone_repository",
    "collect",
    "commits_touching",
    "configure",
    "create_cache",
    "create_repository",
    "differences",
    "divergence",
    "fetch",
    "fetch_claims",
    "fetch_histories",
    "fetch_objects",
    "fetch_refs",
    "fill_work_tree",
    "follow",
    "has_merges",
    "histories",
    "history_cuts",
    "hooks_folder",
    "identity",
    "is_ancestor",
    "is_collection_due",
    "key_of",
    "last_seen",
    "leave_out_jobs",
    "leaves_objects",
    "leaves_out_jobs",
    "left_out",
    "links_under",
    "make_state",
    "merge_base",
    "merge_files",
    "missing_objects",
    "note_seen",
    "objects_size",
    "public_url",
    "push",
    "push_claim",
    "push_folded",
    "push_histories",
    "push_to_queue",
    "read_small",
    "remote_has",
    "remote_name",
    "require_plain",
    "require_whole",
    "settings_by_owner",
    "share_made",
    "signed_by",
    "tracked_branches",
    "upstream",
    "users_pager",
    "without_credentials",
    "write_history",
]
