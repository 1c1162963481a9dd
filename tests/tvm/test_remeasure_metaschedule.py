"""MetaSchedule's records measured again, on a real TVM: its own records and those of others.

Where outputs matter, builds and runs are real; elsewhere builder and runner only pretend. Records are real ones, but
for a few traces that are made by hand.
"""

from __future__ import annotations

import json
import runpy
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.families.metaschedule import RECORD_FILE, WORKLOAD_FILE, read_workload
from tvmgitlib.live.common.base import HowToMeasure, Remeasured
from tvmgitlib.live.metaschedule.family import FAMILY
from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule
from tvmgitlib.model import TuningRecord, TvmError, Workload

pytestmark = pytest.mark.tvm("0.16", "0.25", "0.27")

HERE = Path(__file__).parent

work = SimpleNamespace(**runpy.run_path(str(HERE / "metaschedule_job.py")))

DATABASES = ("hhb_mm128", "v25_mm128", "v27_mm128")

#: A layer whose weights are rewritten, 64 by 64: one record of each of TVM 0.16, 0.25 and 0.27.
DENSE = HERE.parent / "data" / "dense_traces.jsonl"

GPU = {"kind": "cuda", "arch": "sm_80"}


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def record_of(line: bytes, workload: Workload) -> TuningRecord:
    return families.family("metaschedule").record(json.loads(line), line, workload)


@pytest.fixture
def database(logs: Path) -> Callable[[str], list[TuningRecord]]:
    """The records of a database, whichever TVM wrote it."""

    def read(name: str) -> list[TuningRecord]:
        folder = logs / "metaschedule" / name
        (workload,) = map(read_workload, lines(folder / WORKLOAD_FILE))
        return [record_of(line, workload) for line in lines(folder / RECORD_FILE)]

    return read


# What measures


class Bench:
    """A builder and a runner that count.

    Args:
        build: given a running number and a module, what is built in its place, really and in this process; without it
            nothing is built.
        costs: what is "measured", in seconds.

    Attributes:
        batches: what was to be built, batch by batch.
        runs: the paths that were to be run.
    """

    def __init__(
        self, build: Callable[[int, Any], Any] | None = None, costs: Callable[[], list[float]] = lambda: [0.001]
    ) -> None:
        self.batches: list[list[Any]] = []
        self.runs: list[str] = []
        ms = meta_schedule()
        bench, pretends = self, work.builder()

        class Building(ms.builder.PyBuilder):  # type: ignore[misc,name-defined]
            def build(self, inputs: Any) -> Any:
                bench.batches.append([each.mod for each in inputs])
                if build is None:
                    return pretends.build(inputs)
                return [really_built(build, at, each) for at, each in enumerate(inputs)]

        class Running(ms.runner.PyRunner):  # type: ignore[misc,name-defined]
            def run(self, inputs: Any) -> Any:
                bench.runs += [str(each.artifact_path) for each in inputs]
                result = ms.runner.RunnerResult(costs(), None)
                return [ms.runner.RunnerFuture(lambda: True, lambda: result) for _ in inputs]

        self.builder = derived_object(Building)()
        self.runner = derived_object(Running)()
        self.told = {"builder": self.builder, "runner": self.runner}


def really_built(build: Callable[[int, Any], Any], at: int, given: Any) -> Any:
    ms = meta_schedule()
    local = ms.builder.local_builder
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TVM's own builder calls what TVM deprecates
            artifact = local.default_export(local.default_build(build(at, given.mod), given.target, None))
    except ValueError as error:
        return ms.builder.BuilderResult(None, f"LocalBuilder: An exception occurred\nTraceback:\nValueError: {error}")
    return ms.builder.BuilderResult(artifact, None)


def as_given(_: int, mod: Any) -> Any:
    return mod


