"""`best` where a TVM is installed: graded for that one, which is not imported. The installation is faked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

EXACT, OTHER = "hhb-tvm==0.16.dev0", "hhb-tvm==0.17.0"


def log(path: Path, cost: float, version: str) -> Path:
    document = {
        "input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", "dense", [1], {}],
        "config": {"index": 1, "code_hash": None, "entity": [["tile", "ot", cost]]},
        "result": [[cost], 0, 1, 1.7e9],
        "version": 0.2,
        "tvm_version": version,
    }
    path.write_text(json.dumps(document) + "\n")
    return path


@pytest.fixture
def tuned(library: ConfigLibrary, tmp_path: Path) -> ConfigLibrary:
    """One workload, tuned with two TVMs, the faster record by the other one."""
    library.import_logs(log(tmp_path / "a.log", 2e-3, "0.16.dev0"), platform="board")
    library.import_logs(log(tmp_path / "b.log", 1e-3, "0.17.0"), platform="board")
    return library


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TVM 0.16 that must not be imported, built from source: no distribution belongs to it."""
    package = tmp_path / "site" / "tvm"
    (package / "target").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package / "_version.py").write_text('__version__ = "0.16.dev0"\n')
    monkeypatch.syspath_prepend(str(package.parent))


def shown(cli: Any, *arguments: str) -> list[tuple[float, str | None]]:
    return [(best["cost"], best["grade"]) for best in cli.lines("best", *arguments)]


def test_without_a_tvm_nothing_is_graded(tuned: ConfigLibrary, cli: Any) -> None:
    assert shown(cli) == [(2e-3, None), (1e-3, None)]
    assert {best["graded_for"] for best in cli.lines("best")} == {None}
    assert [best.grade for best in tuned.best(tvm="installed")] == [None, None]
    assert "which is installed here" not in cli.err


@pytest.mark.usefixtures("tuned", "installed")
def test_the_one_at_hand_grades_and_is_named(cli: Any) -> None:
    (best,) = cli.lines("best")
    assert (best["cost"], best["grade"], cli.code) == (2e-3, "exact", 0)
    assert best["graded_for"] == {"distribution": "tvm", "version": "0.16.dev0", "source": "runtime"}
    cli("best")
    assert "Graded for tvm 0.16.dev0, which is installed here; --tvm none" in cli.err
    assert "exact" in cli.out


@pytest.mark.usefixtures("tuned", "installed")
@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--tvm", "none"], [(2e-3, None), (1e-3, None)]),
        (["--tvm", EXACT], [(2e-3, "exact")]),
        (["--tvm", OTHER], [(1e-3, "exact")]),
        (["--workload", "nothing"], []),
        (["--accept", "stale"], [(2e-3, "exact")]),
    ],
)
def test_what_the_user_says_goes_first(cli: Any, arguments: list[str], wanted: list[tuple[float, str | None]]) -> None:
    assert shown(cli, *arguments) == wanted
    assert cli.code == (0 if wanted else 1)
    cli("best", *arguments)
    assert ("which is installed here" in cli.err) == ("--tvm" not in arguments)


@pytest.mark.usefixtures("installed")
def test_what_does_not_hold_is_shown_as_that_unless_the_user_says_otherwise(
    library: ConfigLibrary, cli: Any, tmp_path: Path
) -> None:
    library.import_logs(log(tmp_path / "b.log", 1e-3, "0.17.0"), platform="board")
    assert (shown(cli), cli.code) == ([(1e-3, "stale")], 0)
    assert (shown(cli, "--accept", "exact"), cli.code) == ([], 1)
    assert "1 stale. --accept stale shows more" in cli.err


@pytest.mark.usefixtures("installed")
def test_what_was_invalidated_stays_out(tuned: ConfigLibrary, cli: Any) -> None:
    cli("invalidate", "--workload", "dense", "--reason", "the fan was off")
    assert shown(cli) == []
    assert cli.code == 1
    assert "1 invalidated" in cli.err
    assert {grade for _, grade in shown(cli, "--accept", "any")} == {"invalidated"}


@pytest.mark.usefixtures("installed")
def test_in_python_one_asks_for_it(tuned: ConfigLibrary) -> None:
    assert [best.graded_for for best in tuned.best()] == [None, None]
    (best,) = tuned.best(tvm="installed", accept="any")
    assert (best.cost, best.grade, str(best.graded_for)) == (2e-3, "exact", "tvm 0.16.dev0")


def test_a_broken_installation_grades_nothing(
    tuned: ConfigLibrary, cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other" / "tvm").mkdir(parents=True)  # the package of that name on the registry
    (tmp_path / "other" / "tvm" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    assert len(tuned.best()) == 2
    assert shown(cli) == [(2e-3, None), (1e-3, None)]


@pytest.mark.usefixtures("installed")
def test_where_there_is_no_library_nothing_is_graded(cli: Any, tmp_path: Path) -> None:
    cli.library = tmp_path / "nowhere"
    assert cli("best").code == 4
    assert cli.err.startswith("error: ")
