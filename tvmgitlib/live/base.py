"""What each family does with a live TVM, and which family a task belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from tvmgitlib.errors import TargetError, TvmError
from tvmgitlib.live.tvm_check import require_tvm
from tvmgitlib.model.record import ErrorKind, TuningRecord
from tvmgitlib.model.target import GivenTarget
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName, Workload

if TYPE_CHECKING:
    from tvmgitlib.library.reading.lookup import Lookup
    from tvmgitlib.live.job import Job


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial failed, in words; logs keep the kind at best."""

    kind: ErrorKind
    text: str


@dataclass(frozen=True, slots=True)
class Remeasured:
    """What came of measuring a config on record again.

    Attributes:
        costs: run times in seconds; None for a failure.
        failure: why it failed; None for a success.
        checked: whether outputs were compared with an untuned build's before, and agreed.
    """

    costs: tuple[float, ...] | None
    failure: Failure | None = None
    checked: bool = False


class LiveFamily(Protocol):
    """A tuner family with its TVM at hand. Every method may import TVM; none does so when it is imported itself."""

    name: FamilyName

    def available(self) -> bool:
        """Whether the installed TVM has this family."""
        ...

    def handles(self, task: Any) -> bool:
        """Whether a task is this family's (by its type, without importing TVM)."""
        ...

    def identify(self, task: Any, target: GivenTarget | None) -> tuple[GivenTarget, Workload]:
        """The target and workload of a task, exactly as its records will say them.

        Args:
            task: the task.
            target: the job's target, where a task does not carry one (MetaSchedule modules).

        Raises:
            TargetError: neither says a target.
        """
        ...

    def signature(self, task: Any) -> str | None:
        """The task's workload in words that no TVM version changes; None where its name is that already."""
        ...

    def history(self, task: Any, records: Iterable[TuningRecord]) -> Any:
        """Records in the form that this family's transfer learning takes."""
        ...

    def callback(self, job: Job) -> Any:
        """What the tuner calls after each batch: everything measured is on the disk when it returns."""
        ...

    def measure_option(self, job: Job, option: Any) -> Any:
        """The user's way of measuring, with configs that were measured before answered from the record."""
        ...

    def task_of(self, record: TuningRecord) -> Any:
        """The task of a record, made anew in this TVM from what the record says.

        Raises:
            TvmError: it cannot be made from that alone (an unknown template, the module of another TVM): the user has
                to give the task.
        """
        ...

    def remeasure(
        self, job: Job, task: Any, records: Sequence[TuningRecord], told: Mapping[str, Any]
    ) -> Iterator[Remeasured]:
        """Measure configs on record again, in this TVM and on this machine, each once.

        What computes something else than an untuned build is refused unmeasured, where that can be found out. AutoTVM
        compares with the fallback config, where the target is this machine's; Ansor with the schedule that nothing was
        done to, where it is this machine's CPU. Elsewhere they measure unchecked. MetaSchedule compares with the module
        as it is, on a GPU with TVM's default schedule, and refuses to go on where that does not run.

        Args:
            job: where the measurements are logged: each is on the disk before its result is given.
            task: the task, as this TVM has it.
            records: records of that computation, of this TVM or of another.
            told: how to measure. AutoTVM: `measure_option`. Ansor: `builder` and `runner` as in `TuningOptions`.
                MetaSchedule: `builder` and `runner` as in `tune_tir`. All: `check`: whether outputs are compared (True
                unless told otherwise), and `check_timeout`: how long it may take to build and run a config for that
                (for MetaSchedule: to run what its builder has built), in seconds.

        Yields:
            What came of each record, in their order.

        Raises:
            TvmError: the untuned build that outputs are compared with fails, or takes other arguments; or the task
                cannot be measured at all.
        """
        ...

    def measure_untuned(self, job: Job, task: Any, told: Mapping[str, Any]) -> tuple[float, ...]:
        """Measure a task without tuning; nothing is logged.

        AutoTVM measures the fallback config and MetaSchedule the module as it is (on a GPU with TVM's default
        schedule): what a build makes of them. Ansor's tasks know no such thing: it measures the schedule that nothing
        was done to, where a Relay build takes TOPI's.

        Args:
            job, task, told: as for `remeasure`.

        Returns:
            Run times in seconds.

        Raises:
            TvmError: it cannot be built or run.
        """
        ...

    def applying(self, lookup: Lookup) -> AbstractContextManager[Any]:
        """A context in which this TVM's lookups are answered by the library; others fall through to the outer one."""
        ...


_MODULES: dict[FamilyName, str] = {
    "autotvm": "tvmgitlib.live.autotvm.family",
    "ansor": "tvmgitlib.live.ansor.family",
    "metaschedule": "tvmgitlib.live.metaschedule.family",
}


def live_families() -> list[LiveFamily]:
    """All three families."""
    return [cast(LiveFamily, import_module(module).FAMILY) for module in _MODULES.values()]


def live_family(name: FamilyName) -> LiveFamily:
    """A family by name."""
    return cast(LiveFamily, import_module(_MODULES[name]).FAMILY)


def family_of_task(task: Any) -> LiveFamily:
    """The family of a task.

    Raises:
        TvmError: it is no task of any family.
    """
    for family in live_families():
        if family.handles(task):
            return family
    raise TvmError(
        f"{type(task).__module__}.{type(task).__qualname__} is no tuning task",
        hint="Give an AutoTVM Task, an auto_scheduler SearchTask, or for MetaSchedule an IRModule or PrimFunc.",
    )


def require_triple(given: GivenTarget) -> None:
    """Refuse an `llvm` target that leaves open which machine it is for.

    Raises:
        TargetError: it has no triple.
    """
    if given.target.kind == "llvm" and "mtriple" not in given.target.attributes:
        raise TargetError(
            f"{given.target.label!r} has no triple, and what it means without one differs from TVM to TVM "
            "(in hhb-tvm: RISC-V)",
            hint="Say which machine it is for, such as llvm -mcpu=haswell -mtriple=x86_64-linux-gnu.",
        )


def running_tvm() -> TvmVersion:
    """The TVM of this Python, as it says itself.

    Raises:
        TvmError: there is none, or its parts do not fit together.
    """
    found = require_tvm()
    return TvmVersion(found.distribution, found.version, "runtime")
