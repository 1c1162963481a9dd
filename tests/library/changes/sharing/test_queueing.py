"""The queue of a remote: real repositories, and refs that others put there."""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tvmgitlib import ConfigLibrary
from tvmgitlib.format import store, write_segment
from tvmgitlib.model import GitError, LibraryError, SettingsError, segment_path

Git = Callable[..., str]
MakeLog = Callable[..., Path]

REFS = "refs/tvmgitlib/jobs/"


def queued(git: Git, remote: Path, prefix: str = REFS) -> set[str]:
    return {ref.removeprefix(prefix) for ref in git(remote, "for-each-ref", "--format=%(refname)", prefix).split()}


def jobs(library: ConfigLibrary) -> set[str]:
    return {entry.job for entry in library.log()}


def test_a_queued_job_is_one_file_in_one_commit_and_the_branch_stays(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    tip = git(remote, "rev-parse", "main")
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    done = library.sync(queue=True)
    assert (done.queued, done.sent, git(remote, "rev-parse", "main")) == ((job,), (), tip)
    assert queued(git, remote) == {job}
    assert git(remote, "ls-tree", "-r", "--name-only", REFS + job).split() == [segment_path(job)]
    assert git(remote, "rev-list", "--count", REFS + job).strip() == "1"
    assert library.sync(queue=True).queued == (job,)  # it is there already, and nothing is pushed again


def test_to_queue_a_job_is_one_connection_to_the_remote(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library.configure("push", "queue")
    library.fold_queue()
    monkeypatch.setenv("GIT_TRACE", str(trace := tmp_path / "trace"))
    library.import_logs(make_log("dense", [2e-3]), platform="box", push=True)
    asked = [
        line for line in trace.read_text().splitlines() if re.search("run_command: .*git-(receive|upload)-pack", line)
    ]
    assert len(asked) == 1 and "git-receive-pack" in asked[0]


def test_folding_makes_a_commit_a_job_with_its_author_and_one_fold(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    git(library.path, "config", "user.name", "Ada")
    first = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    second = library.import_logs(make_log("conv", [3e-3]), platform="box").job
    before = other.commit
    library.sync(queue=True)
    done = other.fold_queue()
    assert (set(done.folded), set(done.received), done.refused) == ({first, second}, {first, second}, {})
    assert queued(git, remote) == set()
    assert git(remote, "log", "--format=%an", f"{before}..main").split() == ["Ada", "Ada"]
    assert jobs(other) == {first, second}
    assert [config.cost for config in other.best()] == [3e-3, 2e-3]
    assert (other.check(), git(other.path, "status", "--porcelain")) == ([], "")
    # Who sent them finds them there, and has nothing more to send.
    assert library.sync().sent == ()
    assert (library.commit, library.check()) == (other.commit, [])


def test_a_revert_goes_by_the_queue_too(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync()
    other.sync()
    library.revert(job)
    library.sync(queue=True)
    other.fold_queue()
    assert (other.best(), other.check()) == ([], [])


@pytest.mark.slow
def test_two_that_fold_at_once_do_no_harm(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, tmp_path: Path, git: Git
) -> None:
    third = ConfigLibrary.clone(remote.as_uri(), tmp_path / "third")
    sent = {library.import_logs(make_log(f"dense{number}", [1e-3]), platform="box").job for number in range(5)}
    library.sync(queue=True)
    fold = "import sys; from tvmgitlib import ConfigLibrary; ConfigLibrary(sys.argv[1]).fold_queue()"
    both = [subprocess.Popen([sys.executable, "-c", fold, str(clone.path)]) for clone in (other, third)]
    assert [process.wait() for process in both] == [0, 0]
    assert queued(git, remote) == set()
    for clone in (other, third):
        clone.sync()
        assert (jobs(clone), clone.check()) == (sent, [])
    assert git(remote, "rev-list", "--count", "main").strip() == str(1 + len(sent))


def test_a_reader_sees_queued_jobs_and_keeps_nothing_of_them(
    library: ConfigLibrary,
    other: ConfigLibrary,
    remote: Path,
    make_log: MakeLog,
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    ours = other.import_logs(make_log("conv", [3e-3]), platform="box").job
    git(library.path, "config", "user.name", "Ada")
    theirs = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync(queue=True)
    git(remote, "update-ref", REFS + "a" * 16, "main")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")  # a reader need not have told Git a name, or be asked to sign
    git(other.path, "config", "commit.gpgSign", "true")
    git(other.path, "config", "gpg.program", "false")
    before = (other.commit, git(other.path, "rev-parse", "origin/main"), queued(git, remote))
    seen = other.with_queued()
    assert jobs(seen) == {ours, theirs}
    assert [entry.author for entry in seen.log() if entry.job == theirs] == ["Ada"]
    assert [config.cost for config in seen.best()] == [3e-3, 2e-3]
    assert [effort.trials for effort in seen.trials()] == [1, 1]
    assert [change.kind for change in seen.diff(other.commit)] == ["same", "added"]
    assert (other.commit, git(other.path, "rev-parse", "origin/main"), queued(git, remote)) == before
    assert jobs(other) == {ours}
    with pytest.raises(LibraryError, match="which is for reading only"):
        seen.import_logs(make_log("dense", [1e-3]), platform="box")
    assert list((tmp_path / "temporary").iterdir())
    del seen
    gc.collect()
    assert not list((tmp_path / "temporary").iterdir())
    assert other.check() == []


def test_what_is_not_sound_in_the_queue_is_named_to_a_reader(
    library: ConfigLibrary, remote: Path, git: Git, caplog: pytest.LogCaptureFixture
) -> None:
    git(remote, "update-ref", REFS + "a" * 16, "main")
    assert library.with_queued().commit == library.commit
    assert f"the queued job {'a' * 16} is left out: it changes more than to add" in caplog.text
    git(library.path, "remote", "set-url", "origin", "https://127.0.0.1:1/x")
    with pytest.raises(GitError, match="the queue of origin cannot be seen"):
        library.with_queued()
    with pytest.raises(LibraryError, match="is fixed at"):
        library.at("HEAD").with_queued()


def queue_files(git: Git, library: ConfigLibrary, ref: str, files: dict[str, bytes]) -> None:
    """Put a commit with these files into the remote's queue, as anybody can who may push."""
    repository = library.path.parent / "forging"
    git(library.path.parent, "init", "--quiet", str(repository))
    for path, content in files.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_bytes(content)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "forged")
    git(repository, "push", "--quiet", git(library.path, "remote", "get-url", "origin").strip(), f"HEAD:{REFS}{ref}")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"README": b"hello"}, "it changes more than to add"),
        ({segment_path("f" * 16): b"not JSON\n"}, "line 1: a record before any task"),
        ({segment_path("f" * 16): b'{"format":1}\n', "configs/x": b""}, "it changes more than to add"),
        ({segment_path("e" * 16): b""}, "it changes more than to add"),
    ],
)
def test_what_is_no_job_stays_in_the_queue_by_name_and_stops_nobody(
    files: dict[str, bytes],
    why: str,
    library: ConfigLibrary,
    other: ConfigLibrary,
    remote: Path,
    make_log: MakeLog,
    git: Git,
) -> None:
    bad = "f" * 16
    queue_files(git, library, bad, files)
    good = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync(queue=True)
    done = other.fold_queue()
    assert done.folded == (good,)
    assert list(done.refused) == [bad]
    assert why in done.refused[bad]
    assert queued(git, remote) == {bad}
    assert other.check() == []


