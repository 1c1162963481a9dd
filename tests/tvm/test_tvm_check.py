"""Against the TVM that is really installed, whichever it is."""

from __future__ import annotations

import importlib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.errors import TvmError
from tvmgitlib.live.at_hand import require_tvm

pytest.importorskip("tvm.target", reason="needs a TVM", exc_type=ImportError)


def test_the_check_says_what_the_installed_tvm_says() -> None:
    info = require_tvm()
    assert info.distribution in {"apache-tvm", "hhb-tvm"}
    assert metadata.version(info.distribution)
    assert info.version == importlib.import_module("tvm").__version__


def test_the_one_installed_is_the_one_needed() -> None:
    installed = require_tvm()
    assert require_tvm(installed.distribution) == installed


def test_the_one_not_installed_is_refused() -> None:
    (absent,) = {"apache-tvm", "hhb-tvm"} - {require_tvm().distribution}
    with pytest.raises(TvmError, match=f"this needs {absent}"):
        require_tvm(absent)


def test_best_grades_for_it(cli: Any, logs: Path) -> None:
    installed = require_tvm()
    cli("import", logs / "autotvm" / "t0_tvmgitlib_matmul_random.log", "--platform", "xeon")
    (best,) = cli.lines("best")
    assert best["graded_for"] == {
        "distribution": installed.distribution,
        "version": installed.version,
        "source": "runtime",
    }
    assert best["grade"] == ("exact" if installed.version == "0.16.dev0" else "incompatible")
    cli("best")
    assert f"{installed.distribution} {installed.version}, which is installed here" in cli.err
    assert [best["grade"] for best in cli.lines("best", "--tvm", "none")] == [None]
