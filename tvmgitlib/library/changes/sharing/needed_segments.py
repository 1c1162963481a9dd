"""The jobs that a build needs beside configs/: a clone that only builds leaves the others with its remote."""

from __future__ import annotations

from collections.abc import Iterator

from tvmgitlib import families
from tvmgitlib.format import configs_file, read_configs
from tvmgitlib.library.reading import INVALIDATING, Contents, Doubts, splits_groups
from tvmgitlib.model import MissingError, StoredRecord, job_at, signature_at
from tvmgitlib.store import Entry


def winners(contents: Contents) -> list[tuple[str, Entry]]:
    """The segments of the jobs that records of configs/ are of, and their signatures: they have modules, facts, and how
    far the next config is behind.

    Args:
        contents: the library; everything outside jobs/ has to be here.
    """
    jobs = {stored.job for stored in _records(contents)}
    return [(path, entry) for path, entry in of_jobs(contents) if _job_of(path) in jobs]


def of_jobs(contents: Contents) -> Iterator[tuple[str, Entry]]:
    """Every segment and signature.

    Raises:
        LibraryError: something else than a plain file is under jobs/.
    """
    return ((path, entry) for path, entry in contents.snapshot.files("jobs") if _job_of(path) is not None)


def _job_of(path: str) -> str | None:
    signed = signature_at(path)
    return signed[0] if signed is not None else job_at(path)


def needs_others(contents: Contents) -> bool:
    """Whether lookups, `best` and exports may read segments of other jobs than these.

    Which jobs say of others' records that they do not hold, how long an untuned config takes, that a config is as fast
    as it seems, or what answers in the place of one that nobody trusted has signed, cannot be told without reading all:
    then it may be any.

    Args:
        contents: the library; everything outside jobs/ and what `winners` names have to be here.
    """
    stamp = contents.fold_stamp
    if stamp is None or not contents.is_stamped or splits_groups(contents.settings):
        return True
    if INVALIDATING & stamp.tally.kinds.keys():
        return True
    doubts = Doubts(contents)
    try:
        return any(
            (bool(stamp.tally.baselines) and stored.baseline is None)
            or doubts.untrusted(stored) is not None
            or doubts.why(stored) is not None
            for stored in _records(contents)
        )
    except MissingError:
        return True


def _records(contents: Contents) -> Iterator[StoredRecord]:
    """The records of configs/, file by file, of the families installed here."""
    for path, entry in contents.config_files():
        if families.find(configs_file(path).family) is not None:
            for _, content in contents.snapshot.contents([(path, entry)]):
                yield from read_configs(content, path)
