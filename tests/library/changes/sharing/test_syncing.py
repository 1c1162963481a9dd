from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes.sharing import exchange, syncing
from tvmgitlib.model import GitError, LibraryError

Git = Callable[..., str]
MakeLog = Callable[..., Path]


def jobs(library: ConfigLibrary) -> set[str]:
    return {entry.job for entry in library.log()}


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


@pytest.mark.parametrize(
    ("many", "each"),
    [pytest.param(3, 3, marks=pytest.mark.slow), pytest.param(8, 10, marks=pytest.mark.soak)],
)
def test_the_jobs_of_many_clones_arrive(
    remote: Path, tmp_path: Path, make_log: MakeLog, git: Git, many: int, each: int
) -> None:
    clones = [ConfigLibrary.clone(remote.as_uri(), tmp_path / f"clone-{number}") for number in range(many)]
    processes = []
    for number, clone in enumerate(clones):
        logs = [make_log(f"dense{round % 3}", [1e-3 + 1e-6 * (each * number + round)]) for round in range(each)]
        command = [sys.executable, "-c", _FINISH_AND_PUSH, str(clone.path), *map(str, logs)]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
    final = ConfigLibrary.clone(remote.as_uri(), tmp_path / "final")
    final.sync()  # which folds what lost three races and waits in the queue
    assert len(jobs(final)) == many * each
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
    monkeypatch.setattr(exchange, "_PATIENCE", 0.0)
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    branch = "mine" if proposed else "main"
    (remote / "refs" / "heads" / f"{branch}.lock").touch()  # as a push leaves it whose server was killed
    with pytest.raises(GitError, match=rf"cannot lock ref(.|\n)*{branch}\.lock"):
        library.propose(branch) if proposed else library.sync()
    (remote / "refs" / "heads" / f"{branch}.lock").unlink()
    assert len((library.propose(branch) if proposed else library.sync()).sent) == 1


# Refusals


def refuse(remote: Path, branch: str, words: str) -> None:
    """Have the remote take no push to a branch, as hosts do with a protected one."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    lines = ["#!/bin/sh", "while read old new ref; do", f'[ "$ref" = refs/heads/{branch} ] || continue']
    hook.write_text("\n".join([*lines, f"echo '{words}' >&2; exit 1", "done", ""]))
    hook.chmod(0o755)


@pytest.mark.parametrize(
    "words",
    [
        "GH006: Protected branch update failed for refs/heads/main.",
        "GitLab: You are not allowed to push code to protected branches on this project.",
        "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
        "policy",
    ],
)
def test_a_push_to_a_protected_branch_is_refused_at_once_and_says_what_to_do(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(remote, "main", words)
    monkeypatch.setattr(exchange.time, "sleep", lambda _: pytest.fail("it is tried again"))
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    with pytest.raises(GitError, match="hook declined") as caught:
        library.sync()
    assert words in str(caught.value)
    assert "tvmgitlib sync --propose" in str(caught.value)
    assert len(library.propose("mine").sent) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [("receive.denyCurrentBranch", "refuse"), ("receive.maxInputSize", "1"), ("transfer.hideRefs", "refs/heads/main")],
)
def test_whatever_a_server_refuses_is_told_at_once(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path, setting: str, value: str, monkeypatch
) -> None:
    git(tmp_path, "clone", "--quiet", str(library.path), "remote")
    git(library.path, "remote", "add", "origin", (tmp_path / "remote").as_uri())
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    git(tmp_path / "remote", "config", setting, value)
    monkeypatch.setattr(exchange.time, "sleep", lambda _: pytest.fail("it is tried again"))
    with pytest.raises(GitError, match=r"rejected|refused|unpack|cannot"):
        library.sync()


@pytest.mark.parametrize("outside", ["nowhere", "not a repository"])
def test_a_remote_that_is_none_is_told_at_once(
    library: ConfigLibrary, git: Git, tmp_path: Path, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "not a repository").mkdir()
    git(library.path, "remote", "add", "origin", (tmp_path / outside).as_uri())
    monkeypatch.setattr(exchange.time, "sleep", lambda _: pytest.fail("it is tried again"))
    with pytest.raises(GitError, match=r"does not appear to be a git repository|does not exist"):
        library.sync()


# Proposals


def host_of(remote: Path, git: Git) -> Path:
    """A plain clone in which the remote's host merges."""
    git(remote.parent, "clone", "--quiet", str(remote), "host")
    return remote.parent / "host"


