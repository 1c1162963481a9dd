"""Revalidating AutoTVM's records on a real TVM: counted, measured, refused, interrupted."""

from __future__ import annotations

import json
import runpy
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.model import SelectionError, TargetError, TvmError

pytestmark = pytest.mark.tvm("0.16")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "autotvm_job.py")))

TVM = "hhb-tvm==0.16.dev0"
TRIALS = 5


class Counting(work.Pretending):  # type: ignore[misc]  # the script is not typed
    """Pretends to measure, and counts.

    Attributes:
        measured: the task and config index of every measurement.
        stop_at: raise as Ctrl-C does before this measurement.
    """

    def __init__(self, stop_at: int = 0) -> None:
        self.measured: list[tuple[str, int]] = []
        self.stop_at = stop_at

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        self.measured += [(str(one.task.workload), int(one.config.index)) for one in inputs]
        if 0 < self.stop_at <= len(self.measured):
            raise KeyboardInterrupt
        results: list[Any] = super().run(inputs, builds)
        return results

    @property
    def option(self) -> dict[str, Any]:
        return {"builder": self, "runner": self}


@pytest.fixture(scope="module")
def tasks() -> list[Any]:
    found: list[Any] = work.tasks()
    return found


@pytest.fixture
def old(library: ConfigLibrary, tmp_path: Path, tasks: list[Any]) -> ConfigLibrary:
    """A library of what TVM 0.15 had tuned for the three tasks, on the platform `box`."""
    from tvm import autotvm

    log = tmp_path / "old.log"
    for task in tasks:
        autotvm.tuner.GridSearchTuner(task).tune(
            TRIALS, work.pretended(), callbacks=[autotvm.callback.log_to_file(str(log))]
        )
    lines = [json.dumps(json.loads(line) | {"tvm_version": "0.15.0"}) for line in log.read_text().splitlines()]
    log.write_text("\n".join(lines) + "\n")
    library.import_logs(log, platform="box", tvm="hhb-tvm==0.15.0")
    return library


def states(library: ConfigLibrary) -> list[str]:
    """What a build of the network gets, task by task."""
    import tvm
    from tvm import relay

    module, params = work.network()
    with library.using(platform="box") as summary, tvm.transform.PassContext(opt_level=3):
        relay.build(module, target=work.TARGET, params=params)
    return sorted(outcome.state for outcome in summary.outcomes.values())


@pytest.mark.parametrize("keep", [1, 2])
def test_what_another_version_tuned_is_stale_until_k_measurements_a_workload_restore_it(
    old: ConfigLibrary, tasks: list[Any], keep: int
) -> None:
    old.configure("keep", keep)
    assert "exact" not in states(old)
    counting = Counting()
    done = old.revalidate(tasks, platform="box", measure_option=counting.option, check=False)
    assert len(counting.measured) == len(set(counting.measured)) == 3 * keep
    assert {record.state for record in done.records} == {"holds"}
    assert len(done.records) == 3 * keep
    assert all(record.ratio is not None for record in done.records)
    now = states(old)
    assert "stale" not in now
    assert now.count("exact") >= 2
    assert old.check() == []
    (entry,) = [entry for entry in old.log() if entry.job in done.jobs]
    assert (entry.kind, entry.commit, entry.workloads) == ("revalidate", done.commit, 3)
    again = Counting()
    assert old.revalidate(tasks, platform="box", measure_option=again.option).exact == 3
    assert again.measured == []
    old.revert(*done.jobs)
    assert "exact" not in states(old)


