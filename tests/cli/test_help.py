from __future__ import annotations

from typing import Any

import pytest

COMMANDS = [
    [],
    ["init"],
    ["job"],
    ["job", "start"],
    ["job", "finish"],
    ["job", "abort"],
    ["job", "list"],
    ["job", "show"],
    ["import"],
    ["best"],
    ["trials"],
    ["export"],
    ["log"],
    ["check"],
    ["rebuild"],
    ["config"],
    ["platform"],
    ["platform", "detect"],
    ["platform", "show"],
    ["clone"],
    ["diff"],
    ["blame"],
    ["revert"],
    ["invalidate"],
    ["revalidate"],
    ["coverage"],
    ["merge"],
    ["sync"],
    ["pin"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself_with_an_example(cli: Any, command: list[str], option: str) -> None:
    cli(*command, option)
    assert cli.code == 0
    assert cli.err == ""
    example = cli.out.partition("Example")[2].splitlines()
    assert example[0] in (":", "s:")
    assert example[1].startswith(f"    {' '.join(['tvmgitlib', *command])}" if command else "    tvmgitlib ")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_and_is_not_cut_off(cli: Any, command: list[str]) -> None:
    cli(*command, "--help")
    assert max(map(len, cli.out.splitlines())) <= 80
    assert "..." not in cli.out.replace("FILE...", "").replace("JOB...", "").replace("[ARGS]...", "")


@pytest.mark.parametrize("group", [[], ["job"], ["platform"]], ids=["tvmgitlib", "job", "platform"])
def test_every_command_is_listed_and_has_help_of_its_own(cli: Any, group: list[str]) -> None:
    cli(*group, "--help")
    section = cli.out.partition("Commands:\n")[2].partition("\n\n")[0]
    listed = {line.split()[0] for line in section.splitlines()}
    depth = len(group) + 1
    assert listed == {
        command[depth - 1] for command in COMMANDS if len(command) >= depth and command[: depth - 1] == group
    }


def test_a_commands_summary_in_the_list_is_the_one_in_its_help(cli: Any) -> None:
    section = cli("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    for line in section.splitlines():
        name, summary = line.split(maxsplit=1)
        assert summary in cli(name, "--help").out


def test_the_version_is_one_line(cli: Any) -> None:
    from tvmgitlib import __version__

    assert cli("--version").out == f"tvmgitlib, version {__version__}\n"
