"""What AutoTVM writes into a job: its callback, and the job as a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.autotvm.records import answer_type, config_of, is_lasting, line_of, logged_type, pairs
from tvmgitlib.live.common import note_caller, place_of
from tvmgitlib.model import TuningRecord


class LogToJob:
    """What a tuner calls after each batch: everything measured is on the disk when it returns.

    Whoever replays trials calls it with None for the tuner, as TVM's own.

    Args:
        journal: gives the journal of the job, which may begin with the tuner's first batch.
    """

    def __init__(self, journal: Callable[[], Journal]) -> None:
        self._journal = journal
        self._configs: dict[tuple[str, ...], set[bytes]] = {}

    def __call__(self, tuner: Any, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        journal = self._journal()
        note_caller(journal)
        on_disk = (answer_type(), logged_type())
        lines: list[str] = []
        wrong: Exception | None = None
        for measure_input, result in zip(inputs, results, strict=False):
            try:
                if not isinstance(result, on_disk):
                    lines.append(line_of(measure_input, result))
            except (AttributeError, TypeError, ValueError) as error:  # an odd one costs the others nothing
                wrong = wrong or error
        journal.append(lines)
        if wrong is not None:
            raise wrong
        if getattr(tuner, "task", None) is not None and getattr(tuner, "space", None) is not None:
            self._note_exhausted(journal, tuner, inputs, results)

    def _note_exhausted(self, journal: Journal, tuner: Any, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        """Note when every config of the tuner's space has a result that would only come again."""
        place = place_of(journal, tuner.task)
        key = (journal.id, *place.task)
        if key not in self._configs:
            self._configs[key] = {record.config for record in journal.answers(place)}
        pairs = zip(inputs, results, strict=False)
        self._configs[key].update(config_of(measured.config) for measured, result in pairs if is_lasting(result))
        if len(self._configs[key]) >= len(tuner.space):
            journal.mark_exhausted(place)


@cache
def job_database() -> Any:
    """The class of views of a job as AutoTVM's database."""
    from tvm.autotvm.database import Database

    class JobDatabase(Database):  # type: ignore[misc]  # TVM is not typed
        """What a job has measured, and what holds of the library, by config. Nothing saved is ever overwritten.

        As in TVM's own databases, a config of a template whose code has another hash is another one.
        """

        def __init__(self, journal: Journal) -> None:
            self._journal = journal
            self._pairs: dict[tuple[str, Any], dict[tuple[bytes, str | None], list[tuple[Any, Any]]]] = {}
            self._flushed = False

        def load(self, inp: Any, get_all: bool = False) -> Any:
            """The latest result of a config, or all of them; None when there is none."""
            known = self._of(inp).get((config_of(inp.config), inp.config.code_hash))
            if known is None:
                return None
            return [result for _, result in known] if get_all else _latest(known)[1]

        def save(self, inp: Any, res: Any, extend: bool = False) -> None:
            """Log a result: it is on the disk when this returns. `extend` makes no difference."""
            known = self._of(inp).setdefault((config_of(inp.config), inp.config.code_hash), [])
            known += pairs(self._journal.append([line_of(inp, res)]))

        def filter(self, func: Callable[[Any, Sequence[Any]], bool]) -> list[tuple[Any, Any]]:
            """The configs for which a rule holds, each with its latest result.

            They are of the workloads that the job has measured, and of those that this view was asked about.

            Args:
                func: the rule: of a `MeasureInput` and all its `MeasureResult`s.
            """
            for inp, _ in [] if self._flushed else pairs(_of_family(self._journal.logged())):
                self._of(inp)
            each = [known for configs in self._pairs.values() for known in configs.values()]
            return [
                (known[0][0], _latest(known)[1]) for known in each if func(known[0][0], [result for _, result in known])
            ]

        def flush(self) -> None:
            """Answer nothing of what there is by now. The job keeps it: nothing that was measured is deleted."""
            self._pairs.clear()
            self._flushed = True

        def _of(self, inp: Any) -> dict[tuple[bytes, str | None], list[tuple[Any, Any]]]:
            key = (str(inp.target), inp.task.workload)
            if key not in self._pairs:
                known = self._pairs[key] = {}
                records = [] if self._flushed else self._journal.on_record(place_of(self._journal, inp.task))
                for record, pair in zip(records, pairs(records), strict=True):
                    known.setdefault((record.config, pair[0].config.code_hash), []).append(pair)
            return self._pairs[key]

    return JobDatabase


def _latest(known: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    return max(known, key=lambda pair: _moment(pair[1].timestamp))


def _moment(timestamp: Any) -> float:
    """When a trial was measured: logs of others may say nothing of it, or in another way, and come before."""
    return float(timestamp) if isinstance(timestamp, (int, float)) else 0.0


def _of_family(records: Iterable[TuningRecord]) -> list[TuningRecord]:
    """Those of AutoTVM: a job's log may hold other families' too."""
    return [record for record in records if record.family == "autotvm"]
