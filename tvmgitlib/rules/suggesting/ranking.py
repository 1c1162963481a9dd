"""A model of what makes configs fast: the one place that imports XGBoost, which the extra `warm-start` installs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

#: The most rows that a model is made from: training takes well under a second.
MAX_ROWS: Final = 4096
_ROUNDS: Final = 80
#: One thread: the sums come in one order, so that the same rows make the same model everywhere.
_PARAMETERS: Final = {
    "max_depth": 5,
    "eta": 0.15,
    "subsample": 0.9,
    "min_child_weight": 1,
    "tree_method": "hist",
    "objective": "reg:squarederror",
    "base_score": 0.5,
    "nthread": 1,
    "verbosity": 0,
}


@cache
def model_at_hand() -> bool:
    """Whether XGBoost is installed (as `xgboost` or `xgboost-cpu`: one module)."""
    return find_spec("xgboost") is not None


class Model:
    """Predicts the share that a config has of the best one's speed.

    Args:
        rows: features; the most important first, as only `MAX_ROWS` are looked at.
        shares: what each came to.
        weights: how much each counts.
        seed: of what training draws.
    """

    def __init__(
        self, rows: Sequence[Sequence[float]], shares: Sequence[float], weights: Sequence[float], seed: int
    ) -> None:
        import xgboost

        data = _matrix(rows[:MAX_ROWS], label=shares[:MAX_ROWS], weight=weights[:MAX_ROWS])
        self._booster = xgboost.train({**_PARAMETERS, "seed": seed % 2**31}, data, _ROUNDS)

    def shares(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """What is predicted for each row: from 0 to 1, as far as the model keeps to that."""
        return [float(share) for share in self._booster.predict(_matrix(rows))] if rows else []


def _matrix(rows: Sequence[Sequence[float]], **known: Any) -> Any:
    import numpy
    import xgboost

    arrays = {name: numpy.asarray(values, dtype=numpy.float32) for name, values in known.items()}
    return xgboost.DMatrix(numpy.asarray(rows, dtype=numpy.float32), nthread=1, **arrays)
