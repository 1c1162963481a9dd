"""Ansor's states on record measured again on a real TVM: replayed, compared with an untuned build, and logged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey
from tvmgitlib.library.platforms import detect_platform
from tvmgitlib.library.reading import Contents
from tvmgitlib.live.ansor.family import FAMILY
from tvmgitlib.live.common.base import Failure, HowToMeasure, Remeasured
from tvmgitlib.model import TuningRecord, TvmError

pytestmark = pytest.mark.tvm("0.16")

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
OLD, NOW = "hhb-tvm==0.14.0", "hhb-tvm==0.16.dev0"
SMALL = (16, 16, 16, "float32")

Compute = Callable[..., list[Any]]


@pytest.fixture
def workload() -> Iterator[Callable[[str, Compute], None]]:
    """Register the function of a workload for one test: `workload(name, function)`."""
    from tvm import auto_scheduler
    from tvm.auto_scheduler.workload_registry import WORKLOAD_FUNC_REGISTRY

    before = dict(WORKLOAD_FUNC_REGISTRY)
    yield lambda name, function: auto_scheduler.register_workload(name, function)
    WORKLOAD_FUNC_REGISTRY.clear()
    WORKLOAD_FUNC_REGISTRY.update(before)


@pytest.fixture
def matmul(workload: Any) -> Callable[..., Any]:
    """Makes the task of a matrix product, of which the logs are: `matmul(64, 256, 512)`."""

    def an_matmul(rows: int, inner: int, columns: int, dtype: str) -> list[Any]:
        from tvm import te

        a, b = te.placeholder((rows, inner), dtype, "a"), te.placeholder((inner, columns), dtype, "b")
        k = te.reduce_axis((0, inner), name="k")
        c = te.compute((rows, columns), lambda i, j: te.sum(a[i, k] * b[k, j], axis=k), name="c")
        return [a, b, c]

    workload("an_matmul", an_matmul)
    return lambda *shape, target=TARGET: search_task(func="an_matmul", args=(*shape, "float32"), target=target)


def search_task(target: str = TARGET, **told: Any) -> Any:
    import tvm
    from tvm import auto_scheduler

    return auto_scheduler.SearchTask(target=tvm.target.Target(target), **told)


class Counting:
    """Stands for TVM's local builder and runner: builds nothing, and gives the run times that it is told."""

    def __init__(self) -> None:
        self.built = self.run_ = 0
        self.costs: list[float] = [2e-3, 4e-3]
        self.error = (0, "")

    def build(self, inputs: Sequence[Any], *how: Any) -> list[Any]:
        from tvm.auto_scheduler.measure import BuildResult

        self.built += len(inputs)
        return [BuildResult("", [], *self.error, 0.01) for _ in inputs]

    def run(self, inputs: Sequence[Any], builds: Sequence[Any], *how: Any) -> list[Any]:
        from tvm.auto_scheduler.measure import MeasureResult

        self.run_ += len(inputs)
        return [MeasureResult(self.costs, *self.error, 0.01, 1.7e9) for _ in inputs]


@pytest.fixture
def counting() -> Iterator[Counting]:
    """TVM looks its local builder and runner up by name."""
    import tvm

    found = Counting()
    names = {"auto_scheduler.local_builder.build": found.build, "auto_scheduler.local_runner.run": found.run}
    before = {name: tvm.get_global_func(name) for name in names}
    for name, function in names.items():
        tvm.register_func(name, function, override=True)
    yield found
    for name, function in before.items():
        tvm.register_func(name, function, override=True)


def measuring() -> dict[str, Any]:
    """Really, but briefly."""
    from tvm.auto_scheduler import LocalBuilder, LocalRunner

    builder = LocalBuilder(timeout=60, n_parallel=2)
    return {"builder": builder, "runner": LocalRunner(timeout=30, number=1, repeat=1, min_repeat_ms=0)}


def line(task: Any, *steps: list[Any], layouts: int | None = None) -> str:
    """What a tuner would have logged of a state made by these steps."""
    from tvm.auto_scheduler.measure import MeasureInput, MeasureResult
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    untouched = MeasureInput(task, task.compute_dag.get_init_state())
    document = json.loads(dump_record_to_string(untouched, MeasureResult([1e-3], 0, "", 0.1, 1.6e9)))
    document["i"][1][1] = list(steps)
    if layouts is not None:
        document["i"][0][4] = layouts
    return json.dumps(document)


