"""The library's schedules in a build: MetaSchedule's lookups by target, platform and workload.

TVM's own databases answer for a workload whatever the target, so that joined records of two devices are mixed up; and a
database in scope changes nothing in `tvm.compile`: `compile_relax` and `compile_tir` apply it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import orjson
from msgspec import Struct

from tvmgitlib.library.reading import Lookup
from tvmgitlib.live.common import Suggesting, apply, asked_for, readable
from tvmgitlib.live.metaschedule.tvm import (
    derived_object,
    meta_schedule,
    normalize,
    signature_of,
    structural_equal,
    tuning_record,
    workload_text,
)
from tvmgitlib.model import StoredRecord, Workload


class _Found(Struct, frozen=True):
    """A tuning record of this TVM, and the schedule that its trace makes."""

    record: Any
    schedule: Any


@contextmanager
def applying(lookup: Lookup, suggesting: Suggesting) -> Iterator[None]:
    """Answer this thread's lookups by the library; what it does not know goes to the database that was in scope."""
    database = meta_schedule().database.Database
    with _library_database()(lookup, suggesting, database.current()):
        yield


def compile_relax(mod: Any, target: Any, params: Any = None) -> Any:
    """Build a Relax module with the database in scope; see `ConfigLibrary.compile_relax`."""
    ms = meta_schedule()
    return ms.relax_integration.compile_relax(ms.database.Database.current(), mod, target, params)


def compile_tir(func: Any, target: Any) -> Any:
    """Schedule a function by the database in scope; see `ConfigLibrary.compile_tir`."""
    import tvm

    live = target if isinstance(target, tvm.target.Target) else tvm.target.Target(target)
    return meta_schedule().database.Database.current().query_schedule(normalize(func), live, "main")


class _Schedules:
    """The schedules of a library, as objects of this TVM."""

    def __init__(self, lookup: Lookup, suggesting: Suggesting) -> None:
        self._lookup = lookup
        self._suggesting = suggesting
        self._workloads: dict[str, Any] = {}

    def find(self, mod: Any, target: Any, name: str | None) -> _Found | None:
        """The best record of a module that holds here, and loads."""
        given = asked_for(target)
        if given is None:
            return None
        wanted = Workload("metaschedule", workload_text(mod), signature=name)
        asked = partial(self._lookup.find, "metaschedule", given, wanted, signature=partial(signature_of, mod))
        return apply(self._lookup, asked, partial(self._load, mod))

    def suggested(self, mod: Any, target: Any) -> _Found | None:
        """What is suggested for a module that has no record."""
        given = asked_for(target)
        if given is None:
            return None
        wanted = Workload("metaschedule", workload_text(mod))
        schedule = self._suggesting("metaschedule", given, wanted, lambda: mod)
        if schedule is None:
            return None
        ms = meta_schedule()
        arguments = ms.arg_info.ArgInfo.from_entry_func(mod, True)
        record = ms.database.TuningRecord(schedule.trace, ms.database.Workload(mod), None, target, arguments)
        return _Found(record, schedule)

    def _load(self, mod: Any, stored: StoredRecord) -> _Found:
        """A record, and the schedule that it makes.

        Raises:
            Exception: of many kinds, by TVM: it does not load here, or does not apply.
        """
        workload = self._workload(stored)
        if not structural_equal(workload.mod, mod):
            raise ValueError("it is of another computation with the same hash")
        record = tuning_record(readable("metaschedule", stored.record.native, stored.record.target), workload)
        return _Found(record, record.as_measure_candidate().sch)

    def _workload(self, stored: StoredRecord) -> Any:
        """The workload that a trace was recorded for: it names blocks, which an equal module may name otherwise."""
        text = stored.record.workload.text
        if text not in self._workloads:
            line = self._lookup.module(stored).module or ""
            self._workloads[text] = meta_schedule().database.Workload.from_json(orjson.loads(line))
        return self._workloads[text]


@cache
def _library_database() -> Any:
    """The class of databases that answer from a library."""

    class ApplyLibrary(meta_schedule().database.PyDatabase):  # type: ignore[misc]  # TVM is not typed
        def __init__(self, lookup: Lookup, suggesting: Suggesting, outer: Any | None) -> None:
            super().__init__()
            self._schedules = _Schedules(lookup, suggesting)
            self._outer_database = outer

        def query_tuning_record(self, mod: Any, target: Any, workload_name: str | None = None) -> Any:
            found = self._schedules.find(mod, target, workload_name)
            if found is not None:
                return found.record
            if self._outer_database is not None:
                known = self._outer_database.query_tuning_record(mod, target, workload_name or "main")
                if known is not None:
                    return known
            suggested = self._schedules.suggested(mod, target)
            return suggested.record if suggested is not None else None

        def query_schedule(self, mod: Any, target: Any, workload_name: str | None = None) -> Any:
            found = self._schedules.find(mod, target, workload_name)
            if found is not None:
                return found.schedule
            if self._outer_database is not None:
                known = self._outer_database.query_schedule(mod, target, workload_name or "main")
                if known is not None:
                    return known
            suggested = self._schedules.suggested(mod, target)
            return suggested.schedule if suggested is not None else None

        def query_ir_module(self, mod: Any, target: Any, workload_name: str | None = None) -> Any:
            schedule = self.query_schedule(mod, target, workload_name)
            return schedule.mod if schedule is not None else None

        def has_workload(self, mod: Any) -> bool:
            return self._outer_database is not None and bool(self._outer_database.has_workload(mod))

        def commit_workload(self, mod: Any) -> Any:
            return meta_schedule().database.Workload(mod)

        def commit_tuning_record(self, record: Any) -> None:
            raise RuntimeError("a library is changed by jobs: tune with database=job.database()")

        def get_top_k(self, workload: Any, top_k: int) -> Any:
            return []

        def get_all_tuning_records(self) -> Any:
            return []

        def __len__(self) -> int:
            return 1  # TVM asks for the truth of a database where it means whether there is one

    return derived_object(ApplyLibrary)
