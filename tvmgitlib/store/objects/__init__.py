"""Objects: their bytes, trees and commits, how they are read, and the pack in which new ones are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.store.objects.commits import Author as Author
    from tvmgitlib.store.objects.commits import Commit as Commit
    from tvmgitlib.store.objects.commits import make_commit as make_commit
    from tvmgitlib.store.objects.commits import parse_commit as parse_commit
    from tvmgitlib.store.objects.diff_output import NO_MODE as NO_MODE
    from tvmgitlib.store.objects.diff_output import RAW as RAW
    from tvmgitlib.store.objects.diff_output import Delta as Delta
    from tvmgitlib.store.objects.diff_output import delta as delta
    from tvmgitlib.store.objects.diff_output import deltas as deltas
    from tvmgitlib.store.objects.draft import Committed as Committed
    from tvmgitlib.store.objects.draft import Draft as Draft
    from tvmgitlib.store.objects.endless import Watch as Watch
    from tvmgitlib.store.objects.endless import unless_endless as unless_endless
    from tvmgitlib.store.objects.expanse import Expanse as Expanse
    from tvmgitlib.store.objects.limits import MOST as MOST
    from tvmgitlib.store.objects.limits import MOST_OF_SMALL as MOST_OF_SMALL
    from tvmgitlib.store.objects.limits import Bounds as Bounds
    from tvmgitlib.store.objects.packs import KEEP as KEEP
    from tvmgitlib.store.objects.packs import write_pack as write_pack
    from tvmgitlib.store.objects.raw import FILE_MODE as FILE_MODE
    from tvmgitlib.store.objects.raw import SUBMODULE_MODE as SUBMODULE_MODE
    from tvmgitlib.store.objects.raw import TREE_MODE as TREE_MODE
    from tvmgitlib.store.objects.raw import Blob as Blob
    from tvmgitlib.store.objects.raw import Entry as Entry
    from tvmgitlib.store.objects.raw import blob_id as blob_id
    from tvmgitlib.store.objects.reader import ObjectReader as ObjectReader
    from tvmgitlib.store.objects.snapshot import Snapshot as Snapshot
    from tvmgitlib.store.objects.snapshot import require_plain as require_plain
    from tvmgitlib.store.objects.trees import Content as Content
    from tvmgitlib.store.objects.trees import NewObjects as NewObjects
    from tvmgitlib.store.objects.trees import differences as differences
    from tvmgitlib.store.objects.trees import edit_tree as edit_tree

_NAMES = {
    "commits": "Author Commit make_commit parse_commit",
    "diff_output": "Delta NO_MODE RAW delta deltas",
    "draft": "Committed Draft",
    "endless": "Watch unless_endless",
    "expanse": "Expanse",
    "limits": "Bounds MOST MOST_OF_SMALL",
    "packs": "KEEP write_pack",
    "raw": "Blob Entry FILE_MODE SUBMODULE_MODE TREE_MODE blob_id",
    "reader": "ObjectReader",
    "snapshot": "Snapshot require_plain",
    "trees": "Content NewObjects differences edit_tree",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
