"""What each family does with a live TVM, and which family a task belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from tvmgitlib.errors import TargetError, TvmError
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName, Workload
from tvmgitlib.tuners.tvm_check import require_tvm

if TYPE_CHECKING:
    from tvmgitlib.library.lookup import Lookup
    from tvmgitlib.tuners.job import Job


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

    def history(self, task: Any, records: Iterable[TuningRecord]) -> Any:
        """Records in the form that this family's transfer learning takes."""
        ...

    def callback(self, job: Job) -> Any:
        """What the tuner calls after each batch: everything measured is on the disk when it returns."""
        ...

    def measure_option(self, job: Job, option: Any) -> Any:
        """The user's way of measuring, with configs that were measured before answered from the record."""
        ...

    def applying(self, lookup: Lookup) -> AbstractContextManager[Any]:
        """A context in which this TVM's lookups are answered by the library; others fall through to the outer one."""
        ...


_MODULES: dict[FamilyName, str] = {
    "autotvm": "tvmgitlib.tuners.autotvm",
    "ansor": "tvmgitlib.tuners.ansor",
    "metaschedule": "tvmgitlib.tuners.metaschedule",
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
