"""A live job that moves: begun in one clone, which is deleted, and finished in another."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, TakenError

pytestmark = pytest.mark.tvm("0.16")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "autotvm_job.py")))


class Measuring(work.Pretending):
    """Pretends to measure, remembers every config that it is asked for, and is interrupted after so many."""

    def __init__(self, most: int = 1000) -> None:
        self.measured: list[tuple[Any, int]] = []
        self.most = most

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        if len(self.measured) + len(inputs) > self.most:
            raise KeyboardInterrupt
        self.measured += [(one.task.workload, one.config.index) for one in inputs]
        return super().run(inputs, builds)


def test_a_shared_job_goes_on_in_another_clone_and_measures_nothing_twice(
    library: ConfigLibrary, tmp_path: Path, git: Callable[..., str]
) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(remote))
    git(library.path, "remote", "add", "origin", remote.as_uri())
    git(library.path, "push", "--quiet", "origin", "main")
    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    tasks, told = work.tasks(), {"platform": "box", "key": "net", "share": 600}

    def tune(clone: ConfigLibrary, measuring: Measuring) -> Any:
        with clone.job(work.TARGET, **told) as job:
            for task in tasks:
                job.tune(work.tuner("random", task), work.TRIALS, {"builder": measuring, "runner": measuring})
        return job

    first, second = Measuring(most=work.TRIALS + 2), Measuring()
    with pytest.raises(KeyboardInterrupt), library.job(work.TARGET, **told):
        with pytest.raises(TakenError):
            tune(other, second)
        raise KeyboardInterrupt  # it is left, and goes on where it was
    with pytest.raises(KeyboardInterrupt):
        tune(library, first)
    begun = library.open_jobs()[0].id
    shutil.rmtree(library.path)
    done = tune(other, second)
    measured = [*first.measured, *second.measured]
    assert (done.id, done.resumed, done.result.job) == (begun, True, begun)
    assert len(measured) == len(set(measured)) == work.TRIALS * len(tasks)
    assert [effort.trials for effort in other.trials()] == [work.TRIALS] * len(tasks)
    assert git(remote, "for-each-ref", "refs/tvmgitlib/wip/") == ""