def remeasure(
    library: ConfigLibrary, task: Any, records: Sequence[TuningRecord], told: dict[str, Any], target: Any = None
) -> Any:
    """A job of these records alone: results, errors on record by their kinds, and the lines that were logged."""
    with library.job(target or work.live_target(), platform="board") as job:
        results = list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told)))
        effort = job.effort(task)
        logged = lines(job.work_dir / RECORD_FILE)
    return SimpleNamespace(results=results, errors=dict(effort.errors) if effort else {}, logged=logged)


def kinds(done: Any) -> list[str | None]:
    return [result.failure.kind if result.failure else None for result in done.results]


MEASURED = Remeasured((0.001,))
CHECKED = Remeasured((0.001,), checked=True)


# Traces made by hand, of a matrix multiplication of 16 by 16


def traced(*instructions: list[Any], block: str = "C", function: str = "main") -> TuningRecord:
    trace = [["GetBlock", [], [block, function], ["b0"]], *instructions]
    line = json.dumps([0, [[trace, []], [0.001], work.TARGET, [["TENSOR", "float32", [16, 16]]] * 3]])
    return record_of(line.encode(), Workload("metaschedule", "1@0.16", signature="matmul"))


LOOPS = ["GetLoops", ["b0"], [], ["l1", "l2", "l3"]]
PARALLEL = traced(LOOPS, ["Parallel", ["l1"], [], []])
VECTORIZED = traced(LOOPS, ["Vectorize", ["l2"], [], []])
UNROLLED = traced(LOOPS, ["Unroll", ["l3"], [], []])
WRONG = traced(["CacheWrite", ["b0", []], [0, "global"], ["b1"]], ["UnsafeSetDType", ["b0"], [0, "int8"], []])
MISFIT = traced(LOOPS, ["Parallel", ["l3"], [], []])  # a sum is not computed in parallel


# Records of another TVM


@pytest.mark.parametrize("name", DATABASES)
def test_every_record_of_every_tvm_is_replayed_and_measured_once(
    library: ConfigLibrary, database: Callable[[str], list[TuningRecord]], name: str
) -> None:
    bench = Bench()
    done = remeasure(library, work.matmul(128), database(name), {**bench.told, "check": False})
    assert done.results == [MEASURED] * 32
    assert [len(batch) for batch in bench.batches] == [32]
    assert len(set(bench.runs)) == len(bench.runs) == len(done.logged) == 32
    assert not any(Path(path).parent.exists() for path in bench.runs)


@pytest.mark.parametrize("name", [pytest.param("hhb_mm128", marks=pytest.mark.tvm("0.25", "0.27")), "v27_mm128"])
def test_the_best_of_another_tvm_is_built_compared_and_measured(
    library: ConfigLibrary, database: Callable[[str], list[TuningRecord]], name: str
) -> None:
    best = sorted(database(name), key=lambda record: record.cost)[:3]
    done = remeasure(library, work.matmul(128), best, {"builder": Bench(as_given).builder})
    assert kinds(done) == [None] * 3
    assert all(0 < cost < 1 for result in done.results for cost in result.costs)
    assert [json.loads(line)[1][1] for line in done.logged] == [list(result.costs) for result in done.results]


@pytest.mark.soak
@pytest.mark.parametrize("name", DATABASES)
def test_nearly_every_record_of_every_tvm_computes_the_same(
    library: ConfigLibrary, database: Callable[[str], list[TuningRecord]], name: str
) -> None:
    done = remeasure(library, work.matmul(128), database(name), {})
    assert kinds(done).count(None) >= 30


@pytest.mark.parametrize("line", range(3), ids=["0.16", "0.25", "0.27"])
def test_a_layer_that_rewrites_its_weights_is_compared_too(library: ConfigLibrary, line: int) -> None:
    from tvm import te, topi

    one, other = (te.placeholder((64, 64), name=name) for name in "AB")
    layer = te.create_prim_func([one, other, topi.nn.relu(topi.nn.dense(one, other))])
    record = record_of(lines(DENSE)[line], Workload("metaschedule", "1@0.0", signature="dense"))
    done = remeasure(library, layer, [record], Bench(as_given).told)
    assert done.results == [CHECKED]
    arguments = json.loads(done.logged[0])[1][3]
    assert [len(shape) for _, _, shape in arguments] == [2, 4, 2]  # what is measured takes them rewritten, as in tuning


