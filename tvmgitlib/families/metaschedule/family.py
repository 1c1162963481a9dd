"""MetaSchedule databases of TVM 0.16 to 0.27."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tvmgitlib.errors import RecordError, SelectionError
from tvmgitlib.families.bag import Enveloped
from tvmgitlib.families.base import ExportedFiles, Family, LineReader, LogFile
from tvmgitlib.families.metaschedule.database import (
    ERROR_FILE,
    LAYOUT,
    RECORD_FILE,
    WORKLOAD_FILE,
    database,
    read_failure,
    workload_at,
)
from tvmgitlib.families.metaschedule.modules import (
    UNKNOWN,
    module_arguments,
    module_tvm_version,
    read_workload,
    with_signature,
)
from tvmgitlib.families.shipped import shipped_schema
from tvmgitlib.families.values import check_costs, config_digest
from tvmgitlib.model import StoredRecord, TuningRecord, TvmVersion, Workload, parse_target

#: What `run_secs` holds for a failed trial.
FAILED: Final = 1e10


class MetaSchedule(Enveloped, Family):
    """See `Family`."""

    name = "metaschedule"
    title = "MetaSchedule"
    layout = LAYOUT
    keeps_module = True

    def schema(self) -> dict[str, Any]:
        return shipped_schema(self.name)

    def claims(self, document: Any) -> bool:
        return isinstance(document, list) and len(document) == 2

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        if workload is None:
            raise RecordError(
                "a MetaSchedule record cannot be read without its workload",
                hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
            )
        _, (trace, run_secs, target, args) = document
        costs = check_costs(run_secs, "[1][1]")
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=with_signature(workload, args),
            config=config_digest(trace),
            costs=costs,
            error="unknown" if min(costs) >= FAILED else None,
            measured_at=None,
            tvm_version=module_tvm_version(workload) if workload.module else None,
            native=native,
        )

    def reader(self, beside: Mapping[str, LogFile]) -> LineReader:
        if WORKLOAD_FILE not in beside:
            return _refuse_lone_record
        workloads = beside[WORKLOAD_FILE].each(read_workload)
        takes = [module_arguments(workload) for workload in workloads]
        errors = dict(beside[ERROR_FILE].each(read_failure)) if ERROR_FILE in beside else {}

        def read(document: Any, native: bytes) -> TuningRecord:
            record = self.record(document, native, workload_at(document, workloads))
            arguments = takes[int(document[0])]
            if arguments is not None:
                arguments.check(int(document[0]), document[1][3])
            return replace(record, error=errors.get(record.hash, record.error)) if record.error else record

        return read

    def workload_of(self, module: bytes) -> Workload:
        return read_workload(module)

    def tvm_of_name(self, workload: Workload) -> str | None:
        _, _, minor = workload.text.rpartition("@")
        return minor if minor != UNKNOWN else None

    def tuned_with(self, said: TvmVersion, named: TvmVersion) -> TvmVersion:
        if said.minor is not None and said.minor != named.minor:
            raise RecordError(
                f"its workload was written by TVM {said.version}, and --tvm says {named}",
                hint="A MetaSchedule database says itself which version it is: leave --tvm out.",
            )
        return named

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        if tuned_with.version is None or tuned_with.group == current.group:
            return None
        if tuned_with.minor != current.minor or (tuned_with.distribution and current.distribution):
            return (
                f"tuned with {tuned_with}, and MetaSchedule databases load only in the TVM that wrote them; "
                f"tune or revalidate it with {current}"
            )
        return None

    def export(self, records: Sequence[StoredRecord]) -> ExportedFiles:
        versions = sorted({stored.tuned_with.minor or "an unknown version" for stored in records})
        if len(versions) > 1:
            raise SelectionError(
                f"the records are of TVM {', '.join(versions)}, and a MetaSchedule database loads only in the TVM that "
                "wrote it",
                hint="Choose one with --tvm DIST==VERSION.",
            )
        workloads, lines = database((stored.record.native, stored.record.workload) for stored in records)
        # The record file names workloads by line: it comes last, so that no reader sees a number without its line.
        return {WORKLOAD_FILE: workloads, RECORD_FILE: lines}


def _refuse_lone_record(*_: Any) -> TuningRecord:
    raise RecordError(
        "a MetaSchedule record in a file that is not part of a database",
        hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
    )
