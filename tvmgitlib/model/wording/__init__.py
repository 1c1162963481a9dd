"""What people are told: failures, progress, and names, counts and times in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.model.wording.errors import FamilyError as FamilyError
    from tvmgitlib.model.wording.errors import FleetError as FleetError
    from tvmgitlib.model.wording.errors import GitError as GitError
    from tvmgitlib.model.wording.errors import JobError as JobError
    from tvmgitlib.model.wording.errors import LibraryError as LibraryError
    from tvmgitlib.model.wording.errors import MissingError as MissingError
    from tvmgitlib.model.wording.errors import NoRemoteError as NoRemoteError
    from tvmgitlib.model.wording.errors import NoRuleError as NoRuleError
    from tvmgitlib.model.wording.errors import PlatformError as PlatformError
    from tvmgitlib.model.wording.errors import RecordError as RecordError
    from tvmgitlib.model.wording.errors import SelectionError as SelectionError
    from tvmgitlib.model.wording.errors import SettingsError as SettingsError
    from tvmgitlib.model.wording.errors import TakenError as TakenError
    from tvmgitlib.model.wording.errors import TargetError as TargetError
    from tvmgitlib.model.wording.errors import TvmError as TvmError
    from tvmgitlib.model.wording.errors import TvmgitlibError as TvmgitlibError
    from tvmgitlib.model.wording.errors import UnsentError as UnsentError
    from tvmgitlib.model.wording.progress import counted as counted
    from tvmgitlib.model.wording.progress import is_progress_told as is_progress_told
    from tvmgitlib.model.wording.progress import tell_progress as tell_progress
    from tvmgitlib.model.wording.text import MOST_NAMES as MOST_NAMES
    from tvmgitlib.model.wording.text import duration as duration
    from tvmgitlib.model.wording.text import listed as listed
    from tvmgitlib.model.wording.text import plain as plain
    from tvmgitlib.model.wording.text import plain_line as plain_line
    from tvmgitlib.model.wording.text import plural as plural
    from tvmgitlib.model.wording.text import rough as rough
    from tvmgitlib.model.wording.text import typed as typed

_NAMES = {
    "errors": (
        "FamilyError FleetError GitError JobError LibraryError MissingError NoRemoteError NoRuleError "
        "PlatformError RecordError SelectionError SettingsError TakenError TargetError TvmError "
        "TvmgitlibError UnsentError"
    ),
    "progress": "counted is_progress_told tell_progress",
    "text": "MOST_NAMES duration listed plain plain_line plural rough typed",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
