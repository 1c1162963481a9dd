"""The jobs of a commit without their records."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from tvmgitlib.format import lines_of, read_segment
from tvmgitlib.library.outlines.database import Database
from tvmgitlib.library.outlines.facts import Narrowing, Told, claims, decides, sources_told
from tvmgitlib.library.outlines.opening import opened
from tvmgitlib.model import Header, Segment, Source, segment_path
from tvmgitlib.store import Entry, Snapshot


class Outlines:
    """The jobs of one commit, in the order of their ids.

    Args:
        snapshot: the commit; it must stay open for as long as questions are asked.
        files: lists the segments under jobs/, where there is no index.

    Raises:
        LibraryError: from every question, when something else than a plain file is under jobs/.
        RecordError: from every question, when a segment that has to be read is malformed.
    """

    def __init__(self, snapshot: Snapshot, files: Callable[[], Iterable[tuple[str, Entry]]]) -> None:
        self._snapshot = snapshot
        self._files = files
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
        found = (
            read_segment(lines_of(content), path, with_records=False)
            for path, content in self._snapshot.contents(self._files())
        )
        return {segment.header.id: segment for segment in found}

    def __iter__(self) -> Iterator[Segment]:
        if self._index is None:
            yield from self._all.values()
        else:
            yield from self._outlines(self._index.jobs(), remember=False)

    def __len__(self) -> int:
        return len(self._all) if self._index is None else self._index.count()

    @property
    def ids(self) -> list[str]:
        """The ids of all jobs."""
        return list(self._all) if self._index is None else [job for job, _ in self._index.jobs()]

    def get(self, job: str) -> Segment | None:
        """A job, by its whole id."""
        if self._index is None:
            return self._all.get(job)
        oid = self._index.oid(job)
        return None if oid is None else next(self._outlines([(job, oid)]))

    def told(self, job: str) -> Told | None:
        """A job in one line, by its whole id."""
        if self._index is not None:
            return self._index.told(job)
        return Told.of(self._all[job]) if job in self._all else None

    def beginning(self, text: str) -> list[str]:
        """The ids that begin like that; none begins like nothing."""
        if not text:
            return []
        if self._index is not None:
            return self._index.beginning(text)
        return [job for job in self._all if job.startswith(text)]

    def deciding(self) -> Iterator[Segment]:
        """The jobs that say anything of the records of others: reverts, invalidations, revalidations."""
        if self._index is not None:
            yield from self._outlines(self._index.deciding())
        else:
            yield from filter(decides, self._all.values())

    def having(self, narrowing: Narrowing) -> Iterator[Segment]:
        """The jobs that have such a task."""
        if narrowing == Narrowing():
            yield from self
        elif self._index is not None:
            yield from filter(narrowing.matches, self._outlines(self._index.having(narrowing)))
        else:
            yield from filter(narrowing.matches, self._all.values())

    def sources_like(self, header: Header) -> Iterator[tuple[str, Source]]:
        """The logs of imports that were told the same of their records as this one, each with its job."""
        about = claims(header)
        if self._index is not None:
            yield from self._index.sources(about)
            return
        for segment in self._all.values():
            if claims(segment.header) == about:
                yield from ((segment.header.id, source) for source in sources_told(segment))

    def of_platforms(self) -> Iterator[Segment]:
        """Jobs, among them for each platform the one that told its facts last."""
        if self._index is None:
            yield from self._all.values()
            return
        for job in self._index.of_platforms():
            segment = self.get(job)
            if segment is not None:
                yield segment

    def _outlines(self, wanted: Iterable[tuple[str, str]], *, remember: bool = True) -> Iterator[Segment]:
        """Read segments, by job and blob; remembered are those that somebody is likely to ask for again."""
        # Which are known is settled now: while these come one by one, other questions may add to what is remembered.
        planned = [(job, oid, self._read.get(job)) for job, oid in wanted]
        files = [(segment_path(job), Entry("", "", oid)) for job, oid, known in planned if known is None]
        contents = self._snapshot.contents(files)
        for job, _, known in planned:
            if known is None:
                path, content = next(contents)
                known = read_segment(lines_of(content), path, with_records=False)
                if remember:
                    self._read[job] = known
            yield known
