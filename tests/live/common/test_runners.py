"""Which runners measure elsewhere: by what their classes are, with no TVM at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tvmgitlib.live.common.base import HowToMeasure
from tvmgitlib.live.common.runners import elsewhere, told_to_caller


def of_tvm(module: str, name: str, *bases: type) -> type:
    return type(name, bases or (object,), {"__module__": f"tvm.{module}"})


class Config:
    tracker_host, tracker_port, tracker_key = "farm", 9190, "pi"


AutoTvmRpc = of_tvm("autotvm.measure.measure_methods", "RPCRunner")
AutoTvmLocal = of_tvm("autotvm.measure.measure_methods", "LocalRunner", AutoTvmRpc)
AnsorRpc = of_tvm("auto_scheduler.measure", "RPCRunner")
AnsorLocal = of_tvm("auto_scheduler.measure", "LocalRunner")
MetaScheduleRpc = of_tvm("s_tir.meta_schedule.runner.rpc_runner", "RPCRunner")
MetaScheduleLocal = of_tvm("s_tir.meta_schedule.runner.local_runner", "LocalRunner")
LocalContext = of_tvm("auto_scheduler.measure", "LocalRPCMeasureContext")


def made(kind: type, **attributes: Any) -> Any:
    runner = kind()
    runner.__dict__.update(attributes)
    return runner


def derived(kind: type, **attributes: Any) -> Any:
    """As MetaSchedule has it: an object of TVM, with its Python side inside."""
    return made(of_tvm("meta_schedule.utils", "TVMDerivedObject"), _inst=made(kind, **attributes))


class UsersRunner:
    """What users put around a runner."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class Named(made(AutoTvmRpc).__class__):  # type: ignore[misc]
    """A runner of a user's own that goes through a tracker as TVM's does."""


REMOTE = {
    "AutoTVM": HowToMeasure(measure_option={"builder": None, "runner": made(AutoTvmRpc)}),
    "a user's own of AutoTVM": HowToMeasure(measure_option={"runner": made(Named)}),
    "within a user's": HowToMeasure(measure_option={"runner": UsersRunner(made(AutoTvmRpc))}),
    "within two": HowToMeasure(measure_option={"runner": UsersRunner(UsersRunner(made(AutoTvmRpc)))}),
    "Ansor": HowToMeasure(runner=made(AnsorRpc)),
    "MetaSchedule": HowToMeasure(runner=derived(MetaScheduleRpc, rpc_config=Config())),
    "MetaSchedule by its name": HowToMeasure(runner="rpc"),
}

HERE = {
    "nothing said": HowToMeasure(),
    "AutoTVM": HowToMeasure(measure_option={"runner": made(AutoTvmLocal)}),
    "AutoTVM within a user's": HowToMeasure(measure_option={"runner": UsersRunner(made(AutoTvmLocal))}),
    "Ansor": HowToMeasure(runner=made(AnsorLocal)),
    "Ansor by its name": HowToMeasure(runner="local"),
    "MetaSchedule": HowToMeasure(runner=derived(MetaScheduleLocal)),
    "nobody can tell": HowToMeasure(runner=UsersRunner(None)),
    "another's class of that name": HowToMeasure(runner=type("RPCRunner", (), {})()),
}


@pytest.mark.parametrize("how", REMOTE.values(), ids=REMOTE.keys())
def test_what_goes_through_a_tracker_measures_elsewhere(how: HowToMeasure) -> None:
    assert str(elsewhere(how)).startswith("a runner on a tracker")


@pytest.mark.parametrize("how", HERE.values(), ids=HERE.keys())
def test_other_runners_measure_here(how: HowToMeasure) -> None:
    assert elsewhere(how) is None


def test_the_tracker_is_named_where_it_is_known() -> None:
    known = made(AutoTvmRpc, key="pi", host="farm", port=9190)
    for how in (HowToMeasure(measure_option={"runner": known}), REMOTE["MetaSchedule"]):
        assert elsewhere(how) == "a runner on a tracker (pi at farm:9190)"


def test_the_tracker_that_ansor_starts_for_itself_is_this_machines() -> None:
    runner = made(AnsorRpc)
    context = made(LocalContext, runner=runner)
    assert elsewhere(HowToMeasure(runner=runner)) is None
    del context
    assert elsewhere(HowToMeasure(runner=runner)) is not None


CALLS = {
    "AutoTVM": ("tvm.autotvm.tuner.tuner", "measure_option", {"runner": made(AutoTvmRpc)}),
    "Ansor": ("tvm.auto_scheduler.search_task", "tuning_options", UsersRunner(None)),
    "MetaSchedule": ("tvm.s_tir.meta_schedule.task_scheduler", "runner", made(MetaScheduleRpc)),
}


@pytest.mark.parametrize(("module", "name", "told"), CALLS.values(), ids=CALLS.keys())
def test_what_a_call_of_tvms_was_told_is_found_from_its_callbacks(module: str, name: str, told: Any) -> None:
    if name == "tuning_options":
        told.runner = made(AnsorRpc)

    def between(callback: Any) -> Any:
        return callback()

    found: dict[str, Any] = {"__name__": module, "between": between}
    exec(f"def tune({name}, callback): return between(callback)", found)
    how = found["tune"](told, told_to_caller)
    assert str(elsewhere(how)).startswith("a runner on a tracker")


def test_where_no_call_of_tvms_calls_nothing_is_found() -> None:
    runner = made(AutoTvmRpc)
    assert runner is not None
    assert told_to_caller() is None
