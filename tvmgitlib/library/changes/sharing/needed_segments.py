"""The jobs that a build needs beside configs/: a clone that only builds leaves the others with its remote."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tvmgitlib import families
from tvmgitlib.format import configs_file, read_configs
from tvmgitlib.library.reading import INVALIDATING, Contents, splits_groups
from tvmgitlib.model import StoredRecord, segment_path
from tvmgitlib.store import Entry


def needed_segments(contents: Contents) -> list[tuple[str, Entry]]:
    """The segments that lookups, `best` and exports may read.

    Which jobs say of others' records that they do not hold, or how long an untuned config takes, cannot be told without
    reading all of them: where there are such, or where configs/ alone does not answer, it is every segment.

    Args:
        contents: the library; everything outside jobs/ has to be here.
    """
    files = contents.segment_files()
    if _needs_all(contents):
        return files
    wanted = {segment_path(job) for job in _told_more_of(contents)}
    return [(path, entry) for path, entry in files if path in wanted]


def _needs_all(contents: Contents) -> bool:
    stamp = contents.fold_stamp
    if stamp is None or not contents.is_fresh or splits_groups(contents.settings):
        return True
    if INVALIDATING & stamp.tally.kinds.keys():
        return True
    return bool(stamp.tally.baselines) and any(stored.baseline is None for stored in _records(contents))


def _told_more_of(contents: Contents) -> set[str]:
    """The jobs of records of which something is in the segment alone: the module, or the facts of the platform."""
    has_facts = bool(contents.settings.policy_facts)
    return {stored.job for stored in _records(contents, lambda family: has_facts or family.keeps_module)}


def _records(contents: Contents, wanted: Callable[[families.Family], bool] = lambda _: True) -> Iterator[StoredRecord]:
    """The records of configs/, file by file, of the families installed here that are wanted."""
    for path, entry in contents.config_files():
        family = families.find(configs_file(path).family)
        if family is not None and wanted(family):
            for _, content in contents.snapshot.contents([(path, entry)]):
                yield from read_configs(content, path)
