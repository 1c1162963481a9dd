"""AutoTVM configs on record measured again on a real TVM: what holds, what is refused, and what a kernel may break."""

from __future__ import annotations

import json
import runpy
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs import stored_records
from tvmgitlib.live.autotvm.family import FAMILY
from tvmgitlib.live.common.base import Failure, HowToMeasure, Remeasured
from tvmgitlib.model import TuningRecord, TvmError

pytestmark = pytest.mark.tvm("0.16")

work = runpy.run_path(str(Path(__file__).parent / "autotvm_job.py"))
TARGET: str = work["TARGET"]
OLD, NOW = "hhb-tvm==0.14.0", "hhb-tvm==0.16.dev0"

Template = Callable[..., tuple[Any, list[Any]]]


class Counting(work["Pretending"]):  # type: ignore[misc]  # runpy's names have no types
    """Pretends to measure, and remembers what it was asked to build and to run, and how."""

    def __init__(self, *costs: float) -> None:
        self.built: list[str] = []
        self.run_: list[str] = []
        self.in_tuning: list[bool] = []
        self.costs = costs

    @property
    def option(self) -> dict[str, Any]:
        return {"builder": self, "runner": self}

    def build(self, inputs: Sequence[Any]) -> list[str]:
        from tvm.autotvm.env import GLOBAL_SCOPE

        self.built += [str(one.config) for one in inputs]
        self.in_tuning.append(GLOBAL_SCOPE.in_tuning)
        return ["built"] * len(inputs)

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        from tvm.autotvm.measure import MeasureResult

        self.run_ += [str(one.config) for one in inputs]
        return [MeasureResult(self.costs, 0, 0.01, time.time()) for _ in inputs]


@pytest.fixture
def counting() -> Counting:
    return Counting(2e-3, 4e-3)


@pytest.fixture
def template() -> Iterator[Callable[[str, Template], Any]]:
    """Register a template for one test, and make its task for a target: `template(name, function)(*args)`."""
    from tvm import autotvm
    from tvm.autotvm.task.task import TASK_TABLE

    added: list[str] = []

    def register(name: str, function: Template, target: str = TARGET) -> Any:
        autotvm.template(name, function)
        added.append(name)
        return lambda *args: autotvm.task.create(name, args, target)

    yield register
    for name in added:
        del TASK_TABLE[name]


#: What knob `kind` of the template makes of a kernel. Only the first two compute what they should.
KINDS = ["plain", "right", "wrong", "crash", "hang", "no build", "no function", "refused"]


def doubling() -> Template:
    """A template that doubles numbers; a function in a function, so that other processes get it by value."""

    def double(size: int) -> tuple[Any, list[Any]]:
        from tvm import autotvm, te, tir

        config = autotvm.get_config()
        config.define_knob("kind", ["plain", "right", "wrong", "crash", "hang", "no build", "no function", "refused"])
        a = te.placeholder((size,), name="a")
        kind = config["kind"].val
        extra: Any = {
            "wrong": tir.const(1e-2, "float32"),
            "crash": tir.call_extern("int32", "abort").astype("float32"),
            "hang": tir.call_extern("int32", "sleep", 1000).astype("float32"),
            "no build": te.var("unbound").astype("float32"),
            "no function": tir.call_packed("there.is.no.such.function").astype("float32"),
        }.get(kind, tir.const(0, "float32"))
        b = te.compute((size,), lambda i: a[i] * 2 + extra, name="b")
        schedule = te.create_schedule(b.op)
        config.define_split("tile", schedule[b].op.axis[0], num_outputs=2)
        config["tile"].apply(schedule, b, schedule[b].op.axis[0])
        if kind == "refused":
            config.raise_error("this one is never right")
        config.add_flop(2 * size)
        return schedule, [a, b]

    return double


