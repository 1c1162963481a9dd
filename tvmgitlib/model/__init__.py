"""The frozen values that every floor speaks: targets, platforms, workloads, tuning records, jobs.

Standard library only; nothing here reads a file, runs Git or knows a log format.
"""

from tvmgitlib.model.history import Decisions, TaskHistory, Trial
from tvmgitlib.model.job import (
    SEGMENT_RECORDS,
    Effort,
    Header,
    Invalidation,
    JobKind,
    JobSpec,
    Section,
    Source,
    Task,
    TaskIdentity,
    Where,
    is_job_id,
)
from tvmgitlib.model.json import (
    MAX_PARTS,
    Json,
    canonical_json,
    has_too_many_parts,
    is_unicode,
    read_gaps,
    read_json,
    read_json_with_gaps,
)
from tvmgitlib.model.knobs import Call, Config, Knob, KnobTrial, Scalar
from tvmgitlib.model.moments import CLOCK_SKEW, read_age, read_since, read_utc, utc_text
from tvmgitlib.model.pin import Pin
from tvmgitlib.model.place import ConfigsFile, Place
from tvmgitlib.model.platform import (
    Platform,
    fact,
    merged_facts,
    parse_assignment,
    platform_name_from,
    set_fact,
    validate_platform_name,
)
from tvmgitlib.model.progress import counted, tell_progress
from tvmgitlib.model.record import DETERMINISTIC, ERROR_KINDS, ErrorKind, TuningRecord, outcome_code
from tvmgitlib.model.segment import (
    JOBS,
    Segment,
    StoredRecord,
    TaskRecords,
    job_at,
    segment_path,
    signature_at,
    signature_path,
)
from tvmgitlib.model.settings import FORMAT, Settings
from tvmgitlib.model.target import (
    GivenTarget,
    Target,
    beyond,
    cli_text,
    completed,
    parse_target,
    recorded_target,
    require_triple,
)
from tvmgitlib.model.tvm import TvmVersion, minor_version
from tvmgitlib.model.workload import FamilyName, Workload, is_family_name

__all__ = [
    "CLOCK_SKEW",
    "DETERMINISTIC",
    "ERROR_KINDS",
    "FORMAT",
    "JOBS",
    "MAX_PARTS",
    "SEGMENT_RECORDS",
    "Call",
    "Config",
    "ConfigsFile",
    "Decisions",
    "Effort",
    "ErrorKind",
    "FamilyName",
    "GivenTarget",
    "Header",
    "Invalidation",
    "JobKind",
    "JobSpec",
    "Json",
    "Knob",
    "KnobTrial",
    "Pin",
    "Place",
    "Platform",
    "Scalar",
    "Section",
    "Segment",
    "Settings",
    "Source",
    "StoredRecord",
    "Target",
    "Task",
    "TaskHistory",
    "TaskIdentity",
    "TaskRecords",
    "Trial",
    "TuningRecord",
    "TvmVersion",
    "Where",
    "Workload",
    "beyond",
    "canonical_json",
    "cli_text",
    "completed",
    "counted",
    "fact",
    "has_too_many_parts",
    "is_family_name",
    "is_job_id",
    "is_unicode",
    "job_at",
    "merged_facts",
    "minor_version",
    "outcome_code",
    "parse_assignment",
    "parse_target",
    "platform_name_from",
    "read_age",
    "read_gaps",
    "read_json",
    "read_json_with_gaps",
    "read_since",
    "read_utc",
    "recorded_target",
    "require_triple",
    "segment_path",
    "set_fact",
    "signature_at",
    "signature_path",
    "tell_progress",
    "utc_text",
    "validate_platform_name",
]
