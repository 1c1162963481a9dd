"""What a library holds in one commit: its settings, its jobs, and the configs that were folded from them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeAlias

from tvmgitlib import families
from tvmgitlib.format import (
    FOLD_FILE,
    SETTINGS_FILE,
    RecordsFile,
    configs_file,
    lines_of,
    read_configs,
    read_settings,
    read_stamp,
)
from tvmgitlib.library import folding, outlines
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading.platform_names import platform_folders
from tvmgitlib.library.reading.selection import WHOLE
from tvmgitlib.model import (
    NO_TERMS,
    ConfigsFile,
    LibraryError,
    SelectionError,
    job_at,
    segment_path,
    signature_at,
)
from tvmgitlib.rules.fold import fold, group_facts, standing
from tvmgitlib.store import MOST_OF_SMALL, OWN_FOLDERS, TREE_MODE, differences, require_plain, settings_by_owner

if TYPE_CHECKING:
    from tvmgitlib.format import (
        FoldStamp,
        Tally,
    )
    from tvmgitlib.library.outlines import Spent
    from tvmgitlib.library.reading.selection import Part
    from tvmgitlib.model import (
        FamilyName,
        Header,
        Json,
        Place,
        Segment,
        Settings,
        StoredRecord,
        Task,
        Terms,
        TvmVersion,
        Workload,
    )
    from tvmgitlib.rules.fold import Configs, Standing
    from tvmgitlib.store import Entry, Repository, Snapshot

_log = logging.getLogger("tvmgitlib")

ATTRIBUTES_FILE = ".gitattributes"

#: Kinds of jobs that may say of records that they do not hold.
INVALIDATING = {"invalidate", "revalidate"}

#: What untuned configs take, in seconds, by place and the facts that separate: each with its job, when that finished,
#: and with which TVM.
_Baselines: TypeAlias = "defaultdict[tuple[Place, str], list[tuple[str, str, TvmVersion, float]]]"


class Contents:
    """A library in one commit. Everything is read when it is first asked for.

    Args:
        snapshot: the commit.
        terms: whose jobs are believed, beside what the user says.
    """

    def __init__(self, snapshot: Snapshot, terms: Terms = NO_TERMS) -> None:
        self.snapshot = snapshot
        self.terms = terms
        self._facts: dict[str, dict[Place, Mapping[str, Json]]] = {}
        self._measured_untuned: dict[tuple[FamilyName, str], _Baselines] = {}
        self._opened: dict[str, RecordsFile] = {}
        self._listed: dict[tuple[FamilyName | None, str | None], list[tuple[str, Entry]]] = {}

    @cached_property
    def settings(self) -> Settings:
        """The settings.

        Raises:
            LibraryError: the commit holds no library, or one of a newer format.
            SettingsError: the file is malformed.
        """
        content = self.snapshot.read(SETTINGS_FILE, MOST_OF_SMALL)
        if content is None:
            raise LibraryError(f"no library: {SETTINGS_FILE} is not in the commit", hint="tvmgitlib init makes one.")
        return read_settings(content, proven=self.is_proven)

    @cached_property
    def configured(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Whom to trust, as Git is configured (`OVERHEARD`), by variable: by the user, and by the repository."""
        return settings_by_owner(self.snapshot.git, self.snapshot.told)

    @cached_property
    def fold_stamp(self) -> FoldStamp | None:
        """What configs/ says it was folded from; None when it does not say, or not in a form we know."""
        content = self.snapshot.read(FOLD_FILE, MOST_OF_SMALL)
        return read_stamp(content, proven=self.is_proven) if content is not None else None

    @cached_property
    def jobs_tree(self) -> str | None:
        """The id of the jobs/ tree; None while there is no job."""
        entry = self.snapshot.entry("jobs")
        return entry.oid if entry else None

    @cached_property
    def is_fresh(self) -> bool:
        """Whether configs/ is what these jobs and settings fold to: what only says so is not believed, but proven."""
        return self.is_proven or (self.is_stamped and folding.is_fold(self, Contents))

    @cached_property
    def is_proven(self) -> bool:
        """Whether that was proven before, of these very files: none of them need be checked again."""
        return folding.is_known(self)

    @property
    def is_stamped(self) -> bool:
        """Whether configs/ says that it was folded from these jobs and settings."""
        stamp = self.fold_stamp
        return stamp is not None and (stamp.jobs, stamp.settings) == (self.jobs_tree, self.settings.fold_digest)

    def committed(self) -> Iterator[tuple[str, Entry]]:
        """The settings and everything under jobs/ and configs/, whatever it is."""
        settings = self.snapshot.entry(SETTINGS_FILE)
        if settings is not None:
            yield SETTINGS_FILE, settings
        for folder in OWN_FOLDERS:
            entry = self.snapshot.entry(folder)
            if entry is not None and entry.mode == TREE_MODE:
                yield from self.snapshot.entries(folder)

    def segment_files(self) -> list[tuple[str, Entry]]:
        """The segments under jobs/; a file of any other name is passed over.

        Raises:
            LibraryError: something else than a plain file is there.
        """
        return [(path, entry) for path, entry in self.snapshot.files("jobs") if job_at(path) is not None]

    def config_files(self) -> list[tuple[str, Entry]]:
        """The files of records under configs/; a file of any other name is passed over.

        Raises:
            LibraryError: something else than a plain file is there.
        """
        return [(path, entry) for path, entry in self.snapshot.files("configs") if ConfigsFile.at(path) is not None]

    def replaceable(self) -> list[str]:
        """The files of records that a fold here makes anew: those of families that are installed."""
        paths = [path for path, _ in self.config_files()]
        return [path for path in paths if families.find(configs_file(path).family) is not None]

    def segments(self, *, skip_absent: bool = False) -> Iterator[Segment]:
        """Every segment, in the order of paths.

        Args:
            skip_absent: without records of families that are not installed here: for answers, never for what is
                written.

        Raises:
            FamilyError: records of a family that is not installed here would be needed.
            RecordError: a segment is malformed.
        """
        from tvmgitlib.model import counted

        files = list(self.segment_files())
        for path, content in counted("reading jobs", self.snapshot.contents(files), len(files)):
            yield _read(content, path, skip_absent=skip_absent)

    def segment(
        self, job: str, *, with_records: bool = False, skip_absent: bool = True, with_histories: bool = False
    ) -> Segment:
        """The segment of a job.

        Args:
            job: its id.
            with_records: with its records.
            skip_absent: as for `segments`.
            with_histories: with the histories of its tasks.

        Raises:
            LibraryError: it is missing.
            RecordError: it is malformed.
        """
        path = segment_path(job)
        known: outlines.Outlines | None = self.__dict__.get("outlines")
        oid = known.blob(job) if known is not None else None
        content = self.snapshot.blob(path, oid) if oid is not None else self.snapshot.read(path)
        if content is None:
            raise LibraryError("the segment is missing", file=path, hint="tvmgitlib check says more.")
        return _read(
            content,
            path,
            with_records=with_records,
            skip_absent=skip_absent,
            with_histories=with_histories,
        )

    def find(self, job: str) -> Segment:
        """A committed job, by its id or the beginning of it, without its records.

        Raises:
            SelectionError: there is no such job, or more than one.
        """
        found = self.outlines.beginning(job)
        segment = self.outlines.get(found[0]) if len(found) == 1 else None
        if segment is None:
            what = "several jobs of the library begin" if found else "no job of the library begins"
            raise SelectionError(f"{what} with {job!r}", hint="tvmgitlib log shows them.")
        return segment

    def has_job(self, job: str) -> bool:
        return any(entry.name == f"{job}.jsonl" for entry in self.snapshot.folder(f"jobs/{job[:2]}"))

    @cached_property
    def outlines(self) -> outlines.Outlines:
        """The jobs without their records; a question reads only those that it is about."""
        return outlines.Outlines(self.snapshot, self.segment_files, lambda: self.is_proven)

    @cached_property
    def standing(self) -> Standing:
        """Which jobs count."""
        return standing((segment.header, segment.invalidations) for segment in self.outlines.deciding())

    def counted_tasks(self, narrowing: Narrowing | None = None) -> Iterator[tuple[Header, Task]]:
        """The tasks of the jobs that count, each with its job.

        Args:
            narrowing: only of jobs that have such a task: whether a task is one, whoever asks has to see.
        """
        for segment in self.outlines.having(narrowing or Narrowing()):
            if self.standing.counts(segment.header.id):
                for entry in segment.tasks:
                    yield segment.header, entry.task

    def spent(self, narrowing: Narrowing) -> Iterator[Spent]:
        """What the jobs that count have spent on such tasks; of a job that is not asked about nothing is read."""
        return (spent for spent in self.outlines.spent(narrowing) if self.standing.counts(spent.job))

    def configs(self, part: Part = WHOLE) -> Configs:
        """The records of configs/ as committed; those of families that are not installed here are left out, and said.

        Args:
            part: only of these files, and these workloads: the rest is not read.

        Raises:
            TvmgitlibError: a line that is read is malformed, or something else than a file of records is there.
        """
        files = self._files_of(part)
        if part.workload is not None:  # of one workload after the other: whoever asks so asks again
            if closed := [file for file in files if file[0] not in self._opened]:
                for path, content in self.snapshot.contents(closed):
                    self._opened[path] = RecordsFile(content, path, proven=self.is_proven)
            return {path: self._opened[path].of(part.workload) for path, _ in files}
        contents = self.snapshot.contents(files)
        if part.named is not None:
            files_of = ((path, RecordsFile(content, path, proven=self.is_proven)) for path, content in contents)
            return {path: file.where(part.named) for path, file in files_of}
        return {path: read_configs(content, path, proven=self.is_proven) for path, content in contents}

    def _files_of(self, part: Part) -> list[tuple[str, Entry]]:
        """The files of families that are installed here which may have records of a part."""
        key = part.family, part.platform
        if key not in self._listed:
            listed = self.config_files() if part.platform is None else self._files_on(part.platform)
            files = [(path, entry) for path, entry in listed if part.has_file(configs_file(path))]
            absent = _absent(configs_file(path).family for path, _ in files)
            self._listed[key] = [file for file in files if configs_file(file[0]).family not in absent]
        return self._listed[key]

    def _files_on(self, platform: str) -> list[tuple[str, Entry]]:
        """`config_files` of one platform: of the folders of others nothing is read."""
        folders = [folder for folder, name in platform_folders(self.snapshot) if name == platform]
        below = [file for folder in folders for file in self.snapshot.files(folder)]
        return [(path, entry) for path, entry in below if ConfigsFile.at(path) is not None]

    def configs_at(self, paths: Iterable[str]) -> Configs:
        """The records of some files of configs/ as committed; files that do not exist are left out."""
        contents = ((path, self.snapshot.read(path)) for path in sorted(paths))
        proven = self.is_proven
        return {path: read_configs(content, path, proven=proven) for path, content in contents if content is not None}

    def fold(
        self,
        admits: Callable[[StoredRecord], bool] | None = None,
        part: Part = WHOLE,
        *,
        skip_absent: bool = False,
    ) -> Configs:
        """What configs/ has to be.

        Args:
            admits: fold only records of which this is true.
            part: only of these files, and these workloads: jobs without any are not read.
            skip_absent: leave out records of families that are not installed here, and say so: for answers, never for
                what is written.

        Raises:
            FamilyError: records of a family that is not installed here would be needed.
        """
        segments = self.segments(skip_absent=skip_absent) if part == WHOLE else self._segments_of(part, skip_absent)
        return only(fold(_saying_absent(segments), self.standing, self.settings, admits), part)

    def _segments_of(self, part: Part, skip_absent: bool) -> Iterator[Segment]:
        for outline in self.outlines.having(part.narrowing):
            yield self.segment(outline.header.id, with_records=True, skip_absent=skip_absent)

    def current(self, part: Part = WHOLE) -> Configs:
        """The best configs of these jobs, as far as their families are installed: configs/ when it is fresh, else
        folded in memory.

        Args:
            part: only of these files, and these workloads.
        """
        return self.configs(part) if self.is_fresh else only(self.whole().configs, part)

    def whole(self) -> folding.Whole:
        """What all jobs come to, as far as their families are installed here; worked out once."""
        return self._whole

    @cached_property
    def _whole(self) -> folding.Whole:
        segments = self.segments(skip_absent=True)
        whole = folding.fold_whole(self.snapshot, segments, lambda jobs: fold(jobs, self.standing, self.settings))
        _absent(whole.families)
        return whole

    def modules(self, records: Iterable[StoredRecord]) -> dict[Workload, Workload]:
        """The workloads of MetaSchedule records with their modules, which are in the segments of the jobs.

        Raises:
            LibraryError: a segment is missing.
        """
        modules: dict[Workload, Workload] = {}
        for job in {stored.job: None for stored in records}:
            for entry in self.segment(job).tasks:
                modules[entry.task.workload] = entry.task.workload
        return modules

    def facts(self, stored: StoredRecord) -> Mapping[str, Json]:
        """The platform facts that a record was measured under, which are in the segment of its job."""
        if stored.job not in self._facts:
            tasks = (entry.task for entry in self.segment(stored.job).tasks)
            self._facts[stored.job] = {task.place: task.section.platform.facts for task in tasks}
        return self._facts[stored.job].get(stored.place, {})

    @cached_property
    def _tally(self) -> Tally | None:
        """What is counted of the segments, where the stamp can be believed."""
        return self.fold_stamp.tally if self.fold_stamp is not None and self.is_fresh else None

    def baseline(self, stored: StoredRecord, counts: Callable[[str], bool] | None = None) -> float | None:
        """What the untuned config takes where a record was measured, in seconds: by its own job, else by the latest.

        None where no job has measured it with that TVM, under the same of the facts that the policy compares.

        Args:
            stored: the record.
            counts: whether another job may say so, by its id; None for all that count.
        """
        if stored.baseline is not None or (self._tally is not None and not self._tally.baselines):
            return stored.baseline
        facts = self.facts(stored) if self.settings.policy_facts else {}
        known = [
            (finished, seconds)
            for job, finished, tvm, seconds in self._baselines(stored.place)[
                stored.place, group_facts(facts, self.settings)
            ]
            if tvm.is_like(stored.tuned_with) and (counts is None or counts(job))
        ]
        return max(known)[1] if known else None

    def _baselines(self, place: Place) -> _Baselines:
        """The baselines of a family on the platform of a place."""
        if (place.family, place.platform) not in self._measured_untuned:
            known: _Baselines = defaultdict(list)
            for header, task in self.counted_tasks(Narrowing(place.family, place.platform, baseline=True)):
                if task.baseline is not None:
                    section = task.section
                    facts = group_facts(section.platform.facts, self.settings)
                    measured = (header.id, header.finished or "", section.tuned_with, task.baseline)
                    known[task.place, facts].append(measured)
            self._measured_untuned[place.family, place.platform] = known
        return self._measured_untuned[place.family, place.platform]

    @cached_property
    def invalidated(self) -> list[tuple[StoredRecord, str, str]]:
        """The records of jobs that count that do not hold, each with the job that says so, and why."""
        if self._tally is not None and not INVALIDATING & self._tally.kinds.keys():
            return []
        said: dict[tuple[str, str | None], tuple[str, str]] = {}
        for segment in self.outlines.deciding():
            if self.standing.counts(segment.header.id):
                for named in segment.invalidations:
                    why = (segment.header.id, named.reason or segment.header.reason or "no reason was given")
                    said |= {(named.job, record): why for record in named.records or (None,)}
        found = []
        for job in sorted({job for job, _ in said if self.standing.counts(job) and self.has_job(job)}):
            for entry in self.segment(job, with_records=True).tasks:
                for stored in entry.records:
                    why_not = said.get((job, stored.record.hash[:16])) or said.get((job, None))
                    if why_not is not None:
                        found.append((stored, *why_not))
        return found


