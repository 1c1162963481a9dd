"""`tvmgitlib init`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(epilog=example("tvmgitlib init kernels --keep 3"))
@click.argument("path", required=False)
@click.option("--keep", metavar="K", type=int, default=1, show_default=True, help="Records per workload in configs/.")
@pass_context
def command(context: Context, path: str | None, keep: int) -> None:
    """Make a library.

    It is in PATH, else where -C or TVMGITLIB_LIBRARY says, else here. A folder that is no Git repository yet becomes
    one; in one that is, a commit adds the library's files.
    """
    import os

    from tvmgitlib.config_library import ConfigLibrary
    from tvmgitlib.library.care import VARIABLE

    where = path or context.library or os.environ.get(VARIABLE) or "."
    library = ConfigLibrary.init(where, keep=keep)
    next_steps = "tvmgitlib import LOG... brings logs in, tvmgitlib job start begins a job."
    context.print(
        {"library": str(library.path), "commit": library.commit},
        f"Made a library in {library.path}.\n"
        f"{'Next' if library.path.samefile('.') else 'Next, in there'}: {next_steps}",
    )
