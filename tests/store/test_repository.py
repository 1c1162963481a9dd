"""One safe way to commit, in every state that a repository can be in."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tvmgitlib.model import GitError, LibraryError
from tvmgitlib.store import Draft, Repository, create_repository, identity
from tvmgitlib.store import repository as module
from tvmgitlib.store.landing import branch as landing

FILES = {"jobs/ab/one.jsonl": b"one\n", "configs/t/p/autotvm.jsonl": b"best\n"}


def status(git, root: Path) -> str:
    return git(root, "status", "--porcelain", "--untracked-files=all")


def refused(repository: Repository, message: str) -> GitError:
    """A commit that must be refused, and leave no trace."""
    head = repository.head
    with pytest.raises(GitError, match=message) as caught:
        repository.commit(lambda _: Draft("A job\n", FILES))
    assert repository.head == head
    assert not list(repository.git_dir.glob("tvmgitlib-*"))
    assert not (repository.git_dir / "index.lock").exists()
    return caught.value


# Onto the branch


def test_a_commit_onto_an_unborn_branch_is_its_first(repository: Repository, commit, git) -> None:
    (repository.root / "mine").write_text("staged")
    git(repository.root, "add", "mine")
    made = commit(repository, FILES, "The first\n")
    assert git(repository.root, "rev-list", "main").split() == [made.commit]
    assert status(git, repository.root) == "A  mine\n"


def test_a_draft_of_nothing_commits_nothing(repository: Repository) -> None:
    assert repository.commit(lambda _: None) is None
    assert repository.head is None


def test_a_commit_that_comes_in_between_is_kept(repository: Repository, commit, git) -> None:
    commit(repository, {"jobs/00/zero.jsonl": b"0"})
    seen = []

    def draft(snapshot) -> Draft:
        seen.append(snapshot.commit)
        if len(seen) == 1:
            (repository.root / "mine").write_text("x")
            git(repository.root, "add", "mine")
            git(repository.root, "commit", "-q", "-m", "the user's")
        return Draft("A job\n", FILES)

    made = repository.commit(draft)
    assert made is not None
    assert len(seen) == 2
    assert git(repository.root, "log", "--format=%s").splitlines() == ["A job", "the user's", "A job"]
    assert git(repository.root, "ls-tree", "-r", "--name-only", "HEAD").split() == sorted(
        [*FILES, "jobs/00/zero.jsonl", "mine"]
    )
    assert status(git, repository.root) == ""


def test_a_branch_that_never_stands_still_ends_in_an_error(repository: Repository, commit, git, monkeypatch) -> None:
    monkeypatch.setattr(module, "_COMMIT_TRIES", 3)
    commit(repository, {"x": b"x"})

    def draft(snapshot) -> Draft:
        git(repository.root, "commit", "-q", "--allow-empty", "-m", "another")
        return Draft("A job\n", FILES)

    with pytest.raises(GitError, match="kept moving"):
        repository.commit(draft)
    assert git(repository.root, "log", "--format=%s").split("\n").count("another") == 3
    assert status(git, repository.root) == ""


# States in which nothing can be committed


def detach(repository: Repository, git) -> None:
    git(repository.root, "checkout", "-q", "--detach")


def conflict(repository: Repository, git, *command: str) -> None:
    """Stop a Git operation in the middle, over a file that both sides changed."""
    root = repository.root
    for branch, text in (("side", "theirs"), ("main", "ours")):
        git(root, "checkout", "-q", "-B", branch, "base")
        (root / "mine").write_text(text)
        git(root, "commit", "-q", "-a", "-m", text)
    stopped = subprocess.run(["git", "-C", root, *command], capture_output=True, check=False)
    assert stopped.returncode != 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("merge", "side"), "a git merge is under way"),
        (("cherry-pick", "side"), "a git cherry-pick is under way"),
        (("revert", "--no-edit", "HEAD~1"), "a git revert is under way"),
        (("rebase", "side"), "no branch is checked out|a git rebase is under way"),
        (("rebase", "--apply", "side"), "no branch is checked out|a git rebase is under way"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_an_operation_under_way_is_not_disturbed(repository, commit, git, command, message) -> None:
    commit(repository, {"mine": b"0", "jobs/00/zero.jsonl": b"0"})
    (repository.root / "mine").write_text("base")
    git(repository.root, "commit", "-q", "-a", "-m", "base")
    git(repository.root, "tag", "base")
    conflict(repository, git, *command)
    before = status(git, repository.root)
    refused(repository, message)
    assert status(git, repository.root) == before
    git(repository.root, command[0], "--abort")
    assert repository.commit(lambda _: Draft("A job\n", FILES)) is not None


def test_a_detached_head_is_refused_with_the_way_out(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    git(repository.root, "checkout", "-q", "--detach")
    assert "git switch" in str(refused(repository, "no branch is checked out"))


@pytest.mark.parametrize("known", [(), ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL")], ids=["nobody", "only an author"])
def test_who_commits_must_be_known(repository: Repository, monkeypatch, known) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    for name in known:
        monkeypatch.setenv(name, "A U Thor")
    assert "git config --global user.name" in str(refused(repository, "does not know who you are"))


def test_an_identity_may_be_in_any_script(repository: Repository, git) -> None:
    git(repository.root, "config", "user.name", "Zoë 汉")
    assert identity(repository.root) == "Zoë 汉 <tess@example.com>"


# Kinds of repositories


def test_one_that_says_that_it_has_no_work_tree_is_taken_where_it_is_named(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    head = repository.head
    git(repository.root, "config", "core.bare", "true")
    (repository.root / "jobs").mkdir()
    for folder in (repository.root, repository.root / "jobs"):
        with pytest.raises(GitError, match="that it has no work tree") as caught:
            Repository.find(folder)
        assert "core.bare" in str(caught.value)
    found = Repository.find(repository.git_dir)
    assert found is not None
    assert found.bare
    assert found.head == head


def test_a_bare_repository_gets_commits(repository: Repository, commit, git, tmp_path: Path) -> None:
    commit(repository, {"x": b"x"})
    git(tmp_path, "clone", "-q", "--bare", str(repository.root), "bare.git")
    bare = Repository.find(tmp_path / "bare.git")
    assert bare is not None
    assert bare.bare
    made = commit(bare, FILES)
    assert git(bare.root, "rev-parse", "main").strip() == made.commit
    assert not (bare.root / "index").exists()
    assert not list(bare.root.glob("tvmgitlib-*"))


def test_a_linked_work_tree_follows_and_leaves_the_main_one_alone(repository, commit, git, tmp_path) -> None:
    commit(repository, {"x": b"x"})
    git(repository.root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked tree"))
    linked = Repository.find(tmp_path / "linked tree")
    assert linked is not None
    assert linked.state == repository.state
    commit(linked, FILES)
    assert (linked.root / "jobs/ab/one.jsonl").read_bytes() == b"one\n"
    assert status(git, linked.root) == status(git, repository.root) == ""
    assert git(repository.root, "rev-parse", "side") != git(repository.root, "rev-parse", "main")


def test_a_git_directory_apart_and_on_another_file_system(tmp_path: Path, commit, git) -> None:
    import tempfile

    here = tmp_path.stat().st_dev
    other = next(folder for folder in ("/dev/shm", "/var/tmp") if Path(folder).stat().st_dev != here)
    with tempfile.TemporaryDirectory(dir=other) as elsewhere:
        git(tmp_path, "init", "-q", "-b", "main", f"--separate-git-dir={elsewhere}/git", "tree")
        apart = Repository.find(tmp_path / "tree")
        assert apart is not None
        assert apart.root.stat().st_dev != apart.git_dir.stat().st_dev
        commit(apart, FILES)
        commit(apart, {"jobs/ab/two.jsonl": b"two\n", "configs/t/p/autotvm.jsonl": b"better\n"})
        assert (apart.root / "configs/t/p/autotvm.jsonl").read_bytes() == b"better\n"
        assert status(git, apart.root) == ""


def test_a_submodule_follows(repository: Repository, commit, git, tmp_path: Path) -> None:
    commit(repository, {"x": b"x"})
    outer = create_repository(tmp_path / "outer")
    git(outer.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.root), "a/b")
    inner = Repository.find(outer.root / "a" / "b")
    assert inner is not None
    assert inner.git_dir == outer.git_dir / "modules" / "a" / "b"
    commit(inner, FILES)
    assert (outer.root / "a/b/jobs/ab/one.jsonl").read_bytes() == b"one\n"
    assert status(git, inner.root) == ""


def test_a_path_with_spaces_and_other_scripts(tmp_path: Path, commit, git) -> None:
    made = create_repository(tmp_path / "a folder 汉字 'q'" / "kernels\tß")
    commit(made, FILES)
    commit(made, {"jobs/ab/one.jsonl": None})
    assert status(git, made.root) == ""


def test_a_path_that_is_not_utf8(tmp_path: Path, commit, git) -> None:
    made = create_repository(Path(os.fsdecode(os.fsencode(tmp_path) + b"/kernels-\xff")))
    commit(made, FILES)
    assert status(git, made.root) == ""


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="line break"):
        create_repository(tmp_path / "line\nbreak")


def test_sha256(tmp_path: Path, commit, git) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "r")
    made = create_repository(tmp_path / "r")
    first = commit(made, FILES)
    commit(made, {"jobs/ab/one.jsonl": b"changed\n"})
    assert len(first.commit) == 64
    assert status(git, made.root) == ""
    assert git(made.root, "fsck", "--strict") == ""


def test_a_folder_in_a_repository_is_found_as_the_repository(repository: Repository, commit, tmp_path: Path) -> None:
    commit(repository, FILES)
    inside = Repository.find(repository.root / "jobs" / "ab")
    assert inside is not None
    assert inside.root == repository.root
    assert inside.state == repository.state
    assert Repository.find(repository.root / ".git") is None
    assert Repository.find(tmp_path) is None
    assert Repository.find(tmp_path / "no such") is None


def test_a_repository_of_someone_else_is_refused_in_gits_words(repository: Repository, monkeypatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="dubious ownership"):
        Repository.find(repository.root)


# What the user's environment and configuration say


def test_variables_that_name_another_repository_are_not_heeded(tmp_path: Path, commit, git, monkeypatch) -> None:
    other = create_repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.git_dir / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.git_dir / "objects"))
    made = create_repository(tmp_path / "repository")
    commit(made, FILES)
    assert made.root == tmp_path / "repository"
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.delenv(name)
    assert status(git, made.root) == ""
    assert other.head is None
    assert git(other.root, "count-objects").startswith("0 objects")


SETTINGS = {
    "line ends as on Windows": {"core.autocrlf": "true"},
    "line ends as on Unix": {"core.autocrlf": "input"},
    "no executable bits": {"core.fileMode": "false"},
    "a split index": {"core.splitIndex": "true"},
    "an untracked cache": {"core.untrackedCache": "true", "feature.manyFiles": "true"},
    "a monitor that fails": {"core.fsmonitor": "false; exit 1"},
    "colours and words": {
        "color.ui": "always",
        "diff.renames": "copies",
        "status.short": "true",
        "diff.noprefix": "true",
    },
    "literal names": {"core.quotePath": "true", "core.precomposeUnicode": "true"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_users_settings_do_not_matter(repository: Repository, commit, git, settings) -> None:
    for name, value in settings.items():
        git(repository.root, "config", name, value)
    commit(repository, {".gitattributes": b"jobs/** -text\nconfigs/** -text\n"} | FILES)
    commit(repository, {"jobs/ab/two.jsonl": b"two\r\nlines\n", "configs/t/p/autotvm.jsonl": b"better\n"})
    commit(repository, {"jobs/ab/one.jsonl": None})
    with repository.snapshot(repository.head) as snapshot:
        assert snapshot.read("jobs/ab/two.jsonl") == b"two\r\nlines\n"
    assert (repository.root / "jobs/ab/two.jsonl").read_bytes() == b"two\r\nlines\n"
    git(repository.root, "diff-files", "--quiet")
    for name in settings:
        git(repository.root, "config", "--unset", name)
    assert status(git, repository.root) == ""


def test_messages_are_utf8_whatever_the_users_encoding(repository: Repository, commit, git) -> None:
    git(repository.root, "config", "i18n.commitEncoding", "ISO-8859-1")
    commit(repository, FILES, "Tune ünïcode 汉字\n\nBody\n")
    raw = subprocess.run(["git", "-C", repository.root, "cat-file", "commit", "HEAD"], capture_output=True, check=True)
    assert b"encoding" not in raw.stdout
    assert "Tune ünïcode 汉字".encode() in raw.stdout


def test_failing_hooks_do_not_matter(repository: Repository, commit, git) -> None:
    for name in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change", "pre-auto-gc"):
        hook = repository.git_dir / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
        hook.chmod(0o755)
    commit(repository, FILES)
    assert status(git, repository.root) == ""


# Signing


def signed_by_ssh(git, root: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (tmp_path / "allowed").write_text(f"tess@example.com {key.with_suffix('.pub').read_text()}")
    settings = {"gpg.format": "ssh", "user.signingKey": key, "gpg.ssh.allowedSignersFile": tmp_path / "allowed"}
    for name, value in {**settings, "commit.gpgSign": "true"}.items():
        git(root, "config", name, str(value))


def test_commits_are_signed_when_the_user_wants_it(repository: Repository, commit, git, tmp_path: Path) -> None:
    program = tmp_path / "fake gpg"
    program.write_text("#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho 'a signature'\n")
    program.chmod(0o755)
    git(repository.root, "config", "--global", "gpg.program", str(program))
    git(repository.root, "config", "commit.gpgSign", "true")
    commit(repository, FILES)
    assert "gpgsig a signature" in git(repository.root, "cat-file", "commit", "HEAD")
    git(repository.root, "config", "commit.gpgSign", "false")
    commit(repository, {"jobs/ab/two.jsonl": b"two"})
    assert "gpgsig" not in git(repository.root, "cat-file", "commit", "HEAD")


def test_a_signature_that_cannot_be_made_commits_nothing(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    git(repository.root, "config", "--global", "gpg.program", "false")
    git(repository.root, "config", "commit.gpgSign", "true")
    refused(repository, "failed to sign|failed to write commit")
    assert status(git, repository.root) == ""


# Locks, damage, and disks


def test_an_index_that_another_git_command_holds(repository, commit, git, monkeypatch, caplog) -> None:
    monkeypatch.setattr(landing, "_INDEX_WAIT_SECONDS", 0.05)
    commit(repository, {"x": b"x"})
    lock = repository.git_dir / "index.lock"
    lock.write_bytes(b"somebody's")
    made = commit(repository, FILES)
    again = commit(repository, {"configs/t/p/autotvm.jsonl": b"better\n"})
    assert git(repository.root, "rev-list", "HEAD").split()[:2] == [again.commit, made.commit]
    assert lock.read_bytes() == b"somebody's"
    assert "index.lock" in caplog.text
    assert not (repository.root / "jobs").exists()

    repository.recover()
    assert lock.read_bytes() == b"somebody's"
    lock.unlink()
    repository.recover()
    assert status(git, repository.root) == ""
    assert (repository.root / "configs/t/p/autotvm.jsonl").read_bytes() == b"better\n"
    assert not list(repository.git_dir.glob("tvmgitlib-*"))


def test_what_a_user_commits_while_the_work_tree_is_behind_is_kept(repository, commit, git, monkeypatch) -> None:
    monkeypatch.setattr(landing, "_INDEX_WAIT_SECONDS", 0.0)
    commit(repository, {"x": b"x"})
    lock = repository.git_dir / "index.lock"
    lock.touch()
    commit(repository, FILES)
    lock.unlink()
    (repository.root / "x").write_text("the user's")
    git(repository.root, "commit", "-q", "-m", "only x", "--only", "x")
    repository.recover()
    assert status(git, repository.root) == ""
    assert (repository.root / "jobs/ab/one.jsonl").read_bytes() == b"one\n"
    assert (repository.root / "x").read_text() == "the user's"


def test_an_index_lock_that_is_given_back_in_time_is_waited_for(repository: Repository, commit, git) -> None:
    import threading

    commit(repository, {"x": b"x"})
    lock = repository.git_dir / "index.lock"
    lock.touch()
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    commit(repository, FILES)
    timer.join()
    assert status(git, repository.root) == ""


def test_a_damaged_index_is_named_before_anything_is_committed(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    (repository.git_dir / "index").write_bytes(b"DIRC damaged")
    refused(repository, "index")
    (repository.git_dir / "index").unlink()
    git(repository.root, "reset", "-q")
    commit(repository, FILES)
    assert status(git, repository.root) == ""


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[[1]]", b'{"from": 1}', b'[["x", "y"]]', b"[[null, 3]]"])
def test_a_damaged_redo_note_does_no_harm(repository: Repository, commit, git, content: bytes) -> None:
    commit(repository, {"x": b"x"})
    (repository.git_dir / "tvmgitlib-redo.json").write_bytes(content)
    repository.recover()
    commit(repository, FILES)
    assert status(git, repository.root) == ""
    assert not list(repository.git_dir.glob("tvmgitlib-*"))


def test_a_branch_that_is_locked_is_named_and_nothing_is_committed(repository: Repository, commit) -> None:
    commit(repository, {"x": b"x"})
    (repository.git_dir / "refs/heads/main.lock").touch()
    refused(repository, "main.lock")


def test_a_link_where_the_library_writes_is_refused(repository: Repository, commit, tmp_path: Path) -> None:
    commit(repository, FILES)
    (repository.root / "configs" / "evil").symlink_to(tmp_path)
    with pytest.raises(LibraryError, match="configs/evil: a symbolic link"):
        repository.commit(lambda _: Draft("A job\n", {"jobs/ab/two.jsonl": b"two"}))


def test_what_is_elsewhere_is_not_looked_through_for_links(repository: Repository, commit, tmp_path: Path) -> None:
    commit(repository, {"jobs/ab/one.jsonl": b"one", "jobs/cd/two.jsonl": b"two"})
    for folder in ("ab", "cd"):
        (repository.root / "jobs" / folder / "link").symlink_to(tmp_path)
    with pytest.raises(LibraryError, match="jobs/ab/link: a symbolic link"):
        repository.commit(lambda _: Draft("A job\n", {"jobs/ab/three.jsonl": b"three"}))
    (repository.root / "jobs" / "ab" / "link").unlink()
    made = commit(repository, {"jobs/ab/three.jsonl": b"three"})
    assert made.left_alone == ()


COMMIT = """
import random, sys
from pathlib import Path
from tvmgitlib.model import TvmgitlibError
from tvmgitlib.store import Draft, Repository
try:
    content = random.Random(1).randbytes(int(sys.argv[2]))  # of a size that no compression changes
    Repository.find(Path(sys.argv[1])).commit(lambda _: Draft("A job", {"jobs/ab/one.jsonl": content}))
