"""The configs of an AutoTVM task, as knobs and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tvmgitlib.families.autotvm.knobs import knob_of
from tvmgitlib.model import Config, Json, Knob
from tvmgitlib.rules.suggesting import ProductSpace


class TaskSpace(ProductSpace):
    """See `LiveSpace`.

    Args:
        task: an AutoTVM task.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self._space = task.config_space
        self._places: dict[str, dict[Knob, int]] = {}
        axes: dict[str, int] = {}
        for name, space in self._space.space_map.items():
            places: dict[Knob, int] = {}
            for place, entity in enumerate(space.entities):
                knob = _knob(entity)
                if knob is not None:
                    places.setdefault(knob, place)
            self._places[name] = places
            if type(space).__name__ == "SplitSpace":
                axes[name] = int(space.product)
        super().__init__({name: list(places) for name, places in self._places.items()}, axes, self._is_valid)

    def native(self, config: Config) -> Any:
        """A `ConfigEntity`."""
        return self._space.get(self._index(config))

    def written(self, native: Any) -> Json:
        document: Mapping[str, Any] = native.to_json_dict()
        return {"index": int(document["index"]), "entity": [list(each) for each in document["entity"]]}

    def build(self, native: Any) -> None:
        import tvm

        with self._task.target:
            schedule, tensors = self._task.instantiate(native)
            if not native.valid():
                raise ValueError("; ".join(map(str, native.errors)))
            tvm.build(schedule, tensors, target=self._task.target)

    def of(self, native: Any) -> Config:
        """The knobs of a `ConfigEntity`."""
        found = {name: _knob(entity) for name, entity in native._entity_map.items()}
        return {name: knob for name, knob in found.items() if knob is not None}

    def _index(self, config: Config) -> int:
        """The number of a config: its knobs are the digits, the first the lowest."""
        index, base = 0, 1
        for name, space in self._space.space_map.items():
            index += self._places[name][config[name]] * base
            base *= len(space)
        return index

    def _is_valid(self, config: Config) -> bool:
        return bool(self._space.is_index_valid(self._index(config)))


def _knob(entity: Any) -> Knob | None:
    """An entity by its class, as `ConfigEntity.to_json_dict` tells them apart."""
    match type(entity).__name__:
        case "SplitEntity":
            return knob_of("sp", [int(size) for size in entity.size])
        case "ReorderEntity":
            return knob_of("re", [int(place) for place in entity.perm])
        case "AnnotateEntity":
            return knob_of("an", list(entity.anns))
        case "OtherOptionEntity":
            return knob_of("ot", entity.val)
    return None
