"""Measuring for a job: nothing twice, nothing lost.

Schedules whose result is known are taken out of what the search proposes, before they take a trial's place, and the
search ends when enough is on record. Results are logged when the runner returns them: TVM itself hands the results of
a task's batch over only when it next turns to that task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.common import Held, Suggesters, holding, place_of
from tvmgitlib.live.metaschedule.database import Measured, failure_of, log_trials
from tvmgitlib.live.metaschedule.tvm import meta_schedule, structural_hash, tuning_record, workload_text
from tvmgitlib.live.metaschedule.warm import WarmStart
from tvmgitlib.model import DETERMINISTIC, Place, TuningRecord

_log = logging.getLogger("tvmgitlib")

#: How often in a row a search may propose nothing new before its space counts as exhausted.
_PATIENCE = 8


class _Batch(Struct):
    """Candidates on their way.

    Attributes:
        candidates: by the hash of the scheduled module.
        waiting: those whose result is not logged yet, by their places.
        not_built: what the builder said of those that it could not build, by their places.
    """

    candidates: list[tuple[int, Any]]
    waiting: set[int]
    not_built: dict[int, str] = field(default_factory=dict)


class Task(Struct):
    """One workload on one target.

    Attributes:
        place: what its records answer for.
        recorded: trials that were on record before, without failures that may pass.
        is_new: whether no job before this one made any of them.
        answers: what need not be measured again: hashes of scheduled modules.
        learnt: measurements on record, for the cost model.
        measured: trials made since.
        warm: suggests its first trials; None to leave all to the search.
    """

    place: Place
    mod: Any
    target: Any
    recorded: int
    is_new: bool
    answers: set[int]
    learnt: list[tuple[Any, Any]]
    measured: int = 0
    batch: _Batch | None = None
    warm: WarmStart | None = None


class Measuring:
    """One call of `tune_tir`, `tune_tasks` or `tune_relax` for a job.

    Args:
        journal: the job's.
        trials: trials that shall be on record afterwards, all tasks together.
        warm: suggests the first trials of each task; None to leave all to the search.
    """

    def __init__(self, journal: Journal, trials: int, warm: Suggesters | None = None) -> None:
        self._journal = journal
        self._trials = trials
        self._warm = warm
        self._tasks: dict[tuple[str, str], Task] = {}
        self._current: Task | None = None
        self._error: BaseException | None = None
        self._held = Held()

    @property
    def measured(self) -> int:
        """Trials made since the call began."""
        return sum(task.measured for task in self._tasks.values())

    def run(self, tune: Callable[[], object]) -> None:
        """Call TVM. What goes wrong in here comes out of it as it was; TVM would make a RuntimeError of it."""
        with holding() as self._held:
            try:
                tune()
            except BaseException as error:
                if self._error is not None and self._error is not error:
                    raise self._error from None
                raise

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Around whatever TVM calls: remembers what goes wrong, for `run`."""
        try:
            self._held.heed()
            yield
            self._held.heed()
        except BaseException as error:
            self._error = error
            raise

    def task(self, mod: Any, target: Any) -> Task:
        """The state of a task, with what is on record for it."""
        key = (workload_text(mod), str(target))
        if key not in self._tasks:
            context = meta_schedule().TuneContext(mod=mod, target=target)
            place = place_of(self._journal, context)
            effort = self._journal.effort(place)
            answers, learnt = self._answers(mod, self._journal.answers(place))
            recorded = effort.lasting if effort else 0
            is_new = recorded <= sum(record.is_lasting for record in self._journal.measured(place))
            task = self._tasks[key] = Task(place, mod, target, recorded, is_new, answers, learnt)
            if self._warm is not None:
                task.warm = WarmStart(self._warm.of(context), context)
        return self._tasks[key]

    def _answers(self, mod: Any, records: Iterable[TuningRecord]) -> tuple[set[int], list[tuple[Any, Any]]]:
        """What records say of a module: the hashes of the scheduled ones, and the measured ones with their results."""
        ms = meta_schedule()
        workload = ms.database.Workload(mod)
        hashes: set[int] = set()
        learnt: list[tuple[Any, Any]] = []
        for known in {record.native: record for record in records}.values():
            try:
                record = tuning_record(known.native, workload)
                candidate = record.as_measure_candidate()
            except Exception as error:  # whatever TVM raises: the trace does not fit, so it answers nothing
                _log.debug("a record cannot be replayed, so it answers nothing: %s", error)
                continue
            hashes.add(structural_hash(candidate.sch.mod))
            if known.error is None:
                learnt.append((candidate, ms.runner.RunnerResult(record.run_secs, None)))
        return hashes, learnt

    def teach(self, task: Task, cost_model: Any) -> None:
        """Let the cost model of a new search know what an earlier one had learnt."""
        if cost_model is None:
            return
        if task.warm is not None:
            task.warm.teach(cost_model)
        if not task.learnt:
            return
        context = meta_schedule().TuneContext(mod=task.mod, target=task.target)
        candidates, results = zip(*task.learnt, strict=True)
        cost_model.update(context, list(candidates), list(results))
        task.learnt = []

    def propose(self, task: Task, trials: int, generate: Callable[[], Any]) -> list[Any] | None:
        """The next candidates that are new, no more than are still wanted; None at the end."""
        if self._journal.is_out_of_time:
            return None
        wanted = min(trials - task.recorded - task.measured, self._left(task))
        if wanted <= 0:
            if task.measured == 0:
                self._journal.tell_of_skipped(task.place, self._journal.effort(task.place))
            return None
        suggested = _new(task, task.warm.next()) if task.warm is not None else {}
        if suggested:
            return self._begin(task, suggested, wanted)
        for _ in range(_PATIENCE):
            candidates = generate()
            if candidates is None:
                break
            if new := _new(task, candidates):
                return self._begin(task, new, wanted)
        if task.recorded + task.measured:
            context = meta_schedule().TuneContext(mod=task.mod, target=task.target)
            self._journal.mark_exhausted(place_of(self._journal, context))
        return None

    def _begin(self, task: Task, new: dict[int, Any], wanted: int) -> list[Any]:
        """Measure candidates, no more than are wanted."""
        chosen = list(new.items())[:wanted]
        task.batch = _Batch(chosen, set(range(len(chosen))))
        task.measured += len(chosen)
        self._current = task
        return [candidate for _, candidate in chosen]

    def _left(self, task: Task) -> int:
        """How many trials a task may still get of those that all tasks together are to have.

        A layer that is new beside layers that are done gets what is its fair share, whatever those have had.
        """
        tasks = self._tasks.values()
        left = self._trials - sum(each.recorded + each.measured for each in tasks)
        new = [each for each in tasks if each.is_new]
        if not task.is_new or len(new) == len(tasks):
            return left
        share = max(1, self._trials // len(tasks)) * len(new)
        return max(left, share - sum(each.recorded + each.measured for each in new))

    def built(self, results: list[Any]) -> None:
        if (batch := self._batch_at_work()) is not None:
            batch.not_built = {
                at: str(result.error_msg) for at, result in enumerate(results) if result.error_msg is not None
            }

    def ran_each(self, run_each: Callable[[Callable[[int, Any], None]], None]) -> list[Any]:
        """Log each result when it comes.

        Args:
            run_each: runs what was built; tells what it is given of each result, by its place in that.
        """
        task, batch = self._current, self._batch_at_work()
        done: dict[int, Any] = {}
        if task is None or batch is None:
            run_each(done.__setitem__)
            return [finished(done[at]) for at in sorted(done)]
        failed = self._not_built(batch)
        self._log(task, batch, failed)
        runs = [at for at in range(len(batch.candidates)) if at not in failed]

        def came(at: int, result: Any) -> None:
            done[at] = result
            self._log(task, batch, {runs[at]: result})

        run_each(came)
        return [finished(done[at]) for at in sorted(done)]

    def _not_built(self, batch: _Batch) -> dict[int, Any]:
        ms = meta_schedule()
        return {at: ms.runner.RunnerResult(None, text) for at, text in batch.not_built.items()}

    def ran(self, futures: list[Any]) -> list[Any]:
        """Log what is there at once; a future that is not done is logged when TVM has waited for it."""
        task, batch = self._current, self._batch_at_work()
        if task is None or batch is None:
            return futures
        failed = self._not_built(batch)
        runs = [at for at in range(len(batch.candidates)) if at not in failed]
        done = {at: future.result() for at, future in zip(runs, futures, strict=True) if future.done()}
        self._log(task, batch, failed | done)
        return [finished(done[at]) if at in done else future for at, future in zip(runs, futures, strict=True)]

    def returned(self, task: Task, results: Any) -> None:
        """All results of a batch are there: log the rest of them."""
        if (batch := task.batch) is not None:
            self._log(task, batch, {at: results[at] for at in batch.waiting})
            task.batch = None

    def _batch_at_work(self) -> _Batch | None:
        """What TVM is measuring: the last that was proposed; None when it measures something of its own."""
        return self._current.batch if self._current is not None else None

    def _log(self, task: Task, batch: _Batch, results: dict[int, Any]) -> None:
        trials: list[Measured] = []
        for at, result in sorted(results.items()):
            name, candidate = batch.candidates[at]
            failure = None
            if result.error_msg is not None:
                failure = failure_of(str(result.error_msg), built=at not in batch.not_built)
            if failure is None or failure.kind in DETERMINISTIC:
                task.answers.add(name)
            trials.append(Measured(candidate.sch.trace, candidate.args_info, result.run_secs, failure))
            if task.warm is not None:
                task.warm.learn(candidate, result)
        if trials:
            log_trials(self._journal, task.mod, task.target, trials)
            batch.waiting -= results.keys()


def _new(task: Task, candidates: Iterable[Any]) -> dict[int, Any]:
    """Those of which no result is known, each once, by the hash of the scheduled module."""
    new: dict[int, Any] = {}
    for each in candidates:
        name = structural_hash(each.sch.mod)
        if name not in task.answers:
            new.setdefault(name, each)
    return new


def finished(result: Any) -> Any:
    """A result as TVM takes those that are still to come."""
    return meta_schedule().runner.RunnerFuture(lambda: True, lambda: result)