@pytest.mark.tvm("0.16")
def test_a_record_of_which_its_own_tvm_makes_wrong_code_is_refused(
    library: ConfigLibrary, database: Callable[[str], list[TuningRecord]]
) -> None:
    # hhb-tvm's code for this schedule leaves a part of the output at zero, with every mcpu, and it was tuned with that.
    done = remeasure(library, work.matmul(128), database("hhb_mm128")[27:30], Bench(as_given).told)
    assert kinds(done) == [None, "wrong_answer", None]


# Refused


def test_a_trace_that_computes_something_else_is_refused_and_logged(library: ConfigLibrary) -> None:
    bench = Bench(as_given)
    done = remeasure(library, work.matmul(16), [PARALLEL, WRONG, UNROLLED], bench.told)
    assert (kinds(done), done.errors, len(done.logged)) == ([None, "wrong_answer", None], {"wrong_answer": 1}, 3)
    assert "256 of 256 numbers are wrong, with the largest difference 3.88" in done.results[1].failure.text
    assert [result.checked for result in done.results] == [True, False, True]
    assert len(bench.runs) == 2  # what is wrong is not measured


def test_unchecked_it_is_measured(library: ConfigLibrary) -> None:
    bench = Bench(as_given)
    assert remeasure(library, work.matmul(16), [WRONG], {**bench.told, "check": False}).results == [MEASURED]
    assert [len(batch) for batch in bench.batches] == [1]


def test_a_trace_that_does_not_apply_is_refused_and_not_logged(library: ConfigLibrary) -> None:
    bench = Bench()
    elsewhere = traced(LOOPS, block="another")
    done = remeasure(library, work.matmul(16), [MISFIT, PARALLEL, elsewhere], {**bench.told, "check": False})
    assert kinds(done) == ["instantiation", None, "instantiation"]
    assert "Cannot find a block with the name: another" in done.results[2].failure.text
    assert all("\n" not in done.results[at].failure.text for at in (0, 2))
    assert (done.errors, len(done.logged), len(bench.runs)) == ({}, 1, 1)


def test_where_no_trace_applies_nothing_is_built(library: ConfigLibrary) -> None:
    bench = Bench()
    done = remeasure(library, work.matmul(16), [MISFIT], bench.told)
    assert (kinds(done), done.logged, bench.batches) == (["instantiation"], [], [])


def calling(function: str) -> Any:
    """A module that calls a function of C's library where it should multiply."""
    from tvm import te

    try:
        from tvm import tirx as tir
    except ImportError:
        from tvm import tir
    one, other = (te.placeholder((16, 16), name=name) for name in "AB")
    product = te.compute((16, 16), lambda *_: tir.call_extern("float32", function), name="C")
    return meta_schedule().TuneContext(mod=te.create_prim_func([one, other, product])).mod


def replaced(by: dict[int, str]) -> Callable[[int, Any], Any]:
    """Build calls of these functions in the places of some modules."""
    return lambda number, mod: calling(by[number]) if number in by else mod


def test_kernels_that_crash_or_hang_when_they_are_compared_fail_alone(library: ConfigLibrary) -> None:
    bench = Bench(replaced({1: "abort", 3: "pause"}))  # the first that is built is the untuned one
    done = remeasure(library, work.matmul(16), [PARALLEL, VECTORIZED, UNROLLED], {**bench.told, "check_timeout": 5})
    assert (kinds(done), done.errors) == (
        ["runtime_device", None, "run_timeout"],
        {"runtime_device": 1, "run_timeout": 1},
    )
    assert done.results[0].failure.text == "the process that tried it died"
    assert done.results[2].failure.text == "trying it took longer than 5 s"
    assert len(bench.runs) == 1


