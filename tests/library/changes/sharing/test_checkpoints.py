"""Signed, dated checkpoints: what a host could do to keep somebody on an old state, and what is refused then."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import write_pin
from tvmgitlib.library.changes.sharing import checkpoints
from tvmgitlib.model import GitError, LibraryError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Sign = Callable[[Path, str], str]

REF = "refs/tvmgitlib/checkpoint/main"
DAY = 86400.0


@pytest.fixture
def folds(library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, sign: Sign, allow: Any) -> ConfigLibrary:
    """A library whose owner folds the queue, and signs where the branch is; it has a job, and is pushed."""
    sign(library.path, "ci")
    allow("ci")
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.fold_queue(checkpoint=True)
    return library


@pytest.fixture
def age(git: Git, tmp_path: Path) -> None:
    git(tmp_path, "config", "--global", "tvmgitlib.maxAge", "30d")


def at(monkeypatch: pytest.MonkeyPatch, ago: float) -> None:
    """Let checkpoints be made some days ago."""
    moment = time.time() - ago * DAY
    monkeypatch.setattr(checkpoints.time, "time", lambda: moment)


def test_what_has_a_recent_checkpoint_is_taken(
    folds: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git, age: None, tmp_path: Path
) -> None:
    other.sync()
    assert other.commit == folds.commit
    said = json.loads(git(remote, "show", f"{REF}:checkpoint.json"))
    assert (said["branch"], said["commit"], len(said["jobs"])) == ("main", folds.commit, 64)
    folds.import_logs(make_log("conv", [1e-3]), platform="box")
    folds.sync()  # the branch may be ahead of it
    other.sync()
    cloned = ConfigLibrary.clone(str(remote), tmp_path / "cloned")
    assert cloned.commit == other.commit == folds.commit
    folds.fold_queue(checkpoint=True)
    other.sync()
    assert git(other.path, "rev-parse", "refs/tvmgitlib/believed/origin/main") == git(remote, "rev-parse", REF)


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        ("old", "it is of 20"),
        ("none", "there is none"),
        ("another signer", "nobody has signed it"),
        ("another purpose", "nobody has signed it"),
        ("edited", "nobody has signed it"),
        ("another branch", "it is of another branch, side"),
        ("the future", "it is of 20"),
        ("other jobs", "the jobs of .* are others than it says"),
    ],
)
def test_what_has_none_is_refused_by_sync_and_clone(
    folds: ConfigLibrary,
    other: ConfigLibrary,
    remote: Path,
    make_log: MakeLog,
    git: Git,
    sign: Sign,
    monkeypatch: pytest.MonkeyPatch,
    age: None,
    attack: str,
    why: str,
) -> None:
    before = other.commit
    with monkeypatch.context() as patch:
        match attack:
            case "old":
                at(patch, 31)
            case "the future":
                at(patch, -2)
            case "none":
                git(remote, "update-ref", "-d", REF)
            case "another signer":
                sign(folds.path, "mallory")
            case "another purpose":
                patch.setattr(checkpoints, "CHECKPOINT_NAMESPACE", "tvmgitlib-job@v1")
            case "another branch":
                git(folds.path, "push", "-q", "origin", "main:side")
                git(folds.path, "switch", "-q", "-c", "side")
                git(folds.path, "branch", "-q", "-u", "origin/side")
            case "other jobs":
                patch.setattr(checkpoints, "jobs_digest", lambda _: "0" * 64)
        if attack not in ("none", "edited"):
            folds.fold_queue(checkpoint=True)
    if attack == "another branch":
        git(remote, "update-ref", REF, "refs/tvmgitlib/checkpoint/side")
    if attack == "edited":
        edit(git, remote)
    with pytest.raises(LibraryError, match=rf"has no checkpoint .* not older than 30d: {why}") as caught:
        other.sync()
    assert "fold --queue --checkpoint" in str(caught.value)
    assert other.commit == before
    with pytest.raises(LibraryError, match=why):
        ConfigLibrary.clone(str(remote), remote.parent / "cloned")
    assert not (remote.parent / "cloned").exists()


def edit(git: Git, remote: Path) -> None:
    """Put a later time into the checkpoint, beside the signature that there is."""
    text = git(remote, "show", f"{REF}:checkpoint.json").replace('"time": "20', '"time": "21')
    command = ["git", "-C", remote, "hash-object", "-w", "--stdin"]
    blob = subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout.strip()
    tree = git(remote, "ls-tree", REF).splitlines()
    lines = [f"100644 blob {blob}\tcheckpoint.json" if line.endswith("checkpoint.json") else line for line in tree]
    command = ["git", "-C", remote, "mktree"]
    made = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)
    who = ["-c", "user.name=M", "-c", "user.email=m@example.com"]
    git(remote, "update-ref", REF, git(remote, *who, "commit-tree", "-m", "x", made.stdout.strip()).strip())


@pytest.mark.parametrize("back", ["the branch", "the checkpoint"])
def test_nobody_is_kept_on_an_old_state(
    folds: ConfigLibrary,
    other: ConfigLibrary,
    remote: Path,
    make_log: MakeLog,
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
    age: None,
    tmp_path: Path,
    back: str,
) -> None:
    old_branch, old_checkpoint = git(remote, "rev-parse", "main").strip(), git(remote, "rev-parse", REF).strip()
    other.sync()
    folds.import_logs(make_log("conv", [1e-3]), platform="box")
    folds.fold_queue(checkpoint=True)
    if back == "the branch":  # a first clone is shown what was
        git(remote, "update-ref", "refs/heads/main", old_branch)
        with pytest.raises(LibraryError, match=r"which .* does not have"):
            ConfigLibrary.clone(str(remote), tmp_path / "cloned")
    else:
        other.sync()
        git(remote, "update-ref", REF, old_checkpoint)
        with pytest.raises(LibraryError, match=r"and a later one, of 20.*, was seen"):
            other.sync()


def test_the_command_line_signs_and_says_what_is_missing(
    folds: ConfigLibrary, other: ConfigLibrary, cli: Any, git: Git, age: None
) -> None:
    assert cli("fold", "--queue", "--checkpoint").code == 0
    assert "Signed a checkpoint, of 20" in cli.err
    assert cli.json("fold", "--queue", "--checkpoint")["checkpoint"].startswith("20")
    git(folds.path, "config", "tvmgitlib.sign", "none")
    with pytest.raises(GitError, match="nothing says with which key"):
        folds.fold_queue(checkpoint=True)
    git(other.path, "config", "--global", "tvmgitlib.maxAge", "soon")
    with pytest.raises(GitError, match=r"tvmgitlib.maxAge: 'soon' is no age"):
        other.sync()
    git(other.path, "config", "--global", "tvmgitlib.maxAge", "30d")
    git(other.path, "config", "--global", "--unset", "tvmgitlib.allowedSigners")
    with pytest.raises(GitError, match=r"needs tvmgitlib.allowedSigners"):
        other.sync()


def test_a_lock_has_its_checkpoint_and_is_refused_when_it_is_too_old(
    folds: ConfigLibrary, remote: Path, git: Git, monkeypatch: pytest.MonkeyPatch, age: None, tmp_path: Path
) -> None:
    lock = tmp_path / "tvmgitlib.lock"
    write_pin(folds.pin(), lock)
    said = json.loads(lock.read_text())
    assert json.loads(said["checkpoint"]["text"])["commit"] == said["commit"]
    assert ConfigLibrary.from_lock(lock).commit == folds.commit
    git(remote, "update-ref", "-d", REF)  # the lock is asked alone
    assert ConfigLibrary.from_lock(lock).commit == folds.commit
    with pytest.raises(LibraryError, match=r"has no checkpoint .*: there is none"):
        folds.pin()
    git(tmp_path, "config", "--global", "tvmgitlib.maxAge", "0m")
    with pytest.raises(LibraryError, match=r"tvmgitlib.lock has no checkpoint that is not older than 0m: it is of 20"):
        ConfigLibrary.from_lock(lock)
    git(tmp_path, "config", "--global", "tvmgitlib.maxAge", "30d")
    forged = said["checkpoint"] | {"text": said["checkpoint"]["text"].replace('"time": "20', '"time": "21')}
    for other in (said | {"checkpoint": forged}, {key: value for key, value in said.items() if key != "checkpoint"}):
        lock.write_text(json.dumps(other))
        with pytest.raises(LibraryError, match=r"nobody has signed it|there is none"):
            ConfigLibrary.from_lock(lock)
    write_pin(folds.pin(local=True), lock)
    git(tmp_path, "config", "--global", "--unset", "tvmgitlib.maxAge")
    assert ConfigLibrary.from_lock(lock).commit == folds.commit