@pytest.mark.parametrize(
    ("started", "finished", "why"),
    [
        (None, "2100-01-01T00:00:00Z", "field job.finished: 2100-01-01T00:00:00Z is in the future"),
        ("2100-01-01T00:00:00Z", None, "field job.started: 2100-01-01T00:00:00Z is in the future"),
        ("2026-01-02T00:00:00Z", "2026-01-01T23:00:00Z", "before it started"),
    ],
)
def test_a_job_whose_times_can_be_none_is_not_taken(
    started: str | None,
    finished: str | None,
    why: str,
    library: ConfigLibrary,
    other: ConfigLibrary,
    build: Any,
    git: Git,
) -> None:
    segment = build.segment(1, [build.record()], finished=None)
    header = replace(segment.header, started=started, finished=finished)
    task = segment.tasks[0]
    records = tuple(store(each.record, header, task.task) for each in task.records)
    forged = replace(segment, header=header, tasks=(replace(task, records=records),))
    queue_files(git, library, header.id, {segment_path(header.id): b"".join(write_segment(forged))})
    done = other.fold_queue()
    assert (done.folded, list(done.refused)) == ((), [header.id])
    assert why in done.refused[header.id]


def test_another_text_of_a_job_that_is_there_is_refused(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync()
    text = (library.path / segment_path(job)).read_bytes().replace(b"0.002", b"0.001")
    queue_files(git, library, job, {segment_path(job): text})
    done = other.fold_queue()
    assert (done.folded, list(done.refused)) == ((), [job])
    assert "segments never change" in done.refused[job]


def test_finish_and_import_queue_by_the_setting_without_a_fetch(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    library.configure("push", "queue")
    library.sync()
    other.sync()
    assert other.settings.push == "queue"  # a setting is no job: it went by the branch
    other.configure("push", "branch")
    other.import_logs(make_log("conv", [3e-3]), platform="box")
    other.sync()
    result = library.import_logs(make_log("dense", [2e-3]), platform="box", push=True)
    assert result.queued
    assert queued(git, remote) == {result.job}
    assert len(jobs(library)) == 1


#: Somebody is faster: when the branch is pushed to, it has moved already.
FASTER = """#!/bin/sh
while read old new ref; do
    [ $ref = refs/heads/main ] || continue
    unset GIT_QUARANTINE_PATH
    git update-ref refs/heads/main $(git -c user.name=a -c user.email=a@b commit-tree -p main -m faster main:)
done
"""


def hook_of(remote: Path, text: str) -> Path:
    """What the remote does before it takes a push."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(text)
    hook.chmod(0o755)
    return hook


def test_after_three_lost_races_jobs_are_queued(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    hook = hook_of(remote, FASTER)
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    done = library.sync()
    assert (done.queued, done.sent) == ((job,), ())
    hook.unlink()
    assert other.sync().folded == (job,)  # whoever syncs next brings it in
    assert queued(git, remote) == set()


def test_who_is_outrun_leaves_the_queue_to_who_was_faster(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    waiting = other.import_logs(make_log("conv", [3e-3]), platform="box").job
    other.sync(queue=True)
    hook_of(remote, FASTER + 'rm "$0"\n')
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    done = library.sync()
    assert (done.sent, done.folded, done.tries) == ((job,), (), 2)
    assert queued(git, remote) == {waiting}
    assert library.sync().folded == (waiting,)


def test_a_remote_that_lets_nobody_delete_refs_still_takes_the_branch(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    hook = remote / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$3" in *[!0]*) ;; *) exit 1 ;; esac\n')  # no ref goes
    hook.chmod(0o755)
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.sync(queue=True)
    other.import_logs(make_log("conv", [3e-3]), platform="box")
    assert len(other.sync().sent) == 1
    with pytest.raises(GitError, match="the right to push to the branch and to delete refs/tvmgitlib/jobs/"):
        other.fold_queue()


def test_refs_that_start_a_hosts_ci_are_branches_with_the_librarys_files(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    library.configure("queue.refs", "refs/heads/jobs/")
    library.sync()
    other.sync()
    job = library.import_logs(make_log("dense", [2e-3]), platform="box").job
    library.sync(queue=True)
    assert queued(git, remote, "refs/heads/jobs/") == {job}
    names = git(remote, "ls-tree", "-r", "--name-only", f"jobs/{job}").split()
    assert {"tvmgitlib.json", segment_path(job)} <= set(names)
    assert other.fold_queue().folded == (job,)
    assert queued(git, remote, "refs/heads/jobs/") == set()
    assert other.check() == []


@pytest.mark.parametrize("value", ["refs/heads/", "refs/tags/x/", "jobs", "refs/heads/../x/", "-x"])
def test_a_queue_is_refs_that_can_harm_nothing(library: ConfigLibrary, value: str) -> None:
    with pytest.raises(SettingsError, match="refs/tvmgitlib/NAME/"):
        library.configure("queue.refs", value)


def test_settings_that_are_as_they_were_are_not_written(library: ConfigLibrary) -> None:
    library.configure("push", "queue")
    assert json.loads((library.path / "tvmgitlib.json").read_text())["push"] == "queue"
    library.configure("push", "auto")
    assert "push" not in json.loads((library.path / "tvmgitlib.json").read_text())
    assert library.settings.to_json()["push"] == "auto"
