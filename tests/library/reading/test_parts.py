"""What a question reads of configs/: no more than the files and workloads that it is about, and its answer is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.library.reading import Contents, Grader, Lookup
from tvmgitlib.library.reading.contents import only
from tvmgitlib.library.reading.selection import WHOLE, Part
from tvmgitlib.model import StoredRecord, TvmVersion, configs_path
from tvmgitlib.rules.fold import Configs

TVM = "hhb-tvm==0.16.dev0"
