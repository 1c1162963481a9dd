"""What a finished job or an import tells."""

from __future__ import annotations

from collections.abc import Sequence

from tvmgitlib.cli.context import Context, note
from tvmgitlib.cli.words import LEFT_ALONE
from tvmgitlib.library.changes import JobResult, outcome, plural

_MOST = 5


def print_result(context: Context, result: JobResult) -> None:
    """Print the counts; what the user should know beside them goes to standard error in words."""
    if result.left_out:
        _list(f"{plural(len(result.left_out), 'line')} left out:", result.left_out)
    if result.no_logs:
        _list(f"{plural(len(result.no_logs), 'file')} of the folder left out, being no log:", result.no_logs)
    if result.copies:
        note(f"{plural(result.copies, 'copy', 'copies')} of other logs left out.")
    if result.other_targets:
        records = plural(sum(result.other_targets.values()), "record")
        others = [f"{target} ({count:,})" for target, count in result.other_targets.items()]
        _list(f"{records} of other targets left out:", others)
    if result.unusable:
        _list(
            f"warning: {plural(len(result.unusable), 'trial')} taken as failed, for want of a usable run time:",
            result.unusable,
        )
    if result.unmeasured:
        note(f"{plural(result.unmeasured, 'record')} that nobody has measured left out: neither trials nor failures.")
    if result.detected:
        note(
            f"Nothing names the platform, so it is taken to be this machine: {', '.join(result.detected)}. "
            "(--platform NAME says otherwise.)"
        )
    for name, trials in result.overruled.items():
        note(f"The platform given was not used for {plural(trials, 'trial')}: their target's -model names {name}.")
    if result.all_failed:
        _list("warning: no trial succeeded, so there is no config (the effort is on record):", result.all_failed)
    if result.left_alone:
        _list(LEFT_ALONE, result.left_alone)
    for job, count in sorted(result.known.items()):
        note(f"{plural(count, 'measurement')} known from job {job}: not counted twice.")
    if result.continued:
        note(
            f"What was logged in the meantime is kept as job {result.continued}: tvmgitlib job finish "
            f"{result.continued} commits it."
        )
    if result.reverted:
        note(f"Job {result.job} is reverted by job {result.reverted}: revert that one to bring it back.")
    context.print(result, _words(result))


def _list(what: str, lines: Sequence[str]) -> None:
    more = [f"and {len(lines) - _MOST:,} more"] if len(lines) > _MOST else []
    note("\n  ".join([what, *lines[:_MOST], *more]))


def _words(result: JobResult) -> str:
    counts = result.counts
    if result.already:
        return f"already job {result.job}: nothing to do"
    if result.job is None:
        known = f"all {counts.read:,} measurements are known" if counts.read > 1 else "the measurement is known"
        return f"Nothing new: {known if counts.read else 'no measurement was added'}. Nothing was committed."
    return (
        f"Job {result.job} is committed as {(result.commit or '')[:12]}.\n"
        f"  {plural(counts.read, 'trial')} read: {outcome(counts)}\n"
        f"  {plural(counts.workloads, 'workload')} on {_where(result.platforms)}, {counts.improved:,} improved"
    )


def _where(platforms: Sequence[str]) -> str:
    return platforms[0] if len(platforms) == 1 else plural(len(platforms), "platform")