def test_the_tasks_of_the_records_are_made_from_what_they_say_and_really_measured(
    old: ConfigLibrary, tasks: list[Any], cli: Any
) -> None:
    costs = {best.workload: best.cost for best in old.best()}
    done = old.revalidate(platform="box", measure_option=work.local(), baseline=True)
    assert [(record.state, record.why) for record in done.records] == [("holds", None)] * 3
    exact = old.best(tvm=TVM)
    assert len(exact) == 3
    for best in exact:
        assert best.tuned_with.source == "runtime"
        assert best.record["tvm_version"] == "0.16.dev0"
        assert best.baseline is not None and best.cost != costs[best.workload]
    (shown,) = [record for record in done.records if record.workload == exact[0].workload]
    assert (shown.old_cost, shown.new_cost) == (costs[shown.workload], exact[0].cost)
    cli("revalidate", "--platform", "box", "--family", "autotvm")
    assert (cli.code, cli.out) == (0, "Nothing was to be measured again.\n")
    assert "3 workloads hold as they are" in cli.err


def test_what_computes_something_else_is_invalidated_with_the_reason(old: ConfigLibrary, tasks: list[Any]) -> None:
    class Failing(Counting):
        def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
            results = super().run(inputs, builds)
            return [result._replace(costs=("", ValueError("off by 3")), error_no=5) for result in results]

    (task,) = [task for task in tasks if task.name.startswith("dense")][:1]
    selection = Selection(workload=task.name)
    kept = old.revalidate(
        [task], selection, platform="box", measure_option=Failing().option, check=False, keep_refused=True
    )
    assert (kept.counts["refused"], kept.invalidated) == (1, 0)
    assert len(old.best(selection)) == 1
    done = old.revalidate([task], selection, platform="box", measure_option=Failing().option, check=False)
    assert (done.counts["refused"], done.invalidated) == (1, 1)
    assert (done.records[0].new_cost, done.records[0].ratio) == (None, None)
    assert "wrong answer: " in str(done.records[0].why)
    with old._view.reading() as contents:
        (gone,) = contents.invalidated
    assert (gone[0].record.cost, gone[1]) == (done.records[0].old_cost, done.jobs[0])
    assert gone[2].startswith("wrong answer: ") and "off by 3" in gone[2]
    (runner_up,) = old.best(selection)
    assert runner_up.cost > done.records[0].old_cost
    assert old.check() == []
    old.revert(*done.jobs)
    assert old.best(selection)[0].cost == done.records[0].old_cost


