"""Ranking by a model: it needs XGBoost, which the environments with a TVM have."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tvmgitlib.rules.suggesting import ranking

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "rules" / "test_suggesting.py")))


def test_a_model_ranks_the_whole_space() -> None:
    known = work.suggester(32, [work.past(length) for length in work.LENGTHS])
    assert known.ranks and known.others == len(work.LENGTHS)
    found = known.suggest(6)
    assert work.config(8) in work.configs(found[:2])
    assert found[0].how == "ranked" and found[0].share > 0.8


def test_the_same_history_and_seed_give_the_same_suggestions() -> None:
    tasks = [work.past(length) for length in work.LENGTHS]
    assert work.suggester(32, tasks, seed=7).suggest(8) == work.suggester(32, tasks, seed=7).suggest(8)


def test_a_models_rows_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "MAX_ROWS", 4)
    model = ranking.Model([[float(row)] for row in range(9)], [0.0] * 4 + [1.0] * 5, [1.0] * 9, 0)
    assert all(share < 0.5 for share in model.shares([[0.0], [8.0]]))
