"""`ConfigLibrary`: everything that the command line does, for programs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from tvmgitlib.errors import JobError, LibraryError, PlatformError, SelectionError, TargetError
from tvmgitlib.format.lock import LOCK_FILE
from tvmgitlib.format.settings import SETTINGS_FILE, write_settings
from tvmgitlib.format.stamp import FOLD_FILE, FoldStamp, Tally
from tvmgitlib.library.care import checking, pinning
from tvmgitlib.library.care.drivers import configure_drivers
from tvmgitlib.library.care.locating import locate
from tvmgitlib.library.changes import change as changing
from tvmgitlib.library.changes import invalidating, merging, reverting, settings_edit, syncing
from tvmgitlib.library.changes.invalidating import Condemned, Invalidated
from tvmgitlib.library.changes.merging import Merged
from tvmgitlib.library.changes.messages import message
from tvmgitlib.library.changes.reverting import Reverted
from tvmgitlib.library.changes.syncing import Synced
from tvmgitlib.library.jobs import finishing, kept_history
from tvmgitlib.library.jobs.finishing import ImportRequest
from tvmgitlib.library.jobs.intake import Origin
from tvmgitlib.library.jobs.logs import Leniency
from tvmgitlib.library.jobs.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.platforms.detect import detect_for
from tvmgitlib.library.reading import comparing, exporting, queries
from tvmgitlib.library.reading import log as history
from tvmgitlib.library.reading.comparing import Blame, ConfigChange
from tvmgitlib.library.reading.contents import ATTRIBUTES_FILE, Contents
from tvmgitlib.library.reading.grading import Accept, Grader
from tvmgitlib.library.reading.results import BestConfig, JobResult, LogEntry, Problem, WorkloadEffort
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model.job import JobKind
from tvmgitlib.model.json import Json
from tvmgitlib.model.pin import Pin
from tvmgitlib.model.platform import Platform, merged_facts, validate_platform_name
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.segment import Segment
from tvmgitlib.model.settings import Settings
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName
from tvmgitlib.store import refs, remotes
from tvmgitlib.store.remotes import check_url
from tvmgitlib.store.repository import Committed, Draft, Repository, create_repository, identity
from tvmgitlib.store.snapshot import Snapshot

_log = logging.getLogger("tvmgitlib")

#: Line ends are part of the records' bytes: no Git on any system may change them.
_ATTRIBUTES = """\
tvmgitlib.json -text
jobs/** -text diff=tvmgitlib
configs/** -text diff=tvmgitlib merge=tvmgitlib
"""


class ConfigLibrary:
    """A library of tuned configs.

    Args:
        path: the library, a folder in it, or its tvmgitlib.json; None for the one that `TVMGITLIB_LIBRARY` names, the
            one around the current folder, or `~/.tvm/tvmgitlib`.

    Raises:
        LibraryError: no library is there.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._repository = locate(path)
        self._commit: str | None = None
        self._told_stale: set[str | None] = set()

    @classmethod
    def init(cls, path: str | os.PathLike[str], *, keep: int = 1) -> ConfigLibrary:
        """Make a library: a repository if none is there yet, and one commit with its settings.

        Args:
            path: where; a folder that does not exist is made.
            keep: K, how many records per workload stay in `configs/`.

        Raises:
            LibraryError: a library, or a file of its name, is there already.
            SettingsError: `keep` is out of range.
            GitError: Git does not know who commits, or cannot write.
        """
        root = Path(path).expanduser()
        settings = settings_edit.changed(Settings(), "keep", keep)
        existing = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
        if not existing.is_dir():
            raise LibraryError("a file is in the way", file=str(existing))
        identity(existing)
        repository = create_repository(root)

        def draft(snapshot: Snapshot) -> Draft:
            if snapshot.entry(SETTINGS_FILE) is not None:
                raise LibraryError("a library is there already", file=str(root))
            if snapshot.entry("jobs") is not None or snapshot.entry("configs") is not None:
                raise LibraryError("the repository has its own jobs/ or configs/", file=str(root))
            attributes = (snapshot.read(ATTRIBUTES_FILE) or b"") + _ATTRIBUTES.encode()
            stamp = FoldStamp(None, settings.fold_digest, Tally())
            files = {
                SETTINGS_FILE: write_settings(settings),
                ATTRIBUTES_FILE: attributes,
                FOLD_FILE: stamp.to_bytes(),
            }
            return Draft(message("Make a tvmgitlib library", [], {}), files)

        repository.commit(draft)
        configure_drivers(repository)
        return cls(root)

    @classmethod
    def clone(cls, url: str, path: str | os.PathLike[str] | None = None) -> ConfigLibrary:
        """Clone a library, with its drivers configured.

        Args:
            url: where from: https, ssh, git, file, or a path.
            path: where to; None for a folder of the URL's last name.

        Raises:
            GitError: the URL is not safe, or Git cannot reach it.
            LibraryError: what is there is no library.
        """
        where = (
            Path(path) if path is not None else Path(check_url(url).rstrip("/").rpartition("/")[2].removesuffix(".git"))
        )
        configure_drivers(remotes.clone(url, where))
        return cls(where)

    @classmethod
    def from_lock(cls, path: str | os.PathLike[str] = LOCK_FILE) -> ConfigLibrary:
        """The library that a lock file pins, at that commit, for reading only.

        Raises:
            LibraryError: the lock is malformed, or the content is not what was pinned.
            GitError: the commit is not on this machine and cannot be fetched.
        """
        return cls._fixed(*pinning.open_pin(Path(path)))

    @classmethod
    def _fixed(cls, repository: Repository, commit: str) -> ConfigLibrary:
        fixed = object.__new__(cls)
        fixed._repository, fixed._commit, fixed._told_stale = repository, commit, set()
        fixed._reset_live()
        return fixed

    def _reset_live(self) -> None:
        """For what a subclass adds to every instance, however it is made."""

    @property
    def path(self) -> Path:
        """The top of the library's work tree (of a bare repository: its Git directory)."""
        return self._repository.root

    @property
    def commit(self) -> str:
        """The commit that is read: the one that `at` fixed, else the current one."""
        head = self._commit or self._repository.head
        if head is None:
            raise LibraryError("the library has no commit", file=str(self.path))
        return head

    def at(self, rev: str) -> ConfigLibrary:
        """This library as it stood in a commit, for reading only.

        Raises:
            SelectionError: the revision names no commit.
        """
        commit = self._repository.resolve(rev)
        if commit is None:
            raise SelectionError(f"{rev!r} names no commit of the library", hint="git log shows its commits.")
        return self._fixed(self._repository, commit)

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
    ) -> OpenJob:
        """Begin a job: a log and a folder for tuners to write to.

        Args:
            target: the only target of the job: text, dict or `tvm.target.Target`; None for any.
            platform: the platform's name where the target names no model.
            facts: facts about the platform, added to the detected ones (and stronger than they).
            tvm: the TVM that tunes, as `DIST==VERSION`.
            tuner: the tuner's name.
            options: what the tuner was told.
            keep_history: keep the whole logs too, outside the branch.
            kind: `tune`, or `revalidate` for a job that measures records of the library again.

        Raises:
            TargetError: the target does not parse.
            PlatformError: nothing says which platform the target is on.
        """
        self._require_writable()
        told = self._origin(target, platform, facts, tvm, live=True)
        return self._open_jobs.start(
            identity(self.path),
            target=parse_target(target).text if target is not None else None,
            platform=told.platform,
            facts=told.facts,
            tvm=told.tvm,
            tuner=tuner,
            options=dict(options or {}),
            keep_history=keep_history,
            kind=kind,
        )

    def open_jobs(self) -> list[OpenJob]:
        """The jobs in progress, oldest first."""
        return self._open_jobs.all()

    def open_job(self, job: str | None = None) -> OpenJob:
        """A job in progress, by its id or the beginning of it; without one, the only one.

        Raises:
            JobError: there is no such job, or more than one.
        """
        return self._open_jobs.get(job) if job is not None else self._open_jobs.only()

    def finish_job(self, job: str | None = None, *, push: bool = False) -> JobResult:
        """Commit a job in progress.

        Args:
            job: its id or the beginning of it; without one, the only one.
            push: `sync` then; the result tells the commit as it was pushed.

        Raises:
            JobError: there is no such job, or another process is at it.
            TvmgitlibError: its logs hold something malformed, or nothing; the job stays in progress. Or it was
                committed, and the remote could not be reached.
        """
        self._require_writable()
        if push:
            remotes.upstream(self._repository)  # says so before anything is committed when there is none
        opened = self.open_job(job)
        with _not_live(opened):
            result = finishing.finish_job(self._repository, self._open_jobs, opened)
        if not push:
            return result
        self.sync()
        pushed = next((entry.commit for entry in self.log() if entry.job == result.job), result.commit)
        return replace(result, commit=pushed)

    def abort_job(self, job: str | None = None) -> OpenJob:
        """Drop a job in progress and its logs."""
        self._require_writable()
        opened = self.open_job(job)
        with _not_live(opened):
            self._open_jobs.remove(opened)
        return opened

    def show_job(self, job: str) -> Segment:
        """A committed job, by its id or the beginning of it, without its records.

        Raises:
            SelectionError: there is no such job, or more than one.
        """
        with self._reading() as contents:
            found = [segment for segment in contents.outlines if segment.header.id.startswith(job)]
        if len(found) != 1:
            what = "several jobs of the library begin" if found else "no job of the library begins"
            raise SelectionError(f"{what} with {job!r}", hint="tvmgitlib log shows them.")
        return found[0]

    def kept_history(self, job: str) -> list[TuningRecord]:
        """Every trial of a committed job that was started with `keep_history`, by its id or the beginning of it.

        Raises:
            SelectionError: there is no such job, or its history is not here.
        """
        header = self.show_job(job).header
        commit = refs.histories(self._repository).get(header.id)
        if commit is None:
            raise SelectionError(
                f"the history of job {header.id} is not here",
                hint="Only jobs started with --keep-history have one; tvmgitlib sync --history fetches others'.",
            )
        return list(kept_history.read_history(self._repository, header, commit))

    def import_logs(
        self,
        *paths: str | os.PathLike[str],
        target: object | None = None,
        platform: str | None = None,
        facts: Mapping[str, Json] | None = None,
        tvm: TvmVersion | str | None = None,
        family: FamilyName | None = None,
        drop_torn: bool = False,
        skip_invalid: bool = False,
    ) -> JobResult:
        """Import finished logs, or MetaSchedule database folders, as one job.

        Args:
            paths: the logs.
            target: the only target allowed.
            platform: the platform's name where a target names no model.
            facts: facts about the platform.
            tvm: the TVM that tuned them, as `DIST==VERSION`; None to believe the logs.
            family: the only tuner family allowed.
            drop_torn: leave out a last line that was cut off.
            skip_invalid: leave out malformed lines.

        Raises:
            TvmgitlibError: naming file, line and field of what is malformed; then nothing is committed.
        """
        self._require_writable()
        origin = self._origin(target, platform, facts, tvm, live=False)
        request = ImportRequest([Path(path) for path in paths], origin, family, Leniency(drop_torn, skip_invalid))
        return finishing.import_logs(self._repository, request)

    # Questions

    def best(
        self,
        selection: Selection | None = None,
        *,
        tvm: TvmVersion | str | None = None,
        accept: Accept | Literal["any"] = "exact",
        facts: Mapping[str, Json] | None = None,
    ) -> list[BestConfig]:
        """The best record of every selected workload; see `tvmgitlib.library.reading.queries.best`.

        Args:
            selection: which workloads.
            tvm: the TVM that would use them, as `DIST==VERSION`; without it nothing is graded.
            accept: the worst grade that is wanted with `tvm`: `exact`, `stale`, or `any`.
            facts: platform facts of the machine at hand, for a policy that compares them; added to what is detected.
        """
        graded_for = _tvm(tvm)
        with self._reading() as contents:
            self._say_if_stale(contents)
            grader = Grader(contents, graded_for, facts) if graded_for else None
            return queries.best(contents, selection or Selection(), grader, accept)

    def trials(self, selection: Selection | None = None) -> list[WorkloadEffort]:
        """The effort on record for every selected workload."""
        with self._reading() as contents:
            return queries.trials(contents, selection or Selection())

    def export(
        self,
        family: FamilyName,
        path: str | os.PathLike[str],
        selection: Selection | None = None,
        *,
        tvm: TvmVersion | str | None = None,
    ) -> exporting.Exported:
        """Write the selected best records as the file (MetaSchedule: the folder) that stock TVM loads."""
        with self._reading() as contents:
            self._say_if_stale(contents)
            return exporting.export(contents, family, Path(path), selection or Selection(), _tvm(tvm))

    def log(self, selection: Selection | None = None, *, tuner: str | None = None) -> list[LogEntry]:
        """The jobs of the library, newest commit first: those with a selected task, and of one tuner, if asked."""
        with self._reading() as contents:
            return list(history.log(self._repository, contents, selection, tuner))

    def diff(self, before: str, after: str | None = None, selection: Selection | None = None) -> list[ConfigChange]:
        """What happened to every best config between two commits, the later one by default this library's.

        Raises:
            SelectionError: a revision names no commit.
        """
        later = self.at(after) if after is not None else self
        with self.at(before)._reading() as old, later._reading() as new:
            return comparing.compare(old, new, selection or Selection())

    def blame(self, selection: Selection | None = None) -> list[Blame]:
        """The job and commit that every best config comes from."""
        with self._reading() as contents:
            self._say_if_stale(contents)
            return comparing.blame(self._repository, contents, selection or Selection())

    def platforms(self) -> dict[str, dict[str, Json]]:
        """Every platform of the library with the latest facts that a job told of it, by name."""
        latest: dict[str, tuple[str, dict[str, Json]]] = {}
        with self._reading() as contents:
            for segment in contents.outlines:
                when = segment.header.finished or ""
                for entry in segment.tasks:
                    platform = entry.task.section.platform
                    known = latest.get(platform.name, ("", {}))
                    if not known[1] or (platform.facts and when >= known[0]):
                        latest[platform.name] = (when, dict(platform.facts))
        return {name: facts for name, (_, facts) in sorted(latest.items())}

    # Sharing

    def revert(self, *jobs: str, reason: str | None = None) -> Reverted:
        """Take jobs out of the fold, by a job of kind `revert`; revert that one to bring them back.

        Raises:
            JobError: a job is unknown, ambiguous, or reverted already.
        """
        self._require_writable()
        return reverting.revert(self._repository, jobs, reason)

    def invalidate(self, condemned: Condemned, reason: str) -> Invalidated:
        """Declare that records no longer hold, by a job of kind `invalidate`; revert that one to undo it.

        Raises:
            SelectionError: no condition is given, or no record that holds now meets them all.
        """
        self._require_writable()
        return invalidating.invalidate(self._repository, condemned, reason)

    def merge(self, branch: str) -> Merged:
        """Merge a branch: the union of both sides' jobs, folded; see `tvmgitlib.library.changes.merging.merge`."""
        self._require_writable()
        return merging.merge(self._repository, branch)

    def sync(self, *, history: bool = False) -> Synced:
        """Fetch, replay local commits on the remote's tip, push; see `tvmgitlib.library.changes.syncing.sync`.

        Args:
            history: also send and fetch the whole logs that jobs have kept.
        """
        self._require_writable()
        done = syncing.sync(self._repository)
        if not history:
            return done
        with self._reading() as contents:
            return kept_history.exchange(self._repository, contents, done)

    def propose(self, branch: str) -> Synced:
        """Push local jobs to a branch for review; see `tvmgitlib.library.changes.syncing.propose`."""
        self._require_writable()
        return syncing.propose(self._repository, branch)

    def pin(self, *, local: bool = False) -> Pin:
        """The pin of this library's commit; its `to_text()` is the lock file.

        Raises:
            GitError: the remote does not have the commit (and `local` does not allow that).
        """
        return pinning.pin(self._repository, self.commit, local=local)

    # Care

    @property
    def settings(self) -> Settings:
        """The library's settings."""
        with self._reading() as contents:
            return contents.settings

    def configure(self, key: str, value: Any) -> Committed | None:
        """Change a setting, with a new fold where it asks for one; None when it has that value already.

        Raises:
            SettingsError: there is no such setting, or the value is not one of its values.
        """
        self._require_writable()

        def draft(snapshot: Snapshot) -> Draft | None:
            contents = Contents(snapshot)
            settings = settings_edit.changed(contents.settings, key, value)
            if settings == contents.settings:
                return None
            subject = f"Set {key} to {settings.to_json()[key]}"
            change = changing.Change(settings=settings)
            return changing.draft_change(
                contents, change, changing.fold_change(contents, change), message(subject, [], {})
            )

        return self._repository.commit(draft)

    def check(self) -> list[Problem]:
        """Prove the library; see `tvmgitlib.library.care.checking`. Nothing found means that all is well."""
        with self._reading(trusted=False) as contents:
            return checking.check(self._repository, contents)

    def rebuild(self) -> Committed | None:
        """Make configs/ anew from jobs/; None when it is right already."""
        self._require_writable()
        subject = message("Rebuild configs/ from jobs/", [], {})
        return self._repository.commit(lambda snapshot: changing.draft_rebuild(Contents(snapshot), subject))

    # Inside

    @property
    def _open_jobs(self) -> OpenJobs:
        return OpenJobs(self._repository.state)

    @contextmanager
    def _reading(self, *, trusted: bool = True) -> Iterator[Contents]:
        """The library in its commit; one of a newer format is not read, unless it is not `trusted` anyway."""
        self._repository.recover()
        with self._repository.snapshot(self.commit) as snapshot:
            contents = Contents(snapshot)
            if trusted:
                _ = contents.settings
            yield contents

    def _require_writable(self) -> None:
        if self._commit is not None:
            raise LibraryError(
                f"the library is fixed at {self._commit[:12]}, which is for reading only", file=str(self.path)
            )

    def _say_if_stale(self, contents: Contents) -> None:
        """Never serve a fold that configs/ does not show without a word."""
        if not contents.is_fresh and contents.snapshot.commit not in self._told_stale:
            self._told_stale.add(contents.snapshot.commit)
            _log.warning(
                "configs/ does not belong to jobs/ (after a plain git merge or revert, say): answering from jobs/ "
                "itself; tvmgitlib rebuild mends it"
            )

    def _origin(
        self,
        target: object | None,
        platform: str | None,
        facts: Mapping[str, Json] | None,
        tvm: TvmVersion | str | None,
        *,
        live: bool,
    ) -> Origin:
        """What the user says of a job's records, checked before anything is measured or read."""
        known = dict(facts or {})
        if platform is not None:
            validate_platform_name(platform)
        given = parse_target(target) if target is not None else None
        if live and given is not None:
            here = detect_for(given.target)
            if here is not None:
                known = merged_facts(here.facts, known)
                platform = platform or here.name
            if platform is None and given.model is None:
                raise PlatformError(
                    f"{given.target.label} is not this machine's target, so its platform cannot be detected",
                    hint="Name the platform with --platform NAME.",
                )
        return Origin(given.target if given else None, platform, known, _tvm(tvm))


@contextmanager
def _not_live(job: OpenJob) -> Iterator[None]:
    """Take a job for this process.

    Raises:
        JobError: another process is at it.
    """
    claim = job.claim()
    if claim is None:
        raise JobError(
            f"job {job.id} is live in another process", hint="It is finished there; end that process to take it over."
        )
    try:
        yield
    finally:
        claim.release()


def detect_platform() -> Platform:
    """The platform of this machine, as detected."""
    from tvmgitlib.library.platforms import detect

    return detect.detect_platform()


def _tvm(value: TvmVersion | str | None) -> TvmVersion | None:
    if value is None or isinstance(value, TvmVersion):
        return value
    try:
        return TvmVersion.parse(value)
    except ValueError as error:
        raise TargetError(str(error)) from None
