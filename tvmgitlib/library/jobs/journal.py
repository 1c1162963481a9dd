"""The record side of a live job: what is on record for a place, and what the job itself has measured.

A journal speaks of places and records. It knows no tuner and no TVM: a live family takes a journal, and does the rest.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from filelock import BaseFileLock
from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.library.changes import Counts, JobResult
from tvmgitlib.library.jobs import recorded, running
from tvmgitlib.library.jobs.appending import append_lines
from tvmgitlib.library.jobs.intake import Origin
from tvmgitlib.library.jobs.kept_history import kept_records
from tvmgitlib.library.jobs.logs import RecordReader
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.jobs.sharing import Heartbeat
from tvmgitlib.library.reading import Trust, workload_label
from tvmgitlib.library.view import View
from tvmgitlib.model import (
    Effort,
    FamilyName,
    GivenTarget,
    JobError,
    Json,
    Place,
    Platform,
    PlatformError,
    TuningRecord,
    TvmgitlibError,
    TvmVersion,
    Workload,
    parse_target,
    platform_name_from,
    plural,
    require_triple,
)

_log = logging.getLogger("tvmgitlib")


class TakenJob(Struct, frozen=True):
    """A job on disk that is live in this process.

    Attributes:
        opened: the job.
        claim: the lock that says so to other processes.
        resumed: whether it had been interrupted before.
        heartbeat: what tells other machines of it; None where it is not shared.
    """

    opened: OpenJob
    claim: BaseFileLock
    resumed: bool
    heartbeat: Heartbeat | None = None

    def release(self, *, left: bool) -> None:
        """It is no longer live here.

        Args:
            left: whether it was interrupted, so that another machine may go on with it.
        """
        if self.heartbeat is not None:
            self.heartbeat.stop("left" if left else None)
        self.claim.release()


class Journal:
    """What a live job reads and writes.

    Args:
        view: the library that it will be committed to.
        tvm: the TVM that it runs in.
        taken: the job on disk, begun or resumed; None for one that is only asked, or has no target yet.
        take: begins or resumes it once the first place says what the target is.
        loads: whether the TVM loads the module of a workload, where records do not carry it.
    """

    def __init__(
        self,
        view: View,
        tvm: TvmVersion,
        taken: TakenJob | None = None,
        take: Callable[[GivenTarget], TakenJob] | None = None,
        loads: Callable[[Workload], bool] = lambda _: True,
    ) -> None:
        self.view = view
        self.tvm = tvm
        self._taken = taken
        self._take = take
        self._loads = loads
        self._elsewhere: tuple[str | None, str | None] = (None, None)
        self._logged: list[TuningRecord] | None = None
        self._kept: dict[tuple[Place, str], list[TuningRecord]] = {}
        self._facts: dict[Place, Mapping[str, Json]] = {}
        self._described: set[str] = set()
        self._reader = RecordReader()
        self._has_unusable = False
        self._is_finished = False
        self._begins, self._ends = 0.0, math.inf
        self._watching: Callable[[], None] | None = None

    # The job on disk

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
    def is_begun(self) -> bool:
        """Whether there is a job on disk."""
        return self._taken is not None

    @property
    def resumed(self) -> bool:
        """Whether the job had been interrupted before."""
        return self._taken is not None and self._taken.resumed

    @property
    def id(self) -> str:
        """16 hex digits."""
        return self.opened.id

    @property
    def log(self) -> Path:
        """The file that tuners of one log file log into."""
        return self.opened.log

    @property
    def work_dir(self) -> Path:
        """The folder that tuners of a database work in."""
        return self.opened.work_dir

    @property
    def target(self) -> GivenTarget | None:
        """The job's target; None when it takes any (or has not seen its first task)."""
        if self._taken is None or self.opened.spec.target is None:
            return None
        return parse_target(self.opened.spec.target)

    def measured_by(self, elsewhere: str | None, platform: str | None = None) -> None:
        """Note, durably, on which machine the next trials are made: no fact of this one goes with those of another.

        Args:
            elsewhere: what measures on another machine, in words; None for this machine.
            platform: the other machine's, where what measures says it itself.

        Raises:
            PlatformError: nothing names the other machine's platform, or it is not the job's.
            JobError: the job has trials of the other kind.
        """
        self._elsewhere = (elsewhere, platform)
        if self._taken is None:
            return
        spec = self.opened.spec
        named = self._named_platform()
        if platform is not None and named not in (None, platform):
            raise PlatformError(f"job {self.id} is for the platform {named}, and {elsewhere} is of {platform}")
        if (spec.where == "elsewhere") == (elsewhere is not None):
            return
        if elsewhere is None:
            raise JobError(
                f"job {self.id} was measured on another machine, {spec.platform or 'through a tracker'}, and this "
                "runner measures on this one",
                hint="Finish or abort that job (tvmgitlib job finish), then start one for this machine.",
            )
        if self.target is not None and named is None:
            raise PlatformError(
                f"{elsewhere} measures on another machine, and nothing names its platform",
                hint='Name it when the job is started: platform="NAME" in Python, --platform NAME on the command line.',
            )
        if self.logged():
            raise JobError(
                f"job {self.id} has measured on this machine, and {elsewhere} measures on another one",
                hint="A job is of one machine: finish this one, then start another.",
            )
        opened = self.opened.told(replace(spec, where="elsewhere", here=None))
        self._taken = replace(self._taken, opened=opened)
        self._facts.clear()

    def _named_platform(self) -> str | None:
        """The platform that the job's target or the user names; None where this machine would be."""
        model = self.target.model if self.target is not None else None
        return platform_name_from(model) if model is not None else self.opened.spec.platform

    def release(self, *, left: bool = False) -> None:
        """The job is no longer live here; until it is committed, another process may take it up.

        Args:
            left: whether it was interrupted, so that another machine may take it up too, where it is shared.
        """
        if self._taken is not None:
            self._taken.release(left=left)

    def finish(self, *, push: bool = False, skip_invalid: bool = False) -> JobResult:
        """Commit the released job. One that has measured nothing, because all was tuned already, is dropped instead."""
        if self._taken is None or not (self.opened.logs() or self.opened.refused()):
            if self._taken is not None:
                running.abort(self.view, self.id)
            _log.info("nothing was measured, so there is nothing to commit")
            return JobResult(None, None, Counts())
        result = running.finish(self.view, self.id, push=push, skip_invalid=skip_invalid)
        self._is_finished = True
        if result.continued is not None:
            _log.warning("what was logged while job %s was finished is kept as job %s", self.id, result.continued)
        for workload in result.all_failed:
            _log.warning("no trial of %s succeeded: its effort is on record, and it has no config", workload)
        return result

    # Places

    def place(self, family: FamilyName, given: GivenTarget, workload: Workload) -> Place:
        """What the records of a task answer for; the first one of a job without a target begins it.

        Args:
            family: the task's tuner family.
            given: the task's target.
            workload: what it computes.

        Raises:
            TargetError: the target leaves open which machine it is for.
            JobError: the job has another target.
            PlatformError: nothing says which platform it is on.
        """
        platform = self.platform_of(given)
        place = Place(family, given.target, platform.name, workload)
        self._facts[place] = platform.facts
        self.describe(workload)
        return place

    def describe(self, workload: Workload) -> None:
        """Note, durably, what TVM calls a workload of this job: a log does not say it."""
        if self._taken is not None and workload.desc is not None and workload.id not in self._described:
            self._described.add(workload.id)
            self.opened.describe(workload)

    def platform_of(self, given: GivenTarget) -> Platform:
        """Where records of a target are measured; the first target of a job without one begins it.

        Raises:
            TvmgitlibError: as `place`: what has such a target cannot be logged into this job.
        """
        require_triple(given)
        if self._taken is None and self._take is not None:
            self._taken = self._take(given)
            self.measured_by(*self._elsewhere)
        if self.target is not None and given.target.device_key != self.target.target.device_key:
            raise JobError(
                f"the task is for {given.target.label}, and job {self.id} is for {self.target.target.label}",
                hint="Start a job without a target to tune for several.",
            )
        origin = Origin.of(self._taken.opened.spec) if self._taken is not None else Origin()
        return origin.platform_of(given)

    def facts(self, place: Place) -> Mapping[str, Json]:
        """The facts of the platform that this job's records of a place will have, as `place` has found them."""
        return self._facts[place]

    # How long it may take

    def limit(self, seconds: float) -> None:
        """Begin no more trials after so many seconds from now; those that are being made are still logged."""
        self._begins = time.monotonic()
        self._ends = self._begins + seconds

    @property
    def is_limited(self) -> bool:
        """Whether there is such a limit."""
        return self._ends < math.inf

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time of `limit` is over."""
        return time.monotonic() >= self._ends

    @property
    def time_spent(self) -> float:
        """The share of that time that is over; 0 without a limit."""
        if self.is_out_of_time:
            return 1.0
        return (time.monotonic() - self._begins) / (self._ends - self._begins) if self.is_limited else 0.0

    # What is on record

    def effort(self, place: Place, tuner: str | None = None) -> Effort | None:
        """The effort on record with this TVM, in the library and in this job; None when there is none.

        Args:
            place: the workload.
            tuner: count only jobs of this tuner (and this job).
        """
        exhausted = self._taken is not None and place.task in self.opened.exhausted()
        with self.view.reading() as contents:
            return recorded.effort_of(
                contents, self.logged(), place, self.tvm, tuner, exhausted, self.facts(place), self._loads
            )

    def is_tuned(self, place: Place, trials: int, tuner: str | None = None) -> bool:
        """Whether enough effort is on record: as many trials, or the end of the space.

        Failures that may pass (time-outs, a board that was not there) are no effort: what they cost is spent again.
        """
        effort = self.effort(place, tuner)
        if effort is None or not effort.is_enough(trials):
            return False
        self.tell_of_skipped(place, effort)
        return True

    def tell_of_skipped(self, place: Place, effort: Effort | None) -> None:
        """Say of a workload that is not tuned, or not again, that it has no config, where it has none.

        Args:
            place: the workload.
            effort: what is on record for it.
        """
        name = workload_label(place.workload)
        if effort is None:
            _log.warning("%s has no config, and is not tuned: no trial was left for it", name)
        elif effort.failed == effort.trials:
            _log.warning(
                "%s has no config, and is not tuned again: all of its %s failed",
                name,
                plural(effort.trials, "trial"),
            )

    def missing(self, place: Place, trials: int) -> int:
        """How many trials are still to be made until so many lasting ones are on record; see `Effort.lasting`."""
        effort = self.effort(place)
        return trials - (effort.lasting if effort else 0)

    def baseline(self, place: Place) -> float | None:
        """What the untuned config takes, in seconds: noted by this job, else on record; None where it is not."""
        noted = self.opened.baselines().get(place.task)
        if noted is not None:
            return noted
        with self.view.reading() as contents:
            return recorded.baseline_of(contents, place, self.tvm, self.facts(place))

    def logged(self) -> list[TuningRecord]:
        """What this job has logged so far."""
        if self._logged is None:
            self._logged = list(recorded.read_job(self.opened)) if self._taken is not None else []
        return self._logged

    def measured(self, place: Place) -> list[TuningRecord]:
        """The measurements of a place that this job has made already (before it was interrupted, say)."""
        return [record for record in self.logged() if recorded.is_of(record, place)]

    def known(self, place: Place) -> list[TuningRecord]:
        """The measurements that need not be made again: this job's, and those of kept histories of this TVM."""
        under = (place, place.target.limits_text)  # two places of other limits are equal, and know other measurements
        kept = self._kept.get(under)
        if kept is None:
            with self.view.reading() as contents:
                kept = self._kept[under] = list(
                    kept_records(self.view.repository, contents, place, self.tvm, self.facts(place))
                )
        return [*kept, *self.measured(place)]

    def on_record(self, place: Place) -> list[TuningRecord]:
        """The measurements of a place that hold here: of this job, and exact ones of the library."""
        with self.view.reading() as contents:
            exact = recorded.exact_records(contents, place, self.tvm, self.facts(place))
            records = [*exact, *self.known(place)]
        return list({record.native: record for record in records}.values())

    def answers(self, place: Place) -> list[TuningRecord]:
        """Those of them that need not be made again: successes, and failures that would only come again."""
        return [record for record in self.on_record(place) if record.is_lasting]

    def learnable(self, place: Place, *, other_targets: bool = False) -> list[TuningRecord]:
        """All that trusted jobs have on record, whatever it holds for: a cost model learns from it.

        Args:
            place: the workload.
            other_targets: also what was measured on other targets and platforms.
        """
        with self.view.reading() as contents:
            stored = recorded.stored_records(contents, place, other_targets=other_targets)
            trust = Trust(contents)
            records = [each.record for each in stored if trust.counts(each.job)]
            records += kept_records(self.view.repository, contents, place, other_targets=other_targets)
        return list({record.native: record for record in [*records, *self.measured(place)]}.values())

    # What the job notes

    def append(self, lines: Iterable[str]) -> list[TuningRecord]:
        """Log records, a line each; they are on the disk when this returns.

        Each is judged as it is logged, by what a job is finished by: one that would be refused then is not logged, and
        costs the others nothing.

        Returns:
            The records as they were judged.

        Raises:
            TvmgitlibError: a line is malformed, or of another target than the job's; the others are logged.
        """
        good: list[str] = []
        judged: list[TuningRecord] = []
        wrong: TvmgitlibError | None = None
        for line in lines:
            try:
                record = self._judge(line)
            except TvmgitlibError as error:
                wrong = wrong or error
                continue
            good.append(line)
            judged += [record] if record is not None else []
        if good:
            self._write(good)
            self.forget_logged()
        if wrong is not None:
            raise wrong
        return judged

    def _write(self, lines: Iterable[str]) -> None:
        if not self.log.exists():
            raise JobError(
                f"job {self.id} is over, and its place is gone: nothing can be logged into it any more",
                hint="Start another job.",
            )
        if self._is_finished:
            _log.warning(
                "job %s is finished; what is logged from here on is kept, and tvmgitlib job finish %s commits it",
                self.id,
                self.id,
            )
            self._is_finished = False  # said once
        append_lines(self.log, lines)

    def _judge(self, line: str) -> TuningRecord | None:
        record = self._reader.read(line.strip().encode())
        if not isinstance(record, TuningRecord):
            return None
        self.platform_of(record.target)
        if record.unusable is not None:
            self.note_unusable(record.unusable)
        return record

    def note_unusable(self, why: str) -> None:
        """Say once that a trial counts as failed because its times can be none.

        Args:
            why: what they are, in words.
        """
        if not self._has_unusable:
            _log.warning("a trial had %s: it counts as failed, like all such trials of this job", why)
        self._has_unusable = True

    def forget_logged(self) -> None:
        """The log has grown: read it again when it is next asked for."""
        self._logged = None
        if self._watching is not None:
            self._watching()

    def watch(self, watching: Callable[[], None] | None) -> None:
        """Call something whenever the log has grown; None to call nothing any more."""
        self._watching = watching

    def mark_exhausted(self, place: Place) -> None:
        """Note, durably, that every config of a space has been measured: it counts as tuned from now on."""
        self.opened.mark_exhausted(place.task)

    def note_tuner(self, name: str, options: Mapping[str, Json]) -> None:
        """Note, durably, a tuner that the job runs, and what it was told: the job's header says it."""
        self.opened.note_tuner(name, options)

    def note_baseline(self, place: Place, seconds: float) -> None:
        """Note, durably, what the untuned config takes, in seconds: it is committed with the job's own trials."""
        self.opened.note_baseline(place.task, seconds)
