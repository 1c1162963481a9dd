"""What a commit of the library is made of: a new segment, the files of configs/ that it changes, the fold stamp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain

from tvmgitlib.library.contents import FOLD_FILE, SETTINGS_FILE, Contents, FoldStamp
from tvmgitlib.model.settings import Settings
from tvmgitlib.rules.fold import Configs, Group, fold, fold_onto, group_of, standing
from tvmgitlib.rules.segment import Segment, ranked_lines, write_segment
from tvmgitlib.store.repository import Draft

#: Jobs that add records and decide nothing about those of others.
_ADDING = {"tune", "import"}


def fold_in(contents: Contents, segment: Segment) -> tuple[Configs, Configs]:
    """The part of configs/ that a new segment bears on, before and after it.

    Only the files that it touches are read when that gives the same as a fold of everything.
    """
    stamp, settings = contents.fold_stamp, contents.settings
    adds_only = stamp is not None and {*stamp.kinds, segment.header.kind} <= _ADDING
    if adds_only and contents.is_fresh and not settings.policy_facts:
        before = contents.configs_at({entry.task.section.path for entry in segment.tasks})
        return before, fold_onto(before, segment, settings)
    headers = chain(contents.headers(), [(segment.header, segment.invalidations)])
    after = fold(chain(contents.segments(), [segment]), standing(headers), settings)
    return contents.fold(), after


def improved(before: Configs, after: Configs) -> int:
    """How many groups have a best record that was not their best before."""
    best_before, best_after = _best_lines(before), _best_lines(after)
    return sum(best_before.get(place) != line for place, line in best_after.items())


def _best_lines(configs: Configs) -> dict[tuple[str, Group], bytes]:
    best: dict[tuple[str, Group], bytes] = {}
    for path, records in configs.items():
        for stored in records:
            best.setdefault((path, group_of(stored, "")), stored.line)
    return best


def draft_job(contents: Contents, segment: Segment, after: Configs, message: str) -> Draft:
    """The commit that adds a job, with what `fold_in` gave as configs/ after it."""
    kinds = _kinds(contents)
    kinds[segment.header.kind] += 1
    files = _rendered(contents, after, everything=not contents.is_fresh)
    files[segment.path] = b"".join(write_segment(segment))
    return Draft(message, files, "jobs", _stamp(contents.settings, kinds))


def draft_rebuild(contents: Contents, message: str) -> Draft | None:
    """The commit that makes configs/ anew from jobs/; None when it is right already."""
    stamp = _stamp(contents.settings, _counted_kinds(contents))
    files = _rendered(contents, contents.fold(), everything=True) | stamp(contents.jobs_tree)
    changed = {path: content for path, content in files.items() if contents.snapshot.read(path) != content}
    return Draft(message, changed) if changed else None


def draft_settings(contents: Contents, settings: Settings, message: str) -> Draft:
    """The commit that changes the settings, with a new fold where they ask for one."""
    files: dict[str, bytes | None] = {SETTINGS_FILE: settings.to_text().encode()}
    if settings.fold_digest != contents.settings.fold_digest or not contents.is_fresh:
        after = fold(contents.segments(), contents.standing, settings)
        files |= _rendered(contents, after, everything=True)
        files |= _stamp(settings, _kinds(contents))(contents.jobs_tree)
    return Draft(message, files)


def _rendered(contents: Contents, configs: Configs, everything: bool) -> dict[str, bytes | None]:
    """The texts of files of configs/; with `everything`, those that are no longer any are removed."""
    files: dict[str, bytes | None] = {}
    if everything:
        files = {path: None for path, _ in contents.config_files()}
    return files | {path: ranked_lines(records) for path, records in configs.items() if records}


def _stamp(settings: Settings, kinds: Mapping[str, int]) -> Callable[[str | None], dict[str, bytes | None]]:
    """Makes `configs/.fold` once the id of the jobs/ tree is known."""

    def make(jobs_tree: str | None) -> dict[str, bytes | None]:
        return {FOLD_FILE: FoldStamp(jobs_tree, settings.fold_digest, dict(kinds)).to_text().encode()}

    return make


def _kinds(contents: Contents) -> Counter[str]:
    """How many segments of each kind there are: from the stamp while it is fresh."""
    if contents.is_fresh and contents.fold_stamp is not None:
        return Counter(contents.fold_stamp.kinds)
    return _counted_kinds(contents)


def _counted_kinds(contents: Contents) -> Counter[str]:
    return Counter(segment.header.kind for segment in contents.outlines)
