"""Recorded runs replayed, each workload held out: whole AutoTVM logs, and a simulated tuner.

Of a held-out workload only configs that its own run measured can be tried, so a suggestion stands for the nearest of
them. Everything learned comes from other workloads of the same operator, target and platform.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tvmgitlib.families import family
from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey
from tvmgitlib.model import Call, Config, KnobTrial, TuningRecord, TvmgitlibError
from tvmgitlib.rules.suggesting import Allowance, PastTask, Suggester, apart, common_axes, key_of
from tvmgitlib.rules.suggesting.features import Features, sizes
from tvmgitlib.rules.suggesting.ranking import Model
from warming import transfer

PLAN, AT_RANDOM = 64, 3
LEAST = 20
CLOSE = 0.95
GPUS = {"cuda", "rocm", "opencl", "metal", "vulkan", "webgpu"}


@dataclass
class Run:
    """What one log says of one workload."""

    platform: str
    op: str
    kind: str
    call: Call
    records: list[TuningRecord] = field(default_factory=list)
    trials: list[KnobTrial] = field(default_factory=list)

    @property
    def group(self) -> tuple[str, str]:
        return (self.platform, self.op)


class Recorded:
    """The space of the configs that a run has measured: see `tvmgitlib.rules.suggesting.Space`."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._configs = list(configs)
        self._left = list(configs)
        self.axes: Mapping[str, int] = common_axes(configs)

    def nearest(self, wanted: Config) -> Config | None:
        if not self._left:
            return None
        place = min(range(len(self._left)), key=lambda each: apart(wanted, self._left[each]))
        return self._left.pop(place)  # another config's nearest is another one

    def drawn(self, random: Random) -> list[Config]:
        return self._configs

    def neighbours(self, config: Config, count: int, random: Random) -> list[Config]:
        return []


def read(folders: Sequence[Path]) -> list[Run]:
    runs: dict[tuple[Any, ...], Run] = {}
    for file in sorted(file for folder in folders for file in folder.rglob("*") if file.is_file()):
        leniency = Leniency(drop_torn=True, skip_invalid=True)
        try:
            records = [record for _, record in read_log(survey(file, leniency), leniency, Remarks())]
        except TvmgitlibError:  # no log
            continue
        for record in records:
            call = family(record.family).call(record.workload)
            decisions = family(record.family).decisions(json.loads(record.native))
            if call is None or decisions is None:
                continue
            platform = " ".join((file.parent.name, record.target.target.label))
            name = (file, platform, record.workload.text)
            run = runs.setdefault(name, Run(platform, call.op, record.target.target.kind, call))
            run.records.append(record)
            run.trials.append(KnobTrial(decisions.config, record.cost if record.error is None else None))
    return list(runs.values())


@dataclass
class Held:
    """A held-out run.

    Attributes:
        costs: of its configs, each once, in the order in which they were first tried; infinite for a failure.
    """

    run: Run
    others: list[PastTask]
    costs: dict[tuple[object, ...], float]
    configs: list[Config]

    @property
    def enough(self) -> float:
        return min(self.costs.values()) / CLOSE

    def share(self, config: Config) -> float:
        return min(self.costs.values()) / self.costs[key_of(config)]

    def trials_of(self, order: Sequence[Config]) -> int:
        """How many trials of an order it takes to come close to the best."""
        found = (place for place, config in enumerate(order, 1) if self.costs[key_of(config)] <= self.enough)
        return next(found, len(order) + 1)

    def is_close(self, order: Sequence[Config]) -> bool:
        return self.trials_of(order) <= len(order)

    def tried(self, order: Sequence[Config]) -> list[tuple[Config, float | None]]:
        costs = [self.costs[key_of(config)] for config in order]
        return [(config, cost if cost < math.inf else None) for config, cost in zip(order, costs, strict=True)]


def held_out(runs: Sequence[Run], run: Run) -> Held:
    costs: dict[tuple[object, ...], float] = {}
    configs = []
    for trial in run.trials:
        name = key_of(trial.config)
        if name not in costs:
            configs.append(trial.config)
        costs[name] = min(costs.get(name, math.inf), math.inf if trial.cost is None else trial.cost)
    others = [PastTask(other.call, other.trials) for other in runs if other.group == run.group]
    return Held(run, [task for task in others if task.call != run.call], costs, configs)


def at_random(held: Held, seed: int) -> list[Config]:
    return Random(seed).sample(held.configs, len(held.configs))