def lines(task: Any, configs: Sequence[Any], version: str = "0.14.0") -> list[str]:
    """What a TVM of another version had logged of these configs: 1 ms each, a bit more from one to the next."""
    from tvm.autotvm.measure import MeasureInput, MeasureResult
    from tvm.autotvm.record import encode

    made = []
    for at, config in enumerate(configs):
        result = MeasureResult((1e-3 * (1 + at / 10),), 0, 0.1, 1.6e9 + at)
        line = json.loads(encode(MeasureInput(task.target, task, config), result))
        made.append(json.dumps({**line, "tvm_version": version}))
    return made


def configs(task: Any, **knobs: Sequence[Any]) -> list[Any]:
    """The first config of a task's space for each of the values of a knob."""
    ((name, values),) = knobs.items()
    space = task.config_space
    found = (space.get(index) for index in range(len(space)))
    by_value: dict[Any, Any] = {}
    for config in found:
        by_value.setdefault(config[name].val, config)
    return [by_value[value] for value in values]


def imported(library: ConfigLibrary, folder: Path, logged: Sequence[str], task: Any) -> list[TuningRecord]:
    """The records of a library that a log of an older TVM was imported into."""
    log = folder / "old.log"
    log.write_text("".join(line + "\n" for line in logged))
    library.import_logs(log, tvm=OLD, platform="bench")
    with library.job(TARGET, platform="bench") as job:
        place = job.place(task)
    with library._view.reading() as contents:
        return [stored.record for stored in stored_records(contents, place)]


def remeasured(library: ConfigLibrary, task: Any, records: Sequence[TuningRecord], **told: Any) -> list[Remeasured]:
    with library.job(TARGET, platform="bench") as job:
        return list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told)))


def kinds(results: Sequence[Remeasured]) -> list[str | None]:
    return [result.failure.kind if result.failure else None for result in results]


def logged(library: ConfigLibrary, task: Any, records: Sequence[TuningRecord], **told: Any) -> list[TuningRecord]:
    """What a job has logged of records measured again."""
    with library.job(TARGET, platform="bench") as job:
        list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told)))
        return job.measured(task)


# What holds


def test_records_of_another_tvm_are_measured_once_each_and_are_exact_then(
    library: ConfigLibrary, tmp_path: Path, counting: Counting
) -> None:
    import tvm

    task = work["tasks"]()[0]
    old = [json.loads(line) for line in lines(task, [task.config_space.get(index) for index in (3, 5, 8)])]
    old[0]["config"] |= {"index": 999_999_999, "code_hash": "f00"}  # of a space of then
    records = imported(library, tmp_path, list(map(json.dumps, old)), task)
    assert library.best(tvm=NOW) == []
    assert len(records) == 3

    with library.job(TARGET, platform="bench") as job:
        results = FAMILY.remeasure(job.journal, task, records, HowToMeasure(measure_option=counting.option))
        first = next(results)
        assert len(job.measured(task)) == 3
        assert [first, *results] == [Remeasured((2e-3, 4e-3), checked=True)] * 3
        measured = job.measured(task)
    assert (len(counting.built), len(counting.run_)) == (3, 3)
    assert counting.in_tuning == [True]
    from tvm.autotvm.env import GLOBAL_SCOPE

    assert GLOBAL_SCOPE.in_tuning is False

    assert [record.config for record in measured] == [record.config for record in records]
    documents = [json.loads(record.native) for record in measured]
    assert {document["tvm_version"] for document in documents} == {tvm.__version__}
    by_entity = {json.dumps(document["config"]["entity"]): document["config"] for document in documents}
    for index in (3, 5, 8):
        today = json.loads(json.dumps(task.config_space.get(index).to_json_dict()))
        assert by_entity[json.dumps(today["entity"])] == today
    (best,) = library.best(tvm=NOW)
    assert (best.grade, best.cost) == ("exact", 3e-3)


