"""Made-up records and jobs, small enough to think about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tvmgitlib.families import FAMILIES
from tvmgitlib.families.text import decode
from tvmgitlib.model.job import Header, Invalidation, Section, Task
from tvmgitlib.model.platform import Platform
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.rules.effort import EffortCounter
from tvmgitlib.rules.segment import Segment, TaskRecords, store, task_order


class Build:
    """Makes values; the defaults are one config of one workload, measured once."""

    @staticmethod
    def job(number: int) -> str:
        """The id of a job."""
        return f"{number:016x}"

    @staticmethod
    def finished(second: float) -> str:
        return f"2026-01-01T00:00:{second:06.3f}Z"

    @staticmethod
    def record(
        config: int = 0,
        cost: float | list[float] = 0.001,
        workload: int = 0,
        *,
        error: int = 0,
        at: float = 0.0,
        target: str = "llvm -mcpu=haswell",
    ) -> TuningRecord:
        native = json.dumps(
            {
                "input": [target, "matmul", [workload], {}],
                "config": {"index": config, "code_hash": None, "entity": [["tile", "ot", config]]},
                "result": [cost if isinstance(cost, list) else [cost], error, 1.0, at],
                "version": 0.2,
            }
        ).encode()
        return FAMILIES["autotvm"].record(decode(native), native)

    @staticmethod
    def tvm(version: str | None = "0.16.0", distribution: str | None = "hhb-tvm") -> TvmVersion:
        return TvmVersion(distribution, version, "option" if version else None)

    def segment(
        self,
        job: int,
        records: Iterable[TuningRecord] = (),
        *,
        kind: Any = "tune",
        finished: float | None = 0,
        tvm: TvmVersion | None = None,
        platform: str = "board",
        facts: dict[str, Any] | None = None,
        reverts: Iterable[int] = (),
        invalidates: Iterable[tuple[int, tuple[str, ...] | None]] = (),
    ) -> Segment:
        """A job with a task for every workload among the records; failures count as effort only."""
        header = Header(
            id=self.job(job),
            kind=kind,
            finished=None if finished is None else self.finished(finished),
            reverts=tuple(map(self.job, reverts)),
            reason="it is wrong" if kind == "invalidate" else None,
        )
        by_workload: dict[tuple[str, str], list[TuningRecord]] = {}
        for record in records:
            by_workload.setdefault((record.target.text, record.workload.text), []).append(record)
        entries = []
        for found in by_workload.values():
            given = found[0].target
            section = Section(
                "autotvm",
                given.target,
                (given.text,),
                dict(given.facts),
                Platform(platform, facts or {}),
                tvm or self.tvm(),
            )
            counter = EffortCounter()
            for record in found:
                counter.add(record)
            task = Task(section, found[0].workload, counter.finish()[0])
            kept = tuple(store(record, header, task) for record in found if record.error is None)
            entries.append(TaskRecords(task, kept))
        entries.sort(key=lambda entry: task_order(entry.task))
        invalidations = tuple(Invalidation(self.job(job), records) for job, records in invalidates)
        return Segment(header, tuple(entries), invalidations)


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()
