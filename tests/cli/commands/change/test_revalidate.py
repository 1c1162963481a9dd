"""`tvmgitlib revalidate` where there is no TVM; with one, see tests/live/test_revalidate_*.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("given", [False, True])
def test_without_tvm_that_is_said_and_nothing_is_begun(cli: Any, tmp_path: Path, given: bool) -> None:
    model = tmp_path / "model.py"
    model.write_text("import tvm\n\ntasks = []\n")
    cli("revalidate", *(["--tasks", f"{model}:tasks"] if given else []))
    assert (cli.code, cli.out) == (4, "")
    assert cli.err.startswith("error: no TVM is installed in this Python\n")
    assert cli.lines("job", "list") == []


@pytest.mark.parametrize("arguments", [["model.py:tasks"], ["--runner", "rpc"], ["--family", "tvm"]], ids=" ".join)
def test_what_it_does_not_take_is_usage(cli: Any, arguments: list[str]) -> None:
    cli("revalidate", *arguments)
    assert (cli.code, cli.out) == (2, "")
    assert "Usage: tvmgitlib revalidate [OPTIONS]" in cli.err