except (TvmgitlibError, OSError) as error:
    sys.exit(f"refused: {error}")
"""


def committing(
    root: Path, size: int = 10, wrapper: tuple[str, ...] = (), **options
) -> subprocess.CompletedProcess[str]:
    """Commit from a process of its own."""
    command = [*wrapper, sys.executable, "-c", COMMIT, str(root), str(size)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def full_disk(limit: int):
    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return limit_files


def test_a_disk_that_is_full_commits_nothing(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    done = committing(repository.root, 200_000, preexec_fn=full_disk(50_000))
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert not list(repository.git_dir.rglob("*.keep"))
    assert git(repository.root, "rev-list", "--count", "HEAD").strip() == "1"
    assert committing(repository.root, 200_000).returncode == 0
    assert status(git, repository.root) == ""


def test_a_disk_that_is_full_for_the_index_commits_nothing(repository: Repository, commit, git) -> None:
    commit(repository, {f"mine/{number:0200}": b"x" for number in range(300)})
    done = committing(repository.root, preexec_fn=full_disk(50_000))
    assert "refused" in done.stderr
    assert git(repository.root, "rev-list", "--count", "HEAD").strip() == "1"
    assert committing(repository.root).returncode == 0
    assert status(git, repository.root) == ""


def test_a_repository_that_may_not_be_written_is_named(repository: Repository, commit, git) -> None:
    commit(repository, {"x": b"x"})
    git(repository.root, "status")
    folders = [repository.git_dir, *(path for path in repository.git_dir.rglob("*") if path.is_dir())]
    # The superuser may write anywhere, unless it gives that up.
    tame = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = committing(repository.root, wrapper=tame)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "ermission" in done.stderr
    assert git(repository.root, "rev-list", "--count", "HEAD").strip() == "1"
