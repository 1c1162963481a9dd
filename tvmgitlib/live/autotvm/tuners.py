"""AutoTVM's tuners by the names that people have for them."""

from __future__ import annotations

from typing import Any, Final

#: The first is taken where the user names none.
TUNERS: Final = ("xgb", "ga", "random", "gridsearch")


def tuner_of(name: str, task: Any) -> Any:
    """A tuner for a task, as `tvmc tune` makes it."""
    from tvm.autotvm import tuner

    match name:
        case "ga":
            return tuner.GATuner(task, pop_size=50)
        case "random":
            return tuner.RandomTuner(task)
        case "gridsearch":
            return tuner.GridSearchTuner(task)
        case _:
            return tuner.XGBTuner(task, loss_type="rank")
