"""How far four everyday trips go through the code, and how many Git processes commands start.

    trips.py [--json | --rooms]

Of each trip: the files and the functions of the package that are visited, the climbs (calls from a floor to a higher
one), and how often a reader who follows the calls in their order has to go back up; with `--rooms`, how many files and
functions of each room, too. What runs while a module is imported is no visit, so every trip is taken twice, and looked
at the second time. The package measured is the one that Python finds, of whatever version: `PYTHONPATH=CHECKOUT`. The
lookup needs apache-tvm 0.27, and is left out without it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from inspect import CO_OPTIMIZED
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from click.testing import CliRunner

import tvmgitlib
from tvmgitlib.cli.main import run

LOGS = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs"
LOG = LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
DATABASE = LOGS / "metaschedule" / "v27_mm128"
TARGET = "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"
TVM = "hhb-tvm==0.16.dev0"

PACKAGE = Path(str(tvmgitlib.__file__)).resolve().parent
FLOORS = ["errors", "model", "families", "format", "rules", "store", "library", "live"]
#: What a floor was called in other versions.
FLOORS_ONCE = {"_version": "errors", "tuners": "live"}
#: Parts of the function that they stand in.
INLINE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


class Visits(NamedTuple):
    """What a trip came through.

    Attributes:
        files: how many different files.
        functions: how many different functions.
        climbs: how many calls went to a higher floor than their caller's.
        back_up: how many calls were of a function on a higher floor than that of the call before, whoever made it.
        climbing: the climbs, each caller and callee once: "library/x.py:f -> cli/y.py:g".
        rooms: how many files and functions of each room: {"store/landing": (8, 41)}.
    """

    files: int
    functions: int
    climbs: int
    back_up: int
    climbing: list[str]
    rooms: dict[str, tuple[int, int]]


class Walker:
    """Follows the calls of a `with` block, in all threads."""

    def __init__(self) -> None:
        self._places: dict[CodeType, str | None] = {}
        self._functions: set[CodeType] = set()
        self._climbs: list[str] = []
        self._floors: list[int] = []

    def __enter__(self) -> Walker:
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]

    def visits(self) -> Visits:
        files = {code.co_filename for code in self._functions}
        back_up = sum(before < after for before, after in pairwise(self._floors))
        climbs = sorted(set(self._climbs))
        return Visits(len(files), len(self._functions), len(self._climbs), back_up, climbs, self._rooms())

    def _rooms(self) -> dict[str, tuple[int, int]]:
        places = [Path(code.co_filename).relative_to(PACKAGE) for code in self._functions]
        functions = Counter(place.parent.as_posix() for place in places)
        files = Counter(place.parent.as_posix() for place in set(places))
        return {room: (files[room], functions[room]) for room in sorted(functions)}

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or (place := self._place(code)) is None or code.co_name in INLINE:
            return
        self._functions.add(code)
        self._floors.append(floor(place))
        caller = frame.f_back
        while caller is not None and self._place(caller.f_code) is None:
            caller = caller.f_back
        below = self._place(caller.f_code) if caller is not None else None
        if below is not None and floor(below) < floor(place):
            assert caller is not None
            self._climbs.append(f"{below}:{caller.f_code.co_name} -> {place}:{code.co_name}")

    def _place(self, code: CodeType) -> str | None:
        """The file within the package that code stands in; None for other files, and for what an import runs."""
        if code not in self._places:
            path = Path(code.co_filename)
            ours = code.co_flags & CO_OPTIMIZED and path.is_relative_to(PACKAGE)
            self._places[code] = path.relative_to(PACKAGE).as_posix() if ours else None
        return self._places[code]


def floor(place: str) -> int:
    """How high a file stands; what has no floor of its own is the front door, below the command line only."""
    name = place.split("/")[0].removesuffix(".py")
    if name in ("cli", "__main__"):
        return len(FLOORS) + 1
    name = FLOORS_ONCE.get(name, name)
    return FLOORS.index(name) if name in FLOORS else len(FLOORS)


# The trips


def cli(*arguments: object) -> str:
    """Run a command line in this process and return what it prints."""
    with CliRunner().isolation() as streams:
        code = run([str(argument) for argument in arguments])
        out, err = (stream.getvalue().decode() for stream in streams[:2])
    if code:
        raise SystemExit(f"tvmgitlib {' '.join(map(str, arguments))}: exit code {code}\n{err}")
    return out


def small(path: Path) -> Path:
    """A library of one job."""
    cli("init", path)
    cli("-C", path, "import", LOG, "--platform", "board")
    return path


def one_line(path: Path) -> Path:
    """A log of one record, which the small library does not have."""
    source = LOGS / "autotvm" / "t1_tvmgitlib_matmul_grid.log"
    path.write_text(source.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    return path


def importing(folder: Path) -> Visits:
    """`import` of a log of one line."""
    library, log = small(folder / "library"), one_line(folder / "one.log")
    with Walker() as walker:
        cli("-C", library, "import", log, "--platform", "board")
    return walker.visits()


def best(folder: Path) -> Visits:
    """`best` for a TVM."""
    library = small(folder / "library")
    with Walker() as walker:
        found = cli("-C", library, "best", "--tvm", TVM)
    assert "exact" in found
    return walker.visits()


def started(library: Path) -> str:
    """The id of a job with one record in its log."""
    job = json.loads(cli("-C", library, "--json", "job", "start", "--target", TARGET, "--platform", "board"))
    one_line(Path(job["log"]))
    return str(job["job"])


def finishing(folder: Path) -> Visits:
    """`job finish` of a log of one line."""
    library = small(folder / "library")
    job = started(library)
    with Walker() as walker:
        cli("-C", library, "job", "finish", job)
    return walker.visits()


def lookup(folder: Path) -> Visits:
    """A query that finds a schedule of MetaSchedule's in `with library:`."""
    from tvm.s_tir.meta_schedule.database import Database, JSONDatabase

    record = JSONDatabase(work_dir=str(DATABASE)).get_all_tuning_records()[0]
    here = json.loads(cli("--json", "platform", "detect"))["name"]
    cli("init", folder / "library")
    cli("-C", folder / "library", "import", DATABASE, "--platform", here)
    library = tvmgitlib.ConfigLibrary(folder / "library")
    with Walker() as walker, library:
        found = Database.current().query_tuning_record(record.workload.mod, record.target, "main")
    assert found is not None
    return walker.visits()


