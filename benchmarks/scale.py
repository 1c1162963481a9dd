"""What commands cost in libraries of different sizes, as ratios: time of the processor, and memory.

    scale.py [--jobs N,N,...] [--configs N,N] [--libraries FOLDER] [--json FILE] [--markdown FILE]

Libraries come from `libraries.py`, are kept in the folder, and are made where they are missing: of `--jobs` jobs on 100
platforms, and of `--configs` configs in files of 1,000. Each command runs in a process of its own, once to warm up and
then three times; the fastest counts. Whoever writes is undone after each run. The floor is a process that imports
nothing, the parser's is a bare `orjson.loads` of every line of every segment, through one `git cat-file`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from libraries import TVM
from usage import Usage, used_by

from tvmgitlib import ConfigLibrary, Selection, TvmVersion
from tvmgitlib.library.outlines import index_file
from tvmgitlib.library.reading import Lookup

LOG = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs" / "autotvm" / "t1_tvmgitlib_matmul_ga.log"
PLATFORM = "board-0000"
BEST = ["best", "--platform", PLATFORM, "--workload", "matmul(96, 96, 96,"]
#: How many configs one file of configs/ has.
A_FILE = 1000
REPEAT = 3
#: The jobs of a library in which all of them may be read: a bare parse of fewer is faster by the job.
MANY = 100_000
#: The most memory that a question may take, in MB.
MEMORY = 150
#: How many builds look configs up: the fastest counts, which a busy machine slows down least.
BUILDS = 5


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        what: what was measured, and against what.
        target: the most that the ratio shall be.
        ratios: by size.
        peaks: the most memory in MB, by size.
        memory: the most that these shall be; None where nothing is asked of them.
        at: the size that the target is for; None for each of them.
    """

    what: str
    target: float
    ratios: dict[int, float]
    peaks: dict[int, float]
    memory: float | None = None
    at: int | None = None


def commands(job: str) -> dict[str, tuple[float, bool, list[str]]]:
    """Command lines, each with the most that it shall take, to that in the smallest library, and whether it writes."""
    tvm = f"{TVM.distribution}=={TVM.version}"
    return {
        "trials of a platform": (2, False, ["trials", "--platform", PLATFORM]),
        "log -n 20": (2, False, ["log", "-n", "20"]),
        "job show": (2, False, ["job", "show", job]),
        "platform show": (2, False, ["platform", "show", PLATFORM]),
        "blame of a platform": (2, False, ["blame", "--platform", PLATFORM]),
        "import": (1.5, True, ["import", str(LOG), "--platform", "another", "--tvm", tvm]),
        "revert": (1.5, True, ["revert", job]),
        "invalidate": (1.5, True, ["invalidate", "--job", job, "--reason", "measured beside another job"]),
    }


# Processes


