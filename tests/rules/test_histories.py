"""Random histories over several clones: whatever is merged in whatever order, the same jobs count and give one fold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvmgitlib import families
from tvmgitlib.format import store
from tvmgitlib.model import (
    Effort,
    Header,
    Invalidation,
    JobKind,
    Platform,
    Section,
    Segment,
    Settings,
    Task,
    TaskRecords,
    TvmVersion,
    parse_target,
)
from tvmgitlib.rules.fold import Configs, fold, fold_onto, standing

_TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
_CLONES = 3


def record_line(workload: int, config: int, cost: int) -> bytes:
    document = {
        "input": [_TARGET, f"task{workload}", [8], {}],
        "config": {"index": config, "code_hash": None, "entity": [["tile", "ot", config]]},
        "result": [[cost * 1e-6], 0, 0.1, 1.6e9],
        "version": 0.2,
    }
    return json.dumps(document).encode()


@cache
def job(number: int, kind: JobKind, measured: tuple[tuple[int, int, int], ...], minor: int) -> Segment:
    """A job that measured (workload, config, cost in us) with a TVM of some minor version."""
    header = Header(id=f"{number:016x}", kind=kind, finished=f"2026-01-01T00:00:{number % 60:02}Z")
    section = Section(
        "autotvm", parse_target(_TARGET).target, (_TARGET,), {}, Platform("box", {}), TvmVersion(None, f"0.{minor}.0")
    )
    by_workload: dict[int, dict[int, int]] = {}
    for workload, config, cost in measured:
        by_workload.setdefault(workload, {}).setdefault(config, cost)
    entries = []
    for workload, costs in sorted(by_workload.items()):
        lines = [record_line(workload, config, cost) for config, cost in costs.items()]
        records = [families.family("autotvm").record(json.loads(line), line) for line in lines]
        task = Task(section, records[0].workload, Effort(len(records), len(records)))
        entries.append(TaskRecords(task, tuple(store(record, header, task) for record in records)))
    return Segment(header, tuple(entries))


def decision(number: int, kind: JobKind, named: str) -> Segment:
    """A revert or an invalidation of a job."""
    finished = f"2026-01-01T00:00:{number % 60:02}Z"
    if kind == "revert":
        return Segment(Header(id=f"{number:016x}", kind=kind, finished=finished, reverts=(named,)))
    header = Header(id=f"{number:016x}", kind=kind, finished=finished, reason="old")
    return Segment(header, invalidations=(Invalidation(named),))


@dataclass
class Clone:
    """What one clone holds, and the configs that it arrived at step by step."""

    segments: dict[str, Segment] = field(default_factory=dict)
    keep: int = 1
    configs: Configs = field(default_factory=dict)

    def whole(self) -> Configs:
        segments = self.segments.values()
        counting = standing((segment.header, segment.invalidations) for segment in segments)
        return fold(segments, counting, Settings(keep=self.keep))

    def add(self, segment: Segment) -> None:
        simple = all(one.header.kind in ("tune", "import") for one in (*self.segments.values(), segment))
        self.segments[segment.header.id] = segment
        self.configs = fold_onto(self.configs, segment, Settings(keep=self.keep)) if simple else self.whole()

    def merge(self, other: Clone) -> None:
        self.segments |= other.segments
        self.configs = self.whole()


def lines(configs: Configs) -> dict[str, list[bytes]]:
    return {path: [stored.line for stored in records] for path, records in configs.items()}


measured = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 6)), min_size=1, max_size=4)
step = st.one_of(
    st.tuples(st.just("finish"), st.sampled_from(["tune", "import", "revalidate"]), measured, st.integers(16, 17)),
    st.tuples(st.sampled_from(["revert", "invalidate"]), st.integers(0, 30)),
    st.tuples(st.just("merge"), st.integers(0, _CLONES - 1)),
    st.tuples(st.just("keep"), st.integers(1, 3)),
)


History: TypeAlias = "list[tuple[int, tuple[object, ...]]]"

histories = st.lists(st.tuples(st.integers(0, _CLONES - 1), step), max_size=14)
orders = st.permutations(range(_CLONES))


@pytest.mark.slow
@settings(max_examples=200)
@given(histories, orders)
def test_configs_are_the_fold_whatever_the_order_of_merges(history: History, order: list[int]) -> None:
    check_history(history, order)


@pytest.mark.soak
@settings(max_examples=10_000)
@given(histories, orders)
def test_many_histories(history: History, order: list[int]) -> None:
    check_history(history, order)


def check_history(history: History, order: list[int]) -> None:
    clones = [Clone() for _ in range(_CLONES)]
    for number, (who, what) in enumerate(history):
        clone = clones[who]
        match what:
            case ("finish", kind, found, minor):
                clone.add(job(number, kind, tuple(found), minor))  # type: ignore[arg-type]
            case ("revert" | "invalidate" as kind, which) if clone.segments:
                names = sorted(clone.segments)
                clone.add(decision(number, kind, names[which % len(names)]))  # type: ignore[operator]
            case ("merge", other):
                clone.merge(clones[other])
            case ("keep", keep):
                clone.keep = keep  # type: ignore[assignment]
                clone.configs = clone.whole()
        assert lines(clone.configs) == lines(clone.whole())
    everything: dict[str, Segment] = {}
    for clone in clones:
        everything |= clone.segments
    for start in order:
        merged = Clone(dict(clones[start].segments), keep=2)
        for other in order:
            merged.merge(clones[other])
        assert lines(merged.configs) == lines(Clone(everything, keep=2).whole())