TRIPS: dict[str, Callable[[Path], Visits]] = {
    "import of one line": importing,
    "best --tvm": best,
    "MetaSchedule lookup": lookup,
    "job finish": finishing,
}


def trips() -> Iterator[tuple[str, Visits]]:
    """Take every trip twice; the second time it imports nothing any more."""
    for name, trip in TRIPS.items():
        if trip is lookup and not has_tvm():
            print("the lookup is left out: no apache-tvm 0.27 here", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            trip(Path(one))
            yield name, trip(Path(two))


def has_tvm() -> bool:
    try:
        return version("apache-tvm").startswith("0.27.")
    except PackageNotFoundError:
        return False


# Git processes


class Processes:
    """Counts the Git processes that commands start themselves, by a `git` of its own that goes before the real one."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "journal"
        (folder / "bin").mkdir()
        real = shutil.which("git")
        wrapper = folder / "bin" / "git"
        wrapper.write_text(f'#!/bin/sh\necho "$*" >>{self._journal}\nexec {real} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        self._path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"

    def of(self, *arguments: object) -> int:
        """How many a command line starts, in a process of its own."""
        self._journal.write_text("")
        command = [sys.executable, "-m", "tvmgitlib", *map(str, arguments)]
        # The child's package is the one that is measured: `-m` takes one of the current folder first, and a relative
        # PYTHONPATH is another folder's there.
        env = os.environ | {"PATH": self._path, "PYTHONPATH": str(PACKAGE.parent)}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env, cwd=self._journal.parent)
        return len(self._journal.read_text(encoding="utf-8").splitlines())


def processes(folder: Path) -> dict[str, int]:
    """The Git processes of five commands."""
    count = Processes(folder)
    library, log = folder / "library", one_line(folder / "one.log")
    of = {"init": count.of("init", library)}
    cli("-C", library, "import", LOG, "--platform", "board")
    of["import"] = count.of("-C", library, "import", log, "--platform", "board")
    of["best"] = count.of("-C", library, "best", "--tvm", TVM)
    of["log"] = count.of("-C", library, "log")
    other = small(folder / "other")
    of["job finish"] = count.of("-C", other, "job", "finish", started(other))
    return of


@contextmanager
def nobody_at_home() -> Iterator[Path]:
    """No configuration of the user's is seen; gives a temporary folder."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        config = home / ".gitconfig"
        config.write_text("[user]\n\tname = Bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n")
        os.environ.update(HOME=str(home), GIT_CONFIG_GLOBAL=str(config), GIT_CONFIG_NOSYSTEM="1")
        yield home


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rooms", action="store_true", help="print what of each room a trip visits, too")
    options = parser.parse_args()
    with nobody_at_home() as home:
        visits = dict(trips())
        of = processes(home)
    if options.json:
        document: dict[str, Any] = {name: each._asdict() for name, each in visits.items()}
        print(json.dumps({"package": str(PACKAGE), "trips": document, "git processes": of}, indent=1))
        return
    print(f"{PACKAGE}\n\n{'trip':24}{'files':>9}{'functions':>11}{'climbs':>8}{'back up':>9}")
    for name, each in visits.items():
        print(f"{name:24}{each.files:9}{each.functions:11}{each.climbs:8}{each.back_up:9}")
        for room, (files, functions) in each.rooms.items() if options.rooms else ():
            print(f"  {room:22}{files:9}{functions:11}")
    print(f"\n{'command':24}{'Git processes':>15}")
    for name, number in of.items():
        print(f"{name:24}{number:15}")


if __name__ == "__main__":
    main()
