"""Which configs to try first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from random import Random
from typing import Final, Literal

from msgspec import Struct

from tvmgitlib.model import Call, Config
from tvmgitlib.rules.suggesting.fading import library_weight
from tvmgitlib.rules.suggesting.features import Features, sizes
from tvmgitlib.rules.suggesting.past import PastTask, distance, key_of
from tvmgitlib.rules.suggesting.ranking import MAX_ROWS, Model, model_at_hand
from tvmgitlib.rules.suggesting.spaces import Space

#: With fewer other workloads than that there is nothing to generalise from: their configs are only snapped.
MIN_OTHERS: Final = 4
#: Of how many of the nearest workloads configs are snapped, and how many of each.
_NEAREST: Final = 4
_OF_EACH: Final = 4
#: Rounds of looking around what is predicted best in a large space; around how many configs, and how far.
_ROUNDS: Final = 3
_KEPT: Final = 32
_NEIGHBOURS: Final = 8


class Suggestion(Struct, frozen=True):
    """A config to try.

    Attributes:
        config: the config.
        how: `ranked` by the model, `snapped` from the nearest workload, or `repeated`: the same workload's own.
        share: the predicted share of the best config's speed, from 0 to 1.
        sources: the tasks that it comes from, nearest first.
        distance: how far the nearest of them is: the doublings between its sizes and this workload's.
    """

    config: Config
    how: Literal["ranked", "snapped", "repeated"]
    share: float
    sources: tuple[PastTask, ...]
    distance: float


class Suggester:
    """What the tasks on record suggest for one workload.

    Args:
        call: the workload.
        space: its configs.
        past: tasks of the same operator on the same target and platform, itself too.
        same_elsewhere: the same workload on the same target, on other platforms.
        seed: of what is drawn.
        ranks: whether a model may rank; without one, configs are only snapped.
    """

    def __init__(
        self,
        call: Call,
        space: Space,
        past: Sequence[PastTask],
        same_elsewhere: Sequence[PastTask] = (),
        seed: int = 0,
        *,
        ranks: bool = True,
    ) -> None:
        usable = sorted(
            ((distance(task.call, call), place, task) for place, task in enumerate(past) if task.has_success),
            key=lambda each: each[:2],
        )
        self._call = call
        self._space = space
        self._seed = seed
        self._may_rank = ranks
        self._others = [(far, task) for far, _, task in usable if task.call != call]
        own = [task for _, _, task in usable if task.call == call]
        self._same = [*own, *(task for task in same_elsewhere if task.has_success)]
        self._own_trials = [each for task in own for each in task.shares]
        self._sizes = sizes(call.arguments)
        self._snapped = list(_distinct(self._snap(), ()))
        self._drawn: list[Config] | None = None

    @property
    def others(self) -> int:
        """How many other workloads there are to learn from."""
        return len({repr(task.call.arguments) for _, task in self._others})

    @property
    def ranks(self) -> bool:
        """Whether a model ranks: XGBoost is installed, and there is enough to generalise from."""
        return self._may_rank and self.others >= MIN_OTHERS and model_at_hand()

    def suggest(self, count: int, tried: Sequence[tuple[Config, float | None]] = ()) -> list[Suggestion]:
        """The configs to try next, best first.

        Args:
            count: how many at most.
            tried: what has been tried since, with mean run times in seconds; None for a failure.
        """
        own = self._shares(tried)
        ranked = self._rank(own, count) if self.ranks else []
        by_turns = chain.from_iterable(zip_longest(ranked, self._snapped))
        found = _distinct((each for each in by_turns if each is not None), (key_of(config) for config, _ in tried))
        return [each for _, each in zip(range(count), found, strict=False)]

    def _shares(self, tried: Sequence[tuple[Config, float | None]]) -> list[tuple[Config, float]]:
        best = min((cost for _, cost in tried if cost is not None), default=None)
        return [(config, best / cost if best is not None and cost is not None else 0.0) for config, cost in tried]

    def _snap(self) -> Iterator[Suggestion]:
        """Configs of the nearest workloads as this one can have them: the nearest's best first, then in turn."""
        same: list[tuple[float, PastTask]] = [(0.0, task) for task in self._same]
        nearest = [*same, *self._others][:_NEAREST]
        offers = [
            (rank + place, place, far, task, config, share)
            for place, (far, task) in enumerate(nearest)
            for rank, (config, share) in enumerate(task.shares[:_OF_EACH])
            if share > 0
        ]
        for _, place, far, task, wanted, share in sorted(offers, key=lambda offer: offer[:2]):
            config = self._space.nearest(wanted)
            if config is not None:
                how: Literal["repeated", "snapped"] = "repeated" if place < len(same) else "snapped"
                yield Suggestion(config, how, share, (task,), far)

    def _rank(self, own: Sequence[tuple[Config, float]], count: int) -> list[Suggestion]:
        candidates = self._candidates()
        model, features = self._model(own, candidates)

        def predicted(configs: Sequence[Config]) -> list[tuple[float, Config]]:
            rows = [features.row(self._sizes, config, self._space.axes) for config in configs]
            return list(zip(model.shares(rows), configs, strict=True))

        random = Random(self._seed + 1)
        found = predicted(candidates)
        for _ in range(_ROUNDS):
            found.sort(key=lambda each: -each[0])
            near = [
                other for _, config in found[:_KEPT] for other in self._space.neighbours(config, _NEIGHBOURS, random)
            ]
            if not near:
                break
            known = {key_of(config) for _, config in found}
            found += predicted(_unknown(near, known))
        found.sort(key=lambda each: -each[0])
        sources = tuple(task for _, task in self._others)
        far = self._others[0][0]
        best = found[: count + len(own)]
        return [Suggestion(config, "ranked", min(max(share, 0.0), 1.0), sources, far) for share, config in best]

    def _candidates(self) -> list[Config]:
        if self._drawn is None:
            near = [suggestion.config for suggestion in self._snapped]
            self._drawn = _unknown([*near, *self._space.drawn(Random(self._seed))], set())
        return self._drawn

    def _model(self, own: Sequence[tuple[Config, float]], like: Sequence[Config]) -> tuple[Model, Features]:
        """A model of all trials, the task's own and the nearest workloads' first."""
        mine = [*own, *self._own_trials]
        weight = library_weight(len(mine))
        rows = [(self._sizes, self._space.axes, config, share, 1.0) for config, share in mine]
        for _, task in self._others:
            if len(rows) >= MAX_ROWS:
                break
            arguments = sizes(task.call.arguments)
            rows += [(arguments, task.axes, config, share, weight) for config, share in _spread(task.shares)]
        features = Features.of([*(config for _, _, config, _, _ in rows), *like])
        table = [features.row(arguments, config, axes) for arguments, axes, config, _, _ in rows]
        return Model(table, [row[3] for row in rows], [row[4] for row in rows], self._seed), features


#: Of a task's trials: the best, and more at even ranks; what a segment keeps of them.
_BEST: Final = 8
_MORE: Final = 56


def _spread(shares: Sequence[tuple[Config, float]]) -> list[tuple[Config, float]]:
    """At most 64 trials of a task: so no long run drowns out the others."""
    rest = shares[_BEST:]
    if len(rest) <= _MORE:
        return list(shares)
    return [*shares[:_BEST], *(rest[place * (len(rest) - 1) // (_MORE - 1)] for place in range(_MORE))]


def _unknown(configs: Iterable[Config], known: set[tuple[object, ...]]) -> list[Config]:
    """Each config once, without those known; these grow by it."""
    found = []
    for config in configs:
        name = key_of(config)
        if name not in known:
            known.add(name)
            found.append(config)
    return found


def _distinct(suggestions: Iterable[Suggestion], without: Iterable[tuple[object, ...]]) -> Iterator[Suggestion]:
    known = set(without)
    for suggestion in suggestions:
        name = key_of(suggestion.config)
        if name not in known:
            known.add(name)
            yield suggestion
