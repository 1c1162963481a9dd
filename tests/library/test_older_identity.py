"""Libraries from before one spelling stood for all: tests/data/version-0.1/spellings.bundle, imported by version 0.1.

It has `core-avx2` and `x86_64-unknown-linux-gnu` in its folders, and took every `sm_50` for one that TVM filled in.
spellings.log is another log of the same targets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary, Selection

VERSION = Path(__file__).parents[1] / "data" / "version-0.1"
TVM = "hhb-tvm==0.16.dev0"
WHOLE = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"


@pytest.fixture
def before(tmp_path: Path) -> ConfigLibrary:
    """A clone of the library."""
    return ConfigLibrary.clone(str(VERSION / "spellings.bundle"), tmp_path / "before")


def test_it_is_sound_and_stays_so_when_it_is_written_on(before: ConfigLibrary) -> None:
    assert before.check() == []
    folders = {folder.name.rpartition("-")[0] for folder in (before.path / "configs").iterdir() if folder.is_dir()}
    assert "llvm-core-avx2-x86_64-unknown-linux-gnu" in folders
    before.import_logs(VERSION / "spellings.log")
    assert before.check() == []
    before.rebuild()  # brings .gitattributes up to date, and nothing else
    before.revert(*(entry.job for entry in before.log()))  # both spellings of a place, in one change
    assert before.check() == []
    before.revert(before.log()[0].job)
    assert before.check() == []
    before.configure("keep", 2)  # a fold of everything
    assert before.check() == []


def test_it_answers_for_every_spelling(before: ConfigLibrary) -> None:
    for target in (WHOLE, "llvm -mcpu=core-avx2 -mtriple=x86_64-pc-linux-gnu -opt-level=3"):
        (found,) = before.best(Selection(target=target, platform="pc"), tvm=TVM, accept="exact")
        assert (found.cost, found.grade) == (1e-3, "exact")
        assert sum(each.trials for each in before.trials(Selection(target=target, platform="pc"), tvm=TVM)) == 1
    before.import_logs(VERSION / "spellings.log")
    (found,) = before.best(Selection(target=WHOLE, platform="pc"), tvm=TVM)
    assert found.cost == 0.5e-3
    assert sum(each.trials for each in before.trials(Selection(target=WHOLE, platform="pc"))) == 2


def test_its_sm_50_answers_for_sm_50(before: ConfigLibrary) -> None:
    (found,) = before.best(Selection(target="cuda -arch=sm_50", platform="750ti"), tvm=TVM)
    assert (f"{found.cost:.1e}", found.target_label) == ("1.2e-03", "cuda -arch=sm_50")
