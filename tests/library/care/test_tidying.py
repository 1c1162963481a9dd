"""Housekeeping: small afterwards, nothing lost, and Git's settings hold."""

from __future__ import annotations

import os
import pty
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.outlines import index_file, index_size, opening
from tvmgitlib.model import GitError
from tvmgitlib.store import Draft

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def filled(library: ConfigLibrary, make_log: MakeLog, once: Once) -> ConfigLibrary:
    """Three jobs, each in a pack of its own."""

    def make() -> None:
        for number in range(3):
            library.import_logs(make_log(f"dense{number}", [1e-3]), platform="box")

    once(make)
    return library


def loose(library: ConfigLibrary, git: Git, text: str) -> str:
    """Something that nothing leads to."""
    file = library.path.parent / "loose"
    file.write_text(text)
    return git(library.path, "hash-object", "-w", str(file)).strip()


def test_one_pack_is_left_with_all_that_there_was(filled: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "--no-local", str(filled.path), "bare.git")
    answers = filled.best(), filled.log()
    mine = loose(filled, git, "a file that I have staged and dropped")
    done = filled.gc()
    assert (done.before.packs, done.after.packs) == (4, 1)
    assert done.after.objects > 0
    assert (filled.best(), filled.log()) == answers
    assert filled.check() == []
    assert git(filled.path, "cat-file", "-t", mine).strip() == "blob"  # Git's grace is not over
    assert git(filled.path, "fsck", "--strict", "--no-dangling") == ""
    assert (filled.path / ".git" / "objects" / "info" / "commit-graph").exists()
    bare = ConfigLibrary(tmp_path / "bare.git")
    assert bare.gc().after.packs == 1
    assert bare.best() == answers[0]


def test_jobs_after_it_are_packed_by_the_next(filled: ConfigLibrary, make_log: MakeLog) -> None:
    filled.gc()
    again = filled.gc()
    assert again.before == again.after
    filled.import_logs(make_log("pool", [1e-3]), platform="box")
    assert (filled.gc().after.packs, len(filled.log()), filled.check()) == (1, 4, [])


def test_what_a_writer_has_just_written_stays_and_what_a_dead_one_kept_goes(
    filled: ConfigLibrary, git: Git, tvmgitlib: Any
) -> None:
    git(filled.path, "config", "gc.pruneExpire", "now")
    packs = filled.path / ".git" / "objects" / "pack"
    repository = filled._view.repository
    with repository.writer() as writer, repository.snapshot(filled.commit) as snapshot:
        commit = writer.write(snapshot, Draft("Not on any branch yet\n", {"notes": b"mine"}))
        done = tvmgitlib("-C", filled.path, "gc")
        assert done.returncode == 0, done.stderr
        assert git(filled.path, "show", f"{commit}:notes") == "mine"
    stale = next(packs.glob("*.pack")).with_suffix(".keep")
    stale.write_text("tvmgitlib: of a process that was killed")
    filled.gc()
    assert not stale.exists()
    assert filled.check() == []


def test_the_versions_of_a_file_are_told_by_their_differences_however_many_files_end_alike(
    library: ConfigLibrary, git: Git
) -> None:
    """Git compares with ten others of like end and size: of thirty platforms none of them is the version before."""
    chance = random.Random(0)
    with library._view.repository.writer() as writer:
        tip, texts = library.commit, dict.fromkeys(range(30), b"")
        for _ in range(6):
            with library._view.repository.snapshot(tip) as snapshot:
                texts = {number: text + chance.randbytes(1000).hex().encode() for number, text in texts.items()}
                files = {f"configs/cpu/box-{number:02}/autotvm.jsonl": text for number, text in texts.items()}
                tip = writer.write(snapshot, Draft("A round\n", files))
        git(library.path, "reset", "-q", "--soft", tip)
    newest = 30 * 6 * 1000  # what the last versions take when they are packed
    assert newest < library.gc().after.objects < 1.5 * newest


def test_a_pack_that_nobody_finished_goes_after_a_day(filled: ConfigLibrary) -> None:
    folder = filled.path / ".git" / "objects" / "pack"
    old, new = folder / "tmp_pack_Ab12cD", folder / "tmp_pack_Xy34zW"
    for file in (old, new):
        file.write_bytes(b"PACK")
    os.utime(old, (0, time.time() - 25 * 3600))
    filled.gc()
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("left", ["damaged", "old", "fine"])
def test_an_index_is_compacted_or_forgotten(filled: ConfigLibrary, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    monkeypatch.setattr(opening, "WORTH_IT", 0)
    jobs = [entry.job for entry in filled.log()]
    state = filled._view.repository.state
    file = index_file(state)
    if left == "damaged":
        file.write_bytes(b"no database at all" * 100)
    elif left == "old":
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE meta SET value = 'another' WHERE name = 'layout'")
        connection.close()
    assert (filled.gc().after.index > 0) is (left == "fine")
    assert [entry.job for entry in filled.log()] == jobs
    assert index_size(state) > 0


def test_it_says_so_when_another_git_collects(filled: ConfigLibrary, git: Git) -> None:
    host = subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout.strip()
    (filled.path / ".git" / "gc.pid").write_text(f"{os.getpid()} {host}")
    with pytest.raises(GitError, match="already running"):
        filled.gc()


def test_the_command_prints_what_it_did(filled: ConfigLibrary, cli: Any) -> None:
    told = cli.json("gc")
    assert told["before"].keys() == {"objects", "packs", "loose", "index"} == told["after"].keys()
    assert "1 pack" in cli("gc").out


def at_a_terminal(library: ConfigLibrary, *arguments: str) -> str:
    """What a command says on standard error when that is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(library.path), *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)
    try:
        return os.read(ours, 10_000).decode()
    except OSError:
        return ""  # nothing was said
    finally:
        os.close(ours)


def test_somebody_at_a_terminal_is_told_when_it_is_due(filled: ConfigLibrary, git: Git, cli: Any) -> None:
    assert not filled.is_gc_due()
    folder = filled.path / ".git" / "objects" / "17"
    folder.mkdir()
    for number in range(27):
        (folder / f"{number:038x}").touch()
    assert "tvmgitlib gc" in at_a_terminal(filled, "rebuild")
    assert "tvmgitlib gc" not in at_a_terminal(filled, "best")
    assert "tvmgitlib gc" not in cli("rebuild").err
    git(filled.path, "config", "gc.auto", "0")
    assert not filled.is_gc_due()
