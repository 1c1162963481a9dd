"""Ansor on a real TVM: killed and resumed, learning from what is on record, and the library's states in a build."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import TvmError

pytestmark = pytest.mark.tvm("0.16")

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"

#: A search that takes no minute a round.
SMALL = {"evolutionary_search_population": 32, "evolutionary_search_num_iters": 1, "sample_init_min_population": 8}


@dataclass(frozen=True)
class Network:
    """One layer in Relay, its weights and input, and what it gives when nobody has tuned it."""

    module: Any
    weights: dict[str, Any]
    input: Any
    untuned: Any

    def task(self, **changed: Any) -> Any:
        """Its task as Relay extracts it, but for what is changed."""
        from tvm import auto_scheduler

        (task,), _ = auto_scheduler.extract_tasks(self.module, self.weights, target())
        told = {"layout_rewrite_option": task.layout_rewrite_option, "desc": task.desc, **changed}
        return auto_scheduler.SearchTask(workload_key=task.workload_key, target=told.pop("target", target()), **told)

    def build(self, for_target: str = TARGET) -> Any:
        """Build it through Ansor, with whatever is applied at the moment."""
        import tvm
        from tvm import relay

        with tvm.transform.PassContext(opt_level=3, config={"relay.backend.use_auto_scheduler": True}):
            return relay.build(self.module, target=tvm.target.Target(for_target), params=self.weights)

    def run(self, built: Any) -> Any:
        import tvm
        from tvm.contrib.graph_executor import GraphModule

        module = GraphModule(built["default"](tvm.cpu()))
        module.run(x=self.input)
        return module.get_output(0).numpy()


def code(built: Any) -> str:
    """The LLVM code of a build, without the addresses that TVM names things by."""
    return re.sub("0x[0-9a-f]+", "0x", built.get_lib().get_source())


def target() -> Any:
    import tvm

    return tvm.target.Target(TARGET)


@pytest.fixture(scope="module")
def dense() -> Network:
    import numpy
    from tvm import IRModule, relay

    x, w = relay.var("x", shape=(1, 64)), relay.var("w", shape=(32, 64))
    values = numpy.random.RandomState(0).rand(33, 64).astype("float32")
    untuned = numpy.maximum(values[:1] @ values[1:].T, 0)
    return Network(IRModule.from_expr(relay.nn.relu(relay.nn.dense(x, w))), {"w": values[1:]}, values[:1], untuned)


@pytest.fixture(scope="module")
def conv() -> Network:
    """A layer whose weights' layout TVM rewrites."""
    import numpy
    import tvm
    from tvm import IRModule, relay

    x, w = relay.var("x", shape=(1, 8, 8, 4)), relay.var("w", shape=(3, 3, 4, 8))
    random = numpy.random.RandomState(0)
    weights = {"w": random.rand(3, 3, 4, 8).astype("float32")}
    given = random.rand(1, 8, 8, 4).astype("float32")
    layer = relay.nn.conv2d(
        x, w, padding=(1, 1), channels=8, kernel_size=(3, 3), data_layout="NHWC", kernel_layout="HWIO"
    )
    module = IRModule.from_expr(layer)
    plain = Network(module, weights, given, None)
    built = relay.build(module, target=tvm.target.Target(TARGET), params=weights)
    return Network(module, weights, given, plain.run(built))


def measuring(**more: Any) -> dict[str, Any]:
    """How the tests measure: really, but briefly."""
    from tvm.auto_scheduler import LocalBuilder, LocalRunner

    builder = LocalBuilder(timeout=120, n_parallel=2)
    runner = LocalRunner(timeout=60, number=1, repeat=1, min_repeat_ms=0)
    return {"builder": builder, "runner": runner, **more}


def search(**more: Any) -> dict[str, Any]:
    """A small search that goes the same way every time, unless what is on record turns it aside."""
    import numpy

    numpy.random.seed(1)  # the cost model's
    return measuring(params=SMALL, seed=1, verbose=0, **more)


