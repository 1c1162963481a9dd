"""The only home of Git: objects, commits, the work tree that follows them, and the lock around it all.

What other floors use of it is imported from here; its own modules import each other.
"""

from tvmgitlib.store.ancestry import Divergence, divergence, history_cuts, is_ancestor, merge_base, require_whole
from tvmgitlib.store.attributes import altering_attributes
from tvmgitlib.store.git.configuration import configure, identity
from tvmgitlib.store.landing.links import links_under
from tvmgitlib.store.landing.writer import Writer
from tvmgitlib.store.objects.commits import Author, Commit
from tvmgitlib.store.objects.draft import Committed, Draft
from tvmgitlib.store.objects.raw import FILE_MODE, TREE_MODE, Blob, Entry, blob_id
from tvmgitlib.store.objects.snapshot import Snapshot, printable, require_plain
from tvmgitlib.store.objects.trees import Content
from tvmgitlib.store.remotes.exchange import (
    Pushed,
    PushOutcome,
    Upstream,
    check_url,
    clone_repository,
    fetch,
    fetch_refs,
    push,
    remote_url,
    upstream,
)
from tvmgitlib.store.remotes.histories import HISTORY, fetch_histories, histories, push_histories, write_history
from tvmgitlib.store.repository import OWN_FOLDERS, Repository, create_cache, create_repository
from tvmgitlib.store.three_way import merge_files
from tvmgitlib.store.walk import TouchingCommit, commits_touching

__all__ = [
    "FILE_MODE",
    "HISTORY",
    "OWN_FOLDERS",
    "TREE_MODE",
    "Author",
    "Blob",
    "Commit",
    "Committed",
    "Content",
    "Divergence",
    "Draft",
    "Entry",
    "PushOutcome",
    "Pushed",
    "Repository",
    "Snapshot",
    "TouchingCommit",
    "Upstream",
    "Writer",
    "altering_attributes",
    "blob_id",
    "check_url",
    "clone_repository",
    "commits_touching",
    "configure",
    "create_cache",
    "create_repository",
    "divergence",
    "fetch",
    "fetch_histories",
    "fetch_refs",
    "histories",
    "history_cuts",
    "identity",
    "is_ancestor",
    "links_under",
    "merge_base",
    "merge_files",
    "printable",
    "push",
    "push_histories",
    "remote_url",
    "require_plain",
    "require_whole",
    "upstream",
    "write_history",
]
