from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError, LibraryError, TvmgitlibError

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture
def remote(library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> Path:
    """A bare remote with a library of one job on `main`, and code on `code`."""
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "remote.git")
    git(tmp_path, "init", "-q", "-b", "code", "code")
    git(tmp_path / "code", "commit", "-q", "--allow-empty", "-m", "Code")
    git(tmp_path / "code", "push", "-q", str(tmp_path / "remote.git"), "code")
    return tmp_path / "remote.git"


def works(library: ConfigLibrary, git: Git, branch: str = "main") -> None:
    assert git(library.path, "symbolic-ref", "HEAD").strip() == f"refs/heads/{branch}"
    assert git(library.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == f"origin/{branch}"
    assert git(library.path, "status", "--porcelain") == ""
    assert library.check() == []
    assert len(library.log()) == 1
    assert library.sync().sent == ()


@pytest.mark.parametrize("head", ["refs/heads/nowhere", "refs/heads/code", "detached", "detached code"])
def test_a_remote_whose_head_names_no_library_or_no_branch(
    remote: Path, git: Git, tmp_path: Path, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    if head.startswith("detached"):
        commit = git(remote, "rev-parse", "code" if head.endswith("code") else "main").strip()
        git(remote, "update-ref", "--no-deref", "HEAD", commit)
    else:
        git(remote, "symbolic-ref", "HEAD", head)
    clone = ConfigLibrary.clone(str(remote), tmp_path / "clone")
    works(clone, git)
    assert ("branch main" in caplog.text) is (head != "detached")  # at its commit, Git takes the branch itself


def test_a_library_on_the_only_branch_of_another_name(remote: Path, git: Git, tmp_path: Path) -> None:
    git(remote, "branch", "-m", "main", "kernels/prod")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/code")
    works(ConfigLibrary.clone(remote.as_uri(), tmp_path / "clone"), git, "kernels/prod")


def test_several_branches_with_libraries_are_named_and_one_can_be_chosen(
    remote: Path, git: Git, tmp_path: Path, cli
) -> None:
    git(remote, "branch", "-m", "main", "one")
    git(remote, "branch", "two", "one")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/code")
    with pytest.raises(LibraryError, match="one, two") as caught:
        ConfigLibrary.clone(str(remote), tmp_path / "clone")
    assert "--branch" in str(caught.value)
    assert not (tmp_path / "clone").exists()
    works(ConfigLibrary.clone(str(remote), tmp_path / "clone", branch="two"), git, "two")
    assert cli("clone", remote, tmp_path / "other", "--branch", "one").code == 0
    works(ConfigLibrary(tmp_path / "other"), git, "one")


@pytest.mark.parametrize("branch", ["nowhere", "code", "--help", "../main", "origin/main"])
def test_a_branch_without_a_library_is_refused(remote: Path, tmp_path: Path, branch: str) -> None:
    with pytest.raises(LibraryError, match="no library"):
        ConfigLibrary.clone(str(remote), tmp_path / "clone", branch=branch)
    assert not (tmp_path / "clone").exists()


@pytest.mark.parametrize("what", ["empty", "no library", "no repository"])
@pytest.mark.parametrize("exists", [True, False])
def test_nothing_half_made_is_left(tmp_path: Path, git: Git, what: str, exists: bool, cli) -> None:
    source = tmp_path / "source"
    source.mkdir()
    if what != "no repository":
        git(source, "init", "-q", "-b", "main")
    if what == "no library":
        git(source, "commit", "-q", "--allow-empty", "-m", "Code")
    clone = tmp_path / "below" / "clone"
    if exists:
        clone.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TvmgitlibError) as caught:
        ConfigLibrary.clone(str(source), clone)
    if what == "empty":
        assert "tvmgitlib init PATH" in str(caught.value) and " sync" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert cli("clone", source, clone).code == 4


def test_a_folder_with_something_in_it_stays_as_it_is(remote: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(GitError, match="not empty"):
        ConfigLibrary.clone(str(remote), tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("url", "folder"), [("{}/library/.git", "library"), ("{}/library/", "library"), ("file://{}/remote.git/", "remote")]
)
def test_the_folder_is_called_like_the_library(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, folder: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    clone = ConfigLibrary.clone(url.format(tmp_path))
    assert clone.path == tmp_path / "here" / folder


def test_a_url_that_names_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TvmgitlibError, match="PATH"):
        ConfigLibrary.clone("/")
    assert list(tmp_path.iterdir()) == []


# The upstream


def test_the_first_sync_sets_the_upstream(library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "team.git")
    git(library.path, "remote", "add", "team", str(tmp_path / "team.git"))  # the only one, whatever it is called
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    library.sync()
    assert git(library.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == "team/main"
    assert "up to date" in git(library.path, "status")
    git(library.path, "pull", "-q")
    git(library.path, "push", "-q")


def test_an_upstream_that_the_user_chose_stays(library: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "team.git")
    git(library.path, "remote", "add", "origin", str(tmp_path / "team.git"))
    git(library.path, "config", "branch.main.remote", "origin")
    git(library.path, "config", "branch.main.merge", "refs/heads/shared")
    library.sync()
    assert git(library.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == "origin/shared"
    assert git(library.path, "config", "--get-all", "branch.main.merge").split() == ["refs/heads/shared"]


def test_a_branch_whose_name_needs_quotes(library: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "team.git")
    git(library.path, "remote", "add", "origin", str(tmp_path / "team.git"))
    git(library.path, "switch", "-q", "-c", 'a"b#c;d')
    library.sync()
    assert git(library.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == 'origin/a"b#c;d'
