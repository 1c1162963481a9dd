"""Every command line that the pages and the helps show is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tvmgitlib.cli.main import HIDDEN, cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "example-repo" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

#: What a page shows as code: fenced, inline, or indented.
_CODE = re.compile(
    r"^```(?:console|yaml|bash|ini)\n(?P<fenced>.*?)^```$|`(?P<inline>tvmgitlib [^`]+)`|^ {4}(?P<line>tvmgitlib .+)$",
    re.DOTALL | re.MULTILINE,
)


#: What a shell or a host puts a number in for.
_FILLED_IN = re.compile(r"\$\{\{.*?\}\}|\$\(\(.*?\)\)|\$\d")


def commands(code: str) -> Iterator[tuple[str, ...]]:
    """The arguments of every `tvmgitlib` in some lines of code; where there is a prompt, of those behind it."""
    lines = _FILLED_IN.sub("1", code).replace("\\\n", " ").splitlines()
    for line in [line for line in lines if line.startswith("$ ")] or lines:
        for step in re.split(r"&&|\|\||(?<!\|)\|(?!\|)| < ", line):
            if "tvmgitlib " in step:
                words = shlex.split(step, comments=True)
                if "tvmgitlib" in words:
                    yield tuple(words[words.index("tvmgitlib") + 1 :])


def of_pages() -> Iterator[tuple[str, ...]]:
    for page in PAGES:
        for found in _CODE.finditer(page.read_text()):
            yield from commands(found["fenced"] or found["inline"] or found["line"])


def of_helps(group: click.Group = cli) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    names = [*group.list_commands(context), *(HIDDEN if group is cli else ())]
    for command in filter(None, (group.get_command(context, name) for name in names)):
        if isinstance(command, click.Group):
            yield from of_helps(command)
        yield from commands((command.epilog or "").replace("git config", "#"))


def test_the_pages_show_command_lines() -> None:
    shown = set(of_pages())
    assert ("best", "--platform", "rk3399", "--workload", "conv2d", "--tvm", "hhb-tvm==0.16.dev0") in shown
    assert ("check",) in shown
    assert ("coverage", "model.py:module", "--target", "cuda", "--exit-code") in shown


@pytest.mark.parametrize("arguments", sorted({*of_pages(), *of_helps()}), ids=" ".join)
def test_what_is_shown_can_be_typed(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    monkeypatch.setattr(click.Command, "invoke", lambda self, _: parsed.append(self))
    cli.main(args=list(arguments), prog_name="tvmgitlib", standalone_mode=False)
    assert parsed
    assert not isinstance(parsed[-1], click.Group)
