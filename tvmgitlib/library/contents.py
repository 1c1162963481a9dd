"""What a library holds in one commit: its settings, its jobs, and the configs that were folded from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from tvmgitlib.errors import LibraryError, RecordError, SettingsError, TvmgitlibError
from tvmgitlib.families import FAMILIES
from tvmgitlib.families.text import decode, lines_of
from tvmgitlib.model.job import Header, Invalidation
from tvmgitlib.model.json import Json
from tvmgitlib.model.moments import read_utc
from tvmgitlib.model.settings import FORMAT, Settings
from tvmgitlib.model.workload import Workload
from tvmgitlib.rules import schema
from tvmgitlib.rules.fold import Configs, Standing, fold, standing
from tvmgitlib.rules.segment import Segment, StoredRecord, read_segment, read_stored, segment_path
from tvmgitlib.rules.validity import check_policy
from tvmgitlib.store.objects import Entry
from tvmgitlib.store.snapshot import Snapshot

SETTINGS_FILE = "tvmgitlib.json"
FOLD_FILE = "configs/.fold"
ATTRIBUTES_FILE = ".gitattributes"

#: Kinds of jobs that may say of records that they do not hold.
_INVALIDATING = {"invalidate", "revalidate"}


@dataclass(frozen=True, slots=True)
class FoldStamp:
    """`configs/.fold`: what configs/ was folded from.

    Attributes:
        jobs: id of the jobs/ tree; None while there is no job.
        settings: digest of the settings that a fold depends on.
        kinds: how many segments of each kind there were.
    """

    jobs: str | None
    settings: str
    kinds: dict[str, int]

    def to_text(self) -> str:
        document = {"format": FORMAT, "jobs": self.jobs, "settings": self.settings, "kinds": self.kinds}
        members = (f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in document.items())
        return "{\n" + ",\n".join(members) + "\n}\n"


class Contents:
    """A library in one commit. Everything is read when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    @cached_property
    def settings(self) -> Settings:
        """The settings.

        Raises:
            LibraryError: the commit holds no library, or one of a newer format.
            SettingsError: the file is malformed.
        """
        content = self.snapshot.read(SETTINGS_FILE)
        if content is None:
            raise LibraryError(f"no library: {SETTINGS_FILE} is not in the commit", hint="tvmgitlib init makes one.")
        return read_settings(content)

    @cached_property
    def fold_stamp(self) -> FoldStamp | None:
        """What configs/ says it was folded from; None when it does not say, or not in a form we know."""
        content = self.snapshot.read(FOLD_FILE)
        if content is None:
            return None
        try:
            document = decode(content)
            schema.check(document, "fold")
        except RecordError:
            return None
        return FoldStamp(document["jobs"], document["settings"], document["kinds"])

    @cached_property
    def jobs_tree(self) -> str | None:
        """The id of the jobs/ tree; None while there is no job."""
        entry = self.snapshot.entry("jobs")
        return entry.oid if entry else None

    @property
    def is_fresh(self) -> bool:
        """Whether configs/ was folded from these jobs and settings."""
        stamp = self.fold_stamp
        return stamp is not None and (stamp.jobs, stamp.settings) == (self.jobs_tree, self.settings.fold_digest)

    def segment_files(self) -> list[tuple[str, Entry]]:
        """The files under jobs/.

        Raises:
            LibraryError: something else than a plain file is there.
        """
        return list(self.snapshot.files("jobs"))

    def config_files(self) -> list[tuple[str, Entry]]:
        """The files of records under configs/.

        Raises:
            LibraryError: something else than a plain file is there.
        """
        return [(path, entry) for path, entry in self.snapshot.files("configs") if path != FOLD_FILE]

    def segments(self, *, with_records: bool = True) -> Iterator[Segment]:
        """Every segment, in the order of paths.

        Raises:
            RecordError: a segment is malformed.
        """
        for path, content in self.snapshot.contents(self.segment_files()):
            yield read_segment(lines_of(content), path, with_records=with_records)

    def segment(self, job: str, *, with_records: bool = False) -> Segment:
        """The segment of a job.

        Raises:
            LibraryError: it is missing.
            RecordError: it is malformed.
        """
        path = segment_path(job)
        content = self.snapshot.read(path)
        if content is None:
            raise LibraryError("the segment is missing", file=path, hint="tvmgitlib check says more.")
        return read_segment(lines_of(content), path, with_records=with_records)

    def has_job(self, job: str) -> bool:
        return any(entry.name == f"{job}.jsonl" for entry in self.snapshot.folder(f"jobs/{job[:2]}"))

    @cached_property
    def outlines(self) -> list[Segment]:
        """Every segment without its records."""
        return list(self.segments(with_records=False))

    @cached_property
    def standing(self) -> Standing:
        """Which jobs count."""
        return standing((segment.header, segment.invalidations) for segment in self.outlines)

    def headers(self) -> Iterator[tuple[Header, tuple[Invalidation, ...]]]:
        for segment in self.outlines:
            yield segment.header, segment.invalidations

    def configs(self) -> Configs:
        """The records of configs/ as committed.

        Raises:
            TvmgitlibError: a line is malformed, or something else than a file of records is there.
        """
        contents = self.snapshot.contents(self.config_files())
        return {path: read_configs(content, path) for path, content in contents}

    def configs_at(self, paths: Iterable[str]) -> Configs:
        """The records of some files of configs/ as committed; files that do not exist are left out."""
        contents = ((path, self.snapshot.read(path)) for path in sorted(paths))
        return {path: read_configs(content, path) for path, content in contents if content is not None}

    def fold(self, *, since: datetime | None = None) -> Configs:
        """What configs/ has to be.

        Args:
            since: only of jobs that are known to have finished then or later.
        """
        standing = self.standing
        if since is not None:
            young = {outline.header.id for outline in self.outlines if is_since(outline.header.finished, since)}
            standing = replace(standing, counting=standing.counting & young)
        return fold(self.segments(), standing, self.settings)

    def current(self) -> Configs:
        """The best configs of these jobs: configs/ when it is fresh, else folded in memory."""
        return self.configs() if self.is_fresh else self.fold()

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

    def facts(self, stored: StoredRecord, platform: str) -> Mapping[str, Json]:
        """The platform facts that a record was measured under, which are in the segment of its job."""
        record = stored.record
        for entry in self.segment(stored.job).tasks:
            section = entry.task.section
            place = (section.platform.name, section.family, section.target, entry.task.workload)
            if place == (platform, record.family, record.target.target, record.workload):
                return section.platform.facts
        return {}

    @cached_property
    def invalidated(self) -> list[tuple[str, StoredRecord, str, str]]:
        """The records of jobs that count that do not hold, each with its file, the job that says so, and why."""
        stamp = self.fold_stamp
        if self.is_fresh and stamp is not None and not _INVALIDATING & stamp.kinds.keys():
            return []
        said: dict[tuple[str, str | None], tuple[str, str]] = {}
        for segment in self.outlines:
            if segment.header.id in self.standing.counting:
                for named in segment.invalidations:
                    why = (segment.header.id, named.reason or segment.header.reason or "no reason was given")
                    said |= {(named.job, record): why for record in named.records or (None,)}
        found = []
        for job in sorted({job for job, _ in said} & self.standing.counting):
            for entry in self.segment(job, with_records=True).tasks:
                for stored in entry.records:
                    why_not = said.get((job, stored.record.hash[:16])) or said.get((job, None))
                    if why_not is not None:
                        found.append((entry.task.section.path, stored, *why_not))
        return found


