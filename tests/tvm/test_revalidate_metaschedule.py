"""Revalidating MetaSchedule's schedules on a real TVM: carried over from databases that it cannot load."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.families.metaschedule import RECORD_FILE, WORKLOAD_FILE
from tvmgitlib.library.reading import BestConfig
from tvmgitlib.live.common.base import running_tvm
from tvmgitlib.model import TvmError

pytestmark = pytest.mark.tvm("0.25", "0.27")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "metaschedule_job.py")))

#: This machine's target, if it is an x86-64-v3.
TARGET = work.TARGET


@pytest.fixture
def databases(logs: Path, tmp_path: Path) -> Path:
    """The databases, as if all had been tuned for one CPU."""
    folder = shutil.copytree(logs / "metaschedule", tmp_path / "metaschedule")
    for records in folder.glob(f"*/{RECORD_FILE}"):
        records.write_text(records.read_text().replace('"skylake-avx512"', f'"{TARGET["mcpu"]}"'))
    return folder


def the_best(library: ConfigLibrary) -> BestConfig:
    """The best for the TVM that runs here, whatever its grade."""
    tvm = running_tvm()
    (best,) = library.best(tvm=f"{tvm.distribution}=={tvm.version}", accept="any")
    return best


@pytest.mark.parametrize("database", ["hhb_mm128", pytest.param("v25_mm128", marks=pytest.mark.tvm("0.27"))])
def test_what_another_tvm_tuned_is_incompatible_until_it_is_measured_again(
    library: ConfigLibrary, databases: Path, database: str
) -> None:
    library.import_logs(databases / database, platform="box")
    old = the_best(library)
    assert old.grade == "incompatible"
    left = library.revalidate(platform="box")  # its module does not load here
    assert (left.jobs, left.counts["left"]) == ((), 1)
    assert "cannot load" in str(left.records[0].why)
    function = work.matmul(128)
    assert library.compile_tir(function, TARGET, platform="box") is None
    done = library.revalidate([function], target=TARGET, platform="box", baseline=True)
    (record,) = done.records
    assert (record.state, record.why, record.job) == ("holds", None, old.job)
    best = the_best(library)
    assert (best.grade, (best.job,), best.cost) == ("exact", done.jobs, record.new_cost)
    assert best.tuned_with == running_tvm()
    assert best.baseline is not None and best.baseline > best.cost
    assert library.compile_tir(function, TARGET, platform="box") is not None
    assert library.summary().line == "1 task looked up, 1 tuned: 1 exact"
    assert sorted(each.grade or "" for each in library.best()) == ["", ""]  # both are there, and not graded
    assert library.check() == []
    assert library.revalidate([function], target=TARGET, platform="box").exact == 1


def test_a_slower_measurement_is_the_one_that_holds_here(library: ConfigLibrary, databases: Path) -> None:
    library.import_logs(databases / "hhb_mm128", platform="box")
    old = the_best(library)
    told = work.told()
    done = library.revalidate(
        [work.matmul(128)],
        target=TARGET,
        platform="box",
        builder=told["builder"],
        runner=told["runner"],
        check=False,
    )
    (record,) = done.records
    assert record.new_cost is not None and record.new_cost > old.cost  # the runner pretends
    assert (the_best(library).cost, the_best(library).grade) == (record.new_cost, "exact")


@pytest.mark.tvm("0.27")  # which wrote the database
def test_outputs_that_cannot_be_compared_here_leave_the_record(library: ConfigLibrary, databases: Path) -> None:
    library.import_logs(databases / "h100_matmul_256", platform="h100")
    told = work.told()
    with pytest.raises(TvmError, match="nothing says how to measure"):
        library.revalidate(platform="h100", every=True)
    done = library.revalidate(platform="h100", every=True, builder=told["builder"], runner=told["runner"])
    assert done.jobs == ()
    assert {record.state for record in done.records} == {"left"}
    assert library.open_jobs() == []


def test_a_record_is_replayed_on_its_own_module_whatever_the_users_calls_its_blocks(library: ConfigLibrary) -> None:
    with library.job(TARGET, platform="box") as job:
        job.tune_tir(work.matmul(16, block="product"), 4, **work.told())
    told = work.told()
    how = {"builder": told["builder"], "runner": told["runner"], "check": False}
    done = library.revalidate([work.matmul(16, block="C")], target=TARGET, platform="box", every=True, **how)
    assert [(record.state, record.why) for record in done.records] == [("holds", None)]
    assert library.compile_tir(work.matmul(16, block="C"), TARGET, platform="box") is not None
    assert library.check() == []


@pytest.fixture
def broken(databases: Path, tmp_path: Path) -> Path:
    """The database of TVM 0.16, with traces that name a block which is not there."""
    folder = shutil.copytree(databases / "hhb_mm128", tmp_path / "broken")
    records = folder / RECORD_FILE
    records.write_text(records.read_text().replace('"GetBlock",[],["C"', '"GetBlock",[],["D"'))
    return folder


def test_a_revalidation_that_only_refuses_is_committed_too(library: ConfigLibrary, broken: Path) -> None:
    library.import_logs(broken, platform="box")
    told = work.told()
    how = {"builder": told["builder"], "runner": told["runner"], "check": False}
    done = library.revalidate([work.matmul(128)], target=TARGET, platform="box", **how)
    (record,) = done.records
    assert (record.state, record.new_cost, len(done.jobs)) == ("refused", None, 1)
    assert str(record.why).startswith("instantiation: ")
    assert done.invalidated == 1
    (runner_up,) = library.best()
    assert runner_up.cost > record.old_cost
    assert library.check() == []
    library.revert(*done.jobs)
    assert library.best()[0].cost == record.old_cost


def test_what_two_computations_share_a_name_for_is_not_held_against_either(
    library: ConfigLibrary, broken: Path, databases: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(databases / "hhb_mm128", tmp_path / "other")
    workloads = other / WORKLOAD_FILE
    number, module = json.loads(workloads.read_text())
    workloads.write_text(json.dumps([str(int(number) ^ 1), module]) + "\n")  # another one of the same shapes and blocks
    for folder in (broken, other):
        library.import_logs(folder, platform="box")
    told = work.told()
    how = {"builder": told["builder"], "runner": told["runner"], "check": False}
    done = library.revalidate([work.matmul(128)], target=TARGET, platform="box", **how)
    assert sorted(record.state for record in done.records) == ["holds", "refused"]
    assert done.invalidated == 0
    assert (the_best(library).grade, len(library.best())) == ("exact", 3)


def test_on_a_terminal_it_says_how_far_it_is(library: ConfigLibrary, tmp_path: Path, forked: Any) -> None:
    with library.job(work.live_target(), platform="box") as job:
        job.tune_tir(work.two_functions(), 2 * work.BATCH, **work.told())
    tasks = tmp_path / "tasks.py"
    script = Path(__file__).parent / "metaschedule_job.py"
    tasks.write_text(f"import runpy\n\ntwo = runpy.run_path({str(script)!r})['two_functions']\n")
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(library.path), "revalidate", "--all", "--no-check"]
    command += ["--platform", "box", "--tasks", f"{tasks}:two", "--target", json.dumps(TARGET)]
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "50"}
    with forked(command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment) as process:
        os.close(theirs)
        said = b""
        with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # Linux tells of the end so
            while more := terminal.read(65536):
                said += more
        answer = process.stdout.read()
    assert process.returncode == 0, said.decode()
    lines = re.findall(r"\r(revalidating [^\r]*?) *(?=\r)", said.decode())
    begin = ["revalidating 1 of 2: ", "revalidating 2 of 2: "]
    assert [line[: len(begin[0])] for line in lines] == begin
    assert re.fullmatch(r"revalidating 2 of 2: \S+(, \d+ (s|min) left)?", lines[1])  # of a short step nothing is left
    assert max(map(len, lines)) < 50
    assert "revalidating" not in answer and "2 hold; committed as" in answer
