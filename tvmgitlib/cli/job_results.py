"""What a finished job or an import tells."""

from __future__ import annotations

from tvmgitlib.cli.context import Context, note
from tvmgitlib.library.results import JobResult

_MOST = 5


def print_result(context: Context, result: JobResult) -> None:
    """Print the counts; what went wrong goes to standard error in words."""
    _warn(f"{len(result.left_out):,} left out", result.left_out)
    _warn("No trial succeeded, so there is no config (the effort is on record)", result.all_failed)
    _warn("Changed by you, so left as it is in the work tree", result.left_alone)
    for job, count in sorted(result.known.items()):
        note(f"{count:,} of the measurements are known: job {job} has them. They are not counted twice.")
    context.print(result.to_json(), _words(result))


def _warn(what: str, lines: tuple[str, ...]) -> None:
    if lines:
        note("\n  ".join([f"{what}:", *lines[:_MOST]]))
        if len(lines) > _MOST:
            note(f"  and {len(lines) - _MOST:,} more")


def _words(result: JobResult) -> str:
    counts = result.counts
    if result.already:
        return f"already job {result.job}: nothing to do"
    if result.job is None:
        return f"Nothing new: all {counts.read:,} measurements are known. Nothing was committed."
    return (
        f"Job {result.job} is committed as {(result.commit or '')[:12]}.\n"
        f"  {counts.read:,} read = {counts.failed:,} failed + {counts.duplicates:,} duplicates + {counts.kept:,} kept "
        f"+ {counts.dropped:,} slower\n"
        f"  {counts.workloads:,} workloads, {counts.improved:,} improved"
    )
