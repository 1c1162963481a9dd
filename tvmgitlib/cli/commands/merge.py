"""`tvmgitlib merge`."""

from __future__ import annotations

import click

from tvmgitlib.cli.context import Context, note, pass_context


@click.command(epilog="Example: git fetch; tvmgitlib merge origin/main")
@click.argument("branch")
@pass_context
def command(context: Context, branch: str) -> None:
    """Merge BRANCH into the current one: the jobs of both, configs/ folded anew, never a text conflict in them."""
    done = context.open().merge(branch)
    for path in done.left_alone:
        note(f"Changed by you, so left as it is in the work tree: {path}")
    if done.dropped:
        note(f"The other side had removed segments by plain Git; they are gone here too: {', '.join(done.dropped)}")
    words = {
        "up-to-date": "Already up to date.",
        "fast-forward": f"Fast-forward to {done.commit[:12]}: {len(done.jobs):,} jobs came in.",
        "merge": f"Merged in {done.commit[:12]}: {len(done.jobs):,} jobs came in, {done.improved:,} configs improved.",
    }
    context.print(done.to_json(), words[done.kind])
