"""`tvmgitlib check`."""

from __future__ import annotations

from typing import Any

import click

from tvmgitlib.cli.common import Context, example, pass_context
from tvmgitlib.model import plural


@click.command(epilog=example("tvmgitlib check && git push", "tvmgitlib check --full"))
@click.option("--allow-shallow", is_flag=True, help="Check a shallow clone as far as its history goes.")
@click.option("--full", is_flag=True, help="Prove all of it, also what was proven before in this clone.")
@click.option("--signatures", is_flag=True, help="Prove the signatures of jobs, too.")
@pass_context
def command(context: Context, allow_shallow: bool, full: bool, signatures: bool) -> int:
    """Prove that the library is sound.

    configs/ is what jobs/ folds to, every line is valid, no segment changed after its commit, and the work tree is as
    committed. Where this clone was found sound before, only what came since is proven, and files that Git sees no
    change of are not read again. Exit code 1 when something is wrong, named by file and line, or when a shallow clone
    cannot tell.
    """
    library = context.open()
    problems = library.check(allow_shallow=allow_shallow, full=full, signatures=signatures)
    document: dict[str, Any] = {"sound": not problems, "problems": [problem.to_json() for problem in problems]}
    lines = [str(problem) for problem in problems] or ["The library is sound."]
    if signatures:
        counts = library.signers()
        document["unsigned"] = counts.get(None, 0)
        document["signers"] = [signer.to_json() | {"jobs": count} for signer, count in counts.items() if signer]
        lines += [f"{plural(count, 'job')} signed by {signer or 'nobody'}" for signer, count in counts.items()]
    context.print(document, "\n".join(lines))
    return 1 if problems else 0
