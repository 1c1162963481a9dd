"""`tvmgitlib merge`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context


@click.command(epilog=options.example("tvmgitlib merge origin/main"))
@click.argument("branch")
@pass_context
def command(context: Context, branch: str) -> None:
    """Merge BRANCH into the current one.

    The jobs of both are there then, and configs/ is folded anew: it never has a text conflict.
    """
    from tvmgitlib.library.changes.messages import plural

    done = context.open().merge(branch)
    for path in done.left_alone:
        note(f"Changed by you, so left as it is in the work tree: {path}")
    if done.dropped:
        note(f"The other side had removed segments by plain Git; they are gone here too: {', '.join(done.dropped)}")
    came = plural(len(done.jobs), "job")
    words = {
        "up-to-date": "Already up to date.",
        "fast-forward": f"Fast-forward to {done.commit[:12]}: {came} came in.",
        "merge": f"Merged in {done.commit[:12]}: {came} came in, {done.improved:,} improved.",
    }
    context.print(done.to_json(), words[done.kind])
