"""Ansor with its TVM at hand: durable logging, resuming, and the library's states in a build.

hhb-tvm 3.2.3 cannot rewrite the layouts of `dense` and `matmul`: of a task that Relay extracted for one of them, every
trial fails ("instantiation"). Such a task tunes as
`SearchTask(workload_key=task.workload_key, target=task.target, layout_rewrite_option=LayoutRewriteOption.NO_REWRITE)`,
which is what `library.tune` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.reading import Lookup
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.ansor import remeasure
from tvmgitlib.live.ansor.dispatch import library_context
from tvmgitlib.live.ansor.recording import recorder, temporary_log, workload_of
from tvmgitlib.live.ansor.space import TaskSpace
from tvmgitlib.live.at_hand import without_tophub
from tvmgitlib.live.common import HowToMeasure, LiveFamily, LiveSpace, Native, Remeasured, Suggesting
from tvmgitlib.model import FamilyName, GivenTarget, TuningRecord, TvmError, Workload, parse_target


class Ansor:
    """See `LiveFamily`."""

    name: FamilyName = "ansor"

    def available(self) -> bool:
        return find_spec("tvm.auto_scheduler") is not None

    def handles(self, task: Any) -> bool:
        return any((base.__module__, base.__name__) == _TASK for base in type(task).__mro__)

    def identify(self, task: Any, target: GivenTarget | None) -> tuple[GivenTarget, Workload]:
        return parse_target(str(task.target)), workload_of(task)

    def signature(self, task: Any) -> None:
        return None

    def layer(self, task: Any) -> None:
        return None

    def unsearchable(self, task: Any) -> None:
        return None  # what it extracts, it can tune

    def flops(self, task: Any) -> float | None:
        return float(task.compute_dag.flop_ct)

    def history(self, task: Any, records: Iterable[TuningRecord]) -> str:
        """The path of a log of the records, which is gone when this process ends."""
        return temporary_log(records)

    def loaded(self, records: Iterable[Native]) -> list[tuple[Any, Any]]:
        from tvm.auto_scheduler.measure_record import load_record_from_string

        return [tuple(load_record_from_string(record.native.decode())) for record in records]

    def space(self, task: Any, target: GivenTarget, known: Evidence) -> LiveSpace:
        return TaskSpace(task, known)

    def callback(self, journal: Callable[[], Journal]) -> Any:
        return recorder()(journal)

    def database(self, journal: Journal) -> Any:
        raise TvmError("auto_scheduler has no databases", hint="job.callback('ansor') logs into the job.")

    def measure_option(self, journal: Journal, option: Any) -> Any:
        raise TvmError(
            "auto_scheduler has no measure option",
            hint="job.tune_ansor(task, trials) measures no config again; with a search policy of your own, give it "
            "init_search_callbacks=[PreloadMeasuredStates(job.history(task))] and log with job.callback('ansor').",
        )

    def extract(self, module: Any, params: Mapping[str, Any], target: Any) -> Any:
        from tvm import auto_scheduler

        with without_tophub():
            return auto_scheduler.extract_tasks(module, params, target)

    def why_no_module(self, module: str) -> str | None:
        return None

    def task_of(self, record: TuningRecord) -> Any:
        return remeasure.task_of(record)

    def remeasure(
        self, journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure
    ) -> Iterator[Remeasured]:
        return remeasure.remeasure(journal, task, records, how)

    def measure_untuned(self, journal: Journal, task: Any, how: HowToMeasure) -> tuple[float, ...]:
        return remeasure.measure_untuned(task, how)

    def applying(self, lookup: Lookup, suggesting: Suggesting) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = library_context()(lookup, suggesting)
        return context


FAMILY: LiveFamily = Ansor()

_TASK = ("tvm.auto_scheduler.search_task", "SearchTask")
