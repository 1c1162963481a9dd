"""What a commit of the library is made of: jobs that come or go, settings, and the fold of what is there then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from tvmgitlib.format import FOLD_FILE, SETTINGS_FILE, FoldStamp, Tally, ranked_lines, write_segment, write_settings
from tvmgitlib.library.changes.attributes import with_attributes
from tvmgitlib.library.changes.folded import Folded
from tvmgitlib.library.changes.messages import message
from tvmgitlib.library.reading import ATTRIBUTES_FILE, Contents, is_own
from tvmgitlib.model import Segment, Settings
from tvmgitlib.rules.fold import fold, fold_onto, standing
from tvmgitlib.store import Author, Blob, Committed, Draft, Repository, Snapshot, altering_attributes

#: Jobs that add records and decide nothing about those of others.
_ADDING = {"tune", "import"}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a library.

    Attributes:
        added: jobs that come.
        dropped: ids of jobs that are no longer there (removed by plain Git on another branch).
        settings: the settings from now on; None for those of before.
        files: other files: content, a blob that exists, or None for a file that goes. A segment that is named here is
            taken as it is.
    """

    added: tuple[Segment, ...] = ()
    dropped: frozenset[str] = frozenset()
    settings: Settings | None = None
    files: Mapping[str, bytes | Blob | None] = field(default_factory=dict)


def fold_change(contents: Contents, change: Change) -> Folded:
    """configs/ before and after a change.

    Only the files that it bears on are read when that gives the same as a fold of everything.
    """
    if _is_additive(contents, change):
        touched = {entry.task.place.path for segment in change.added for entry in segment.tasks}
        before = contents.configs_at(touched)
        after = before
        for segment in change.added:
            after = fold_onto(after, segment, contents.settings)
        return Folded(before, after, whole=False)
    settings = change.settings or contents.settings
    headers = ((segment.header, segment.invalidations) for segment in _outlines(contents, change))
    segments = (segment for segment in contents.segments() if segment.header.id not in change.dropped)
    after = fold(chain(segments, change.added), standing(headers), settings)
    return Folded(contents.current(), after, whole=True)


def _is_additive(contents: Contents, change: Change) -> bool:
    stamp, settings = contents.fold_stamp, change.settings or contents.settings
    return (
        stamp is not None
        and contents.is_fresh
        and settings.fold_digest == contents.settings.fold_digest
        and not settings.policy_facts
        and not change.dropped
        and {*stamp.tally.kinds, *(segment.header.kind for segment in change.added)} <= _ADDING
    )


def _outlines(contents: Contents, change: Change) -> Iterator[Segment]:
    kept = (segment for segment in contents.outlines if segment.header.id not in change.dropped)
    return chain(kept, change.added)


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
    files |= {path: ranked_lines(records) for path, records in folded.after.items() if records}
    files |= {segment.path: b"".join(write_segment(segment)) for segment in change.added}
    if settings != contents.settings:
        files[SETTINGS_FILE] = write_settings(settings)
    files |= change.files
    derive = _stamp(settings, _tally(contents, change))
    return Draft(message, files, "jobs", derive, also_parents, author)


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
    attributes = contents.snapshot.read(ATTRIBUTES_FILE)
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

    return repository.commit(draft)


def _stamp(settings: Settings, tally: Tally) -> Callable[[str | None], Mapping[str, bytes | Blob | None]]:
    """Makes `configs/.fold` once the id of the jobs/ tree is known."""

    def make(jobs_tree: str | None) -> Mapping[str, bytes | Blob | None]:
        return {FOLD_FILE: FoldStamp(jobs_tree, settings.fold_digest, tally).to_bytes()}

    return make


def _tally(contents: Contents, change: Change) -> Tally:
    """What there will be to count of segments: counted on from the stamp while it can be believed."""
    if contents.is_fresh and contents.fold_stamp is not None and not change.dropped:
        return contents.fold_stamp.tally + Tally.of(change.added)
    return Tally.of(_outlines(contents, change))
