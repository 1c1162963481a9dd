"""Make a library of any size out of real tuning lines, fast: what the other benchmarks measure on.

    libraries.py PATH [--jobs N] [--platforms N] [--workloads N] [--lines N] [--folded]

Every job is the import of one log for one platform: `--lines` real AutoTVM trials of each of `--workloads` workloads,
with other extents, costs and times, one commit a job (written by `git fast-import`), folded at the end; with
`--folded` in every commit, as commands do, for what measures history. The same arguments give the same library, byte
for byte.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import IO

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.format import FOLD_FILE, FoldStamp, Tally, ranked_lines, write_segment
from tvmgitlib.library.jobs.intake import Intake, Origin
from tvmgitlib.model import (
    Header,
    Segment,
    Settings,
    Source,
    TuningRecord,
    TvmVersion,
    read_json,
    utc_text,
)
from tvmgitlib.rules.fold import Configs, fold, fold_onto, standing
from tvmgitlib.store import FILE_MODE, TREE_MODE, Entry
from tvmgitlib.store.objects.raw import make_tree, object_id

#: The files of configs/ that the commit of a segment writes.
Folded = Callable[[Segment], Mapping[str, bytes]]

LOG = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
TVM = TvmVersion("hhb-tvm", "0.16.dev0", "option")
BEGIN = 1_600_000_000
AUTHOR = "Bench <bench@example.com>"
#: The extents of the workloads; one platform has tuned all of them before it tunes one again.
EXTENTS = [(n, m, k) for n in (64, 128, 256, 512, 1024) for m in (64, 128, 256, 512) for k in (64, 128, 256, 512, 768)]
#: The same for jobs of many workloads.
MANY_EXTENTS = [(n, m, k) for n in range(96, 1056, 96) for m in range(96, 1056, 96) for k in range(96, 1056, 96)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--platforms", type=int, default=100)
    parser.add_argument("--workloads", type=int, default=1)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--folded", action="store_true")
    told = parser.parse_args()
    make(told.path, told.jobs, told.platforms, told.lines, told.workloads, folded=told.folded)


def make(
    path: Path, jobs: int, platforms: int = 100, lines: int = 20, workloads: int = 1, *, folded: bool = False
) -> ConfigLibrary:
    """Make a library with that many jobs, on that many platforms, of that many trials of each of some workloads."""
    library = ConfigLibrary.init(path)
    made = segments(jobs, platforms, lines, workloads)
    if folded:
        write_commits(path, library.commit, made, Folding(library.settings).files)
        return ConfigLibrary(path)
    if jobs <= platforms:  # each file of configs/ comes of one job, however many there are
        write_commits(
            path, library.commit, made, lambda segment: _texts(fold([segment], standing([]), library.settings))
        )
        _stamp(path, library, jobs)
        return ConfigLibrary(path)
    write_commits(path, library.commit, made, lambda _: {})
    library = ConfigLibrary(path)
    library.rebuild()
    return library


class Folding:
    """configs/ as it is in the commit of each job, in memory.

    Args:
        settings: the library's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._configs: Configs = {}
        self._tally = Tally()
        self._jobs: dict[str, dict[str, str]] = defaultdict(dict)
        self._folders: dict[str, str] = {}

    def files(self, segment: Segment) -> dict[str, bytes]:
        """What the commit of the next job changes in configs/."""
        touched = {entry.task.place.path for entry in segment.tasks}
        after = fold_onto({path: self._configs.get(path, []) for path in touched}, segment, self._settings)
        self._configs |= after
        self._tally += Tally.of([segment])
        stamp = FoldStamp(self._tree_with(segment), self._settings.fold_digest, self._tally)
        return _texts(after) | {FOLD_FILE: stamp.to_bytes()}

    def _tree_with(self, segment: Segment) -> str:
        """The id of jobs/ with one more segment."""
        _, folder, name = segment.path.split("/")
        self._jobs[folder][name] = object_id("blob", b"".join(write_segment(segment)), 40)
        entries = [Entry(FILE_MODE, *entry) for entry in self._jobs[folder].items()]
        self._folders[folder] = object_id("tree", make_tree(entries), 40)
        return object_id("tree", make_tree(Entry(TREE_MODE, *entry) for entry in self._folders.items()), 40)


def _texts(configs: Configs) -> dict[str, bytes]:
    return {path: ranked_lines(records) for path, records in configs.items()}


