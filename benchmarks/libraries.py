"""Make a library of any size out of real tuning lines, fast: what the other benchmarks measure on.

    libraries.py PATH [--jobs N] [--platforms N] [--lines N] [--folded]

Every job is the import of one small log for one platform: `--lines` real AutoTVM trials of one workload, with other
extents, costs and times, one commit a job (written by `git fast-import`), folded at the end; with `--folded` in every
commit, as commands do, for what measures history. The same arguments give the same library, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections import defaultdict
from collections.abc import Iterator
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
from tvmgitlib.rules.fold import Configs, fold_onto
from tvmgitlib.store import FILE_MODE, TREE_MODE, Entry
from tvmgitlib.store.objects.raw import make_tree, object_id

LOG = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
TVM = TvmVersion("hhb-tvm", "0.16.dev0", "option")
BEGIN = 1_790_000_000
AUTHOR = "Bench <bench@example.com>"
#: The extents of the workloads; one platform has tuned all of them before it tunes one again.
EXTENTS = [(n, m, k) for n in (64, 128, 256, 512, 1024) for m in (64, 128, 256, 512) for k in (64, 128, 256, 512, 768)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--platforms", type=int, default=100)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--folded", action="store_true")
    told = parser.parse_args()
    make(told.path, told.jobs, told.platforms, told.lines, folded=told.folded)


def make(path: Path, jobs: int, platforms: int = 100, lines: int = 20, *, folded: bool = False) -> ConfigLibrary:
    """Make a library with that many jobs, on that many platforms, of that many trials each."""
    library = ConfigLibrary.init(path)
    write_commits(path, library.commit, segments(jobs, platforms, lines), Folding(library.settings) if folded else None)
    library = ConfigLibrary(path)
    library.rebuild()
    return library


def segments(jobs: int, platforms: int, lines: int) -> Iterator[Segment]:
    """The jobs, oldest first."""
    trials = [json.loads(line) for line in LOG.open("rb")]
    chance = random.Random(0)
    for number in range(jobs):
        extents = EXTENTS[number // platforms % len(EXTENTS)]
        records = [
            _varied(chance, trials[turn % len(trials)], extents, BEGIN + 100 * number + turn) for turn in range(lines)
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


def _segment(number: int, platform: str, records: list[TuningRecord]) -> Segment:
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
    for record in records:
        intake.add(record)
    return intake.segment(header)[0]


class Folding:
    """configs/ as it is in the commit of each job, in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._configs: Configs = {}
        self._tally = Tally()
        self._jobs: dict[str, dict[str, str]] = defaultdict(dict)
        self._folders: dict[str, str] = {}

    def files(self, segment: Segment, content: bytes) -> dict[str, bytes]:
        """What the commit of a job changes in configs/."""
        touched = {entry.task.place.path for entry in segment.tasks}
        after = fold_onto({path: self._configs.get(path, ()) for path in touched}, segment, self._settings)
        self._configs |= after
        self._tally += Tally.of([segment])
        stamp = FoldStamp(self._tree_with(segment.path, content), self._settings.fold_digest, self._tally)
        return {path: ranked_lines(records) for path, records in after.items()} | {FOLD_FILE: stamp.to_bytes()}

    def _tree_with(self, path: str, content: bytes) -> str:
        """The id of jobs/ with one more segment."""
        _, folder, name = path.split("/")
        self._jobs[folder][name] = object_id("blob", content, 40)
        entries = [Entry(FILE_MODE, *entry) for entry in self._jobs[folder].items()]
        self._folders[folder] = object_id("tree", make_tree(entries), 40)
        return object_id("tree", make_tree(Entry(TREE_MODE, *entry) for entry in self._folders.items()), 40)


def write_commits(path: Path, tip: str, made: Iterator[Segment], folding: Folding | None = None) -> None:
    """Add a commit for each segment to the branch that is checked out, and its files to the work tree."""
    branch = subprocess.run(
        ["git", "-C", str(path), "symbolic-ref", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    command = ["git", "-C", str(path), "fast-import", "--quiet", "--force"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for mark, segment in zip(count(1), made):
            parent = tip if mark == 1 else f":{mark - 1}"
            content = b"".join(write_segment(segment))
            files = {segment.path: content} | (folding.files(segment, content) if folding else {})
            _write_commit(process.stdin, branch, mark, parent, segment, files)
        process.stdin.close()
        if process.wait() != 0:
            raise SystemExit("git fast-import failed")
    subprocess.run(["git", "-C", str(path), "reset", "--quiet", "--hard"], check=True)


def _write_commit(
    out: IO[bytes], branch: str, mark: int, parent: str, segment: Segment, files: dict[str, bytes]
) -> None:
    when = f"{AUTHOR} {BEGIN + 100 * mark} +0000"
    subject = f"Import 1 workload for {segment.tasks[0].task.section.platform.name}".encode()
    out.write(f"commit {branch}\nmark :{mark}\nauthor {when}\ncommitter {when}\ndata {len(subject)}\n".encode())
    out.write(subject + f"\nfrom {parent}\n".encode())
    for path, content in files.items():
        out.write(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")


if __name__ == "__main__":
    main()
