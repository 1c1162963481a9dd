"""`ConfigLibrary`: everything that the command line does, for programs, and the live side of a TVM at hand.

Every method delegates: the record side is `tvmgitlib.library`, the live side is `tvmgitlib.live`, imported when it is
first needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tvmgitlib import store
from tvmgitlib.format import LOCK_FILE
from tvmgitlib.library import care, changes, jobs, reading
from tvmgitlib.library.answers import Answers
from tvmgitlib.library.reading import Grader, Selection
from tvmgitlib.library.view import View
from tvmgitlib.model import GitError, Platform, SelectionError, TvmVersion, parse_target

if TYPE_CHECKING:
    from typing_extensions import Self

    from tvmgitlib.library.care import Problem, Tidied
    from tvmgitlib.library.changes import Condemned, Invalidated, JobResult, Merged, Reverted, Synced
    from tvmgitlib.library.curves import CurvePoint
    from tvmgitlib.library.jobs import Claim, JobDescription, OpenJob
    from tvmgitlib.library.reading import (
        Accept,
        BestConfig,
        Blame,
        ConfigChange,
        Contents,
        Exported,
        LogEntry,
        Obstacle,
        Shown,
        Summary,
        Taken,
        WorkloadEffort,
    )
    from tvmgitlib.library.suggesting import Suggestions
    from tvmgitlib.live.coverage import Coverage
    from tvmgitlib.live.fleet import Fleet
    from tvmgitlib.live.job import Job
    from tvmgitlib.live.revalidation import Revalidated
    from tvmgitlib.live.side import LiveSide
    from tvmgitlib.live.tuning import ModelTuned, Tuning
    from tvmgitlib.model import JobKind, Json, Pin, Segment, Settings, TaskHistory, TuningRecord
    from tvmgitlib.report import Report
    from tvmgitlib.store import Committed


class ConfigLibrary:
    """A library of tuned configs.

    Args:
        path: the library, a folder in it, or its tvmgitlib.json; None for the one that `TVMGITLIB_LIBRARY` names, the
            one around the current folder, or `~/.tvm/tvmgitlib`. A library's files in a folder of a larger repository
            are read as they are committed there, and never written.

    Raises:
        LibraryError: no library is there.

    As a context manager it answers the lookups of a build, in AutoTVM, Ansor and MetaSchedule, whichever the TVM has:
    by target and platform, exact records only (`using` widens that). AutoTVM's and Ansor's contexts are global to the
    process; MetaSchedule's is the thread's own.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._set(View(care.locate(path)))

    def _set(self, view: View) -> None:
        self._view = view
        self._applied: list[AbstractContextManager[Any]] = []

    @classmethod
    def _of(cls, view: View) -> Self:
        """A library that is found already."""
        made = object.__new__(cls)
        made._set(view)
        return made

    @classmethod
    def init(cls, path: str | os.PathLike[str], *, keep: int = 1) -> Self:
        """Make a library: a repository if none is there yet, and one commit with its settings.

        Args:
            path: where; a folder that does not exist is made.
            keep: K, how many records per workload stay in `configs/`.

        Raises:
            LibraryError: a library, or a file of its name, is there already.
            SettingsError: `keep` is out of range.
            GitError: Git does not know who commits, or cannot write.
        """
        return cls._of(View(care.create(path, keep)))

    @classmethod
    def clone(
        cls,
        url: str,
        path: str | os.PathLike[str] | None = None,
        *,
        branch: str | None = None,
        filtered: bool = False,
    ) -> Self:
        """Clone a library, with its drivers configured.

        Args:
            url: where from: https, ssh, git, file, or a path.
            path: where to; None for a folder of the URL's last name.
            branch: the branch that has the library; None for what the remote checks out, else `main`, else the only
                one with a library.
            filtered: copy what builds need, for lookups, `best`, exports and pins: the latest commit, and of its jobs
                only those that these read. `sync` keeps it so. What asks for more raises a `MissingError`, or says that
                history is cut off; nothing is ever fetched by a question.

        Raises:
            GitError: the URL is not safe, or Git cannot reach it.
            LibraryError: no branch there holds a library, or several do. Nothing is left behind.
        """
        return cls(care.clone(url, path, branch, filtered=filtered))

    @classmethod
    def from_lock(cls, path: str | os.PathLike[str] = LOCK_FILE) -> Self:
        """The library that a lock file pins, at that commit, for reading only, and as strictly as the lock says.

        Raises:
            LibraryError: the lock is malformed, or the content is not what was pinned.
            GitError: the commit is not on this machine and cannot be fetched.
        """
        return cls._of(View(*care.open_pin(Path(path))))

    def __repr__(self) -> str:
        fixed = f" at {self._view.fixed[:12]}" if self._view.fixed else ""
        return f"<ConfigLibrary {self.path}{fixed}>"

    @property
    def path(self) -> Path:
        """The top of the library's work tree (of a bare repository: its Git directory)."""
        return self._view.path

    @property
    def commit(self) -> str:
        """The commit that is read: the one that `at` fixed, else the current one."""
        return self._view.commit

    def at(self, rev: str) -> Self:
        """This library as it stood in a commit, for reading only.

        Raises:
            SelectionError: the revision names no commit.
        """
        return self._of(self._view.at(rev))

    def with_queued(self) -> Self:
        """This library with the jobs that wait in its remote's queue now, folded for reading only.

        Each is verified as `fold_queue` does; one that is not sound is left out, and named. Nothing is committed: what
        is folded lies in a temporary folder, and goes with this object.

        Raises:
            LibraryError: the library is fixed at a commit; or this clone has only what builds need.
            GitError: there is no remote, or it cannot be reached.
        """
        return self._of(changes.with_queued(self._view))

    # Jobs

    def begin_job(
        self,
        target: object | None = None,
        *,
        platform: str | None = None,
        facts: Mapping[str, Json] | None = None,
        tvm: TvmVersion | str | None = None,
        tuner: str | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        kind: JobKind = "tune",
        complete_target: object | None = None,
        key: str | None = None,
        share: float | None = None,
    ) -> OpenJob:
        """Begin a job: a log and a folder for tuners to write to.

        Args:
            target: the only target of the job: text, dict or `tvm.target.Target`; None for any.
            platform: the platform's name where the target names no model, `this` for this machine. A tuner that
                measures on another machine (through RPC) needs its name.
            facts: facts about the platform, added to the detected ones (and stronger than they).
            tvm: the TVM that tunes, as `DIST==VERSION`.
            tuner: the tuner's name.
            options: what the tuner was told.
            keep_history: keep the whole logs too, outside the branch.
            kind: `tune`, or `revalidate` for a job that measures records of the library again.
            complete_target: what targets of the log leave out, as a target; see `import_logs`.
            key: what the job is for, such as the name of a model; see `job`.
            share: tell the remote of the job, see `job`; `renew_job` has to be called that often, in seconds.

        Raises:
            TargetError: the target does not parse, or `complete_target` says nothing that targets leave out.
            PlatformError: nothing says which platform the target is on.
            TakenError: another machine has the same job open; or this clone, where it is shared.
        """
        _ = self._view.writable
        reading.require_one_of("kind", kind, ("tune", "revalidate"))
        told = jobs.job_spec(
            kind,
            target,
            platform,
            facts,
            tvm,
            tuner=tuner,
            options=options,
            keep_history=keep_history,
            complete_target=complete_target,
            key=key,
            share=share,
        )
        return jobs.begin(self._view, told) if share is None else jobs.begin_shared(self._view, told)

    def shared_jobs(self) -> list[Claim]:
        """The jobs that machines have open and tell the remote of, oldest first; what cannot be read is named.

        Raises:
            GitError: there is no remote, or it cannot be reached.
        """
        return jobs.shared_jobs(self._view)

    def renew_job(self, job: str | None = None, *, watch: bool = False) -> OpenJob:
        """Tell the remote how far a shared job is, so that no other machine takes it over; a live job does so itself.

        Args:
            job: its id or the beginning of it; without one, the only one.
            watch: go on, as often as the job was told, until it is over.

        Raises:
            TakenError: another machine has taken it over, or its claim was removed.
            JobError: there is no such job, or it is not shared.
            GitError: the remote cannot be reached, or refuses.
        """
        return jobs.renew(self._view, job, watch=watch)

    def take_over_job(self, which: str | None = None) -> OpenJob:
        """Go on here with a job that another machine has left, or that has not been heard of for three intervals.

        It is open in this clone then, under its id, with all that was measured; `job` resumes it, if this is such a
        machine, and `finish_job` commits it on any.

        Args:
            which: its key, its id or the beginning of that, or the name of its claim; None for the only one.

        Raises:
            TakenError: it goes on there, or another machine was faster.
            JobError: there is none, or several; or it is open here.
            GitError: the remote cannot be reached, or refuses.
        """
        return jobs.take_over(self._view.writable, which)

    def open_jobs(self) -> list[OpenJob]:
        """The jobs in progress, oldest first."""
        return jobs.jobs_in_progress(self._view).all()

    def open_job(self, job: str | None = None) -> OpenJob:
        """A job in progress, by its id or the beginning of it; without one, the only one.

        Raises:
            JobError: there is no such job, or more than one.
        """
        return jobs.open_job(self._view, job)

    def resume_job(self, job: str | None = None) -> OpenJob:
        """`open_job`, and say that it is the user's own, wherever it was begun: whoever finishes it may sign it.

        Raises:
            JobError: there is no such job, or more than one.
        """
        return jobs.resume_job(self._view, job)

    def finish_job(
        self,
        job: str | None = None,
        *,
        push: bool = False,
        platform: str | None = None,
        skip_invalid: bool = False,
        committed: Callable[[JobResult], None] | None = None,
    ) -> JobResult:
        """Commit a job in progress.

        Args:
            job: its id or the beginning of it; without one, the only one.
            push: `sync` then; the result tells the commit as it was pushed.
            platform: the platform's name, where neither the job nor a target's `-model` gives one.
            skip_invalid: leave out lines that are malformed, or for another target than the job's.
            committed: called with the result once the job is committed, before anything is pushed.

        Raises:
            JobError: there is no such job, or another process is at it.
            UnsentError: it was committed, and not pushed; the error has the result.
            TvmgitlibError: its logs hold something malformed, or nothing; the job stays in progress.
        """
        return jobs.finish(
            self._view, job, push=push, platform=platform, skip_invalid=skip_invalid, committed=committed
        )

    def abort_job(self, job: str | None = None) -> OpenJob:
        """Drop a job in progress and its logs."""
        return jobs.abort(self._view, job)

    def show_job(self, job: str) -> Segment:
        """A committed job, by its id or the beginning of it, without its records.

        Raises:
            SelectionError: there is no such job, or more than one.
        """
        with self._view.reading() as contents:
            return contents.find(job)

    def describe_job(self, job: str) -> JobDescription:
        """What is known of a job, in progress or committed, by its id or the beginning of it.

        Raises:
            JobError: several jobs in progress begin like that.
            SelectionError: there is no such job, or more than one.
        """
        if any(opened.id.startswith(job) for opened in self.open_jobs()):
            return jobs.JobDescription.of_open(self.open_job(job))
        return jobs.JobDescription.of_committed(self.show_job(job))

    def kept_history(self, job: str) -> list[TuningRecord]:
        """Every trial of a committed job or import with `keep_history`, by its id or the beginning of it.

        Raises:
            SelectionError: there is no such job, or its history is not here.
        """
        with self._view.reading() as contents:
            return jobs.history_of(self._view.repository, contents.find(job).header)

    def tuning_curve(self, job: str) -> Answers[CurvePoint]:
        """Every trial of a committed job with `keep_history`, and the best cost of its workload by then.

        Raises:
            SelectionError: there is no such job, or its history is not here.
        """
        from tvmgitlib.library.curves import tuning_curve

        return tuning_curve(self.kept_history(job))

    def import_logs(
        self,
        *paths: str | os.PathLike[str],
        target: object | None = None,
        only_target: object | Sequence[object] | None = None,
        platform: str | None = None,
        facts: Mapping[str, Json] | None = None,
        tvm: TvmVersion | str | None = None,
        family: str | None = None,
        drop_torn: bool = False,
        skip_invalid: bool = False,
        upgrade: bool = False,
        keep_history: bool = False,
        complete_target: object | None = None,
        push: bool = False,
    ) -> JobResult:
        """Import finished logs, or MetaSchedule database folders, as one job.

        Args:
            paths: the logs, plain or compressed (gzip, bzip2, xz); a folder stands for the logs in it and below it, "-"
                for standard input.
            target: the only target allowed.
            only_target: a target, or a list of them: records of others are left out and counted, as where a file holds
                those of several devices. The target's `-model`, where it is given, has to be the record's.
            platform: the platform's name where a target names no model; a log does not say where it was measured, so
                without a model it has to be given. `this` for this machine.
            facts: facts about the platform.
            tvm: the TVM that tuned them, as `DIST==VERSION`; None to believe the logs.
            family: the only tuner family allowed.
            drop_torn: leave out a last line that was cut off.
            skip_invalid: leave out lines that are malformed, or for another target than the only one allowed.
            upgrade: convert lines of AutoTVM's format 0.1, as TVM before 0.7 wrote them, where rules say what their
                tasks are today.
            keep_history: keep the whole logs too, outside the branch.
            complete_target: what targets of the logs leave out, as a target; those that say otherwise, or are another
                device's, stay as they are, and the result counts them.
            push: `sync` then; the result tells the commit as it was pushed.

        Raises:
            UnsentError: the job was committed, and not pushed; the error has the result.
            TvmgitlibError: naming file, line and field of what is malformed; then nothing is committed.
        """
        repository = self._view.writable
        Selection(family=family)
        spec = jobs.job_spec(
            "import", target, platform, facts, tvm, keep_history=keep_history, complete_target=complete_target
        )
        leniency = jobs.Leniency(drop_torn, skip_invalid)
        chosen = only_target if isinstance(only_target, (list, tuple)) else [only_target]
        request = jobs.ImportRequest(
            [jobs.STANDARD_INPUT if path == "-" else Path(path) for path in paths],
            spec,
            family,
            leniency,
            tuple(parse_target(each) for each in chosen if each is not None),
            upgrade,
        )
        result = jobs.import_logs(repository, request)
        return jobs.sent(self._view, result) if push and result.commit is not None else result

    # Questions

    def best(
        self,
        selection: Selection | None = None,
        *,
        tvm: TvmVersion | str | None = None,
        accept: Shown = "exact",
        facts: Mapping[str, Json] | None = None,
    ) -> Answers[BestConfig]:
        """The best record of every selected workload; see `tvmgitlib.library.reading.best`.

        Args:
            selection: which workloads.
            tvm: the TVM that would use them, as `DIST==VERSION`, or `installed` for that of this Python, which is not
                imported; without it (or where none is installed) nothing is graded.
            accept: the worst grade that is wanted with `tvm`: `exact`, `stale`, or `any`.
            facts: platform facts of the machine at hand, for a policy that compares them; added to what is detected.
        """
        reading.require_one_of("accept", accept, reading.SHOWN)
        graded_for = _installed_tvm() if tvm == "installed" else TvmVersion.of(tvm)
        with self._view.answering() as contents:
            grader = None
            if graded_for is not None:
                grader = Grader(contents, graded_for, facts, _obstacle(contents, graded_for))
            return Answers(reading.best(contents, selection or Selection(), grader, accept))

    def nearest(self, selection: Selection) -> list[str]:
        """Where `best` finds nothing: of each workload the nearest record there is, and what differs, in words."""
        with self._view.answering() as contents:
            return reading.nearest(contents, selection)

    def near_names(self, selection: Selection) -> list[str]:
        """Where nothing is selected: which of its names the library does not know, and what is near them, in words."""
        with self._view.reading() as contents:
            return reading.near_names(contents, selection)

    def trials(
        self, selection: Selection | None = None, *, tvm: TvmVersion | str | None = None
    ) -> Answers[WorkloadEffort]:
        """The effort on record for every selected workload.

        Args:
            selection: which workloads, as `best` takes it.
            tvm: only what holds for this TVM by the library's policy, as `DIST==VERSION`; None for all.
        """
        with self._view.reading() as contents:
            return Answers(reading.trials(contents, selection or Selection(), TvmVersion.of(tvm)))

    def histories(self, selection: Selection | None = None) -> list[TaskHistory]:
        """What past jobs tried, as decisions and run times: what a job for another workload can learn from.

        Every job keeps of each task its best 8 trials and up to 56 more at even ranks of cost, failures too.

        Args:
            selection: which workloads, as `best` takes it.

        Raises:
            RecordError: a history is malformed.
        """
        with self._view.reading() as contents:
            return list(reading.histories(contents, selection or Selection()))

    def export(
        self,
        family: str,
        path: str | os.PathLike[str],
        selection: Selection | None = None,
        *,
        tvm: TvmVersion | str | None = None,
        per_target: bool = False,
    ) -> Exported:
        """Write the selected best records as the file (MetaSchedule: the folder) that stock TVM loads.

        Where the TVM of this Python is the one that is meant, what it cannot load is left out, and the result names it.

        Args:
            family: the tuner family.
            path: the file or folder.
            selection: which records.
            tvm: only those tuned with this distribution and minor version.
            per_target: write one folder a target, below `path`.

        Raises:
            SelectionError: nothing is selected, or records that no TVM can load together: of MetaSchedule, those of
                one workload for several targets, which its databases do not tell apart.
        """
        meant = TvmVersion.of(tvm)
        with self._view.answering() as contents:
            return reading.export(
                contents,
                family,
                Path(path),
                selection or Selection(),
                meant,
                _obstacle(contents, meant),
                per_target=per_target,
            )

    def log(
        self, selection: Selection | None = None, *, tuner: str | None = None, limit: int | None = None
    ) -> Answers[LogEntry]:
        """The jobs of the library, newest commit first.

        Args:
            selection: only those with a task of it.
            tuner: only those of this tuner.
            limit: only so many, the newest; the history is read no further.
        """
        with (
            self._view.reading() as contents,
            closing(reading.log(self._view.repository, contents, selection, tuner)) as entries,
        ):
            return Answers(islice(entries, limit))

    def diff(self, before: str, after: str | None = None, selection: Selection | None = None) -> Answers[ConfigChange]:
        """What happened to every best config between two commits, the later one by default this library's.

        Raises:
            SelectionError: a revision names no commit.
        """
        later = self._view.at(after) if after is not None else self._view
        with self._view.at(before).reading() as old, later.reading() as new:
            return Answers(reading.compare(old, new, selection or Selection()))

    def blame(self, selection: Selection | None = None) -> Answers[Blame]:
        """The job and commit that every best config comes from."""
        with self._view.answering() as contents:
            return Answers(reading.blame(self._view.repository, contents, selection or Selection()))

    def report(
        self,
        folder: str | os.PathLike[str],
        *,
        against: str | None = None,
        tasks: Any = None,
        target: object | None = None,
        platform: str | None = None,
        model: str = "the model",
        tvm: TvmVersion | str | None = None,
        facts: Mapping[str, Json] | None = None,
    ) -> Report:
        """Write a site about this library, to look at in a browser: it needs no server and no network.

        Args:
            folder: where to; one that does not exist, is empty, or holds an earlier report, whose files are replaced.
            against: a revision: what happened to the best configs since then gets a page.
            tasks: a model, as `coverage` takes it: how much of it is tuned gets a page.
            target, platform: of the model, as `coverage` takes them.
            model: what the model is called.
            tvm: the TVM that would use the configs, as `best` takes it; None grades nothing.
            facts: platform facts of the machine at hand, as `best` takes them.

        Raises:
            TvmgitlibError: what draws it is not installed (`pip install 'tvmgitlib[report]'`).
            LibraryError: the folder holds something else.
            SelectionError: `against` names no commit.
        """
        from tvmgitlib import report

        report.require_tools()
        report.own_files(Path(folder))  # before all the work: another folder is refused
        view = self._view.at(self.commit)  # all pages are about one commit, whatever is committed meanwhile
        fixed = self._of(view)
        shown = report.Shown(
            library=report.gather(view),
            best=fixed.best(tvm=tvm, accept="any", facts=facts),
            tvm=_installed_tvm() if tvm == "installed" else TvmVersion.of(tvm),
            against=against,
            changes=fixed.diff(against) if against is not None else (),
            coverage=fixed.coverage(tasks, target=target, platform=platform, facts=facts)
            if tasks is not None
            else None,
            model=model or "the model",
        )
        return report.write(shown, Path(folder))

    def platforms(self) -> dict[str, dict[str, Json]]:
        """Every platform of the library with the latest facts that a job told of it, by name."""
        with self._view.reading() as contents:
            return reading.platforms(contents)

    def platform(self, name: str) -> Platform:
        """A platform of the library, with the latest facts that a job told of it.

        Raises:
            SelectionError: no job ran on a platform of that name.
        """
        known = self.platforms()
        if name not in known:
            raise SelectionError(
                f"no job ran on a platform called {name!r}",
                hint=f"{reading.meant(name, known)} tvmgitlib platform show lists them.".lstrip(),
            )
        return Platform(name, known[name])

    # Sharing

    def revert(self, *jobs: str, reason: str | None = None) -> Reverted:
        """Take jobs out of the fold, by a job of kind `revert`; revert that one to bring them back.

        Raises:
            JobError: no job is named, or one is unknown, ambiguous, or reverted already.
        """
        return changes.revert(self._view.writable, jobs, reason)

    def revert_removed(self, *, reason: str | None = None) -> Reverted | None:
        """Take what a plain `git revert` (or `rm`) did to jobs for a revert of them, whose segments come back.

        Returns:
            What was committed; None when plain Git has removed nothing.

        Raises:
            GitError: this is a shallow clone, which does not show what was removed.
        """
        return changes.revert_removed(self._view.writable, reason)

    def invalidate(self, condemned: Condemned, reason: str, *, dry_run: bool = False) -> Invalidated:
        """Declare that records no longer hold, by a job of kind `invalidate`; revert that one to undo it.

        Args:
            condemned: which records.
            reason: why, for the record.
            dry_run: only say what it would do.

        Raises:
            SelectionError: no condition is given, or no record that holds now meets them all.
        """
        if dry_run:
            with self._view.reading() as contents:
                return changes.foresee_invalidation(contents, condemned, reason)
        return changes.invalidate(self._view.writable, condemned, reason)

    def merge(self, branch: str) -> Merged:
        """Merge a branch: the union of both sides' jobs, folded; see `tvmgitlib.library.changes.merging.merge`."""
        return changes.merge(self._view.writable, branch)

    def sync(self, *, history: bool = False, queue: bool = False, accept_rewrite: bool = False) -> Synced:
        """Fetch, replay local commits on the remote's tip, push; see `tvmgitlib.library.changes.sync`.

        Args:
            history: also send and fetch the whole logs that jobs have kept.
            queue: send local jobs to the remote's queue, where no push is ever too late; `fold_queue` brings them to
                the branch.
            accept_rewrite: give up jobs and signatures that the remote had when this clone last saw it, and has not any
                more; else that is refused, and they are named.
        """
        done = changes.sync(self._view.writable, queued=queue, accept_rewrite=accept_rewrite)
        if not history:
            return done
        with self._view.reading() as contents:
            return jobs.exchange(self._view.repository, contents, done)

    def fold_queue(self, *, checkpoint: bool = False) -> Synced:
        """`sync`, and bring the jobs of the remote's queue to the branch: a commit each, and one fold.

        What cannot be taken stays in the queue, and `Synced.refused` says why.

        Args:
            checkpoint: sign where the branch is then, and when, for those who set `tvmgitlib.maxAge`.

        Raises:
            GitError: the remote lets nobody take a job out of the queue; or nothing says with which key to sign.
        """
        return changes.fold_queue(self._view.writable, checkpoint=checkpoint)

    def propose(self, branch: str) -> Synced:
        """Push local jobs to a branch for review; see `tvmgitlib.library.changes.propose`."""
        return changes.propose(self._view.writable, branch)

    def pin(self, *, local: bool = False, signed: bool = False, signers: str | os.PathLike[str] | None = None) -> Pin:
        """The pin of this library's commit; its `to_text()` is the lock file.

        Args:
            local: also a commit that the remote does not have, for this machine only.
            signed: builds of it believe signed jobs only, even where neither library nor user asks for that.
            signers: a file of allowed signers, who may sign them; None for those who may here, where only signed jobs
                are believed.

        Raises:
            GitError: the remote does not have the commit (and `local` does not allow that).
            LibraryError: configs/ is not what its jobs fold to, or the signers do not fit into a lock.
        """
        return care.pin(self._view.whole, self.commit, local=local, signed=signed, signers=signers)

    # Care

    @property
    def settings(self) -> Settings:
        """The library's settings."""
        with self._view.reading() as contents:
            return contents.settings

    def judge(self, old: str, new: str) -> list[Problem]:
        """What a server's hook would say of a push that moves a branch; see `tvmgitlib hook`.

        Args:
            old: the commit that the branch is at, which is taken to be sound; zeros for none. Whether jobs have to be
                signed is read in it.
            new: the commit that it is to move to, or one that parted from it and is to be merged.

        Raises:
            SelectionError: one of them names no commit here.
        """
        return care.judged(self._view.repository, old, new)

    def install_hook(self) -> Path:
        """Have this library's repository judge every push that it receives from now on; returns the hook.

        Raises:
            LibraryError: another hook is there, or the library is not sound.
        """
        return care.install_hook(self._view.repository)

    def configure(self, key: str, value: Any) -> Committed | None:
        """Change a setting, with a new fold where it asks for one; None when it has that value already.

        Raises:
            SettingsError: there is no such setting, or the value is not one of its values.
        """
        return changes.configure(self._view.writable, key, value)

    def check(self, *, allow_shallow: bool = False, full: bool = False, signatures: bool = False) -> list[Problem]:
        """Prove the library; see `tvmgitlib.library.care.checking`. Nothing found means that all is well.

        Args:
            allow_shallow: whether it is no problem that a shallow clone does not have the whole history.
            full: prove all of it; else what was proven before in this clone is believed, and what came since is proven.
            signatures: prove the signatures of jobs too.

        Raises:
            GitError: signatures cannot be proven without OpenSSH.
        """
        with self._view.reading(trusted=False) as contents:
            return care.check(
                self._view.repository, contents, allow_shallow=allow_shallow, full=full, signatures=signatures
            )

    def signers(self) -> Mapping[reading.SignedBy | None, int]:
        """How many jobs each has signed, as far as signatures prove it; None for those that nobody has."""
        with self._view.reading() as contents, reading.Signatures(contents) as signatures:
            return signatures.counts()

    def rebuild(self) -> Committed | None:
        """Make configs/ anew from jobs/, and set the Git drivers up; None when configs/ is right already."""
        with suppress(GitError):  # another process is changing Git's configuration: the next one sets them up
            care.configure_drivers(self._view.writable)
        return changes.rebuild(self._view.writable)

    def gc(self) -> Tidied:
        """Housekeeping: let Git pack the objects well and note what its history touches, and compact the reading index.

        Safe at any time, beside readers and writers, and after a kill. It is `git gc`: what no ref leads to goes only
        after Git's own grace (two weeks), and all of Git's settings hold (`gc.*`, `pack.*`, `core.commitGraph`).

        Raises:
            GitError: another Git collects here, or it cannot write; or the repository's own configuration names a
                program that would be run.
        """
        return care.tidy(self._view.whole)

    def is_gc_due(self) -> bool:
        """Whether there are more packs or loose objects than Git itself would leave; False where `gc.auto` is 0."""
        return store.is_collection_due(self._view.repository)

    # With a live TVM

    @cached_property
    def _live(self) -> LiveSide:
        from tvmgitlib.live.side import LiveSide

        return LiveSide(self._view)

    def job(
        self,
        target: object | None = None,
        *,
        tuner: str | None = None,
        platform: str | Mapping[str, Json] | None = None,
        facts: Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        resume: bool = True,
        key: str | None = None,
        share: float | None = None,
    ) -> Job:
        """A live job, as a context manager: leaving it commits it.

        Args:
            target: the only target of the job: text, dict or `tvm.target.Target`; None for any.
            tuner: the tuner's name.
            platform: the platform's name, `this` for this machine; or facts about it, added to the detected ones.
                Trials that are made on another machine (through RPC) need its name, and get no fact of this one.
            facts: facts about it, beside its name.
            options: what the tuner is told, for the record.
            keep_history: keep the whole logs too, outside the branch.
            resume: take up an interrupted job of the same key, target, platform and facts, if there is one.
            key: what the job is for, such as the name of a model. What is interrupted under another key, or under none,
                is another job: it is left alone, and named.
            share: tell the remote of the job so often, in seconds, with its logs: no other machine that asks does the
                same then, and what another has left, or has not told of for three times as long, goes on here. Needs a
                key. The job itself never fails for it.

        Raises:
            TakenError: with `share`, another machine has the same job open.
            TvmError: TVM is missing, or its parts do not fit together.
            JobError: this library has a live job already.
            PlatformError: nothing says which platform the target is on.
        """
        return self._live.start(
            "tune",
            target,
            platform,
            facts=facts,
            tuner=tuner,
            options=options,
            keep_history=keep_history,
            resume=resume,
            key=key,
            share=share,
        )

    def tune(
        self,
        model: Any,
        trials: int,
        *,
        target: object | None = None,
        platform: str | None = None,
        facts: Mapping[str, Json] | None = None,
        tuner: str | None = None,
        key: str | None = None,
        shard: str | None = None,
        shapes: Mapping[str, Sequence[int]] | None = None,
        warm_start: bool = False,
        budget: float | None = None,
        share: float | None = None,
        measure_option: Any = None,
        builder: Any = None,
        runner: Any = None,
        told: Mapping[str, Any] | None = None,
        watch: Callable[[Tuning], None] | None = None,
    ) -> ModelTuned:
        """Tune models as one job: what is tuned is skipped, what was interrupted goes on, and all is committed.

        Args:
            model: an ONNX file, a PyTorch export (`.pt2`), `FILE.py:NAME` or `MODULE:NAME`; or several of these in a
                list, whose common tasks are tuned once; or tasks and modules themselves, see `coverage`.
            trials: trials that shall be on record for each task afterwards.
            target: the target of what does not say its own.
            platform: the platform's name, where the target names no model; `this` for this machine.
            facts: facts about it, beside its name.
            tuner: `xgb`, `ga`, `random` or `gridsearch` (AutoTVM), `ansor`, or `evolutionary` (MetaSchedule); without
                it `evolutionary` for a Relax model, and `xgb` for a Relay one.
            key: what the job is for; None for the names of the models' files. Only the same key, shard, target,
                platform and TVM resume it.
            shard: tune one part of the tasks, `3/8` for the third of eight; see `tvmgitlib.shard`.
            shapes: of ONNX models' inputs by name, where the files leave sizes open.
            warm_start: first try what other workloads suggest; see `Job.tune`.
            budget: begin no more trials after so many seconds; what is measured by then is committed.
            share: tell the remote of the job so often, in seconds; see `job`.
            measure_option, builder, runner: how to measure, of AutoTVM, and of Ansor and MetaSchedule; None for this
                machine. `runner=library.fleet(...)` is for all of them, and says the platform too.
            told: what else the family's call takes: see `Job.tune`, `Job.tune_ansor` and `Job.tune_relax`.
            watch: is called with how far it is, whenever results have come.

        Raises:
            TakenError: with `share`, another machine has the same job open.
            FleetError: the fleet is away; the job stays open, and the same call goes on with it.
            TvmgitlibError: TVM is missing; a model is not there or cannot be imported; nothing says the target or the
                platform; there is no such shard; or this library has a live job already.
        """
        from tvmgitlib.live.tuning import TuneRequest
        from tvmgitlib.rules.sharding import Shard

        request = TuneRequest(
            model=model,
            trials=trials,
            target=target,
            tuner=tuner,
            key=key,
            shard=Shard.parse(shard) if shard is not None else None,
            shapes=shapes or {},
            how=self._live.how(measure_option, builder, runner, True, None),
            warm_start=warm_start,
            budget=budget,
            told=told or {},
            watch=watch,
        )
        return self._live.tune(request, platform, facts, share)

    @staticmethod
    def fleet(
        address: str,
        key: str,
        *,
        platform: str,
        patience: float = 600.0,
        timeout: float = 60.0,
        number: int = 3,
        repeat: int = 1,
        min_repeat_ms: int = 100,
    ) -> Fleet:
        """Boards that measure for jobs, behind TVM's own tracker: what `job.tune*`, `tune` and `baseline` take.

        It is given where a runner is, `runner=fleet`, and to AutoTVM as the measure option. Its tracker is asked for
        the boards before each batch, and as many trials run at once as there are. What is the farm's fault (a tracker
        or board that is away or dies) is no trial: it is made again on another board, and waited for. A config that
        ends two sessions, or takes too long, has failed. Each result is on the disk when it comes.

        Args:
            address: `HOST:PORT` of the tracker (`python -m tvm.exec.rpc_tracker`).
            key: the boards' key there.
            platform: what the boards are: jobs that are measured on them have to be of this platform.
            patience: how long to wait for a board or the tracker, in seconds. Then the call ends with a `FleetError`,
                and the job stays open, with all that came.
            timeout: how long a trial may take on its board, in seconds.
            number, repeat, min_repeat_ms: of the runs of a trial, as in TVM's `time_evaluator`.

        Raises:
            FleetError: within 10 s: no tracker answers there, or it has no board of that key.
            SelectionError: the address or key cannot be one.
            PlatformError: the platform's name is not allowed.
        """
        from tvmgitlib.live.fleet import fleet_at

        return fleet_at(address, key, platform, patience, timeout, number, repeat, min_repeat_ms)

    def start_job(
        self,
        target: object | None = None,
        *,
        tuner: str | None = None,
        platform: str | Mapping[str, Json] | None = None,
        facts: Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        resume: bool = True,
        key: str | None = None,
        share: float | None = None,
    ) -> Job:
        """`job`, for use without `with`: end it with `stop_job`. Without a target, the first task says it."""
        return self._live.start(
            "tune",
            target,
            platform,
            facts=facts,
            tuner=tuner,
            options=options,
            keep_history=keep_history,
            resume=resume,
            key=key,
            share=share,
            waits_for_target=True,
        )

    def stop_job(self, *, skip_invalid: bool = False) -> JobResult:
        """Commit the live job.

        Args:
            skip_invalid: leave out lines that others logged and that are malformed, or for another target.

        Raises:
            JobError: there is none.
        """
        return self.live_job().finish(skip_invalid=skip_invalid)

    def live_job(self) -> Job:
        """The job that was started here and is not over.

        Raises:
            JobError: there is none.
        """
        return self._live.live_job()

    def measure_option(self, option: Any) -> Any:
        """The user's AutoTVM measure option, with configs known to the live job answered from the record."""
        return self.live_job().measure_option(option)

    def get_trials(self, task: Any) -> int:
        """How many trials are on record for a task, here and with this TVM.

        Failures that may pass do not count, and what two jobs have both tried counts once; see `is_tuned`.
        """
        effort = self._live.job_or_spectator().effort(task)
        return effort.lasting if effort else 0

    def get_job_records(self, task: Any | None = None) -> Any:
        """What the live job has measured, as AutoTVM's `load_history` takes it; of one task, or of all."""
        return self._live.job_pairs(task)

    def records(self, selection: Selection | None = None, *, accept: Accept = "exact") -> Any:
        """The selected best records that hold for this TVM, as `autotvm.apply_history_best` takes them.

        Without those that are slower than the untuned config.

        TVM applies them to whatever it builds: select the target and platform. `with library:` needs no such care.

        Args:
            selection: which records; with `family="ansor"` those that `auto_scheduler.ApplyHistoryBest` takes, else
                AutoTVM's.
            accept: the worst grade that is wanted: `exact` or `stale`.

        Raises:
            TvmError: TVM is missing, or the family has no such thing.
        """
        return self._live.records(selection or Selection(), accept)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """`records`, for `autotvm.apply_history_best(library)` and whatever else of AutoTVM's takes pairs.

        TVM's auto_scheduler asks in the same way, as in `auto_scheduler.ApplyHistoryBest(library)`: it gets Ansor's.
        """
        asking = sys._getframe(1).f_globals.get("__name__", "")
        return iter(self._live.iterated(asking))

    def history(self, task: Any, *, other_targets: bool = False) -> Any:
        """What is on record for a task, in the form that its tuner learns from; see `Job.history`."""
        return self._live.job_or_spectator().history(task, other_targets=other_targets)

    def using(
        self,
        *,
        platform: str | None = None,
        accept: Taken = "exact",
        facts: Mapping[str, Json] | None = None,
    ) -> AbstractContextManager[Summary]:
        """Answer the lookups of a build by this library; gives the summary.

        Args:
            platform: the platform's name where a target names no model; None (or `this`) to detect it.
            accept: the worst that is applied: `exact`, `stale`, or `suggested`: where neither the library nor what
                answers outside of it has a record of a task, the first of the library's suggestions that builds. Nobody
                has measured that, or compared its outputs.
            facts: platform facts of the machine that is built for, where the policy compares them and this is not it.
        """
        return self._live.using(platform, accept, facts)

    def __enter__(self) -> Self:
        context = self.using()
        context.__enter__()
        self._applied.append(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._applied.pop().__exit__(kind, error, trace)

    def summary(self) -> Summary:
        """Which tasks of the last build were exact, stale, suggested or missing, and why."""
        return self._live.summary

    def compile_relax(
        self, mod: Any, target: Any, params: Any = None, *, platform: str | None = None, accept: Taken = "exact"
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
        return self._live.compile_relax(mod, target, params, platform, accept)

    def compile_tir(
        self, func: Any, target: Any, *, platform: str | None = None, accept: Taken = "exact"
    ) -> Any | None:
        """The library's schedule of a TensorIR function; None when there is none. Build it: `tvm.compile(it.mod)`.

        Args:
            func: the function, or a module with only that one.
            target: the target, as TVM takes it.
            platform, accept: see `using`.
        """
        return self._live.compile_tir(func, target, platform, accept)

    def coverage(
        self,
        tasks: Any,
        *,
        target: object | None = None,
        platform: str | None = None,
        accept: Taken = "exact",
        facts: Mapping[str, Json] | None = None,
        family: str | None = None,
    ) -> Coverage:
        """How much of a model is tuned: what `using` would apply to its tasks, and what is on record for the others.

        Args:
            tasks: the tasks, or a model to take them from; see `tvmgitlib.live.tasks.expand`.
            target: the target of what does not say its own.
            platform, accept, facts: see `using`.
            family: only tasks of this family. Without it, a Relay module is asked for the tasks of each family that the
                library has records of for the target (else AutoTVM's): `Coverage.families` says which.

        Raises:
            TvmgitlibError: TVM is missing; nothing says the target; or no tasks can be taken from what is given.
        """
        return self._live.coverage(tasks, target=target, platform=platform, accept=accept, facts=facts, family=family)

    def suggest(
        self,
        tasks: Any,
        n: int = 16,
        *,
        target: object | None = None,
        platform: str | None = None,
        family: str | None = None,
        seed: int = 0,
    ) -> list[Suggestions]:
        """Configs to try for tasks that may never have been tuned, by what was tried for others.

        Of other workloads of the same operator on the same target and platform the best configs, snapped into the
        task's space, by turns with what a model of their trials ranks highest (with XGBoost, from 4 other workloads
        on). Of other platforms of the same target the same workload's only; of another target nothing, ever.

        Args:
            tasks: a task, several, or a model to take them from; see `tvmgitlib.live.tasks.expand`.
            n: how many configs a task, at most.
            target: the target of what does not say its own.
            platform: the platform, where the target names no model and it is not this machine.
            family: only tasks of this family.
            seed: of what is drawn: the same library and seed give the same suggestions.

        Returns:
            An answer a task; where it has no suggestions it says why.

        Raises:
            SelectionError: `n` is below 1.
            TvmgitlibError: TVM is missing; nothing says the target or platform; or no tasks can be taken from what is
                given.
        """
        if n < 1:
            raise SelectionError(f"{n} suggestions are none", hint="Ask for 1 or more.")
        return self._live.suggest(tasks, n, target=target, platform=platform, family=family, seed=seed)

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
        return self._live.revalidate(
            tasks,
            selection or Selection(),
            target=target,
            platform=platform,
            facts=facts or {},
            how=self._live.how(measure_option, builder, runner, check, check_timeout),
            every=every,
            baseline=baseline,
            keep_refused=keep_refused,
        )


def _installed_tvm() -> TvmVersion | None:
    from tvmgitlib.live.at_hand import installed_tvm

    return installed_tvm()


def _obstacle(contents: Contents, meant: TvmVersion | None) -> Obstacle | None:
    from tvmgitlib.live.obstacle import obstacle_here

    return obstacle_here(contents, meant)


def log_to_library(library: ConfigLibrary) -> Any:
    """AutoTVM's callback that logs into the live job of a library, as `autotvm.callback.log_to_file` does into a file.

    Everything measured is on the disk when it returns. It raises `JobError` when no live job is open.
    """
    return library._live.callback()