def test_a_kernel_that_crashes_when_it_is_measured_fails_alone(library: ConfigLibrary) -> None:
    told = {"builder": Bench(replaced({1: "abort"})).builder, "check": False}
    done = remeasure(library, work.matmul(16), [PARALLEL, VECTORIZED, UNROLLED], told)
    assert (kinds(done), done.errors) == ([None, "unknown", None], {"unknown": 1})


def test_what_does_not_build_fails_alone(library: ConfigLibrary) -> None:
    def build(number: int, mod: Any) -> Any:
        if number == 2:
            raise ValueError("no such thing")
        return mod

    done = remeasure(library, work.matmul(16), [PARALLEL, VECTORIZED, UNROLLED], Bench(build).told)
    assert (kinds(done), done.errors) == ([None, "compile_host", None], {"compile_host": 1})
    assert done.results[1].failure.text == "ValueError: no such thing"


@pytest.mark.parametrize("cost", [0.0, -1.0, 1e10, float("inf"), float("nan")])
def test_run_times_that_can_be_none_are_a_failure(library: ConfigLibrary, cost: float) -> None:
    told = {**Bench(costs=lambda: [0.001, cost]).told, "check": False}
    done = remeasure(library, work.matmul(16), [PARALLEL], told)
    assert (kinds(done), done.errors, len(done.logged)) == (["unknown"], {"unknown": 1}, 1)


def test_an_interruption_comes_through_and_what_was_measured_is_on_the_disk(library: ConfigLibrary) -> None:
    taken: list[int] = []

    def costs() -> list[float]:
        taken.append(1)
        if len(taken) == 2:
            raise KeyboardInterrupt
        return [0.001]

    told = {**Bench(costs=costs).told, "check": False}
    with pytest.raises(KeyboardInterrupt), library.job(work.live_target(), platform="board") as job:
        results = FAMILY.remeasure(job.journal, work.matmul(16), [PARALLEL, VECTORIZED], HowToMeasure(**told))
        assert next(results) == MEASURED
        assert len(lines(job.work_dir / RECORD_FILE)) == len(job.logged()) == 1
        next(results)
    assert len(lines(job.work_dir / RECORD_FILE)) == 1


# Nothing to compare with


@pytest.mark.parametrize(
    ("target", "said"),
    [(None, "fails here"), (GPU, "no device of the kind cuda")],
    ids=["a builder that only pretends", "no such device"],
)
def test_outputs_that_cannot_be_compared_are_an_error_that_says_how_to_go_on(
    library: ConfigLibrary, target: Any, said: str
) -> None:
    bench = Bench()
    with pytest.raises(TvmError, match=said) as raised:
        remeasure(library, work.matmul(16), [UNROLLED], bench.told, target)
    assert "check=False (--no-check)" in str(raised.value)
    assert bench.runs == []


def test_an_untuned_build_that_crashes_is_such_an_error(library: ConfigLibrary) -> None:
    bench = Bench(replaced({0: "abort"}))
    with pytest.raises(TvmError, match="fails here: the process that tried it died"):
        remeasure(library, work.matmul(16), [PARALLEL], bench.told)


def increment(rows: Any = 16) -> Any:
    """Adding 1 to a matrix of so many rows: a task whose module has no function `main`."""
    from tvm import IRModule, te

    given = te.placeholder((rows, 16), name="A")
    made = te.compute(given.shape, lambda i, j: given[i, j] + 1, name="C")
    module = IRModule({"increment": te.create_prim_func([given, made])})
    return meta_schedule().TuneContext(mod=module, target=work.live_target())


INCREMENT = traced(["GetLoops", ["b0"], [], ["l1", "l2"]], ["Parallel", ["l1"], [], []], function="increment")


def test_a_module_without_a_main_function_is_compared_too(library: ConfigLibrary) -> None:
    assert remeasure(library, increment(), [INCREMENT], Bench(as_given).told).results == [CHECKED]


