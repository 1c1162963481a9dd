"""A live tuning job: what tuners log into, skip by, resume from and learn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tvmgitlib.errors import JobError, PlatformError
from tvmgitlib.library.open_jobs import OpenJob
from tvmgitlib.library.recorded import Place, effort_of, read_job, stored_records
from tvmgitlib.library.results import JobResult
from tvmgitlib.model.job import Effort
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.tuners.base import family_of_task, live_family

if TYPE_CHECKING:
    from tvmgitlib.tuners.config_library import ConfigLibrary

_log = logging.getLogger("tvmgitlib")


class Job:
    """A job in progress, with a live TVM. Made by `ConfigLibrary.job` and `ConfigLibrary.start_job`.

    As a context manager: leaving it normally commits the job; an exception (Ctrl-C too) leaves it in progress, with
    everything measured so far on the disk, to be resumed.

    Attributes:
        opened: the job on disk.
        result: what became of it once it is finished.
        resumed: whether it had been interrupted before.
    """

    def __init__(self, library: ConfigLibrary, opened: OpenJob, tvm: TvmVersion, *, resumed: bool = False) -> None:
        self._library = library
        self.opened = opened
        self.tvm = tvm
        self.resumed = resumed
        self.result: JobResult | None = None
        self._logged: list[TuningRecord] | None = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self._library.forget_job(self)
            _log.warning(
                "job %s was interrupted: what it measured is kept, and starting a job for the same target and platform "
                "resumes it",
                self.id,
            )

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
        return parse_target(self.opened.target) if self.opened.target is not None else None

    def finish(self, *, push: bool = False) -> JobResult:
        """Commit the job.

        Raises:
            RecordError: it has logged nothing.
        """
        self._library.forget_job(self)
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
        if self.target is not None and given.target != self.target.target:
            raise JobError(
                f"the task is for {given.target.label}, and job {self.id} is for {self.target.target.label}",
                hint="Start a job without a target to tune for several.",
            )
        platform = self._library.platform_for(given, self.opened.platform)
        if platform is None:
            raise PlatformError(
                f"nothing says which platform {given.target.label} is on", hint="Start the job with platform='NAME'."
            )
        return Place(family.name, given.target, platform, workload)

    def effort(self, task: Any, tuner: str | None = None) -> Effort | None:
        """The effort on record for a task with this TVM, in the library and in this job; None when there is none."""
        with self._library.reading() as contents:
            return effort_of(contents, self.logged(), self.place(task), self.tvm, tuner)

    def is_tuned(self, task: Any, trials: int, tuner: str | None = None) -> bool:
        """Whether enough effort is on record for a task: as many trials, or the end of its space.

        Args:
            task: the task.
            trials: how many are enough.
            tuner: count only jobs of this tuner.
        """
        effort = self.effort(task, tuner)
        return effort is not None and (effort.trials >= trials or effort.exhausted is True)

    def logged(self) -> list[TuningRecord]:
        """What this job has logged so far."""
        if self._logged is None:
            self._logged = list(read_job(self.opened))
        return self._logged

    def forget_logged(self) -> None:
        """The log has grown: read it again when it is next asked for."""
        self._logged = None

    def known(self, task: Any) -> list[TuningRecord]:
        """The measurements of a task that this job has made already (before it was interrupted, say)."""
        place = self.place(task)
        return [record for record in self.logged() if place.holds(record.family, record.target.target, record.workload)]

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
        return live_family(place.family).history(task, [*records, *self.known(task)])

    # What a tuner is given

    def callback(self, family: str = "autotvm") -> Any:
        """What a tuner calls after each batch: for AutoTVM, and with `"ansor"` for auto_scheduler."""
        return live_family(family).callback(self)  # type: ignore[arg-type]  # an unknown name says so itself

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs measured before answered from the record."""
        return live_family("autotvm").measure_option(self, option)

    def database(self) -> Any:
        """A MetaSchedule database for `database=` of `tune_tir` and the like: records reach the disk as they come."""
        from tvmgitlib.tuners import metaschedule

        return metaschedule.job_database(self)

    def tune(
        self,
        tuner: Any,
        n_trial: int,
        measure_option: Any,
        callbacks: Iterable[Callable[..., None]] = (),
        early_stopping: int | None = None,
    ) -> bool:
        """Tune one AutoTVM task: skip it when enough is on record, else replay, measure, log and count.

        Args:
            tuner: an AutoTVM tuner.
            n_trial: trials that shall be on record afterwards.
            measure_option: how to measure.
            callbacks: the user's own.
            early_stopping: as in `Tuner.tune`.

        Returns:
            Whether anything was measured.
        """
        from tvmgitlib.tuners import autotvm

        return autotvm.tune(self, tuner, n_trial, measure_option, list(callbacks), early_stopping)
