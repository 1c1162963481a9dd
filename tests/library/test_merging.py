from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import LibraryError, SelectionError, SettingsError, TvmgitlibError

Git = Callable[..., str]
MakeLog = Callable[..., Path]


def switch(git: Git, library: ConfigLibrary, *arguments: str) -> None:
    git(library.path, "switch", "--quiet", *arguments)


def jobs(library: ConfigLibrary) -> set[str]:
    return {entry.job for entry in library.log()}


@pytest.fixture
def forked(library: ConfigLibrary, make_log: MakeLog, git: Git) -> ConfigLibrary:
    """`main` and `side` with two jobs each on top of one they share; `main` is checked out."""
    library.import_logs(make_log("dense", [5e-3]), platform="box")
    switch(git, library, "-c", "side")
    for cost in (1e-3, 4e-3):
        library.import_logs(make_log("dense", [cost]), platform="box")
    switch(git, library, "main")
    for cost in (2e-3, 3e-3):
        library.import_logs(make_log("dense", [cost]), platform="box")
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
        git(forked.path, "config", "--remove-section", "merge.tvmgitlib")
    else:
        shim(forked, git)
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


def shim(library: ConfigLibrary, git: Git) -> None:
    """Have Git find the driver in this Python, wherever the command is installed."""
    import sys

    git(library.path, "config", "merge.tvmgitlib.driver", f"'{sys.executable}' -m tvmgitlib driver merge %O %A %B")


@pytest.mark.slow
def test_two_branches_of_100_jobs_merge_without_conflicts(library: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    switch(git, library, "-c", "side")
    for number in range(100):
        library.import_logs(make_log(f"dense{number % 7}", [1e-3 + number * 1e-6]), platform="box")
    switch(git, library, "main")
    for number in range(100):
        library.import_logs(make_log(f"dense{number % 5}", [1e-3 - number * 1e-6]), platform="box")
    done = library.merge("side")
    assert len(done.jobs) == 100
    assert len(jobs(library)) == 200
    assert library.check() == []