def is_since(finished: str | None, limit: datetime) -> bool:
    """Whether a job is known to have finished at a moment or later."""
    return finished is not None and read_utc(finished) >= limit


def read_settings(content: bytes) -> Settings:
    """Read `tvmgitlib.json`.

    Raises:
        LibraryError: it is of a format that this version does not know.
        SettingsError: it is malformed.
    """
    try:
        document: Any = decode(content)
        if isinstance(document, dict) and document.get("format") not in (None, FORMAT):
            raise LibraryError(
                f"the library has format {document['format']!r}, and this tvmgitlib reads format {FORMAT}",
                file=SETTINGS_FILE,
                field="format",
                hint="Install a newer tvmgitlib.",
            )
        schema.check(document, "settings")
    except RecordError as error:
        raise SettingsError(error.message, file=SETTINGS_FILE, field=error.field) from None
    settings = Settings.from_json(document)
    check_policy(settings)
    return settings


def read_configs(content: bytes, path: str) -> list[StoredRecord]:
    """Read a file of configs/.

    Raises:
        TvmgitlibError: naming file and line.
    """
    family, _, suffix = path.rpartition("/")[2].partition(".")
    if family not in FAMILIES or suffix != "jsonl" or path.count("/") != 3:
        raise LibraryError("no file of configs/: they are <target>/<platform>/<family>.jsonl", file=path)
    records = []
    for number, line in enumerate(lines_of(content), start=1):
        try:
            records.append(read_stored(line, family))
        except TvmgitlibError as error:
            raise error.at(file=path, line=number) from None
    return records
