"""Questions: what a library holds in one commit, graded, selected and compared."""

from tvmgitlib.library.reading.comparing import Blame, ConfigChange, blame, compare, counts_by_kind
from tvmgitlib.library.reading.contents import (
    ATTRIBUTES_FILE,
    INVALIDATING,
    Contents,
    is_derived,
    is_own,
    signature_files,
)
from tvmgitlib.library.reading.departures import Departure, departures, removed_segments
from tvmgitlib.library.reading.doubts import Doubts, Signatures, Trust
from tvmgitlib.library.reading.exporting import Exported, export, mixed_targets
from tvmgitlib.library.reading.grading import (
    ACCEPTS,
    GRADES,
    SHOWN,
    SUSPECT,
    TAKEN,
    UNTRUSTED,
    Accept,
    Grader,
    Obstacle,
    Shown,
    Taken,
    is_doubtful,
    is_exact,
    require_one_of,
    splits_groups,
)
from tvmgitlib.library.reading.job_log import log
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.lookup import STATES, SUGGESTED, Lookup, Outcome, Summary, platform_of
from tvmgitlib.library.reading.neighbours import meant
from tvmgitlib.library.reading.platform_names import platform_folders, refuse_other_case
from tvmgitlib.library.reading.queries import best, choose, near_names, nearest, platforms, selected, trials
from tvmgitlib.library.reading.results import BestConfig, LogEntry, Placed, Problem, SignedBy, WorkloadEffort
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.library.reading.task_histories import histories

__all__ = [
    "ACCEPTS",
    "ATTRIBUTES_FILE",
    "GRADES",
    "INVALIDATING",
    "SHOWN",
    "STATES",
    "SUGGESTED",
    "SUSPECT",
    "TAKEN",
    "UNTRUSTED",
    "Accept",
    "BestConfig",
    "Blame",
    "ConfigChange",
    "Contents",
    "Departure",
    "Doubts",
    "Exported",
    "Grader",
    "LogEntry",
    "Lookup",
    "Obstacle",
    "Outcome",
    "Placed",
    "Problem",
    "Selection",
    "Shown",
    "Signatures",
    "SignedBy",
    "Summary",
    "Taken",
    "Trust",
    "WorkloadEffort",
    "best",
    "blame",
    "choose",
    "compare",
    "counts_by_kind",
    "departures",
    "export",
    "histories",
    "is_derived",
    "is_doubtful",
    "is_exact",
    "is_own",
    "log",
    "meant",
    "mixed_targets",
    "near_names",
    "nearest",
    "platform_folders",
    "platform_of",
    "platforms",
    "refuse_other_case",
    "removed_segments",
    "require_one_of",
    "selected",
    "signature_files",
    "splits_groups",
    "trials",
    "workload_label",
]