def imported(library: ConfigLibrary, folder: Path, lines: Sequence[str], target: str = TARGET) -> list[TuningRecord]:
    """The records of a library that a log of an older TVM was imported into."""
    log = folder / "old.json"
    log.write_text("".join(each + "\n" for each in lines))
    library.import_logs(log, tvm=OLD, platform="bench")
    with library._view.reading() as contents:
        return list(_all(contents))


def _all(contents: Contents) -> Iterator[TuningRecord]:
    for outline in contents.outlines:
        for entry in contents.segment(outline.header.id, with_records=True).tasks:
            yield from (stored.record for stored in entry.records)


def remeasured(
    library: ConfigLibrary, task: Any, records: Sequence[TuningRecord], **told: Any
) -> tuple[list[Remeasured], list[TuningRecord]]:
    """What came of measuring again, and what was logged of it."""
    with library.job(str(task.target), platform="bench") as job:
        results = list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told)))
        return results, job.logged()


def kinds(results: Sequence[Remeasured]) -> list[str | None]:
    return [result.failure.kind if result.failure else None for result in results]


# What holds


@pytest.mark.parametrize(
    ("shape", "count"),
    [((128, 128, 128), 4), ((64, 256, 512), 1), pytest.param((128, 128, 128), 24, marks=pytest.mark.soak)],
)
def test_the_states_of_a_real_log_replay_and_are_right(
    shape: tuple[int, int, int],
    count: int,
    library: ConfigLibrary,
    logs: Path,
    tmp_path: Path,
    matmul: Any,
    counting: Counting,
) -> None:
    old = (logs / "ansor/mm_{}x{}x{}.json".format(*shape)).read_text().replace("skylake-avx512", "haswell")
    path = tmp_path / "old.json"
    path.write_text("".join(old.splitlines(keepends=True)[:count]))
    library.import_logs(path, tvm=OLD, platform="bench")
    assert library.best(tvm=NOW) == []
    records = [record for _, record in read_log(survey(path, Leniency()), Leniency(), Remarks())]
    results, logged = remeasured(library, matmul(*shape), records)
    assert results == [Remeasured((2e-3, 4e-3), checked=True)] * count
    assert (counting.built, counting.run_) == (count, count)
    assert [record.config for record in logged] == [record.config for record in records]
    assert {record.workload for record in logged} == {record.workload for record in records}
    (best,) = library.best(tvm=NOW)
    assert (best.grade, best.cost) == ("exact", 3e-3)


def test_a_state_is_really_measured(library: ConfigLibrary, logs: Path, tmp_path: Path, matmul: Any) -> None:
    first = (logs / "ansor/mm_128x128x128.json").read_text().replace("skylake-avx512", "haswell").splitlines()[0]
    task = matmul(128, 128, 128)
    records = imported(library, tmp_path, [first])
    with library.job(TARGET, platform="bench") as job:
        results = FAMILY.remeasure(job.journal, task, records, HowToMeasure(**measuring()))
        result = next(results)
        assert result.costs == pytest.approx(job.measured(task)[0].costs, rel=1e-4)  # TVM rounds what it logs
        assert list(results) == []
        costs = FAMILY.measure_untuned(job.journal, task, HowToMeasure(**measuring()))
        assert len(job.logged()) == 1
    assert all(0 < cost < 1 for cost in (*(result.costs or (0,)), *costs))


def test_a_state_that_rewrites_layouts_is_compared_and_measured(library: ConfigLibrary, tmp_path: Path) -> None:
    from tvm import IRModule, auto_scheduler, relay, target

    x, w = relay.var("x", shape=(1, 8, 8, 4)), relay.var("w", shape=(3, 3, 4, 8))
    layer = relay.nn.conv2d(
        x, w, padding=(1, 1), channels=8, kernel_size=(3, 3), data_layout="NHWC", kernel_layout="HWIO"
    )
    (task,), _ = auto_scheduler.extract_tasks(IRModule.from_expr(layer), None, target.Target(TARGET))
    conv = next(at for at, stage in enumerate(task.compute_dag.get_init_state().stages) if "conv2d" in stage.op.name)
    split, other = ["SP", conv, 3, 8, [4], 1], ["SP", conv, 3, 8, [2], 1]
    skip = ["PR", conv, 0, "debug_skip_region"]
    rewriting = auto_scheduler.LayoutRewriteOption.REWRITE_FOR_PRE_TRANSFORMED
    assert task.layout_rewrite_option == rewriting
    records = imported(library, tmp_path, [line(task, split), line(task, split, skip), line(task, other, layouts=0)])
    results, logged = remeasured(library, task, records, **measuring())
    assert dict(zip(map(steps, records), kinds(results), strict=True)) == {
        json.dumps([split]): None,
        json.dumps([split, skip]): "wrong_answer",
        json.dumps([other]): None,
    }
    rewritten = {steps(record): json.loads(record.native)["i"][0][4] == rewriting for record in logged}
    assert rewritten == {json.dumps([split]): True, json.dumps([split, skip]): True, json.dumps([other]): False}


