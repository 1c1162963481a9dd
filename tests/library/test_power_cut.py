"""A power cut right after any fsync, with all dropped that was not waited for, takes no acknowledged job."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cutting import build_shim, cut_while, jobs_after

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


if shutil.which("cc"):
    SCRIPTS = {
        "finish": "library.finish_job()",
        "import": "library.import_logs(sys.argv[-1], platform='box')",
        "sync": "library.sync()",
        "gc": "library.gc()",
        "gathering": "gathering.PACKS = 1; library.import_logs(sys.argv[-1], platform='box')",
    }

    @pytest.mark.slow
    @pytest.mark.parametrize("what", SCRIPTS)
    def test_no_acknowledged_job_is_lost(
        library: ConfigLibrary, make_log: MakeLog, shim: Path, tmp_path: Path, git: Git, what: str
    ) -> None:
        before = library.import_logs(make_log("dense", [1e-3]), platform="box").job
        if what in ("gc", "gathering"):  # packs, a ref that is packed already, and one that is not
            library.import_logs(make_log("pool", [1e-3]), platform="box")
            git(library.path, "pack-refs", "--all")
            library.import_logs(make_log("conv", [1e-3]), platform="box")
        if what == "sync":  # with something on either side, so that jobs are replayed and the branch moves
            git(tmp_path, "clone", "--quiet", "--bare", str(library.path), "remote.git")
            git(library.path, "remote", "add", "origin", str(tmp_path / "remote.git"))
            other = ConfigLibrary.clone((tmp_path / "remote.git").as_uri(), tmp_path / "other")
            other.import_logs(make_log("pool", [1e-3]), platform="box")
            other.sync()
            library.import_logs(make_log("conv", [1e-3]), platform="box")
        log = make_log("relu", [1e-3])
        if what == "finish":
            shutil.copy(log, library.begin_job(platform="box").log)
        known = {entry.job for entry in library.log()}
        script = (
            "import sys\nfrom tvmgitlib import ConfigLibrary\nfrom tvmgitlib.store.landing import gathering\n"
            f"library = ConfigLibrary(sys.argv[1])\n{SCRIPTS[what]}\n"
        )
        command = [sys.executable, "-c", script, str(library.path), *map(str, sorted(tmp_path.glob("*.log")))]
        (disk,), done = cut_while(command, shim, tmp_path / "told", [library.path])
        assert done.returncode == 0, done.stderr
        after = {entry.job for entry in ConfigLibrary(library.path).log()}
        assert before in known and known <= after and (known < after or what == "gc") and len(disk.cuts) > 3
        for cut in disk.cuts:
            assert known <= jobs_after(cut, tmp_path / "after", git)
        assert jobs_after(disk.cuts[-1], tmp_path / "after", git) == after
