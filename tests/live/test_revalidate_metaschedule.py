"""Revalidating MetaSchedule's schedules on a real TVM: carried over from databases that it cannot load."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import TvmError
from tvmgitlib.library.detect import detect_for
from tvmgitlib.library.results import BestConfig
from tvmgitlib.model.target import parse_target
from tvmgitlib.tuners.base import running_tvm

pytestmark = pytest.mark.tvm("0.25", "0.27")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "metaschedule_job.py")))

#: What the databases were tuned for.
CPUS = {"hhb_mm128": "haswell", "v25_mm128": "skylake-avx512"}


@pytest.fixture
def databases(logs: Path) -> Path:
    return logs / "metaschedule"


def target_of(database: str) -> dict[str, Any]:
    """The target of a database, where it is this machine's."""
    target = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": CPUS[database], "num-cores": 2}
    if detect_for(parse_target(target).target) is None:
        pytest.skip(f"this machine is no {CPUS[database]}")
    return target


def the_best(library: ConfigLibrary) -> BestConfig:
    """The best for the TVM that runs here, whatever its grade."""
    tvm = running_tvm()
    (best,) = library.best(tvm=f"{tvm.distribution}=={tvm.version}", accept="any")
    return best


@pytest.mark.parametrize("database", ["hhb_mm128", pytest.param("v25_mm128", marks=pytest.mark.tvm("0.27"))])
def test_what_another_tvm_tuned_is_incompatible_until_it_is_measured_again(
    library: ConfigLibrary, databases: Path, database: str
) -> None:
    target = target_of(database)
    library.import_logs(databases / database, platform="box")
    old = the_best(library)
    assert old.grade == "incompatible"
    left = library.revalidate(platform="box")  # its module does not load here
    assert (left.job, left.counts["left"]) == (None, 1)
    assert "cannot load" in str(left.records[0].why)
    function = work.matmul(128)
    assert library.compile_tir(function, target, platform="box") is None
    done = library.revalidate([function], target=target, platform="box", baseline=True)
    (record,) = done.records
    assert (record.state, record.why, record.job) == ("holds", None, old.job)
    best = the_best(library)
    assert (best.grade, best.job, best.cost) == ("exact", done.job, record.new_cost)
    assert best.tuned_with == running_tvm()
    assert best.baseline is not None and best.baseline > best.cost
    assert library.compile_tir(function, target, platform="box") is not None
    assert library.summary().line == "1 tasks looked up, 1 tuned: 1 exact"
    assert sorted(each.grade or "" for each in library.best()) == ["", ""]  # both are there, and not graded
    assert library.check() == []
    assert library.revalidate([function], target=target, platform="box").exact == 1


def test_a_slower_measurement_is_the_one_that_holds_here(library: ConfigLibrary, databases: Path) -> None:
    target = target_of("hhb_mm128")
    library.import_logs(databases / "hhb_mm128", platform="box")
    old = the_best(library)
    told = work.told()
    done = library.revalidate(
        [work.matmul(128)],
        target=target,
        platform="box",
        builder=told["builder"],
        runner=told["runner"],
        check=False,
    )
    (record,) = done.records
    assert record.new_cost is not None and record.new_cost > old.cost  # the runner pretends
    assert (the_best(library).cost, the_best(library).grade) == (record.new_cost, "exact")


def test_outputs_that_cannot_be_compared_here_leave_the_record(library: ConfigLibrary, databases: Path) -> None:
    library.import_logs(databases / "h100_matmul_256", platform="h100")
    told = work.told()
    with pytest.raises(TvmError, match="nothing says how to measure"):
        library.revalidate(platform="h100", every=True)
    done = library.revalidate(platform="h100", every=True, builder=told["builder"], runner=told["runner"])
    assert done.job is None
    assert {record.state for record in done.records} == {"left"}
    assert library.open_jobs() == []


def test_a_record_is_replayed_on_its_own_module_whatever_the_users_calls_its_blocks(library: ConfigLibrary) -> None:
    target = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": "haswell", "num-cores": 2}
    with library.job(target, platform="box") as job:
        job.tune_tir(work.matmul(16, block="product"), 4, **work.told())
    told = work.told()
    how = {"builder": told["builder"], "runner": told["runner"], "check": False}
    done = library.revalidate([work.matmul(16, block="C")], target=target, platform="box", every=True, **how)
    assert [(record.state, record.why) for record in done.records] == [("holds", None)]
    assert library.compile_tir(work.matmul(16, block="C"), target, platform="box") is not None
    assert library.check() == []
