"""What is said of a change when it is done, and of what it left alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tvmgitlib.cli.common import note_each, note_some
from tvmgitlib.model import listed, plural

if TYPE_CHECKING:
    from tvmgitlib.library.care import Tidied
    from tvmgitlib.library.changes import Invalidated, Merged, Reverted, Synced
    from tvmgitlib.library.reading import Exported

LEFT_ALONE = "Changed by you, so left as it is in the work tree:"


def note_left_alone(paths: Iterable[str]) -> None:
    """Name the files of the work tree that stay as the user changed them."""
    note_each(f"{LEFT_ALONE} {path}" for path in paths)


def reverted(done: Reverted) -> str:
    """What a revert did, and how to undo it."""
    return (
        f"Reverted {listed(done.reverted)} in {done.commit[:12]}: {plural(done.removed, 'record')} out, "
        f"{done.restored:,} in.\nTo undo it: tvmgitlib revert {done.job}"
    )


def invalidated(done: Invalidated) -> str:
    """What an invalidation did, and how to undo it."""
    return (
        f"Invalidated {plural(done.invalidated, 'record')} of {plural(len(done.jobs), 'job')} "
        f"in {(done.commit or '')[:12]}: "
        f"{done.removed:,} out of configs/, {done.restored:,} in.\nTo undo it: tvmgitlib revert {done.job}"
    )


def would_invalidate(done: Invalidated) -> str:
    """What an invalidation would do."""
    jobs = "".join(f"\n  {count:,} of job {job}" for job, count in done.jobs.items())
    return (
        f"Would invalidate {plural(done.invalidated, 'record')} of {plural(len(done.jobs), 'job')}: "
        f"{done.removed:,} out of configs/, {done.restored:,} in. Nothing was committed.{jobs}"
    )


def tidied(done: Tidied) -> str:
    """What housekeeping changed."""
    before, after = done.before, done.after
    lines = [
        f"{size(before.total)} before, {size(after.total)} now: "
        f"{plural(before.packs, 'pack')} and {plural(before.loose, 'loose object')} before, "
        f"{plural(after.packs, 'pack')} and {plural(after.loose, 'loose object')} now."
    ]
    if before.index:
        lines.append(f"The reading index: {size(before.index)} before, {size(after.index)} now.")
    return "\n".join(lines)


def size(count: int) -> str:
    """A number of bytes, to a tenth of its unit."""
    power = next((power for power in (1, 2) if round(count / 1000**power, 1) < 1000), 3)
    return f"{count / 1000**power:,.1f} {('kB', 'MB', 'GB')[power - 1]}"


def merged(done: Merged) -> str:
    """What a merge brought in."""
    came = plural(len(done.jobs), "job")
    match done.kind:
        case "up-to-date":
            return "Already up to date."
        case "fast-forward":
            return f"Fast-forward to {done.commit[:12]}: {came} came in."
        case "merge":
            return f"Merged in {done.commit[:12]}: {came} came in, {done.improved:,} improved."


def synced(done: Synced, *, history: bool) -> str:
    """What was exchanged; with whole logs, where they were asked for."""
    counts = f"{plural(len(done.sent), 'job')} sent, {len(done.received):,} received"
    if history:
        sent = plural(len(done.histories_sent), "history", "histories")
        counts += f"; {sent} sent, {len(done.histories_received):,} received"
    if done.folded:
        counts += f", {plural(len(done.folded), 'job')} folded from the queue"
    if done.dropped:
        counts += f", {plural(len(done.dropped), 'job')} given up, which it has lost"
    if done.queued:
        counts += f"; {plural(len(done.queued), 'job')} queued (tvmgitlib fold --queue brings them in)"
    return f"{done.remote}/{done.branch} is at {done.commit[:12]}: {counts}."


def note_refused(done: Synced) -> None:
    """Name the jobs of the queue that cannot be taken."""
    note_some("warning: left in the queue, being no jobs:", [f"{job}: {why}" for job, why in done.refused.items()])


def exported(done: Exported) -> str:
    """What was written, and where."""
    wrote = f"Wrote {plural(done.records, 'record')} of {plural(done.workloads, 'workload')} to {done.path}"
    return "\n  ".join([f"{wrote}:" if done.paths else f"{wrote}.", *map(str, done.paths)])
