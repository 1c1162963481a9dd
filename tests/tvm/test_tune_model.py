"""Tuning a whole model: killed, called again and called a third time; and what stands in the way of it."""

from __future__ import annotations

import json
import platform
import runpy
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Tuning
from tvmgitlib.live.tasks import WeightedTask
from tvmgitlib.model import SelectionError, TargetError, TvmError

pytestmark = pytest.mark.tvm("0.16", "0.25", "0.27")

SCRIPT = Path(__file__).parent / "model_job.py"

#: A target of another machine, which does not say how many cores that has.
FOREIGN = {"kind": "llvm", "mtriple": f"{'x86_64' if platform.machine() == 'aarch64' else 'aarch64'}-linux-gnu"}

work = SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = work.write_model(tmp_path_factory.mktemp("model") / "mlp.onnx")
    return path


@pytest.mark.tvm("0.16", "0.27")  # a process more, which takes as long as all the others
def test_a_killed_model_goes_on_and_is_skipped_the_third_time(
    library: ConfigLibrary, cli: Any, model: Path, tmp_path: Path, forked: Any
) -> None:
    journal = work.Journal(tmp_path / "journal")
    killed = forked.run([sys.executable, SCRIPT, library.path, model, journal.path, "6"])
    assert killed.returncode == -signal.SIGKILL
    (left,) = library.open_jobs()
    assert left.spec.key == "mlp.onnx"

    seen: list[Tuning] = []
    done = work.tune(library.path, model, journal, watch=seen.append)
    assert (done.result.job, done.resumed, done.is_complete) == (left.id, True, True)
    assert {task.state for task in done.tasks} <= {"tuned", "skipped"}
    assert all(task.trials == work.TRIALS and task.speedup for task in done.tasks)
    lost = 2  # at most: what was measured when the kill came, a batch of two
    assert len(journal.lines()) <= len(done.tasks) * (work.TRIALS + 1) + lost  # and each once untuned
    layers = {task.layer or task.workload for task in done.tasks}
    assert len(layers) == 2  # of AutoTVM each has two templates, and so two tasks
    assert seen[-1].left is not None and seen[-1].speedup is not None
    states = {state for tuning in seen for state in (task.state for task in tuning.tasks)}
    assert states <= {"tuned", "skipped", "tuning", "waiting"}

    measured = len(journal.lines())
    again = work.tune(library.path, model, journal)
    assert [task.state for task in again.tasks] == ["skipped"] * len(done.tasks)
    assert (again.result.job, again.speedup, len(journal.lines())) == (None, done.speedup, measured)
    assert not library.open_jobs()

    arguments = [model, "--trials", work.TRIALS, "--target", json.dumps(work.TARGET), "--platform", "board"]
    tuner = ["--tuner", "random"] if "tuner" in work.how(journal) else []
    answer = cli.json("tune", *arguments, *tuner)
    assert (cli.code, answer["complete"], answer["made"], answer["job"]) == (0, True, 0, None)


def test_shards_of_several_models_are_jobs_of_their_own(
    library: ConfigLibrary, cli: Any, git: Callable[..., str], model: Path, tmp_path: Path
) -> None:
    """Two machines, a part of the tasks each: three models, of which two have the same tasks."""
    wider = work.write_model(tmp_path / "wider.onnx", hidden=64)
    again = shutil.copy(model, tmp_path / "again.onnx")
    models = [str(wider), str(model), str(again)]
    journal = work.Journal(tmp_path / "journal")
    parts = [work.tune(library.path, models, journal, shard=shard) for shard in ("1/2", "2/2")]
    of_model = 2 if "runner" in work.how(journal) else 4  # AutoTVM has two templates for each layer
    assert [len(part.tasks) for part in parts] == [of_model, of_model]
    assert len({task.workload for part in parts for task in part.tasks}) == 2 * of_model
    assert {task.weight for part in parts for task in part.tasks} == {1.0, 2.0}
    assert all(part.is_complete and sum(task.weight for task in part.coverage.tasks) == 3 * of_model for part in parts)
    name = "again.onnx+mlp.onnx+wider.onnx"
    assert [part.key for part in parts] == [f"{name} 1/2", f"{name} 2/2"]

    jobs = [library.show_job(part.result.job).header for part in parts]
    assert [header.options["shard"] for header in jobs] == ["1/2", "2/2"]
    assert jobs[0].options["models"] == ["again.onnx", "mlp.onnx", "wider.onnx"]
    assert len({part.result.commit for part in parts}) == len(library.log()) == 2
    message = git(library.path, "log", "-1", "--format=%B")
    assert f"Key: {name} 2/2." in message

    how = ["--trials", work.TRIALS, "--target", json.dumps(work.TARGET), "--platform", "board"]
    how += ["--tuner", "random"] if "tuner" in work.how(journal) else []
    told = cli.json("tune", *reversed(models), *how, "--shard", "1/2")
    assert (cli.code, told["shard"], told["key"], told["made"]) == (0, "1/2", f"{name} 1/2", 0)
    assert {task["workload"] for task in told["tasks"]} == {task.workload for task in parts[0].tasks}
    assert cli("tune", model, *how, "--shard", "8/8").code == 0
    assert "This shard has no task" in cli.err
    assert cli("tune", *models, *how, "--shape", "z=1,16").code == 4
    assert "none of the models has an input z" in cli.err