def cold(held: Held, seed: int) -> list[Config]:
    """What a simulated XGBTuner tries until that is close; its random draws are the seed's alone."""
    draws = at_random(held, seed)
    order: list[Config] = []
    known: set[tuple[object, ...]] = set()
    random = Random(seed + 1)

    def take(configs: Sequence[Config], count: int) -> None:
        new = [config for config in configs if key_of(config) not in known][:count]
        order.extend(new)
        known.update(key_of(config) for config in new)

    take(draws, PLAN)
    arguments, axes = sizes(held.run.call.arguments), common_axes(held.configs)
    features = Features.of(held.configs)
    rows = {key_of(config): features.row(arguments, config, axes) for config in held.configs}
    while len(order) < len(held.configs) and not held.is_close(order):
        best = min(held.costs[key_of(config)] for config in order)
        shares = [best / held.costs[key_of(config)] if best < math.inf else 0.0 for config in order]
        model = Model([rows[key_of(config)] for config in order], shares, [1.0] * len(order), seed)
        left = [config for config in held.configs if key_of(config) not in known]
        predicted = model.shares([rows[key_of(config)] for config in left])
        ranked = [left[place] for place in sorted(range(len(left)), key=lambda each: -predicted[each])]
        take(ranked, PLAN - AT_RANDOM)
        take(random.sample(ranked, len(ranked)), AT_RANDOM)
    return order[: held.trials_of(order)]


def warm(held: Held, tuner: Sequence[Config], seed: int, *, ranks: bool = True) -> tuple[list[Config], Suggester]:
    """What is tried until that is close, where suggestions come before and between the choices of a tuner."""
    suggester = Suggester(held.run.call, Recorded(held.configs), held.others, seed=seed, ranks=ranks)
    allowance = Allowance()
    order: list[Config] = []
    known: set[tuple[object, ...]] = set()
    choices = iter(tuner)
    while not held.is_close(order):
        wanted = allowance.next()
        batch = [each.config for each in suggester.suggest(wanted, held.tried(order))] if wanted else []
        if batch:
            allowance.suggest(map(key_of, batch))
        else:
            batch = [next(choices)]
            allowance.choose(map(key_of, batch))
        order += [config for config in batch if key_of(config) not in known]
        known.update(map(key_of, batch))
    return order[: held.trials_of(order)], suggester


def transferred(runs: Sequence[Run], held: Held, seed: int) -> int | None:
    """Trials of a real XGBTuner that has loaded the others' history, where the TVM at hand has one."""
    run = held.run
    first: dict[tuple[object, ...], int] = {}
    for place, trial in enumerate(run.trials):
        first.setdefault(key_of(trial.config), place)
    others = [other.records for other in runs if other.group == run.group and other.call != run.call]
    costs = [held.costs[name] for name in first]
    return transfer.trials(run.records, list(first.values()), costs, others, held.enough, seed)


def _measure(runs: Sequence[Run], held: Held, seeds: int) -> dict[str, Any]:
    tuned = [cold(held, seed) for seed in range(seeds)]
    warmed = [warm(held, order, seed) for seed, order in enumerate(tuned)]
    snapped, _ = warm(held, tuned[0], 0, ranks=False)
    costs = [math.inf if trial.cost is None else trial.cost for trial in held.run.trials]
    loaded = [transferred(runs, held, seed) for seed in range(seeds)] if transfer.is_at_hand() else []
    known = [count for count in loaded if count is not None]
    return {
        "platform": held.run.platform,
        "op": held.run.op,
        "gpu": held.run.kind in GPUS,
        "workload": json.dumps(held.run.call.arguments),
        "configs": len(held.configs),
        "others": warmed[0][1].others,
        "ranked": warmed[0][1].ranks,
        "recorded": next(place for place, cost in enumerate(costs, 1) if cost <= held.enough),
        "random": statistics.median(held.trials_of(at_random(held, seed)) for seed in range(21)),
        "cold": statistics.median(len(order) for order in tuned),
        "loaded": statistics.median(known) if known else None,
        "snapped": len(snapped),
        "warm": statistics.median(len(order) for order, _ in warmed),
        "first": statistics.median(held.share(order[0]) for order, _ in warmed),
        "behind": max(len(after) - len(before) for (after, _), before in zip(warmed, tuned, strict=True)),
    }


def replay(folders: Sequence[Path], seeds: int) -> tuple[list[dict[str, Any]], int]:
    """What a warm start is worth to each run that can be held out, and how many cannot."""
    runs = read(folders)
    rows = []
    for run in runs:
        held = held_out(runs, run)
        if sum(cost < math.inf for cost in held.costs.values()) >= LEAST and any(t.has_success for t in held.others):
            rows.append(_measure(runs, held, seeds))
    return rows, len(runs) - len(rows)
