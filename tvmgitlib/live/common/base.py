"""What each family does with a live TVM, and which family a task belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Final, Protocol, cast

from msgspec import Struct

from tvmgitlib import families
from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.reading import Lookup
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.at_hand import require_tvm
from tvmgitlib.live.common.space import LiveSpace, Suggesting
from tvmgitlib.model import ErrorKind, FamilyName, GivenTarget, Place, TuningRecord, TvmError, TvmVersion, Workload

#: How long trying one build may take, in seconds, unless the user says so.
TIMEOUT: Final = 60.0


class Native(Protocol):
    """Whatever holds the tuner's own text."""

    @property
    def native(self) -> bytes: ...


class HowToMeasure(Struct, frozen=True):
    """How a user wants trials to be measured; what is None is done as the family does it on this machine.

    Attributes:
        measure_option: of AutoTVM.
        builder, runner: of Ansor, as in `TuningOptions`, and of MetaSchedule, as in `tune_tir`.
        check: whether outputs are compared with those of an untuned build before anything is measured.
        check_timeout: how long it may take to build and run a config for that (for MetaSchedule: to run what its
            builder has built), in seconds.
    """

    measure_option: Any = None
    builder: Any = None
    runner: Any = None
    check: bool = True
    check_timeout: float = TIMEOUT

    @property
    def says_where(self) -> bool:
        """Whether it says on what to measure; else it is done on this machine."""
        return self.measure_option is not None or self.runner is not None


class Failure(Struct, frozen=True):
    """Why a trial failed, in words; logs keep the kind at best."""

    kind: ErrorKind
    text: str


class Remeasured(Struct, frozen=True):
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

    def layer(self, task: Any) -> str | None:
        """What tasks share that are ways to compute one layer, of which a build takes one; None for the only way."""
        ...

    def unsearchable(self, task: Any) -> str | None:
        """Why TVM cannot tune a task at all, in words; None where it can."""
        ...

    def flops(self, task: Any) -> float | None:
        """How many floating-point operations a task has, as TVM counts them; None where it cannot."""
        ...

    def history(self, task: Any, records: Iterable[TuningRecord]) -> Any:
        """Records in the form that this family's transfer learning takes."""
        ...

    def loaded(self, records: Iterable[Native]) -> list[tuple[Any, Any]]:
        """Records as this TVM's `ApplyHistoryBest` takes them: pairs of what was measured and its result.

        Raises:
            TvmError: this family has nothing of the kind.
        """
        ...

    def space(self, task: Any, target: GivenTarget, known: Evidence) -> LiveSpace:
        """The configs of a task, into which those of other workloads can be brought.

        Args:
            task: the task.
            target: its target.
            known: what is on record of other workloads.
        """
        ...

    def callback(self, journal: Callable[[], Journal]) -> Any:
        """What the tuner calls after each batch: everything measured is on the disk when it returns.

        Args:
            journal: gives the job's journal, whenever the tuner calls.
        """
        ...

    def database(self, journal: Journal) -> Any:
        """A job as a database of this TVM, for the tuner's own calls.

        Raises:
            TvmError: this family has no databases.
        """
        ...

    def measure_option(self, journal: Journal, option: Any) -> Any:
        """The user's way of measuring, with configs that were measured before answered from the record."""
        ...

    def extract(self, module: Any, params: Mapping[str, Any], target: Any) -> Any:
        """The tasks of a model, as this family's TVM takes them out of it.

        Args:
            module: a Relay module; for MetaSchedule, a Relax or a Relay one.
            params: its parameters by name.
            target: TVM's object.

        Raises:
            Exception: of whatever kind TVM's passes and the user's operators raise.
        """
        ...

    def why_no_module(self, module: str) -> str | None:
        """Why this TVM cannot load a module that is kept beside records, in words; None where it can."""
        ...

    def task_of(self, record: TuningRecord) -> Any:
        """The task of a record, made anew in this TVM from what the record says.

        Raises:
            TvmError: it cannot be made from that alone (an unknown template, the module of another TVM): the user has
                to give the task.
        """
        ...

    def remeasure(
        self, journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure
    ) -> Iterator[Remeasured]:
        """Measure configs on record again, in this TVM and on this machine, each once.

        What computes something else than an untuned build is refused unmeasured, where that can be found out. AutoTVM
        compares with the fallback config, where the target is this machine's; Ansor with the schedule that nothing was
        done to, where it is this machine's CPU. Elsewhere they measure unchecked. MetaSchedule compares with the module
        as it is, on a GPU with TVM's default schedule, and refuses to go on where that does not run.

        Args:
            journal: where the measurements are logged: each is on the disk before its result is given.
            task: the task, as this TVM has it.
            records: records of that computation, of this TVM or of another.
            how: how to measure.

        Yields:
            What came of each record, in their order.

        Raises:
            TvmError: the untuned build that outputs are compared with fails, or takes other arguments; or the task
                cannot be measured at all.
        """
        ...

    def measure_untuned(self, journal: Journal, task: Any, how: HowToMeasure) -> tuple[float, ...]:
        """Measure a task without tuning; nothing is logged.

        AutoTVM measures the fallback config and MetaSchedule the module as it is (on a GPU with TVM's default
        schedule): what a build makes of them. Ansor's tasks know no such thing: it measures the schedule that nothing
        was done to, where a Relay build takes TOPI's.

        Args:
            journal, task, how: as for `remeasure`.

        Returns:
            Run times in seconds.

        Raises:
            TvmError: it cannot be built or run.
        """
        ...

    def applying(self, lookup: Lookup, suggesting: Suggesting) -> AbstractContextManager[Any]:
        """A context in which this TVM's lookups are answered by the library; others fall through to the outer one.

        Args:
            lookup: asks the library.
            suggesting: is asked for what neither the library nor the outer context has a record of.
        """
        ...


#: The families that have a live side: a folder each beside this module.
_LIVE: Final = ("autotvm", "ansor", "metaschedule")


def live_families() -> list[LiveFamily]:
    """Every family that has a live side."""
    return [live_family(name) for name in _LIVE]


def live_family(name: FamilyName) -> LiveFamily:
    """A family by name.

    Raises:
        TvmError: it has no live side.
    """
    if name not in _LIVE:
        raise TvmError(f"nothing is tuned live with {name!r}", hint=f"Live families: {', '.join(_LIVE)}.")
    return cast(LiveFamily, import_module(f"tvmgitlib.live.{name}.family").FAMILY)


def family_at_hand(name: FamilyName) -> LiveFamily:
    """A family that the TVM of this Python has.

    Raises:
        TvmError: it has not, there is none, or the family has no live side.
    """
    found = live_family(name)
    tvm = running_tvm()
    if not found.available():
        codec = families.family(name)
        raise TvmError(codec.unreadable(TvmVersion(), tvm) or f"{tvm} has no {codec.title}")
    return found


def family_of_module(name: str) -> LiveFamily:
    """The family that a module of TVM belongs to; AutoTVM, where it is of none."""
    return family_at_hand("ansor" if name.startswith("tvm.auto_scheduler") else "autotvm")


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


def place_of(journal: Journal, task: Any) -> Place:
    """What the records of a task answer for in a job.

    Raises:
        TvmError: it is no task of any family.
        TvmgitlibError: see `Journal.place`.
    """
    family = family_of_task(task)
    return journal.place(family.name, *family.identify(task, journal.target))


def running_tvm() -> TvmVersion:
    """The TVM of this Python, as it says itself.

    Raises:
        TvmError: there is none, or its parts do not fit together.
    """
    found = require_tvm()
    return TvmVersion(found.distribution, found.version, "runtime")
