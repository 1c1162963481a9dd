"""Plain Git in a clone, with our program, without it, and after the Python that made the clone is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import drivers

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]

#: The attributes of libraries that earlier versions made.
EARLIER = """\
tvmgitlib.json -text
jobs/** -text diff=tvmgitlib
configs/** -text diff=tvmgitlib merge=tvmgitlib
"""


def plain(folder: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Git as somebody who has Git and nothing of ours: no program on the path, no variable."""
    tools = tmp_path / "only-git"
    if not tools.is_dir():
        tools.mkdir()
        for name in ("git", "sh", "cat"):
            (tools / name).symlink_to(str(shutil.which(name)))
    env = {"PATH": str(tools), "HOME": os.environ["HOME"], "GIT_PAGER": "cat"}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def forked(library: ConfigLibrary, make_log: MakeLog, git: Git, once: Once) -> ConfigLibrary:
    """`main` and `side` with a job each on the workload that they share, and a new one; `main` is checked out."""

    def make() -> None:
        library.import_logs(make_log("dense", [5e-3]), platform="box")
        git(library.path, "switch", "-q", "-c", "side")
        library.import_logs(make_log("dense", [1e-3]), make_log("conv", [1e-3]), platform="box")
        git(library.path, "switch", "-q", "main")
        library.import_logs(make_log("dense", [2e-3]), make_log("pool", [1e-3]), platform="box")

    once(make)
    return library


def mended(library: ConfigLibrary, git: Git) -> list[float]:
    """The costs of the best configs, which are the same before a rebuild and after it."""
    before = sorted(config.cost for config in library.best())
    library.rebuild()
    assert library.check() == []
    assert git(library.path, "status", "--porcelain") == ""
    assert sorted(config.cost for config in library.best()) == before
    return before


@pytest.mark.parametrize("made", ["by us", "by plain git"])
def test_a_plain_merge_without_our_program_has_no_conflict(
    forked: ConfigLibrary, git: Git, tmp_path: Path, made: str
) -> None:
    if made == "by us":
        clone = ConfigLibrary.clone(str(forked.path), tmp_path / "clone").path
    else:
        clone = tmp_path / "clone"
        git(tmp_path, "clone", "-q", str(forked.path), str(clone))
    done = plain(clone, tmp_path, "merge", "--no-edit", "origin/side")
    assert done.returncode == 0, done.stdout + done.stderr
    assert mended(ConfigLibrary(clone), git) == [1e-3, 1e-3, 1e-3]


def test_what_a_plain_merge_leaves_in_configs_has_the_best_records_of_both(
    forked: ConfigLibrary, tmp_path: Path
) -> None:
    assert plain(forked.path, tmp_path, "merge", "--no-edit", "side").returncode == 0
    (file,) = (forked.path / "configs").glob("*/box/autotvm.jsonl")
    assert file.read_text().count('"conv"') == file.read_text().count('"pool"') == 1


@pytest.mark.parametrize("clone", ["of now", "of an earlier version"])
def test_a_merge_in_a_library_of_an_earlier_version_has_no_conflict(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path, clone: str
) -> None:
    (library.path / ".gitattributes").write_text(EARLIER)
    git(library.path, "commit", "-qam", "As an earlier version made it")
    git(library.path, "branch", "side")
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    git(library.path, "switch", "-q", "side")
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    if clone == "of now":
        done = plain(library.path, tmp_path, "merge", "--no-edit", "main")
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        driver = f"'{sys.executable}' -m tvmgitlib driver merge %O %A %B"
        git(library.path, "config", "merge.tvmgitlib.driver", driver)
        git(library.path, "merge", "--no-edit", "main")
    assert mended(library, git) == [1e-3]
    assert "merge=union" in (library.path / ".gitattributes").read_text()
    assert "merge=tvmgitlib" not in (library.path / ".gitattributes").read_text()


def test_a_rebuild_sets_the_drivers_of_a_clone_up(forked: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(forked.path), "clone")
    clone = ConfigLibrary(tmp_path / "clone")
    assert clone.rebuild() is None
    assert "tvmgitlib" in git(clone.path, "config", "diff.tvmgitlib.textconv")


@pytest.mark.parametrize(
    "command", [["diff", "HEAD~1"], ["log", "-p"], ["show"], ["blame", "--textconv", "configs/.fold"]]
)
def test_plain_git_shows_changes_without_our_program(
    forked: ConfigLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """As in a clone whose virtual environment was deleted since."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "it's gone" / "bin" / "python"))
    drivers.configure_drivers(ConfigLibrary(forked.path)._view.repository)
    done = plain(forked.path, tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert '"jobs"' in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nkill $$\n", "not a program"])
def test_plain_git_shows_changes_though_our_program_is_broken(
    forked: ConfigLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    broken = tmp_path / "python"
    broken.write_text(program)
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    drivers.configure_drivers(ConfigLibrary(forked.path)._view.repository)
    done = plain(forked.path, tmp_path, "log", "-p")
    assert done.returncode == 0, done.stderr
    assert '"jobs"' in done.stdout


def test_plain_git_shows_records_for_people_where_our_program_is_there(forked: ConfigLibrary, tmp_path: Path) -> None:
    """The Python that made the library is found though it is not on the path; nothing of the work tree is run."""
    (forked.path / "tvmgitlib").mkdir()
    (forked.path / "tvmgitlib" / "__main__.py").write_text("raise SystemExit('planted')\n")
    (forked.path / "orjson.py").write_text("raise SystemExit('planted')\n")
    done = plain(forked.path, tmp_path, "diff", "HEAD~1", "--", "configs")
    assert done.returncode == 0, done.stderr
    assert "+2.000000e-03 s  dense(8, 8, f32)  llvm" in done.stdout


def test_drivers_are_set_up_once(library: ConfigLibrary) -> None:
    before = (library.path / ".git" / "config").read_bytes()
    library.rebuild()
    assert (library.path / ".git" / "config").read_bytes() == before
