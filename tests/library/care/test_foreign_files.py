"""What is not the library's in a library's repository: named where it is in the way, never used, never removed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import PlatformError

Git = Callable[..., str]
MakeLog = Callable[..., Path]

FOREIGN = ["jobs/README.md", "jobs/00/notes.txt", "configs/.gitkeep", "configs/a/b/c/d"]


def commit(library: ConfigLibrary, git: Git, message: str = "By hand") -> None:
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", message)


def put(library: ConfigLibrary, path: str, content: str = "ours\n") -> None:
    (library.path / path).parent.mkdir(parents=True, exist_ok=True)
    (library.path / path).write_text(content)


@pytest.fixture
def library(library: ConfigLibrary, make_log: MakeLog) -> ConfigLibrary:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    return library


@pytest.mark.parametrize("path", FOREIGN)
def test_a_foreign_file_is_named_and_stays(library: ConfigLibrary, make_log: MakeLog, git: Git, path: str) -> None:
    put(library, path)
    commit(library, git)
    assert [config.cost for config in library.best()] == [1e-3]
    library.rebuild()
    (problem,) = library.check()
    assert (problem.file, problem.message.partition(":")[0]) == (path, "not the library's own")
    job = library.import_logs(make_log("dense", [5e-4]), platform="box").job
    assert job is not None
    library.configure("keep", 3)
    library.revert(job)
    (library.path / "configs" / ".fold").unlink()
    commit(library, git, "Make it stale")
    assert library.rebuild() is not None
    assert git(library.path, "show", f"HEAD:{path}") == "ours\n"
    assert (library.path / path).read_text() == "ours\n"
    assert [problem.file for problem in library.check()] == [path]
    git(library.path, "rm", "-q", path)
    git(library.path, "commit", "-q", "-m", "Away")
    library.rebuild()
    assert library.check() == []


def test_configs_of_a_family_that_is_not_installed_are_named_and_stay(
    library: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    path = "configs/a/b/absent.jsonl"
    put(library, path)
    commit(library, git)
    (problem,) = library.check()
    assert problem.file == path
    assert "absent" in problem.message
    assert library.rebuild() is None
    library.configure("keep", 3)
    assert (library.path / path).read_text() == "ours\n"


def test_foreign_files_of_both_sides_are_merged_and_travel(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(library.path, "remote", "add", "origin", str(tmp_path / "remote.git"))
    library.sync()
    other = ConfigLibrary.clone(str(tmp_path / "remote.git"), tmp_path / "other")
    put(other, "configs/mine.txt")
    put(other, "jobs/mine.txt")
    commit(other, git)
    library.import_logs(make_log("dense", [5e-4]), platform="box")
    library.sync()
    other.sync()
    library.sync()
    assert (library.path / "configs" / "mine.txt").read_text() == "ours\n"
    assert (library.path / "jobs" / "mine.txt").read_text() == "ours\n"
    git(library.path, "switch", "-q", "-c", "side", "HEAD~1")
    put(library, "configs/side.txt")
    commit(library, git)
    git(library.path, "switch", "-q", "main")
    library.merge("side")
    assert (library.path / "configs" / "side.txt").is_file()


@pytest.mark.parametrize(
    "path", ["Jobs/00/x.jsonl", "CONFIGS/a", "TVMGITLIB.json", ".gitAttributes", "job\u017f/x", "con\u200bfigs/x"]
)
def test_what_many_file_systems_take_for_the_librarys_own_is_named(
    library: ConfigLibrary, make_log: MakeLog, git: Git, path: str
) -> None:
    assert library.check() == []
    blob = git(library.path, "rev-parse", "HEAD:tvmgitlib.json").strip()
    git(library.path, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    git(library.path, "commit", "-q", "-m", "Beside")
    for full in (False, True):
        (problem,) = library.at("HEAD").check(full=full)
        assert "many file systems cannot tell it from" in problem.message
    library.import_logs(make_log("conv", [5e-4]), platform="box")
    assert len(library.at("HEAD").check()) == 1
    git(library.path, "rm", "-r", "-q", "--cached", path.partition("/")[0])
    git(library.path, "commit", "-q", "-m", "Without")
    assert library.check() == []


@pytest.mark.slow
def test_a_users_folder_of_any_size_travels(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path, cli: Any
) -> None:
    """With more entries than any folder of a library, on both sides of a merge."""
    put(library, "data/first")
    commit(library, git)
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "remote.git")
    git(library.path, "remote", "add", "origin", str(tmp_path / "remote.git"))
    library.sync()
    other = ConfigLibrary.clone(str(tmp_path / "remote.git"), tmp_path / "other")
    for path in (other.path, library.path):  # to write so many files would take a while
        git(path, "sparse-checkout", "set", "--no-cone", "/*", "!/data/")
    blob = git(other.path, "rev-parse", "HEAD:tvmgitlib.json").strip()
    listed = "".join(f"100644 {blob} 0\tdata/{number:06}\n" for number in range(140_000))
    subprocess.run(["git", "-C", other.path, "update-index", "--index-info"], input=listed, text=True, check=True)
    git(other.path, "sparse-checkout", "reapply")
    git(other.path, "commit", "-q", "-m", "Data")
    before = other.commit
    job = other.import_logs(make_log("dense", [1e-3]), platform="box").job
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    other.sync()
    cli.library = other.path
    assert cli("hook", "check", f"{before}~1", "HEAD").code == 0, cli.err
    library.sync()
    assert job in {entry.job for entry in library.log()}
    assert library.check() == []
    assert git(library.path, "ls-files", "data").count("\n") == 140_001
    assert git(library.path, "status", "--porcelain") == ""


# .gitattributes


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_users_attributes_before_ours_change_nothing(tmp_path: Path, make_log: MakeLog, git: Git, end: str) -> None:
    (tmp_path / "code").mkdir()
    git(tmp_path / "code", "init", "-q", "-b", "main")
    mine = "* text=auto ident\n*.jsonl filter=big diff=big merge=big working-tree-encoding=UTF-16" + end
    (tmp_path / "code" / ".gitattributes").write_text(mine)
    git(tmp_path / "code", "config", "filter.big.clean", "false")
    git(tmp_path / "code", "config", "filter.big.smudge", "false")
    git(tmp_path / "code", "config", "filter.big.required", "true")
    git(tmp_path / "code", "add", ".gitattributes")
    git(tmp_path / "code", "commit", "-q", "-m", "Attributes")
    library = ConfigLibrary.init(tmp_path / "code")
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    assert library.check() == []
    assert (library.path / ".gitattributes").read_text().startswith(mine.rstrip("\n") + "\n")
    git(library.path, "checkout", "-q", "HEAD~1")
    git(library.path, "checkout", "-q", "main")
    assert library.check() == []


@pytest.mark.parametrize(
    "mine", ["*.jsonl filter=lfs diff=lfs merge=lfs -text", "* text=auto", "jobs/** ident", "* -text=x eol=crlf text"]
)
def test_a_users_attributes_after_ours_are_named_and_a_rebuild_puts_ours_last(
    library: ConfigLibrary, git: Git, mine: str
) -> None:
    with (library.path / ".gitattributes").open("a") as file:
        file.write(f"{mine}\n")
    commit(library, git)
    problems = [problem for problem in library.check() if problem.file == ".gitattributes"]
    assert len(problems) == 1
    assert "lets Git change the bytes of" in problems[0].message
    assert library.rebuild() is not None
    assert library.check() == []
    assert f"{mine}\n" in (library.path / ".gitattributes").read_text()


def test_a_users_attributes_of_other_files_are_nobodys_business(library: ConfigLibrary, git: Git) -> None:
    with (library.path / ".gitattributes").open("a") as file:
        file.write("*.md text\n")
    commit(library, git)
    assert library.check() == []
    assert library.rebuild() is None


# Names of platforms


def test_a_platform_that_differs_only_in_case_is_refused(library: ConfigLibrary, make_log: MakeLog, cli) -> None:
    before = library.commit
    with pytest.raises(PlatformError, match="'Box' differs only in case from 'box'") as caught:
        library.import_logs(make_log("conv", [1e-3]), platform="Box")
    assert "--platform box" in str(caught.value)
    with pytest.raises(PlatformError, match="'BOX' differs only in case"):
        library.begin_job("llvm -mcpu=cortex-a72 -mtriple=aarch64-linux-gnu -model=BOX")
    with pytest.raises(PlatformError, match="'Box' differs only in case"):
        library.begin_job(platform="Box")
    assert cli("job", "start", "--platform", "BOx").code == 4
    assert library.open_jobs() == []
    assert library.commit == before
    library.import_logs(make_log("conv", [1e-3]), platform="box")


def test_two_platforms_of_one_import_that_differ_only_in_case_are_refused(
    library: ConfigLibrary, make_log: MakeLog
) -> None:
    target = "llvm -mcpu=cortex-a72 -mtriple=aarch64-linux-gnu -model="
    with pytest.raises(PlatformError, match="differs only in case"):
        library.import_logs(
            make_log("a", [1e-3], target=f"{target}rk3399"), make_log("b", [1e-3], target=f"{target}RK3399")
        )


def test_two_branches_that_made_one_each_merge_and_are_named(
    library: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    git(library.path, "branch", "side")
    library.import_logs(make_log("conv", [1e-3]), platform="board")
    git(library.path, "switch", "-q", "side")
    library.import_logs(make_log("conv", [2e-3]), platform="Board")
    git(library.path, "switch", "-q", "main")
    library.merge("side")
    (problem,) = library.check()
    assert "differs only in case" in problem.message
    library.import_logs(make_log("pool", [1e-3]), platform="Board")