def environment() -> dict[str, str]:
    """One in which a command starts as for any user: its modules are compiled, and commits have an author."""
    identity = {f"GIT_{who}_{what}": f"bench@{who}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | identity | {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "tvmgitlib-bytecode")}


def used(*arguments: str) -> Usage:
    """Run Python and see what it used; a command may answer no."""
    return used_by([sys.executable, *arguments], environment(), (0, 1))


def made(library: Path, *how: str) -> None:
    """Make a library where there is none."""
    if not library.exists():
        script = str(Path(__file__).with_name("libraries.py"))
        subprocess.run([sys.executable, script, str(library), *how], check=True, env=environment())


def answer(library: Path, *arguments: str) -> str:
    """What one of our commands says, as JSON."""
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(library), "--json", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout


def fastest(run: Callable[[], Usage]) -> Usage:
    run()
    return min(run() for _ in range(REPEAT))


def told(library: Path, *arguments: str) -> Usage:
    """Run one of our commands."""
    return used("-m", "tvmgitlib", "-C", str(library), *arguments)


@contextmanager
def undone(library: Path) -> Iterator[None]:
    """Put a library back to where it is now, with what is remembered of it."""
    state = library / ".git" / "tvmgitlib"
    commit = git(library, "rev-parse", "HEAD")
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        shutil.copytree(state, Path(scratch, "state"))
        try:
            yield
        finally:
            git(library, "reset", "--quiet", "--hard", commit)
            shutil.rmtree(state)
            shutil.copytree(Path(scratch, "state"), state)


def git(library: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", library, *arguments], check=True, capture_output=True, text=True).stdout.strip()


# Measurements


def of_jobs(path: Path, jobs: int) -> dict[str, Usage]:
    """What commands use in a library of so many jobs."""
    made(path, "--jobs", str(jobs))
    job = json.loads(answer(path, "best", "--platform", PLATFORM).splitlines()[0])["job"]  # whose records hold
    found: dict[str, Usage] = {}
    for name, (_, writes, arguments) in commands(job).items():
        found[name] = fastest(lambda told_to=arguments, writes=writes: once(path, told_to, writes=writes))
    found["job finish"] = fastest(lambda: finish(path))
    told(path, "check")
    found["check of what came since"] = since(path, commands(job)["import"][2])
    found["check --full"] = told(path, "check", "--full")
    start, parsed = used("-c", "import tvmgitlib.config_library, orjson"), used(__file__, "--bare", str(path))
    found["bare parse"] = Usage(parsed.seconds - start.seconds, parsed.peak)
    with suppress(FileNotFoundError):
        index_file(path.resolve() / ".git" / "tvmgitlib").unlink()
    making, asking = told(path, "job", "show", job), told(path, "job", "show", job)
    found["first index"] = Usage(making.seconds - asking.seconds, making.peak)
    return found


def finish(path: Path) -> Usage:
    """Finishing a job of a short log."""
    with undone(path):
        start = [sys.executable, "-m", "tvmgitlib", "-C", str(path), "--json", "job", "start", "--platform", "another"]
        started = subprocess.run(start, check=True, capture_output=True, env=environment())
        shutil.copy(LOG, json.loads(started.stdout)["log"])
        return told(path, "job", "finish")


def once(path: Path, arguments: list[str], *, writes: bool) -> Usage:
    if not writes:
        return told(path, *arguments)
    with undone(path):
        return told(path, *arguments)


def since(path: Path, change: list[str]) -> Usage:
    """Checking a library after a change, once: of a commit that is undone, the next check would prove all again."""
    with undone(path):
        told(path, *change)
        return told(path, "check")


def bare(path: Path) -> None:
    """Parse every line of every segment, and do nothing with it."""
    with ConfigLibrary(path)._view.reading() as contents:
        for _, content in contents.snapshot.contents(contents.segment_files()):
            for line in content.splitlines():
                orjson.loads(line)


def of_configs(path: Path, configs: int) -> tuple[Usage, dict[str, float]]:
    """What `best` of one workload uses in a library of so many configs, and how long lookups take, in seconds.

    A first lookup is one in a library that was just opened, a further one is of a workload that was asked before, as a
    build does again and again, and one more is of a workload that was not.
    """
    files = str(-(-configs // A_FILE))
    made(path, "--jobs", files, "--platforms", files, "--lines", "1", "--workloads", str(A_FILE))
    answer(path, *BEST)
    usage = fastest(lambda: told(path, *BEST))
    looking = [sys.executable, __file__, "--lookups", str(path)]  # as a build: a process of its own
    found: dict[str, float] = json.loads(subprocess.run(looking, check=True, capture_output=True).stdout)
    return usage, found


def lookups(path: Path) -> dict[str, float]:
    """How long lookups take in the fastest of some builds, in seconds on the clock."""
    configs = ConfigLibrary(path).best(Selection(platform=PLATFORM))
    asked = [(each.family, Selection(target=each.target).asked, each.place.workload) for each in configs]
    seconds = [build(path, asked) for _ in range(BUILDS)]
    return {name: min(each[name] for each in seconds) for name in seconds[0]}


def build(path: Path, asked: Sequence[Any]) -> dict[str, float]:
    """How long lookups of a build take, in seconds on the clock."""

    def timed(questions: Sequence[Any]) -> float:
        begin = time.perf_counter()
        for question in questions:
            assert lookup.find(*question) is not None
        return (time.perf_counter() - begin) / len(questions)

    with ConfigLibrary(path)._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(f"{TVM.distribution}=={TVM.version}"), PLATFORM)
        return {
            "first lookup": timed(asked[:1]),
            "further lookup": min(timed(asked[:1] * 100) for _ in range(20)),
            "lookup of one more workload": min(timed(asked[at : at + 20]) for at in range(1, 400, 20)),
        }


def measured(
    libraries: Path, jobs: Iterable[int], configs: Iterable[int]
) -> tuple[dict[int, dict[str, Usage]], dict[int, tuple[Usage, dict[str, float]]]]:
    """What commands use in libraries of so many jobs, and of so many configs, by size."""
    return (
        {size: of_jobs(libraries / f"jobs-{size}", size) for size in jobs},
        {size: of_configs(libraries / f"configs-{size}", size) for size in configs},
    )


# The table


def table(jobs: dict[int, dict[str, Usage]], configs: dict[int, tuple[Usage, dict[str, float]]]) -> list[Row]:
    floor = min(used("-c", "pass") for _ in range(REPEAT))
    small, fewest = min(jobs), min(configs)
    rows = [
        row("best of one workload, to the fewest configs", 1.5, configs, lambda size: configs[size][0], fewest),
        row("best of one workload, to `python -c pass`", 8, configs, lambda size: configs[size][0], floor),
    ]
    for name, limit in (("first lookup", 0.05), ("further lookup", 10e-6), ("lookup of one more workload", 10e-6)):
        seconds = {size: configs[size][1][name] / limit for size in configs}
        rows.append(Row(f"{name} of a build, to {limit * 1e3:g} ms", 1, seconds, {}))
    for name, (target, writes, _) in commands("").items():
        found = row(f"{name}, to the fewest jobs", target, jobs, lambda size, name=name: jobs[size][name], small)
        rows.append(found if writes else found._replace(memory=MEMORY))
    rows.append(row("job finish, to the fewest jobs", 1.5, jobs, lambda size: jobs[size]["job finish"], small))
    for name, target, of, memory, at in (
        ("check of what came since", 2, "import", None, None),
        ("check --full", 3, "bare parse", 300, MANY),
        ("first index", 2, "bare parse", None, MANY),
    ):
        ratios = {size: used[name].seconds / used[of].seconds for size, used in jobs.items()}
        peaks = {size: used[name].peak for size, used in jobs.items()}
        rows.append(Row(f"{name}, to {of}", target, ratios, peaks, memory, at))
    return rows


def row(what: str, target: float, sizes: Iterable[int], used: Callable[[int], Usage], to: int | Usage) -> Row:
    base = to if isinstance(to, Usage) else used(to)
    ratios = {size: used(size).seconds / base.seconds for size in sizes}
    return Row(what, target, ratios, {size: used(size).peak for size in sizes})


def markdown(rows: list[Row]) -> str:
    lines = ["| what | target | measured |", "|---|---|---|"]
    for found in rows:
        cells = [
            f"{size:,}: {ratio:.2f} x" + (f", {found.peaks[size]:.0f} MB" if size in found.peaks else "")
            for size, ratio in found.ratios.items()
        ]
        at = f" at {found.at:,}" if found.at is not None else ""
        lines.append(f"| {found.what} | {found.target} x{at} | {'; '.join(cells)} |")
    return "\n".join(lines) + "\n"


def sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=sizes, default=[1_000, 10_000])
    parser.add_argument("--configs", type=sizes, default=[1_000, 100_000])
    parser.add_argument("--libraries", type=Path, default=Path(tempfile.gettempdir()) / "tvmgitlib-libraries")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lookups", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare is not None:
        bare(given.bare)
        return
    if given.lookups is not None:
        print(json.dumps(lookups(given.lookups)))
        return
    jobs, configs = measured(given.libraries, given.jobs, given.configs)
    rows = table(jobs, configs)
    if given.json is not None:
        given.json.write_text(json.dumps([found._asdict() for found in rows], indent=1) + "\n")
    if given.markdown is not None:
        given.markdown.write_text(markdown(rows))
    print(markdown(rows), end="")


if __name__ == "__main__":
    main()
