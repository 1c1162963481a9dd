from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError, LibraryError, SelectionError, SettingsError, TvmgitlibError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


def switch(git: Git, library: ConfigLibrary, *arguments: str) -> None:
    git(library.path, "switch", "--quiet", *arguments)


def jobs(library: ConfigLibrary) -> set[str]:
    return {entry.job for entry in library.log()}


@pytest.fixture
def forked(library: ConfigLibrary, make_log: MakeLog, git: Git, once: Once) -> ConfigLibrary:
    """`main` and `side` with two jobs each on top of one they share; `main` is checked out."""

    def make() -> None:
        library.import_logs(make_log("dense", [5e-3]), platform="box")
        switch(git, library, "-c", "side")
        for cost in (1e-3, 4e-3):
            library.import_logs(make_log("dense", [cost]), platform="box")
        switch(git, library, "main")
        for cost in (2e-3, 3e-3):
            library.import_logs(make_log("dense", [cost]), platform="box")

    once(make)
    return library


def test_a_merge_is_the_union_of_jobs_and_a_fold(forked: ConfigLibrary, git: Git) -> None:
    done = forked.merge("side")
    assert (done.kind, len(done.jobs), done.improved) == ("merge", 2, 1)
    assert len(jobs(forked)) == 5
    assert [config.cost for config in forked.best()] == [1e-3]
    assert forked.check() == []
    assert git(forked.path, "status", "--porcelain") == ""
    assert len(git(forked.path, "rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_the_order_of_merges_does_not_matter(forked: ConfigLibrary, git: Git) -> None:
    git(forked.path, "branch", "other", "main")
    forked.merge("side")
    one = git(forked.path, "rev-parse", "HEAD:configs")
    switch(git, forked, "side")
    forked.merge("other")
    assert git(forked.path, "rev-parse", "HEAD:configs") == one


def test_a_branch_that_is_only_ahead_is_a_fast_forward(forked: ConfigLibrary, git: Git) -> None:
    switch(git, forked, "-c", "late", "main~2")
    done = forked.merge("main")
    assert done.kind == "fast-forward"
    assert git(forked.path, "rev-parse", "late") == git(forked.path, "rev-parse", "main")
    assert git(forked.path, "status", "--porcelain") == ""


def test_merging_again_changes_nothing(forked: ConfigLibrary) -> None:
    forked.merge("side")
    before = forked.commit
    assert forked.merge("side").kind == "up-to-date"
    assert forked.commit == before


def test_different_settings_merge_key_by_key(forked: ConfigLibrary, git: Git) -> None:
    forked.configure("keep", 3)
    switch(git, forked, "side")
    forked.configure("policy.tvm", "same")
    switch(git, forked, "main")
    forked.merge("side")
    assert (forked.settings.keep, forked.settings.policy_tvm) == (3, "same")
    assert len(forked.best()) == 1
    assert forked.check() == []


def test_one_setting_changed_on_both_sides_is_named(forked: ConfigLibrary, git: Git) -> None:
    forked.configure("keep", 3)
    switch(git, forked, "side")
    forked.configure("keep", 2)
    switch(git, forked, "main")
    before = forked.commit
    with pytest.raises(SettingsError, match=r"(?s)tvmgitlib.json, field keep: .*here it is 3, there it is 2"):
        forked.merge("side")
    assert forked.commit == before


def test_a_users_own_files_are_merged_by_gits_rules(forked: ConfigLibrary, git: Git) -> None:
    def edit(first: str, last: str) -> None:
        (forked.path / "NOTES").write_text("".join(f"{text}\n" for text in (first, *"abcdefgh", last)))
        git(forked.path, "add", "NOTES")
        git(forked.path, "commit", "--quiet", "-m", "Notes")

    switch(git, forked, "-c", "base", "main")
    edit("first", "last")
    switch(git, forked, "-c", "left")
    edit("FIRST", "last")
    switch(git, forked, "-c", "right", "base")
    edit("first", "LAST")
    forked.merge("left")
    assert (forked.path / "NOTES").read_text().split()[0::9] == ["FIRST", "LAST"]
    switch(git, forked, "-c", "clash", "base")
    edit("other", "last")
    with pytest.raises(TvmgitlibError, match="NOTES: both sides changed it"):
        forked.merge("left")


def test_a_segment_that_one_side_removed_by_plain_git_stays_removed(forked: ConfigLibrary, git: Git) -> None:
    switch(git, forked, "side")
    shared = git(forked.path, "ls-tree", "-r", "--name-only", "main~2", "jobs/").split()[0]
    git(forked.path, "rm", "--quiet", shared)
    git(forked.path, "commit", "--quiet", "-m", "Remove by hand")
    switch(git, forked, "main")
    done = forked.merge("side")
    assert done.dropped == (Path(shared).stem,)
    (problem,) = forked.check()
    assert problem.file == shared
    assert "absent" in problem.message


def test_an_edited_segment_is_refused(forked: ConfigLibrary, git: Git) -> None:
    switch(git, forked, "side")
    shared = git(forked.path, "ls-tree", "-r", "--name-only", "main~2", "jobs/").split()[0]
    path = forked.path / shared
    path.write_text(path.read_text().replace("0.005", "0.004"))
    git(forked.path, "commit", "--quiet", "-am", "Edit by hand")
    switch(git, forked, "main")
    with pytest.raises(LibraryError, match=f"{shared}: the two sides hold different texts of one segment"):
        forked.merge("side")


def test_an_unknown_branch_is_refused(forked: ConfigLibrary) -> None:
    for name in ("nowhere", "--help"):
        with pytest.raises(SelectionError, match="names no commit"):
            forked.merge(name)


@pytest.mark.parametrize("drivers", [True, False])
def test_a_plain_git_merge_is_seen_as_stale_and_mended(
    forked: ConfigLibrary, git: Git, drivers: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if not drivers:
        without_drivers(forked)
    try:
        git(forked.path, "merge", "--quiet", "--no-edit", "side")
        conflict = False
    except Exception:
        conflict = True
        git(forked.path, "add", "--all")
        git(forked.path, "commit", "--quiet", "--no-edit")
    assert conflict is not drivers
    assert [config.cost for config in forked.best()] == [1e-3]
    assert "rebuild mends it" in caplog.text
    assert forked.check() != []
    assert forked.rebuild() is not None
    assert forked.check() == []
    assert len(jobs(forked)) == 5


def without_drivers(library: ConfigLibrary) -> None:
    """Have Git merge configs/ like any text, as hosts do whatever .gitattributes says."""
    (library.path / ".git" / "info" / "attributes").write_text("configs/** merge\n")


_TARGETS = [f"llvm -mcpu={cpu} -mtriple=x86_64-linux-gnu" for cpu in ("haswell", "skylake")]


def costs_of(branch: str, jobs: int) -> list[float]:
    """The cost of each of a branch's jobs; from 14 jobs on every workload is tuned on both, for both targets."""
    step, more = (37, 0.0) if branch == "side" else (53, 0.5)
    return [1e-3 + 1e-6 * (step * number % 101 + more) for number in range(jobs)]


@pytest.fixture(params=[20, pytest.param(100, marks=pytest.mark.soak)])
def each(request: pytest.FixtureRequest) -> int:
    """How many jobs each of two branches has."""
    count: int = request.param
    return count


@pytest.fixture
def parted(each: int, of_all_workers: Path, make_log: MakeLog, git: Git, tmp_path: Path) -> ConfigLibrary:
    """A clone, with drivers, of a library that has so many jobs on `main` and as many on `origin/side`.

    They take seconds to make: whichever worker is first makes them for all.
    """
    made = of_all_workers / f"parted-{each}"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            library = ConfigLibrary.init(tmp_path / "parted")
            git(library.path, "branch", "side")
            for branch in ("side", "main"):
                switch(git, library, branch)
                for number, cost in enumerate(costs_of(branch, each)):
                    log = make_log(f"dense{number % 7}", [cost], target=_TARGETS[number % 2])
                    library.import_logs(log, platform="box")
            library.path.rename(made)
    return ConfigLibrary.clone(str(made), tmp_path / "clone")


def best_of_both(each: int) -> list[float]:
    """The lowest cost of every workload on every target."""
    lowest: dict[tuple[int, int], float] = {}
    for branch in ("side", "main"):
        for number, cost in enumerate(costs_of(branch, each)):
            group = (number % 7, number % 2)
            lowest[group] = min(cost, lowest.get(group, cost))
    return sorted(lowest.values())


def check_whole(library: ConfigLibrary, each: int, git: Git) -> None:
    """All jobs count, configs/ is their fold, and Git has nothing to say."""
    assert len(jobs(library)) == 2 * each
    assert sum(len(effort.jobs) for effort in library.trials()) == 2 * each
    assert sorted(config.cost for config in library.best()) == best_of_both(each)
    assert library.check() == []
    assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
    assert git(library.path, "fsck", "--no-dangling") == ""


def check_stale_until_rebuilt(library: ConfigLibrary, each: int, git: Git, caplog: pytest.LogCaptureFixture) -> None:
    assert sorted(config.cost for config in library.best()) == best_of_both(each)
    assert "answering from jobs/ itself; tvmgitlib rebuild mends it" in caplog.text
    assert any("rebuild makes it anew" in problem.message for problem in library.check())
    assert library.rebuild() is not None
    caplog.clear()
    check_whole(library, each, git)
    assert caplog.text == ""


def conflict(library: ConfigLibrary, git: Git) -> None:
    """Merge the other branch by plain Git without drivers; it stops at configs/."""
    without_drivers(library)
    with pytest.raises(subprocess.CalledProcessError):
        git(library.path, "merge", "--no-edit", "origin/side")
    conflicts = git(library.path, "diff", "--name-only", "--diff-filter=U").split()
    assert len(conflicts) == 1 + len(_TARGETS)
    assert all(path.startswith("configs/") for path in conflicts)


@pytest.mark.slow
def test_two_branches_of_many_jobs_merge_without_conflicts(parted: ConfigLibrary, each: int, git: Git) -> None:
    done = parted.merge("origin/side")
    assert len(done.jobs) == each
    check_whole(parted, each, git)


@pytest.mark.slow
def test_two_branches_of_many_jobs_have_no_conflict_in_plain_git_with_drivers(
    parted: ConfigLibrary, each: int, git: Git, caplog: pytest.LogCaptureFixture
) -> None:
    assert "CONFLICT" not in git(parted.path, "merge", "--no-edit", "origin/side")
    check_stale_until_rebuilt(parted, each, git, caplog)


@pytest.mark.slow
@pytest.mark.parametrize(
    "resolution",
    [
        ["checkout --quiet --ours configs", "add configs"],
        ["checkout --quiet --theirs configs", "add configs"],
        ["add --all"],  # with the markers in the files
        ["rm -r --quiet --force configs"],
    ],
    ids=["ours", "theirs", "markers", "removed"],
)
def test_two_branches_of_many_jobs_lose_none_in_plain_git_without_drivers(
    parted: ConfigLibrary, each: int, git: Git, caplog: pytest.LogCaptureFixture, resolution: list[str]
) -> None:
    conflict(parted, git)
    with pytest.raises(GitError, match="a git merge is under way") as caught:
        parted.rebuild()
    assert "git merge --continue" in str(caught.value.hint)
    for command in resolution:
        git(parted.path, *command.split())
    git(parted.path, "-c", "core.editor=true", "merge", "--continue")
    check_stale_until_rebuilt(parted, each, git, caplog)


@pytest.mark.slow
def test_two_branches_of_many_jobs_in_conflict_in_plain_git_merge_by_tvmgitlib_after_an_abort(
    parted: ConfigLibrary, each: int, git: Git
) -> None:
    conflict(parted, git)
    git(parted.path, "merge", "--abort")
    assert parted.check() == []
    assert len(parted.merge("origin/side").jobs) == each
    check_whole(parted, each, git)


# Messages in the middle of a plain merge


@pytest.fixture
def conflicted(forked: ConfigLibrary, git: Git) -> ConfigLibrary:
    """In the middle of a plain merge without drivers, with conflicts in configs/."""
    without_drivers(forked)
    with pytest.raises(subprocess.CalledProcessError):
        git(forked.path, "merge", "--no-edit", "side")
    return forked


def test_a_conflict_in_configs_alone_says_how_to_go_on(conflicted: ConfigLibrary, git: Git) -> None:
    with pytest.raises(GitError, match="git merge is under way") as caught:
        conflicted.rebuild()
    assert "git add --all configs" in str(caught.value.hint)
    git(conflicted.path, "add", "--all", "configs")
    git(conflicted.path, "-c", "core.editor=true", "merge", "--continue")
    assert conflicted.rebuild() is not None
    assert len(jobs(conflicted)) == 5
    assert conflicted.check() == []


def test_check_never_tells_to_unstage_what_a_merge_brings_in(conflicted: ConfigLibrary) -> None:
    (problem,) = conflicted.check()
    assert "a git merge is under way" in problem.message