def _read(content: bytes, path: str, **how: bool) -> Segment:
    """A segment; few questions need a whole one."""
    from tvmgitlib.format import read_segment

    return read_segment(lines_of(content, path), path, **how)


def signature_files(snapshot: Snapshot, job: str) -> list[tuple[str, Entry]]:
    """The signatures of a job in a commit, which are beside its segment.

    Raises:
        LibraryError: something else than a plain file is there.
    """
    found = signatures_in(snapshot, segment_path(job).rpartition("/")[0]).get(job, [])
    for path, entry in found:
        require_plain(path, entry)
    return found


def signatures_in(snapshot: Snapshot, folder: str) -> dict[str, list[tuple[str, Entry]]]:
    """What is named as signatures in a folder of a commit, whatever it is, by job."""
    found: dict[str, list[tuple[str, Entry]]] = {}
    for entry in snapshot.folder(folder):
        path = f"{folder}/{entry.name}"
        of = signature_at(path) if path.endswith(".sig") else None  # most are segments
        if of is not None:
            found.setdefault(of[0], []).append((path, entry))
    return found


def new_jobs(repository: Repository, before: str | None, after: str | None) -> set[str]:
    """The ids of the jobs that a commit has and another one has not; what both have is not read."""
    with repository.snapshot(before) as old, repository.snapshot(after) as new:
        added = (path for path, was, now in differences(old, new, OWN_FOLDERS) if was is None and now is not None)
        return {job for path in added if (job := job_at(path)) is not None}


