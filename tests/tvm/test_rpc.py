"""Measuring through a real tracker and real servers on loopback: another machine, as far as anyone can tell."""

from __future__ import annotations

import contextlib
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import JobError, PlatformError, SelectionError

HERE = Path(__file__).parent
KEY = "board"


@pytest.fixture(scope="module")
def tracker(farm: Any) -> int:
    """The port of a tracker with two servers."""
    return int(farm.port)


class StopHere(Exception):  # noqa: N818  # it is no error
    """Ends a job in the middle."""


def interrupted_job(library: ConfigLibrary, *arguments: Any, **told: Any) -> Any:
    """A job that is interrupted at its end."""

    @contextlib.contextmanager
    def around() -> Iterator[Any]:
        with contextlib.suppress(StopHere), library.job(*arguments, **told) as job:
            yield job
            raise StopHere

    return around()


# AutoTVM


def autotvm_option(port: int) -> dict[str, Any]:
    from tvm import autotvm

    from tvmgitlib.live.autotvm.local import load_module

    option: dict[str, Any] = autotvm.measure_option(
        autotvm.LocalBuilder(timeout=120, n_parallel=1),
        autotvm.RPCRunner(
            *(KEY, "127.0.0.1", port),
            number=1,
            repeat=1,
            timeout=60,
            cooldown_interval=0,
            module_loader=load_module,
        ),
    )
    return option


@pytest.fixture(scope="module")
def autotvm() -> Any:
    """What the job script has, and a task; extracting tasks twice in a process may give fewer."""
    work = SimpleNamespace(**runpy.run_path(str(HERE / "autotvm_job.py")))
    work.task = work.tasks()[-1]
    return work


@pytest.mark.tvm("0.16")
def test_autotvm_on_a_tracker_is_measured_elsewhere_and_resumes(
    library: ConfigLibrary, tracker: int, autotvm: Any
) -> None:
    task, option = autotvm.task, autotvm_option(tracker)
    told = {"platform": "nas", "facts": {"cooling": "fan"}}
    with interrupted_job(library, autotvm.TARGET, **told) as job:
        job.tune(autotvm.tuner("random", task), 3, option)
        begun = job.id
    with library.job(autotvm.TARGET, **told) as job:
        assert (job.id, job.resumed, len(job.measured(task))) == (begun, True, 3)
        job.tune(autotvm.tuner("random", task), 5, option)
    assert (job.result.counts.read, job.result.counts.failed) == (5, 0)
    assert job.result.platforms == ("nas",)
    assert library.platform("nas").facts == {"cooling": "fan"}
    (best,) = library.best()
    assert best.platform == "nas"


@pytest.mark.tvm("0.16")
def test_autotvm_on_a_tracker_needs_the_name_of_its_platform(
    library: ConfigLibrary, tracker: int, autotvm: Any
) -> None:
    task, option = autotvm.task, autotvm_option(tracker)
    for give in (
        lambda job: job.tune(autotvm.tuner("random", task), 3, option),
        lambda job: job.measure_option(option),
        lambda job: job.baseline(task, measure_option=job.measure_option(option)),
    ):
        with (
            pytest.raises(PlatformError, match=rf"{KEY} at 127.0.0.1:{tracker}\) measures on another machine"),
            library.job(autotvm.TARGET, resume=False) as job,
        ):
            give(job)
    for each in library.open_jobs():
        assert not each.logs()
        library.abort_job(each.id)


@pytest.mark.tvm("0.16")
def test_the_rfcs_loop_on_a_tracker_is_measured_elsewhere(library: ConfigLibrary, tracker: int, autotvm: Any) -> None:
    task, option = autotvm.task, autotvm_option(tracker)
    job = library.start_job(platform="nas")
    wrapped = library.measure_option(option)
    autotvm.tuner("random", task).tune(n_trial=2, measure_option=wrapped, callbacks=[job.callback()])
    assert library.stop_job().platforms == ("nas",)
    assert library.platform("nas").facts == {}


@pytest.mark.tvm("0.16")
@pytest.mark.parametrize("platform", [None, pytest.param("nas", marks=pytest.mark.soak)])
def test_a_tuner_that_only_calls_back_is_known_to_measure_elsewhere(
    library: ConfigLibrary, tracker: int, autotvm: Any, platform: str | None
) -> None:
    task, option = autotvm.task, autotvm_option(tracker)
    expected = pytest.raises(PlatformError) if platform is None else contextlib.nullcontext()
    with expected, library.job(autotvm.TARGET, platform=platform) as job:
        autotvm.tuner("random", task).tune(n_trial=1, measure_option=option, callbacks=[job.callback()])
    assert library.platforms() == ({"nas": {}} if platform else {})


@pytest.mark.tvm("0.16")
def test_ansor_that_only_calls_back_is_known_to_measure_elsewhere(library: ConfigLibrary, tracker: int) -> None:
    from tvm import auto_scheduler, target, te

    @auto_scheduler.register_workload
    def doubled(size: int) -> list[Any]:
        given = te.placeholder((size,))
        return [given, te.compute((size,), lambda at: given[at] * 2)]

    task = auto_scheduler.SearchTask(
        func=doubled, args=(64,), target=target.Target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu")
    )
    with library.job(str(task.target), platform="nas") as job:
        options = auto_scheduler.TuningOptions(
            num_measure_trials=2,  # with 1, TVM measures nothing
            runner=auto_scheduler.RPCRunner(KEY, "127.0.0.1", tracker, number=1, repeat=1, min_repeat_ms=0),
            measure_callbacks=[job.callback("ansor")],
            verbose=0,
        )
        task.tune(options, auto_scheduler.EmptyPolicy(task))
    assert library.platform("nas").facts == {}


