"""Against the TVM that is really installed, whichever it is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection, log_to_library
from tvmgitlib.live.at_hand import require_tvm
from tvmgitlib.model import TvmError

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


@pytest.mark.tvm("0.25", "0.27")
def test_what_a_tvm_lacks_is_said_wherever_it_is_asked_for(library: ConfigLibrary) -> None:
    """AutoTVM and auto_scheduler left TVM after 0.19."""
    library.start_job("llvm -mtriple=x86_64-linux-gnu", platform="pc")
    job = library.live_job()
    asked: list[tuple[str, Callable[[], object]]] = [
        ("AutoTVM", library.records),
        ("AutoTVM", lambda: list(library)),
        ("auto_scheduler", lambda: library.records(Selection(family="ansor"))),
        ("AutoTVM", lambda: log_to_library(library)),
        ("AutoTVM", library.get_job_records),
        ("AutoTVM", lambda: library.measure_option({})),
        ("AutoTVM", job.callback),
        ("auto_scheduler", lambda: job.callback("ansor")),
        ("AutoTVM", lambda: job.database("autotvm")),
        ("AutoTVM", lambda: job.tune(None, 1, {})),
        ("auto_scheduler", lambda: job.tune_ansor(None, 1)),
    ]
    for what, ask in asked:
        with pytest.raises(TvmError, match=f"has no {what}, which left TVM after 0.19"):
            ask()
