"""After a power cut took something away, commands say what is damaged, which commit is whole, and the way back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import locate
from tvmgitlib.model import LibraryError

MakeLog = Callable[..., Path]
Git = Callable[..., str]


@pytest.fixture
def two(library: ConfigLibrary, make_log: MakeLog) -> tuple[ConfigLibrary, str, str]:
    """A library with two jobs, each in a pack of its own, and the commits of both."""
    commits = []
    for name in ("dense", "conv"):
        library.import_logs(make_log(name, [1e-3]), platform="box")
        commits.append(library.commit)
    return library, commits[0], commits[1]


def damage(path: Path, what: str) -> None:
    """Take away what a power cut may take."""
    git_dir = path / ".git"
    newest = max((git_dir / "objects" / "pack").glob("*.pack"), key=lambda pack: pack.stat().st_mtime_ns)
    match what:
        case "an empty ref":
            (git_dir / "refs/heads/main").write_bytes(b"")
        case "no ref":
            (git_dir / "refs/heads/main").unlink()
        case "an empty pack":
            newest.chmod(0o644)
            newest.write_bytes(b"")
        case "no pack":
            newest.unlink()
            newest.with_suffix(".idx").unlink()


@pytest.mark.parametrize("what", ["an empty ref", "no ref", "an empty pack", "no pack"])
def test_the_last_good_commit_is_named_and_the_way_back_leads_there(
    two: tuple[ConfigLibrary, str, str], cli: Any, git: Git, what: str
) -> None:
    library, first, second = two
    damage(library.path, what)
    good = second if "ref" in what else first
    for command in (["best"], ["log"], ["check"], ["config", "keep", "2"], ["import", "x.log", "--platform", "box"]):
        assert cli(*command).code == 4
        assert "the library is damaged" in cli.err
        assert "no library" not in cli.err
        assert f"The last good commit is {good}" in cli.err
    back = cli.err.partition("Back to it: ")[2].partition(", then")[0]
    subprocess.run(["sh", "-c", back], check=True)
    assert len(cli.lines("log")) == (2 if good == second else 1)
    git(library.path, "reset", "--quiet", "--hard")
    assert cli("check").code == 0


def test_the_way_back_can_be_typed_whatever_the_branch_is_called(
    two: tuple[ConfigLibrary, str, str], cli: Any, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, _, second = two
    monkeypatch.chdir(tmp_path)
    branch = "$(touch${IFS}mark)"
    git(library.path, "branch", "-m", "--", branch)
    (library.path / ".git" / "refs/heads" / branch).write_text("")
    assert cli("best").code == 4
    assert f"The last good commit is {second}" in cli.err
    back = cli.err.partition("Back to it: ")[2].partition(", then")[0]
    subprocess.run(["sh", "-c", back], check=True)
    assert not (tmp_path / "mark").exists()
    assert cli("best").code == 0


def test_emptied_objects_are_damage(two: tuple[ConfigLibrary, str, str], cli: Any, git: Git) -> None:
    library, first, second = two
    packs = library.path / ".git/objects/pack"
    moved = shutil.move(packs, library.path / ".git/packs")
    packs.mkdir()
    for pack in Path(moved).glob("*.pack"):  # as loose objects, which older versions wrote
        with pack.open("rb") as content:
            subprocess.run(["git", "-C", library.path, "unpack-objects", "-q"], stdin=content, check=True)
    for oid in (second, git(library.path, "rev-parse", f"{second}:jobs").strip()):
        file = library.path / ".git/objects" / oid[:2] / oid[2:]
        file.chmod(0o644)
        file.write_bytes(b"")
    assert cli("best").code == 4
    assert "the library is damaged" in cli.err and first in cli.err


def test_a_remote_knows_a_good_commit_too(library: ConfigLibrary, tmp_path: Path, git: Git, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    clone = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "clone")
    (clone.path / ".git/refs/heads/main").unlink()
    (clone.path / ".git/logs/refs/heads/main").write_bytes(b"\0\0\0")
    with pytest.raises(LibraryError, match="damaged") as caught:
        locate(clone.path)
    assert f"{library.commit} (as last seen at origin/main)" in str(caught.value)


def test_nothing_whole_is_said_to_be_so(two: tuple[ConfigLibrary, str, str], cli: Any) -> None:
    shutil.rmtree(two[0].path / ".git/objects/pack")
    assert cli("best").code == 4
    assert "damaged" in cli.err and "clone it anew" in cli.err


def test_a_git_directory_that_git_does_not_know_is_damage(library: ConfigLibrary, cli: Any) -> None:
    (library.path / ".git/HEAD").write_bytes(b"")
    assert cli("best").code == 4
    assert "the library is damaged" in cli.err


def test_a_repository_without_commits_is_not_damaged(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "new")
    with pytest.raises(LibraryError, match="no library"):
        locate(tmp_path / "new")


@pytest.mark.parametrize(
    ("file", "what"), [("shallow", "shallow"), ("objects/pack/multi-pack-index", "multi-pack-index")]
)
def test_a_file_of_gits_that_is_damaged_is_named_and_may_be_moved_away(
    two: tuple[ConfigLibrary, str, str], cli: Any, file: str, what: str
) -> None:
    damaged = two[0].path / ".git" / file
    damaged.write_bytes(b"no such thing\x1b[31m\n" * 50)
    for command in ("best", "log", "check"):
        assert cli(command).code == 4
        assert "the library is damaged" in cli.err
        assert f"Git reads none of its commits: fatal: bad {what}" in cli.err or f"fatal: {what}" in cli.err
        assert "move it away" in cli.err
        assert "\x1b" not in cli.err
    damaged.unlink()
    assert cli("check").code == 0


def test_refs_that_git_cannot_read_are_what_has_to_be_mended(two: tuple[ConfigLibrary, str, str], cli: Any) -> None:
    """Every commit is whole, but Git names none of them while that file is as it is."""
    (two[0].path / ".git" / "packed-refs").write_text("no ref\x1b[31m\n")
    assert cli("best").code == 4
    assert "the library is damaged" in cli.err
    assert "unexpected line in .git/packed-refs" in cli.err
    assert "clone it anew" not in cli.err
    assert "\x1b" not in cli.err
