"""Questions: what a library holds in one commit, graded, selected and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.reading.comparing import Blame as Blame
    from tvmgitlib.library.reading.comparing import ConfigChange as ConfigChange
    from tvmgitlib.library.reading.comparing import blame as blame
    from tvmgitlib.library.reading.comparing import compare as compare
    from tvmgitlib.library.reading.comparing import counts_by_kind as counts_by_kind
    from tvmgitlib.library.reading.contents import ATTRIBUTES_FILE as ATTRIBUTES_FILE
    from tvmgitlib.library.reading.contents import INVALIDATING as INVALIDATING
    from tvmgitlib.library.reading.contents import Contents as Contents
    from tvmgitlib.library.reading.contents import is_derived as is_derived
    from tvmgitlib.library.reading.contents import is_own as is_own
    from tvmgitlib.library.reading.contents import new_jobs as new_jobs
    from tvmgitlib.library.reading.contents import signature_files as signature_files
    from tvmgitlib.library.reading.departed import Departure as Departure
    from tvmgitlib.library.reading.departed import departures as departures
    from tvmgitlib.library.reading.departed import removed_segments as removed_segments
    from tvmgitlib.library.reading.doubts import Doubts as Doubts
    from tvmgitlib.library.reading.doubts import Signatures as Signatures
    from tvmgitlib.library.reading.doubts import Trust as Trust
    from tvmgitlib.library.reading.efforts import WorkloadEffort as WorkloadEffort
    from tvmgitlib.library.reading.efforts import histories as histories
    from tvmgitlib.library.reading.efforts import trials as trials
    from tvmgitlib.library.reading.exporting import Exported as Exported
    from tvmgitlib.library.reading.exporting import export as export
    from tvmgitlib.library.reading.exporting import mixed_targets as mixed_targets
    from tvmgitlib.library.reading.grading import ACCEPTS as ACCEPTS
    from tvmgitlib.library.reading.grading import GRADES as GRADES
    from tvmgitlib.library.reading.grading import SHOWN as SHOWN
    from tvmgitlib.library.reading.grading import SUSPECT as SUSPECT
    from tvmgitlib.library.reading.grading import TAKEN as TAKEN
    from tvmgitlib.library.reading.grading import UNTRUSTED as UNTRUSTED
    from tvmgitlib.library.reading.grading import Accept as Accept
    from tvmgitlib.library.reading.grading import Grader as Grader
    from tvmgitlib.library.reading.grading import Obstacle as Obstacle
    from tvmgitlib.library.reading.grading import Shown as Shown
    from tvmgitlib.library.reading.grading import Taken as Taken
    from tvmgitlib.library.reading.grading import is_doubtful as is_doubtful
    from tvmgitlib.library.reading.grading import is_exact as is_exact
    from tvmgitlib.library.reading.grading import require_one_of as require_one_of
    from tvmgitlib.library.reading.grading import splits_groups as splits_groups
    from tvmgitlib.library.reading.job_log import LogEntry as LogEntry
    from tvmgitlib.library.reading.job_log import log as log
    from tvmgitlib.library.reading.labels import workload_label as workload_label
    from tvmgitlib.library.reading.lookup import STATES as STATES
    from tvmgitlib.library.reading.lookup import SUGGESTED as SUGGESTED
    from tvmgitlib.library.reading.lookup import Lookup as Lookup
    from tvmgitlib.library.reading.lookup import Outcome as Outcome
    from tvmgitlib.library.reading.lookup import Summary as Summary
    from tvmgitlib.library.reading.lookup import platform_of as platform_of
    from tvmgitlib.library.reading.neighbours import meant as meant
    from tvmgitlib.library.reading.neighbours import near_names as near_names
    from tvmgitlib.library.reading.neighbours import nearest as nearest
    from tvmgitlib.library.reading.platform_names import platform_folders as platform_folders
    from tvmgitlib.library.reading.platform_names import refuse_other_case as refuse_other_case
    from tvmgitlib.library.reading.queries import best as best
    from tvmgitlib.library.reading.queries import choose as choose
    from tvmgitlib.library.reading.queries import platforms as platforms
    from tvmgitlib.library.reading.queries import selected as selected
    from tvmgitlib.library.reading.results import BestConfig as BestConfig
    from tvmgitlib.library.reading.results import Placed as Placed
    from tvmgitlib.library.reading.results import SignedBy as SignedBy
    from tvmgitlib.library.reading.selection import Selection as Selection

_NAMES = {
    "comparing": "Blame ConfigChange blame compare counts_by_kind",
    "contents": "ATTRIBUTES_FILE Contents INVALIDATING is_derived is_own new_jobs signature_files",
    "departed": "Departure departures removed_segments",
    "doubts": "Doubts Signatures Trust",
    "efforts": "WorkloadEffort histories trials",
    "exporting": "Exported export mixed_targets",
    "grading": (
        "ACCEPTS Accept GRADES Grader Obstacle SHOWN SUSPECT Shown TAKEN Taken UNTRUSTED is_doubtful is_exact "
        "require_one_of splits_groups"
    ),
    "job_log": "LogEntry log",
    "labels": "workload_label",
    "lookup": "Lookup Outcome STATES SUGGESTED Summary platform_of",
    "neighbours": "meant near_names nearest",
    "platform_names": "platform_folders refuse_other_case",
    "queries": "best choose platforms selected",
    "results": "BestConfig Placed SignedBy",
    "selection": "Selection",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