def is_derived(path: str) -> bool:
    """Whether a path is of a file that is made from jobs/."""
    return path == FOLD_FILE or ConfigsFile.at(path) is not None


def is_own(path: str) -> bool:
    """Whether a path is of a file of the library's: what else is in its repository is the user's."""
    return path == SETTINGS_FILE or is_derived(path) or job_at(path) is not None or signature_at(path) is not None


def only(configs: Configs, part: Part) -> Configs:
    """The records of a part."""
    if part == WHOLE:
        return configs
    return {
        path: [stored for stored in records if part.has(stored)]
        for path, records in configs.items()
        if part.has_file(configs_file(path))
    }


def _saying_absent(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Segments as they are; at the end it is said which families' records they are without."""
    names: set[FamilyName] = set()
    for segment in segments:
        names.update(entry.task.section.family for entry in segment.tasks)
        yield segment
    _absent(names)


def _absent(names: Iterable[str]) -> set[str]:
    """Which of these families are not installed here; of each it is said once that its records are left out."""
    absent = {name for name in set(names) if families.find(name) is None}
    for name in sorted(absent):
        _say_absent(name)
    return absent


@cache
def _say_absent(name: str) -> None:
    _log.warning(
        "the library has records of the tuner family %r, which no installed package provides: they are left out", name
    )
