"""What a terminal gives that is no Unicode is refused when it is said, not when it is to be written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes import Condemned
from tvmgitlib.library.reading import Selection
from tvmgitlib.model import JobError, SelectionError, SettingsError

#: As Python reads the byte 0xff from a command line in UTF-8.
BAD = "a\udcff"


@pytest.mark.parametrize(
    "command",
    [
        ("job", "start", "--platform", "board", "--tuner", BAD),
        ("job", "start", "--platform", "board", "--key", BAD),
        ("job", "start", "--platform", BAD),
        ("job", "start", "--platform", "board", "--set", f"cooling={BAD}"),
        ("job", "start", "--platform", "board", "--target", f"llvm -mcpu={BAD}"),
        ("revert", "0123456789abcdef", "--reason", BAD),
        ("revert", "--removed", "--reason", BAD),
        ("invalidate", "--platform", "board", "--reason", BAD),
        ("invalidate", "--platform", "board", "--reason", BAD, "--dry-run"),
        ("config", "x-note", BAD),
        ("best", "--workload", BAD),
        ("trials", "--platform", BAD),
        ("blame", "--workload", BAD),
    ],
    ids=lambda command: " ".join(map(ascii, command)),
)
def test_every_command_refuses_it_and_begins_nothing(cli: Any, command: tuple[str, ...]) -> None:
    cli(*command)
    assert cli.code == 4, cli.err
    assert "\\udcff" in cli.err or "not valid Unicode" in cli.err
    assert cli.lines("job", "list") == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda library: library.begin_job(platform="board", tuner=BAD), JobError),
        (lambda library: library.begin_job(platform="board", key=BAD), JobError),
        (lambda library: library.begin_job(platform="board", options={"deep": [{"name": BAD}]}), JobError),
        (lambda library: library.begin_job(platform="board", options={BAD: 1}), JobError),
        (lambda library: library.revert("0123456789abcdef", reason=BAD), JobError),
        (lambda library: library.invalidate(Condemned(Selection(platform="board")), BAD), JobError),
        (lambda library: library.configure("x-note", BAD), SettingsError),
        (lambda library: library.best(Selection(workload=BAD)), SelectionError),
    ],
)
def test_so_does_python(library: ConfigLibrary, call: Callable[[ConfigLibrary], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"Unicode|JSON") as caught:
        call(library)
    assert "\\udcff" in str(caught.value)
    assert library.open_jobs() == []


def test_a_name_in_any_script_is_taken(cli: Any) -> None:
    job = cli.json("job", "start", "--platform", "board", "--tuner", "調整 \U0001f680")["job"]
    assert cli.json("job", "show", job)["tuner"] == "調整 \U0001f680"
