from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import JobError

Once = Callable[..., Any]


def costs(library: ConfigLibrary) -> dict[str, float]:
    return {config.workload: config.cost for config in library.best()}


@pytest.fixture
def jobs(library: ConfigLibrary, make_log: Callable[..., Path], once: Once) -> list[str]:
    """Three jobs on one workload: the second is the best, the first was best for a while, the third never."""

    def make() -> list[str]:
        made = [library.import_logs(make_log("dense", [cost]), platform="box").job for cost in (2e-3, 1e-3, 3e-3)]
        return [job for job in made if job is not None]

    return once(make)


def test_the_runner_up_comes_back(library: ConfigLibrary, jobs: list[str]) -> None:
    done = library.revert(jobs[1])
    assert list(costs(library).values()) == [2e-3]
    assert (done.reverted, done.restored, done.removed) == ((jobs[1],), 1, 1)
    assert library.check() == []


def test_a_winner_that_never_was_in_configs_comes_back(library: ConfigLibrary, jobs: list[str]) -> None:
    library.revert(jobs[0], jobs[1])
    assert list(costs(library).values()) == [3e-3]


def test_a_later_job_and_an_earlier_loser_end_in_what_a_fold_from_scratch_gives(
    library: ConfigLibrary, jobs: list[str], make_log: Callable[..., Path]
) -> None:
    library.revert(jobs[1])
    library.import_logs(make_log("dense", [2.5e-3]), platform="box")
    assert list(costs(library).values()) == [2e-3]
    assert library.rebuild() is None


def test_reverting_the_revert_brings_the_job_back(library: ConfigLibrary, jobs: list[str]) -> None:
    first = library.revert(jobs[1], reason="the fan was off")
    second = library.revert(first.job)
    assert list(costs(library).values()) == [1e-3]
    library.revert(second.job)
    assert list(costs(library).values()) == [2e-3]
    assert library.check() == []


def test_nothing_is_left_when_every_job_is_reverted(library: ConfigLibrary, jobs: list[str]) -> None:
    done = library.revert(*jobs)
    assert library.best() == []
    assert (done.restored, done.removed) == (0, 1)
    assert not list((library.path / "configs").glob("*/*/*.jsonl"))
    assert library.check() == []


def test_effort_of_a_reverted_job_does_not_count(library: ConfigLibrary, jobs: list[str]) -> None:
    library.revert(jobs[0])
    assert [effort.trials for effort in library.trials()] == [2]


@pytest.mark.parametrize("name", ["", "zz", "0123456789abcdef"])
def test_an_unknown_job_is_refused(library: ConfigLibrary, jobs: list[str], name: str) -> None:
    before = library.commit
    with pytest.raises(JobError, match="begin"):
        library.revert(name)
    assert library.commit == before


def test_a_job_is_reverted_only_once(library: ConfigLibrary, jobs: list[str]) -> None:
    done = library.revert(jobs[1])
    with pytest.raises(JobError, match=f"reverted already, by job {done.job}"):
        library.revert(jobs[1])


def test_importing_a_reverted_log_again_says_how_to_bring_it_back(
    library: ConfigLibrary, make_log: Callable[..., Path]
) -> None:
    log = make_log("dense", [1e-3])
    job = library.import_logs(log, platform="box").job
    assert job is not None
    done = library.revert(job)
    again = library.import_logs(log, platform="box")
    assert again.already
    assert again.reverted == done.job


def test_the_log_says_what_is_reverted(library: ConfigLibrary, jobs: list[str]) -> None:
    done = library.revert(jobs[0], reason="wrong clock")
    entries = {entry.job: entry for entry in library.log()}
    assert entries[jobs[0]].reverted == done.job
    assert entries[done.job].kind == "revert"
    assert entries[jobs[1]].reverted is None
