"""Remake this example from its logs, byte for byte the same every time.

python make.py           remake tvmgitlib.json, .gitattributes, jobs/ and configs/ beside this file
python make.py PATH      make the library at PATH: a Git repository, with its history
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tvmgitlib import ConfigLibrary

HERE = Path(__file__).resolve().parent
LOGS = HERE / "logs"
PARTS = ("tvmgitlib.json", ".gitattributes", "jobs", "configs")

HHB = "hhb-tvm==0.16.dev0"
APACHE = "apache-tvm==0.27.0.post1"
IMPORTS = (  # one job each, in this order
    ("autotvm/t0_tvmgitlib_matmul_random.log", HHB),
    ("autotvm/t0_tvmgitlib_matmul_xgb.log", HHB),
    ("autotvm/t2_conv2d_NCHWc_x86_random.log", HHB),
    ("autotvm/t2_conv2d_NCHWc_x86_xgb.log", HHB),
    ("ansor/mm_128x128x128.json", HHB),
    ("metaschedule/v27_mm128", APACHE),
)

#: What Git would take from the machine, the user and the clock.
GIT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_AUTHOR_NAME": "Example Author",
    "GIT_AUTHOR_EMAIL": "author@example.com",
    "GIT_COMMITTER_NAME": "Example Author",
    "GIT_COMMITTER_EMAIL": "author@example.com",
}
BEGIN = datetime(2026, 11, 22, 13, 0, tzinfo=timezone.utc)


def main() -> None:
    """Remake the files beside this one, or make the whole library somewhere else."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ.update(GIT)
    if len(sys.argv) > 1:
        build(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch, "library")
        build(library)
        for part in PARTS:
            replace(HERE / part, library / part)


def build(path: Path) -> None:
    """Make the library with one commit for each import, a minute apart."""
    set_date(0)
    library = ConfigLibrary.init(path)
    for minute, (log, tvm) in enumerate(IMPORTS, start=1):
        set_date(minute)
        library.import_logs(LOGS / log, platform="avx512-2core", facts={"cpu": {"cores": 2}}, tvm=tvm)


def set_date(minute: int) -> None:
    """Set the clock that Git dates commits by."""
    date = (BEGIN + timedelta(minutes=minute)).isoformat()
    os.environ.update(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)


def replace(old: Path, new: Path) -> None:
    """Put a file or folder in the place of another."""
    if new.is_dir():
        shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(new, old)
    else:
        shutil.copyfile(new, old)


if __name__ == "__main__":
    main()
