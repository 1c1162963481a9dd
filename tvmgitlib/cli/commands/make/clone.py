"""`tvmgitlib clone`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(
    epilog=example(
        "tvmgitlib clone https://example.com/team/kernels.git",
        "tvmgitlib clone --branch kernels git@example.com:team/code.git",
        "tvmgitlib clone --filter https://example.com/team/kernels.git",
    )
)
@click.argument("url")
@click.argument("path", required=False)
@click.option("--branch", metavar="NAME", help="The branch that has the library.")
@click.option("--filter", "filtered", is_flag=True, help="Copy only what builds need: a fraction of the size.")
@pass_context
def command(context: Context, url: str, path: str | None, branch: str | None, filtered: bool) -> None:
    """Copy a library from elsewhere.

    URL is https, ssh, git, file, or a path. The branch is the remote's own, else main, else the only one that has a
    library. The copy has the library's Git drivers configured. Plain git clone works too; then git diff shows records
    as they are.

    With --filter the copy holds the latest commit, and of its jobs only those that builds, best, export and pin read;
    sync keeps it so. Other questions say what is missing, and how to get it. The server has to allow filters: the large
    hosts do, a repository of your own with git config uploadpack.allowFilter true.
    """
    from tvmgitlib.config_library import ConfigLibrary

    library = ConfigLibrary.clone(url, path, branch=branch, filtered=filtered)
    context.print({"library": str(library.path), "commit": library.commit}, f"Cloned into {library.path}")