def test_interrupted_it_goes_on_and_measures_nothing_twice(old: ConfigLibrary, tasks: list[Any]) -> None:
    first = Counting(stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        old.revalidate(tasks, platform="box", measure_option=first.option, check=False)
    (open_job,) = old.open_jobs()
    assert open_job.spec.kind == "revalidate"
    assert old.best(tvm=TVM) == []
    with old.job(work.TARGET, platform="box") as job:  # a tuning job does not take it up
        assert job.id != open_job.id
    second = Counting()
    done = old.revalidate(tasks, platform="box", measure_option=second.option, check=False)
    assert done.jobs == (open_job.id,)
    assert len(second.measured) == 1
    assert done.counts["holds"] == 3
    assert len(old.best(tvm=TVM)) == 3


def test_records_whose_template_is_unknown_are_left(library: ConfigLibrary, logs: Path) -> None:
    library.import_logs(logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log", platform="box", tvm="hhb-tvm==0.15.0")
    done = library.revalidate(platform="box")
    assert (done.jobs, done.commit, done.counts["left"]) == ((), None, len(done.records))
    assert all("knows no template" in str(record.why) for record in done.records)
    assert library.open_jobs() == []


def test_what_is_refused_before_anything_is_measured(old: ConfigLibrary, tasks: list[Any]) -> None:
    with pytest.raises(SelectionError, match="no record that was asked for"):
        old.revalidate(tasks, Selection(workload="nothing"), platform="box")
    with pytest.raises(SelectionError, match="no record that was asked for"):
        old.revalidate(platform="elsewhere")
    with pytest.raises(TypeError):
        old.revalidate(tasks, platform="box", runer=None)  # type: ignore[call-arg]
    assert old.open_jobs() == []


def test_a_target_of_another_machine_needs_a_runner(old: ConfigLibrary, tasks: list[Any], tmp_path: Path) -> None:
    from tvm import autotvm

    arm = "llvm -mcpu=cortex-a53 -mtriple=aarch64-linux-gnu"
    task = autotvm.task.create(tasks[0].name, tasks[0].args, arm)
    assert old.revalidate([task], platform="box").missing == 1
    log = tmp_path / "arm.log"
    autotvm.tuner.GridSearchTuner(task).tune(1, work.pretended(), callbacks=[autotvm.callback.log_to_file(str(log))])
    old.import_logs(log, platform="board", tvm="hhb-tvm==0.15.0")
    for given in (None, [task]):
        with pytest.raises(TvmError, match="nothing says how to measure"):
            old.revalidate(given, platform="board")
    assert old.open_jobs() == []
    counting = Counting()
    done = old.revalidate([task], platform="board", measure_option=counting.option)
    assert (done.counts["holds"], len(counting.measured)) == (1, 1)


def test_every_platform_gets_a_job_of_its_own_and_its_own_facts(
    old: ConfigLibrary, tasks: list[Any], tmp_path: Path
) -> None:
    from tvm import autotvm

    arm = autotvm.task.create(
        tasks[0].name, tasks[0].args, "llvm -model=rock -mcpu=cortex-a53 -mtriple=aarch64-linux-gnu"
    )
    log = tmp_path / "arm.log"
    autotvm.tuner.GridSearchTuner(arm).tune(1, work.pretended(), callbacks=[autotvm.callback.log_to_file(str(log))])
    old.import_logs(log, tvm="hhb-tvm==0.15.0")
    counting = Counting()
    done = old.revalidate([tasks[0], arm], platform="box", measure_option=counting.option, check=False)
    assert len(done.jobs) == 2
    assert {record.platform for record in done.records} == {"box", "rock"}
    for best in old.best(tvm=TVM):
        (section,) = [entry.task.section for entry in old.show_job(best.job).tasks]
        assert section.platform.name == best.platform
        assert ("cpu" in section.platform.facts) == (best.platform == "box")
    assert len(old.best(tvm=TVM)) == 2


def test_a_later_job_does_not_make_builds_forget_what_is_untuned(old: ConfigLibrary, tasks: list[Any]) -> None:
    (dense,) = [task for task in tasks if task.name.startswith("dense")][:1]
    with old.job(work.TARGET, platform="box") as job:
        job.tune(autotvm_tuner(dense), 2, work.pretended())
        place = job.place(dense)
        job.journal.note_baseline(place, 1e-9)  # nothing is as fast
    (slow,) = [best for best in old.best(tvm=TVM) if best.baseline]
    old.revalidate([dense], platform="box", every=True, measure_option=Counting().option, check=False)
    (again,) = [best for best in old.best(tvm=TVM) if best.workload == slow.workload]
    assert (again.baseline, again.job != slow.job) == (1e-9, True)
    assert "slower" in states(old)


def autotvm_tuner(task: Any) -> Any:
    from tvm import autotvm

    return autotvm.tuner.GridSearchTuner(task)


class Refusing(Counting):
    """Finds every config wrong."""

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        results = super().run(inputs, builds)
        return [result._replace(costs=("", ValueError("off by 3")), error_no=5) for result in results]


def relogged(old: ConfigLibrary, tmp_path: Path, version: str, seconds: float, **told: Any) -> None:
    """Import what the library holds once more, as of another TVM and time."""
    log = tmp_path / f"{version}-{seconds}.log"
    records = [best.record for best in old.best()]
    for record in records:
        record["tvm_version"] = version
        record["result"][3] += seconds
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    old.import_logs(log, platform="box", **told)


def test_a_refused_config_holds_in_no_group_that_counts_here(
    old: ConfigLibrary, tasks: list[Any], tmp_path: Path
) -> None:
    relogged(old, tmp_path, "0.16.dev0", -100, tvm=TVM)
    relogged(old, tmp_path, "0.16.dev0", -99)  # and by a log that names no distribution
    done = old.revalidate(tasks, platform="box", every=True, measure_option=Refusing().option, check=False)
    assert done.counts["refused"] == 3
    refused = [json.dumps(record.workload) for record in done.records]
    assert len(refused) == 3
    assert old.best(tvm=TVM) == []
    assert "exact" not in states(old)


@pytest.mark.parametrize("told", [{}, {"tvm": TVM}], ids=["log", "option"])
def test_what_this_tvm_measured_goes_before_what_a_log_says_of_the_same_config(
    old: ConfigLibrary, tasks: list[Any], tmp_path: Path, told: dict[str, Any]
) -> None:
    relogged(old, tmp_path, "0.16.dev0", -100, **told)
    fast = {best.workload: best.cost for best in old.best(tvm=TVM)}

    class Slow(Counting):
        def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
            return [result._replace(costs=(1.0,)) for result in super().run(inputs, builds)]

    old.revalidate(tasks, platform="box", every=True, measure_option=Slow().option, check=False)
    assert {best.workload: best.cost for best in old.best(tvm=TVM)} == dict.fromkeys(fast, 1.0)
    with old.using(platform="box") as summary:
        from tvm.autotvm.task.dispatcher import DispatchContext

        for task in tasks:
            DispatchContext.current.query(task.target, task.workload)
    assert [outcome.stored and outcome.stored.record.cost for outcome in summary.outcomes.values()] == [1.0] * 3


def test_interrupted_under_other_facts_it_begins_anew(
    old: ConfigLibrary, tasks: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        old.revalidate(
            tasks, platform="box", facts={"cooling": "fan"}, measure_option=Counting(stop_at=2).option, check=False
        )
    done = old.revalidate(
        tasks, platform="box", facts={"cooling": "water"}, measure_option=Counting().option, check=False
    )
    (left,) = old.open_jobs()
    assert f"job {left.id}, started {left.started}, was interrupted under other platform facts" in caplog.text
    assert done.counts["holds"] == 3
    for entry in old.show_job(done.jobs[0]).tasks:
        assert entry.task.section.platform.facts["cooling"] == "water"


def test_what_cannot_be_measured_here_is_left_and_the_rest_is_not(
    old: ConfigLibrary, tasks: list[Any], tmp_path: Path
) -> None:
    from tvm import autotvm

    arm = autotvm.task.create(tasks[0].name, tasks[0].args, "llvm -mcpu=cortex-a53 -mtriple=aarch64-linux-gnu")
    log = tmp_path / "arm.log"
    autotvm.tuner.GridSearchTuner(arm).tune(1, work.pretended(), callbacks=[autotvm.callback.log_to_file(str(log))])
    old.import_logs(log, platform="box", tvm="hhb-tvm==0.15.0")
    vague = autotvm.task.create(tasks[0].name, tasks[0].args, "llvm -mcpu=haswell")  # in hhb-tvm: RISC-V
    log = tmp_path / "vague.log"
    autotvm.tuner.GridSearchTuner(vague).tune(1, work.pretended(), callbacks=[autotvm.callback.log_to_file(str(log))])
    old.import_logs(log, platform="box", tvm="hhb-tvm==0.15.0")
    done = old.revalidate([arm, vague, tasks[-1]], platform="box")
    assert dict(done.counts) == {"left": 2, "holds": 1}
    whys = [record.why or "" for record in done.records if record.state == "left"]
    assert ["nothing says how to measure" in whys[0], "no triple" in whys[1]] == [True, True]
    with pytest.raises(TargetError, match="no triple"):
        old.revalidate([vague], platform="box")


def test_slower_than_untuned_is_not_for_apply_history_best_either(old: ConfigLibrary, tasks: list[Any]) -> None:
    with old.job(work.TARGET, platform="box") as job:
        for task in tasks[:2]:
            job.tune(autotvm_tuner(task), 2, work.pretended())
        job.journal.note_baseline(job.place(tasks[0]), 1e-9)
    assert len(old.best(tvm=TVM)) == 2
    assert len(old.records(Selection(platform="box"))) == 1
