"""Remake this example from its logs, the same every time.

python make.py           remake tvmgitlib.json, .gitattributes, jobs/, configs/ and library.bundle beside this file
python make.py PATH      make the library at PATH: a Git repository, with its history
python make.py PATH all  go on from there, as library.bundle has it; for that, it takes the logs of the project's tests
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tvmgitlib import Condemned, ConfigLibrary
from tvmgitlib.rules.matching import TvmRule

HERE = Path(__file__).resolve().parent
LOGS = HERE / "logs"
MORE_LOGS = HERE.parent / "tests" / "data" / "tvm-logs"
PARTS = ("tvmgitlib.json", ".gitattributes", "jobs", "configs")
BUNDLE = HERE / "library.bundle"

HHB = "hhb-tvm==0.16.dev0"
APACHE = "apache-tvm==0.27.0.post1"
APACHE_BEFORE = "apache-tvm==0.25.0.post1"
HOST: dict[str, Any] = {"platform": "avx512-2core", "facts": {"cpu": {"cores": 2}}}
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
#: The config that the job of `tune` found the best, which another tuner measured as well: that is taken for measuring
#: it again.
BEST = 120

BEGIN = datetime(2026, 11, 22, 13, 0, tzinfo=timezone.utc)


def main() -> None:
    """Remake the files beside this one, or make the whole library somewhere else."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ.update(GIT)
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        library = build(path)
        if sys.argv[2:] == ["all"]:
            go_on(library)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "library")
        library = build(path)
        for part in PARTS:
            replace(HERE / part, path / part)
        go_on(library)
        bundle(path)


def build(path: Path) -> ConfigLibrary:
    """Make the library with one commit for each import, a minute apart."""
    set_date(0)
    library = ConfigLibrary.init(path)
    for minute, (log, tvm) in enumerate(IMPORTS, start=1):
        set_date(minute)
        library.import_logs(LOGS / log, tvm=tvm, **HOST)
    return library


def go_on(library: ConfigLibrary) -> None:
    """Add what a library comes to have in use, a minute apart; a step is what comes between two `yield`s."""
    for minute, _ in enumerate(steps(library), start=len(IMPORTS) + 1):
        set_date(minute)


def steps(library: ConfigLibrary) -> Iterator[None]:
    """A job that was tuned into the library, a second target, an upgrade of TVM, a mistake, and what follows."""
    random, xgb = (MORE_LOGS / "autotvm" / f"t1_tvmgitlib_matmul_{name}.log" for name in ("random", "xgb"))
    yield
    tune(library, xgb.read_bytes(), tuner="xgb", options={"n_trial": 32}, keep_history=True)
    yield
    library.import_logs(
        MORE_LOGS / "metaschedule" / "h100_matmul_256",
        platform="h100",
        facts={"clocks": {"sm_mhz": 1980}},
        tvm=APACHE,
        keep_history=True,
    )
    yield
    library.import_logs(MORE_LOGS / "metaschedule" / "v25_mm128", tvm=APACHE_BEFORE, **HOST)
    yield
    mistake = library.import_logs(MORE_LOGS / "autotvm" / "t2_conv2d_NCHWc_x86_ga.log", tvm=HHB, **HOST)
    yield
    library.revert(mistake.job, reason="another job ran on the machine meanwhile")
    yield
    library.invalidate(Condemned(tvm=TvmRule.parse("apache-tvm<0.26")), "we build with 0.27 now")
    yield
    lines = random.read_bytes().splitlines(keepends=True)
    again = b"".join(line for line in lines if json.loads(line)["config"]["index"] == BEST)
    tune(library, again, kind="revalidate")


def tune(library: ConfigLibrary, log: bytes, **told: Any) -> None:
    """A job to which a tuner logs."""
    job = library.begin_job(tvm=HHB, **HOST, **told)
    job.log.write_bytes(log)
    library.finish_job(job.id)


def bundle(path: Path) -> None:
    """Put the branch and the kept histories into one file, unless it has them already: packs are not the same twice."""
    git = ("git", "-C", str(path))
    refs = subprocess.run([*git, "show-ref", "--head"], check=True, capture_output=True).stdout
    if BUNDLE.exists():
        listed = subprocess.run([*git, "bundle", "list-heads", str(BUNDLE)], capture_output=True, check=False).stdout
        if sorted(listed.splitlines()) == sorted(refs.splitlines()):
            return
    subprocess.run([*git, "bundle", "create", "--quiet", str(BUNDLE), "--all", "HEAD"], check=True)


def set_date(minute: int) -> None:
    """Set the clock that Git and the library go by, and what else they would draw: the ids of jobs."""
    now = BEGIN + timedelta(minutes=minute)
    os.environ.update(GIT_AUTHOR_DATE=now.isoformat(), GIT_COMMITTER_DATE=now.isoformat())
    drawn = iter(range(sys.maxsize))
    time.time = now.timestamp
    secrets.token_hex = lambda digits=None: hashlib.sha256(f"{minute} {next(drawn)}".encode()).hexdigest()[: 2 * digits]


def replace(old: Path, new: Path) -> None:
    """Put a file or folder in the place of another."""
    if new.is_dir():
        shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(new, old)
    else:
        shutil.copyfile(new, old)


if __name__ == "__main__":
    main()
