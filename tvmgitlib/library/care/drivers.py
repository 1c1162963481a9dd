"""Git drivers: plain `git merge` makes no text conflicts in the library's files, plain `git diff` becomes readable.

A driver sees one file and not the other side's jobs, so it cannot make configs/ right: it leaves a union that the fold
stamp shows as stale, and `tvmgitlib rebuild` folds it. Hosts run no drivers at all.
"""

from __future__ import annotations

from pathlib import Path

from tvmgitlib import families
from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.families.bag import BAG_KEY
from tvmgitlib.format import lines_of, read_stored
from tvmgitlib.store import Repository, configure

_CONFIGURATION = {
    ("merge", "tvmgitlib"): {
        "name": "tvmgitlib: union of records (tvmgitlib rebuild folds them)",
        "driver": "tvmgitlib driver merge %O %A %B",
    },
    ("diff", "tvmgitlib"): {"textconv": "tvmgitlib driver textconv"},
}


def configure_drivers(repository: Repository) -> None:
    """Set the drivers up in this clone; .gitattributes, which is shared, names the files that they serve."""
    configure(repository.common_dir, _CONFIGURATION)


def union_merge(ours: Path, theirs: Path) -> None:
    """Merge two versions of a file of configs/ into `ours`: every line of both, once.

    `.fold` stays ours: the jobs/ tree that it names is not the merged one, which is how staleness is seen.
    """
    if b'"format"' in ours.read_bytes()[:64]:
        return
    lines = dict.fromkeys([*lines_of(ours.read_bytes()), *lines_of(theirs.read_bytes())])
    ours.write_bytes(b"".join(line + b"\n" for line in lines))


def readable(file: Path) -> str:
    """A file of jobs/ or configs/ as text for people: a line a record, its cost first."""
    return "".join(f"{_readable(line)}\n" for line in lines_of(file.read_bytes()))


def _readable(line: bytes) -> str:
    for family in families.every() if BAG_KEY.encode() in line else ():
        try:
            stored = read_stored(line, family, "")
        except TvmgitlibError:
            continue
        record = stored.record
        return f"{record.cost:.6e} s  {record.workload.label}  {record.target.target.label}  job {stored.job}"
    return line.decode(errors="replace")
