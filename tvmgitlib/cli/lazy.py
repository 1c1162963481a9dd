"""A group whose commands are imported when they are used: `tvmgitlib --help` must not wait for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeAlias

import click

#: The module below `tvmgitlib.cli.commands` and the short help of each command, by its name.
Commands: TypeAlias = "Mapping[str, tuple[str, str]]"


class HelpfulGroup(click.Group):
    """A group that says which command may have been meant by a mistyped one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), 3)
            ctx.fail(f"no command is called {name!r}." + (f" Is {' or '.join(near)} meant?" if near else ""))
        return super().resolve_command(ctx, args)


class LazyGroup(HelpfulGroup):
    """A group of commands, each the attribute `command` of a module in `tvmgitlib.cli.commands`.

    Args:
        rooms: the commands by the headings that the help lists them under.
        hidden: commands that are not listed.
    """

    def __init__(self, *args: Any, rooms: Mapping[str, Commands], hidden: Commands, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rooms = rooms
        self._listed = {name: told for commands in rooms.values() for name, told in commands.items()}
        self._hidden = hidden

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = self._listed.get(cmd_name) or self._hidden.get(cmd_name)
        if known is None:
            return None
        module = import_module(f"tvmgitlib.cli.commands.{known[0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self._listed))
        for heading, commands in self._rooms.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), help) for name, (_, help) in commands.items()])
