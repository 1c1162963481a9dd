"""The tasks of models in parts, so that each machine tunes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from tvmgitlib.live.common import family_of_task
from tvmgitlib.live.tasks import WeightedTask, expand
from tvmgitlib.model import GivenTarget, parse_target
from tvmgitlib.rules.sharding import Shard

#: What a trial takes beside what it computes, in seconds: it is built.
_BUILD: Final = 1.0

#: Floating-point operations of a trial a second: ten runs at 10 GFLOP/s, as an average schedule has them on a CPU.
_RATE: Final = 1e9

_Identity: TypeAlias = "tuple[str, str, str]"


def shard(tasks: Any, part: str, target: object | None = None) -> list[WeightedTask]:
    """One part of the tasks of models, the same on every machine that has this TVM: for array jobs.

    All tasks of one workload are in one part. The parts are evened by what a trial of each is estimated to take (a
    second, and its floating-point operations), since each task gets as many trials; neither the order of the tasks nor
    what the library holds plays a part.

    Args:
        tasks: as `ConfigLibrary.coverage` takes them.
        part: `3/8` for the third of eight.
        target: of what does not say its own.

    Raises:
        SelectionError: that is no part.
        TvmgitlibError: as `ConfigLibrary.coverage`, for what is no task.
    """
    chosen = Shard.parse(part)
    return part_of(expand(tasks, target), chosen, target)


def part_of(tasks: Sequence[WeightedTask], chosen: Shard, target: object | None) -> list[WeightedTask]:
    """See `shard`."""
    given = parse_target(target) if target is not None else None
    named = [(_identity(each.task, given), each) for each in tasks]
    its = chosen.of({identity: _seconds(each.task) for identity, each in named})
    return [each for identity, each in named if identity in its]


def _identity(task: Any, target: GivenTarget | None) -> _Identity:
    """What names a task on every machine, whatever its platform is called and whatever else TVM finds out of it."""
    family = family_of_task(task)
    given, workload = family.identify(task, target)
    return family.name, given.target.key, workload.text


def _seconds(task: Any) -> float:
    """What a trial of a task is estimated to take; nothing where TVM cannot tune it."""
    family = family_of_task(task)
    if family.unsearchable(task) is not None:
        return 0.0
    return _BUILD + (family.flops(task) or 0.0) / _RATE
