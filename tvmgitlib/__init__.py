"""A library of tuned TVM kernels that behaves like source code: every tuning job is a Git commit.

Every public name is here. Each is imported when it is first used: a program need not wait for what it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._version import __version__ as __version__

if TYPE_CHECKING:
    from tvmgitlib.config_library import ConfigLibrary as ConfigLibrary
    from tvmgitlib.config_library import log_to_library as log_to_library
    from tvmgitlib.library.answers import Answers as Answers
    from tvmgitlib.library.care import Footprint as Footprint
    from tvmgitlib.library.care import Problem as Problem
    from tvmgitlib.library.care import Tidied as Tidied
    from tvmgitlib.library.changes import Condemned as Condemned
    from tvmgitlib.library.changes import Counts as Counts
    from tvmgitlib.library.changes import Invalidated as Invalidated
    from tvmgitlib.library.changes import JobResult as JobResult
    from tvmgitlib.library.changes import Merged as Merged
    from tvmgitlib.library.changes import Reverted as Reverted
    from tvmgitlib.library.changes import Synced as Synced
    from tvmgitlib.library.curves import CurvePoint as CurvePoint
    from tvmgitlib.library.jobs import Claim as Claim
    from tvmgitlib.library.jobs import JobDescription as JobDescription
    from tvmgitlib.library.jobs import OpenJob as OpenJob
    from tvmgitlib.library.platforms import detect_platform as detect_platform
    from tvmgitlib.library.reading import BestConfig as BestConfig
    from tvmgitlib.library.reading import Blame as Blame
    from tvmgitlib.library.reading import ConfigChange as ConfigChange
    from tvmgitlib.library.reading import Exported as Exported
    from tvmgitlib.library.reading import LogEntry as LogEntry
    from tvmgitlib.library.reading import Outcome as Outcome
    from tvmgitlib.library.reading import Selection as Selection
    from tvmgitlib.library.reading import SignedBy as SignedBy
    from tvmgitlib.library.reading import Summary as Summary
    from tvmgitlib.library.reading import WorkloadEffort as WorkloadEffort
    from tvmgitlib.library.suggesting import Suggested as Suggested
    from tvmgitlib.library.suggesting import Suggestions as Suggestions
    from tvmgitlib.live.at_hand import fast_imports as fast_imports
    from tvmgitlib.live.common import HowToMeasure as HowToMeasure
    from tvmgitlib.live.coverage import Coverage as Coverage
    from tvmgitlib.live.coverage import TaskCoverage as TaskCoverage
    from tvmgitlib.live.fleet import Fleet as Fleet
    from tvmgitlib.live.fleet import KeyStatus as KeyStatus
    from tvmgitlib.live.fleet import Tracker as Tracker
    from tvmgitlib.live.fleet import detect_device as detect_device
    from tvmgitlib.live.job import Job as Job
    from tvmgitlib.live.revalidation import Remeasurement as Remeasurement
    from tvmgitlib.live.revalidation import Revalidated as Revalidated
    from tvmgitlib.live.tasks import WeightedTask as WeightedTask
    from tvmgitlib.live.tuning import ModelTuned as ModelTuned
    from tvmgitlib.live.tuning import TaskTuning as TaskTuning
    from tvmgitlib.live.tuning import Tuning as Tuning
    from tvmgitlib.live.tuning import shard as shard
    from tvmgitlib.model import Decisions as Decisions
    from tvmgitlib.model import Effort as Effort
    from tvmgitlib.model import FamilyError as FamilyError
    from tvmgitlib.model import FleetError as FleetError
    from tvmgitlib.model import GitError as GitError
    from tvmgitlib.model import GivenTarget as GivenTarget
    from tvmgitlib.model import Header as Header
    from tvmgitlib.model import Invalidation as Invalidation
    from tvmgitlib.model import JobError as JobError
    from tvmgitlib.model import JobSpec as JobSpec
    from tvmgitlib.model import Knob as Knob
    from tvmgitlib.model import LibraryError as LibraryError
    from tvmgitlib.model import Pin as Pin
    from tvmgitlib.model import Place as Place
    from tvmgitlib.model import Platform as Platform
    from tvmgitlib.model import PlatformError as PlatformError
    from tvmgitlib.model import RecordError as RecordError
    from tvmgitlib.model import Section as Section
    from tvmgitlib.model import Segment as Segment
    from tvmgitlib.model import SelectionError as SelectionError
    from tvmgitlib.model import Settings as Settings
    from tvmgitlib.model import SettingsError as SettingsError
    from tvmgitlib.model import Source as Source
    from tvmgitlib.model import StoredRecord as StoredRecord
    from tvmgitlib.model import TakenError as TakenError
    from tvmgitlib.model import Target as Target
    from tvmgitlib.model import TargetError as TargetError
    from tvmgitlib.model import Task as Task
    from tvmgitlib.model import TaskHistory as TaskHistory
    from tvmgitlib.model import TaskRecords as TaskRecords
    from tvmgitlib.model import Trial as Trial
    from tvmgitlib.model import TuningRecord as TuningRecord
    from tvmgitlib.model import TvmError as TvmError
    from tvmgitlib.model import TvmgitlibError as TvmgitlibError
    from tvmgitlib.model import TvmVersion as TvmVersion
    from tvmgitlib.model import UnsentError as UnsentError
    from tvmgitlib.model import Workload as Workload
    from tvmgitlib.model import parse_target as parse_target
    from tvmgitlib.report import Report as Report
    from tvmgitlib.rules.matching import FactRule as FactRule
    from tvmgitlib.rules.matching import TvmRule as TvmRule
    from tvmgitlib.store import Committed as Committed

_NAMES = {
    "tvmgitlib.config_library": "ConfigLibrary log_to_library",
    "tvmgitlib.library.answers": "Answers",
    "tvmgitlib.library.curves": "CurvePoint",
    "tvmgitlib.library.care": "Footprint Problem Tidied",
    "tvmgitlib.library.changes": "Condemned Counts Invalidated JobResult Merged Reverted Synced",
    "tvmgitlib.library.jobs": "Claim JobDescription OpenJob",
    "tvmgitlib.library.platforms": "detect_platform",
    "tvmgitlib.library.reading": "BestConfig Blame ConfigChange Exported LogEntry Outcome Selection "
    "SignedBy Summary WorkloadEffort",
    "tvmgitlib.live.common": "HowToMeasure",
    "tvmgitlib.library.suggesting": "Suggested Suggestions",
    "tvmgitlib.live.coverage": "Coverage TaskCoverage",
    "tvmgitlib.live.at_hand": "fast_imports",
    "tvmgitlib.live.fleet": "Fleet KeyStatus Tracker detect_device",
    "tvmgitlib.live.job": "Job",
    "tvmgitlib.live.revalidation": "Remeasurement Revalidated",
    "tvmgitlib.live.tasks": "WeightedTask",
    "tvmgitlib.live.tuning": "ModelTuned TaskTuning Tuning shard",
    "tvmgitlib.model": "Decisions Effort FamilyError FleetError GitError GivenTarget Header Invalidation JobError "
    "JobSpec Knob LibraryError Pin Place Platform PlatformError RecordError Section Segment SelectionError "
    "Settings SettingsError Source StoredRecord TakenError Target TargetError Task TaskHistory TaskRecords Trial "
    "TuningRecord TvmError TvmVersion TvmgitlibError UnsentError Workload parse_target",
    "tvmgitlib.report": "Report",
    "tvmgitlib.rules.matching": "FactRule TvmRule",
    "tvmgitlib.store": "Committed",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_HOMES]

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none

    def __getattr__(name):
        """Import a public name when it is first used."""
        if name in _HOMES:
            from importlib import import_module

            value = globals()[name] = getattr(import_module(_HOMES[name]), name)
            return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
