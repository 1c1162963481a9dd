"""Objects: their bytes, trees and commits, how they are read, and the pack in which new ones are written."""

from tvmgitlib.store.objects.commits import Author, Commit, make_commit, parse_commit
from tvmgitlib.store.objects.diff_output import NO_MODE, RAW, Delta, delta, deltas
from tvmgitlib.store.objects.draft import Committed, Draft
from tvmgitlib.store.objects.limits import MOST, MOST_OF_SMALL, Bounds, size_in_words
from tvmgitlib.store.objects.packs import KEEP, write_pack
from tvmgitlib.store.objects.raw import FILE_MODE, SUBMODULE_MODE, TREE_MODE, Blob, Entry, blob_id
from tvmgitlib.store.objects.reader import ObjectReader
from tvmgitlib.store.objects.snapshot import Snapshot, require_plain
from tvmgitlib.store.objects.trees import Content, NewObjects, differences, edit_tree

__all__ = [
    "FILE_MODE",
    "KEEP",
    "MOST",
    "MOST_OF_SMALL",
    "NO_MODE",
    "RAW",
    "SUBMODULE_MODE",
    "TREE_MODE",
    "Author",
    "Blob",
    "Bounds",
    "Commit",
    "Committed",
    "Content",
    "Delta",
    "Draft",
    "Entry",
    "NewObjects",
    "ObjectReader",
    "Snapshot",
    "blob_id",
    "delta",
    "deltas",
    "differences",
    "edit_tree",
    "make_commit",
    "parse_commit",
    "require_plain",
    "size_in_words",
    "write_pack",
]
