"""`ConfigLibrary` with a live TVM: jobs that tuners run in, and `with library:` around a build."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any

from tvmgitlib.errors import JobError
from tvmgitlib.library import config_library
from tvmgitlib.library.contents import Contents
from tvmgitlib.library.lookup import Accept, Lookup, Summary
from tvmgitlib.library.open_jobs import OpenJob
from tvmgitlib.library.results import JobResult
from tvmgitlib.model.job import Effort
from tvmgitlib.model.json import Json
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.tuners.base import live_families, running_tvm
from tvmgitlib.tuners.job import Job

_log = logging.getLogger("tvmgitlib")


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
            resume: take up an interrupted job of the same target and platform, if there is one.

        Raises:
            TvmError: TVM is missing, or its parts do not fit together.
            JobError: this library has a live job already.
            PlatformError: nothing says which platform the target is on.
        """
        self._require_writable()
        if self._job is not None:
            raise JobError(
                f"job {self._job.id} is open in this library already",
                hint="Finish it first (leave its with block, or stop_job()).",
            )
        tvm = running_tvm()
        name = platform if isinstance(platform, str) else None
        facts = platform if isinstance(platform, Mapping) else None
        interrupted = self._interrupted(target, name) if resume else None
        if interrupted is not None:
            _log.warning("resuming job %s, which was started %s", interrupted.id, interrupted.started)
            opened = interrupted
        else:
            opened = self.begin_job(
                target,
                platform=name,
                facts=facts,
                tvm=tvm,
                tuner=tuner,
                options=options,
                keep_history=keep_history,
            )
        self._job = Job(self, opened, tvm, resumed=interrupted is not None)
        return self._job

    def start_job(self, target: object | None = None, **told: Any) -> Job:
        """`job`, for use without `with`: end it with `stop_job`."""
        return self.job(target, **told)

    def stop_job(self) -> JobResult:
        """Commit the live job.

        Raises:
            JobError: there is none.
        """
        return self._live_job().finish()

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs known to the live job answered from the record."""
        return self._live_job().measure_option(option)

    def get_trials(self, task: Any) -> int:
        """How many trials are on record for a task, here and with this TVM."""
        effort = self._effort(task)
        return effort.trials if effort else 0

    def get_job_records(self, task: Any | None = None) -> Any:
        """What the live job has measured, as AutoTVM's `load_history` takes it; of one task, or of all."""
        from tvmgitlib.tuners import autotvm

        job = self._live_job()
        return autotvm.pairs(job.logged() if task is None else job.known(task))

    def _effort(self, task: Any) -> Effort | None:
        job = self._job
        return job.effort(task) if job is not None else self._spectator().effort(task)

    def _spectator(self) -> Job:
        """A job that nobody started, to ask questions by."""
        from pathlib import Path

        return Job(self, OpenJob("", Path(os.devnull), "", ""), running_tvm())

    def history(self, task: Any, *, other_targets: bool = False) -> Any:
        """What is on record for a task, in the form that its tuner learns from; see `Job.history`."""
        return (self._job or self._spectator()).history(task, other_targets=other_targets)

    def forget_job(self, job: Job) -> None:
        """The live job is over, one way or the other."""
        if self._job is job:
            self._job = None

    def _live_job(self) -> Job:
        if self._job is None:
            raise JobError("no live job is open in this library", hint="library.start_job() begins one.")
        return self._job

    def _interrupted(self, target: object | None, platform: str | None) -> OpenJob | None:
        """The newest job in progress of the same target and platform."""
        wanted = parse_target(target).target if target is not None else None
        for job in reversed(self.open_jobs()):
            its = parse_target(job.target).target if job.target is not None else None
            if its == wanted and platform in (None, job.platform):
                return job
        return None

    def platform_for(self, target: GivenTarget, platform: str | None) -> str | None:
        """The platform that a target is on: its model's, the named one, or the detected one."""
        with self.reading() as contents:
            return Lookup(contents, TvmVersion(), platform).platform_of(target)

    @contextmanager
    def reading(self) -> Iterator[Contents]:
        """The library in its commit, open for reading."""
        with self._reading() as contents:
            yield contents

    # Builds

    def using(self, *, platform: str | None = None, accept: Accept = "exact") -> AbstractContextManager[Summary]:
        """Answer the lookups of a build by this library; gives the summary.

        Args:
            platform: the platform's name where a target names no model; None to detect it.
            accept: the worst grade that is applied: `exact` or `stale`.
        """
        return self._using(platform, accept)

    @contextmanager
    def _using(self, platform: str | None, accept: Accept) -> Iterator[Summary]:
        tvm = running_tvm()
        with ExitStack() as stack:
            contents = stack.enter_context(self._reading())
            self._say_if_stale(contents)
            lookup = Lookup(contents, tvm, platform, accept)
            self._summary = lookup.summary
            for family in live_families():
                if family.available():
                    stack.enter_context(family.applying(lookup))
            yield lookup.summary
        _log.info("%s", lookup.summary.line)

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