def test_a_logged_convolution_is_really_measured(library: ConfigLibrary, logs: Path, tmp_path: Path) -> None:
    """Its arguments have layouts of the config: in tuning all of them, in a build only the output's."""
    old = (logs / "autotvm/t2_conv2d_NCHWc_x86_grid.log").read_text().splitlines()
    blocks = {json.loads(line)["config"]["entity"][1][2][1]: line for line in old}
    chosen = [blocks[block].replace("skylake-avx512", "haswell").replace("0.16.dev0", "0.14.0") for block in (2, 8)]
    path = tmp_path / "old.log"
    path.write_text("\n".join(chosen) + "\n")
    library.import_logs(path, tvm=OLD, platform="bench")
    with library._view.reading() as contents, library.job(TARGET, platform="bench") as job:
        (place,) = {job.place(FAMILY.task_of(record)) for record in _all(contents)}
        records = [stored.record for stored in stored_records(contents, place)]
        task = FAMILY.task_of(records[0])
        assert FAMILY.identify(task, None)[1] == records[0].workload
    results = remeasured(library, task, records, measure_option=work["local"]())
    assert kinds(results) == [None, None]
    assert all(0 < cost < 1 for result in results for cost in result.costs or (0,))


def _all(contents: Any) -> Iterator[TuningRecord]:
    for outline in contents.outlines:
        for entry in contents.segment(outline.header.id, with_records=True).tasks:
            yield from (stored.record for stored in entry.records)


# What is refused


