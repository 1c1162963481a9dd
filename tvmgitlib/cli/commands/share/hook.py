"""`tvmgitlib hook`: what a server's Git runs before it takes a push, and putting it there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tvmgitlib.cli.common import Context, example, note, pass_context


@click.group(epilog=example("tvmgitlib hook install --server /srv/git/kernels.git"))
def command() -> None:
    """Have a server refuse pushes that are not sound.

    Refused is what changes or removes a segment, also where a later commit undoes it; lines that are not valid; times
    that cannot be; configs/ that jobs/ does not fold to; pushes by force; and in the queue what is no job. Branches
    that hold no library are not looked at, and of the others only what is new.
    """


@command.command("pre-receive", epilog=example("tvmgitlib hook pre-receive < updates"))
@pass_context
def pre_receive(context: Context) -> int:
    """Judge a push, as Git's hook of that name.

    Git gives the refs that are to move in its standard input, a line each: the old commit, the new one, the ref. Exit
    code 1 refuses all of it, with the reasons on standard error, which Git shows whoever pushes.
    """
    from tvmgitlib.library.care import refusals

    found = refusals(Path(context.library or "."), sys.stdin)
    for reason in found:
        note(f"tvmgitlib: {reason}")
    return 1 if found else 0


@command.command(epilog=example("tvmgitlib hook install --server /srv/git/kernels.git"))
@click.option("--server", metavar="PATH", help="The server's repository, where this machine has it. [the library]")
@pass_context
def install(context: Context, server: str | None) -> None:
    """Have a repository judge every push from now on.

    What its branch holds so far is judged first: whatever comes later is held against it. The hook needs this Python
    for as long as it is there.
    """
    from tvmgitlib.library.care import install_hook, server_repository

    path = install_hook(server_repository(Path(server))) if server is not None else context.open().install_hook()
    context.print({"hook": str(path)}, f"Installed {path}.")


@command.command(epilog=example("tvmgitlib hook check origin/main HEAD"))
@click.argument("old")
@click.argument("new")
@pass_context
def check(context: Context, old: str, new: str) -> int:
    """Say what the hook would of a push from OLD to NEW.

    For a CI job of a host that runs no hooks, in a clone that has the history between the two. OLD is where the branch
    is now, and nothing that whoever proposes NEW can choose; NEW may have parted from it, to be merged. Exit code 1
    where it would be refused.
    """
    found = context.open().judge(old, new)
    context.print(
        {"sound": not found, "problems": [problem.to_json() for problem in found]},
        "\n".join(map(str, found)) or "All of it can be taken.",
    )
    return 1 if found else 0
