"""What jobs have on record of their trials, beside the best records: what the next job can learn from."""

from __future__ import annotations

from collections.abc import Iterator

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.doubts import Trust
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import Place, TaskHistory


def histories(contents: Contents, selection: Selection) -> Iterator[TaskHistory]:
    """The histories of every selected workload, job by job in the order of their ids.

    Jobs that are reverted or not trusted have none, nor has a job of which no record holds any more; nor have jobs that
    versions before finished, and families that do not say what they decided.

    Args:
        contents: the library in one commit.
        selection: which workloads; of a target, what a lookup for it finds.

    Raises:
        RecordError: a history is malformed.
    """
    trust = Trust(contents)
    for outline in contents.outlines.having(selection.narrowing):
        job = outline.header.id
        if contents.standing.invalid.get(job, frozenset()) is None:
            continue
        if any(_is_meant(selection, entry.task.place) for entry in outline.tasks) and trust.counts(job):
            for entry in contents.segment(job, with_histories=True).tasks:
                if entry.history and _is_meant(selection, entry.task.place):
                    yield TaskHistory(outline.header, entry.task, entry.history)


def _is_meant(selection: Selection, place: Place) -> bool:
    return selection.asks(place) and (selection.asked is None or selection.asked.target.allows(place.target))
