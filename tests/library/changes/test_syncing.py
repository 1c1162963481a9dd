from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import GitError, LibraryError
from tvmgitlib.library.changes import syncing

Git = Callable[..., str]
MakeLog = Callable[..., Path]


def jobs(library: ConfigLibrary) -> set[str]:
    return {entry.job for entry in library.log()}


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git) -> Path:
    """A bare remote that `library` has been pushed to."""
    path = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
    git(library.path, "remote", "add", "origin", path.as_uri())
    library.sync()
    return path


@pytest.fixture
def other(remote: Path, tmp_path: Path) -> ConfigLibrary:
    """A second clone of the remote."""
    return ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")


def test_a_clone_is_a_library_with_drivers(other: ConfigLibrary, git: Git) -> None:
    assert other.check() == []
    assert "tvmgitlib driver textconv" in git(other.path, "config", "diff.tvmgitlib.textconv")


def test_jobs_travel_both_ways_without_merge_commits(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    assert len(library.sync().sent) == 1
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    done = other.sync()
    assert (len(done.sent), len(done.received)) == (1, 1)
    assert library.sync().received == done.sent
    for clone in (library, other):
        assert [config.cost for config in clone.best()] == [1e-3]
        assert clone.check() == []
        assert git(clone.path, "status", "--porcelain") == ""
        assert git(clone.path, "rev-list", "--merges", "HEAD") == ""
    assert library.commit == other.commit


def test_settings_reverts_and_a_users_own_commits_travel_too(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    job = library.import_logs(make_log("dense", [1e-3]), platform="box").job
    assert job is not None
    library.sync()
    other.import_logs(make_log("conv", [1e-3]), platform="box")
    other.configure("keep", 2)
    (other.path / "NOTES").write_text("ours\n")
    git(other.path, "add", "NOTES")
    git(other.path, "commit", "--quiet", "-m", "Keep notes", "--author", "Ann Other <ann@example.com>")
    library.revert(job)
    library.sync()
    other.sync()
    assert other.settings.keep == 2
    assert {config.workload for config in other.best()} == {'["conv",[8,8,"float32"]]'}
    assert git(other.path, "log", "-1", "--format=%an: %s").strip() == "Ann Other: Keep notes"
    assert other.check() == []


def test_merges_are_flattened(library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    git(other.path, "switch", "--quiet", "-c", "side")
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    git(other.path, "switch", "--quiet", "main")
    other.import_logs(make_log("dense", [2e-3]), platform="box")
    other.merge("side")
    other.sync()
    assert git(other.path, "rev-list", "--merges", "HEAD") == ""
    assert len(jobs(other)) == 2
    assert other.check() == []


def test_the_same_import_on_both_sides_is_one_job(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog
) -> None:
    log = make_log("dense", [1e-3])
    library.import_logs(log, platform="box")
    other.import_logs(log, platform="box")
    library.sync()
    done = other.sync()
    assert done.sent == ()
    assert len(jobs(other)) == 1
    assert library.commit == other.commit


def test_nothing_to_exchange_is_no_commit(library: ConfigLibrary, remote: Path) -> None:
    before = library.commit
    done = library.sync()
    assert (done.sent, done.received, done.commit) == ((), (), before)


def test_a_proposal_touches_only_jobs_and_merges_anywhere(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    library.import_logs(make_log("dense", [3e-3]), platform="box")
    library.sync()
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    before = other.commit
    other.propose("faster-dense")
    assert other.commit == before
    host = tmp_path / "host"
    git(tmp_path, "clone", "--quiet", str(remote), str(host))
    changed = git(host, "diff", "--name-only", "origin/main...origin/faster-dense").split()
    assert changed and all(path.startswith("jobs/") for path in changed)
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.sync()
    git(host, "pull", "--quiet")
    git(host, "merge", "--quiet", "--no-edit", "origin/faster-dense")
    git(host, "push", "--quiet")
    library.sync()
    assert [config.cost for config in library.best()] == [1e-3]
    library.rebuild()
    assert library.check() == []


def test_a_proposal_never_overwrites_a_branch(other: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    git(other.path, "switch", "--quiet", "-c", "taken", "HEAD~1")
    git(other.path, "commit", "--quiet", "--allow-empty", "-m", "Something else")
    git(other.path, "push", "--quiet", "origin", "taken")
    git(other.path, "switch", "--quiet", "main")
    with pytest.raises(GitError, match="taken has something else"):
        other.propose("taken")


def test_an_edited_segment_is_not_sent(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    library.sync()
    other.sync()
    path = next((other.path / "jobs").glob("*/*.jsonl"))
    path.write_text(path.read_text().replace("0.001", "0.0001"))
    git(other.path, "commit", "--quiet", "-am", "Cheat")
    library.import_logs(make_log("dense", [3e-3]), platform="box")
    library.sync()
    with pytest.raises(LibraryError, match="different texts of one segment"):
        other.sync()


def test_a_library_without_a_remote_says_how_to_add_one(library: ConfigLibrary) -> None:
    with pytest.raises(GitError, match="remote add origin URL"):
        library.sync()


@pytest.mark.parametrize("url", ["ext::sh -c 'touch planted'", "-uplanted", "--upload-pack=touch planted", "fd::3", ""])
def test_urls_that_could_run_commands_are_refused(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GitError):
        ConfigLibrary.clone(url, tmp_path / "clone")
    assert list(tmp_path.iterdir()) == []


def test_a_remote_that_runs_commands_is_refused_by_sync(library: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(library.path, "remote", "add", "origin", f"ext::sh -c 'touch {tmp_path}/planted'")
    with pytest.raises(GitError, match="transport helper"):
        library.sync()
    git(library.path, "remote", "set-url", "origin", "https://example.invalid/x")
    git(library.path, "config", f"url.ext::sh -c 'touch {tmp_path}/planted' .insteadOf", "https://example.invalid/x")
    with pytest.raises(GitError):
        library.sync()
    assert not (tmp_path / "planted").exists()


def test_what_is_no_library_is_refused(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet", "-b", "main", "plain")
    git(tmp_path / "plain", "commit", "--quiet", "--allow-empty", "-m", "Empty")
    with pytest.raises(LibraryError, match="no library"):
        ConfigLibrary.clone(str(tmp_path / "plain"), tmp_path / "clone")


_FINISH_AND_PUSH = textwrap.dedent(
    """
    import sys
    from tvmgitlib import ConfigLibrary
    library, logs = ConfigLibrary(sys.argv[1]), sys.argv[2:]
    for log in logs:
        library.import_logs(log, platform="box")
        library.sync()
    """
)


@pytest.mark.slow
def test_8_clones_of_10_jobs_each_arrive(remote: Path, tmp_path: Path, make_log: MakeLog, git: Git) -> None:
    clones = [ConfigLibrary.clone(remote.as_uri(), tmp_path / f"clone-{number}") for number in range(8)]
    processes = []
    for number, clone in enumerate(clones):
        logs = [make_log(f"dense{round % 3}", [1e-3 + 1e-6 * (10 * number + round)]) for round in range(10)]
        command = [sys.executable, "-c", _FINISH_AND_PUSH, str(clone.path), *map(str, logs)]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
    final = ConfigLibrary.clone(remote.as_uri(), tmp_path / "final")
    assert len(jobs(final)) == 80
    assert git(remote, "rev-list", "--merges", "main") == ""
    assert git(remote, "fsck", "--no-dangling") == ""  # a push that lost a race leaves its objects behind
    assert final.check() == []
    for clone in clones:
        clone.sync()
        assert clone.commit == final.commit
        assert git(clone.path, "status", "--porcelain") == ""


@pytest.mark.parametrize("proposed", [False, True])
def test_what_git_says_of_a_push_that_never_gets_through_is_told(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, proposed: bool
) -> None:
    monkeypatch.setattr(syncing, "_PATIENCE", 0.0)
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    branch = "mine" if proposed else "main"
    (remote / "refs" / "heads" / f"{branch}.lock").touch()  # as a push leaves it whose server was killed
    with pytest.raises(GitError, match=rf"cannot lock ref(.|\n)*{branch}\.lock"):
        library.propose(branch) if proposed else library.sync()
    (remote / "refs" / "heads" / f"{branch}.lock").unlink()
    assert len((library.propose(branch) if proposed else library.sync()).sent) == 1
