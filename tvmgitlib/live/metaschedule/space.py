"""The schedules of a MetaSchedule task that traces of other workloads make."""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from msgspec.structs import replace

from tvmgitlib.families import family
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.common import SnappedSpace
from tvmgitlib.live.metaschedule.trace import snapped
from tvmgitlib.live.metaschedule.tvm import meta_schedule
from tvmgitlib.model import Config, Decisions, Json
from tvmgitlib.rules.suggesting import key_of, with_form, without_form

_log = logging.getLogger("tvmgitlib")

#: How many traces of other workloads are tried on a task, to be ranked, and of each workload how many.
_DRAWN: Final = 48
_OF_EACH: Final = 6


class TaskSpace(SnappedSpace):
    """See `LiveSpace`. A trace is what makes a config: there is none here that no other workload has.

    Args:
        mod: the task's module.
        target: its target.
        known: what is on record of other workloads.
    """

    def __init__(self, mod: Any, target: Any, known: Evidence) -> None:
        ms = meta_schedule()
        super().__init__(known, _DRAWN, _OF_EACH)
        self._mod = mod
        self._target = target
        self._family = family("metaschedule")
        self._schedules: dict[object, Any] = {}
        self._context = ms.TuneContext(mod=mod, target=target, space_generator="post-order-apply")
        self._postprocs: list[Any] = list(self._context.space_generator.postprocs or [])

    def native(self, config: Config) -> Any:
        """A `Schedule`, post-processed."""
        return self._schedules[key_of(config)]

    def written(self, native: Any) -> Json:
        document: Json = json.loads(json.dumps(native.trace.as_json(), default=_plain))
        return document

    def build(self, native: Any) -> None:
        import tvm

        tvm.compile(native.mod, target=self._target)

    def _snap(self, wanted: Config) -> Config | None:
        name, knobs = without_form(wanted)
        form = self._known.forms.get(name or "")
        if form is None:
            return None
        try:
            schedule = snapped(self._mod, self._family.schedule(Decisions(knobs, form)))
            decided = self._family.decisions([0, [self.written(schedule)]])
            if decided is None or not all(postproc.apply(schedule) for postproc in self._postprocs):
                return None
        except Exception as error:  # whatever TVM raises: the trace makes nothing of this module
            _log.debug("a trace of another workload does not apply: %s", error)
            return None
        config, axes = with_form(replace(decided, form=form))  # as it is on record, whichever TVM wrote it
        self.axes.update(axes)
        self._schedules.setdefault(key_of(config), schedule)
        return config


def _plain(value: Any) -> Any:
    """TVM's own numbers, texts and lists as Python's."""
    if hasattr(value, "value"):
        return value.value
    if isinstance(value, str):
        return str(value)
    return list(value)
