"""A library of tuned TVM kernels that behaves like source code: every tuning job is a Git commit.

Every public name is here. Each is imported when it is first used: a program need not wait for what it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._version import __version__ as __version__

if TYPE_CHECKING:
    from tvmgitlib.config_library import ConfigLibrary as ConfigLibrary
    from tvmgitlib.config_library import log_to_library as log_to_library
    from tvmgitlib.errors import GitError as GitError
    from tvmgitlib.errors import JobError as JobError
    from tvmgitlib.errors import LibraryError as LibraryError
    from tvmgitlib.errors import PlatformError as PlatformError
    from tvmgitlib.errors import RecordError as RecordError
    from tvmgitlib.errors import SelectionError as SelectionError
    from tvmgitlib.errors import SettingsError as SettingsError
    from tvmgitlib.errors import TargetError as TargetError
    from tvmgitlib.errors import TvmError as TvmError
    from tvmgitlib.errors import TvmgitlibError as TvmgitlibError
    from tvmgitlib.library.changes.invalidating import Condemned as Condemned
    from tvmgitlib.library.changes.invalidating import Invalidated as Invalidated
    from tvmgitlib.library.changes.merging import Merged as Merged
    from tvmgitlib.library.changes.result import Counts as Counts
    from tvmgitlib.library.changes.result import JobResult as JobResult
    from tvmgitlib.library.changes.reverting import Reverted as Reverted
    from tvmgitlib.library.changes.syncing import Synced as Synced
    from tvmgitlib.library.jobs.description import JobDescription as JobDescription
    from tvmgitlib.library.jobs.open_jobs import OpenJob as OpenJob
    from tvmgitlib.library.platforms.detect import detect_platform as detect_platform
    from tvmgitlib.library.reading.comparing import Blame as Blame
    from tvmgitlib.library.reading.comparing import ConfigChange as ConfigChange
    from tvmgitlib.library.reading.exporting import Exported as Exported
    from tvmgitlib.library.reading.lookup import Outcome as Outcome
    from tvmgitlib.library.reading.lookup import Summary as Summary
    from tvmgitlib.library.reading.results import BestConfig as BestConfig
    from tvmgitlib.library.reading.results import LogEntry as LogEntry
    from tvmgitlib.library.reading.results import Problem as Problem
    from tvmgitlib.library.reading.results import WorkloadEffort as WorkloadEffort
    from tvmgitlib.library.reading.selection import Selection as Selection
    from tvmgitlib.live.coverage import Coverage as Coverage
    from tvmgitlib.live.coverage import TaskCoverage as TaskCoverage
    from tvmgitlib.live.import_trap import fast_imports as fast_imports
    from tvmgitlib.live.job import Job as Job
    from tvmgitlib.live.revalidation import Remeasurement as Remeasurement
    from tvmgitlib.live.revalidation import Revalidated as Revalidated
    from tvmgitlib.live.tasks import WeightedTask as WeightedTask
    from tvmgitlib.model.job import Effort as Effort
    from tvmgitlib.model.job import Header as Header
    from tvmgitlib.model.job import Invalidation as Invalidation
    from tvmgitlib.model.job import JobSpec as JobSpec
    from tvmgitlib.model.job import Section as Section
    from tvmgitlib.model.job import Source as Source
    from tvmgitlib.model.job import Task as Task
    from tvmgitlib.model.pin import Pin as Pin
    from tvmgitlib.model.place import Place as Place
    from tvmgitlib.model.platform import Platform as Platform
    from tvmgitlib.model.record import TuningRecord as TuningRecord
    from tvmgitlib.model.segment import Segment as Segment
    from tvmgitlib.model.segment import StoredRecord as StoredRecord
    from tvmgitlib.model.segment import TaskRecords as TaskRecords
    from tvmgitlib.model.settings import Settings as Settings
    from tvmgitlib.model.target import GivenTarget as GivenTarget
    from tvmgitlib.model.target import Target as Target
    from tvmgitlib.model.target import parse_target as parse_target
    from tvmgitlib.model.tvm import TvmVersion as TvmVersion
    from tvmgitlib.model.workload import Workload as Workload
    from tvmgitlib.rules.matching import FactRule as FactRule
    from tvmgitlib.rules.matching import TvmRule as TvmRule
    from tvmgitlib.store import Committed as Committed

_NAMES = {
    "tvmgitlib.config_library": "ConfigLibrary log_to_library",
    "tvmgitlib.errors": "GitError JobError LibraryError PlatformError RecordError SelectionError SettingsError "
    "TargetError TvmError TvmgitlibError",
    "tvmgitlib.model.pin": "Pin",
    "tvmgitlib.library.changes.invalidating": "Condemned Invalidated",
    "tvmgitlib.library.changes.merging": "Merged",
    "tvmgitlib.library.changes.result": "Counts JobResult",
    "tvmgitlib.library.changes.reverting": "Reverted",
    "tvmgitlib.library.changes.syncing": "Synced",
    "tvmgitlib.library.jobs.description": "JobDescription",
    "tvmgitlib.library.jobs.open_jobs": "OpenJob",
    "tvmgitlib.library.platforms.detect": "detect_platform",
    "tvmgitlib.library.reading.comparing": "Blame ConfigChange",
    "tvmgitlib.library.reading.exporting": "Exported",
    "tvmgitlib.library.reading.lookup": "Outcome Summary",
    "tvmgitlib.library.reading.results": "BestConfig LogEntry Problem WorkloadEffort",
    "tvmgitlib.library.reading.selection": "Selection",
    "tvmgitlib.live.coverage": "Coverage TaskCoverage",
    "tvmgitlib.live.import_trap": "fast_imports",
    "tvmgitlib.live.job": "Job",
    "tvmgitlib.live.revalidation": "Remeasurement Revalidated",
    "tvmgitlib.live.tasks": "WeightedTask",
    "tvmgitlib.model.job": "Effort Header Invalidation JobSpec Section Source Task",
    "tvmgitlib.model.place": "Place",
    "tvmgitlib.model.platform": "Platform",
    "tvmgitlib.model.record": "TuningRecord",
    "tvmgitlib.model.segment": "Segment StoredRecord TaskRecords",
    "tvmgitlib.model.settings": "Settings",
    "tvmgitlib.model.target": "GivenTarget Target parse_target",
    "tvmgitlib.model.tvm": "TvmVersion",
    "tvmgitlib.model.workload": "Workload",
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
