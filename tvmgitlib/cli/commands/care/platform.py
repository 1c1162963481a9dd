"""`tvmgitlib platform`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import Context, complete_platforms, example, fleet_options, note, pass_context
from tvmgitlib.cli.lazy import HelpfulGroup

if TYPE_CHECKING:
    from tvmgitlib.model import Platform


@click.group(cls=HelpfulGroup, epilog=example("tvmgitlib platform detect"))
@pass_context
def command(context: Context) -> None:
    """Detect this machine's platform, or show the library's."""


@command.command(
    epilog=example("tvmgitlib platform detect --json", "tvmgitlib platform detect --rpc-tracker farm:9190 --rpc-key pi")
)
@fleet_options
@pass_context
def detect(context: Context, fleet: tuple[str, str] | None) -> None:
    """Detect this machine's platform, or a board's.

    That is the name and the facts that a job here gets. It needs no library. With --rpc-tracker the next board that is
    free says what it is, as far as TVM lets one ask; a job does not take that by itself: give it with --platform and
    --set.
    """
    if fleet is not None:
        from tvmgitlib.live.common import running_tvm
        from tvmgitlib.live.fleet import detect_device

        running_tvm()
        _print(context, detect_device(*fleet))
        return
    from tvmgitlib.library.platforms import detect_platform

    _print(context, detect_platform())


@command.command(epilog=example("tvmgitlib platform show rk3399"))
@click.argument("name", required=False, shell_complete=complete_platforms)
@pass_context
def show(context: Context, name: str | None) -> None:
    """Show the library's platforms.

    With NAME, only that one, with the latest facts about it.
    """
    library = context.open()
    if name is not None:
        _print(context, library.platform(name))
        return
    platforms = library.platforms()
    if not platforms:
        note("The library has no job yet.")
    for known, facts in platforms.items():
        context.print({"name": known, "facts": facts}, known)


def _print(context: Context, platform: Platform) -> None:
    """Print a platform: for people, too, as JSON, whose nesting is easy to read."""
    document = {"name": platform.name, "facts": dict(platform.facts)}
    context.print(document, json.dumps(document, indent=2, ensure_ascii=False))
