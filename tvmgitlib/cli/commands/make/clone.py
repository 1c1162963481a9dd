"""`tvmgitlib clone`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, pass_context


@click.command(
    epilog=options.example(
        "tvmgitlib clone https://example.com/team/kernels.git",
        "tvmgitlib clone --branch kernels git@example.com:team/code.git",
    )
)
@click.argument("url")
@click.argument("path", required=False)
@click.option("--branch", metavar="NAME", help="The branch that has the library.")
@pass_context
def command(context: Context, url: str, path: str | None, branch: str | None) -> None:
    """Copy a library from elsewhere.

    URL is https, ssh, git, file, or a path. The branch is the remote's own, else main, else the only one that has a
    library. The copy has the library's Git drivers configured. Plain git clone works too; then git diff shows records
    as they are.
    """
    from tvmgitlib.config_library import ConfigLibrary

    library = ConfigLibrary.clone(url, path, branch=branch)
    context.print({"library": str(library.path), "commit": library.commit}, f"Cloned into {library.path}")