@pytest.mark.tvm("0.25", "0.27")
def test_a_target_need_not_say_how_many_cores_this_machine_has(
    library: ConfigLibrary, model: Path, tmp_path: Path
) -> None:
    target = {name: value for name, value in work.TARGET.items() if name != "num-cores"}
    done = library.tune(model, 1, target=target, platform="board", **work.how(work.Journal(tmp_path / "journal")))
    assert done.is_complete
    counted = library.tune(model, 1, target=work.TARGET, platform="board")  # the same kernels
    assert {task.state for task in counted.tasks} == {"skipped"}
    on_record = library.tune(model, 1, target=target, platform="board", runner="rpc")  # nothing is to be measured
    assert {task.state for task in on_record.tasks} == {"skipped"}
    with pytest.raises(TargetError, match="measuring is for a runner on a tracker"):
        library.tune(model, 2, target=target, platform="board", runner="rpc")
    assert not library.open_jobs()


@pytest.mark.tvm("0.25", "0.27")
def test_a_search_that_cannot_begin_leaves_an_interrupted_job_as_it_is(
    library: ConfigLibrary, model: Path, tmp_path: Path
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    foreign = FOREIGN | {"num-cores": 4}
    how = work.how(work.Journal(tmp_path / "journal", 3, interrupt))
    with pytest.raises(KeyboardInterrupt):
        library.tune(model, work.TRIALS, target=foreign, platform="board", **how)
    (left,) = library.open_jobs()
    with pytest.raises(TargetError, match="its triple is not this machine's"):
        library.tune(model, work.TRIALS, target=FOREIGN, platform="board", **how)
    assert [job.id for job in library.open_jobs()] == [left.id]
    assert library.tune(model, work.TRIALS, target=foreign, platform="board", **how).result.job == left.id


@pytest.mark.tvm("0.25", "0.27")
def test_a_function_has_no_target_of_its_own(library: ConfigLibrary) -> None:
    tasks = SimpleNamespace(**runpy.run_path(str(SCRIPT.parent / "metaschedule_job.py")))
    context = tasks.meta_schedule().TuneContext(mod=tasks.matmul(8), target=tasks.live_target())
    for mixed in ([WeightedTask(tasks.matmul(16))], [context, WeightedTask(tasks.matmul(16))]):
        with pytest.raises(TargetError, match=r"a function does not say its target|nothing says the target"):
            library.tune(mixed, 1, platform="board")
        assert not library.open_jobs()


@pytest.mark.tvm("0.25", "0.27")
def test_the_cores_of_a_board_are_not_those_of_this_machine(
    library: ConfigLibrary, model: Path, tmp_path: Path
) -> None:
    """Of a runner of the user's own nobody can tell where it measures; a target of another machine says it."""
    how = work.how(work.Journal(tmp_path / "journal"))
    with pytest.raises(TargetError, match="its triple is not this machine's"):
        library.tune(model, 1, target=FOREIGN, platform="board", **how)
    assert not library.open_jobs()
    assert library.tune(model, 1, target=FOREIGN | {"num-cores": 4}, platform="board", **how).is_complete


def test_no_trial_is_begun_when_the_time_is_over(library: ConfigLibrary, model: Path, tmp_path: Path) -> None:
    journal = work.Journal(tmp_path / "journal")
    done = work.tune(library.path, model, journal, budget=0.0, key="mine")
    assert (journal.lines(), done.key, done.is_complete) == ([], "mine", False)
    assert {task.state for task in done.tasks} == {"short"}


def test_time_that_ends_in_the_middle_leaves_the_rest_to_another_job(
    library: ConfigLibrary, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead: list[float] = []
    clock = SimpleNamespace(**{**vars(time), "monotonic": lambda: time.monotonic() + sum(ahead)})
    monkeypatch.setattr("tvmgitlib.library.jobs.journal.time", clock)
    journal = work.Journal(tmp_path / "journal", 4, lambda: ahead.append(7200.0))
    first = work.tune(library.path, model, journal, budget=3600.0)
    made = sum(task.made for task in first.tasks)
    assert 0 < made < len(first.tasks) * work.TRIALS and first.result.job is not None
    assert (first.is_complete, first.tasks[-1].state) == (False, "short")
    assert sum(effort.trials for effort in library.trials()) == made

    second = work.tune(library.path, model, journal)
    assert (second.is_complete, second.resumed) == (True, False)
    assert sum(task.made for task in second.tasks) == len(second.tasks) * work.TRIALS - made


def test_a_warm_start_tries_what_another_model_suggests(library: ConfigLibrary, model: Path, tmp_path: Path) -> None:
    journal = work.Journal(tmp_path / "journal")
    work.tune(library.path, model, journal)
    wider = work.write_model(tmp_path / "wider.onnx", hidden=64)
    done = work.tune(library.path, wider, journal, warm_start=True)
    assert done.is_complete
    assert "snapping" in library.show_job(done.result.job).header.options["warm_start"]


def test_sizes_that_a_model_leaves_open_have_to_be_named(library: ConfigLibrary, tmp_path: Path) -> None:
    open_one = work.write_model(tmp_path / "open.onnx", "batch")
    journal = work.Journal(tmp_path / "journal")
    with pytest.raises(SelectionError, match=r"the input x has the shape \[batch, 16\]") as refused:
        work.tune(library.path, open_one, journal)
    assert "--shape x=1,16" in str(refused.value)
    with pytest.raises(SelectionError, match="the model has no input y"):
        work.tune(library.path, open_one, journal, shapes={"y": [1]})
    for wrong in ([1, 2, 16], [16], [0, 16]):
        with pytest.raises(SelectionError, match="the input x has 2 sizes, each at least 1, and"):
            work.tune(library.path, open_one, journal, shapes={"x": wrong})
    named = work.tune(library.path, open_one, journal, shapes={"x": [1, 16]}, budget=0.0)
    assert named.tasks and not library.open_jobs()


def test_what_is_no_model_is_said(library: ConfigLibrary, model: Path, tmp_path: Path) -> None:
    journal = work.Journal(tmp_path / "journal")
    (broken := tmp_path / "broken.onnx").write_bytes(b"\xff" * 40)
    with pytest.raises(SelectionError, match="this is no ONNX model"):
        work.tune(library.path, broken, journal)
    with pytest.raises(SelectionError, match="there is no such file"):
        work.tune(library.path, tmp_path / "nothing.onnx", journal)
    (export := tmp_path / "net.pt2").write_bytes(b"")
    with pytest.raises(TvmError, match="PyTorch is not installed"):
        work.tune(library.path, export, journal)
    with pytest.raises(SelectionError, match="no tuner is called 'best'"):
        work.tune(library.path, model, journal, tuner="best")


@pytest.mark.tvm("0.25", "0.27")
def test_a_tuner_of_other_tasks_is_refused(library: ConfigLibrary, model: Path, tmp_path: Path) -> None:
    with pytest.raises(TvmError, match="no task that the tuner xgb searches"):
        work.tune(library.path, model, work.Journal(tmp_path / "journal"), tuner="xgb")
    assert not library.open_jobs()


@pytest.mark.soak
@pytest.mark.tvm("0.16")
def test_ansor_tunes_dense_layers_whose_layouts_hhb_tvm_cannot_rewrite(library: ConfigLibrary, model: Path) -> None:
    done = library.tune(
        model, 2, target="llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", platform="board", tuner="ansor"
    )
    assert [(task.state, task.failed) for task in done.tasks] == [("tuned", 0)] * 2
