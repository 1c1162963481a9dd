from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.cli import commands
from tvmgitlib.cli.main import HIDDEN, ROOMS

COMMANDS = [
    [],
    ["init"],
    ["job"],
    ["job", "start"],
    ["job", "resume"],
    ["job", "renew"],
    ["job", "finish"],
    ["job", "abort"],
    ["job", "list"],
    ["job", "show"],
    ["import"],
    ["tune"],
    ["suggest"],
    ["best"],
    ["trials"],
    ["export"],
    ["log"],
    ["check"],
    ["rebuild"],
    ["gc"],
    ["config"],
    ["completion"],
    ["platform"],
    ["platform", "detect"],
    ["platform", "show"],
    ["fleet"],
    ["fleet", "status"],
    ["clone"],
    ["diff"],
    ["blame"],
    ["revert"],
    ["invalidate"],
    ["revalidate"],
    ["coverage"],
    ["report"],
    ["merge"],
    ["sync"],
    ["fold"],
    ["pin"],
    ["hook"],
    ["hook", "pre-receive"],
    ["hook", "install"],
    ["hook", "check"],
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
    assert "..." not in re.sub(r"(FILE|JOB|MODEL|\[ARGS\])\.\.\.", "", cli.out)


def listed(text: str) -> dict[str, str]:
    """The commands in the lists of a help, with their summaries: what is behind the options."""
    sections = text.partition("\nOptions:\n")[2].partition("\n\n")[2].partition("\n  Example")[0]
    return dict(line.split(maxsplit=1) for line in sections.splitlines() if line.startswith("  "))


@pytest.mark.parametrize("group", [[], ["job"], ["platform"]], ids=["tvmgitlib", "job", "platform"])
def test_every_command_is_listed_and_has_help_of_its_own(cli: Any, group: list[str]) -> None:
    depth = len(group) + 1
    assert set(listed(cli(*group, "--help").out)) == {
        command[depth - 1] for command in COMMANDS if len(command) >= depth and command[: depth - 1] == group
    }


def test_commands_are_listed_by_what_one_wants(cli: Any) -> None:
    headings = [line for line in cli("--help").out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Options:", "Make and tune:", "Look:", "Change:", "Share:", "Care:"]


def test_every_module_of_a_room_is_a_command(cli: Any) -> None:
    folder = Path(commands.__file__).parent
    modules = {f"{path.parent.name}.{path.stem}" for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert {module for room in (*ROOMS.values(), HIDDEN) for module, _ in room.values()} == modules


def test_a_commands_summary_in_the_list_is_the_one_in_its_help(cli: Any) -> None:
    for name, summary in listed(cli("--help").out).items():
        assert summary in cli(name, "--help").out


def test_the_version_is_one_line(cli: Any) -> None:
    from tvmgitlib import __version__

    assert cli("--version").out == f"tvmgitlib, version {__version__}\n"


def test_an_export_of_no_format_says_which_there_are(cli: Any) -> None:
    cli("export", "-o", "best.log")
    assert all(name in cli.err for name in ("autotvm", "ansor", "metaschedule"))
