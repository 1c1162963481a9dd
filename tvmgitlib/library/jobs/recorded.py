"""What is on record for one workload, wherever it is: committed jobs, and jobs still in progress."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey, way_out
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading import Contents, Grader, Trust, is_exact
from tvmgitlib.model import Effort, Header, Place, RecordError, StoredRecord, Task, TuningRecord, TvmVersion, Workload
from tvmgitlib.rules.effort import EffortCounter, of_jobs, union
from tvmgitlib.rules.validity import other_facts


def is_of(record: TuningRecord, place: Place) -> bool:
    """Whether a record that was measured on the platform of a place belongs there, as a lookup sees it."""
    return Place(record.family, record.target.target, place.platform, record.workload).answers(place)


def read_job(job: OpenJob) -> Iterator[TuningRecord]:
    """The records that a job in progress has logged so far; a torn last line is left out.

    Raises:
        RecordError: a line is malformed.
    """
    leniency = Leniency(drop_torn=True)
    for path in job.logs():
        try:
            log = survey(path, leniency)
        except RecordError:
            if path.is_dir():
                continue  # MetaSchedule has made its files, and nothing is in them yet
            raise
        with way_out(without_such_lines(job)):
            yield from (record for _, record in read_log(log.since(job.after), leniency, Remarks()))


def without_such_lines(job: OpenJob) -> str:
    """How a job is finished whose log holds what it cannot be finished with."""
    return f"tvmgitlib job finish {job.id} --skip-invalid commits the rest without such lines."


def effort_of(
    contents: Contents,
    logged: Iterable[TuningRecord],
    place: Place,
    tvm: TvmVersion,
    tuner: str | None = None,
    exhausted: bool = False,
    facts: Mapping[str, Any] | None = None,
    loads: Callable[[Workload], bool] = lambda _: True,
) -> Effort | None:
    """The effort on record for a workload that holds for this TVM, by the library's policy; None when there is none.

    What a build would take for exact counts, and only that: of a TVM, of an age and of platform facts that the policy
    allows, under no larger limits of the device, and not invalidated. What two jobs have both tried is `repeated`.

    Args:
        contents: the committed jobs.
        logged: what the job in progress has measured.
        place: the workload.
        tvm: the TVM that would use what was found.
        tuner: count only jobs of this tuner (and the job in progress).
        exhausted: whether the job in progress has measured the whole space of the workload.
        facts: the platform facts of the machine at hand.
        loads: whether that TVM loads the module of a workload, where records do not carry it.
    """
    now = datetime.now(timezone.utc)
    trust = Trust(contents)
    by_job: defaultdict[str, list[Effort]] = defaultdict(list)
    for header, task in contents.counted_tasks(Narrowing.to(place)):
        if (
            task.place.answers(place)
            and tuner in (None, header.tuner)
            and is_exact(contents, task.section, header.finished, tvm, facts or {}, now)
            and loads(task.workload)
            and trust.counts(header.id)
            and _still_holds(contents, header.id, task)
        ):
            by_job[header.id].append(task.effort)
    efforts = [*map(union, by_job.values())]
    counter = EffortCounter()
    of_place = [record for record in logged if is_of(record, place)]
    counter.extend(of_place)
    if of_place:
        efforts.append(counter.finish(exhausted or None)[0])
    return of_jobs(efforts) if efforts else None


def baseline_of(
    contents: Contents, place: Place, tvm: TvmVersion, facts: Mapping[str, Any] | None = None
) -> float | None:
    """What the untuned config of a workload takes with this TVM, in seconds, by the latest job that measured it."""
    known = [
        (header.finished or "", header.id, task.baseline)
        for header, task in _tasks(contents, place, tvm, facts)
        if task.baseline is not None
    ]
    return max(known)[2] if known else None


def _tasks(
    contents: Contents, place: Place, tvm: TvmVersion, facts: Mapping[str, Any] | None
) -> Iterator[tuple[Header, Task]]:
    """What trusted jobs did for a workload, with this TVM and under facts that the policy takes for the same."""
    trust, names = Trust(contents), contents.settings.policy_facts
    for header, task in contents.counted_tasks(Narrowing.to(place)):
        section = task.section
        if (
            task.place.answers(place)
            and section.tuned_with.is_like(tvm)
            and other_facts(section.platform.facts, facts or {}, names) is None
            and trust.counts(header.id)
        ):
            yield header, task


def _still_holds(contents: Contents, job: str, task: Task) -> bool:
    """Whether anything is left of what a job found for a task: what is all invalidated is to be tuned anew."""
    if job not in contents.standing.invalid:
        return True
    entries = contents.segment(job, with_records=True).tasks
    records = next(entry.records for entry in entries if entry.task == task)
    return not records or any(map(contents.standing.holds, records))


def stored_records(contents: Contents, place: Place, *, other_targets: bool = False) -> Iterator[StoredRecord]:
    """Every record of jobs that count for a workload: of all platforms and targets, if asked, else of this one."""

    def is_meant(task: Task) -> bool:
        return task.place.answers(place) or (other_targets and task.workload == place.workload)

    narrowing = Narrowing(place.family, workload=place.workload.id) if other_targets else Narrowing.to(place)
    for outline in contents.outlines.having(narrowing):
        if any(is_meant(entry.task) for entry in outline.tasks):
            for entry in contents.segment(outline.header.id, with_records=True).tasks:
                if is_meant(entry.task):
                    yield from (stored for stored in entry.records if contents.standing.holds(stored))


def exact_records(
    contents: Contents, place: Place, tvm: TvmVersion, facts: Mapping[str, Any] | None = None
) -> Iterator[TuningRecord]:
    """The records of jobs that count for a workload that hold for this TVM, and under these platform facts."""
    grader = Grader(contents, tvm, facts)
    for stored in stored_records(contents, place):
        if grader.verdict(stored).grade == "exact":
            yield stored.record
