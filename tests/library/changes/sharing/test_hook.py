"""The pre-receive hook on real servers: what is sound goes through, and each attack is refused with its reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import install_hook, refusals, server_repository
from tvmgitlib.library.care.receiving import Update
from tvmgitlib.model import GitError, LibraryError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def guarded(served: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, once: Once) -> Path:
    """The bare repository `team.git` with the hook, and two jobs in it that `library` has sent."""
    server = served / "team.git"

    def make() -> None:
        install_hook(server_repository(server))
        git(library.path, "remote", "add", "origin", server.as_uri())
        for cost in (2e-3, 3e-3):
            library.import_logs(make_log("dense", [cost]), platform="box")
        library.sync()

    once(make)
    return server


@pytest.fixture
def attacker(guarded: Path, tmp_path: Path, git: Git) -> Path:
    """A clone of plain Git's."""
    git(tmp_path, "clone", "-q", guarded.as_uri(), "attacker")
    return tmp_path / "attacker"


def segment(path: Path) -> Path:
    return sorted(path.glob("jobs/*/*.jsonl"))[0]


def commit(git: Git, path: Path) -> None:
    git(path, "add", "--all")
    git(path, "commit", "-q", "-m", "by hand")


def pushed(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(path), "push", *(arguments or ("origin", "HEAD"))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def edit_segment(path: Path, git: Git) -> None:
    segment(path).write_bytes(segment(path).read_bytes().replace(b"0.00", b"0.000"))
    commit(git, path)


def edit_and_undo(path: Path, git: Git) -> None:
    edit_segment(path, git)
    git(path, "revert", "--no-edit", "HEAD")


def remove_segment(path: Path, git: Git) -> None:
    git(path, "rm", "-q", str(segment(path)))
    commit(git, path)


def forge_configs(path: Path, git: Git) -> None:
    (configs,) = path.glob("configs/*/*/autotvm.jsonl")
    configs.write_bytes(configs.read_bytes().replace(b"0.002", b"2e-06"))
    commit(git, path)


def forge_without_a_stamp(path: Path, git: Git) -> None:
    (path / "configs" / ".fold").unlink()
    forge_configs(path, git)


def malformed_line(path: Path, git: Git) -> None:
    new = path / "jobs" / "ab" / "ab00000000000000.jsonl"
    new.parent.mkdir(exist_ok=True)
    new.write_text("{}\n")
    commit(git, path)


def linked_segment(path: Path, git: Git) -> None:
    new = path / "jobs" / "ab" / "ab00000000000000.jsonl"
    new.parent.mkdir(exist_ok=True)
    new.symlink_to("/etc/passwd")
    commit(git, path)


def no_library(path: Path, git: Git) -> None:
    (path / "tvmgitlib.json").unlink()
    commit(git, path)


ATTACKS = [
    (edit_segment, "changed by"),
    (edit_and_undo, "changed by"),
    (remove_segment, "removed by"),
    (forge_configs, "configs: not what jobs/ folds to, though it says so"),
    (forge_without_a_stamp, "configs: neither what jobs/ folds to nor as it was"),
    (malformed_line, "jobs/ab/ab00000000000000.jsonl, line 1: a record before any task"),
    (linked_segment, "jobs/ab/ab00000000000000.jsonl: a symbolic link"),
    (no_library, "tvmgitlib.json is not in the commit"),
]


@pytest.mark.parametrize("branch", [pytest.param("main", marks=pytest.mark.slow), "side"])
def test_each_attack_is_refused_with_its_reason(guarded: Path, attacker: Path, git: Git, branch: str) -> None:
    before = git(guarded, "for-each-ref")
    for attack, why in ATTACKS if branch == "main" else ATTACKS[1:4]:
        git(attacker, "reset", "-q", "--hard", "origin/main")
        attack(attacker, git)
        said = pushed(attacker, "origin", f"HEAD:refs/heads/{branch}").stderr
        assert f"remote: tvmgitlib: refs/heads/{branch}: " in said, attack
        assert why in said, attack
    assert git(guarded, "for-each-ref") == before


@pytest.mark.slow
@pytest.mark.parametrize("commits", [1, 20])
def test_a_short_push_is_judged_as_a_long_one_is(
    guarded: Path, attacker: Path, git: Git, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    old = git(guarded, "rev-parse", "main").strip()
    edit_and_undo(attacker, git)
    git(attacker, "rm", "-q", str(segment(attacker)))
    for number in range(commits):
        git(attacker, "commit", "-q", "--allow-empty", "-m", f"Remove one, or nothing: {number}")
    git(attacker, "push", "-q", guarded.as_uri(), "HEAD:refs/tmp/judged")
    told = [f"{old} {git(attacker, 'rev-parse', 'HEAD').strip()} refs/heads/main\n"]
    by_commits = refusals(guarded, told)
    monkeypatch.setattr("tvmgitlib.library.care.receiving.few_since", lambda *_: None)
    assert by_commits == refusals(guarded, told)
    assert "changed by" in by_commits[0]


def test_a_parent_that_git_does_not_see_is_none(guarded: Path, attacker: Path, git: Git) -> None:
    old = git(guarded, "rev-parse", "main").strip()
    raw = git(attacker, "cat-file", "commit", "HEAD")
    tree, rest = raw.partition("\n")[0], raw[raw.index("author ") :]
    head, blank, message = rest.partition("\n\n")
    forged = f"{tree}\n{head}\nparent {old}{blank}{message}"
    command = ["git", "-C", str(attacker), "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(command, input=forged, capture_output=True, text=True, check=True).stdout.strip()
    assert git(attacker, "rev-list", "--count", made).strip() == "1"
    done = pushed(attacker, "-f", "origin", f"{made}:main")
    assert done.returncode != 0
    assert "a push by force takes back what others have seen" in done.stderr


def test_no_job_goes_by_way_of_a_branch_that_holds_no_library(guarded: Path, attacker: Path, git: Git) -> None:
    remove_segment(attacker, git)
    no_library(attacker, git)
    git(attacker, "push", "-q", "origin", "HEAD:refs/heads/side")  # nobody's business
    git(attacker, "checkout", "-q", "origin/main", "tvmgitlib.json")
    commit(git, attacker)
    for branch in ("main", "side"):
        assert "removed by" in pushed(attacker, "origin", f"HEAD:refs/heads/{branch}").stderr
    assert len(git(guarded, "ls-tree", "-r", "--name-only", "main", "jobs").split()) == 2


@pytest.mark.slow
def test_a_branch_that_parts_within_a_push_is_not_held_against_what_nobody_judged(
    guarded: Path, attacker: Path, git: Git
) -> None:
    forge_configs(attacker, git)
    git(attacker, "branch", "forged")
    git(attacker, "revert", "--no-edit", "HEAD")
    assert pushed(attacker).returncode == 0
    git(attacker, "checkout", "-q", "forged")
    (attacker / "NOTES").write_text("mine\n")
    commit(git, attacker)
    assert "configs: not what jobs/ folds to" in pushed(attacker, "origin", "forged").stderr


@pytest.mark.slow
def test_nothing_is_taken_back(guarded: Path, attacker: Path, git: Git) -> None:
    git(attacker, "reset", "-q", "--hard", "HEAD~1")
    assert "a push by force takes back" in pushed(attacker, "--force", "origin", "HEAD:main").stderr
    git(guarded, "config", "receive.denyDeleteCurrent", "ignore")
    assert "the library's branch does not go" in pushed(attacker, "origin", ":main").stderr
    assert pushed(attacker, "origin", "HEAD:refs/heads/side").returncode == 0
    assert pushed(attacker, "origin", ":side").returncode == 0


@pytest.mark.slow
def test_all_that_tvmgitlib_does_goes_through(
    guarded: Path, library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, git: Git
) -> None:
    other = ConfigLibrary.clone(guarded.as_uri(), tmp_path / "other")
    job = library.import_logs(make_log("conv", [1e-3]), platform="box").job
    other.import_logs(make_log("conv", [5e-4]), platform="rack")
    other.sync()
    library.configure("keep", 2)
    library.revert(str(job))
    library.sync()
    library.import_logs(make_log("pool", [1e-3]), platform="box")
    library.propose("jobs/mine")
    library.import_logs(make_log("relu", [1e-3]), platform="box")
    library.propose("jobs/mine")
    git(other.path, "fetch", "-q")
    other.merge("origin/jobs/mine")
    other.sync()
    other.import_logs(make_log("gelu", [1e-3]), platform="box")
    other.sync(queue=True)
    assert len(library.sync().folded) == 1
    (library.path / "NOTES").write_text("ours\n")
    commit(git, library.path)
    assert pushed(library.path).returncode == 0
    assert library.check() == []


@pytest.mark.slow
def test_where_only_signed_jobs_are_trusted_others_are_refused(
    guarded: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Callable[..., str], tmp_path: Path
) -> None:
    sign(library.path, "tess")
    (tmp_path / "allowed").write_text(f"tess@example.com {(tmp_path / 'key-tess.pub').read_text()}")
    git(guarded, "config", "--global", "tvmgitlib.allowedSigners", str(tmp_path / "allowed"))
    library.configure("policy.trust", "signed")
    library.sync()
    signed = library.import_logs(make_log("conv", [1e-3]), platform="box").job
    assert len(library.sync().sent) == 1

    git(library.path, "config", "tvmgitlib.sign", "none")
    library.configure("policy.trust", "any")  # a push that would allow what it brings
    library.import_logs(make_log("pool", [1e-3]), platform="box")
    assert "is not signed, and only signed jobs are trusted" in pushed(library.path).stderr
    with pytest.raises(GitError, match="is not signed, and only signed jobs are trusted"):
        library.sync(queue=True)
    git(library.path, "reset", "-q", "--hard", "origin/main")
    library.configure("policy.trust", "any")  # a push of its own, for the next one
    assert "no push takes back that only signed jobs are trusted" in pushed(library.path).stderr
    git(library.path, "reset", "-q", "--hard", "origin/main")

    (signature,) = (library.path / "jobs" / str(signed)[:2]).glob(f"{signed}.*.sig")
    signature.unlink()
    commit(git, library.path)
    said = pushed(library.path).stderr
    assert f"{signature.name}: removed by" in said
    assert "signatures never change" in said


@pytest.mark.parametrize("server", ["daemon", pytest.param("http", marks=pytest.mark.slow)])
def test_servers_run_it_and_their_users_hear_why(
    guarded: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, request: pytest.FixtureRequest, server: str
) -> None:
    running = request.getfixturevalue(server)
    url = running if server == "http" else f"git://127.0.0.1:{running.port}/team.git"
    git(library.path, "remote", "set-url", "origin", url)
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    assert len(library.sync().sent) == 1
    forge_configs(library.path, git)
    with pytest.raises(GitError, match="not what jobs/ folds to, though it says so") as caught:
        library.sync()
    assert "protected" not in str(caught.value)
    library.rebuild()
    library.sync()
    assert git(guarded, "rev-parse", "main").strip() == library.commit


@pytest.mark.slow
def test_the_queue_holds_jobs_only(
    guarded: Path, library: ConfigLibrary, attacker: Path, make_log: MakeLog, git: Git
) -> None:
    job = library.import_logs(make_log("conv", [1e-3]), platform="box").job
    library.sync(queue=True)
    ref = f"refs/tvmgitlib/jobs/{job}"
    assert "the job is on no branch yet" in pushed(attacker, "origin", f":{ref}").stderr
    assert "is queued already" in pushed(attacker, "--force", "origin", f"HEAD:{ref}").stderr
    other = f"refs/tvmgitlib/jobs/{'0' * 16}"
    assert "it changes more than to add" in pushed(attacker, "origin", f"HEAD:{other}").stderr
    assert ConfigLibrary(attacker).sync().folded == (job,)


def test_an_unsound_library_and_another_hook_are_named_at_once(
    served: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, tvmgitlib: Any
) -> None:
    server = served / "team.git"
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    forge_configs(library.path, git)
    git(library.path, "push", "-q", server.as_uri(), "main")
    with pytest.raises(LibraryError, match="refs/heads/main is not sound: configs: not what jobs/ folds to"):
        install_hook(server_repository(server))
    library.rebuild()
    git(library.path, "push", "-q", server.as_uri(), "main")
    hook = server / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    with pytest.raises(LibraryError, match="another pre-receive hook"):
        install_hook(server_repository(server))
    hook.unlink()
    done = tvmgitlib("--json", "hook", "install", "--server", server)
    assert json.loads(done.stdout) == {"hook": str(hook)}
    assert tvmgitlib("hook", "install", "--server", server).returncode == 0  # its own may be there


def test_a_host_without_hooks_asks_by_ci(library: ConfigLibrary, make_log: MakeLog, cli: Any, git: Git) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.import_logs(make_log("dense", [3e-3]), platform="box")
    assert cli.json("hook", "check", "HEAD~1", "HEAD") == {"sound": True, "problems": []}
    assert cli("hook", "check", "0" * 40, "HEAD").code == 0
    edit_and_undo(library.path, git)
    assert cli("hook", "check", "HEAD~2", "HEAD").code == 1
    assert "changed by" in cli.out
    assert cli("hook", "check", "0" * 40, "HEAD").code == 1
    assert cli("hook", "check", "HEAD", "HEAD~1").code == 1
    assert cli("hook", "check", "nowhere", "HEAD").code == 4


def test_the_name_of_a_ref_may_hold_any_space_but_one() -> None:
    update = Update.read(f"{'0' * 40} {'1' * 40} refs/heads/a\u00a0b\n")
    assert (update.old, update.new, update.ref) == (None, "1" * 40, "refs/heads/a\u00a0b")


@pytest.mark.parametrize(
    "line",
    [
        "refs/heads/main",
        f"{'0' * 40} {'1' * 40}",
        f"{'0' * 40} HEAD refs/heads/main",
        f"{'0' * 40} {'1' * 39} refs/heads/main",
        f"{'0' * 40} {'1' * 64} refs/heads/main",
        f"{'0' * 40} {'G' * 40} refs/heads/main",
    ],
)
def test_what_git_would_not_tell_its_hook(line: str) -> None:
    with pytest.raises(LibraryError, match="not a line of Git's"):
        Update.read(f"{line}\n")


def test_a_push_of_nothing_is_not_looked_at(tmp_path: Path) -> None:
    assert refusals(tmp_path / "nowhere", []) == []


def test_no_hook_is_put_where_git_does_not_look(served: Path, git: Git) -> None:
    server = served / "team.git"
    git(server, "config", "--global", "core.hooksPath", str(served / "hooks"))
    with pytest.raises(LibraryError, match=r"Git looks for hooks in .*served/hooks \(core.hooksPath\)"):
        install_hook(server_repository(server))
    assert not (server / "hooks" / "pre-receive").exists()
    git(server, "config", "core.hooksPath", "hooks")  # the repository's own, where Git starts them
    install_hook(server_repository(server))
    assert (server / "hooks" / "pre-receive").exists()


def test_ci_holds_a_branch_against_where_it_is_to_go(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, git: Git, sign: Callable[..., str], tmp_path: Path
) -> None:
    sign(library.path, "tess")
    (tmp_path / "allowed").write_text(f"tess@example.com {(tmp_path / 'key-tess.pub').read_text()}")
    git(library.path, "config", "--global", "tvmgitlib.allowedSigners", str(tmp_path / "allowed"))
    git(library.path, "branch", "proposal")  # when nobody asked for signatures yet
    library.configure("policy.trust", "signed")
    git(library.path, "switch", "-q", "proposal")
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    assert cli("hook", "check", "main", "proposal").code == 0, cli.out
    git(library.path, "config", "tvmgitlib.sign", "none")
    library.import_logs(make_log("pool", [1e-3]), platform="box")
    assert cli("hook", "check", "main", "proposal").code == 1
    assert "is not signed, and only signed jobs are trusted" in cli.out


def test_what_the_hook_cannot_judge_is_told_as_the_command_does(guarded: Path) -> None:
    command = [sys.executable, "-m", "tvmgitlib.cli.pre_receive"]
    told = "refs/heads/main\n"
    done = subprocess.run(command, cwd=guarded, input=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "not a line of Git's to its pre-receive hook: refs/heads/main" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_push_of_records_imports_little_more_than_it_is_judged_by(
    guarded: Path, library: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    old = git(guarded, "rev-parse", "main").strip()
    library.import_logs(make_log("conv", [1e-3]), platform="box")
    git(library.path, "push", "-q", "origin", "HEAD:refs/heads/side")
    code = "import sys; from tvmgitlib.cli.pre_receive import main; print(main(), *sys.modules)"
    told = f"{old} {library.commit} refs/heads/main\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=guarded, input=told, capture_output=True, text=True, check=True
    )
    judged, *imported = done.stdout.split()
    assert judged == "0", done.stderr
    needless = {"click", "sqlite3", "tempfile", "tvmgitlib.store.remotes.exchange", "tvmgitlib.store.signing"}
    assert needless & set(imported) == set()
