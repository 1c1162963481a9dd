"""`ConfigLibrary` with a live TVM: jobs that tuners run in, and `with library:` around a build."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from tvmgitlib.errors import JobError
from tvmgitlib.library import config_library
from tvmgitlib.library.changes.result import JobResult
from tvmgitlib.library.jobs import kept_history
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.grading import Accept
from tvmgitlib.library.reading.lookup import Lookup, Summary
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.live.base import live_families, require_triple, running_tvm
from tvmgitlib.live.coverage_values import Coverage
from tvmgitlib.live.job import Job, TakenJob
from tvmgitlib.live.revalidation_values import Revalidated
from tvmgitlib.model.job import Effort, JobKind
from tvmgitlib.model.json import Json
from tvmgitlib.model.place import Place
from tvmgitlib.model.platform import validate_platform_name
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName

_log = logging.getLogger("tvmgitlib")


@dataclass(frozen=True, slots=True)
class _Told:
    """What a live job was told, until its target is known."""

    tvm: TvmVersion
    tuner: str | None = None
    platform: str | None = None
    facts: Mapping[str, Json] | None = None
    options: Mapping[str, Json] | None = None
    keep_history: bool = False
    resume: bool = True
    kind: JobKind = "tune"


class ConfigLibrary(config_library.ConfigLibrary):
    """A library of tuned configs; see the base class for everything that needs no TVM.

    Args:
        path: the library, a folder in it, or its tvmgitlib.json; None for the one that `TVMGITLIB_LIBRARY` names, the
            one around the current folder, or `~/.tvm/tvmgitlib`.

    As a context manager it answers the lookups of a build, in AutoTVM, Ansor and MetaSchedule, whichever the TVM has:
    by target and platform, exact records only (`using` widens that). AutoTVM's and Ansor's contexts are global to the
    process; MetaSchedule's is the thread's own.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(path)
        self._reset_live()

    def _reset_live(self) -> None:
        self._job: Job | None = None
        self._applied: list[AbstractContextManager[Any]] = []
        self._summary = Summary()

    # Jobs

    def job(
        self,
        target: object | None = None,
        *,
        tuner: str | None = None,
        platform: str | Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        resume: bool = True,
    ) -> Job:
        """A live job, as a context manager: leaving it commits it.

        Args:
            target: the only target of the job: text, dict or `tvm.target.Target`; None for any.
            tuner: the tuner's name.
            platform: the platform's name, or facts about it, added to the detected ones.
            options: what the tuner is told, for the record.
            keep_history: keep the whole logs too, outside the branch.
            resume: take up an interrupted job of the same target, platform and facts, if there is one.

        Raises:
            TvmError: TVM is missing, or its parts do not fit together.
            JobError: this library has a live job already.
            PlatformError: nothing says which platform the target is on.
        """
        told = _Told(running_tvm(), tuner, *_name_and_facts(platform), options, keep_history, resume)
        return self._start(target, told)

    def start_job(
        self,
        target: object | None = None,
        *,
        tuner: str | None = None,
        platform: str | Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        resume: bool = True,
    ) -> Job:
        """`job`, for use without `with`: end it with `stop_job`. Without a target, the first task says it."""
        if target is not None:
            return self.job(
                target, tuner=tuner, platform=platform, options=options, keep_history=keep_history, resume=resume
            )
        told = _Told(running_tvm(), tuner, *_name_and_facts(platform), options, keep_history, resume)
        self._require_startable()
        self._job = Job(self, told.tvm, take=lambda given: self._take(given.text, told))
        return self._job

    def _start(self, target: object | None, told: _Told) -> Job:
        self._require_startable()
        self._job = Job(self, told.tvm, taken=self._take(target, told))
        return self._job

    def revalidation_job(self, target: object | None, platform: str, facts: Mapping[str, Json]) -> Job:
        """A live job of kind `revalidate`: the interrupted one of the same target and platform, or a new one."""
        return self._start(target, _Told(running_tvm(), platform=platform, facts=facts, kind="revalidate"))

    def _take(self, target: object | None, told: _Told) -> TakenJob:
        """Resume an interrupted job, or begin one."""
        if target is not None:
            require_triple(parse_target(target))
        found = self._interrupted(target, told) if told.resume else None
        if found is not None:
            _log.warning("resuming job %s, which was started %s", found.opened.id, found.opened.started)
            return found
        opened = self.begin_job(
            target,
            platform=told.platform,
            facts=told.facts,
            tvm=told.tvm,
            tuner=told.tuner,
            options=told.options,
            keep_history=told.keep_history,
            kind=told.kind,
        )
        claim = opened.claim()
        if claim is None:
            raise JobError(f"another process took job {opened.id} up at once", hint="Try again.")
        return TakenJob(opened, claim, resumed=False)

    def revalidate(
        self,
        tasks: Any = None,
        selection: Selection | None = None,
        *,
        target: object | None = None,
        platform: str | None = None,
        facts: Mapping[str, Json] | None = None,
        every: bool = False,
        baseline: bool = False,
        keep_refused: bool = False,
        measure_option: Any = None,
        builder: Any = None,
        runner: Any = None,
        check: bool = True,
        check_timeout: float | None = None,
    ) -> Revalidated:
        """Measure stored best records again, here and with this TVM, and commit what holds.

        After an upgrade of TVM, a driver or a board: minutes, where tuning took hours. Of each workload only records
        that do not hold as they are, K at most. What no longer compiles, or computes something else, is invalidated.
        One job a target and platform.

        Args:
            tasks: the tasks, as this TVM has them, or a model to take them from; see `tvmgitlib.live.tasks.expand`.
                None for those of the selected records, made anew from what these say (not possible for MetaSchedule
                records of another TVM, and for tasks that only a model defines).
            selection: which records.
            target: the target of what does not say its own.
            platform: the platform that is at hand, where it cannot be detected or a target's `-model` names another.
            facts: facts about it, added to the detected ones.
            every: also measure records that hold as they are.
            baseline: also measure the untuned config of each task.
            keep_refused: do not invalidate what is refused: others may still use a TVM in which it holds.
            measure_option: how to measure, for AutoTVM; None for this machine.
            builder, runner: the same, for Ansor and MetaSchedule.
            check: compare outputs with those of an untuned build before anything is measured. Where that cannot be
                done (an AutoTVM runner elsewhere, Ansor on a GPU) the result says so.
            check_timeout: how long building and running one for that may take, in seconds; None for a minute.

        Raises:
            SelectionError: no record of the library is meant.
            TvmError: TVM is missing, or the target is not this machine's and nothing says how to measure there.
        """
        from tvmgitlib.live.revalidation import RevalidationRequest, revalidate
        from tvmgitlib.live.tasks import expand

        if platform is not None:
            validate_platform_name(platform)
        self._require_startable()
        chosen = selection or Selection()
        found = None if tasks is None else [each.task for each in expand(tasks, target, chosen.family)]
        told = {
            "measure_option": measure_option,
            "builder": builder,
            "runner": runner,
            "check": check,
            "check_timeout": check_timeout,
        }
        request = RevalidationRequest(
            tasks=found,
            selection=chosen,
            target=target,
            platform=platform,
            facts=dict(facts or {}),
            every=every,
            baseline=baseline,
            keep_refused=keep_refused,
            told={name: option for name, option in told.items() if option is not None},
        )
        return revalidate(self, request)

    def stop_job(self) -> JobResult:
        """Commit the live job.

        Raises:
            JobError: there is none.
        """
        return self.live_job().finish()

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs known to the live job answered from the record."""
        return self.live_job().measure_option(option)

    def get_trials(self, task: Any) -> int:
        """How many trials are on record for a task, here and with this TVM."""
        effort = self._effort(task)
        return effort.trials if effort else 0

    def get_job_records(self, task: Any | None = None) -> Any:
        """What the live job has measured, as AutoTVM's `load_history` takes it; of one task, or of all."""
        from tvmgitlib.live.autotvm import family as autotvm

        job = self.live_job()
        return autotvm.pairs(job.logged() if task is None else job.measured(task))

    def records(self, selection: Selection | None = None, *, accept: Accept = "exact") -> Any:
        """The selected best AutoTVM records that hold for this TVM, as `autotvm.apply_history_best` takes them.

        Without those that are slower than the untuned config.

        TVM applies them to whatever it builds: select the target and platform. `with library:` needs no such care.

        Args:
            selection: which records.
            accept: the worst grade that is wanted: `exact` or `stale`.
        """
        from tvmgitlib.live.autotvm import family as autotvm

        chosen = replace(selection or Selection(), family="autotvm")
        found = self.best(chosen, tvm=running_tvm(), accept=accept)
        return autotvm.pairs(each for each in found if each.speedup is None or each.speedup >= 1)

    def _effort(self, task: Any) -> Effort | None:
        job = self._job
        return job.effort(task) if job is not None else self._spectator().effort(task)

    def _spectator(self) -> Job:
        """A job that nobody started, to ask questions by."""
        return Job(self, running_tvm())

    def history(self, task: Any, *, other_targets: bool = False) -> Any:
        """What is on record for a task, in the form that its tuner learns from; see `Job.history`."""
        return (self._job or self._spectator()).history(task, other_targets=other_targets)

    def forget_job(self, job: Job) -> None:
        """The live job is over, one way or the other."""
        if self._job is job:
            self._job = None

    def live_job(self) -> Job:
        """The job that was started here and is not over.

        Raises:
            JobError: there is none.
        """
        if self._job is None:
            raise JobError("no live job is open in this library", hint="library.start_job() begins one.")
        return self._job

    def _require_startable(self) -> None:
        self._require_writable()
        if self._job is not None:
            raise JobError(
                "a live job is open in this library already",
                hint="Finish it first (leave its with block, or stop_job()).",
            )

    def _interrupted(self, target: object | None, told: _Told) -> TakenJob | None:
        """The newest job in progress of the same kind, target, platform, facts and TVM that no process has."""
        wanted = self._origin(target, told.platform, told.facts, told.tvm, live=True)
        for job in reversed(self.open_jobs()):
            its = job.origin
            same = (job.kind, its.target, its.platform) == (told.kind, wanted.target, wanted.platform)
            if not same or not (its.tvm is None or its.tvm.group == told.tvm.group):
                continue
            claim = job.claim()
            if claim is None:
                continue
            if its.facts == wanted.facts:
                return TakenJob(job, claim, resumed=True)
            claim.release()
            _log.warning(
                "job %s, started %s, was interrupted under other platform facts, so it is not resumed; tvmgitlib job "
                "finish commits it as it is",
                job.id,
                job.started,
            )
        return None

    def kept_records(
        self, contents: Contents, place: Place, tvm: TvmVersion | None = None, *, other_targets: bool = False
    ) -> Iterator[TuningRecord]:
        """What kept histories say of a workload; see `tvmgitlib.library.jobs.kept_history.kept_records`."""
        return kept_history.kept_records(self._repository, contents, place, tvm, other_targets=other_targets)

    @contextmanager
    def reading(self) -> Iterator[Contents]:
        """The library in its commit, open for reading."""
        with self._reading() as contents:
            yield contents

    # Builds

    def using(
        self,
        *,
        platform: str | None = None,
        accept: Accept = "exact",
        facts: Mapping[str, Json] | None = None,
    ) -> AbstractContextManager[Summary]:
        """Answer the lookups of a build by this library; gives the summary.

        Args:
            platform: the platform's name where a target names no model; None to detect it.
            accept: the worst grade that is applied: `exact` or `stale`.
            facts: platform facts of the machine that is built for, where the policy compares them and this is not it.
        """
        if platform is not None:
            validate_platform_name(platform)
        return self._using(platform, accept, facts)

    @contextmanager
    def _using(self, platform: str | None, accept: Accept, facts: Mapping[str, Json] | None) -> Iterator[Summary]:
        tvm = running_tvm()
        with ExitStack() as stack:
            contents = stack.enter_context(self._reading())
            self._say_if_stale(contents)
            lookup = Lookup(contents, tvm, platform, accept, facts)
            self._summary = lookup.summary
            for family in live_families():
                if family.available():
                    stack.enter_context(family.applying(lookup))
            yield lookup.summary
        _log.info("%s", lookup.summary.line)

    def compile_relax(
        self, mod: Any, target: Any, params: Any = None, *, platform: str | None = None, accept: Accept = "exact"
    ) -> Any:
        """Build a Relax module with the library's schedules; `tvm.compile` alone would not look them up.

        Args:
            mod: the module.
            target: the target, as TVM takes it.
            params: parameters by name, to be bound.
            platform, accept: see `using`.

        Returns:
            The executable for the virtual machine.
        """
        from tvmgitlib.live.metaschedule import apply as metaschedule_apply

        with self.using(platform=platform, accept=accept):
            return metaschedule_apply.compile_relax(mod, target, params)

    def compile_tir(
        self, func: Any, target: Any, *, platform: str | None = None, accept: Accept = "exact"
    ) -> Any | None:
        """The library's schedule of a TensorIR function; None when there is none. Build it: `tvm.compile(it.mod)`.

        Args:
            func: the function, or a module with only that one.
            target: the target, as TVM takes it.
            platform, accept: see `using`.
        """
        from tvmgitlib.live.metaschedule import apply as metaschedule_apply

        with self.using(platform=platform, accept=accept):
            return metaschedule_apply.compile_tir(func, target)

    def coverage(
        self,
        tasks: Any,
        *,
        target: object | None = None,
        platform: str | None = None,
        accept: Accept = "exact",
        facts: Mapping[str, Json] | None = None,
        family: FamilyName | None = None,
    ) -> Coverage:
        """How much of a model is tuned: what `using` would apply to its tasks, and what is on record for the others.

        Args:
            tasks: the tasks, or a model to take them from; see `tvmgitlib.live.tasks.expand`.
            target: the target of what does not say its own.
            platform, accept, facts: see `using`.
            family: only tasks of this family; of a Relay module, those that this one extracts (else AutoTVM's).

        Raises:
            TvmgitlibError: TVM is missing; nothing says the target; or no tasks can be taken from what is given.
        """
        from tvmgitlib.live.coverage import coverage
        from tvmgitlib.live.tasks import expand

        if platform is not None:
            validate_platform_name(platform)
        tvm = running_tvm()
        found = expand(tasks, target, family)
        with self._reading() as contents:
            self._say_if_stale(contents)
            return coverage(contents, tvm, found, target=target, platform=platform, accept=accept, facts=facts)

    def __enter__(self) -> ConfigLibrary:
        context = self.using()
        context.__enter__()
        self._applied.append(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._applied.pop().__exit__(kind, error, trace)

    def summary(self) -> Summary:
        """Which tasks of the last build were exact, stale or missing, and why."""
        return self._summary


def _name_and_facts(platform: str | Mapping[str, Json] | None) -> tuple[str | None, Mapping[str, Json] | None]:
    """A platform as users give it: its name, or facts about it."""
    return (platform, None) if platform is None or isinstance(platform, str) else (None, platform)
