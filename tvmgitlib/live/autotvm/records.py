"""Records as AutoTVM's own objects, and back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from tvmgitlib.families.values import config_digest
from tvmgitlib.live.base import Native
from tvmgitlib.live.loading import readable


def pairs(records: Iterable[Native]) -> list[tuple[Any, Any]]:
    """Records as AutoTVM's pairs of `MeasureInput` and `MeasureResult`."""
    from tvm.autotvm.record import decode

    return [decode(readable("autotvm", record.native).decode()) for record in records]


def config_of(config: Any) -> bytes:
    """What names a config: two that generate the same code have one name, as `TuningRecord.config`."""
    return config_digest(config.to_json_dict()["entity"])


@cache
def answer_type() -> Any:
    """The class of results that are on record already: they are neither logged nor counted."""
    from tvm.autotvm.measure import MeasureResult

    class Answer(MeasureResult):  # type: ignore[misc]  # TVM is not typed
        """A result that was not measured now."""

    return Answer
