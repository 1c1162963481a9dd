"""What people read, to the letter: whole sessions, compared with transcripts in tests/data/transcripts.

In a transcript, `! ` begins a line of standard error and `= ` the exit code where it is not 0. Ids that are another
each time and moments are made the same, at their own length, so that columns stay where they are.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.cli.commands.change import revalidate
from tvmgitlib.cli.commands.look import coverage
from tvmgitlib.cli.common.listing import Listing
from tvmgitlib.live.coverage import Coverage, TaskCoverage
from tvmgitlib.live.revalidation import Remeasurement, Revalidated
from tvmgitlib.model import Place, TvmVersion, Workload, parse_target

DATA = Path(__file__).parents[1] / "data"
LOGS = DATA / "tvm-logs"
Git = Callable[..., str]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_ID = re.compile(r"\b[0-9a-f]{8,40}\b")
_FOLDER = re.compile(r"\bjobs/[0-9a-f]{2}/")


class Session:
    """Command lines on one library, and all that they print."""

    def __init__(self, cli: Any, git: Git) -> None:
        self._cli, self._git = cli, git
        self._said: list[str] = []
        self._numbers: dict[str, int] = {}

    def __call__(self, command: str, **places: object) -> None:
        """Run a command line; `{name}` in it stands for what differs from run to run."""
        self._cli(*shlex.split(command.format(**places)))
        self._said.append(f"$ tvmgitlib {command}")
        self._said += self._cli.out.splitlines()
        self._said += [f"! {line}" for line in self._cli.err.splitlines()]
        if self._cli.code:
            self._said.append(f"= {self._cli.code}")

    def job(self, position: int = 0) -> str:
        """The id of a job, by its place in `log`: the newest is the first."""
        return str([entry["job"] for entry in self._cli.lines("log")][position])

    @property
    def transcript(self) -> str:
        text = "\n".join(self._said).replace(str(self._cli.library.parent), "...") + "\n"
        files = self._git(self._cli.library, "log", "--all", "--reflog", "--name-only", "--format=%H", "--", ".")
        known = [line.rpartition("/")[2].removesuffix(".jsonl") for line in files.split("\n") if line]

        def same(found: re.Match[str]) -> str:
            whole = next((each for each in known if each.startswith(found[0])), None)
            if whole is None:
                return found[0]
            number = self._numbers.setdefault(whole, len(self._numbers) + 1)
            return f"id{number:02}".ljust(len(found[0]), ".")

        text = _FOLDER.sub("jobs/../", _ID.sub(same, text))
        return _MOMENT.sub(lambda moment: re.sub(r"\d", "0", moment[0]), text)


@pytest.fixture
def session(cli: Any, git: Git) -> Session:
    return Session(cli, git)


def wanted(name: str) -> str:
    return (DATA / "transcripts" / f"{name}.txt").read_text()


def record(config: int, cost: float, workload: str = "dense", at: float = 1.6e9, error: int = 0) -> str:
    return json.dumps(
        {
            "input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", workload, [8, 8, "float32"], {}],
            "config": {"index": config, "code_hash": None, "entity": [["tile", "sp", [-1, config]]]},
            "result": [[cost], error, 0.5, at + config],
            "version": 0.2,
            "tvm_version": "0.16.dev0",
        }
    )


def write(path: Path, *records: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in records))
    return path


def test_bringing_logs_in(session: Session, tmp_path: Path) -> None:
    log = write(tmp_path / "one.log", record(1, 2e-3), record(2, 1e-3), record(2, 1e-3), record(3, 1e9, error=4))
    session("import {log} --platform box --set cooling=fan", log=log)
    session("import {log} --platform box --set cooling=fan", log=log)
    log = write(tmp_path / "more.log", record(1, 2e-3), record(2, 1e-3), record(5, 5e-4), '{"x": 1}')
    session("import {log} --platform box", log=log)
    session("import {log} --platform box --skip-invalid", log=log)
    session("import {log} --platform box", log=write(tmp_path / "known.log", record(1, 2e-3)))
    session(
        "import {log} --platform box",
        log=write(tmp_path / "bad.log", *(record(i, 1e9, "bad", error=4) for i in (1, 2))),
    )
    session("import {log} --tvm 0.16", log=log)
    assert session.transcript == wanted("bringing-in")


def test_looking(session: Session, tmp_path: Path) -> None:
    for task in ("t0", "t2"):
        logs = " ".join(map(str, sorted((LOGS / "autotvm").glob(f"{task}_*.log"))))
        session(f"import {task}_*.log --platform xeon".replace(f"{task}_*.log", "{logs}"), logs=logs)
    session("import {log} --platform epyc", log=LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log")
    session("import {log} --platform xeon --tvm hhb-tvm==0.15.0", log=LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log")
    session("import {log} --platform xeon", log=LOGS / "ansor" / "mm_128x128x128.json")
    for name in ("v25_mm128", "v27_mm128"):
        session("import {log} --platform xeon", log=LOGS / "metaschedule" / name)
    session("import {log} --platform h100 --set clocks.sm_mhz=1980", log=LOGS / "metaschedule" / "h100_matmul_256")
    for command in (
        "best",
        "best --family autotvm --platform epyc",
        "best --tvm hhb-tvm==0.16.dev0",
        "best --tvm hhb-tvm==0.16.dev0 --accept stale",
        "best --tvm hhb-tvm==0.16.dev0 --accept any",
        "best --tvm apache-tvm==0.24.0",
        "best --accept any --set fan=on --platform epyc",
        "best --platform nowhere",
        "trials",
        "trials --platform nowhere",
        "blame",
        "blame --workload no-such",
        "log",
        "log --tuner xgb",
        "diff HEAD~7",
        "diff HEAD~3 HEAD~1 --stat --exit-code",
        "diff HEAD",
        "export --format autotvm --platform epyc -o {path}/best.log",
        "export --format autotvm -o {path}/best.log",
        "platform show",
        "platform show h100",
        "platform show nowhere",
        "config",
        "config keep",
        "config no-such",
        "check",
        "rebuild",
    ):
        session(command, path=tmp_path)
    session("job show {job}", job=session.job())
    session("job show {job}", job=session.job(-1))
    session("job show no-such")
    assert session.transcript == wanted("looking")


def test_changing(session: Session, tmp_path: Path, git: Git, cli: Any) -> None:
    for number, cost in enumerate((3e-3, 2e-3, 1e-3)):
        log = write(tmp_path / f"{number}.log", record(number, cost), record(number + 5, 2 * cost, f"conv{number}"))
        session("import {log} --platform box", log=log)
    session("revert {job} --reason 'the fan was off'", job=session.job())
    session("log")
    session("diff HEAD~1")
    session("diff HEAD~1 --stat")
    session("revert {job}", job=session.job())
    session("revert {job}", job=session.job(1))
    (config,) = cli.library.glob("configs/*/*/autotvm.jsonl")
    config.write_text("mine\n")
    session("revert {job}", job=session.job(2))
    git(cli.library, "checkout", "--quiet", "--", "configs")
    session("invalidate --workload conv0 --reason 'too old'")
    session("invalidate --platform box --reason 'a new board'")
    session("invalidate --platform box --reason 'a new board'")
    session("invalidate --reason 'no condition'")
    session("best --tvm hhb-tvm==0.16.dev0 --accept any")
    session("job show {job}", job=session.job())
    git(cli.library, "revert", "--no-edit", "HEAD")
    session("best")
    session("check")
    session("config keep 3")
    session("config keep 3")
    git(cli.library, "rm", "-q", "-r", "configs")
    git(cli.library, "commit", "-q", "-m", "gone")
    session("rebuild")
    assert session.transcript == wanted("changing")


def test_jobs_in_progress(session: Session, cli: Any) -> None:
    session("job list")
    session("job finish")
    started = cli.json("job", "start", "--target", "cuda -arch=sm_90", "--platform", "h100", "--tuner", "xgb")
    folder = Path(started["log"]).parent
    told = json.loads((folder / "job.json").read_text()) | {"id": "ab" * 8, "facts": {"cooling": "fan", "on": True}}
    (folder / "job.json").write_text(json.dumps(told))
    folder.rename(folder.with_name("ab" * 8))
    session("job list")
    session("job show abab")
    session("job show c")
    session("job finish ab")
    session("job abort")
    assert session.transcript == wanted("jobs-in-progress")


def test_sharing(session: Session, cli: Any, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(cli.library, "remote", "add", "origin", (tmp_path / "remote.git").as_uri())
    session("sync")
    session("import {log} --platform box", log=write(tmp_path / "1.log", record(1, 1e-3)))
    session("sync --propose mine")
    session("sync --history")
    session("pin -o {path}/lock", path=tmp_path)
    session("pin --verify {path}/lock", path=tmp_path)
    session("merge main")
    git(cli.library, "branch", "--quiet", "side")
    session("import {log} --platform box", log=write(tmp_path / "2.log", record(2, 5e-4)))
    git(cli.library, "branch", "--quiet", "ahead")
    git(cli.library, "checkout", "--quiet", "side")
    session("merge ahead")
    git(cli.library, "reset", "--quiet", "--hard", "HEAD~1")
    session("import {log} --platform box", log=write(tmp_path / "3.log", record(3, 4e-4, "conv")))
    session("merge ahead")
    session("merge no-such")
    session("sync --propose x --history")
    assert session.transcript == wanted("sharing")


@pytest.mark.parametrize("group", ["", "job ", "platform "])
def test_help(session: Session, group: str) -> None:
    session(f"{group}--help")
    assert session.transcript == wanted(f"help-{group.strip() or 'tvmgitlib'}")


def coverages() -> Iterator[Coverage]:
    def task(state: str, number: int, **more: Any) -> TaskCoverage:
        covered = state == "exact"
        values = {
            "family": "autotvm",
            "target": '{"kind":"llvm"}',
            "platform": "box",
            "workload": f"w{number}",
            "weight": 1.0,
            "state": state,
            "why": f"because it is {state}",
            "is_covered": covered,
            "cost": 1e-3 * number if state != "missing" else None,
            "baseline": None,
            "trials": 1000 * number,
            "all_trials": 2000 * number,
            "target_label": "llvm",
            "workload_label": f"dense({number})",
        }
        return TaskCoverage(**(values | more))

    tvm = TvmVersion("apache-tvm", "0.27.0", "running")
    yield Coverage(tvm, ())
    yield Coverage(tvm, (task("exact", 1), task("exact", 2)))
    yield Coverage(
        tvm,
        (
            task("exact", 1, weight=2.0),
            task("missing", 2, platform=None),
            task("stale", 3),
            task("missing", 4, weight=1.5, baseline=5e-3),
        ),
    )
    yield Coverage(tvm, (task("missing", 1),))


def test_coverage() -> None:
    assert "\n---\n".join(map(coverage.as_text, coverages())) + "\n" == wanted("coverage")


def test_a_coverage_is_sorted_cut_and_handed_on_as_other_lists_are() -> None:
    whole = list(coverages())[2]
    said = coverage.as_text(whole, Listing(sort="-share", limit=2, columns=("share", "workload")))
    assert said.splitlines()[:3] == ["share  workload", "60.0%  dense(4)", "24.0%  dense(3)"]
    assert said.endswith(f"{whole.line}.")
    rows = list(csv.DictReader(coverage.as_text(whole, Listing(sort="estimate", form="csv")).splitlines()))
    assert [row["estimate"] for row in rows] == ["0.001", "0.003", "0.005", ""]
    assert [row["platform"] for row in rows] == ["box", "box", "box", ""]


def revalidations() -> Iterator[Revalidated]:
    place = Place("autotvm", parse_target("llvm").target, "box", Workload("autotvm", '["dense",[]]'))

    def record(state: Any, new: float | None, why: str | None = None) -> Remeasurement:
        tvm = TvmVersion("hhb-tvm", "0.16.dev0", "option")
        return Remeasurement(place, "0" * 16, tvm, 1e-3, new, True, state, why)

    yield Revalidated((), None, (), 3, 0, 0)
    yield Revalidated((), None, (record("left", None, "no such task"),), 0, 0, 0)
    yield Revalidated(
        ("ab" * 8, "cd" * 8),
        "ef" * 20,
        (record("holds", 5e-4), record("holds", 2e-3), record("refused", None, "it does not compile")),
        0,
        1,
        2,
    )


def test_both_show_themselves_in_python() -> None:
    shown = [repr(each) for each in (*coverages(), *revalidations())]
    assert shown[0].startswith("<Coverage: ")
    assert shown[-1] == "<Revalidated: 2 holds, 1 refused>"
    assert max(map(len, shown)) < 300
    assert all("<td>dense" in each._repr_html_() for each in coverages() if each.tasks)
    assert [each._repr_html_().count("<tr>") for each in revalidations()] == [1, 2, 4]


def test_revalidation() -> None:
    assert "\n---\n".join(map(revalidate.as_text, revalidations())) + "\n" == wanted("revalidation")
