"""MetaSchedule databases of TVM 0.16 to 0.27."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from tvmgitlib.families.bag import Enveloped
from tvmgitlib.families.base import Family, Unmeasured
from tvmgitlib.families.metaschedule.database import (
    ERROR_FILE,
    LAYOUT,
    RECORD_FILE,
    WORKLOAD_FILE,
    database,
    is_unmeasured,
    read_failure,
    workload_at,
)
from tvmgitlib.families.metaschedule.modules import (
    UNKNOWN,
    call_of,
    label_of,
    module_arguments,
    module_tvm_version,
    read_workload,
    with_signature,
)
from tvmgitlib.families.metaschedule.occurrences import Occurrences
from tvmgitlib.families.shipped import shipped_schema
from tvmgitlib.families.values import config_digest, run_times
from tvmgitlib.model import (
    RecordError,
    SelectionError,
    TuningRecord,
    listed,
    parse_target,
)

if TYPE_CHECKING:
    from tvmgitlib.families.base import ExportedFiles, LineReader, LogFile, QuickReader
    from tvmgitlib.model import (
        Call,
        Decisions,
        ErrorKind,
        Json,
        StoredRecord,
        Target,
        TvmVersion,
        Workload,
    )

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
        for at, (what, value) in enumerate((("run_secs", run_secs), ("target", target), ("args_info", args)), start=1):
            if value is None:
                raise RecordError(f"the record lacks its {what}", field=f"[1][{at}]")
        came = run_times(run_secs, FAILED)
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=with_signature(workload, args),
            config=config_digest(trace),
            costs=came.costs,
            error=came.error,
            measured_at=None,
            tvm_version=module_tvm_version(workload) if workload.module else None,
            native=native,
            unusable=came.unusable,
        )

    def target_of(self, document: Any) -> Any:
        return document[1][2]

    def with_target(self, native: bytes, attributes: Mapping[str, object]) -> bytes:
        document = orjson.loads(native)
        document[1][2] = attributes
        return orjson.dumps(document)

    def reader(self, beside: Mapping[str, LogFile]) -> LineReader:
        if WORKLOAD_FILE not in beside:
            return _refuse_lone_record
        workloads = beside[WORKLOAD_FILE].each(read_workload)
        failures = beside[ERROR_FILE].each(read_failure) if ERROR_FILE in beside else []
        return _Reader(self, workloads, failures)

    def quick_reader(self, reader: LineReader) -> QuickReader | None:
        from tvmgitlib.families.metaschedule.quick import QuickMetaSchedule

        return QuickMetaSchedule(self.name, FAILED, reader.numbered) if isinstance(reader, _Reader) else None

    def workload_of(self, module: bytes) -> Workload:
        return read_workload(module)

    def label(self, workload: Workload) -> str:
        return label_of(workload)

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

    def call(self, workload: Workload) -> Call | None:
        return call_of(workload.signature) if workload.signature is not None else None

    def decisions(self, document: Any) -> Decisions | None:
        from tvmgitlib.families.metaschedule.decisions import decisions_of

        return decisions_of(document[1][0])

    def schedule(self, decisions: Decisions) -> Json:
        from tvmgitlib.families.metaschedule.decisions import trace_of

        return trace_of(decisions)

    def known_by(self, target: Target) -> frozenset[str]:
        return frozenset(("any",))  # its databases do not look at targets

    def export(self, records: Sequence[StoredRecord]) -> ExportedFiles:
        versions = sorted({stored.tuned_with.minor or "an unknown version" for stored in records})
        if len(versions) > 1:
            raise SelectionError(
                f"the records are of TVM {listed(versions)}, and a MetaSchedule database loads only in the TVM that "
                "wrote it",
                hint="Choose one with --tvm DIST==VERSION.",
            )
        found: dict[str, dict[str, str]] = {}
        for stored in records:
            target = stored.record.target.target
            found.setdefault(stored.record.workload.text, {})[target.device_key] = target.label  # whatever its host is
        targets = sorted({label for labels in found.values() if len(labels) > 1 for label in labels.values()})
        if targets:
            raise SelectionError(
                f"a workload has records for {len(targets):,} targets ({listed(targets)}), and stock TVM does not look "
                "at the target of a record: it would hand one's schedule to another",
                hint="Choose one with --target, or write one folder a target with --per-target.",
            )
        workloads, lines = database((stored.record.native, stored.record.workload) for stored in records)
        # The record file names workloads by line: it comes last, so that no reader sees a number without its line.
        return {WORKLOAD_FILE: workloads, RECORD_FILE: lines}


class _Reader:
    """Reads the records of one database, in their order.

    A line is a measurement: TVM appends only what it has measured. Records have no time, so equal ones are numbered.

    Args:
        family: whose records.
        workloads: the lines of the file beside them.
        failures: why trials failed, by the hash of the record, in the order in which they did.
    """

    def __init__(self, family: MetaSchedule, workloads: list[Workload], failures: list[tuple[str, ErrorKind]]) -> None:
        self._family = family
        self._workloads = workloads
        self._arguments = [module_arguments(workload) for workload in workloads]
        self._failures: defaultdict[str, deque[ErrorKind]] = defaultdict(deque)
        for name, kind in failures:
            self._failures[name].append(kind)
        self._seen = Occurrences()
        self._salts: dict[tuple[str, str], int] = {}

    def __call__(self, document: Any, native: bytes) -> TuningRecord | Unmeasured:
        if is_unmeasured(document, FAILED):
            return Unmeasured.UNMEASURED
        record = self._family.record(document, native, workload_at(document, self._workloads))
        number = int(document[0])
        if (arguments := self._arguments[number]) is not None:
            arguments.check(number, document[1][3])
        return self.numbered(record)

    def numbered(self, record: TuningRecord) -> TuningRecord:
        """A record as the next one of the database, with what is known of it beside its line."""
        repeat, error = self._seen.before(self._name(record)), self._why(record)
        return record if (repeat, error) == (0, record.error) else record._replace(repeat=repeat, error=error)

    def _name(self, record: TuningRecord) -> int:
        """64 bits that name a measurement among those of all workloads and targets of the database."""
        place = (record.workload.text, record.target.target.key)
        salt = self._salts.get(place)
        if salt is None:
            salt = self._salts[place] = int.from_bytes(sha256("\0".join(place).encode()).digest()[:8], "big")
        return record.measurement ^ salt

    def _why(self, record: TuningRecord) -> ErrorKind | None:
        """The kind of failure, by the next note there is of it; the last one is of all that follow."""
        if record.error is None or record.hash not in self._failures:
            return record.error
        kinds = self._failures[record.hash]
        return kinds.popleft() if len(kinds) > 1 else kinds[0]


def _refuse_lone_record(*_: Any) -> TuningRecord:
    raise RecordError(
        "a MetaSchedule record in a file that is not part of a database",
        hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
    )
