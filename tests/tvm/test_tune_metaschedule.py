"""MetaSchedule on a real TVM: killed and resumed, why trials failed, and the library's schedules in a build.

Measuring is not the point here, so the builder and runner only pretend; search, databases and builds are TVM's own.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.families.metaschedule import ERROR_FILE, RECORD_FILE, WORKLOAD_FILE
from tvmgitlib.live.at_hand import tvm_check
from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule, structural_equal, structural_hash
from tvmgitlib.model import JobError, TargetError, TvmError

pytestmark = pytest.mark.tvm("0.16", "0.25", "0.27")

SCRIPT = Path(__file__).parent / "metaschedule_job.py"

work = SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture
def target() -> Any:
    return work.live_target()


def tune(library: ConfigLibrary, function: Any, trials: int = 8, target: Any = None, **changed: Any) -> Any:
    """A job of one function, on the platform `board`."""
    target = target or work.live_target()
    with library.job(target, platform="board") as job:
        job.tune_tir(function, trials, **work.told(**changed))
    return job


def stock(folder: Path, function: Any, target: Any, trials: int = 8, **changed: Any) -> Any:
    """The same without a library."""
    options = {"work_dir": str(folder), "max_trials_global": trials, **work.told(**changed)}
    return meta_schedule().tune_tir(function, target, **options)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


# Identity


def renamed(function: Any) -> Any:
    return function.with_attr("global_symbol", "matmul")


@pytest.mark.parametrize("change", [lambda function: function, renamed], ids=["main", "matmul"])
def test_a_function_is_known_by_the_name_that_tvm_writes(
    library: ConfigLibrary, tmp_path: Path, target: Any, change: Callable[[Any], Any]
) -> None:
    function = change(work.matmul(16))
    stock(tmp_path, function, target, 4)
    library.import_logs(tmp_path, platform="board")
    with library.job(target, platform="board", resume=False) as job:
        for task in (function, type_of_module()({"other": function})):
            assert job.effort(task).trials == 4
        assert not job.is_tuned(function.with_attr("global_symbol", "another"), 1)
        job.tune_tir(work.matmul(8), 1, **work.told())


def type_of_module() -> Any:
    import tvm

    return tvm.IRModule


@pytest.mark.tvm("0.25", "0.27")
def test_an_extracted_task_is_known_by_the_name_that_tvm_writes(
    library: ConfigLibrary, tmp_path: Path, target: Any
) -> None:
    from tvm import relax

    module = relax.get_pipeline("zero")(network())
    tasks = meta_schedule().relax_integration.extract_tasks(module, target)
    options = {"work_dir": str(tmp_path), "max_trials_global": 8, "max_trials_per_task": 4}
    meta_schedule().relax_integration.tune_relax(module, {}, target, **options, **work.told(num_tuning_cores=None))
    library.import_logs(tmp_path, platform="board")
    with library.job(target, platform="board") as job:
        assert len(tasks) == 2 and all(job.is_tuned(task, 4) for task in tasks)
        assert job.tune_relax(network(), {}, 8, **work.told(num_tuning_cores=None)) == 0
        job.tune_tir(work.matmul(8), 1, **work.told())


def test_a_job_that_is_finished_inside_its_block_is_over(library: ConfigLibrary, target: Any) -> None:
    with library.job(target, platform="board") as job:
        job.tune_tir(work.matmul(8), 4, **work.told())
        result = job.finish()
    assert [entry.job for entry in library.log()] == [result.job]
    with pytest.raises(ZeroDivisionError), library.job(target, platform="board") as job:
        job.finish()
        _ = 1 / 0
    assert not library.open_jobs()


def test_what_is_no_single_task_is_refused(library: ConfigLibrary, target: Any) -> None:
    with pytest.raises(TvmError, match="the module has 2"), library.job(target, platform="board") as job:
        job.is_tuned(work.two_functions(), 1)
    with pytest.raises(TargetError, match="does not say its target"):
        library.get_trials(work.matmul(8))
    with pytest.raises(TvmError, match="no measure option"):
        live_family().measure_option(job, None)


def live_family() -> Any:
    from tvmgitlib.live.metaschedule.family import FAMILY

    return FAMILY


# Interrupted and resumed


def batches(journal: Path) -> dict[int, list[str]]:
    """What was measured, by the number of the batch."""
    found: dict[int, list[str]] = {}
    for line in journal.read_text().splitlines():
        batch, name = line.split()
        found.setdefault(int(batch), []).append(name)
    return found


@pytest.mark.parametrize("kill_at", [pytest.param(2, marks=pytest.mark.soak), 4])
def test_after_a_kill_nothing_received_is_measured_again(
    library: ConfigLibrary, tmp_path: Path, kill_at: int, forked: Any
) -> None:
    command = [sys.executable, SCRIPT, library.path]
    killed = forked.run([*command, tmp_path / "first", "--kill-at", str(kill_at)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    first = batches(tmp_path / "first")
    assert [len(first[batch]) for batch in range(1, kill_at + 1)] == [4] * (kill_at - 1) + [2]
    received = [name for batch in range(1, kill_at) for name in first[batch]]
    # TVM's scheduler has not even seen the first results yet when the second batch is killed: it turns to each task
    # once before it looks. Here they are on the disk.
    (opened,) = library.open_jobs()
    assert len(lines(opened.work_dir / RECORD_FILE)) == len(received)

    resumed = forked.run([*command, tmp_path / "second"])
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.split()[-2:] == [str(work.TRIALS - len(received)), "True"]
    again = [name for names in batches(tmp_path / "second").values() for name in names]
    assert len(again) == work.TRIALS - len(received)
    assert not set(again) & set(received)
    (entry,) = [entry for entry in library.log() if entry.kind == "tune"]
    assert (entry.job, entry.trials, entry.workloads) == (opened.id, work.TRIALS, 2)
    assert library.open_jobs() == [] and library.check() == []


def test_without_the_record_the_same_schedules_are_measured_again(tmp_path: Path, target: Any) -> None:
    """That the test above could fail: TVM alone, going on in the database that it has written."""
    names: list[list[int]] = []
    for _ in range(2):
        names.append([])

        def measure(batch: int, name: int) -> float:
            names[-1].append(name)
            return float(work.cost(name))

        stock(tmp_path, work.matmul(16), target, runner=work.runner(measure))
    assert set(names[0]) & set(names[1])


def interrupted(library: ConfigLibrary, function: Any, target: Any, after: int = 2, **changed: Any) -> Any:
    """A job that an exception ends in its last batch."""

    def measure(batch: int, name: int) -> Any:
        return KeyboardInterrupt() if batch > after else work.cost(name)

    with pytest.raises(KeyboardInterrupt), library.job(target, platform="board") as job:
        job.tune_tir(function, 40, **work.told(runner=work.runner(measure), **changed))
    return job


@pytest.mark.tvm("0.25", "0.27")  # 0.16 does not let an interruption through its callbacks
def test_an_interruption_comes_out_as_it_was_and_the_job_is_resumed(library: ConfigLibrary, target: Any) -> None:
    first = interrupted(library, work.matmul(16), target)
    with library.job(target, platform="board") as job:
        assert (job.id, job.resumed) == (first.id, True)
        assert job.effort(work.matmul(16)).trials == 2 * work.BATCH
        assert job.tune_tir(work.matmul(16), 10, **work.told()) == 2
    assert (job.result.counts.read, job.result.counts.duplicates) == (10, 0)


@pytest.mark.tvm("0.25", "0.27")
def test_a_torn_line_is_cut_off_and_numbers_of_workloads_stay(library: ConfigLibrary, target: Any) -> None:
    first = interrupted(library, work.matmul(16), target)
    for name in (RECORD_FILE, WORKLOAD_FILE, ERROR_FILE):
        with (first.work_dir / name).open("ab") as file:
            file.write(b'[1, [[["GetSBl')
    with library.job(target, platform="board") as job:
        job.tune_tir(work.matmul(32), 4, **work.told())
        job.tune_tir(work.matmul(16), 10, **work.told())
        numbers = [json.loads(line)[0] for line in lines(job.work_dir / RECORD_FILE)]
        assert numbers == [0] * 8 + [1] * 4 + [0] * 2
        assert len(lines(job.work_dir / WORKLOAD_FILE)) == 2
        assert len(meta_schedule().database.JSONDatabase(work_dir=str(job.work_dir))) == 14  # and TVM reads it
    assert job.result.left_out == ()


def test_trials_on_record_count(library: ConfigLibrary, target: Any) -> None:
    function = work.matmul(32)
    tune(library, function, 8, target)
    with library.job(target, platform="board") as job:
        assert job.is_tuned(function, 8) and not job.is_tuned(function, 9)
        assert job.tune_tir(function, 8, **work.told()) == 0
        assert job.tune_tir(function, 12, **work.told()) == 4
        assert job.tune_tir(work.two_functions(), 100, max_trials_per_task=12, **work.told()) == 12
    (effort,) = [each for each in library.trials() if each.trials == 12 and len(each.jobs) == 2]
    assert effort.configs == 12


def context(function: Any, target: Any, **told: Any) -> Any:
    return meta_schedule().TuneContext(mod=function, target=target, **told)


def test_contexts_are_tuned_too(library: ConfigLibrary, target: Any) -> None:
    tasks = [
        context(work.matmul(size), target, space_generator="post-order-apply", search_strategy=work.search())
        for size in (16, 32)
    ]
    options = work.told(strategy=None, seed=None, num_tuning_cores=None)
    with library.job(target, platform="board") as job:
        assert job.tune_tasks(tasks, [1.0, 1.0], 100, max_trials_per_task=6, **options) == 12
        assert [job.effort(task).trials for task in tasks] == [6, 6]


def test_a_space_that_ends_is_tuned(library: ConfigLibrary, target: Any) -> None:
    function = work.matmul(1)
    with library.job(target, platform="board") as job:
        made = job.tune_tir(function, 10_000, **work.told(strategy="replay-trace"))
        assert 0 < made < 10_000
        assert job.is_tuned(function, 10_000)
    assert library.check() == []
    assert [effort.trials for effort in library.trials()] == [made]


@pytest.mark.tvm("0.25", "0.27")
def test_a_resumed_search_knows_what_it_had_learnt(library: ConfigLibrary, target: Any) -> None:
    learnt: list[int] = []

    class Model(meta_schedule().cost_model.PyCostModel):  # type: ignore[misc]
        def load(self, path: str) -> None: ...

        def save(self, path: str) -> None: ...

        def update(self, context: Any, candidates: Any, results: Any) -> None:
            learnt.append(len([result for result in results if result.run_secs]))

        def predict(self, context: Any, candidates: Any) -> Any:
            import numpy

            return numpy.ones(len(candidates))

    interrupted(library, work.matmul(16), target)
    with library.job(target, platform="board") as job:
        job.tune_tir(work.matmul(16), 10, **work.told(cost_model=derived_object(Model)()))
        assert learnt[0] == 2 * work.BATCH
        history = job.history(context(work.matmul(16), target))
    assert len(history) == 10
    assert len({structural_hash(record.as_measure_candidate().sch.mod) for record in history}) == 10


def test_results_that_come_late_are_logged_when_they_come(library: ConfigLibrary, target: Any) -> None:
    job = tune(library, work.matmul(16), 8, target, runner=work.runner(late=True))
    assert (job.result.counts.read, job.result.counts.failed) == (8, 0)


# With TVM's own calls


def test_tvms_own_call_logs_into_the_job(library: ConfigLibrary, tmp_path: Path, target: Any) -> None:
    with library.job(target, platform="board") as job:
        for size, number in ((16, 4), (32, 8)):
            stock(tmp_path, work.matmul(size), target, 4, database=job.database())
            assert len(lines(job.work_dir / RECORD_FILE)) == number
        assert job.is_tuned(work.matmul(32), 4)
    assert (job.result.counts.read, job.result.counts.workloads) == (8, 2)


def test_a_jobs_database_says_where_its_files_are(library: ConfigLibrary, tmp_path: Path, target: Any) -> None:
    with library.job(target, platform="board") as job:
        database = job.database()
        stock(tmp_path, work.matmul(16), target, 4, database=database)
        again = meta_schedule().database.JSONDatabase(database.path_workload, database.path_tuning_record)
        assert len(again) == len(database) == 4


def test_a_callback_in_the_place_of_tvms_keeps_the_errors(library: ConfigLibrary, tmp_path: Path, target: Any) -> None:
    broken = work.builder(lambda nth: "LocalBuilder: An exception occurred\nno such thing" if nth % 2 else None)
    callbacks = meta_schedule().measure_callback
    with library.job(target, platform="board") as job:
        around = [job.callback("metaschedule"), callbacks.RemoveBuildArtifact(), callbacks.UpdateCostModel()]
        stock(tmp_path, work.matmul(16), target, database=job.database(), measure_callbacks=around, builder=broken)
        assert job.effort(work.matmul(16)).errors == {"compile_host": 4}


# Failures

FAILURES = {
    "build_timeout": "LocalBuilder: Timeout, killed after 30.0 seconds",
    "compile_host": "LocalBuilder: An exception occurred\nTVMError: cannot",
    "unknown": "LocalBuilder: An exception occurred\nSubprocess terminated",
    "run_timeout": "LocalRunner: Timeout, killed after 30 seconds\n",
    "runtime_device": "LocalRunner: An exception occurred\nout of memory",
}


def failing(kind: str) -> dict[str, Any]:
    """A builder or runner that always fails."""
    text = FAILURES[kind]
    if "Builder" in text:
        return {"builder": work.builder(lambda _: text)}
    return {"runner": work.runner(lambda *_: text)}


@pytest.mark.parametrize("kind", FAILURES)
def test_when_all_fail_it_is_said_and_counted_and_no_config(
    library: ConfigLibrary, target: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with library.job(target, platform="board", keep_history=True) as job:
        assert job.tune_tir(work.matmul(16), 4, **work.told(**failing(kind))) == 4
        notes = [json.loads(line) for line in lines(job.work_dir / ERROR_FILE)]
    assert [(note["error"], note["text"]) for note in notes] == [(kind, FAILURES[kind])] * 4
    assert "no trial of" in caplog.text and len(job.result.all_failed) == 1
    (effort,) = library.trials()
    assert (effort.trials, effort.errors) == (4, {kind: 4})
    assert library.best() == []
    assert [record.error for record in library.kept_history(job.id)] == [kind] * 4


@pytest.mark.tvm("0.25", "0.27")
@pytest.mark.parametrize("kind", FAILURES)
def test_only_failures_that_would_come_again_are_remembered(library: ConfigLibrary, target: Any, kind: str) -> None:
    tried: Counter[int] = Counter()

    class Failing(meta_schedule().builder.PyBuilder):  # type: ignore[misc]
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def build(self, inputs: Any) -> Any:
            tried.update(structural_hash(each.mod) for each in inputs)
            return self.inner.build(inputs)

    options = {"builder": work.builder(), **failing(kind)}
    options["builder"] = derived_object(Failing)(options["builder"])
    for trials in (8, 16):  # one seed: the second begins with the proposals of the first
        with pytest.raises(RuntimeError, match="stop"), library.job(target, platform="board") as job:
            job.tune_tir(work.matmul(16), trials, **work.told(**options))
            raise RuntimeError("stop")
    again = sum(count > 1 for count in tried.values())
    assert again == 0 if kind == "compile_host" else again > 0


def test_a_run_time_of_nothing_is_a_failure(library: ConfigLibrary, target: Any) -> None:
    job = tune(library, work.matmul(16), 4, target, runner=work.runner(lambda *_: 0.0))
    assert (job.result.counts.read, job.result.counts.failed) == (4, 4)


# Refused before anything is tuned


@pytest.mark.tvm("0.25", "0.27")
def test_a_tvm_that_does_not_fit_its_ffi_is_refused(library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tvm_check._installed
    monkeypatch.setattr(tvm_check, "_installed", lambda name: "0.1.15" if name == "apache-tvm-ffi" else installed(name))
    with pytest.raises(TvmError, match=r"with apache-tvm-ffi 0\.1\.15: it needs"):
        library.job(work.TARGET, platform="board")
    assert library.open_jobs() == []


def test_a_function_for_another_target_is_refused(library: ConfigLibrary, target: Any) -> None:
    with pytest.raises(JobError, match="the task is for"), library.job(target, platform="board") as job:
        job.tune_tir(work.matmul(16), 4, work.live_target(mcpu="skylake"), **work.told())
    assert not (job.work_dir / RECORD_FILE).exists()


def test_a_job_of_any_target_needs_one_for_a_function(library: ConfigLibrary) -> None:
    with pytest.raises(TargetError, match="neither the call nor the job says a target"):
        library.start_job().tune_tir(work.matmul(16), 4, **work.told())


@pytest.mark.parametrize("name", ["database", "work_dir"])
def test_what_the_job_brings_itself_is_refused(library: ConfigLibrary, target: Any, name: str) -> None:
    with pytest.raises(TvmError, match=f"{name}: the job has its own"), library.job(target, platform="board") as job:
        job.tune_tir(work.matmul(16), 4, **work.told(**{name: "memory"}))


# In a build


def best_of(database: Any, target: Any, function: Any) -> Any:
    record = database.query_tuning_record(type_of_module()({"main": function}), target, "main")
    return record.as_json() if record is not None else None


def test_each_target_gets_its_own_best(library: ConfigLibrary, tmp_path: Path) -> None:
    ms = meta_schedule()
    targets = [work.live_target(), work.live_target(mcpu="skylake")]
    function = work.matmul(32)
    databases = []
    for seed, target in enumerate(targets, start=1):
        tune(library, function, 8, target, seed=seed)
        library.export("metaschedule", tmp_path / str(seed), Selection(target=target))
        databases.append(ms.database.JSONDatabase(work_dir=str(tmp_path / str(seed))))
    own = [best_of(database, target, function) for database, target in zip(databases, targets, strict=True)]
    assert own[0] != own[1]
    for joined in (ms.database.UnionDatabase(*databases), databases[0]):  # whatever the target, the same for both
        mixed = [best_of(joined, target, function) for target in targets]
        assert mixed[0] == mixed[1]
    with library.using(platform="board") as summary:
        assert [best_of(ms.database.Database.current(), target, function) for target in targets] == own
        assert best_of(ms.database.Database.current(), work.live_target(mcpu="znver3"), function) is None
    assert [outcome.state for outcome in summary.outcomes.values()] == ["exact", "exact", "missing"]
    schedules = [library.compile_tir(function, target, platform="board") for target in targets]
    assert not structural_equal(schedules[0].mod, schedules[1].mod)
    assert library.compile_tir(function, targets[0], platform="another") is None


def test_a_trace_is_replayed_on_the_module_that_it_was_recorded_for(library: ConfigLibrary, target: Any) -> None:
    tune(library, work.matmul(32), 4, target)
    other = work.matmul(32, block="D")  # the same computation: names of blocks are no part of it
    found = library.compile_tir(other, target, platform="board")
    assert structural_equal(found.mod, library.compile_tir(work.matmul(32), target, platform="board").mod)


def test_what_the_library_does_not_know_goes_to_the_outer_database(
    library: ConfigLibrary, tmp_path: Path, target: Any
) -> None:
    tune(library, work.matmul(32), 4, target)
    ms = meta_schedule()
    outer = stock(tmp_path, work.matmul(16), target, 4)
    with outer, library.using(platform="board") as summary:
        inner = ms.database.Database.current()
        for size in (16, 32):
            module = type_of_module()({"main": work.matmul(size)})
            for query in (inner.query_tuning_record, inner.query_schedule, inner.query_ir_module):
                assert query(module, target, "main") is not None
        assert inner.query_schedule(type_of_module()({"main": work.matmul(8)}), target, "main") is None
        with pytest.raises(RuntimeError, match="a library is changed by jobs"):
            inner.commit_tuning_record(outer.get_all_tuning_records()[0])
    assert ms.database.Database.current() is None
    assert Counter(outcome.state for outcome in summary.outcomes.values()) == {"exact": 1, "missing": 2}


def network() -> Any:
    """Two layers in Relax."""
    from tvm import relax

    builder = relax.BlockBuilder()
    tensor = getattr(relax, "TensorStructInfo", relax.TensorType)  # before 0.27, and since
    x, w1, w2 = (relax.Var(name, tensor(shape, "float32")) for name, shape in SHAPES.items())
    with builder.function("main", [x, w1, w2]):
        with builder.dataflow():
            hidden = builder.emit(relax.op.nn.relu(relax.op.matmul(x, w1)))
            out = builder.emit_output(relax.op.matmul(hidden, w2))
        builder.emit_func_output(out)
    return builder.get()


SHAPES = {"x": (4, 16), "w1": (16, 32), "w2": (32, 8)}


def outputs(built: Any) -> Any:
    import numpy
    import tvm
    from tvm import relax

    random = numpy.random.default_rng(0)
    values = [tvm.runtime.tensor(random.random(shape, dtype="float32")) for shape in SHAPES.values()]
    return relax.VirtualMachine(built, tvm.cpu())["main"](*values).numpy()


@pytest.mark.tvm("0.25", "0.27")
def test_a_relax_build_with_the_library_computes_the_same(library: ConfigLibrary, target: Any) -> None:
    import numpy
    import tvm

    plain = tvm.compile(network(), target)
    with library.job(target, platform="board") as job:
        assert job.tune_relax(network(), {}, 12, max_trials_per_task=6, **work.told(num_tuning_cores=None)) == 12
    tuned = library.compile_relax(network(), target, platform="board")
    numpy.testing.assert_allclose(outputs(tuned), outputs(plain), rtol=1e-5)
    assert [outcome.state for outcome in library.summary().outcomes.values()] == ["exact", "exact"]


def test_what_is_untuned_is_measured_on_request(library: ConfigLibrary, target: Any) -> None:
    with library.job(target, platform="board") as job:
        job.tune_tir(work.two_functions(), 8, **work.told(), baseline=True)
    found = library.best()
    assert len(found) == 2
    for best in found:
        assert best.baseline == work.cost(int(best.workload.partition("@")[0]))  # the runner goes by the hash
