"""Whether a runner measures on this machine: what goes through RPC and a tracker may run anywhere.

All three families call theirs `RPCRunner`; the targets say nothing of it. TVM's own "local" ones that go through RPC
too, to a server of their own, are this machine's.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.common.base import HowToMeasure

_REMOTE, _LOCAL = "RPCRunner", "LocalRunner"

#: What TVM's calls call what they were told: of AutoTVM, Ansor and MetaSchedule.
_NAMES: Final = frozenset(("measure_option", "tuning_options", "runner"))

#: How far up from a callback the call is looked for.
_FRAMES: Final = 30

#: How deep a runner is looked for in what users put around it.
_DEPTH: Final = 3


def elsewhere(how: HowToMeasure) -> str | None:
    """What measures on another machine, in words; None where trials are made on this one (or nobody can tell)."""
    option = how.measure_option
    runners = [option.get("runner") if isinstance(option, Mapping) else option, how.runner]
    return next((_words(found) for runner in runners for found in _parts(runner) if _is_remote(found)), None)


def platform_of_runner(how: HowToMeasure) -> str | None:
    """The platform that a fleet says itself; None for any other runner."""
    option = how.measure_option
    runners = [option.get("runner") if isinstance(option, Mapping) else option, how.runner]
    parts = (getattr(found, "_inst", found) for runner in runners for found in _parts(runner))
    return next((each.platform for each in parts if _own_words(each) is not None), None)


def note_caller(journal: Journal) -> None:
    """Note in a job that a call of TVM's logs into where it measures, as far as that can be found out.

    Raises:
        PlatformError: on another machine, whose platform nothing names.
        JobError: the job has trials of the other kind.
    """
    how = told_to_caller()
    if how is not None:
        journal.measured_by(elsewhere(how))


def told_to_caller() -> HowToMeasure | None:
    """How the call of TVM's that calls us back was told to measure; None where none of them does.

    TVM tells its callbacks and databases nothing of runners: what it was told is in its own frames, by the names that
    its calls have for it.
    """
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        if not str(frame.f_globals.get("__name__")).startswith("tvm."):
            continue
        for name in _NAMES.intersection(frame.f_locals):
            told = frame.f_locals[name]
            if name == "measure_option" and isinstance(told, Mapping):
                return HowToMeasure(measure_option=told)
            runner = getattr(told, "runner", None) if name == "tuning_options" else told
            if runner is not None and name != "measure_option":
                return HowToMeasure(runner=runner)
    return None


def _parts(runner: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """A runner, and what it is made of, as far as that is written in Python."""
    yield runner
    if depth > 0 and not isinstance(runner, (str, bytes, int, float, type(None))):
        for part in getattr(runner, "__dict__", {}).values():
            if any("Runner" in name for name in _classes(part)):
                yield from _parts(part, depth - 1)


def _classes(thing: Any) -> list[str]:
    return [each.__name__ for each in type(thing).__mro__]


def _is_remote(runner: Any) -> bool:
    if _own_words(runner) is not None:
        return True
    if isinstance(runner, str):
        return runner == "rpc"
    own = getattr(runner, "_inst", runner)  # MetaSchedule's have their Python side in there
    names = {each.__name__ for each in type(own).__mro__ if each.__module__.split(".")[0] == "tvm"}
    return _REMOTE in names and _LOCAL not in names and not _is_of_own_tracker(runner)


def _is_of_own_tracker(runner: Any) -> bool:
    """Whether it is the runner of Ansor's `LocalRPCMeasureContext`: tracker and server are of this process, then.

    The runner itself tells nobody which tracker it asks, and the context has to be kept alive while it is used.
    """
    return "auto_scheduler" in type(runner).__module__ and any(
        type(each).__name__ == "LocalRPCMeasureContext" and getattr(each, "runner", None) is runner
        for each in gc.get_objects()
    )


def _own_words(runner: Any) -> str | None:
    """What a runner of this project's says of itself: a fleet, and what measures on one."""
    said = getattr(getattr(runner, "_inst", runner), "measures_elsewhere", None)
    return said if isinstance(said, str) else None


def _words(runner: Any) -> str:
    """A runner for people: with its tracker, where it says that."""
    if (said := _own_words(runner)) is not None:
        return said
    own = getattr(runner, "_inst", runner)
    config = getattr(own, "rpc_config", None)
    if config is not None:
        key, host, port = config.tracker_key, config.tracker_host, config.tracker_port
    else:
        key, host, port = (getattr(own, name, None) for name in ("key", "host", "port"))
    return f"a runner on a tracker ({key} at {host}:{port})" if key and host else "a runner on a tracker"
