"""AutoTVM's own transfer learning, replayed: `load_history` of an `XGBTuner`, on the configs of a recorded run.

TVM's code decides, plans and learns; only its pool of processes is not used, and features are kept from run to run.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from random import Random
from typing import Any

from tvmgitlib.model import TuningRecord

_log = logging.getLogger(__name__)

PLAN = 64
#: What TVM asks for by default. Below it nothing at all would be learned, so fewer are said to be enough.
ENOUGH = 500


def is_at_hand() -> bool:
    """Whether the TVM of this Python has AutoTVM."""
    return find_spec("tvm") is not None and find_spec("tvm.autotvm") is not None


class _Recorded:
    """Stands for a task's space: configs of a recorded run, by their places in it."""

    def __init__(self, configs: Sequence[Any], random: Random) -> None:
        self._configs = configs
        self._random = random
        self.range_length = len(configs)

    def __len__(self) -> int:
        return len(self._configs)

    def get(self, index: int) -> Any:
        return self._configs[index]

    def is_index_valid(self, index: int) -> bool:
        return 0 <= index < len(self._configs)

    def get_rand_index(self, to_exclude: Iterable[int] = ()) -> int:
        return self._random.choice(sorted(set(range(len(self))).difference(to_exclude)))


@cache
def _classes() -> tuple[Any, Any]:
    """The cost model without its processes, and an optimizer that looks at all configs there are."""
    import numpy as np
    from tvm.autotvm.tuner.model_based_tuner import ModelOptimizer
    from tvm.autotvm.tuner.xgboost_cost_model import XGBoostCostModel, _extract_popen_initializer
    from tvm.contrib.popen_pool import MapResult, StatusKind

    known: dict[int, Any] = {}

    class Here:
        def map_with_error_catching(self, extract: Callable[[Any], Any], what: Iterable[Any]) -> Iterable[Any]:
            for each in what:
                recorded = isinstance(each, tuple)  # with its result: of another run, whose inputs `_inputs` keeps
                if recorded and id(each[0]) in known:
                    yield known[id(each[0])]
                    continue
                try:
                    found = MapResult(StatusKind.COMPLETE, extract(each))
                except Exception as error:  # of many kinds, by TVM
                    found = MapResult(StatusKind.EXCEPTION, error)
                if recorded:
                    known[id(each[0])] = found
                yield found

    class CostModel(XGBoostCostModel):  # type: ignore[misc]  # TVM is not typed
        def _reset_pool(self, space: Any, target: Any, task: Any) -> None:
            _extract_popen_initializer(space, target, task)

        def _get_pool(self) -> Here:
            return Here()

        def spawn_base_model(self) -> Any:
            return CostModel(self.task, self.fea_type, self.loss_type, self.num_threads, self.log_interval, self)

    class Everywhere(ModelOptimizer):  # type: ignore[misc]  # TVM is not typed
        def __init__(self, count: int) -> None:
            super().__init__()
            self._count = count

        def find_maximums(self, model: Any, num: int, exclusive: Any) -> list[int]:
            left = [index for index in range(self._count) if index not in exclusive]
            order = np.argsort(-model.predict(left), kind="stable") if left else []
            return [left[place] for place in order[:num]]

    return CostModel, Everywhere


_pairs: dict[int, list[tuple[Any, Any]]] = {}


def _inputs(records: Sequence[TuningRecord]) -> list[tuple[Any, Any]]:
    """A run as AutoTVM's pairs, the same ones whenever it is asked for."""
    import tvm.topi  # registers the templates  # noqa: F401

    from tvmgitlib.live.autotvm.records import pairs

    if id(records) not in _pairs:
        _pairs[id(records)] = pairs(records)
    return _pairs[id(records)]


def trials(
    records: Sequence[TuningRecord],
    places: Sequence[int],
    costs: Sequence[float],
    others: Sequence[Sequence[TuningRecord]],
    enough: float,
    seed: int,
) -> int | None:
    """How many trials it takes to come close to a run's best; None where this TVM's templates take no such configs.

    Args:
        records: the run.
        places: where in it each config is first.
        costs: what each config takes, in seconds; infinite for a failure.
        others: runs of other workloads, to begin with.
        enough: the cost that is close.
        seed: of what is drawn.
    """
    import numpy as np
    from tvm.autotvm.env import GLOBAL_SCOPE
    from tvm.autotvm.task import create
    from tvm.autotvm.tuner.model_based_tuner import ModelBasedTuner

    model, everywhere = _classes()
    known = _inputs(records)
    logged = known[0][0]
    configs = [copy.copy(known[place][0].config) for place in places]
    for index, config in enumerate(configs):
        config.index = index
    np.random.seed(seed)
    GLOBAL_SCOPE.in_tuning = True
    try:
        task = create(logged.task.name, logged.task.args, logged.target)
        task.config_space = _Recorded(configs, Random(seed))
        tuner = ModelBasedTuner(task, model(task, "itervar", num_threads=1), everywhere(len(configs)), PLAN)
        tuner.cost_model._get_feature(range(len(configs)))
        history = [pair for other in others for pair in _inputs(other)]
        tuner.load_history(history, min_seed_records=min(len(history), ENOUGH))
        GLOBAL_SCOPE.in_tuning = True
        return _trials(tuner, costs, enough)
    except Exception as error:  # whatever the template raises: it has changed since
        _log.debug("%s of this TVM takes no such configs: %s", logged.task.name, error)
        return None
    finally:
        GLOBAL_SCOPE.in_tuning = False


def _trials(tuner: Any, costs: Sequence[float], enough: float) -> int:
    from tvm.autotvm.measure import MeasureInput, MeasureResult

    task = tuner.task
    for made in range(1, len(costs)):
        (config,) = tuner.next_batch(1)
        cost = costs[config.index]
        if cost <= enough:
            return made
        failed = cost == math.inf
        result = MeasureResult(("", "failed") if failed else (cost,), 4 if failed else 0, 0.0, 0.0)
        tuner.update([MeasureInput(task.target, task, config)], [result])
    return len(costs)
