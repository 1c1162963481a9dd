"""Signed jobs: real keys, and every way on which a segment goes from one repository to another."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes import Condemned
from tvmgitlib.library.outlines import index_file
from tvmgitlib.library.outlines.database import Database
from tvmgitlib.model import GitError, LibraryError, segment_path, signature_at
from tvmgitlib.store import signed_by

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Sign = Callable[[Path, str], str]


def signers(library: ConfigLibrary) -> dict[str, list[str]]:
    """Who signed each job."""
    return {entry.job: [signer.key for signer in entry.signers] for entry in library.log()}


def signatures(git: Git, library: ConfigLibrary, rev: str = "HEAD") -> list[str]:
    files = git(library.path, "ls-tree", "-r", "--name-only", rev, "jobs").split()
    return [path for path in files if path.endswith(".sig")]


def sound(library: ConfigLibrary) -> bool:
    return library.check(signatures=True) == [] and library.check(full=True) == []


def test_every_job_that_is_made_here_is_signed(library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign) -> None:
    key = sign(library.path, "tess")
    imported = library.import_logs(make_log("dense", [2e-3, 3e-3]), platform="box").job
    (config,) = library.best()
    assert [(signer.key, signer.who) for signer in config.signers] == [(key, None)]
    reverted = library.revert(imported).job
    invalidated = library.import_logs(make_log("conv", [2e-3]), platform="box").job
    library.invalidate(Condemned(job=invalidated), reason="hot")
    known = signers(library)
    assert len(known) == 4
    assert set(map(tuple, known.values())) == {(key,)}
    assert {imported, reverted, invalidated} < known.keys()
    for path in signatures(git, library):
        assert signature_at(path) is not None
        assert (library.path / path).stat().st_size < 1024
    assert sound(library)


def test_the_bytes_of_a_segment_do_not_depend_on_signatures(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, tmp_path: Path
) -> None:
    twin = ConfigLibrary(shutil.copytree(library.path, tmp_path / "twin"))
    sign(twin.path, "tess")
    log = make_log("dense", [2e-3])
    path = segment_path(library.import_logs(log, platform="box").job)
    twin.import_logs(log, platform="box")
    assert (library.path / path).read_bytes() == (twin.path / path).read_bytes()
    assert (len(signatures(git, library)), len(signatures(git, twin))) == (0, 1)
    # And where both come together, the signature comes along, whichever side has it.
    git(library.path, "fetch", "-q", twin.path, "main:twin")
    library.merge("twin")
    assert (len(signatures(git, library)), sound(library)) == (1, True)


def test_signatures_survive_a_sync_that_makes_the_commits_anew(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    mine, theirs = sign(library.path, "tess"), sign(other.path, "ada")
    first = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    second = other.import_logs(make_log("conv", [2e-3]), platform="box").job
    other.sync()
    library.sync()
    other.sync()
    expected = {first: [mine], second: [theirs]}
    assert (signers(library), signers(other)) == (expected, expected)
    assert (sound(library), sound(other), git(library.path, "status", "--porcelain")) == (True, True, "")


def test_signatures_survive_the_queue(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, sign: Sign
) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    assert library.sync(queue=True).queued == (job,)
    sign(other.path, "ada")  # who folds, signs no job of others
    assert other.fold_queue().folded == (job,)
    assert (signers(other), sound(other)) == ({job: [key]}, True)
    library.sync()
    assert library.commit == other.commit


def test_signatures_survive_a_proposal_and_its_squash(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    key = sign(library.path, "tess")
    jobs = [library.import_logs(make_log(name, [2e-3]), platform="box").job for name in ("dense", "conv")]
    library.propose("tuned")
    git(other.path, "fetch", "-q", "origin", "tuned")
    git(other.path, "merge", "-q", "--squash", "FETCH_HEAD")
    git(other.path, "commit", "-q", "-m", "Squashed on a host")
    other.rebuild()
    other.sync()
    library.sync()
    assert signers(library) == {job: [key] for job in jobs}
    assert (sound(library), library.commit) == (True, other.commit)


def test_a_segment_that_comes_back_brings_its_signature(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    git(library.path, "revert", "--no-edit", "HEAD")
    git(library.path, "config", "tvmgitlib.sign", "none")
    library.revert_removed()
    assert (signers(library)[job], sound(library)) == ([key], True)


def test_what_is_no_signature_of_the_segment_is_none_and_is_named(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, make_key: Callable[[str], Path]
) -> None:
    sign(library.path, "tess")
    names = ("dense", "conv", "matmul", "pool")
    jobs = [library.import_logs(make_log(name, [2e-3]), platform="box").job for name in names]
    other, elsewhere, foreign, large = (library.path / segment_path(job) for job in jobs)
    files = [next(path.parent.glob(f"{path.stem}.*.sig")) for path in (other, elsewhere, foreign, large)]
    assert sound(library)
    files[0].write_bytes(files[1].read_bytes())  # of another segment
    command = ["ssh-keygen", "-Y", "sign", "-n", "file", "-f", library.path.parent / "key-tess"]
    with elsewhere.open("rb") as segment:  # made for something else
        files[1].write_bytes(subprocess.run(command, stdin=segment, capture_output=True, check=True).stdout)
    command = ["ssh-keygen", "-Y", "sign", "-n", "tvmgitlib-job@v1", "-f", make_key("mallory")]
    with foreign.open("rb") as segment:  # by another key than its name tells
        files[2].write_bytes(subprocess.run(command, stdin=segment, capture_output=True, check=True).stdout)
    files[3].write_bytes(files[3].read_bytes() + b"\n" * 16 * 1024)  # too large to be looked at
    git(library.path, "commit", "-q", "-a", "-m", "By hand")
    library.rebuild()
    assert set(map(tuple, signers(library).values())) == {()}
    found = library.check(signatures=True)
    assert {library.path / problem.file for problem in found} == set(files)
    assert library.signers() == {None: 4}


@pytest.mark.parametrize("wrong", ["no key", "no such key", "no program", "an unknown way"])
def test_where_nothing_can_be_signed_nothing_is_committed(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, tmp_path: Path, wrong: str
) -> None:
    sign(library.path, "tess")
    settings = {
        "no key": ("--unset", "user.signingKey"),
        "no such key": ("user.signingKey", tmp_path / "gone"),
        "no program": ("tvmgitlib.sign", "ssh-key"),
        "an unknown way": ("tvmgitlib.sign", "gpg"),
    }
    git(library.path, "config", *map(str, settings[wrong]))
    if wrong == "no program":
        git(library.path, "config", "--global", "gpg.ssh.program", str(tmp_path / "gone"))
    before = library.commit
    with pytest.raises(GitError) as error:
        library.import_logs(make_log("dense", [2e-3]), platform="box")
    assert error.value.hint is not None
    assert (library.commit, git(library.path, "status", "--porcelain")) == (before, "")


def test_a_program_of_the_repositorys_own_signs_nothing(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, tmp_path: Path
) -> None:
    sign(library.path, "tess")
    mark = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\n")
    evil.chmod(0o755)
    git(library.path, "config", "gpg.ssh.program", str(evil))
    with pytest.raises(GitError, match=r"gpg\.ssh\.program"):
        library.import_logs(make_log("dense", [2e-3]), platform="box")
    git(library.path, "config", "tvmgitlib.sign", "none")
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.check(signatures=True)
    assert not mark.exists()


def test_a_key_in_the_agent(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fingerprint = sign(library.path, "tess")
    key = tmp_path / "key-tess"
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", key], check=True)
        key.unlink()
        git(library.path, "config", "user.signingKey", (tmp_path / "key-tess.pub").read_text().strip())
        job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    finally:
        agent.terminate()
        agent.wait()
    assert signers(library) == {job: [fingerprint]}


def test_the_command_line_says_who_signed(cli: Any, make_log: MakeLog, sign: Sign) -> None:
    cli("import", make_log("conv", [2e-3]), "--platform", "box")
    assert "signed by" not in cli("log").out
    assert cli.json("check", "--signatures") == {"sound": True, "problems": [], "unsigned": 1, "signers": []}
    key = sign(cli.library, "tess")
    cli("import", make_log("dense", [2e-3]), "--platform", "box")
    told = {"key": key, "who": None}
    assert [entry["signers"] for entry in cli.lines("log")] == [[told], []]
    assert [config["signers"] for config in cli.lines("best")] == [[], [told]]
    assert cli.json("check", "--signatures")["signers"] == [told | {"jobs": 1}]
    for command in (["log"], ["best"], ["check", "--signatures"]):
        assert key in cli(*command).out


def test_proofs_are_remembered_by_blob(library: ConfigLibrary, make_log: MakeLog, sign: Sign) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    file = index_file(library._view.repository.state)
    file.parent.mkdir(parents=True)
    Database.open(file).close()
    assert signers(library) == {job: [key]}
    index = Database.open(file)
    (proven,) = index._connection.execute("SELECT key FROM signature").fetchall()
    index.close()
    assert proven == (key,)


def test_a_signature_that_could_not_be_verified_is_asked_for_again(
    library: ConfigLibrary, make_log: MakeLog, sign: Sign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tvmgitlib.store.signing.proving._FEW", 1 << 30)  # that none is proven without ssh-keygen
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin" / "ssh-keygen"
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        (signature,) = library.path.glob("jobs/*/*.sig")
        with pytest.raises(GitError, match="No such file"):
            signed_by((library.path / segment_path(job)).read_bytes(), signature.read_bytes())
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{broken.parent}{os.pathsep}{os.environ['PATH']}")
        for fault in ("kill -9 $$", "exit 1", "exit 255"):  # out of memory; without that option; anything
            broken.write_text(f"#!/bin/sh\n{fault}\n")
            broken.chmod(0o755)
            assert signers(library) == {job: []}
            if fault != "exit 255":
                with pytest.raises(GitError, match="ssh-keygen"):
                    library.check(signatures=True)
        broken.write_text("no program\n")
        (broken.parent / "git").symlink_to(str(shutil.which("git")))
        patch.setenv("PATH", str(broken.parent))
        with pytest.raises(GitError, match="ssh-keygen cannot be run: Exec format error"):
            library.check(signatures=True)
    assert signers(library) == {job: [key]}


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_signature_that_the_remote_had_does_not_go_unseen(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, how: str
) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync()
    other.sync()
    (file,) = other.path.glob("jobs/*/*.sig")
    file.unlink() if how == "removed" else file.write_text("junk")
    git(other.path, "commit", "-q", "-a", "-m", "By hand")
    git(other.path, "push", "-q")
    git(library.path, "fetch", "-q")  # Git's own ref has moved on
    own = library.import_logs(make_log("conv", [1e-3]), platform="box").job
    with pytest.raises(LibraryError, match=f"1 signature .*{file.name}") as caught:
        library.sync()
    assert "--accept-rewrite" in str(caught.value)
    assert signers(library) == {job: [key], own: [key]}
    done = library.sync(accept_rewrite=True)
    assert (done.dropped, done.sent) == ((), (own,))
    assert signers(library) == {job: [], own: [key]}
    assert library.sync().dropped == ()


def test_of_two_signatures_by_one_key_the_one_stays_that_was_there_first(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    log = make_log("dense", [2e-3])
    key = sign(library.path, "tess")
    for option, value in (("tvmgitlib.sign", "ssh-key"), ("user.signingKey", str(other.path.parent / "key-tess"))):
        git(other.path, "config", option, value)
    job = library.import_logs(log, platform="box").job
    assert other.import_logs(log, platform="box").job == job
    (file,) = other.path.glob("jobs/*/*.sig")
    there = git(library.path, "rev-parse", f"HEAD:{file.relative_to(other.path)}")
    junk = next(text for text in map(str, range(999)) if git_blob(text) < there)
    file.write_text(junk)
    git(other.path, "commit", "-q", "-a", "--amend", "--no-edit")
    library.sync()
    other.sync()
    assert (signers(library), signers(other)) == ({job: [key]}, {job: [key]})


def git_blob(text: str) -> str:
    return sha1(f"blob {len(text)}\0{text}".encode()).hexdigest()


@pytest.mark.parametrize("kind", ["fast-forward", "merge", "here"])
def test_a_merge_loses_no_signature_that_either_side_has(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, kind: str
) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    git(library.path, "branch", "other")
    stripped, kept = ("main", "other") if kind == "here" else ("other", "main")
    git(library.path, "checkout", "-q", stripped)
    (file,) = library.path.glob("jobs/*/*.sig")
    file.unlink()
    git(library.path, "commit", "-q", "-a", "-m", "Strip it")
    if kind != "fast-forward":
        git(library.path, "checkout", "-q", kept)
        library.import_logs(make_log("conv", [1e-3]), platform="box")
    git(library.path, "checkout", "-q", "main")
    assert library.merge("other").kind == "merge"
    assert (signers(library)[job], sound(library)) == ([key], True)
    assert library.merge("other").kind == "up-to-date"


def test_a_sync_takes_no_signature_away_and_what_proves_nothing_goes(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    key = sign(library.path, "tess")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    junk = library.path / segment_path(job).replace(".jsonl", f".{'0' * 16}.sig")
    junk.write_text("junk")
    git(library.path, "add", "jobs")
    git(library.path, "commit", "-q", "-m", "By hand")
    library.sync()
    other.sync()
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    library.sync()
    for file in other.path.glob("jobs/*/*.sig"):
        if file.name.startswith(str(job)):
            file.unlink()
    git(other.path, "commit", "-q", "-a", "-m", "Strip them")
    other.sync()
    assert signers(other)[job] == [key]
    assert not (other.path / junk.relative_to(library.path)).exists()


def test_a_signature_goes_with_its_segment(library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign) -> None:
    sign(library.path, "tess")
    git(library.path, "branch", "other")
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    git(library.path, "checkout", "-q", "-b", "reverted")
    git(library.path, "revert", "--no-edit", "HEAD")
    git(library.path, "checkout", "-q", "main")
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    assert len(library.merge("reverted").dropped) == 1
    assert len(signatures(git, library)) == 1
    assert library.check(signatures=True)[0].message.startswith("absent: removed")
