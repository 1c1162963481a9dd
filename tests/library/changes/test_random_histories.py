"""Random histories over several clones on real Git: every clone ends with the same jobs and with configs == fold."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
MakeLog = Callable[..., Path]


def run_history(seed: int, length: int, folder: Path, make_log: MakeLog, git: Git) -> None:
    rng = random.Random(seed)
    first = ConfigLibrary.init(folder / "first")
    git(folder, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(first.path, "remote", "add", "origin", (folder / "remote.git").as_uri())
    first.sync()
    clones = [first, ConfigLibrary.clone((folder / "remote.git").as_uri(), folder / "second")]
    for _ in range(length):
        clone = rng.choice(clones)
        action = rng.choices(
            ["import", "revert", "unrevert", "keep", "sync", "branch", "plain-revert"], [6, 2, 1, 1, 3, 2, 1]
        )[0]
        entries = clone.log()
        live = [entry for entry in entries if not entry.reverted]
        if action == "import":
            costs = [rng.randint(1, 9) * 1e-3 for _ in range(rng.randint(1, 3))]
            clone.import_logs(make_log(f"task{rng.randint(0, 2)}", costs), platform="box")
        elif action == "revert" and live:
            clone.revert(rng.choice(live).job)
        elif action == "unrevert" and (reverts := [entry for entry in live if entry.kind == "revert"]):
            clone.revert(rng.choice(reverts).job)
        elif action == "keep":
            others = [other for other in clones if other is not clone]
            for other in others:  # a setting changed on both sides is a conflict, which is tested elsewhere
                other.sync()
            clone.sync()
            clone.configure("keep", rng.randint(1, 3))
            clone.sync()
        elif action == "sync":
            clone.sync()
        elif action == "branch":
            git(clone.path, "switch", "--quiet", "-c", "side")
            clone.import_logs(make_log(f"task{rng.randint(0, 2)}", [rng.randint(1, 9) * 1e-3]), platform="box")
            git(clone.path, "switch", "--quiet", "main")
            clone.merge("side")
            git(clone.path, "branch", "--quiet", "-D", "side")
        elif action == "plain-revert" and entries and entries[0].commit == clone.commit:
            git(clone.path, "revert", "--no-edit", "HEAD")
            clone.rebuild()
    for clone in [*clones, *clones]:
        clone.sync()
    assert {clone.commit for clone in clones} == {clones[0].commit}
    for clone in clones:
        clone.rebuild()
        assert [problem for problem in clone.check() if "absent" not in problem.message] == []
        assert git(clone.path, "status", "--porcelain") == ""
        assert git(clone.path, "fsck", "--no-dangling") == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_random_histories(seed: int, tmp_path: Path, make_log: MakeLog, git: Git) -> None:
    run_history(seed, 25, tmp_path, make_log, git)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 512))
def test_many_random_histories(seed: int, tmp_path: Path, make_log: MakeLog, git: Git) -> None:
    run_history(seed, 10, tmp_path, make_log, git)
