"""The frozen values that every floor speaks: targets, platforms, workloads, tuning records, jobs.

Standard library only; nothing here reads a file, runs Git or knows a log format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.model.checkpoint import Checkpoint as Checkpoint
    from tvmgitlib.model.checkpoint import SignedCheckpoint as SignedCheckpoint
    from tvmgitlib.model.history import Decisions as Decisions
    from tvmgitlib.model.history import Trial as Trial
    from tvmgitlib.model.job import SEGMENT_RECORDS as SEGMENT_RECORDS
    from tvmgitlib.model.job import Effort as Effort
    from tvmgitlib.model.job import Header as Header
    from tvmgitlib.model.job import Invalidation as Invalidation
    from tvmgitlib.model.job import JobKind as JobKind
    from tvmgitlib.model.job import JobSpec as JobSpec
    from tvmgitlib.model.job import Section as Section
    from tvmgitlib.model.job import Segment as Segment
    from tvmgitlib.model.job import Source as Source
    from tvmgitlib.model.job import Task as Task
    from tvmgitlib.model.job import TaskHistory as TaskHistory
    from tvmgitlib.model.job import TaskIdentity as TaskIdentity
    from tvmgitlib.model.job import TaskRecords as TaskRecords
    from tvmgitlib.model.job import Where as Where
    from tvmgitlib.model.json import MAX_PARTS as MAX_PARTS
    from tvmgitlib.model.json import Json as Json
    from tvmgitlib.model.json import canonical_json as canonical_json
    from tvmgitlib.model.json import has_too_many_parts as has_too_many_parts
    from tvmgitlib.model.json import is_unicode as is_unicode
    from tvmgitlib.model.json import read_gaps as read_gaps
    from tvmgitlib.model.json import read_json as read_json
    from tvmgitlib.model.json import read_json_with_gaps as read_json_with_gaps
    from tvmgitlib.model.knobs import Call as Call
    from tvmgitlib.model.knobs import Config as Config
    from tvmgitlib.model.knobs import Knob as Knob
    from tvmgitlib.model.knobs import KnobTrial as KnobTrial
    from tvmgitlib.model.knobs import Scalar as Scalar
    from tvmgitlib.model.moments import CLOCK_SKEW as CLOCK_SKEW
    from tvmgitlib.model.moments import moment_of as moment_of
    from tvmgitlib.model.moments import read_age as read_age
    from tvmgitlib.model.moments import read_since as read_since
    from tvmgitlib.model.moments import read_utc as read_utc
    from tvmgitlib.model.moments import utc_text as utc_text
    from tvmgitlib.model.pin import Pin as Pin
    from tvmgitlib.model.place import ConfigsFile as ConfigsFile
    from tvmgitlib.model.place import Place as Place
    from tvmgitlib.model.platform import Platform as Platform
    from tvmgitlib.model.platform import fact as fact
    from tvmgitlib.model.platform import merged_facts as merged_facts
    from tvmgitlib.model.platform import parse_assignment as parse_assignment
    from tvmgitlib.model.platform import platform_name_from as platform_name_from
    from tvmgitlib.model.platform import set_fact as set_fact
    from tvmgitlib.model.platform import validate_platform_name as validate_platform_name
    from tvmgitlib.model.record import DETERMINISTIC as DETERMINISTIC
    from tvmgitlib.model.record import ERROR_KINDS as ERROR_KINDS
    from tvmgitlib.model.record import ErrorKind as ErrorKind
    from tvmgitlib.model.record import StoredRecord as StoredRecord
    from tvmgitlib.model.record import TuningRecord as TuningRecord
    from tvmgitlib.model.record import outcome_code as outcome_code
    from tvmgitlib.model.segment import JOBS as JOBS
    from tvmgitlib.model.segment import is_job_id as is_job_id
    from tvmgitlib.model.segment import job_at as job_at
    from tvmgitlib.model.segment import segment_path as segment_path
    from tvmgitlib.model.segment import signature_at as signature_at
    from tvmgitlib.model.segment import signature_path as signature_path
    from tvmgitlib.model.settings import FORMAT as FORMAT
    from tvmgitlib.model.settings import NO_TERMS as NO_TERMS
    from tvmgitlib.model.settings import Settings as Settings
    from tvmgitlib.model.settings import Terms as Terms
    from tvmgitlib.model.target import GivenTarget as GivenTarget
    from tvmgitlib.model.target import Target as Target
    from tvmgitlib.model.target import beyond as beyond
    from tvmgitlib.model.target import cli_text as cli_text
    from tvmgitlib.model.target import completed as completed
    from tvmgitlib.model.target import parse_target as parse_target
    from tvmgitlib.model.target import recorded_target as recorded_target
    from tvmgitlib.model.target import require_triple as require_triple
    from tvmgitlib.model.tvm import TvmVersion as TvmVersion
    from tvmgitlib.model.tvm import minor_version as minor_version
    from tvmgitlib.model.wording import MOST_NAMES as MOST_NAMES
    from tvmgitlib.model.wording import FamilyError as FamilyError
    from tvmgitlib.model.wording import FleetError as FleetError
    from tvmgitlib.model.wording import GitError as GitError
    from tvmgitlib.model.wording import JobError as JobError
    from tvmgitlib.model.wording import LibraryError as LibraryError
    from tvmgitlib.model.wording import MissingError as MissingError
    from tvmgitlib.model.wording import NoRemoteError as NoRemoteError
    from tvmgitlib.model.wording import NoRuleError as NoRuleError
    from tvmgitlib.model.wording import PlatformError as PlatformError
    from tvmgitlib.model.wording import RecordError as RecordError
    from tvmgitlib.model.wording import SelectionError as SelectionError
    from tvmgitlib.model.wording import SettingsError as SettingsError
    from tvmgitlib.model.wording import TakenError as TakenError
    from tvmgitlib.model.wording import TargetError as TargetError
    from tvmgitlib.model.wording import TvmError as TvmError
    from tvmgitlib.model.wording import TvmgitlibError as TvmgitlibError
    from tvmgitlib.model.wording import UnsentError as UnsentError
    from tvmgitlib.model.wording import counted as counted
    from tvmgitlib.model.wording import duration as duration
    from tvmgitlib.model.wording import is_progress_told as is_progress_told
    from tvmgitlib.model.wording import listed as listed
    from tvmgitlib.model.wording import plain as plain
    from tvmgitlib.model.wording import plain_line as plain_line
    from tvmgitlib.model.wording import plural as plural
    from tvmgitlib.model.wording import rough as rough
    from tvmgitlib.model.wording import tell_progress as tell_progress
    from tvmgitlib.model.wording import typed as typed
    from tvmgitlib.model.workload import FamilyName as FamilyName
    from tvmgitlib.model.workload import Workload as Workload
    from tvmgitlib.model.workload import is_family_name as is_family_name

_NAMES = {
    "wording": (
        "FamilyError FleetError GitError JobError LibraryError MOST_NAMES MissingError NoRemoteError "
        "NoRuleError PlatformError RecordError SelectionError SettingsError TakenError TargetError TvmError "
        "TvmgitlibError UnsentError counted duration is_progress_told listed plain plain_line plural rough typed "
        "tell_progress"
    ),
    "checkpoint": "Checkpoint SignedCheckpoint",
    "history": "Decisions Trial",
    "job": (
        "Effort Header Invalidation JobKind JobSpec SEGMENT_RECORDS Section Segment Source Task TaskHistory "
        "TaskIdentity TaskRecords Where"
    ),
    "json": "Json MAX_PARTS canonical_json has_too_many_parts is_unicode read_gaps read_json read_json_with_gaps",
    "knobs": "Call Config Knob KnobTrial Scalar",
    "moments": "CLOCK_SKEW moment_of read_age read_since read_utc utc_text",
    "pin": "Pin",
    "place": "ConfigsFile Place",
    "platform": "Platform fact merged_facts parse_assignment platform_name_from set_fact validate_platform_name",
    "record": "DETERMINISTIC ERROR_KINDS ErrorKind StoredRecord TuningRecord outcome_code",
    "segment": "JOBS is_job_id job_at segment_path signature_at signature_path",
    "settings": "FORMAT NO_TERMS Settings Terms",
    "target": "GivenTarget Target beyond cli_text completed parse_target recorded_target require_triple",
    "tvm": "TvmVersion minor_version",
    "workload": "FamilyName Workload is_family_name",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