def test_inputs_that_cannot_be_random_are_the_tasks_own(
    library: ConfigLibrary, tmp_path: Path, workload: Any, counting: Counting
) -> None:
    import numpy
    import tvm

    def an_gather(size: int) -> list[Any]:
        from tvm import te

        table = te.placeholder((size,), "float32", "table")
        places = te.placeholder((size,), "float32", "places")
        return [
            table,
            places,
            te.compute((size,), lambda i: table[(places[i] * 1e15).astype("int64").astype("int32")], name="c"),
        ]

    workload("an_gather", an_gather)
    zeros = {"places": tvm.nd.array(numpy.zeros(64, "float32"))}
    told = {"func": "an_gather", "args": (64,)}
    records = imported(library, tmp_path, [line(search_task(**told), ["SP", 2, 0, 64, [4], 1])])
    results, _ = remeasured(library, search_task(**told, task_inputs=zeros), records)
    assert kinds(results) == [None]
    with pytest.raises(TvmError, match="the process that tried it died"):
        remeasured(library, search_task(**told), records)


# What is refused

#: Steps, and what is said of the state that they make of a product of 16 x 16 x 16.
REFUSED: list[tuple[list[list[Any]], str, str]] = [
    (
        [["PR", 2, 0, "debug_skip_region"]],
        "wrong_answer",
        "argument 2: 256 of 256 numbers are wrong, with the largest ",
    ),
    ([["SP", 9, 0, 16, [4], 1]], "instantiation", "indexing 9 on an array of size 3"),
    ([["AN", 2, 0, 5]], "compile_host", "not implemented"),  # a thread of a GPU
    ([["CI", 2]], "runtime_device", "the process that tried it died"),  # the output inlined
]


def test_what_fails_or_computes_something_else_is_refused_unmeasured(
    library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting
) -> None:
    task = matmul(16, 16, 16)
    good = ["SP", 2, 0, 16, [4], 1]
    records = imported(library, tmp_path, [line(task, good), *(line(task, *steps) for steps, _, _ in REFUSED)])
    results, logged = remeasured(library, task, records)
    by_steps = {steps(record): result for record, result in zip(records, results, strict=True)}
    assert by_steps.pop(json.dumps([good])) == Remeasured((2e-3, 4e-3), checked=True)
    assert not any(result.checked for result in by_steps.values())
    for made, kind, said in REFUSED:
        failure = by_steps.pop(json.dumps(made)).failure
        assert failure is not None
        assert (failure.kind, said in failure.text) == (kind, True)
    assert (counting.built, counting.run_) == (1, 1)
    assert sorted(filter(None, (record.error for record in logged))) == sorted(kind for _, kind, _ in REFUSED)


def test_what_the_builder_says_is_passed_on(library: ConfigLibrary, tmp_path: Path, matmul: Any) -> None:
    task = matmul(16, 16, 16)
    made = [made for made, _, _ in REFUSED[1:3]]
    records = imported(library, tmp_path, [line(task, *each) for each in made])
    results, logged = remeasured(library, task, records, check=False, **measuring())
    failures = {steps(record): result.failure for record, result in zip(records, results, strict=True)}
    said = [failures[json.dumps(each)] for each in made]
    assert [failure and failure.kind for failure in said] == ["instantiation", "compile_host"]
    assert all(failure and words in failure.text for failure, (_, _, words) in zip(said, REFUSED[1:3], strict=True))
    assert [record.error for record in logged] == kinds(results)


def steps(record: TuningRecord) -> str:
    return json.dumps(json.loads(record.native)["i"][1][1])


def test_a_step_that_this_tvm_does_not_know_leaves_nothing_to_log(
    library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting
) -> None:
    task = matmul(16, 16, 16)
    (record,) = imported(library, tmp_path, [line(task, ["SP", 2, 0, 16, [4], 1])])
    unknown = record._replace(native=record.native.replace(b'"SP"', b'"XX"'))
    results, logged = remeasured(library, task, [unknown, record])
    assert results == [
        Remeasured(None, Failure("instantiation", "TVMError: Invalid step format: XX")),
        Remeasured((2e-3, 4e-3), checked=True),
    ]
    assert [each.config for each in logged] == [record.config]
    assert remeasured(library, task, [unknown]) == (results[:1], [])


