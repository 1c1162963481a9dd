"""A group whose commands are imported when they are used: `tvmgitlib --help` must not wait for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands, each the attribute `command` of a module in `tvmgitlib.cli.commands`.

    Args:
        commands_by_name: the module and the short help of each command, by name.
        hidden: commands that are not listed.
    """

    def __init__(
        self,
        *args: Any,
        commands_by_name: Mapping[str, tuple[str, str]],
        hidden: Mapping[str, tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._commands_by_name = commands_by_name
        self._hidden = hidden

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = self._commands_by_name.get(cmd_name) or self._hidden.get(cmd_name)
        if known is None:
            return None
        module = import_module(f"tvmgitlib.cli.commands.{known[0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in self._commands_by_name.items()])