@pytest.mark.tvm("0.27")  # older ones make no function of that
def test_a_sum_of_as_many_numbers_as_an_argument_says_is_compared_too(library: ConfigLibrary) -> None:
    from tvm import te

    numbers, count = te.placeholder((16, 16), name="A"), te.placeholder((1,), "int32", name="count")
    axis = te.reduce_axis((0, count[0]), name="k")
    sums = te.compute((16,), lambda i: te.sum(numbers[i, axis], axis=axis), name="C")
    task = te.create_prim_func([numbers, count, sums])
    rows = traced(["GetLoops", ["b0"], [], ["l1", "l2"]], ["Parallel", ["l1"], [], []])
    assert remeasure(library, task, [rows], Bench(as_given).told).results == [CHECKED]


@pytest.mark.parametrize("check", [True, False])
def test_a_function_of_any_shape_has_nothing_to_be_measured_with(library: ConfigLibrary, check: bool) -> None:
    from tvm import te

    task, bench = increment(te.var("n")), Bench()
    with pytest.raises(TvmError, match=r"the task's arguments are not known: \w+Error: ") as raised:
        remeasure(library, task, [INCREMENT], {**bench.told, "check": check})
    assert "check=False" not in str(raised.value)  # nor is that any help
    with library.job(work.live_target(), platform="board") as job, pytest.raises(TvmError, match="are not known"):
        FAMILY.measure_untuned(job.journal, task, HowToMeasure(**bench.told))
    assert bench.batches == []


# Untuned


def test_an_untuned_build_is_measured_and_not_logged(library: ConfigLibrary) -> None:
    with library.job(work.live_target(), platform="board") as job:
        (cost,) = FAMILY.measure_untuned(job.journal, work.matmul(16), HowToMeasure(builder=Bench(as_given).builder))
        assert 0 < cost < 1
        assert lines(job.work_dir / RECORD_FILE) == []


def test_an_untuned_build_that_fails_is_an_error(library: ConfigLibrary) -> None:
    def build(number: int, mod: Any) -> Any:
        raise ValueError("no such thing")

    with (
        library.job(work.live_target(), platform="board") as job,
        pytest.raises(TvmError, match="cannot be measured untuned: ValueError: no such thing"),
    ):
        FAMILY.measure_untuned(job.journal, work.matmul(16), HowToMeasure(**Bench(build).told))


def test_untuned_loops_are_bound_to_threads_of_a_gpu(library: ConfigLibrary) -> None:
    bench = Bench()
    with library.job(GPU, platform="board") as job:
        assert FAMILY.measure_untuned(job.journal, work.matmul(16), HowToMeasure(**bench.told)) == (0.001,)
    assert all(thread in str(bench.batches[0][0]) for thread in ("blockIdx.x", "threadIdx.x"))


# Tasks of records


def test_the_task_of_a_record_of_this_tvm_is_made_of_it(library: ConfigLibrary) -> None:
    told = {**Bench().told, "check": False}
    with library.job(work.live_target(), platform="board") as job:
        assert (
            list(FAMILY.remeasure(job.journal, work.matmul(16), [PARALLEL, VECTORIZED], HowToMeasure(**told)))
            == [MEASURED] * 2
        )
        records = job.logged()
        task = FAMILY.task_of(records[0])
        assert FAMILY.identify(task, None) == (records[0].target, records[0].workload)
        assert job.place(task) == job.place(work.matmul(16))
        assert list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told))) == [MEASURED] * 2


def test_the_task_of_a_record_of_another_tvm_has_to_be_given(database: Callable[[str], list[TuningRecord]]) -> None:
    import tvm

    names = {"0.16": "hhb_mm128", "0.25": "v25_mm128", "0.27": "v27_mm128"}
    for version in names.keys() - {".".join(tvm.__version__.split(".")[:2])}:
        (record, *_) = database(names[version])
        with pytest.raises(TvmError, match=rf"is of TVM {version}.*cannot load") as raised:
            FAMILY.task_of(record)
        assert "rebuilt in this TVM" in str(raised.value)


def test_a_record_without_its_module_has_no_task() -> None:
    with pytest.raises(TvmError, match=r"the module of matmul .* is not on record"):
        FAMILY.task_of(PARALLEL)
