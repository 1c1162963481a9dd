"""Whatever a log or a library says, no terminal does anything but show it, and no line of it passes for one of ours."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from tvmgitlib.model import LibraryError, plain, plain_line

#: A screen that is cleared (C0), the same in C1, a direction that is turned, a line of its own, and one of Unicode's.
EVIL = "\x1b[2J\x9b2J\u202eevil\u2066\nerror: forged\r\u2028error: forged\u0085Tvmgitlib-Job: 0000000000000000"


def is_harmless(text: str) -> bool:
    return all(each in "\n\t" or each.isprintable() or unicodedata.category(each) == "Zs" for each in text)


@pytest.fixture
def log(tmp_path: Path, logs: Path) -> Path:
    """A log whose task has such a name."""
    name = "t0_tvmgitlib_matmul_xgb.log"
    file = tmp_path / "tuning\x1b[2J\nerror: forged.log"
    lines = [json.loads(line) for line in (logs / "autotvm" / name).read_text().splitlines()]
    for line in lines:
        line["input"][1] = EVIL
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_every_command_says_plain_words(cli, git, log: Path, tmp_path: Path) -> None:
    assert cli("import", log, "--platform", "board", "--set", f"cooling={json.dumps(EVIL)}").code == 0, cli.err
    job = cli.json("log")["job"]
    told = cli.json("job", "start", "--tuner", EVIL, "--platform", "board")["job"]
    said = []
    for command in (
        ("import", log, "--platform", "board"),
        ("best",),
        ("best", "--tvm", "tvm==0.9"),
        ("best", "--tvm", "tvm==0.9", "--accept", "any"),
        ("trials",),
        ("log",),
        ("blame",),
        ("diff", "HEAD~1"),
        ("job", "list"),
        ("job", "show", job),
        ("job", "show", told),
        ("platform", "show"),
        ("platform", "show", "board"),
        ("invalidate", "--workload", "evil", "--reason", EVIL),
        ("best", "--workload", EVIL),
        ("best", "--family", EVIL),
        ("revert", job, "--reason", EVIL),
        ("log",),
        ("check",),
        ("driver", "textconv", next(cli.library.glob("jobs/*/*"))),
        ("-C", tmp_path / f"no{EVIL}".replace("\0", ""), "best"),
    ):
        for options in ((), ("--json",)):
            cli(*options, *command)
            assert cli.code in (0, 1, 2, 4), (command, cli.err)
            for text in (cli.out, cli.err):
                assert is_harmless(text), (command, text)
                assert not [line for line in text.splitlines() if line.startswith("error: forged")], (command, text)
            said.append(cli.out)
    assert any("evil" in text for text in said)
    for text in (git(cli.library, "log", "--format=%B"), git(cli.library, "log", "--format=%s")):
        assert is_harmless(text)
        assert "\nerror: forged" not in text
    trailers = git(cli.library, "log", "--format=%(trailers:key=Tvmgitlib-Job,valueonly)").split()
    assert trailers
    assert "0000000000000000" not in trailers


def test_json_says_the_very_text(cli, log: Path) -> None:
    """What is escaped for a terminal is the same for a program."""
    assert cli("import", log, "--platform", "board").code == 0, cli.err
    [best] = cli.lines("best")
    assert best["record"]["input"][1] == EVIL


@pytest.mark.parametrize(
    ("text", "shown", "line"),
    [
        ("plain words, \u00e9\u4e2d\u00a0\u3000", "plain words, \u00e9\u4e2d\u00a0\u3000", None),
        ("a\n\tb", "a\n\tb", r"a\n\tb"),
        ("\x1b[2J\x9b\x7f", r"\x1b[2J\x9b\x7f", None),
        ("\u202e\u2066\u200f\u2028\ufeff", r"\u202e\u2066\u200f\u2028\ufeff", None),
        ("\udcff\ud800", r"\udcff\ud800", None),
        ("\U000e0001", r"\U000e0001", None),
    ],
)
def test_the_gate(text: str, shown: str, line: str | None) -> None:
    assert plain(text) == shown
    assert plain_line(text) == (line or shown)


def test_an_error_says_where_in_one_line() -> None:
    error = LibraryError("so\x07it is", file="a\nerror: forged", field="b\x1b", hint="Do\nthat.")
    assert str(error) == "a\\nerror: forged, field b\\x1b: so\\x07it is\nDo\nthat."
