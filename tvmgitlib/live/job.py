"""A live tuning job: what tuners log into, skip by, resume from and learn from."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tvmgitlib.library.changes import JobResult
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.ansor import tuning as ansor_tuning
from tvmgitlib.live.autotvm import records as autotvm_records
from tvmgitlib.live.autotvm import tuning as autotvm_tuning
from tvmgitlib.live.common import (
    HowToMeasure,
    Suggesters,
    elsewhere,
    family_at_hand,
    live_family,
    other_records,
    place_of,
    platform_of_runner,
)
from tvmgitlib.live.metaschedule import tuning
from tvmgitlib.model import Effort, GivenTarget, Place, TuningRecord, TvmError, TvmVersion

_log = logging.getLogger("tvmgitlib")


class Job:
    """A job in progress, with a live TVM. Made by `ConfigLibrary.job` and `ConfigLibrary.start_job`.

    As a context manager: leaving it normally commits the job; an exception (Ctrl-C too) leaves it in progress, with
    everything measured so far on the disk, to be resumed. One that was finished before is over.

    Attributes:
        journal: the job as places and records.
        result: what became of it once it is finished.
    """

    def __init__(self, journal: Journal, ended: Callable[[Job], None]) -> None:
        """Make a job.

        Args:
            journal: what it reads and writes.
            ended: is called when it is no longer live, one way or the other.
        """
        self.journal = journal
        self._ended = ended
        self.result: JobResult | None = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.result is not None:
            return
        if kind is None:
            self.finish()
            return
        self._release(left=True)
        if self.journal.is_begun:
            _log.warning(
                "job %s was interrupted: what it measured is kept, and starting a job for the same %starget and "
                "platform resumes it",
                self.id,
                "key, " if self.journal.opened.spec.key else "",
            )

    def __repr__(self) -> str:
        return f"<Job {self.id if self.journal.is_begun else 'without a target yet'}>"

    @property
    def tvm(self) -> TvmVersion:
        """The TVM that it runs in."""
        return self.journal.tvm

    @property
    def resumed(self) -> bool:
        """Whether it had been interrupted before."""
        return self.journal.resumed

    @property
    def id(self) -> str:
        """16 hex digits."""
        return self.journal.id

    @property
    def log(self) -> Path:
        """The file that AutoTVM and Ansor tuners log into."""
        return self.journal.log

    @property
    def work_dir(self) -> Path:
        """The folder that MetaSchedule works in."""
        return self.journal.work_dir

    @property
    def target(self) -> GivenTarget | None:
        """The job's target; None when it takes any (or has not seen its first task)."""
        return self.journal.target

    def _release(self, *, left: bool = False) -> None:
        self._ended(self)
        self.journal.release(left=left)

    def finish(self, *, push: bool = False, skip_invalid: bool = False) -> JobResult:
        """Commit the job. One that has measured nothing, because all was tuned already, is dropped instead.

        Args:
            push: `sync` then.
            skip_invalid: leave out lines that others logged and that are malformed, or for another target.
        """
        self._release()
        self.result = self.journal.finish(push=push, skip_invalid=skip_invalid)
        return self.result

    def measured_by(self, how: HowToMeasure) -> None:
        """Note on which machine trials are made from now on; see `Journal.measured_by`."""
        self.journal.measured_by(elsewhere(how), platform_of_runner(how))

    # What is on record

    def place(self, task: Any) -> Place:
        """What the records of a task answer for.

        Raises:
            JobError: the task has another target than the job.
            PlatformError: nothing says which platform it is on.
        """
        return place_of(self.journal, task)

    def effort(self, task: Any, tuner: str | None = None) -> Effort | None:
        """The effort on record for a task with this TVM, in the library and in this job; None when there is none."""
        return self.journal.effort(self.place(task), tuner)

    def is_tuned(self, task: Any, trials: int, tuner: str | None = None) -> bool:
        """Whether enough effort is on record for a task: as many trials, or the end of its space.

        Failures that may pass (time-outs, a board that was not there) are no effort: what they cost is spent again.

        Args:
            task: the task.
            trials: how many are enough.
            tuner: count only jobs of this tuner.
        """
        return self.journal.is_tuned(self.place(task), trials, tuner)

    def baseline(self, task: Any, *, measure_option: Any = None, builder: Any = None, runner: Any = None) -> float:
        """Mean run time in seconds of what a build without tuning makes of a task: on record, else measured now.

        It is committed with the job's own trials of the task, if it makes any; `best` then says the speed-up over it,
        and no build applies a record that is slower.

        Args:
            task: the task.
            measure_option: how to measure, for AutoTVM.
            builder, runner: the same, for Ansor and MetaSchedule.

        Raises:
            TvmError: it cannot be built or run.
        """
        return self._baseline(task, HowToMeasure(measure_option, builder, runner))

    def _baseline(self, task: Any, how: HowToMeasure) -> float:
        self.measured_by(how)
        place = self.place(task)
        known = self.journal.baseline(place)
        if known is None:
            costs = live_family(place.family).measure_untuned(self.journal, task, how)
            known = math.fsum(costs) / len(costs)
        self.journal.note_baseline(place, known)
        return known

    def try_baseline(self, task: Any, how: HowToMeasure) -> None:
        """`baseline` after tuning, measured as the trials were: a failure is a warning.

        Where this job has made no trial of the task there is nothing that it could be committed with.
        """
        try:
            if self.journal.measured(self.place(task)):
                self._baseline(task, how)
        except TvmError as error:
            _log.warning("no baseline: %s", error)

    def logged(self) -> list[TuningRecord]:
        """What this job has logged so far."""
        return self.journal.logged()

    def measured(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that this job has made already (before it was interrupted, say)."""
        return self.journal.measured(self.place(task))

    def on_record(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that hold here: of this job, and exact ones of the library."""
        return self.journal.on_record(self.place(task))

    def append(self, lines: Iterable[str]) -> None:
        """Log records of AutoTVM or Ansor, a line each; they are on the disk when this returns."""
        self.journal.append(lines)

    def mark_exhausted(self, task: Any) -> None:
        """Note, durably, that every config of a task's space has been measured: it counts as tuned from now on."""
        self.journal.mark_exhausted(self.place(task))

    def history(self, task: Any, *, other_targets: bool = False) -> Any:
        """What is on record for a task, in the form that its tuner learns from.

        AutoTVM: pairs for `tuner.load_history`. Ansor: the path of a log for `PreloadMeasuredStates` and
        `update_from_file`. MetaSchedule: tuning records for the cost model's `update`.

        Args:
            task: the task.
            other_targets: also what was measured on other targets and platforms.
        """
        place = self.place(task)
        records = self.journal.learnable(place, other_targets=other_targets)
        return live_family(place.family).history(task, records)

    def load_history(self, tuner: Any, *, other_targets: bool = False, other_workloads: bool = True) -> int:
        """Let an AutoTVM tuner begin with a model of what is on record: `tuner.load_history`, and whatever that needs.

        TVM's call does nothing below 500 records, and does not say so; here few are said to be few, and used. Only
        `XGBTuner` learns in this way: TVM's other tuners ignore what they are given.

        Args:
            tuner: an AutoTVM tuner.
            other_targets: also what was measured for its task on other targets and platforms.
            other_workloads: also the best records of other workloads of the operator, on the same target and platform.

        Returns:
            Of how many records.
        """
        place = self.place(tuner.task)
        records = self.journal.learnable(place, other_targets=other_targets)
        if other_workloads:
            records += other_records(self.journal.view, place)
        return autotvm_records.load_history(tuner, live_family(place.family).history(tuner.task, records))

    # What a tuner is given

    def callback(self, family: str = "autotvm") -> Any:
        """What a tuner calls after each batch: for AutoTVM; with `"ansor"` for auto_scheduler.

        With `"metaschedule"` a measure callback for TVM's own calls, in the place of their `AddToDatabase`.
        """
        return family_at_hand(family).callback(lambda: self.journal)

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs measured before answered from the record."""
        self.measured_by(HowToMeasure(measure_option=option))
        return family_at_hand("autotvm").measure_option(self.journal, option)

    def database(self, family: str = "metaschedule") -> Any:
        """A MetaSchedule database for `database=` of `tune_tir` and the like: records reach the disk as they come.

        With `"autotvm"` a view of the job as an `autotvm.database.Database`.
        """
        return family_at_hand(family).database(self.journal)

    def tune(
        self,
        tuner: Any,
        n_trial: int,
        measure_option: Any,
        callbacks: Iterable[Callable[..., None]] = (),
        early_stopping: int | None = None,
        seed: int | None = None,
        *,
        baseline: bool = False,
        warm_start: bool = False,
    ) -> bool:
        """Tune one AutoTVM task: skip it when enough is on record, else replay, measure, log and count.

        Args:
            tuner: an AutoTVM tuner.
            n_trial: trials that shall be on record afterwards.
            measure_option: how to measure.
            callbacks: the user's own.
            early_stopping: as in `Tuner.tune`.
            seed: of the tuner's random choices; by default the job's own, so that a resumed job goes the same way.
            baseline: measure the untuned config too: see `baseline`.
            warm_start: first try up to 16 configs that the library's other workloads suggest, as trials of these; then
                the tuner goes on as it would without them, so that it finds nothing more than 16 trials later. For
                those that it has chosen itself others are suggested in between. The same library gives the same ones.

        Returns:
            Whether any trial was made.
        """
        family_at_hand("autotvm")
        how = HowToMeasure(measure_option=measure_option)
        self.measured_by(how)
        warm = self._suggesters(warm_start, seed)
        made = autotvm_tuning.tune(
            self.journal, tuner, n_trial, measure_option, list(callbacks), early_stopping, seed, warm
        )
        if baseline:
            self.try_baseline(tuner.task, how)
        return made

    def _suggesters(self, warm_start: bool, seed: Any) -> Suggesters | None:
        """What suggests first trials, where a user wants it."""
        return Suggesters(self.journal, seed if type(seed) is int else 0) if warm_start else None

    def tune_ansor(self, task: Any, trials: int, **told: Any) -> bool:
        """Tune one Ansor task: skip it when enough is on record, else go on from where it was.

        No state whose result is known is measured again; the cost model learns from all that is on record.

        Args:
            task: a `SearchTask`.
            trials: trials that shall be on record afterwards.
            told: `builder`, `runner`, `measures_per_round`, `early_stopping` and `verbose` as in `TuningOptions`;
                `cost_model`, `params` and `seed` as in `SketchPolicy`; `callbacks`: more measure callbacks;
                `baseline`: measure the untuned state too, see `baseline`; `warm_start`: as in `tune`.

        Returns:
            Whether any trial was made.
        """
        family_at_hand("ansor")
        baseline = told.pop("baseline", False)
        how = _how(told)
        self.measured_by(how)
        warm = self._suggesters(told.pop("warm_start", False), told.get("seed"))
        made = ansor_tuning.tune(self.journal, task, trials, **told, warm=warm)
        if baseline:
            self.try_baseline(task, how)
        return made

    def tune_tir(self, mod: Any, max_trials_global: int, target: Any = None, **told: Any) -> int:
        """Tune TensorIR functions as `tune_tir` of MetaSchedule does, going on from where an interrupted job was.

        No schedule whose result is known is measured again, nor does it count as a trial. Every result is on the disk
        when the runner returns it.

        Args:
            mod: a function, or a module of them, each a task of its own.
            max_trials_global: trials that shall be on record afterwards, of all functions together.
            target: None for the job's.
            told: what else TVM's call takes (`max_trials_per_task`, which counts what is on record too, `builder`,
                `runner`, `strategy`, `cost_model`, `seed`, ...), except `work_dir` and `database`. `baseline`: measure
                the untuned functions too, see the method. `warm_start`: as in `tune`, with traces of other workloads
                snapped into each task; the cost model is told of their records too.

        Returns:
            How many trials were made.
        """
        self.measured_by(_how(told))
        warm = self._suggesters(told.pop("warm_start", False), told.get("seed"))
        return self._with_baselines(told, tuning.tune_tir(self.journal, mod, target, max_trials_global, told, warm))

    def tune_relax(self, mod: Any, params: Any, max_trials_global: int, target: Any = None, **told: Any) -> int:
        """Tune the tasks of a Relax module as `tune_relax` of MetaSchedule does; see `tune_tir`.

        Args:
            mod: the module.
            params: its parameters by name; None for none.
            max_trials_global: trials that shall be on record afterwards, of all tasks together.
            target: None for the job's.
            told: what else TVM's call takes, except `work_dir` and `database`; `baseline` and `warm_start` as there.
        """
        self.measured_by(_how(told))
        warm = self._suggesters(told.pop("warm_start", False), told.get("seed"))
        tuned = tuning.tune_relax(self.journal, mod, params, target, max_trials_global, told, warm)
        return self._with_baselines(told, tuned)

    def tune_tasks(
        self, tasks: Sequence[Any], task_weights: Sequence[float], max_trials_global: int, **told: Any
    ) -> int:
        """Tune contexts as `tune_tasks` of MetaSchedule does; see `tune_tir`.

        Args:
            tasks: the `TuneContext` of each, with its target.
            task_weights: one a task.
            max_trials_global: trials that shall be on record afterwards, of all tasks together.
            told: what else TVM's call takes, except `work_dir` and `database`; `baseline` and `warm_start` as there.
        """
        self.measured_by(_how(told))
        warm = self._suggesters(told.pop("warm_start", False), told.get("seed"))
        tuned = tuning.tune_tasks(self.journal, tasks, task_weights, max_trials_global, told, warm)
        return self._with_baselines(told, tuned)

    def _with_baselines(self, told: dict[str, Any], tuned: tuning.Tuned) -> int:
        """The trials that one of MetaSchedule's calls made; where told so, its tasks are measured untuned then."""
        if told.get("baseline"):
            for task in tuned.tasks:
                self.try_baseline(task, _how(told))
        return tuned.trials


def _how(told: Mapping[str, Any]) -> HowToMeasure:
    """What a user told one of TVM's calls of its builder and runner."""
    return HowToMeasure(builder=told.get("builder"), runner=told.get("runner"))