def _stamp(path: Path, library: ConfigLibrary, jobs: int) -> None:
    """Say that configs/ is right: to prove it takes longer than to make it."""
    tree = _git(path, "rev-parse", "HEAD:jobs").strip()
    stamp = FoldStamp(tree, library.settings.fold_digest, Tally(Counter({"import": jobs})))
    Path(path, FOLD_FILE).write_bytes(stamp.to_bytes())
    _git(path, "add", FOLD_FILE)
    _git(path, "-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "-m", "Fold")


def _git(path: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", path, *arguments], check=True, capture_output=True, text=True).stdout


def segments(jobs: int, platforms: int, lines: int, workloads: int = 1) -> Iterator[Segment]:
    """The jobs, oldest first."""
    trials = [json.loads(line) for line in LOG.open("rb")]
    extents = EXTENTS if workloads == 1 else MANY_EXTENTS
    chance = random.Random(0)
    for number in range(jobs):
        records = [
            [
                _varied(chance, trials[turn % len(trials)], extents[each % len(extents)], BEGIN + 100 * number + turn)
                for turn in range(lines)
            ]
            for each in range(number // platforms * workloads, (number // platforms + 1) * workloads)
        ]
        yield _segment(number, f"board-{number % platforms:04}", records)


def _varied(chance: random.Random, trial: dict, extents: tuple[int, ...], at: float) -> TuningRecord:  # type: ignore[type-arg]
    target, task, _, *rest = trial["input"]
    costs, error, spent, _ = trial["result"]
    entity = [
        [knob, kind, [-1, *(chance.randint(1, 64) for _ in value[1:])] if kind == "sp" else value]
        for knob, kind, value in trial["config"]["entity"]
    ]
    line = trial | {
        "input": [target, task, [*extents, "float32"], *rest],
        "config": trial["config"] | {"entity": entity},
        "result": [[cost * chance.uniform(0.5, 2) for cost in costs], error, spent, at],
    }
    native = json.dumps(line).encode()
    return families.family("autotvm").record(read_json(native), native)


def _segment(number: int, platform: str, tasks: list[list[TuningRecord]]) -> Segment:
    at = BEGIN + 100 * number
    source = Source("tuning.log", 1, f"{number:064x}", 0)
    header = Header(
        id=f"{random.Random(number).getrandbits(64):016x}",
        kind="import",
        started=utc_text(at),
        finished=utc_text(at + 60),
        author=AUTHOR,
        sources=(source,),
        tvm=TVM,
    )
    intake = Intake(Origin(platform=platform, tvm=TVM), 1)
    for records in tasks:
        for record in records:
            intake.add(record)
    return intake.segment(header)[0]


def write_commits(path: Path, tip: str, made: Iterator[Segment], folded: Folded) -> None:
    """Add a commit for each segment to the branch that is checked out, and its files to the work tree.

    Args:
        path: the library.
        tip: the commit that they follow.
        made: the segments.
        folded: the files of configs/ that a segment's commit writes.
    """
    branch = _git(path, "symbolic-ref", "HEAD").strip()
    command = ["git", "-C", str(path), "fast-import", "--quiet", "--force"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for mark, segment in zip(count(1), made):
            parent = tip if mark == 1 else f":{mark - 1}"
            _write_commit(process.stdin, branch, mark, parent, segment)
            for file, content in folded(segment).items():
                _write_file(process.stdin, file, content)
        process.stdin.close()
        if process.wait() != 0:
            raise SystemExit("git fast-import failed")
    _git(path, "reset", "--quiet", "--hard")


def _write_commit(out: IO[bytes], branch: str, mark: int, parent: str, segment: Segment) -> None:
    when = f"{AUTHOR} {BEGIN + 100 * mark} +0000"
    count = len(segment.tasks)
    subject = f"Import {count} workload{'s' * (count > 1)} for {segment.tasks[0].task.section.platform.name}".encode()
    content = b"".join(write_segment(segment))
    out.write(f"commit {branch}\nmark :{mark}\nauthor {when}\ncommitter {when}\ndata {len(subject)}\n".encode())
    out.write(subject + f"\nfrom {parent}\n".encode())
    _write_file(out, segment.path, content)


def _write_file(out: IO[bytes], path: str, content: bytes) -> None:
    out.write(f"M 100644 inline {path}\ndata {len(content)}\n".encode())
    out.write(content + b"\n")


if __name__ == "__main__":
    main()
