"""configs/ is the fold of jobs/ after every commit, however the commit was made."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

LOGS = (
    "autotvm/t0_tvmgitlib_matmul_ga.log",
    "autotvm/t0_tvmgitlib_matmul_grid.log",
    "autotvm/t2_conv2d_NCHWc_x86_ga.log",
)


def configs(library: ConfigLibrary) -> dict[str, bytes]:
    folder = library.path / "configs"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tree(library: ConfigLibrary, git, path: str) -> str:
    return git(library.path, "rev-parse", f"HEAD:{path}").strip()


@pytest.mark.slow
@pytest.mark.parametrize("keep", [1, 3])
def test_the_order_of_imports_does_not_matter(tmp_path: Path, logs: Path, git, keep: int) -> None:
    trees = set()
    for number, order in enumerate(permutations(LOGS)):
        library = ConfigLibrary.init(tmp_path / str(number), keep=keep)
        for log in order:
            library.import_logs(logs / log, platform="board")
        trees.add((tree(library, git, "jobs"), tree(library, git, "configs")))
    assert len(trees) == 1


def test_adding_a_job_gives_what_a_rebuild_gives(library: ConfigLibrary, logs: Path) -> None:
    for log in LOGS:
        library.import_logs(logs / log, platform="board")
        assert library.rebuild() is None
        assert library.check() == []


def test_a_job_added_to_a_stale_library_mends_it(library: ConfigLibrary, logs: Path, git) -> None:
    library.import_logs(logs / LOGS[0], platform="board")
    (library.path / "configs/.fold").write_text("{}")
    stray = library.path / "configs/a/b/ansor.jsonl"
    stray.parent.mkdir(parents=True)
    stray.write_text("")
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", "spoilt")
    library.import_logs(logs / LOGS[1], platform="board")
    assert library.check() == []
    assert not stray.exists()


def test_a_setting_that_the_fold_depends_on_folds_anew(library: ConfigLibrary, logs: Path) -> None:
    library.import_logs(logs / LOGS[0], platform="board")
    before = configs(library)
    library.configure("keep", 5)
    assert sum(content.count(b"\n") for path, content in configs(library).items() if path != ".fold") == 5
    assert library.check() == []
    library.configure("keep", 1)
    assert configs(library) == before
    assert library.configure("keep", 1) is None


def test_a_setting_of_the_users_own_leaves_configs_as_they_are(library: ConfigLibrary, logs: Path, git) -> None:
    library.import_logs(logs / LOGS[0], platform="board")
    before = tree(library, git, "configs")
    library.configure("x-note", {"board": "lab 3"})
    assert tree(library, git, "configs") == before
    assert library.check() == []


def test_settings_are_changed_in_a_stale_library_too(library: ConfigLibrary, logs: Path, git) -> None:
    library.import_logs(logs / LOGS[0], platform="board")
    git(library.path, "rm", "-q", "-r", "configs")
    git(library.path, "commit", "-q", "-m", "spoilt")
    library.configure("x-note", 1)
    assert library.check() == []


def test_only_what_changed_is_in_the_commit(library: ConfigLibrary, logs: Path, git) -> None:
    library.import_logs(logs / LOGS[0], platform="board")
    library.import_logs(logs / LOGS[1], platform="other")
    changed = git(library.path, "diff-tree", "--no-commit-id", "-r", "--name-status", "HEAD").splitlines()
    assert sorted(line.split("\t")[0] for line in changed) == ["A", "A", "M"]
    assert "M\tconfigs/.fold" in changed


def test_an_import_counts_the_groups_that_it_improved(library: ConfigLibrary, logs: Path) -> None:
    results = [library.import_logs(logs / log, platform="board") for log in LOGS]
    assert results[0].counts.improved == results[2].counts.improved == 1
    best = min(library.at(str(result.commit)).best()[0].cost for result in results[:2])
    assert results[1].counts.improved == (library.at(str(results[0].commit)).best()[0].cost > best)
