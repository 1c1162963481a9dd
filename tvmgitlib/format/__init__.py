"""All bytes of the library: schemas, segments, files of configs/, the fold stamp, settings and lock files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.format.checkpoint import CHECKPOINT_FILE as CHECKPOINT_FILE
    from tvmgitlib.format.checkpoint import read_checkpoint as read_checkpoint
    from tvmgitlib.format.configs import RecordsFile as RecordsFile
    from tvmgitlib.format.configs import configs_file as configs_file
    from tvmgitlib.format.configs import ranked_lines as ranked_lines
    from tvmgitlib.format.configs import read_configs as read_configs
    from tvmgitlib.format.histories import is_writable as is_writable
    from tvmgitlib.format.leads import Lead as Lead
    from tvmgitlib.format.lines import MAX_LINE as MAX_LINE
    from tvmgitlib.format.lines import lines_of as lines_of
    from tvmgitlib.format.lines import too_long as too_long
    from tvmgitlib.format.lock import LOCK_FILE as LOCK_FILE
    from tvmgitlib.format.lock import read_lock as read_lock
    from tvmgitlib.format.samples import pack_sample as pack_sample
    from tvmgitlib.format.samples import unpack_sample as unpack_sample
    from tvmgitlib.format.segment import read_segment as read_segment
    from tvmgitlib.format.segment import section_line as section_line
    from tvmgitlib.format.segment import section_of as section_of
    from tvmgitlib.format.segment import task_order as task_order
    from tvmgitlib.format.segment import write_segment as write_segment
    from tvmgitlib.format.settings import SETTINGS_FILE as SETTINGS_FILE
    from tvmgitlib.format.settings import read_settings as read_settings
    from tvmgitlib.format.settings import write_settings as write_settings
    from tvmgitlib.format.skimming import ADDING as ADDING
    from tvmgitlib.format.skimming import SkimmedSection as SkimmedSection
    from tvmgitlib.format.skimming import SkimmedTask as SkimmedTask
    from tvmgitlib.format.skimming import skim_segment as skim_segment
    from tvmgitlib.format.stamp import FOLD_FILE as FOLD_FILE
    from tvmgitlib.format.stamp import FoldStamp as FoldStamp
    from tvmgitlib.format.stamp import Tally as Tally
    from tvmgitlib.format.stamp import read_stamp as read_stamp
    from tvmgitlib.format.stored import read_stored as read_stored
    from tvmgitlib.format.stored import store as store

_NAMES = {
    "checkpoint": "CHECKPOINT_FILE read_checkpoint",
    "configs": "RecordsFile configs_file ranked_lines read_configs",
    "histories": "is_writable",
    "leads": "Lead",
    "lines": "MAX_LINE lines_of too_long",
    "lock": "LOCK_FILE read_lock",
    "samples": "pack_sample unpack_sample",
    "segment": "read_segment section_line section_of task_order write_segment",
    "settings": "SETTINGS_FILE read_settings write_settings",
    "skimming": "ADDING SkimmedSection SkimmedTask skim_segment",
    "stamp": "FOLD_FILE FoldStamp Tally read_stamp",
    "stored": "read_stored store",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
