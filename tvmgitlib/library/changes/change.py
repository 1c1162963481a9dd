"""What a commit of the library is made of: jobs that come or go, settings, and the fold of what is there then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from tvmgitlib.format import FOLD_FILE, SETTINGS_FILE, FoldStamp, Tally, ranked_lines, write_segment, write_settings
from tvmgitlib.library import folding
from tvmgitlib.library.changes.attributes import with_attributes
from tvmgitlib.library.changes.messages import message
from tvmgitlib.library.folding import Change, Folded, remember_fold
from tvmgitlib.library.reading import ATTRIBUTES_FILE, Contents, is_own
from tvmgitlib.model import Settings
from tvmgitlib.rules.fold import fold
from tvmgitlib.store import MOST_OF_SMALL, Author, Blob, Committed, Draft, Repository, Snapshot, altering_attributes


def fold_change(contents: Contents, change: Change) -> Folded:
    """configs/ before and after a change.

    While configs/ is right, only the groups that the change bears on are folded, from the jobs that have a say in them.
    """
    settings = change.settings or contents.settings
    if contents.is_fresh and settings.fold_digest == contents.settings.fold_digest:
        return folding.fold_change(contents, change, settings)
    segments = (segment for segment in contents.segments() if segment.header.id not in change.dropped)
    after = fold(chain(segments, change.added), folding.standing_after(contents, change), settings)
    return Folded(contents.current(), after, whole=True)


def draft_change(
    contents: Contents,
    change: Change,
    folded: Folded,
    message: str,
    *,
    also_parents: tuple[str, ...] = (),
    author: Author | None = None,
) -> Draft:
    """The commit that makes a change.

    Args:
        contents: the library before.
        change: what changes.
        folded: what `fold_change` gave for it.
        message: the commit's message.
        also_parents: parents beside the commit that `contents` is of.
        author: the author, when it is not who commits.
    """
    settings = change.settings or contents.settings
    files: dict[str, bytes | Blob | None] = {}
    if folded.whole:
        files |= dict.fromkeys(contents.replaceable())
    files |= {path: ranked_lines(records) or None for path, records in folded.after.items()}
    files |= {segment.path: b"".join(write_segment(segment)) for segment in change.added}
    if settings != contents.settings:
        files[SETTINGS_FILE] = write_settings(settings)
    files |= change.files
    derive = _stamp(settings, _tally(contents, change))
    made = tuple(segment.path for segment in change.added if segment.path not in change.files)
    return Draft(message, files, "jobs", derive, also_parents, author, signs=made)


def draft_rebuild(contents: Contents, message: str, *, attributes_last: bool = False) -> Draft | None:
    """The commit that makes configs/ anew from jobs/; None when it is right already.

    Args:
        contents: the library before.
        message: the commit's message.
        attributes_last: whether the library's lines of .gitattributes have to be the last.
    """
    files: dict[str, bytes | Blob | None] = dict.fromkeys(contents.replaceable())
    files |= {path: ranked_lines(records) for path, records in contents.fold().items()}
    files |= _stamp(contents.settings, Tally.of(contents.outlines))(contents.jobs_tree)
    changed = {path: content for path, content in files.items() if contents.snapshot.read(path) != content}
    if not changed and not attributes_last:
        return None  # lines of an earlier version are right as they are
    attributes = contents.snapshot.read(ATTRIBUTES_FILE, MOST_OF_SMALL)
    right = with_attributes(attributes, last=attributes_last)
    if attributes != right:
        changed[ATTRIBUTES_FILE] = right
    return Draft(message, changed) if changed else None


def rebuild(repository: Repository) -> Committed | None:
    """Commit configs/ made anew from jobs/; None when it is right already."""
    subject = message("Rebuild configs/ from jobs/", [], {})

    def draft(snapshot: Snapshot) -> Draft | None:
        contents = Contents(snapshot)
        own = [path for path, _ in contents.committed() if is_own(path)]
        is_weak = not repository.bare and any(altering_attributes(repository, own))
        return draft_rebuild(contents, subject, attributes_last=is_weak)

    made = repository.commit(draft)
    if made is not None:
        note_fold(repository, made.commit)
    return made


def note_fold(repository: Repository, commit: str) -> None:
    """Take down that the configs/ of a commit, which was just made, is the fold of its jobs."""
    with repository.snapshot(commit) as snapshot:
        remember_fold(Contents(snapshot))


def _stamp(settings: Settings, tally: Tally) -> Callable[[str | None], Mapping[str, bytes | Blob | None]]:
    """Makes `configs/.fold` once the id of the jobs/ tree is known."""

    def make(jobs_tree: str | None) -> Mapping[str, bytes | Blob | None]:
        return {FOLD_FILE: FoldStamp(jobs_tree, settings.fold_digest, tally).to_bytes()}

    return make


def _tally(contents: Contents, change: Change) -> Tally:
    """What there will be to count of segments: counted on from the stamp while it can be believed."""
    if contents.is_fresh and contents.fold_stamp is not None:
        gone = filter(None, map(contents.outlines.get, change.dropped))
        return contents.fold_stamp.tally + Tally.of(change.added) - Tally.of(gone)
    kept = (segment for segment in contents.outlines if segment.header.id not in change.dropped)
    return Tally.of(chain(kept, change.added))
