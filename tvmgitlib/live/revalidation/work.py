"""Revalidating: stored best records are measured again, with this TVM and on this machine, and what holds is committed.

Minutes where tuning took hours: of each workload only the best records that do not hold here as they are, K at most.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from tvmgitlib.library.jobs import RemeasuredNote, stored_records
from tvmgitlib.library.platforms import detect_for
from tvmgitlib.library.reading import workload_label
from tvmgitlib.library.view import View
from tvmgitlib.live.common import Remeasured, live_family, running_tvm
from tvmgitlib.live.job import Job
from tvmgitlib.live.revalidation.plan import Item, Plan, RevalidationRequest
from tvmgitlib.live.revalidation.result import Result
from tvmgitlib.live.revalidation.values import Revalidated
from tvmgitlib.model import (
    DETERMINISTIC,
    Json,
    StoredRecord,
    TargetError,
    TvmError,
    TvmgitlibError,
    require_triple,
    tell_progress,
)

#: Begins a job of kind `revalidate` (or resumes the interrupted one) for a target's text, a platform and its facts.
StartJob = Callable[[str, str, Mapping[str, Json]], Job]


def revalidate(view: View, start: StartJob, request: RevalidationRequest) -> Revalidated:
    """Measure stored best records again and commit what holds: a job of kind `revalidate` a target and platform.

    Interrupted, it goes on where it was when it is called again.

    Args:
        view: the library.
        start: begins a job.
        request: what is to be revalidated.

    Raises:
        SelectionError: no record of the library is meant.
        TvmError: TVM is missing; or no target is this machine's, and nothing says how to measure there.
        TargetError: all targets leave open which machine they are for.
    """
    with view.reading() as contents:
        plan = Plan(contents, running_tvm(), request)
        items = list(plan.items())
        result = Result(plan)
        jobs: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
        obstacles: list[TvmgitlibError] = []
        for item in items:
            if item.why is not None:
                result.leave(item, item.why)
            elif (obstacle := _obstacle(item, request)) is not None:
                obstacles.append(obstacle)
                result.leave(item, str(obstacle))
            else:
                jobs[item.place.platform, item.place.target.key].append(item)
        if obstacles and len(obstacles) == len(items):
            raise obstacles[0]
        number, total = 0, sum(map(len, jobs.values()))
        for (platform, _), of_job in jobs.items():
            with start(of_job[0].given.text, platform, request.facts) as job:
                job.measured_by(request.how)
                for item in of_job:
                    number += 1
                    text = f"revalidating {number} of {total}: {workload_label(item.place.workload)}"
                    tell_progress("revalidating", text, (number - 1) / total)
                    _revalidate(plan, job, item, result)
            if job.result is not None and job.result.job is not None:
                result.committed(job.result.job, job.result.commit)
    return result.whole


def _obstacle(item: Item, request: RevalidationRequest) -> TvmgitlibError | None:
    """Why a task cannot be measured, if so."""
    try:
        require_triple(item.given)
    except TargetError as error:
        return error
    if request.how.says_where or detect_for(item.place.target) is not None:
        return None
    return TvmError(
        f"{item.place.target.label} is not this machine's target, and nothing says how to measure it",
        hint="In Python: library.revalidate(..., runner=...), for AutoTVM measure_option=....",
    )


def _revalidate(plan: Plan, job: Job, item: Item, result: Result) -> None:
    try:
        for stored, note in _remeasure(plan, job, item):
            result.add(item, stored, note)
    except TvmError as error:  # of this task: the others may do better
        result.leave(item, str(error))
        return
    if plan.request.baseline:
        job.try_baseline(item.task, plan.request.how)


def _remeasure(plan: Plan, job: Job, item: Item) -> Iterator[tuple[StoredRecord, RemeasuredNote]]:
    """Measure the records of a task again, except those that this job had measured before it was interrupted."""
    task = list(job.place(item.task).task)
    known = {note.record: note for note in job.journal.opened.remeasured() if note.task == task}
    pending = []
    for stored in item.records:
        if stored.record.hash in known:
            yield stored, known[stored.record.hash]
        else:
            pending.append(stored)
    for stored in pending:
        job.journal.describe(stored.record.workload)  # the task may be made anew, of what a log says
    family = live_family(item.place.family)
    results = family.remeasure(job.journal, item.task, [stored.record for stored in pending], plan.request.how)
    for stored, result in zip(pending, results, strict=True):
        note = RemeasuredNote(task, stored.job, stored.record.hash, _mean(result), _why(result), result.checked)
        fails_for_good = result.failure is not None and result.failure.kind in DETERMINISTIC
        if fails_for_good and item.may_invalidate and not plan.request.keep_refused:
            note = replace(note, invalidates=_same_config(plan, stored))
        job.journal.opened.note_remeasured(note)
        yield stored, note


def _mean(result: Remeasured) -> float | None:
    return math.fsum(result.costs) / len(result.costs) if result.costs else None


def _why(result: Remeasured) -> str | None:
    if result.failure is None:
        return None
    return f"{result.failure.kind.replace('_', ' ')}: {result.failure.text}"


def _same_config(plan: Plan, refused: StoredRecord) -> list[list[str]]:
    """Every record of the config that was refused, of the same TVM or one whose records hold here: all of them fail."""
    return [
        [stored.job, stored.record.hash[:16]]
        for stored in stored_records(plan.contents, refused.place)
        if stored.record.config == refused.record.config
        and (stored.tuned_with.is_like(refused.tuned_with) or plan.grade(stored) == "exact")
    ]
