"""`tvmgitlib suggest` where there is no TVM; with one, see tests/tvm/test_warm_*.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_without_tvm_that_is_said_and_not_that_the_users_code_fails(cli: Any, tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text("import tvm\n\ntasks = []\n")
    cli("suggest", "--tasks", f"{model}:tasks")
    assert (cli.code, cli.out) == (4, "")
    assert cli.err.startswith("error: no TVM is installed in this Python\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.py:x"],
        ["--tasks=a.py:x", "-n", "0"],
        ["--tasks=a.py:x", "--seed=-1"],
        ["--tasks=a.py:x", "--family=tvm"],
    ],
    ids=" ".join,
)
def test_what_it_does_not_take_is_usage(cli: Any, arguments: list[str]) -> None:
    cli("suggest", *arguments)
    assert (cli.code, cli.out) == (2, "")
    assert "Usage: tvmgitlib suggest [OPTIONS]" in cli.err
