"""All bytes of the library: schemas, segments, files of configs/, the fold stamp, settings and lock files."""

from tvmgitlib.format.configs import configs_file, ranked_lines, read_configs
from tvmgitlib.format.histories import is_writable
from tvmgitlib.format.leads import Lead
from tvmgitlib.format.lines import MAX_LINE, lines_of, too_long
from tvmgitlib.format.lock import LOCK_FILE, read_lock
from tvmgitlib.format.records_file import RecordsFile
from tvmgitlib.format.segment import read_segment, read_stored, store, task_order, write_segment
from tvmgitlib.format.settings import SETTINGS_FILE, read_settings, write_settings
from tvmgitlib.format.skimming import ADDING, SkimmedSection, SkimmedTask, skim_segment
from tvmgitlib.format.stamp import FOLD_FILE, FoldStamp, Tally, read_stamp

__all__ = [
    "ADDING",
    "FOLD_FILE",
    "LOCK_FILE",
    "MAX_LINE",
    "SETTINGS_FILE",
    "FoldStamp",
    "Lead",
    "RecordsFile",
    "SkimmedSection",
    "SkimmedTask",
    "Tally",
    "configs_file",
    "is_writable",
    "lines_of",
    "ranked_lines",
    "read_configs",
    "read_lock",
    "read_segment",
    "read_settings",
    "read_stamp",
    "read_stored",
    "skim_segment",
    "store",
    "task_order",
    "too_long",
    "write_segment",
    "write_settings",
]
