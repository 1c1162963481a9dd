"""A Relay model has tasks of each family: the library looks at those that it has records of."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.live.tasks import expand

pytestmark = pytest.mark.tvm("0.16")

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu -num-cores=2"
HHB = "hhb-tvm==0.16.dev0"

MODEL = """
import numpy, tvm
from tvm import relay

def model():
    x, w = relay.var("x", shape=(4, 16)), relay.var("w", shape=(8, 16))
    module = relay.transform.InferType()(tvm.IRModule.from_expr(relay.nn.relu(relay.nn.dense(x, w))))
    return module, {"w": tvm.nd.array(numpy.ones((8, 16), "float32"))}
"""

#: A search that takes no minute a round.
SMALL = """
from tvm import auto_scheduler
small = {"evolutionary_search_population": 32, "evolutionary_search_num_iters": 1}
auto_scheduler.SketchPolicy.DEFAULT_PARAMS.update(small)
"""


@pytest.fixture
def model(tmp_path: Path) -> tuple[str, Any]:
    """A model of one task of MetaSchedule and two of AutoTVM: as the command line takes it, and itself."""
    path = tmp_path / "dense_model.py"
    path.write_text(MODEL)
    scope: dict[str, Any] = {}
    exec(MODEL, scope)
    return f"{path}:model", scope["model"]()


def metaschedule_log(folder: Path, model: Any) -> Path:
    """A database with the schedule that does nothing, of every task."""
    import tvm
    from tvm import meta_schedule as ms
    from tvm.tir import Schedule

    folder.mkdir()
    database = ms.database.JSONDatabase(work_dir=str(folder))
    target = tvm.target.Target(TARGET)
    for task in ms.relay_integration.extract_tasks(model[0], target, model[1]):
        module = task.dispatched[0]
        arguments = ms.arg_info.ArgInfo.from_entry_func(module)
        workload = database.commit_workload(module)
        database.commit_tuning_record(
            ms.database.TuningRecord(Schedule(module).trace, workload, [1e-6], target, arguments)
        )
    return folder


def autotvm_log(path: Path, model: Any, count: int) -> Path:
    """A log of the first config of the first tasks."""
    from tvm.autotvm.measure import MeasureInput, MeasureResult
    from tvm.autotvm.record import encode

    tasks = [each.task for each in expand(model, TARGET, "autotvm")][:count]
    pairs = [
        (MeasureInput(task.target, task, task.config_space.get(0)), MeasureResult((1e-3,), 0, 1.0, 1.6e9))
        for task in tasks
    ]
    path.write_text("".join(encode(*pair) + "\n" for pair in pairs))
    return path


def test_a_fully_tuned_model_is_covered_and_is_one_task(
    library: ConfigLibrary, cli: Any, tmp_path: Path, model: tuple[str, Any]
) -> None:
    import tvm
    from tvm import relay

    spec, (module, params) = model
    library.import_logs(metaschedule_log(tmp_path / "db", (module, params)), platform="pc")
    found = library.coverage((module, params), target=TARGET, platform="pc")
    assert (found.families, found.others, found.is_complete) == (("metaschedule",), (), True)
    assert found.line.startswith("1 of 1 task covered (1 exact)")
    assert found.line.endswith("; the model's tasks are metaschedule's")
    cli("coverage", spec, "--target", TARGET, "--platform", "pc", "--exit-code")
    assert (cli.code, "the model's tasks are metaschedule's" in cli.out) == (0, True)

    with (
        library.using(platform="pc"),
        tvm.transform.PassContext(opt_level=3, config={"relay.backend.use_meta_schedule": True}),
    ):
        relay.build(module, target=TARGET, params=params)
    (outcome,) = library.summary().outcomes.values()
    assert (outcome.state, library.summary().line) == ("exact", "1 task looked up, 1 tuned: 1 exact")
    assert len(outcome.names) == 2 and outcome.names[1] == f"tvmgen_default_{outcome.names[0]}"


def test_of_several_families_the_one_that_covers_most_counts(
    library: ConfigLibrary, cli: Any, tmp_path: Path, model: tuple[str, Any]
) -> None:
    spec, given = model
    library.import_logs(autotvm_log(tmp_path / "a.log", given, 1), platform="pc", tvm=HHB)
    found = library.coverage(given, target=TARGET, platform="pc")
    assert (found.families, len(found.tasks), len(found.covered), found.is_complete) == (("autotvm",), 2, 1, False)

    library.import_logs(metaschedule_log(tmp_path / "db", given), platform="pc")
    found = library.coverage(given, target=TARGET, platform="pc")
    assert (found.families, len(found.tasks), found.is_complete) == (("autotvm", "metaschedule"), 3, True)
    assert (len(found.covered), found.latency) == (1, pytest.approx(1e-6))
    assert "of autotvm's 2 tasks 1 covered; the model's tasks are metaschedule's" in found.line
    cli("coverage", spec, "--target", TARGET, "--platform", "pc", "--exit-code", "--json")
    document = json.loads(cli.out)
    assert (cli.code, document["covered"], document["families"]) == (0, 1, ["autotvm", "metaschedule"])

    only = library.coverage(given, target=TARGET, platform="pc", family="autotvm")
    assert (only.families, only.others, only.is_complete) == ((), ("metaschedule",), False)
    assert "there are records of metaschedule too (--family)" in only.line


def test_records_of_another_target_or_platform_decide_nothing(
    library: ConfigLibrary, tmp_path: Path, model: tuple[str, Any]
) -> None:
    _, given = model
    library.import_logs(metaschedule_log(tmp_path / "db", given), platform="pc")
    for target, platform in ((TARGET, "laptop"), (TARGET.replace("haswell", "skylake"), "pc")):
        found = library.coverage(given, target=target, platform=platform)
        assert (found.families, len(found.covered)) == (("autotvm",), 0)


def test_a_revalidation_of_the_model_takes_the_same_families(
    library: ConfigLibrary, tmp_path: Path, model: tuple[str, Any]
) -> None:
    _, given = model
    library.import_logs(metaschedule_log(tmp_path / "db", given), platform="pc", tvm=HHB)
    done = library.revalidate(given, target=TARGET, platform="pc", every=True, check=False)
    assert done.counts == {"holds": 1}


@pytest.mark.parametrize(
    ("tuner", "number"), [("ansor", signal.SIGTERM), ("ansor", signal.SIGINT), ("random", signal.SIGTERM)]
)
def test_a_signal_ends_tuning_with_what_was_measured(
    library: ConfigLibrary, model: tuple[str, Any], tuner: str, number: signal.Signals, forked: Any
) -> None:
    with Path(model[0].rpartition(":")[0]).open("a") as file:
        file.write(SMALL)
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(library.path), "tune", model[0]]
    options = ["--tuner", tuner, "--trials", "1000", "--target", TARGET, "--platform", "board"]
    with forked([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        while not (jobs := library.open_jobs()) or not jobs[0].log.exists() or not jobs[0].log.stat().st_size:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1] == ("interrupted by SIGTERM" if number == signal.SIGTERM else "interrupted")
    assert "Traceback" not in said and "ignored" not in said
    (left,) = library.open_jobs()
    assert left.log.read_bytes().endswith(b"\n")
