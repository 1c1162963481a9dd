"""Odd trials on a real TVM: each is judged as it is logged, in every family's callback and database."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, log_to_library
from tvmgitlib.model import JobError, RecordError, TvmgitlibError

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
OTHER = "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"
LOGS = Path(__file__).parents[1] / "data" / "tvm-logs"

#: A run time, or times, that say nothing of a config.
UNUSABLE = [(0.0,), (math.nan,), (math.inf,), (-1.0,), (), (1e-3, 0.0)]


def autotvm_pairs(target: str = TARGET, count: int = 4) -> list[tuple[Any, Any]]:
    """Trials of one task that nobody need measure."""
    import tvm.topi  # noqa: F401
    from tvm import autotvm
    from tvm.autotvm.measure import MeasureInput, MeasureResult

    arguments = (("TENSOR", (1, 12), "float32"), ("TENSOR", (6, 12), "float32"), None, "float32")
    task = autotvm.task.create("dense_nopack.x86", arguments, target)
    inputs = [MeasureInput(task.target, task, task.config_space.get(index)) for index in range(count)]
    return [(each, MeasureResult((1e-3 * (at + 1),), 0, 0.1, 1.7e9 + at)) for at, each in enumerate(inputs)]


def call(callback: Any, pairs: list[tuple[Any, Any]], tuner: Any = None) -> None:
    callback(tuner, [each for each, _ in pairs], [result for _, result in pairs])


@pytest.mark.tvm("0.16")
@pytest.mark.parametrize("costs", UNUSABLE, ids=str)
def test_autotvms_callback_counts_them_as_failed(library: ConfigLibrary, costs: Any, caplog: Any) -> None:
    first, second, third, *_ = autotvm_pairs()
    with library.job(TARGET, platform="board") as job:
        odd = second[1]._replace(costs=costs)
        call(job.callback(), [first, (second[0], odd), (second[0], odd._replace(timestamp=1.8e9)), third])
        assert [record.error for record in job.logged()] == [None, "unknown", "unknown", None]
        (_, taught), *_ = job.history(second[0].task)[1:]
        assert taught.error_no != 0  # a tuner learns no speed from it
    assert (job.result.counts.read, job.result.counts.failed, job.result.counts.kept) == (4, 2, 2)
    assert len([text for text in caplog.messages if "it counts as failed" in text]) == 1
    assert library.open_jobs() == []


@pytest.mark.tvm("0.16")
def test_autotvms_callback_takes_whatever_numbers_there_are(library: ConfigLibrary) -> None:
    import numpy as np

    pairs = autotvm_pairs(count=5)
    changed = [
        {"costs": (np.float32(0.001),)},
        {"costs": np.array([0.002, 0.003]), "error_no": np.int64(0)},
        {"all_cost": np.float32(1.5), "timestamp": np.float64(1.7e9)},
        {"costs": np.float32(0.25), "timestamp": None},
        {"costs": ("", RuntimeError("so it goes")), "error_no": np.int32(2), "all_cost": None},
    ]
    pairs[1][0].config._entity_map["tile_x"] = type(pairs[1][0].config["tile_x"])([np.int64(-1), np.int64(2)])
    with library.job(TARGET, platform="board") as job:
        logged = [(each, result._replace(**said)) for (each, result), said in zip(pairs, changed, strict=True)]
        call(job.callback(), logged)
    assert (job.result.counts.read, job.result.counts.failed, job.result.unusable) == (5, 1, ())
    from tvm import autotvm

    (file,) = (library.path / "configs").glob("*/*/autotvm.jsonl")
    assert len(list(autotvm.record.load_from_file(str(file)))) == 1


@pytest.mark.tvm("0.16")
def test_an_odd_trial_costs_the_others_nothing(library: ConfigLibrary) -> None:
    first, second, third, *_ = autotvm_pairs()
    foreign = autotvm_pairs(OTHER)[0]
    with library.job(TARGET, platform="board") as job:
        with pytest.raises(JobError, match="the task is for"):
            call(job.callback(), [first, foreign, second])
        with pytest.raises(TypeError):
            call(job.callback(), [(third[0], third[1]._replace(costs=(object(),))), third])
        with pytest.raises(RecordError):
            job.append(["{}"])
        with pytest.raises(JobError):
            job.database("autotvm").save(*foreign)
        assert len(job.logged()) == 3
    assert job.result.counts.kept == 3


@pytest.mark.tvm("0.16")
def test_the_first_trial_of_a_replay_says_the_target(library: ConfigLibrary) -> None:
    library.start_job(platform="board")
    call(log_to_library(library), autotvm_pairs())
    assert library.stop_job().counts.kept == 4


@pytest.mark.tvm("0.16")
@pytest.mark.parametrize("cost", [0.0, math.nan, math.inf], ids=str)
def test_ansors_callback_counts_them_as_failed(library: ConfigLibrary, cost: float, caplog: Any) -> None:
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure import MeasureResult

    @auto_scheduler.register_workload("odd_matmul", override=True)
    def matmul(n: int) -> Any:
        from tvm import te

        a, b = te.placeholder((n, n), name="A"), te.placeholder((n, n), name="B")
        k = te.reduce_axis((0, n), name="k")
        return [a, b, te.compute((n, n), lambda i, j: te.sum(a[i, k] * b[k, j], axis=k), name="C")]

    task = auto_scheduler.SearchTask(func="odd_matmul", args=(8,), target=TARGET)
    from tvm.auto_scheduler.measure import MeasureInput

    inputs = [MeasureInput(task, task.compute_dag.get_init_state())] * 2
    results = [MeasureResult([1e-3], 0, "", 0.1, 1.7e9), MeasureResult([cost], 0, "", 0.1, 1.8e9)]
    with library.job(TARGET, platform="board") as job:
        job.callback("ansor").callback(None, inputs, results)
        assert "it counts as failed" in caplog.text
        assert len(auto_scheduler.RecordReader(str(job.log)).read_lines()[0]) == 2  # TVM reads all of the log
        path = job.history(task)
        assert "[0," not in Path(path).read_text()
    assert (job.result.counts.read, job.result.counts.failed, job.result.counts.kept) == (2, 1, 1)


@pytest.mark.tvm("0.16")
@pytest.mark.parametrize("costs", UNUSABLE, ids=str)
def test_autotvms_database_answers_what_it_has_logged(library: ConfigLibrary, costs: Any) -> None:
    (given, result), *_ = autotvm_pairs()
    with library.job(TARGET, platform="board") as job:
        database = job.database("autotvm")
        database.save(given, result._replace(costs=costs))
        for view in (database, job.database("autotvm")):
            assert view.load(given).error_no != 0
            assert [found.error_no for _, found in view.filter(lambda *_: True)] == [8]


# MetaSchedule


@pytest.fixture
def committing(ms: Any, library: ConfigLibrary) -> Callable[..., Any]:
    """Commit a record to the database of a job: `committing(job, run_secs, target, args_info)`."""

    def commit(job: Any, run_secs: Any = None, target: Any = None, *, args: bool = True) -> None:
        import tvm

        folder = LOGS / "metaschedule" / {"0.16": "hhb_mm128", "0.25": "v25_mm128", "0.27": "v27_mm128"}[minor()]
        stock = ms.database.JSONDatabase(work_dir=str(folder), allow_missing=False)
        known = stock.get_all_tuning_records()[0]
        told = {}
        if run_secs is not None:
            told["run_secs"] = run_secs
        if target is not None:
            told["target"] = tvm.target.Target(target)
        if args:
            told["args_info"] = known.args_info
        job.database().commit_tuning_record(ms.database.TuningRecord(known.trace, known.workload, **told))

    return commit


def minor() -> str:
    import tvm

    return ".".join(tvm.__version__.split(".")[:2])


HASWELL = {"kind": "llvm", "mcpu": "haswell", "mtriple": "x86_64-linux-gnu", "num-cores": 2}
SKYLAKE = {**HASWELL, "mcpu": "skylake-avx512"}


@pytest.mark.tvm("0.16", "0.25", "0.27")
def test_metaschedules_database_judges_what_is_committed(
    library: ConfigLibrary, committing: Callable[..., Any], caplog: Any
) -> None:
    caplog.set_level(logging.WARNING, "tvmgitlib")
    with library.job(HASWELL, platform="board") as job:
        committing(job, [1e-3], HASWELL)
        for costs in UNUSABLE:
            committing(job, list(costs), HASWELL)
        committing(job, [1e10], HASWELL)
        committing(job, args=False)  # nobody has measured it
        committing(job, args=False)
        for wrong in (SKYLAKE, None):
            with pytest.raises((TvmgitlibError, RuntimeError)):
                committing(job, [1e-3], wrong)
        with pytest.raises((TvmgitlibError, RuntimeError), match="args_info"):
            committing(job, [1e-3], HASWELL, args=False)
        assert len(job.database()) == 3 + len(UNUSABLE) + 1
    result = job.result
    assert (result.counts.read, result.counts.failed, result.unmeasured) == (2 + len(UNUSABLE), 1 + len(UNUSABLE), 2)
    assert len([text for text in caplog.messages if "it counts as failed" in text]) == 1
    assert library.open_jobs() == []


@pytest.mark.tvm("0.16", "0.25", "0.27")
def test_a_job_of_nothing_measured_is_dropped(library: ConfigLibrary, committing: Callable[..., Any]) -> None:
    with library.job(HASWELL, platform="board") as job:
        committing(job, args=False)
    assert (job.result.job, job.result.unmeasured, library.open_jobs()) == (None, 1, [])
    assert json.loads(json.dumps(job.result.to_json()))["unmeasured"] == 1
