"""`tvmgitlib coverage` where there is no TVM; with one, see tests/live/test_coverage.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model as users have it: it imports TVM at once."""
    path = tmp_path / "model.py"
    path.write_text("import tvm\n\ntasks = []\n")
    return path


def test_without_tvm_that_is_said_and_not_that_the_users_code_fails(cli: Any, model: Path) -> None:
    cli("coverage", f"{model}:tasks")
    assert (cli.code, cli.out) == (4, "")
    assert cli.err.startswith("error: no TVM is installed in this Python\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.py:x", "b.py:x"],
        ["a.py:x", "--accept", "any"],
        ["a.py:x", "--family", "tvm"],
        ["a.py:x", "--workload=x"],
    ],
    ids=" ".join,
)
def test_what_it_does_not_take_is_usage(cli: Any, arguments: list[str]) -> None:
    cli("coverage", *arguments)
    assert (cli.code, cli.out) == (2, "")
    assert "Usage: tvmgitlib coverage [OPTIONS] TASKS" in cli.err