@pytest.mark.parametrize("costs", [[], [0.0], [-1.0], [float("nan")], [float("inf")], [1e-3, 1e10]])
def test_what_can_be_no_run_time_is_a_failure(
    costs: list[float], library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting
) -> None:
    task = matmul(16, 16, 16)
    records = imported(library, tmp_path, [line(task, ["SP", 2, 0, 16, [4], 1])])
    counting.costs = costs
    results, (logged,) = remeasured(library, task, records, check=False)
    assert results == [Remeasured(None, Failure("unknown", f"the runner gave run times of {costs} s"))]
    assert logged.error == "unknown"


# What is not compared


def test_without_anything_to_compare_with_nothing_is_measured(
    library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting
) -> None:
    task = matmul(16, 16, 16)
    records = imported(library, tmp_path, [line(task, ["SP", 2, 0, 16, [4], 1])])
    with pytest.raises(TvmError, match=r"untuned, trying it took longer than 1e-06 s\n.*check=False"):
        remeasured(library, task, records, check_timeout=1e-6)
    assert counting.built == 0
    results, _ = remeasured(library, task, records, check_timeout=1e-6, check=False)
    assert results == [Remeasured((2e-3, 4e-3), checked=False)]


def test_what_is_for_another_machine_is_left_to_its_runner(
    library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting
) -> None:
    task = matmul(16, 16, 16, target="llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72")
    records = imported(library, tmp_path, [line(task, ["PR", 2, 0, "debug_skip_region"])])
    results, _ = remeasured(library, task, records)
    assert results == [Remeasured((2e-3, 4e-3), checked=False)]


def test_a_gpu_is_left_to_its_runner_because_untuned_nothing_can_be_built_for_it(
    library: ConfigLibrary, tmp_path: Path, matmul: Any, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tvm.auto_scheduler import HardwareParams

    matmul(16, 16, 16)
    hardware = HardwareParams(-1, 16, 64, 49152, 65536, 1024, 8, 32)  # TVM would ask the GPU
    task = search_task(func="an_matmul", args=SMALL, target="cuda -arch=sm_80", hardware_params=hardware)
    records = imported(library, tmp_path, [line(task, ["PR", 2, 0, "debug_skip_region"])])
    monkeypatch.setattr("tvmgitlib.live.ansor.remeasure.detect_for", lambda _: detect_platform())
    results, _ = remeasured(library, task, records)
    assert results == [Remeasured((2e-3, 4e-3), checked=False)]


def test_a_task_that_cannot_be_measured_untuned_says_why(
    library: ConfigLibrary, matmul: Any, counting: Counting
) -> None:
    counting.error = (2, "Traceback\n  0: somewhere\nTVMError: no such compiler\n")
    with (
        library.job(TARGET, platform="bench") as job,
        pytest.raises(TvmError, match=r"an_matmul.* cannot be measured untuned: TVMError: no such compiler"),
    ):
        FAMILY.measure_untuned(job.journal, matmul(16, 16, 16), HowToMeasure())


# Tasks from records


def test_a_task_is_made_from_a_record_of_a_registered_workload(
    library: ConfigLibrary, tmp_path: Path, matmul: Any
) -> None:
    task = matmul(16, 16, 16)
    (record,) = imported(library, tmp_path, [line(task, ["SP", 2, 0, 16, [4], 1], layouts=0)])
    made = FAMILY.task_of(record)
    assert FAMILY.identify(made, None) == FAMILY.identify(task, None)
    assert made.layout_rewrite_option == 0


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ('["unheard_of", 16]', "KeyError: 'unheard_of'\nGive the task: auto_scheduler.extract_tasks"),
        ('["an_matmul", 16]', "missing 3 required positional arguments"),
    ],
)
def test_a_task_that_cannot_be_made_from_its_record_says_why(
    key: str, why: str, library: ConfigLibrary, tmp_path: Path, matmul: Any
) -> None:
    document = json.loads(line(matmul(16, 16, 16), ["SP", 2, 0, 16, [4], 1]))
    document["i"][0][0] = key
    (record,) = imported(library, tmp_path, [json.dumps(document)])
    with pytest.raises(TvmError, match="cannot be made from what is on record") as raised:
        FAMILY.task_of(record)
    assert why in str(raised.value)
