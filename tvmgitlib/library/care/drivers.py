"""Git drivers: plain `git diff` becomes readable, plain `git merge` makes no text conflicts in the library's files.

Git runs them, and dies or has a conflict when one of them does not work. So none counts on a program of ours: it may
not be on the path, and the Python that made the clone may be gone. Hosts run no drivers at all.

No driver can make configs/ right, since it sees one file and not the other side's jobs: a merge leaves a union that
the fold stamp shows as stale, and `tvmgitlib rebuild` folds it.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tvmgitlib import families
from tvmgitlib.families import BAG_KEY
from tvmgitlib.format import lines_of, read_stored
from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import TvmgitlibError
from tvmgitlib.store import MOST, Repository, configure, read_small

#: Git's own union, as `merge=union` asks for it: for libraries whose .gitattributes name a driver of ours.
_MERGE = "git merge-file --quiet --union %A %O %B || true"

#: The Python that sets the driver up, else the program on the path, else the file as it is. An isolated Python imports
#: nothing from the work tree, which is where Git starts it.
_TEXTCONV = (
    'show() {{ {python} -I -m tvmgitlib driver textconv "$1" 2>/dev/null'
    ' || tvmgitlib driver textconv "$1" 2>/dev/null || cat "$1"; }}; show'
)


def configure_drivers(repository: Repository) -> None:
    """Set the drivers up in this clone; .gitattributes, which is shared, names the files that they serve."""
    textconv = _TEXTCONV.format(python=shlex.quote(sys.executable))
    sections = {
        ("merge", "tvmgitlib"): {
            "name": "tvmgitlib: union of records (tvmgitlib rebuild folds them)",
            "driver": _MERGE,
        },
        ("diff", "tvmgitlib"): {"textconv": textconv},
    }
    configure(repository.common_dir, sections)


def union_merge(ours: Path, theirs: Path) -> None:
    """Merge two versions of a file of configs/ into `ours`: every line of both, once.

    Clones that were configured before configs/ asked for Git's own union call this.

    `.fold` stays ours: the jobs/ tree that it names is not the merged one, which is how staleness is seen.
    """
    content = read_small(ours, MOST["blob"])
    if b'"format"' in content[:64]:
        return
    added = read_small(theirs, MOST["blob"])
    lines = dict.fromkeys([*lines_of(content, str(ours)), *lines_of(added, str(theirs))])
    ours.write_bytes(b"".join(line + b"\n" for line in lines))


def readable(file: Path) -> str:
    """A file of jobs/ or configs/ as text for people: a line a record, its cost first."""
    return "".join(f"{_readable(line)}\n" for line in lines_of(read_small(file, MOST["blob"]), str(file)))


def _readable(line: bytes) -> str:
    for family in families.every() if BAG_KEY.encode() in line else ():
        try:
            stored = read_stored(line, family, "")
        except TvmgitlibError:
            continue
        record = stored.record
        return f"{record.cost:.6e} s  {workload_label(record.workload)}  {record.target.target.label}  job {stored.job}"
    return line.decode(errors="replace")
