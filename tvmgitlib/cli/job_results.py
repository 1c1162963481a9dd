"""What a finished job or an import tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tvmgitlib.cli.common import Context, note, note_each, note_some, say
from tvmgitlib.cli.words import LEFT_ALONE
from tvmgitlib.model import listed, plural

if TYPE_CHECKING:
    from tvmgitlib.library.changes import JobResult


def print_result(context: Context, result: JobResult, path: object, *, push: bool) -> None:
    """Print the counts; what the user should know beside them goes to standard error.

    Args:
        context: how the user wants results.
        result: what became of the job.
        path: where the library is.
        push: whether the job is sent to the remote by this command.
    """
    _note_left_out(result)
    if result.unusable:
        note_some(
            f"warning: {plural(len(result.unusable), 'trial')} taken as failed, for want of a usable run time:",
            result.unusable,
        )
    if result.unmeasured:
        note(f"{plural(result.unmeasured, 'record')} that nobody has measured left out: neither trials nor failures.")
    if result.detected:
        note(
            f"No target names the platform, so it is this machine, as --platform this says: {listed(result.detected)}. "
            "(--platform NAME says otherwise.)"
        )
    note_some(
        "Some targets name no triple, so that a build for one that does takes their configs for stale. Where you know "
        "what they were, import them with --complete-target 'llvm -mtriple=... -mcpu=...':",
        result.incomplete,
    )
    _note_completion(result)
    for name, trials in result.overruled.items():
        note(f"The platform given was not used for {plural(trials, 'trial')}: their target's -model names {name}.")
    if result.all_failed:
        note_some("warning: no trial succeeded, so there is no config (the effort is on record):", result.all_failed)
    if result.left_alone:
        note_some(LEFT_ALONE, result.left_alone)
    note_each(
        f"{plural(count, 'measurement')} known from job {job}: not counted twice."
        for job, count in sorted(result.known.items())
    )
    if result.continued:
        note(
            f"What was logged in the meantime is kept as job {result.continued}: tvmgitlib job finish "
            f"{result.continued} commits it."
        )
    if result.reverted:
        note(f"Job {result.job} is reverted by job {result.reverted}: revert that one to bring it back.")
    if result.commit is None or result.already:
        context.print(result, _words(result))
        return
    context.print_written(result, _words(result), path, f"{context.there('Next')}: {_next_steps(result, push=push)}.")


def print_sent(result: JobResult, tip: str) -> None:
    """Say where a job is that was sent: on the remote's branch, or in its queue."""
    if result.queued:
        say("It waits in the remote's queue; tvmgitlib fold --queue, by anybody, brings it to the branch.")
    else:
        say(f"It is on the remote, as {(result.commit or tip)[:12]}.")


def _note_left_out(result: JobResult) -> None:
    """Say which lines, files and records of the logs were not taken, or not as they are."""
    if result.left_out:
        note_some(f"{plural(len(result.left_out), 'line')} left out:", result.left_out)
    if result.without_rule:
        counts = [f"{count:,} of {what}" for what, count in result.without_rule.items()]
        note_some("No rule says what these would be today:", counts)
    if result.upgraded:
        note(f"{plural(result.upgraded, 'line')} of format 0.1 converted to format 0.2.")
    if result.no_logs:
        note_some(f"{plural(len(result.no_logs), 'file')} of the folder left out, being no log:", result.no_logs)
    if result.copies:
        note(f"{plural(result.copies, 'copy', 'copies')} of other logs left out.")
    if result.other_targets:
        records = plural(sum(result.other_targets.values()), "record")
        others = [f"{target} ({count:,})" for target, count in result.other_targets.items()]
        note_some(f"{records} of other targets left out:", others)


def _next_steps(result: JobResult, *, push: bool) -> str:
    look = "best shows what there is now" if result.counts.kept else "trials shows the effort on record"
    return f"tvmgitlib {look}" + ("" if push else ", tvmgitlib sync shares it")


def _note_completion(result: JobResult) -> None:
    """Say where what the user says that targets leave out was not used."""
    if result.not_completed:
        records = plural(sum(result.not_completed.values()), "record")
        others = [f"{target} ({count:,})" for target, count in result.not_completed.items()]
        note_some(
            f"warning: --complete-target was not used for {records}, whose targets say otherwise or are other devices:",
            others,
        )
    elif result.completed == 0:
        note("warning: --complete-target was not used: the targets leave nothing of it out.")


def _words(result: JobResult) -> str:
    from tvmgitlib.library.changes import outcome

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
