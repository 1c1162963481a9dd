"""The states of an Ansor task that steps of other workloads make."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, Final

from tvmgitlib.families import family
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.ansor.recording import failed
from tvmgitlib.live.common import SnappedSpace
from tvmgitlib.model import Config, Decisions, Json
from tvmgitlib.rules.suggesting import key_of, snapped_factors, with_form, without_form

_log = logging.getLogger("tvmgitlib")

#: How many states of other workloads are tried on a task, to be ranked, and of each workload how many.
_DRAWN: Final = 64
_OF_EACH: Final = 8


class TaskSpace(SnappedSpace):
    """See `LiveSpace`. Steps are what make a config: there is none here that no other workload has.

    Args:
        task: a `SearchTask`.
        known: what is on record of other workloads.
    """

    def __init__(self, task: Any, known: Evidence) -> None:
        super().__init__(known, _DRAWN, _OF_EACH)
        self._task = task
        self._family = family("ansor")
        self._states: dict[object, Any] = {}

    def native(self, config: Config) -> Any:
        """A `MeasureInput`, with the state."""
        return self._states[key_of(config)]

    def written(self, native: Any) -> Json:
        steps: Json = _record(native)["i"][1][1]
        return steps

    def build(self, native: Any) -> None:
        import tvm

        schedule, tensors = self._task.compute_dag.apply_steps_from_state(native.state)
        tvm.build(schedule, tensors, target=self._task.target)

    def _snap(self, wanted: Config) -> Config | None:
        name, knobs = without_form(wanted)
        form = self._known.forms.get(name or "")
        if form is None:
            return None
        unknown = {each: 1 for each, knob in knobs.items() if knob.kind == "split"}
        steps = self._family.schedule(Decisions(knobs, form, unknown))
        try:
            made = self._apply(steps)
            decided = self._family.decisions(_record(made))
        except Exception as error:  # whatever TVM raises: the steps make nothing of this task
            _log.debug("steps of another workload do not apply: %s", error)
            return None
        if decided is None:
            return None
        config, axes = with_form(decided)
        self.axes.update(axes)
        self._states.setdefault(key_of(config), made)
        return config

    def _apply(self, steps: Any) -> Any:
        """Steps of another workload on this task, each split snapped to the axis that is there by then."""
        fitting: list[Any] = []
        for step in steps:
            if step[0] == "SP":
                _, stage, axis, _, lengths, inner_to_outer = step
                extent = int(self._state(fitting).state.stages[stage].iters[axis].range.extent)
                step = ["SP", stage, axis, extent, list(snapped_factors((0, *lengths), extent)[1:]), inner_to_outer]
            fitting.append(step)
        return self._state(fitting)

    def _state(self, steps: Sequence[Any]) -> Any:
        """The state that steps make, with the bounds of its loops."""
        from tvm.auto_scheduler.measure import MeasureInput
        from tvm.auto_scheduler.measure_record import load_record_from_string

        document = _record(MeasureInput(self._task, self._task.compute_dag.get_init_state()))
        document["i"][1][1] = list(steps)
        loaded, _ = load_record_from_string(json.dumps(document))
        state = self._task.compute_dag.infer_bound_from_state(loaded.state)
        return MeasureInput(self._task, state)


def _record(measured: Any) -> Any:
    """A state as a record, parsed."""
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    return json.loads(dump_record_to_string(measured, failed("unknown", "")))