def test_what_fails_or_computes_something_else_is_refused_unmeasured(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    records = imported(library, tmp_path, lines(task, configs(task, kind=KINDS[1:])), task)
    order = [json.loads(record.native)["config"]["entity"][0][2] for record in records]
    with library.job(TARGET, platform="bench") as job:
        told = {"measure_option": counting.option, "check_timeout": 10}
        results = dict(zip(order, FAMILY.remeasure(job.journal, task, records, HowToMeasure(**told)), strict=True))
        errors = dict(zip(order, (record.error for record in job.measured(task)), strict=True))
    said = {kind: (result.failure.kind, result.failure.text) for kind, result in results.items() if result.failure}
    assert results["right"] == Remeasured((2e-3, 4e-3), checked=True)
    assert [kind for kind, result in results.items() if result.checked] == ["right"]
    assert {kind: failure for kind, (failure, _) in said.items()} == {
        "wrong": "wrong_answer",
        "crash": "runtime_device",
        "hang": "run_timeout",
        "no build": "compile_host",
        "no function": "runtime_device",
        "refused": "instantiation",
    }
    assert errors == {"right": None} | {kind: failure for kind, (failure, _) in said.items()}
    assert said["wrong"][1].startswith("argument 1: 64 of 64 numbers are wrong, with the largest difference 0.01")
    assert said["crash"][1] == "the process that tried it died"
    assert said["hang"][1] == "trying it took longer than 10 s"
    assert "unbound" in said["no build"][1]
    assert "there.is.no.such.function" in said["no function"][1]
    assert said["refused"][1].endswith("InstantiationError: this one is never right")
    assert len(counting.run_) == 1
    (best,) = library.best(tvm=NOW)
    assert best.record["config"]["entity"][0] == ["kind", "ot", "right"]


def test_what_the_builder_and_the_runner_say_is_passed_on(
    library: ConfigLibrary, tmp_path: Path, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    records = imported(library, tmp_path, lines(task, configs(task, kind=["no build", "no function", "refused"])), task)
    order = [json.loads(record.native)["config"]["entity"][0][2] for record in records]
    results = remeasured(library, task, records, measure_option=work["local"](), check=False)
    failures = dict(zip(order, (result.failure for result in results), strict=True))
    assert {kind: failure.kind for kind, failure in failures.items() if failure} == {
        "no build": "compile_host",
        "no function": "runtime_device",
        "refused": "instantiation",
    }
    said = {kind: failure.text for kind, failure in failures.items() if failure}
    assert "unbound" in said["no build"]
    assert "there.is.no.such.function" in said["no function"]
    assert "never right" in said["refused"]
    assert "\n" not in "".join(said.values())


def test_a_config_that_the_template_no_longer_takes_is_refused(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    (line,) = lines(task, configs(task, kind=["right"]))
    changes = [("tile", "renamed"), ('"sp", [-1, 1]', '"sp", [-1, 1, 1]'), ('"sp", [-1, 1]', '"ot", 4')]
    records = imported(library, tmp_path, [line.replace(*change) for change in changes], task)
    results = remeasured(library, task, records, measure_option=counting.option)
    assert [result.failure for result in results] == [
        *[Failure("instantiation", "the template has changed since: its knobs renamed, tile are other ones")],
        *[Failure("instantiation", "the template has changed since: its knobs tile are other ones")] * 2,
    ]
    assert (counting.built, counting.run_) == ([], [])
    assert library.trials()[0].errors == {"instantiation": 3}


def test_a_value_that_is_no_candidate_any_more_is_tried(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    (line,) = lines(task, configs(task, kind=["right"]))
    records = imported(library, tmp_path, [line.replace("[-1, 1]", "[-1, 7]")], task)
    assert kinds(remeasured(library, task, records, measure_option=counting.option)) == [None]


@pytest.mark.parametrize("costs", [(), (0.0,), (-1.0,), (float("nan"),), (float("inf"),), (1e-3, 1e9)])
def test_what_can_be_no_run_time_is_a_failure(
    costs: tuple[float, ...], library: ConfigLibrary, tmp_path: Path, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    records = imported(library, tmp_path, lines(task, configs(task, kind=["right"])), task)
    option = Counting(*costs).option
    (record,) = logged(library, task, records, measure_option=option, check=False)
    assert record.error == "unknown"
    (result,) = remeasured(library, task, records, measure_option=option, check=False)
    assert result.failure == Failure("unknown", f"the runner gave run times of {list(costs)} s")


# What cannot be compared


def test_a_task_without_a_right_fallback_is_not_compared_unless_told_so(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    def never(size: int) -> tuple[Any, list[Any]]:
        from tvm import autotvm

        config = autotvm.get_config()
        config.define_knob("kind", [1, 2])
        if config.is_fallback:
            raise ValueError("nothing to fall back to")
        return double(size)

    double = doubling()
    task = template("remeasure/never", never)(64)
    records = imported(library, tmp_path, lines(task, [task.config_space.get(1)]), task)
    with pytest.raises(TvmError, match=r"untuned, ValueError: nothing to fall back to\n.*check=False"):
        remeasured(library, task, records, measure_option=counting.option)
    assert counting.built == []
    unchecked = remeasured(library, task, records, measure_option=counting.option, check=False)
    assert unchecked == [Remeasured((2e-3, 4e-3), checked=False)]


def test_configs_with_other_arguments_are_not_compared(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    def packed(size: int) -> tuple[Any, list[Any]]:
        from tvm import autotvm, te

        config = autotvm.get_config()
        config.define_knob("pack", [1, 4])
        config.add_flop(size)
        pack = config["pack"].val
        a = te.placeholder((size // pack, pack), name="a")
        b = te.compute(a.shape, lambda i, j: a[i, j] + 1, name="b")
        return te.create_schedule(b.op), [a, b]

    task = template("remeasure/packed", packed)(64)
    records = imported(library, tmp_path, lines(task, [task.config_space.get(1)]), task)
    with pytest.raises(TvmError, match=r"takes other arguments .* cannot be compared\n.*check=False"):
        remeasured(library, task, records, measure_option=counting.option)
    assert counting.built == []


def test_what_is_for_another_machine_is_left_to_its_runner(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any
) -> None:
    target = "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72"
    task = template("remeasure/double", doubling(), target)(64)
    path = tmp_path / "old.log"
    path.write_text("\n".join(lines(task, configs(task, kind=["wrong"]))) + "\n")
    library.import_logs(path, tvm=OLD, platform="board")
    with library._view.reading() as contents:
        records = list(_all(contents))
    with library.job(target, platform="board") as job:
        results = list(FAMILY.remeasure(job.journal, task, records, HowToMeasure(measure_option=counting.option)))
    assert results == [Remeasured((2e-3, 4e-3), checked=False)]


def test_the_users_own_errors_come_through_and_nothing_is_logged(
    library: ConfigLibrary, tmp_path: Path, counting: Counting, template: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tvm.autotvm.env import GLOBAL_SCOPE

    class BoardError(Exception):
        pass

    def unplugged(inputs: Any, builds: Any) -> Any:
        raise BoardError

    task = template("remeasure/double", doubling())(64)
    records = imported(library, tmp_path, lines(task, configs(task, kind=["right"])), task)
    monkeypatch.setattr(counting, "run", unplugged)
    with library.job(TARGET, platform="bench") as job:
        with pytest.raises(BoardError):
            list(
                FAMILY.remeasure(job.journal, task, records, HowToMeasure(measure_option=counting.option, check=False))
            )
        assert job.logged() == []
    assert GLOBAL_SCOPE.in_tuning is False


def test_a_task_that_was_read_from_a_log_has_no_space(library: ConfigLibrary, tmp_path: Path, template: Any) -> None:
    from tvm.autotvm.record import decode

    task = template("remeasure/double", doubling())(64)
    records = imported(library, tmp_path, lines(task, configs(task, kind=["right"])), task)
    read = decode(records[0].native.decode())[0].task
    with library.job(TARGET, platform="bench") as job:
        with pytest.raises(TvmError, match="has no space"):
            list(FAMILY.remeasure(job.journal, read, records, HowToMeasure()))
        with pytest.raises(TvmError, match="has no space"):
            FAMILY.measure_untuned(job.journal, read, HowToMeasure())


# Untuned


def test_the_fallback_config_is_measured_and_not_logged(library: ConfigLibrary, template: Any) -> None:
    task = template("remeasure/double", doubling())(64)
    with library.job(TARGET, platform="bench") as job:
        costs = FAMILY.measure_untuned(job.journal, task, HowToMeasure())
        assert job.logged() == []
    assert all(0 < cost < 1 for cost in costs)


def test_a_fallback_config_that_cannot_be_built_says_why(library: ConfigLibrary, template: Any) -> None:
    def broken(size: int) -> tuple[Any, list[Any]]:
        from tvm import autotvm

        config = autotvm.get_config()
        if config.is_fallback:
            config.raise_error("there is no such thing")
        return double(size)

    double = doubling()
    task = template("remeasure/broken", broken)(64)
    with library.job(TARGET, platform="bench") as job, pytest.raises(TvmError, match=r"untuned: .*there is no such"):
        FAMILY.measure_untuned(job.journal, task, HowToMeasure(measure_option=work["local"]()))


# Tasks from records


def test_a_task_is_made_from_a_record_of_a_registered_template(
    library: ConfigLibrary, tmp_path: Path, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    (record,) = imported(library, tmp_path, lines(task, configs(task, kind=["right"])), task)
    made = FAMILY.task_of(record)
    assert (made.workload, str(made.target)) == (task.workload, str(task.target))
    assert len(made.config_space) == len(task.config_space)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('"remeasure/double"', '"remeasure/treble"'), "knows no template remeasure/treble\nGive the task, or import"),
        (("[64]", '["x", 64]'), r"remeasure/double does not take what is on record: .*\nGive the task"),
        (("[64], {}", '[64], {"n": 1}'), "arguments by name"),
    ],
)
def test_a_task_that_cannot_be_made_from_its_record_says_why(
    change: tuple[str, str], why: str, library: ConfigLibrary, tmp_path: Path, template: Any
) -> None:
    task = template("remeasure/double", doubling())(64)
    (line,) = lines(task, configs(task, kind=["right"]))
    assert change[0] in line
    path = tmp_path / "old.log"
    path.write_text(line.replace(*change) + "\n")
    library.import_logs(path, tvm=OLD, platform="bench")
    with library._view.reading() as contents:
        (record,) = _all(contents)
    with pytest.raises(TvmError, match=why):
        FAMILY.task_of(record)
