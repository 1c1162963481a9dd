"""`tvmgitlib clone`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, pass_context


@click.command(epilog=options.example("tvmgitlib clone https://example.com/team/kernels.git"))
@click.argument("url")
@click.argument("path", required=False)
@pass_context
def command(context: Context, url: str, path: str | None) -> None:
    """Copy a library from elsewhere.

    URL is https, ssh, git, file, or a path. The copy has the library's Git drivers configured. Plain git clone
    works too; then git merge knows no drivers.
    """
    from tvmgitlib.config_library import ConfigLibrary

    library = ConfigLibrary.clone(url, path)
    context.print({"library": str(library.path), "commit": library.commit}, f"Cloned into {library.path}")