@pytest.fixture(scope="module")
def stock_log(conv: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four trials of the convolution, logged by TVM itself."""
    from tvm import auto_scheduler

    log = tmp_path_factory.mktemp("stock") / "conv.json"
    task = conv.task()
    callbacks = [auto_scheduler.RecordToFile(str(log))]
    options = auto_scheduler.TuningOptions(4, verbose=0, measure_callbacks=callbacks, **measuring())
    task.tune(options, auto_scheduler.SketchPolicy(task, params=dict(SMALL), seed=1, verbose=0))
    return log


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def states(records: list[Any]) -> set[str]:
    """The states that Ansor's records measured."""
    return {json.dumps(record["i"][1][1]) for record in records}


# Tuning

_DENSE = """
import sys
import numpy
import tvm
from tvm import auto_scheduler, relay
from tvm.auto_scheduler.measure import PythonBasedMeasureCallback
from tvmgitlib import ConfigLibrary

target = tvm.target.Target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu")
x, w = relay.var("x", shape=(1, 64)), relay.var("w", shape=(32, 64))
module = tvm.IRModule.from_expr(relay.nn.relu(relay.nn.dense(x, w)))
(extracted,), _ = auto_scheduler.extract_tasks(module, None, target)
task = auto_scheduler.SearchTask(workload_key=extracted.workload_key, target=target, layout_rewrite_option=0)

class Tell(PythonBasedMeasureCallback):
    def callback(self, policy, inputs, results):
        print("returned", len(inputs), flush=True)

numpy.random.seed(1)  # the cost model's: but for what is on record, the second run would go the first one's way
library = ConfigLibrary(sys.argv[1])
with library.job(target, tuner="ansor", platform="bench") as job:
    print("resumed" if job.resumed else "begun", job.log, flush=True)
    job.tune_ansor(
        task,
        8,
        builder=auto_scheduler.LocalBuilder(timeout=120, n_parallel=2),
        runner=auto_scheduler.LocalRunner(timeout=60, number=1, repeat=1, min_repeat_ms=0),
        params={"evolutionary_search_population": 32, "evolutionary_search_num_iters": 1},
        seed=1,
        callbacks=[Tell()],
        verbose=0,
    )
"""


def tuning(popen: Any, script: Path, library: ConfigLibrary) -> Any:
    script.write_text(_DENSE)
    return popen([sys.executable, str(script), str(library.path)], stdout=subprocess.PIPE, text=True)


def test_a_killed_job_goes_on_and_measures_nothing_again(
    library: ConfigLibrary, dense: Network, git: Callable[..., str], tmp_path: Path, forked: Any
) -> None:
    with tuning(forked, tmp_path / "tuning.py", library) as process:
        assert process.stdout is not None
        begun, _, log = process.stdout.readline().strip().partition(" ")
        returned = int(process.stdout.readline().split()[1])
        process.send_signal(signal.SIGKILL)  # in the second batch
        returned += sum(int(line.split()[1]) for line in process.stdout)
    assert begun == "begun"
    before = lines(Path(log))
    assert 8 > len(before) >= returned >= 4
    with Path(log).open("a") as file:
        file.write('{"i": [["[')  # as a kill in the middle of a line leaves it

    with tuning(forked, tmp_path / "tuning.py", library) as process:
        assert process.stdout is not None
        said = process.stdout.read().split()
    assert (process.returncode, said[0], said[1]) == (0, "resumed", log)
    assert sum(map(int, said[3::2])) == 8 - len(before)

    assert library.open_jobs() == []
    assert git(library.path, "rev-list", "--count", "HEAD") == "2\n"
    (effort,) = library.trials()
    assert (effort.trials, effort.configs) == (8, 8)

    with library.using(platform="bench") as summary:
        built = dense.build()
    assert [outcome.state for outcome in summary.applied] == ["exact"]
    assert dense.run(built) == pytest.approx(dense.untuned, rel=1e-4)


def test_a_new_job_measures_nothing_that_a_kept_history_knows(library: ConfigLibrary, dense: Network) -> None:
    task = dense.task(layout_rewrite_option=0)
    with library.job(TARGET, platform="bench", keep_history=True) as first:
        assert first.tune_ansor(task, 6, **search())
        assert not first.tune_ansor(task, 6, **search())
    assert first.result is not None
    with library.job(TARGET, platform="bench", keep_history=True) as second:
        assert second.tune_ansor(task, 7, **search())  # TVM itself measures nothing when asked for one trial
        assert second.tune_ansor(task, 10, **search())
        assert len(Path(second.history(task)).read_text().splitlines()) == 10
    assert second.result is not None
    kept = [
        [json.loads(record.native) for record in library.kept_history(job)]
        for job in (first.result.job, second.result.job)
        if job is not None
    ]
    assert [len(records) for records in kept] == [6, 4]
    assert len(states(kept[0]) | states(kept[1])) == 10


def test_the_log_is_what_tvm_would_have_written(library: ConfigLibrary, conv: Network, tmp_path: Path) -> None:
    from tvm import auto_scheduler

    task = conv.task()
    with library.job(TARGET, platform="bench") as job:
        stock = auto_scheduler.RecordToFile(str(tmp_path / "stock.json"))
        job.tune_ansor(task, 2, callbacks=[stock], **search())
        assert job.log.read_bytes() == (tmp_path / "stock.json").read_bytes()
        assert len(job.measured(task)) == 2  # its records say what the task says
    (best,) = library.best()
    assert best.workload == task.workload_key
    assert "nn_conv2d" in task.desc
    assert best.workload_label.startswith("nn_conv2d")
    assert "1x8x8x4" in best.workload_label


def test_a_task_of_which_every_trial_fails_is_no_config(
    library: ConfigLibrary, dense: Network, caplog: pytest.LogCaptureFixture
) -> None:
    with library.job(TARGET, platform="bench") as job:
        job.tune_ansor(dense.task(), 2, **search())  # hhb-tvm cannot rewrite the layout of dense
    assert "no trial of" in caplog.text
    assert library.best() == []
    (effort,) = library.trials()
    assert effort.errors == {"instantiation": 2}


def test_there_is_no_measure_option(library: ConfigLibrary) -> None:
    from tvmgitlib.live.ansor.family import FAMILY

    job = library.start_job(TARGET, platform="bench")
    with pytest.raises(TvmError, match="tune_ansor"):
        FAMILY.measure_option(job, None)


# Building


def import_stock(library: ConfigLibrary, log: Path) -> None:
    library.import_logs(log, platform="bench", tvm="hhb-tvm==0.16.dev0")


def test_a_build_with_the_library_is_tvms_own_with_the_same_records(
    library: ConfigLibrary, conv: Network, stock_log: Path
) -> None:
    from tvm import auto_scheduler

    import_stock(library, stock_log)
    with library.using(platform="bench") as summary:
        built = conv.build()
    with auto_scheduler.ApplyHistoryBest(str(stock_log)):
        stock = conv.build()
    assert summary.line == "1 task looked up, 1 tuned: 1 exact"
    assert code(built) == code(stock)
    assert code(built) != code(conv.build())
    assert conv.run(built) == pytest.approx(conv.untuned, rel=1e-4)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (f"{TARGET} -model=other", "on other"),
        ("llvm -mcpu=skylake -mtriple=x86_64-linux-gnu", "-mcpu=skylake"),
    ],
)
def test_another_device_gets_nothing_and_is_told_so(
    library: ConfigLibrary, conv: Network, stock_log: Path, asked: str, why: str
) -> None:
    import_stock(library, stock_log)
    with library.using(platform="bench") as summary:
        built = conv.build(asked)
    assert code(built) == code(conv.build(asked))
    (outcome,) = summary.of("missing")
    assert why in outcome.why


def test_what_the_library_does_not_know_the_outer_context_answers(
    library: ConfigLibrary, conv: Network, stock_log: Path
) -> None:
    from tvm import auto_scheduler
    from tvm.auto_scheduler.dispatcher import DispatchContext

    root = DispatchContext.current
    with auto_scheduler.ApplyHistoryBest(str(stock_log)) as outer:
        stock = conv.build()
        with library.using(platform="bench") as summary:
            built = conv.build()
        assert DispatchContext.current is outer
    assert DispatchContext.current is root
    assert code(built) == code(stock)
    assert len(summary.of("missing")) == 1


def test_tasks_can_be_extracted_with_the_library_applied(library: ConfigLibrary, conv: Network) -> None:
    outside = conv.task()
    with library.using(platform="bench"):
        inside = conv.task()
    assert inside.workload_key == outside.workload_key
