"""Trees: what differs between two, and the new ones from a changed file up to the root. Nothing else is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tvmgitlib.model import LibraryError
from tvmgitlib.store.objects.limits import MOST, MOST_FILES, Bounds
from tvmgitlib.store.objects.raw import FILE_MODE, TREE_MODE, Blob, Entry, FileContent, make_tree, object_id
from tvmgitlib.store.objects.snapshot import Snapshot
from tvmgitlib.store.small import size_in_words

#: What becomes of a file: a content, a content of known id, a file of this machine; None removes it.
Content = bytes | Blob | Path | None


class NewObjects:
    """Objects to be written, by id.

    Args:
        digits: how long the repository's ids are: 40 or 64.
    """

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.contents: dict[str, tuple[str, bytes | FileContent]] = {}

    def add(self, kind: str, content: bytes | FileContent) -> str:
        """Take an object in, and return its id."""
        oid = object_id(kind, content, self.digits)
        self.contents[oid] = (kind, content)
        return oid


def edit_tree(snapshot: Snapshot, files: Mapping[str, Content], new: NewObjects, below: str = "") -> str | None:
    """A tree of the snapshot with some files replaced or removed.

    Args:
        snapshot: what the tree is based on.
        files: by path from the root; those outside `below` are passed over.
        new: takes the blobs and trees in that the snapshot does not have at the same place.
        below: the folder whose tree is wanted; the root when empty.

    Returns:
        The tree's id; None when nothing is left in it.

    Raises:
        LibraryError: a file would have to be a folder.
        OSError: a file of this machine cannot be read.
    """
    prefix = f"{below}/" if below else ""
    inside = {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)}
    return _edit(snapshot, snapshot.folder(below), inside, new)


def _edit(snapshot: Snapshot, present: Sequence[Entry], changes: Mapping[str, Content], new: NewObjects) -> str | None:
    """The id of a folder's new tree; None when nothing is left in it."""
    entries = {entry.name: entry for entry in present}
    below: defaultdict[str, dict[str, Content]] = defaultdict(dict)
    for name, content in changes.items():
        head, slash, rest = name.partition("/")
        if slash:
            below[head][rest] = content
        elif content is None:
            entries.pop(name, None)
        else:
            entries[name] = _blob_entry(name, content, entries.get(name), new)
    for name, inner in below.items():
        folder = entries.get(name)
        tree = _edit(snapshot, _folder(snapshot, folder), inner, new)
        if tree is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(TREE_MODE, name, tree)
    if not entries:
        return None
    if list(entries.values()) == list(present):
        return object_id("tree", make_tree(present), new.digits)
    return new.add("tree", make_tree(entries.values()))


def _folder(snapshot: Snapshot, folder: Entry | None) -> list[Entry]:
    if folder is None:
        return []
    if folder.mode != TREE_MODE:
        raise LibraryError("a tree was expected, this is a blob", file=folder.name)
    return snapshot.below(folder)


def _blob_entry(name: str, content: bytes | Blob | Path, present: Entry | None, new: NewObjects) -> Entry:
    """The entry of a file; its blob is new unless it was there under the same name."""
    mode = content.mode if isinstance(content, Blob) else FILE_MODE
    if isinstance(content, Blob) and content.content is None:
        return Entry(mode, name, content.oid)
    if isinstance(content, Path):
        return Entry(mode, name, new.add("blob", FileContent(content, content.stat().st_size)))
    text = content.content if isinstance(content, Blob) else content
    assert text is not None  # it was looked at above
    if len(text) > MOST["blob"]:
        what = f"{size_in_words(len(text))}, which nobody could read again: {size_in_words(MOST['blob'])} are the most"
        raise LibraryError(what, file=name, hint="Make several jobs of it.")
    oid = object_id("blob", text, new.digits)
    if present is None or present.oid != oid:
        new.contents[oid] = ("blob", text)
    return Entry(mode, name, oid)


def differences(
    old: Snapshot, new: Snapshot, within: Collection[str] | None = None
) -> Iterator[tuple[str, str | None, str | None]]:
    """The files that differ between two commits: path, old and new blob id (None where there is no file).

    Args:
        old, new: the commits.
        within: the folders of the root that are looked into, of any other that differs only its own path is given, with
            the ids of its trees; None for all.

    Raises:
        LibraryError: a folder is missing from this clone, or more is in one than in any library.
    """
    return _differences((old, old.folder("")), (new, new.folder("")), "", Bounds("", MOST_FILES), within)


_Side = tuple[Snapshot, Sequence[Entry]]


def _differences(
    old: _Side, new: _Side, prefix: str, bounds: Bounds, within: Collection[str] | None = None
) -> Iterator[tuple[str, str | None, str | None]]:
    before, after = ({entry.name: entry for entry in entries} for _, entries in (old, new))
    bounds.enter(prefix.count("/"), len(before) + len(after))
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = prefix + name
        for entry in (was, now):
            bounds.step(path.count("/"), entry.oid if entry and entry.mode == TREE_MODE else None)
        if within is not None and name not in within:
            yield path, was.oid if was else None, now.oid if now else None
            continue
        folders = [_entries_below(side, entry) for (side, _), entry in ((old, was), (new, now))]
        if any(folders):
            yield from _differences((old[0], folders[0]), (new[0], folders[1]), f"{path}/", bounds)
        files = [entry.oid if entry and entry.mode != TREE_MODE else None for entry in (was, now)]
        if any(files):
            yield path, files[0], files[1]


def _entries_below(side: Snapshot, entry: Entry | None) -> list[Entry]:
    return side.below(entry) if entry is not None and entry.mode == TREE_MODE else []
