"""`tvmgitlib init`."""

from __future__ import annotations

import click

from tvmgitlib.cli.context import Context, pass_context


@click.command(epilog="Example: tvmgitlib init kernels --keep 3")
@click.argument("path", required=False)
@click.option("--keep", metavar="K", type=int, default=1, help="How many records per workload to keep.  [1]")
@pass_context
def command(context: Context, path: str | None, keep: int) -> None:
    """Make a library in PATH (by default -C, TVMGITLIB_LIBRARY, or ~/.tvm/tvmgitlib).

    A folder that is no Git repository yet becomes one; in one that is, a commit adds the library's files.
    """
    import os

    from tvmgitlib.library.config_library import ConfigLibrary
    from tvmgitlib.library.locating import VARIABLE, default_path

    where = path or context.library or os.environ.get(VARIABLE) or default_path()
    library = ConfigLibrary.init(where, keep=keep)
    context.print({"library": str(library.path), "commit": library.commit}, f"Made a library in {library.path}")
