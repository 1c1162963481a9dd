"""Records as AutoTVM's own objects, and back."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from tvmgitlib.families.autotvm import FAILED
from tvmgitlib.families.values import config_digest, unusable_times
from tvmgitlib.live.common import Native, readable
from tvmgitlib.model import DETERMINISTIC, ERROR_KINDS

_log = logging.getLogger("tvmgitlib")


def pairs(records: Iterable[Native]) -> list[tuple[Any, Any]]:
    """Records as AutoTVM's pairs of `MeasureInput` and `MeasureResult`; what counts as failed has failed in them."""
    from tvm.autotvm.record import decode

    found = []
    for record in records:
        measure_input, result = decode(readable("autotvm", record.native).decode())
        if getattr(record, "error", None) is not None and result.error_no == 0:  # a tuner would learn from its time
            result = result._replace(costs=(FAILED,), error_no=ERROR_KINDS.index("unknown") + 1)
        found.append((measure_input, result))
    return found


#: Below so many records TVM's `load_history` does nothing.
_ENOUGH: Final = 500


def load_history(tuner: Any, known: Sequence[tuple[Any, Any]]) -> int:
    """See `Job.load_history`; `known` is what is on record."""
    if type(tuner).load_history.__qualname__.partition(".")[0] != "ModelBasedTuner":
        _log.warning("%s learns nothing from a history: TVM's XGBTuner does", type(tuner).__name__)
    elif not known:
        _log.warning("there is no history to learn from: the tuner begins cold")
    elif len(known) < _ENOUGH:
        _log.warning(
            "%d records are few to learn from: TVM asks for %d; job.tune(..., warm_start=True) makes more of them",
            len(known),
            _ENOUGH,
        )
    if known:
        tuner.load_history(known, min_seed_records=min(len(known), _ENOUGH))
    return len(known)


def line_of(measure_input: Any, result: Any) -> str:
    """A trial as AutoTVM logs it. What AutoTVM cannot write, numpy's numbers, is written as Python's."""
    from tvm import __version__
    from tvm.autotvm.record import AUTOTVM_LOG_VERSION, encode

    result = _whole(result)
    try:
        return str(encode(measure_input, result))
    except TypeError:
        task = measure_input.task
        document = {
            "input": (str(measure_input.target), task.name, task.args, task.kwargs),
            "config": measure_input.config.to_json_dict(),
            "result": (result.costs if result.error_no == 0 else (FAILED,), *result[1:]),
            "version": AUTOTVM_LOG_VERSION,
            "tvm_version": __version__,
        }
        return json.dumps(document, default=_plain)


def _whole(result: Any) -> Any:
    """A result with all of its parts: a runner of one's own may leave out when it was, or give a run time alone."""
    if result.error_no == 0 and not hasattr(result.costs, "__len__"):
        result = result._replace(costs=(result.costs,))
    if result.all_cost is None:
        result = result._replace(all_cost=0.0)
    if result.timestamp is None:
        result = result._replace(timestamp=time.time())
    return result


def _plain(value: Any) -> Any:
    """A number or array of numpy, or a number or list of TVM, as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "value"):
        return value.value
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__qualname__} cannot be logged")


def config_of(config: Any) -> bytes:
    """What names a config: two that generate the same code have one name, as `TuningRecord.config`."""
    entity = config.to_json_dict()["entity"]
    try:
        return config_digest(entity)
    except TypeError:
        return config_digest(json.loads(json.dumps(entity, default=_plain)))


#: Successes and the failures of `tvmgitlib.model.DETERMINISTIC`, as AutoTVM numbers them.
_LASTING: Final = frozenset((0, *(ERROR_KINDS.index(kind) + 1 for kind in DETERMINISTIC)))


def is_lasting(result: Any) -> bool:
    """Whether measuring a config again would say nothing new; see `TuningRecord.is_lasting`."""
    if result.error_no != 0:
        return result.error_no in _LASTING
    return unusable_times([float(cost) for cost in _whole(result).costs]) is None


@cache
def answer_type() -> Any:
    """The class of results that are on record already: they are neither logged nor counted."""
    from tvm.autotvm.measure import MeasureResult

    class Answer(MeasureResult):  # type: ignore[misc]  # TVM is not typed
        """A result that was not measured now."""

    return Answer


@cache
def logged_type() -> Any:
    """The class of results that were measured now, and logged when they came: they count, and are not logged again."""
    from tvm.autotvm.measure import MeasureResult

    class Logged(MeasureResult):  # type: ignore[misc]  # TVM is not typed
        """A result that is on the disk."""

    return Logged