def test_a_proposal_that_is_repeated_changes_nothing_and_one_that_has_grown_is_extended(
    library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    first = other.propose("mine")
    again = other.propose("mine")
    assert (again.commit, again.sent) == (first.commit, ())
    library.import_logs(make_log("pool", [1e-3]), platform="box")  # main moves meanwhile
    library.sync()
    other.import_logs(make_log("conv", [1e-3]), platform="box")
    other.configure("keep", 3)
    second = other.propose("mine")
    assert len(second.sent) == 1
    assert git(remote, "merge-base", "--is-ancestor", first.commit, "mine") == ""
    assert other.propose("mine").commit == second.commit
    changed = git(remote, "diff", "--name-only", "main...mine").split()
    assert all(path.startswith("jobs/") or path == "tvmgitlib.json" for path in changed)
    assert len([path for path in changed if path.startswith("jobs/")]) == 2
    host = host_of(remote, git)
    git(host, "merge", "--quiet", "--no-edit", "origin/mine")
    git(host, "push", "--quiet")
    for clone in (library, other):
        clone.sync()
        clone.rebuild()
        assert clone.check() == []
        assert len(jobs(clone)) == 3
        assert clone.settings.keep == 3


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_a_branch_whose_proposal_was_merged_takes_the_next_one(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git, how: str
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    library.propose("mine")
    host = host_of(remote, git)
    git(host, "commit", "--quiet", "--allow-empty", "-m", "Something else")
    if how == "merge":
        git(host, "merge", "--quiet", "--no-edit", "origin/mine")
    elif how == "squash":
        git(host, "merge", "--quiet", "--squash", "origin/mine")
        git(host, "commit", "--quiet", "-m", "Squash")
    else:
        git(host, "cherry-pick", "origin/mine")
    git(host, "push", "--quiet")
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    assert len(library.propose("mine").sent) == 1
    git(host, "fetch", "--quiet")
    git(host, "merge", "--quiet", "--no-edit", "origin/mine")
    git(host, "push", "--quiet")
    library.sync()
    library.rebuild()
    assert library.check() == []
    assert len(jobs(library)) == 2


def test_a_users_own_files_in_a_proposal_are_ones_own(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    (library.path / "NOTES").write_text("ours\n")
    git(library.path, "add", "NOTES")
    git(library.path, "commit", "--quiet", "-m", "Keep notes")
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    first = library.propose("mine")
    assert library.propose("mine").commit == first.commit
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    assert len(library.propose("mine").sent) == 1


def test_somebody_elses_proposal_is_not_extended(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog
) -> None:
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    other.propose("tuned")
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    with pytest.raises(GitError, match="tuned has something else, or somebody else's jobs"):
        library.propose("tuned")


@pytest.mark.parametrize("name", ["main", "main/mine"])
def test_a_name_that_no_proposal_can_have_is_refused_at_once(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    monkeypatch.setattr(exchange.time, "sleep", lambda _: pytest.fail("it is tried again"))
    with pytest.raises(GitError, match="another name"):
        library.propose(name)


#: A writer that is at it whenever somebody pushes: it takes turns with others by the library's lock, and does not wait.
BUSY = """#!/bin/sh
unset $(env | sed -n 's/^\\(GIT_[A-Z_]*\\)=.*/\\1/p')
cd LIBRARY && flock --nonblock .git/tvmgitlib/lock \
    sh -c 'touch note-$$ && git add note-$$ && git commit --quiet -m Busy' >/dev/null 2>&1
exit 0
"""


if shutil.which("flock"):

    def test_a_sync_converges_beside_a_writer_that_is_always_faster(
        library: ConfigLibrary, other: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
    ) -> None:
        other.import_logs(make_log("conv", [1e-3]), platform="box")
        other.sync()
        job = library.import_logs(make_log("dense", [1e-3]), platform="box").job
        hook = remote / "hooks" / "post-receive"
        hook.write_text(BUSY.replace("LIBRARY", str(library.path)))
        hook.chmod(0o755)
        done = library.sync()
        assert job in done.sent
        assert done.tries == syncing._OUTRUN + 1
        assert git(remote, "rev-parse", "main").strip() == library.commit
        assert git(library.path, "log", "--format=%s", "--grep=Busy").split() == ["Busy"] * syncing._OUTRUN


FULL = b"""\
error: file write error: No space left on device
fatal: unable to write loose object file
fatal: fetch-pack: invalid index-pack output"""


def test_a_full_disk_is_told_at_once(
    other: ConfigLibrary, library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    library.sync()
    wrapper = tmp_path / "full" / "git"
    wrapper.parent.mkdir()
    (wrapper.parent / "said").write_bytes(FULL)
    wrapper.write_text(
        f'#!/bin/sh\nfor each; do [ "$each" = fetch ] && cat {wrapper.parent}/said >&2 && exit 128; done\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr(exchange, "_PATIENCE", 0.0)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    with pytest.raises(GitError, match="No space left on device") as caught:
        other.sync()
    assert "when there is room" in str(caught.value.hint)
