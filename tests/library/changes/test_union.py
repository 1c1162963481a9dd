"""What two lines of history hold together is told by the jobs in which they differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import segment_path
from tvmgitlib.store import Repository
from tvmgitlib.store.objects.reader import ObjectReader


def test_folders_of_jobs_that_both_sides_have_are_not_read(
    library: ConfigLibrary, make_log: Callable[..., Any], git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        library.import_logs(make_log(f"dense{number}", [1e-3]), platform="box")
    base = str(library.commit)
    ours = library.import_logs(make_log("conv", [1e-3]), platform="box")
    tip = str(library.commit)
    git(library.path, "reset", "--quiet", "--hard", base)
    theirs = library.import_logs(make_log("pool", [1e-3]), platform="box")
    touched = {segment_path(result.job).rpartition("/")[0] for result in (ours, theirs)}
    listed = git(library.path, "ls-tree", base, "jobs/").splitlines()
    untouched = {line.split()[2] for line in listed if line.split("\t")[1] not in touched}
    read: list[str] = []

    def counted(reader: ObjectReader, oid: str, name: str | None = None) -> Any:
        read.append(oid)
        return tree(reader, oid, name)

    tree = ObjectReader.tree
    monkeypatch.setattr(ObjectReader, "tree", counted)
    repository = Repository.find(library.path)
    assert repository is not None
    snapshot = repository.snapshot
    with snapshot(base) as was, snapshot(tip) as here, snapshot(library.commit) as there:
        change = combine(repository, was, Contents(here), Contents(there))
    assert [segment.header.id for segment in change.added] == [theirs.job]
    assert untouched
    assert untouched.isdisjoint(read)
