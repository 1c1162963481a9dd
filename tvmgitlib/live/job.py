"""A live tuning job: what tuners log into, skip by, resume from and learn from."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from filelock import BaseFileLock

from tvmgitlib.errors import JobError, TvmError
from tvmgitlib.library.jobs.appending import append_lines
from tvmgitlib.library.jobs.intake import Counts, Origin
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.jobs.recorded import (
    DETERMINISTIC,
    Place,
    baseline_of,
    effort_of,
    exact_records,
    read_job,
    stored_records,
)
from tvmgitlib.library.reading.lookup import device_key
from tvmgitlib.library.reading.results import JobResult
from tvmgitlib.live.base import family_of_task, live_family, require_triple
from tvmgitlib.model.job import Effort
from tvmgitlib.model.json import Json
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName

if TYPE_CHECKING:
    from tvmgitlib.live.config_library import ConfigLibrary

_log = logging.getLogger("tvmgitlib")


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job on disk that is live in this process.

    Attributes:
        opened: the job.
        claim: the lock that says so to other processes.
        resumed: whether it had been interrupted before.
    """

    opened: OpenJob
    claim: BaseFileLock
    resumed: bool


class Job:
    """A job in progress, with a live TVM. Made by `ConfigLibrary.job` and `ConfigLibrary.start_job`.

    As a context manager: leaving it normally commits the job; an exception (Ctrl-C too) leaves it in progress, with
    everything measured so far on the disk, to be resumed.

    Attributes:
        tvm: the TVM that it runs in.
        result: what became of it once it is finished.
    """

    def __init__(
        self,
        library: ConfigLibrary,
        tvm: TvmVersion,
        taken: TakenJob | None = None,
        take: Callable[[GivenTarget], TakenJob] | None = None,
    ) -> None:
        """Make a job.

        Args:
            library: where it will be committed.
            tvm: the TVM that it runs in.
            taken: the job on disk, begun or resumed.
            take: begins or resumes it once the first task says what the target is.
        """
        self._library = library
        self.tvm = tvm
        self._taken = taken
        self._take = take
        self.result: JobResult | None = None
        self._logged: list[TuningRecord] | None = None
        self._kept: dict[Place, list[TuningRecord]] = {}
        self._facts: dict[Place, Mapping[str, Json]] = {}

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
            return
        self._release()
        if self._taken is not None:
            _log.warning(
                "job %s was interrupted: what it measured is kept, and starting a job for the same target and platform "
                "resumes it",
                self.id,
            )

    @property
    def opened(self) -> OpenJob:
        """The job on disk.

        Raises:
            JobError: it takes its target from its first task, and there was none yet.
        """
        if self._taken is None:
            raise JobError("no target was given, and no task was seen yet", hint="Give the target to start_job().")
        return self._taken.opened

    @property
    def resumed(self) -> bool:
        """Whether it had been interrupted before."""
        return self._taken is not None and self._taken.resumed

    @property
    def id(self) -> str:
        """16 hex digits."""
        return self.opened.id

    @property
    def log(self) -> Path:
        """The file that AutoTVM and Ansor tuners log into."""
        return self.opened.log

    @property
    def work_dir(self) -> Path:
        """The folder that MetaSchedule works in."""
        return self.opened.work_dir

    @property
    def target(self) -> GivenTarget | None:
        """The job's target; None when it takes any (or has not seen its first task)."""
        if self._taken is None or self.opened.target is None:
            return None
        return parse_target(self.opened.target)

    def _release(self) -> None:
        """The job is no longer live here; until it is committed, another process may take it up."""
        self._library.forget_job(self)
        if self._taken is not None:
            self._taken.claim.release()

    def finish(self, *, push: bool = False) -> JobResult:
        """Commit the job. One that has measured nothing, because all was tuned already, is dropped instead."""
        self._release()
        if self._taken is None or not (self.opened.logs() or self.opened.refused()):
            if self._taken is not None:
                self._library.abort_job(self.id)
            _log.info("nothing was measured, so there is nothing to commit")
            self.result = JobResult(None, None, Counts())
            return self.result
        self.result = self._library.finish_job(self.id, push=push)
        for workload in self.result.all_failed:
            _log.warning("no trial of %s succeeded: its effort is on record, and it has no config", workload)
        return self.result

    # What is on record

    def place(self, task: Any) -> Place:
        """What the records of a task answer for.

        Raises:
            JobError: the task has another target than the job.
            PlatformError: nothing says which platform it is on.
        """
        family = family_of_task(task)
        given, workload = family.identify(task, self.target)
        require_triple(given)
        if self._taken is None and self._take is not None:
            self._taken = self._take(given)
        if self.target is not None and device_key(given.target) != device_key(self.target.target):
            raise JobError(
                f"the task is for {given.target.label}, and job {self.id} is for {self.target.target.label}",
                hint="Start a job without a target to tune for several.",
            )
        platform = (self._taken.opened.origin if self._taken is not None else Origin()).platform_of(given)
        place = Place(family.name, given.target, platform.name, workload)
        self._facts[place] = platform.facts
        return place

    def facts(self, place: Place) -> Mapping[str, Json]:
        """The facts of the platform that this job's records of a place will have, as `place` has found them."""
        return self._facts[place]

    def effort(self, task: Any, tuner: str | None = None) -> Effort | None:
        """The effort on record for a task with this TVM, in the library and in this job; None when there is none."""
        place = self.place(task)
        exhausted = self._taken is not None and place.identity in self.opened.exhausted()
        with self._library.reading() as contents:
            return effort_of(contents, self.logged(), place, self.tvm, tuner, exhausted, self.facts(place))

    def is_tuned(self, task: Any, trials: int, tuner: str | None = None) -> bool:
        """Whether enough effort is on record for a task: as many trials, or the end of its space.

        Args:
            task: the task.
            trials: how many are enough.
            tuner: count only jobs of this tuner.
        """
        effort = self.effort(task, tuner)
        return effort is not None and (effort.trials >= trials or effort.exhausted is True)

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
        place = self.place(task)
        known = self.opened.baselines().get(place.identity)
        if known is None:
            with self._library.reading() as contents:
                known = baseline_of(contents, place, self.tvm, self.facts(place))
            if known is None:
                told = {"measure_option": measure_option, "builder": builder, "runner": runner}
                how = {name: option for name, option in told.items() if option is not None}
                costs = live_family(place.family).measure_untuned(self, task, how)
                known = math.fsum(costs) / len(costs)
            self.opened.note_baseline(place.identity, known)
        return known

    def try_baseline(self, task: Any, told: Mapping[str, Any]) -> None:
        """`baseline` after tuning, by what the call was told of how to measure: a failure is a warning.

        Where this job has made no trial of the task there is nothing that it could be committed with.
        """
        how = {name: told[name] for name in ("measure_option", "builder", "runner") if name in told}
        try:
            if self.measured(task):
                self.baseline(task, **how)
        except TvmError as error:
            _log.warning("no baseline: %s", error)

    def logged(self) -> list[TuningRecord]:
        """What this job has logged so far."""
        if self._logged is None:
            self._logged = list(read_job(self.opened)) if self._taken is not None else []
        return self._logged

    def append(self, lines: Iterable[str]) -> None:
        """Log records of AutoTVM or Ansor; they are on the disk when this returns."""
        append_lines(self.log, lines)
        self.forget_logged()

    def mark_exhausted(self, task: Any) -> None:
        """Note, durably, that every config of a task's space has been measured: it counts as tuned from now on."""
        place = self.place(task)
        self.opened.mark_exhausted(place.family, place.target, place.workload)

    def forget_logged(self) -> None:
        """The log has grown: read it again when it is next asked for."""
        self._logged = None

    def measured(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that this job has made already (before it was interrupted, say)."""
        place = self.place(task)
        return [record for record in self.logged() if place.holds(record.family, record.target.target, record.workload)]

    def known(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that need not be made again: this job's, and those of kept histories.

        Kept histories count for the same target, platform and TVM.
        """
        place = self.place(task)
        kept = self._kept.get(place)
        if kept is None:
            with self._library.reading() as contents:
                kept = self._kept[place] = list(self._library.kept_records(contents, place, self.tvm))
        return [*kept, *self.measured(task)]

    def on_record(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that hold here: of this job, and exact ones of the library."""
        place = self.place(task)
        with self._library.reading() as contents:
            records = [*exact_records(contents, place, self.tvm, self.facts(place)), *self.known(task)]
        return list({record.native: record for record in records}.values())

    def answers(self, task: Any) -> list[TuningRecord]:
        """Those of them that need not be made again: successes, and failures that would only come again."""
        return [record for record in self.on_record(task) if record.error is None or record.error in DETERMINISTIC]

    def history(self, task: Any, *, other_targets: bool = False) -> Any:
        """What is on record for a task, in the form that its tuner learns from.

        AutoTVM: pairs for `tuner.load_history`. Ansor: the path of a log for `PreloadMeasuredStates` and
        `update_from_file`. MetaSchedule: tuning records for the cost model's `update`.

        Args:
            task: the task.
            other_targets: also what was measured on other targets and platforms.
        """
        place = self.place(task)
        with self._library.reading() as contents:
            records = [stored.record for stored in stored_records(contents, place, other_targets=other_targets)]
            records += self._library.kept_records(contents, place, other_targets=other_targets)
        once = {record.native: record for record in [*records, *self.measured(task)]}
        return live_family(place.family).history(task, once.values())

    # What a tuner is given

    def callback(self, family: str = "autotvm") -> Any:
        """What a tuner calls after each batch: for AutoTVM; with `"ansor"` for auto_scheduler.

        With `"metaschedule"` a measure callback for TVM's own calls, in the place of their `AddToDatabase`.
        """
        return live_family(family).callback(self)

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs measured before answered from the record."""
        return live_family("autotvm").measure_option(self, option)

    def database(self, family: FamilyName = "metaschedule") -> Any:
        """A MetaSchedule database for `database=` of `tune_tir` and the like: records reach the disk as they come.

        With `"autotvm"` a view of the job as an `autotvm.database.Database`.
        """
        if family == "autotvm":
            from tvmgitlib.live.autotvm import family as autotvm

            return autotvm.job_database(self)
        from tvmgitlib.live.metaschedule import family as metaschedule

        return metaschedule.job_database(self)

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

        Returns:
            Whether any trial was made.
        """
        from tvmgitlib.live.autotvm import tuning as autotvm_tuning

        made = autotvm_tuning.tune(self, tuner, n_trial, measure_option, list(callbacks), early_stopping, seed)
        if baseline:
            self.try_baseline(tuner.task, {"measure_option": measure_option})
        return made

    def tune_ansor(self, task: Any, trials: int, **told: Any) -> bool:
        """Tune one Ansor task: skip it when enough is on record, else go on from where it was.

        No state whose result is known is measured again; the cost model learns from all that is on record.

        Args:
            task: a `SearchTask`.
            trials: trials that shall be on record afterwards.
            told: `builder`, `runner`, `measures_per_round`, `early_stopping` and `verbose` as in `TuningOptions`;
                `cost_model`, `params` and `seed` as in `SketchPolicy`; `callbacks`: more measure callbacks;
                `baseline`: measure the untuned state too, see `baseline`.

        Returns:
            Whether any trial was made.
        """
        from tvmgitlib.live.ansor import family as ansor

        baseline = told.pop("baseline", False)
        made = ansor.tune(self, task, trials, **told)
        if baseline:
            self.try_baseline(task, told)
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
                the untuned functions too, see the method.

        Returns:
            How many trials were made.
        """
        from tvmgitlib.live.metaschedule import tuning as metaschedule_tuning

        return metaschedule_tuning.tune_tir(self, mod, target, max_trials_global, told)

    def tune_relax(self, mod: Any, params: Any, max_trials_global: int, target: Any = None, **told: Any) -> int:
        """Tune the tasks of a Relax module as `tune_relax` of MetaSchedule does; see `tune_tir`.

        Args:
            mod: the module.
            params: its parameters by name; None for none.
            max_trials_global: trials that shall be on record afterwards, of all tasks together.
            target: None for the job's.
            told: what else TVM's call takes, except `work_dir` and `database`.
        """
        from tvmgitlib.live.metaschedule import tuning as metaschedule_tuning

        return metaschedule_tuning.tune_relax(self, mod, params, target, max_trials_global, told)

    def tune_tasks(
        self, tasks: Sequence[Any], task_weights: Sequence[float], max_trials_global: int, **told: Any
    ) -> int:
        """Tune contexts as `tune_tasks` of MetaSchedule does; see `tune_tir`.

        Args:
            tasks: `TuneContext`s, with their targets.
            task_weights: one a task.
            max_trials_global: trials that shall be on record afterwards, of all tasks together.
            told: what else TVM's call takes, except `work_dir` and `database`.
        """
        from tvmgitlib.live.metaschedule import tuning as metaschedule_tuning

        return metaschedule_tuning.tune_tasks(self, tasks, task_weights, max_trials_global, told)
