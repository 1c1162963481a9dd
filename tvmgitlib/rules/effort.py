"""Effort: how many trials were spent, each measurement counted once however often it is on record.

A task keeps the names of its measurements (`TuningRecord.measurement`), at most the `SAMPLE` smallest: up to that many,
unions are exact; beyond, the smallest names of both sides are a fair sample of the union (a bottom-k sketch: Cohen and
Kaplan, "Summarizing data using bottom-k sketches", PODC 2007), and the overlap is estimated from it. A name begins with
its config, so the same sample tells which configs two jobs have both measured, each in trials of its own.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, compress, islice
from operator import ne
from typing import Final, TypeAlias

from msgspec.structs import replace

from tvmgitlib.model import DETERMINISTIC, ERROR_KINDS, Effort, TuningRecord, outcome_code

#: How many measurement names a task keeps. The trials of logs that overlap in part are right to 4 % of them all then
#: (one standard deviation). Jobs of versions before keep 512.
SAMPLE = 64

#: How many marks of a task are in memory while its log is read, and how many of them while they are counted.
AT_ONCE = 1 << 15
_BLOCK = 1 << 12

_CONFIG_SHIFT = 24
_CONFIG_BYTES: Final = (64 - _CONFIG_SHIFT) // 8
_LARGEST_CONFIG: Final = b"\xff" * 32
_ABOVE_ALL: Final = 1 << (64 - _CONFIG_SHIFT)
_OUTCOME_BITS = 4
_OUTCOME_MASK = (1 << _OUTCOME_BITS) - 1
_LASTING: Final = frozenset(map(outcome_code, (None, *DETERMINISTIC)))

#: Takes marks, and gives the same ones again later, one after the other.
PutAway: TypeAlias = "Callable[[array[int]], Iterable[int]]"


class EffortCounter:
    """Counts the trials of one task as its log goes by.

    What is counted are marks, which are made faster than names; names are made of the trials that the sample may need.

    Args:
        put_away: keeps marks elsewhere than in memory, `AT_ONCE` of them or more at a time; without it they take 8
            bytes a line.
    """

    def __init__(self, put_away: PutAway = lambda marks: marks) -> None:
        self._put_away = put_away
        self._marks = array("Q")
        self._away: list[Iterable[int]] = []
        self._lines = 0
        self._least: set[int] = set()
        self._limit = _LARGEST_CONFIG

    def extend(self, records: Sequence[TuningRecord]) -> None:
        self._marks.extend([record.mark for record in records])
        limit = self._limit
        self._least.update([record.measurement for record in records if record.config <= limit])
        if len(self._least) >= 4 * SAMPLE:
            self._least = set(self._sample())
            largest = max(self._least) >> _CONFIG_SHIFT
            self._limit = largest.to_bytes(_CONFIG_BYTES, "big") + _LARGEST_CONFIG
        if len(self._marks) >= AT_ONCE:
            self._away.append(self._put_away(array("Q", sorted(self._marks))))
            self._lines += len(self._marks)
            self._marks = array("Q")

    def finish(self, exhausted: bool | None = None) -> tuple[Effort, int]:
        """The effort, and how many of the lines added were duplicates of another."""
        here = sorted(self._marks)
        effort = _count(merge(*self._away, here) if self._away else here, self._sample(), exhausted)
        return effort, self._lines + len(here) - effort.trials

    def _sample(self) -> list[int]:
        return _each_once(sorted(self._least))[:SAMPLE]


def _each_once(names: Sequence[int], before: int = -1) -> list[int]:
    """Names or marks in ascending order, one a measurement.

    Two logs may name one failure differently, where one of them does not know its kind: `unknown` is the largest code,
    so the kind that is known stays.

    Args:
        names: in ascending order.
        before: the last one of those that came before them.
    """
    measurements = [name >> _OUTCOME_BITS for name in names]
    previous = chain((before >> _OUTCOME_BITS,), measurements)
    return list(compress(names, map(ne, measurements, previous)))


def _count(names: Iterable[int], sample: Iterable[int], exhausted: bool | None) -> Effort:
    """Effort of all these measurements.

    Args:
        names: names or marks: ascending.
        sample: the smallest names, each measurement once.
        exhausted: whether the tuner ran to the end of the space.
    """
    names = iter(names)
    outcomes: Counter[int] = Counter()
    configs, last = 0, -1
    while some := list(islice(names, _BLOCK)):
        once = _each_once(some, last)
        outcomes.update(map(_OUTCOME_MASK.__and__, once))
        of_configs = [name >> _CONFIG_SHIFT for name in once]
        configs += sum(map(ne, of_configs, chain((last >> _CONFIG_SHIFT,), of_configs)))
        last = some[-1]
    return Effort(
        trials=outcomes.total(),
        configs=configs,
        errors={kind: outcomes[code] for code, kind in enumerate(ERROR_KINDS, start=1) if outcomes[code]},
        exhausted=exhausted,
        sample=tuple(sample),
    )


def is_whole(effort: Effort) -> bool:
    """Whether the sample holds every measurement."""
    return len(effort.sample) == effort.trials


def union(efforts: Iterable[Effort]) -> Effort:
    """The effort of several tasks of one workload together, no measurement counted twice.

    Exact when every sample is whole, when the samples do not overlap, or when they are equal; else the overlap is an
    estimate from the configs that every sample covers, never below the largest part nor above the sum of the parts.
    """
    efforts = list(efforts)
    exhausted = _any_exhausted(efforts)
    largest_last = sorted(efforts, key=lambda effort: len(effort.sample))
    different = list({_counts(effort): effort for effort in largest_last}.values())
    if len(different) == 1:
        return replace(different[0], exhausted=exhausted)
    names = _each_once(sorted(name for effort in different for name in effort.sample))
    if all(is_whole(effort) for effort in different):
        return _count(names, names[:SAMPLE], exhausted)
    once = _share_once(different)
    errors = {kind: _part(once, [effort.errors.get(kind, 0) for effort in different]) for kind in ERROR_KINDS}
    return Effort(
        trials=max(_part(once, [effort.trials for effort in different]), sum(errors.values()), len(names)),
        configs=_part(_share_once(different, _CONFIG_SHIFT), [effort.configs for effort in different]),
        errors={kind: count for kind, count in errors.items() if count},
        exhausted=exhausted,
        sample=tuple(names[:SAMPLE]),
    )


def of_jobs(efforts: Iterable[Effort]) -> Effort:
    """The effort of several jobs together: the `union` of their measurements, with how many of these are `repeated`.

    What one job measures of a config counts as it is, since some tuners measure again on purpose. What several jobs
    measure of a config, none knowing of the other, counts as often as the one that has measured it most.

    Exact when every sample is whole, when no config is of two jobs, or when all are; else an estimate from the configs
    that every sample covers. Never below what the largest job counts alone. Where samples say nothing, nothing is
    repeated.

    Args:
        efforts: one a job.
    """
    efforts = [replace(effort, repeated=0) for effort in efforts]
    together = union(efforts)
    limit = _covered_below(efforts)
    total, most = 0, dict[int, int]()
    for effort in efforts:
        names = (name for name in _below(limit, effort.sample) if name & _OUTCOME_MASK in _LASTING)
        for config, count in Counter(name >> _CONFIG_SHIFT for name in names).items():
            total += count
            most[config] = max(count, most.get(config, 0))
    share = sum(most.values()) / total if total else 1.0
    once = _part(share, [effort.lasting for effort in efforts]) if efforts else 0
    return replace(together, repeated=max(together.lasting - once, 0))


def _counts(effort: Effort) -> tuple[object, ...]:
    """What two efforts have in common when they are the same measurements."""
    return (effort.trials, effort.configs, tuple(sorted(effort.errors.items())), effort.sample[:SAMPLE])


def _any_exhausted(efforts: Sequence[Effort]) -> bool | None:
    """Whether some tuner ran to the end of the space: True if one did, None if of one it is not known."""
    answers = {effort.exhausted for effort in efforts}
    return True if True in answers else False if answers == {False} else None


def _part(share: float, counts: Sequence[int]) -> int:
    """That share of all these counts, within what is possible."""
    return max(round(share * sum(counts)), *counts)


def _share_once(efforts: Sequence[Effort], shift: int = _OUTCOME_BITS) -> float:
    """Of what the efforts count together, the share that is left when each is counted once."""
    limit = _covered_below(efforts)
    covered = [{name >> shift for name in _below(limit, effort.sample)} for effort in efforts]
    total = sum(map(len, covered))
    return len(set().union(*covered)) / total if total else 1.0


def _covered_below(efforts: Iterable[Effort]) -> int:
    """Every sample holds all measurements of the configs below this one."""
    partial = (effort.sample for effort in efforts if not is_whole(effort))
    return min((sample[-1] >> _CONFIG_SHIFT if sample else 0 for sample in partial), default=_ABOVE_ALL)


def _below(config: int, sample: Iterable[int]) -> Iterator[int]:
    return (name for name in sample if name >> _CONFIG_SHIFT < config)


def is_known(effort: Effort, known: Effort) -> bool:
    """Whether every measurement of `effort` is surely among those of `known`."""
    if (effort.trials, effort.sample[:SAMPLE]) == (known.trials, known.sample[:SAMPLE]):
        return True
    return is_whole(effort) and is_whole(known) and shared(effort, known) == effort.trials


def shared(one: Effort, other: Effort) -> int:
    """How many measurements two efforts have in common, as far as `union` can tell."""
    return one.trials + other.trials - union((one, other)).trials
