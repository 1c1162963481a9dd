"""The jobs of a commit without their records."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tvmgitlib.format import lines_of, read_segment, skim_segment
from tvmgitlib.library.outlines.additions import bring_history
from tvmgitlib.library.outlines.facts import (
    Addition,
    Spent,
    Spot,
    Spread,
    Told,
    claims_of,
    decides,
    sources_told,
)
from tvmgitlib.library.outlines.narrowing import Narrowing
from tvmgitlib.library.outlines.opening import forget, opened
from tvmgitlib.model import FamilyName, Header, Place, Segment, Source, Workload, segment_path
from tvmgitlib.store import Entry, Repository, Snapshot

if TYPE_CHECKING:
    from tvmgitlib.library.outlines.database import Database

Answer = TypeVar("Answer")


class Outlines:
    """The jobs of one commit, in the order of their ids.

    Args:
        snapshot: the commit; it must stay open for as long as questions are asked.
        files: lists the segments under jobs/, where there is no index.
        proven: tells whether they were all found valid before.

    Raises:
        LibraryError: from every question, when something else than a plain file is under jobs/.
        RecordError: from every question, when a segment that has to be read is malformed.
    """

    def __init__(
        self, snapshot: Snapshot, files: Callable[[], Iterable[tuple[str, Entry]]], proven: Callable[[], bool]
    ) -> None:
        self._snapshot = snapshot
        self._files = files
        self._proven = proven
        self._read: dict[str, Segment] = {}

    @cached_property
    def _index(self) -> Database | None:
        found = opened(self._snapshot)
        if found is not None:
            weakref.finalize(self, found.close)
        return found

    @cached_property
    def _all(self) -> Mapping[str, Segment]:
        """Every job, where there is no index."""
        proven = self._proven()
        found = (
            read_segment(lines_of(content, path), path, with_records=False, proven=proven)
            for path, content in self._snapshot.contents(self._files())
        )
        return {segment.header.id: segment for segment in found}

    def _ask(self, index: Callable[[Database], Answer], otherwise: Callable[[], Answer]) -> Answer:
        """What the index answers; where there is none, or it turns out to be damaged, what all jobs together say."""
        if self._index is not None:
            try:
                return index(self._index)
            except sqlite3.DatabaseError as error:
                forget(self._snapshot, error)
                self.__dict__["_index"] = None
        return otherwise()

    @property
    def are_indexed(self) -> bool:
        """Whether questions about single jobs and workloads cost as little as their answers."""
        return self._index is not None

    def __iter__(self) -> Iterator[Segment]:
        yield from self._ask(
            lambda index: self._outlines(index.jobs(), remember=False), lambda: iter(self._all.values())
        )

    def __len__(self) -> int:
        return self._ask(lambda index: index.count(), lambda: len(self._all))

    @property
    def ids(self) -> list[str]:
        """The ids of all jobs."""
        return self._ask(lambda index: [job for job, _ in index.jobs()], lambda: list(self._all))

    def get(self, job: str) -> Segment | None:
        """A job, by its whole id."""

        def of_index(index: Database) -> Segment | None:
            oid = index.oid(job)
            return None if oid is None else next(self._outlines([(job, oid)]))

        return self._ask(of_index, lambda: self._all.get(job))

    def blob(self, job: str) -> str | None:
        """The blob of a job's segment, where an index is open that says it: the commit would have a folder read."""
        if self.__dict__.get("_index") is None:
            return None
        return self._ask(lambda index: index.oid(job), lambda: None)

    def key(self, segment: str, signature: str) -> str | None:
        """The key that was proven to have made a signature of a segment, by their blobs; empty where none has.

        None where that was never proven, or nobody remembers.
        """
        return self._ask(lambda index: index.key(segment, signature), lambda: None)

    def remember_keys(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Note what `key` is to answer, where there is an index: segment, signature, key."""

        def note(index: Database) -> None:
            with suppress(sqlite3.OperationalError), index.changing():  # another process writes it, or we may only read
                index.add_keys(keys)

        self._ask(note, lambda: None)

    def told(self, job: str) -> Told | None:
        """A job in one line, by its whole id."""
        return self._ask(lambda index: index.told(job), lambda: Told.of(self._all[job]) if job in self._all else None)

    def beginning(self, text: str) -> list[str]:
        """The ids that begin like that; none begins like nothing."""
        if not text:
            return []
        return self._ask(
            lambda index: index.beginning(text), lambda: [job for job in self._all if job.startswith(text)]
        )

    def deciding(self) -> Iterator[Segment]:
        """The jobs that say anything of the records of others: reverts, invalidations, revalidations."""
        return self._ask(lambda index: self._outlines(index.deciding()), lambda: filter(decides, self._all.values()))

    def having(self, narrowing: Narrowing) -> Iterator[Segment]:
        """The jobs that have such a task."""
        if narrowing == Narrowing():
            return iter(self)
        found = self._ask(lambda index: self._outlines(index.having(narrowing)), lambda: iter(self._all.values()))
        return filter(narrowing.matches, found)

    def spent(self, narrowing: Narrowing) -> Iterator[Spent]:
        """What jobs have spent on such tasks, by job and in the order of its tasks.

        Args:
            narrowing: which tasks, by where they are.
        """
        return self._ask(
            lambda index: iter(index.spent(narrowing)),
            lambda: (
                spent for segment in self._all.values() for spent in Spent.of(segment) if narrowing.is_at(spent.place)
            ),
        )

    def sources_like(self, header: Header) -> Iterator[tuple[str, Source]]:
        """The logs of imports that were told the same of their records as this one, each with its job."""
        about = claims_of(header)
        return self._ask(
            lambda index: index.sources(about),
            lambda: (
                (segment.header.id, source)
                for segment in self._all.values()
                if claims_of(segment.header) == about
                for source in sources_told(segment)
            ),
        )

    def of_platforms(self) -> Iterator[Segment]:
        """Jobs, among them for each platform the one that told its facts last."""
        return self._ask(
            lambda index: filter(None, map(self.get, index.of_platforms())), lambda: iter(self._all.values())
        )

    def far_ahead(self, narrowing: Narrowing) -> set[Spot]:
        """Where the best config may be too far ahead of all others of its workload; more than where it is.

        Args:
            narrowing: only of such tasks; where there is no index, of all.
        """
        return self._ask(lambda index: index.far_ahead(narrowing), lambda: self._far_ahead)

    @cached_property
    def _far_ahead(self) -> set[Spot]:
        spread = Spread()
        for path, content in self._snapshot.contents(self._files()):
            skimmed = skim_segment(content, path)
            for task in skimmed[1] if skimmed is not None else ():
                spread.add(task)
        return spread.far_ahead()

    def workloads(self, family: FamilyName | None) -> list[Workload] | None:
        """What jobs, also such that do not count, have tasks of; None where there is no index to say it at once."""
        return self._ask(lambda index: index.workloads(family), lambda: None)

    def places(self, workload: Workload, signature: str | None = None) -> list[Place] | None:
        """Where jobs, also such that do not count, have tasks of a workload; None where there is no index to say it.

        Args:
            workload: the workload.
            signature: that of workloads which are meant as well.
        """
        return self._ask(lambda index: index.places(workload, signature), lambda: None)

    def additions(self, repository: Repository, jobs: Iterable[str]) -> dict[str, Addition] | None:
        """The commits that added some jobs; None where there is no index to say it at once.

        Args:
            repository: the repository; the history of the commit has to be all here.
            jobs: their ids; a job that the commit does not have is left out.
        """
        commit = self._snapshot.commit

        def of_index(index: Database) -> dict[str, Addition] | None:
            if commit is None:
                return None
            try:
                bring_history(index, repository, commit)
            except sqlite3.OperationalError:  # another process writes it, or we may only read it
                return None
            there = (index.addition(job) for job in jobs if index.oid(job) is not None)
            return {addition.job: addition for addition in there if addition is not None}

        return self._ask(of_index, lambda: None)

    def _outlines(self, wanted: Iterable[tuple[str, str]], *, remember: bool = True) -> Iterator[Segment]:
        """Read segments, by job and blob; remembered are those that somebody is likely to ask for again."""
        # Which are known is settled now: while these come one by one, other questions may add to what is remembered.
        planned = [(job, oid, self._read.get(job)) for job, oid in wanted]
        files = [(segment_path(job), Entry("", "", oid)) for job, oid, known in planned if known is None]
        contents = self._snapshot.contents(files)
        for job, _, known in planned:
            if known is None:
                path, content = next(contents)
                known = read_segment(lines_of(content, path), path, with_records=False)
                if remember:
                    self._read[job] = known
            yield known
