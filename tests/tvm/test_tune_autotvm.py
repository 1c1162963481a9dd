"""AutoTVM on real TVM: tuning into a library, being killed, resuming, skipping, and building from it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection, log_to_library
from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey
from tvmgitlib.model import JobError, LibraryError, TargetError, TuningRecord, TvmError

pytestmark = pytest.mark.tvm("0.16")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOPHUB = Path(os.environ.get("TVMGITLIB_TOPHUB") or ROOT.parent / "shared/data/tophub")

#: What the job script tunes, and with what.
work = SimpleNamespace(**runpy.run_path(str(HERE / "autotvm_job.py")))
TARGET: str = work.TARGET
TRIALS: int = work.TRIALS


@pytest.fixture(scope="module")
def tasks() -> list[Any]:
    found: list[Any] = work.tasks()
    return found


@pytest.fixture(autouse=True)
def no_context_is_left() -> Iterator[None]:
    from tvm.autotvm.task.dispatcher import DispatchContext

    before = DispatchContext.current
    yield
    assert DispatchContext.current is before


class Measuring(work.Pretending):
    """Pretends to measure, remembers every config that it is asked for, and fails as it is told.

    Attributes:
        measured: the (workload, config index) of every config asked for.
        errors: error numbers by config index.
    """

    def __init__(self, errors: dict[int, int] | None = None) -> None:
        self.measured: list[tuple[Any, int]] = []
        self.errors = errors or {}

    @property
    def option(self) -> dict[str, Any]:
        return {"builder": self, "runner": self}

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        self.measured += [(one.task.workload, one.config.index) for one in inputs]
        results = super().run(inputs, builds)
        return [
            result._replace(error_no=error, costs=("Traceback", RuntimeError("so it goes")))
            if (error := self.errors.get(one.config.index))
            else result
            for one, result in zip(inputs, results, strict=True)
        ]

    def again(self) -> list[Any]:
        """What was measured more than once."""
        return [config for config, times in Counter(self.measured).items() if times > 1]


def interrupt(job: Any) -> None:
    job.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)


def records(path: Path) -> list[TuningRecord]:
    return [record for _, record in read_log(survey(path, Leniency()), Leniency(), Remarks())]


# Killed and resumed


@pytest.mark.parametrize(
    "tuner",
    [
        pytest.param("random", marks=pytest.mark.soak),
        pytest.param("gridsearch", marks=pytest.mark.soak),
        pytest.param("ga", marks=pytest.mark.soak),
        "xgb",
    ],
)
def test_a_killed_job_resumes_and_measures_nothing_twice(
    tuner: str, library: ConfigLibrary, tmp_path: Path, git: Callable[..., str], tasks: list[Any], forked: Any
) -> None:
    journal = tmp_path / "journal"
    # One of them really measures: what is about the tuners needs no real times.
    command = [sys.executable, str(HERE / "autotvm_job.py"), str(library.path), tuner, str(journal)]
    command += ["--pretend"] if tuner != "random" else []

    killed = _run(forked, [*command, "--kill-at", str(TRIALS + 3)])
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout.split() == ["tuned"]  # the first task; in the middle of the second it died
    (opened,) = library.open_jobs()
    received = {(record.workload.text, _index(record)) for record in records(opened.log)}
    assert TRIALS < len(received) < TRIALS + 3
    asked = len(_journal(journal))

    resumed = _run(forked, command)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.split() == ["skipped", "tuned", "tuned"]
    assert f"resuming job {opened.id}" in resumed.stderr
    times = Counter(_journal(journal))
    assert {config for config in received if times[config] != 1} == set()
    assert len(times) == 3 * TRIALS  # three tasks, every config once; what died with the process, once more
    assert times.total() == 3 * TRIALS + asked - len(received)

    assert git(library.path, "rev-list", "--count", "HEAD").strip() == "2"
    (entry,) = library.log()
    assert (entry.job, entry.trials, entry.workloads) == (opened.id, 3 * TRIALS, 3)
    assert [effort.trials for effort in library.trials()] == [TRIALS] * 3
    assert (library.open_jobs(), library.check()) == ([], [])
    _assert_builds_with_the_best_of(library, journal.with_suffix(".log"), tasks)


def _run(popen: Any, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run in a process group of its own, and end what a killed TVM leaves running."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = popen(command, stdout=output, stderr=errors, start_new_session=True)
        try:
            process.wait(timeout=300)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(command, process.returncode, output.read(), errors.read())


def _journal(path: Path) -> list[tuple[str, int]]:
    lines = map(json.loads, path.read_text().splitlines())
    return [(json.dumps([name, args], separators=(",", ":")), index) for name, args, index in lines]


def _index(record: TuningRecord) -> int:
    index: int = json.loads(record.native)["config"]["index"]
    return index


def _assert_builds_with_the_best_of(library: ConfigLibrary, log: Path, tasks: list[Any]) -> None:
    """The library gives each task what TVM itself picks from the same log, and the network computes the same."""
    import numpy as np
    import tvm
    from tvm import autotvm, relay
    from tvm.contrib import graph_executor

    target = tvm.target.Target(TARGET)
    best = autotvm.apply_history_best(str(log))
    with library:
        mine = [autotvm.task.DispatchContext.current.query(target, task.workload) for task in tasks]
    theirs = [best.query(target, task.workload) for task in tasks]
    assert [(config.cost, config.to_json_dict()) for config in mine] == [
        (config.cost, config.to_json_dict()) for config in theirs
    ]

    module, params = work.network()
    x = np.random.default_rng(1).random((1, 8, 8, 8), dtype="float32")

    def output() -> Any:
        with tvm.transform.PassContext(opt_level=3):
            built = relay.build(module, target=target, params=params)
        executor = graph_executor.GraphModule(built["default"](tvm.cpu()))
        executor.run(x=x)
        return executor.get_output(0).numpy()

    with autotvm.apply_history_best(None):  # or TVM would ask TopHub
        untuned = output()
    with library:
        tuned = output()
    np.testing.assert_allclose(tuned, untuned, rtol=1e-4)
    summary = library.summary()
    applied = {outcome.workload for outcome in summary.applied}
    assert applied == {effort.workload for effort in library.trials()}
    assert [outcome.workload for outcome in summary.of("missing") if "conv2d" in outcome.workload] == []


# Skip, replay, count


def test_a_task_is_what_its_log_says(library: ConfigLibrary, tasks: list[Any]) -> None:
    with library.job(TARGET) as job:
        for task in tasks:
            job.tune(work.tuner("random", task), 2, Measuring().option)
            place = job.place(task)
            assert {record.workload for record in job.measured(task)} == {place.workload}
            assert {record.target.target for record in job.measured(task)} == {place.target}
        assert len(job.logged()) == 6


@pytest.mark.parametrize("tuner", ["random", "gridsearch", "ga", "xgb"])
def test_answers_take_no_trials(tuner: str, library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    job = library.job(TARGET)
    assert job.tune(work.tuner(tuner, tasks[0]), 10, measuring.option)
    interrupt(job)
    with library.job(TARGET) as job:
        assert job.resumed
        assert job.tune(work.tuner(tuner, tasks[0]), 25, measuring.option)
        assert len(measuring.measured) == library.get_trials(tasks[0]) == 25
        assert not job.tune(work.tuner(tuner, tasks[0]), 25, measuring.option)
    assert measuring.again() == []
    assert library.trials()[0].trials == 25


def test_a_seeded_tuner_goes_the_same_way(library: ConfigLibrary, tmp_path: Path, tasks: list[Any]) -> None:
    for name in ("random", "ga"):
        straight, broken = Measuring(), Measuring()
        with ConfigLibrary.init(tmp_path / f"straight-{name}").job(TARGET) as job:
            job.tune(work.tuner(name, tasks[1]), 20, straight.option, seed=7)
        other = ConfigLibrary.init(tmp_path / f"broken-{name}")
        for trials in (6, 13, 20):
            random.seed(trials)
            job = other.job(TARGET)
            state = random.getstate()
            tuner = work.tuner(name, tasks[1])
            drawn = random.getstate()
            job.tune(tuner, trials, broken.option, seed=7)
            assert random.getstate() == drawn
            assert name == "ga" or drawn == state
            interrupt(job)
        assert broken.measured == straight.measured


def test_an_exhausted_space_is_on_record(library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    task = tasks[2]
    with library.job(TARGET) as job:
        assert job.tune(work.tuner("gridsearch", task), 1000, measuring.option)
        assert job.is_tuned(task, trials=1000)
    assert len(measuring.measured) == len(task.config_space)
    with ConfigLibrary(library.path).job(TARGET) as job:
        assert job.is_tuned(task, trials=1000)
        assert not job.is_tuned(task, trials=1000, tuner="xgb")
        assert not job.tune(work.tuner("random", task), 1000, measuring.option)
    assert job.result is not None
    assert (job.result.job, library.open_jobs()) == (None, [])


def test_only_what_would_come_again_is_an_answer(library: ConfigLibrary, tasks: list[Any]) -> None:
    kinds = {index: index for index in range(1, 9)}  # a config for each error number
    measuring = Measuring(errors=kinds)
    job = library.job(TARGET)
    job.tune(work.tuner("gridsearch", tasks[0]), 10, measuring.option)
    assert [record.error for record in job.measured(tasks[0])] == [
        None,
        *("instantiation", "compile_host", "compile_device", "runtime_device"),
        *("wrong_answer", "build_timeout", "run_timeout", "unknown"),
        None,
    ]
    interrupt(job)
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", tasks[0]), 14, measuring.option)
    assert sorted(index for _, index in measuring.again()) == [4, 6, 7, 8]
    assert library.trials()[0].errors == {
        **dict.fromkeys(("instantiation", "compile_host", "compile_device", "wrong_answer"), 1),
        **dict.fromkeys(("runtime_device", "build_timeout", "run_timeout", "unknown"), 2),
    }


def test_a_genetic_search_measures_each_config_once(library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    measuring.n_parallel = 16
    with library.job(TARGET) as job:
        job.tune(work.tuner("ga", tasks[2]), 40, measuring.option)
    assert measuring.again() == []
    assert len(measuring.measured) == 40


def test_all_failed_is_effort_and_no_config(library: ConfigLibrary, tasks: list[Any], caplog: Any) -> None:
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", tasks[0]), 3, Measuring(dict.fromkeys(range(99), 2)).option)
    assert "no trial of" in caplog.text
    assert library.best() == []
    assert library.trials()[0].errors == {"compile_host": 3}


@pytest.mark.parametrize("error", [4, 6, 7, 8])
def test_the_night_after_the_tracker_was_gone_it_is_tuned(library: ConfigLibrary, tasks: list[Any], error: int) -> None:
    task = tasks[2]
    broken, sound = Measuring(dict.fromkeys(range(10**6), error)), Measuring()
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", task), 5, broken.option)
    assert library.get_trials(task) == 0
    with library.job(TARGET) as job:
        assert not job.is_tuned(task, trials=1)
        assert job.tune(work.tuner("gridsearch", task), 5, sound.option)
    assert (len(broken.measured), len(sound.measured), library.get_trials(task)) == (5, 5, 5)
    assert len(library.best()) == 1


def test_failures_that_may_pass_exhaust_no_space(library: ConfigLibrary, tasks: list[Any]) -> None:
    task = tasks[2]
    size = len(task.config_space)
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", task), size, Measuring(dict.fromkeys(range(10**6), 7)).option)
        assert not job.is_tuned(task, trials=1)


def test_the_tuner_and_its_options_are_on_record(library: ConfigLibrary, tasks: list[Any]) -> None:
    with library.job(TARGET, options={"why": "a test"}) as job:
        job.tune(work.tuner("ga", tasks[0]), 2, Measuring().option, early_stopping=9)
    header = library.show_job(job.id).header
    assert header.tuner == "ga"
    assert header.options == {
        "class": "GATuner",
        "pop_size": 3,
        "elite_num": 1,
        "mutation_prob": 0.1,
        "n_trial": 2,
        "early_stopping": 9,
        "why": "a test",
    }
    with library.job(TARGET, tuner="mine") as job:
        for task in tasks[1:]:
            job.tune(work.tuner("random", task), 1, Measuring().option)
        job.tune(work.tuner("gridsearch", tasks[1]), 2, Measuring().option)
    header = library.show_job(job.id).header
    assert header.tuner == "mine"
    assert [call["tuner"] for call in header.options["calls"]] == ["random", "gridsearch"]
    assert library.check() == []


def test_early_stopping_ends_it(library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", tasks[0]), 100, measuring.option, early_stopping=5)
        assert not job.is_tuned(tasks[0], 100)
    assert len(measuring.measured) < 100


def test_the_batch_is_on_disk_when_a_users_callback_is_called(library: ConfigLibrary, tasks: list[Any]) -> None:
    seen: list[int] = []

    def stop(tuner: Any, inputs: Any, results: Any) -> None:
        seen.append(len(records(library.open_jobs()[0].log)))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), library.job(TARGET) as job:
        job.tune(work.tuner("random", tasks[0]), 100, Measuring().option, callbacks=[stop])
    assert seen == [2, 4, 6]
    with library.job(TARGET) as job:
        assert (job.resumed, library.get_trials(tasks[0])) == (True, 6)


def test_committed_records_are_answers_and_a_model_learns_from_them(library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    with library.job(TARGET) as job:
        job.tune(work.tuner("gridsearch", tasks[0]), 8, measuring.option)
    with library.job(TARGET) as job:
        tuner = work.tuner("xgb", tasks[0])
        job.tune(tuner, 12, measuring.option)
        assert tuner.visited >= set(range(8))
        pairs = job.history(tasks[0])
    assert measuring.again() == []
    assert len(measuring.measured) == 12
    assert {(str(one.target), one.task.workload) for one, _ in pairs} == {
        (str(tasks[0].target), tasks[0].workload),
    }
    assert len(pairs) == 12
    assert [len(library.history(task)) for task in tasks] == [12, 0, 0]


def test_a_job_made_with_another_tvm_is_not_resumed(library: ConfigLibrary, tasks: list[Any]) -> None:
    library.begin_job(TARGET, tvm="apache-tvm==0.14.0")
    with library.job(TARGET) as job:
        assert not job.resumed
        job.tune(work.tuner("random", tasks[0]), 2, Measuring().option)


def test_a_job_that_another_process_has_is_not_resumed(library: ConfigLibrary, tasks: list[Any]) -> None:
    first = library.job(TARGET)
    with ConfigLibrary(library.path).job(TARGET) as second:
        assert second.id != first.id
        second.tune(work.tuner("random", tasks[0]), 2, Measuring().option)
    interrupt(first)
    assert ConfigLibrary(library.path).job(TARGET).id == first.id


# The RFC's names


def test_the_rfcs_loop_runs(library: ConfigLibrary, forked: Any) -> None:
    command = [sys.executable, str(ROOT / "docs/rfc_loop.py"), str(library.path / "tvmgitlib.json")]
    first = _run(forked, command)
    assert first.returncode == 0, first.stderr
    assert "Progress: (4/4)" in first.stdout
    assert "3 exact" in first.stdout
    second = _run(forked, command)
    assert second.returncode == 0, second.stderr
    assert second.stdout.count("skipped: 4 trials on record") == 3
    assert len(library.log()) == 1


def test_start_job_takes_target_and_resumption_from_the_first_task(
    library: ConfigLibrary, tasks: list[Any], caplog: Any
) -> None:
    measuring = Measuring()
    job = library.start_job(tuner="random")
    assert (library.get_trials(tasks[0]), job.target.text) == (0, str(tasks[0].target))
    work.tuner("random", tasks[0]).tune(
        4, library.measure_option(measuring.option), callbacks=[log_to_library(library)]
    )
    assert len(library.get_job_records()) == len(library.get_job_records(tasks[0])) == 4
    interrupt(job)

    again = library.start_job()
    assert library.get_trials(tasks[0]) == 4
    assert (again.id, again.resumed) == (job.id, True)
    assert f"resuming job {job.id}" in caplog.text
    assert library.stop_job().job == job.id

    fresh = library.start_job(resume=False)
    assert library.get_trials(tasks[1]) == 0
    assert not fresh.resumed
    assert library.stop_job().job is None


def test_known_configs_are_answered_in_a_loop_of_ones_own(library: ConfigLibrary, tasks: list[Any]) -> None:
    from tvm import autotvm

    measuring = Measuring()
    seen: list[int] = []

    def see(tuner: Any, inputs: Any, results: Any) -> None:
        seen.append(len(results))

    with library.job(TARGET) as job:
        option = job.measure_option(measuring.option)
        for trials in (36, 40):
            work.tuner("gridsearch", tasks[0]).tune(
                trials,
                option,
                callbacks=[job.callback(), see],
            )
        assert library.get_trials(tasks[0]) == 40
    assert (len(measuring.measured), sum(seen)) == (40, 76)
    best = autotvm.apply_history_best(library.records(Selection(target=TARGET)))
    assert best.query(tasks[0].target, tasks[0].workload).cost == library.best()[0].cost


def test_what_the_users_runner_keeps_alive_stays_alive(library: ConfigLibrary, tasks: list[Any]) -> None:
    with library.job(TARGET) as job:
        option = job.measure_option(Measuring().option)
        assert option["runner"].set_task(tasks[0]) == "servers"
        assert option["builder"].n_parallel == 2
        assert job.measure_option(option) is option


def test_a_job_as_autotvms_database(library: ConfigLibrary, tasks: list[Any]) -> None:
    from tvm import autotvm
    from tvm.autotvm.database import Database, filter_inputs
    from tvm.autotvm.measure import MeasureInput

    job = library.job(TARGET)
    database = job.database("autotvm")
    assert isinstance(database, Database)
    inputs = [MeasureInput(tasks[0].target, tasks[0], tasks[0].config_space.get(index)) for index in range(4)]
    assert filter_inputs(database, inputs) == ([None] * 4, inputs)
    measuring = Measuring(errors={1: 7})
    work.tuner("gridsearch", tasks[0]).tune(3, measuring.option, callbacks=[autotvm.callback.log_to_database(database)])
    for view in (database, job.database("autotvm")):
        results, unsaved = filter_inputs(view, inputs)
        assert ([result and result.error_no for result in results], unsaved) == ([0, 7, 0, None], inputs[3:])
        assert filter_inputs(view, inputs, retry=True)[1] == [inputs[1], inputs[3]]
    database.save(inputs[0], database.load(inputs[0])._replace(costs=(1.0,), timestamp=time.time() + 1))
    assert database.load(inputs[0]).costs == (1.0,)
    assert len(database.load(inputs[0], get_all=True)) == 2
    for view in (database, job.database("autotvm")):
        failed = view.filter(lambda _, results: any(result.error_no for result in results))
        assert [(given.config.index, result.error_no) for given, result in failed] == [(1, 7)]
        everything = view.filter(lambda given, _: given.task.workload == tasks[0].workload)
        assert next((given.config.index, result.costs) for given, result in everything) == (0, (1.0,))
        assert len(everything) == 3
    database.flush()
    assert database.filter(lambda *_: True) == []
    assert filter_inputs(database, inputs) == ([None] * 4, inputs)
    database.save(inputs[3], view.load(inputs[0])._replace(timestamp=time.time() + 2))
    assert [given.config.index for given, _ in database.filter(lambda *_: True)] == [3]
    job.finish()
    assert (library.trials()[0].trials, library.trials()[0].failed) == (5, 1)


def test_a_config_of_other_code_is_another_one_in_the_database(library: ConfigLibrary, tasks: list[Any]) -> None:
    from tvm.autotvm.measure import MeasureInput, MeasureResult

    configs = [tasks[0].config_space.get(0) for _ in range(3)]
    for config, code in zip(configs, ("cafe", "dbff", None), strict=True):
        config.code_hash = code
    inputs = [MeasureInput(tasks[0].target, tasks[0], config) for config in configs]
    with library.job(TARGET) as job:
        database = job.database("autotvm")
        for at, given in enumerate(inputs[:2]):
            database.save(given, MeasureResult((1e-3 * (at + 1),), 0, 0.1, time.time() - at))
        for view in (database, job.database("autotvm")):
            found = [view.load(given) for given in inputs]
            assert [result and result.costs for result in found] == [(1e-3,), (2e-3,), None]
            assert len(view.filter(lambda *_: True)) == 2


# Builds


def test_what_alter_op_layout_says_is_kept_and_contexts_nest(
    library: ConfigLibrary, tmp_path: Path, tasks: list[Any]
) -> None:
    from tvm.autotvm.task.dispatcher import DispatchContext
    from tvm.autotvm.task.space import ConfigEntity

    other = ConfigLibrary.init(tmp_path / "other")
    for one, task in ((library, tasks[0]), (other, tasks[1])):
        with one.job(TARGET) as job:
            job.tune(work.tuner("gridsearch", task), 3, Measuring().option)
    target = tasks[0].target
    changed = ConfigEntity(0, None, {}, [])
    with library, other.using() as inner:
        context = DispatchContext.current
        assert [context.query(target, task.workload).is_fallback for task in tasks] == [False, False, True]
        context.update(target, tasks[2].workload, changed)
        context.update(target, tasks[1].workload, changed)
        assert context.query(target, tasks[2].workload) is changed
        assert context.query(target, tasks[1].workload) is changed
    assert (len(inner.applied), len(library.summary().applied)) == (1, 1)
    with other:
        assert DispatchContext.current.query(target, tasks[1].workload) is not changed


def test_records_of_another_tvm_are_not_applied_unless_asked(
    library: ConfigLibrary, tmp_path: Path, tasks: list[Any]
) -> None:
    from tvm.autotvm.task.dispatcher import DispatchContext

    with library.job(TARGET) as job:
        job.tune(work.tuner("random", tasks[0]), 3, Measuring().option)
        log = tmp_path / "old.log"
        log.write_bytes(job.log.read_bytes())
    old = ConfigLibrary.init(tmp_path / "old")
    old.import_logs(log, platform="this", tvm="hhb-tvm==0.13.0")
    for accept, fallback, state in (("exact", True, "stale"), ("stale", False, "stale")):
        with old.using(accept=accept) as summary:  # type: ignore[arg-type]  # the two of them
            assert DispatchContext.current.query(tasks[0].target, tasks[0].workload).is_fallback == fallback
        assert [outcome.state for outcome in summary.outcomes.values()] == [state]
    assert old.records() == []
    assert len(old.records(accept="stale")) == 1


def test_a_card_gets_its_own_configs_from_tophub_or_none(library: ConfigLibrary) -> None:
    if not TOPHUB.is_dir():
        pytest.skip("TopHub's logs are not on this machine")
    import numpy as np
    import tvm
    from tvm import autotvm

    log = TOPHUB / "cuda_v0.10.log"
    library.import_logs(log)
    costs: dict[str, dict[Any, float]] = {}
    for measured, result in autotvm.record.load_from_file(str(log)):
        model = costs.setdefault(str(measured.target.model), {})
        workload = measured.task.workload
        model[workload] = min(float(np.mean(result.costs)), model.get(workload, np.inf))
    workloads = list(costs["1080ti"])
    assert len(workloads) == 160

    for model, own in costs.items():
        target = tvm.target.Target(f"cuda -model={model}")
        with library.using(accept="stale") as summary:  # its stamps are of TVM 0.7
            answers = {w: autotvm.task.DispatchContext.current.query(target, w) for w in workloads}
        given = {w: answer.cost for w, answer in answers.items() if not answer.is_fallback}
        assert given == {w: own[w] for w in workloads if w in own}
        assert len(summary.of("stale")) == len(given)
        assert len(summary.of("missing")) == len(workloads) - len(given)

    unknown = tvm.target.Target("cuda -model=a100")
    with library.using(accept="stale") as summary:
        assert all(autotvm.task.DispatchContext.current.query(unknown, w).is_fallback for w in workloads)
    assert {outcome.why for outcome in summary.of("missing")} == {
        "no record for cuda on a100; the nearest is for cuda on 1080ti: another platform"
    }
    assert summary.line == "160 tasks looked up, 0 tuned: 160 missing"
    stock = autotvm.apply_history_best(str(log))
    assert [stock.query(unknown, w).cost for w in workloads] == [costs["1080ti"][w] for w in workloads]


# Python and the command line


def test_python_and_the_command_line_agree(library: ConfigLibrary, cli: Any, tasks: list[Any]) -> None:
    with library.job(TARGET, tuner="random", platform={"cooling": "fan"}) as job:
        job.tune(work.tuner("random", tasks[0]), 5, Measuring(errors={3: 1}).option)
        (listed,) = cli.lines("job", "list")
        assert (listed["job"], listed["tuner"], listed["target"], listed["log"]) == (
            *(job.id, "random", TARGET),
            str(job.log),
        )
        assert listed["tvm"] == {"distribution": "hhb-tvm", "version": "0.16.dev0", "source": "runtime"}
    assert cli.lines("job", "list") == []
    (best,) = cli.lines("best", "--tvm", "hhb-tvm==0.16.dev0")
    assert (best["job"], best["grade"], best["workload"]) == (job.id, "exact", job.place(tasks[0]).workload.text)
    assert best["cost"] == library.best()[0].cost
    (effort,) = cli.lines("trials")
    assert effort["trials"] == library.get_trials(tasks[0]) == 5
    (entry,) = cli.lines("log")
    assert (entry["job"], entry["kind"], entry["trials"]) == (job.id, "tune", 5)

    started = cli.json("job", "start", "--target", TARGET, "--tuner", "grid", "--tvm", "hhb-tvm==0.16.dev0")
    with library.job(TARGET) as job:
        assert (job.id, job.resumed, str(job.log)) == (started["job"], True, started["log"])
        job.tune(work.tuner("gridsearch", tasks[1]), 5, Measuring().option)
        interrupted = library.get_trials(tasks[1])
    assert interrupted == 5
    assert cli.json("job", "show", job.id)["tuner"] == "grid"
    assert {line["job"] for line in cli.lines("log")} == {entry["job"], job.id}


# Errors


def test_a_target_without_a_triple_is_refused(library: ConfigLibrary, tasks: list[Any]) -> None:
    with pytest.raises(TargetError, match=r"has no triple.*RISC-V"):
        library.job("llvm -mcpu=haswell")
    assert library.open_jobs() == []
    vague = _with_target(tasks[0], "llvm")
    with pytest.raises(TargetError, match="has no triple"):
        library.start_job().is_tuned(vague, trials=1)


def test_a_task_of_another_target_is_refused_before_it_is_measured(library: ConfigLibrary, tasks: list[Any]) -> None:
    measuring = Measuring()
    other = _with_target(tasks[0], TARGET.replace("haswell", "skylake"))
    with library.job(TARGET) as job:
        tuner = work.tuner("random", other)
        for tune in (
            lambda: job.tune(tuner, 3, measuring.option),
            lambda: tuner.tune(3, job.measure_option(measuring.option)),
        ):
            with pytest.raises(JobError, match=r"the task is for llvm -mcpu=skylake.*and job .* is for .*haswell"):
                tune()
    assert measuring.measured == []


def _with_target(task: Any, target: str) -> Any:
    from tvm import autotvm

    return autotvm.task.create(task.name, args=task.args, target=target)


def test_a_host_in_the_jobs_target_is_no_other_target(library: ConfigLibrary, tasks: list[Any]) -> None:
    import tvm

    target = tvm.target.Target(TARGET, host="llvm -mtriple=x86_64-linux-gnu")
    with library.job(target) as job:
        job.tune(work.tuner("random", _with_target(tasks[0], target)), 3, Measuring().option)
    assert job.result is not None
    assert job.result.counts.kept == 3


def test_one_library_has_one_live_job(library: ConfigLibrary) -> None:
    with library.job(TARGET) as job:
        for start in (library.job, library.start_job):
            with pytest.raises(JobError, match="a live job is open in this library already"):
                start(TARGET)
        assert library.live_job() is job
    with pytest.raises(JobError, match="no live job is open"):
        library.stop_job()
    with pytest.raises(JobError, match="no live job is open"):
        log_to_library(library)(None, [], [])


def test_a_library_at_a_commit_takes_no_job(library: ConfigLibrary) -> None:
    for start in (library.at("HEAD").job, library.at("HEAD").start_job):
        with pytest.raises(LibraryError, match="for reading only"):
            start()


def test_a_task_without_a_target_says_so(library: ConfigLibrary, tasks: list[Any]) -> None:
    from tvm.autotvm.task import Task

    with pytest.raises(TargetError, match="has no target"):
        library.get_trials(Task(tasks[0].name, tasks[0].args))


def test_no_task_at_all_says_so(library: ConfigLibrary) -> None:
    with pytest.raises(TvmError, match="is no tuning task"):
        library.get_trials("conv2d")


# Baselines


def test_a_job_measures_what_is_untuned_once_and_best_says_the_speed_up(
    library: ConfigLibrary, tasks: list[Any]
) -> None:
    from tvm.autotvm.tuner import GridSearchTuner

    task = min(tasks, key=lambda task: len(task.config_space))
    for trials in (1, 2):
        with library.job(TARGET, platform="box") as job:
            wrapped = job.measure_option(work.local())
            job.tune(GridSearchTuner(task), trials, wrapped, baseline=True)
            seconds = job.baseline(task, measure_option=None)  # on record by now
        assert (library.best()[0].baseline, library.trials()[0].trials) == (seconds, trials)
    assert library.best()[0].speedup == pytest.approx(seconds / library.best()[0].cost)