@pytest.mark.tvm("0.16")
def test_a_job_on_a_tracker_takes_no_trial_of_this_machine(library: ConfigLibrary, tracker: int, autotvm: Any) -> None:
    task = autotvm.task
    with (
        pytest.raises(JobError, match="was measured on another machine, nas"),
        library.job(autotvm.TARGET, platform="nas") as job,
    ):
        job.tune(autotvm.tuner("random", task), 2, autotvm_option(tracker))
        job.tune(autotvm.tuner("random", task), 3, autotvm.local())


@pytest.mark.tvm("0.16")
def test_revalidation_on_a_tracker_measures_elsewhere(library: ConfigLibrary, tracker: int, autotvm: Any) -> None:
    task, option = autotvm.task, autotvm_option(tracker)
    with library.job(autotvm.TARGET, platform="nas") as job:
        job.tune(autotvm.tuner("random", task), 2, option)
    with pytest.raises(SelectionError, match="of the platform at hand"):
        library.revalidate(every=True, measure_option=option)
    done = library.revalidate(every=True, measure_option=option, platform="nas", facts={"fan": "on"}, check=False)
    assert done.jobs
    assert library.platform("nas").facts == {"fan": "on"}


@pytest.mark.tvm("0.16")
def test_ansor_on_a_tracker_is_measured_elsewhere(tracker: int) -> None:
    from tvm import auto_scheduler

    from tvmgitlib.live.common.base import HowToMeasure
    from tvmgitlib.live.common.runners import elsewhere

    runner = auto_scheduler.RPCRunner(KEY, "127.0.0.1", tracker)
    assert elsewhere(HowToMeasure(runner=runner)) is not None
    assert elsewhere(HowToMeasure(runner=auto_scheduler.LocalRunner())) is None
    own = auto_scheduler.LocalRPCMeasureContext()
    assert elsewhere(HowToMeasure(runner=own.runner)) is None


# MetaSchedule


@pytest.fixture
def scheduling() -> Any:
    return SimpleNamespace(**runpy.run_path(str(HERE / "metaschedule_job.py")))


def builder_of_libraries(ms: Any, folder: Path) -> Any:
    """A builder in this process: processes of its own would import TVM for half a minute each."""
    import tvm

    from tvmgitlib.live.metaschedule.tvm import derived_object

    class Building(ms.builder.PyBuilder):  # type: ignore[misc]
        def build(self, inputs: Any) -> Any:
            results = []
            for number, each in enumerate(inputs):
                place = folder / f"{time.monotonic_ns()}-{number}"
                place.mkdir()
                built = tvm.compile(each.mod, each.target)
                built.export_library(str(place / "kernel.tar"))
                results.append(ms.builder.BuilderResult(str(place / "kernel.tar"), None))
            return results

    return derived_object(Building)()


def rpc_runner(ms: Any, port: int) -> Any:
    config = ms.runner.RPCConfig("127.0.0.1", port, KEY, session_timeout_sec=300)
    evaluator = ms.runner.EvaluatorConfig(number=1, repeat=1, min_repeat_ms=0, enable_cpu_cache_flush=False)
    return ms.runner.RPCRunner(config, evaluator, max_workers=1)


@pytest.mark.tvm("0.27")
def test_metaschedule_on_a_tracker_is_measured_elsewhere_and_resumes(
    library: ConfigLibrary, tracker: int, ms: Any, scheduling: Any, tmp_path: Path
) -> None:
    function, target = scheduling.matmul(16), scheduling.live_target()
    told = {"platform": "nas", "facts": {"cooling": "fan"}}
    how = {
        **scheduling.told(),
        "builder": builder_of_libraries(ms, tmp_path),
        "runner": rpc_runner(ms, tracker),
    }
    with interrupted_job(library, target, **told) as job:
        assert job.tune_tir(function, 2, **how) == 2
        begun = job.id
    with library.job(target, **told) as job:
        assert (job.id, job.resumed, len(job.measured(function))) == (begun, True, 2)
        assert job.tune_tir(function, 3, **how) == 1
    assert (job.result.counts.read, job.result.counts.failed) == (3, 0)
    assert library.platform("nas").facts == {"cooling": "fan"}


@pytest.mark.tvm("0.16", "0.25", "0.27")
def test_metaschedule_on_a_tracker_needs_the_name_of_its_platform(
    library: ConfigLibrary, ms: Any, scheduling: Any
) -> None:
    how = {**scheduling.told(), "runner": ms.runner.RPCRunner(ms.runner.RPCConfig("127.0.0.1", 9, KEY))}
    with (
        pytest.raises(PlatformError, match=rf"{KEY} at 127.0.0.1:9\) measures on another machine"),
        library.job(scheduling.live_target()) as job,
    ):
        job.tune_tir(scheduling.matmul(16), 2, **how)
