from __future__ import annotations

import pytest

from tvmgitlib.model import ConfigsFile, Place, Workload, job_at, parse_target, segment_path

DENSE = Workload("autotvm", '["dense",[8,8]]')


def place(target: str = "cuda -arch=sm_90", platform: str = "h100", workload: Workload = DENSE) -> Place:
    return Place("autotvm", parse_target(target).target, platform, workload)


def test_the_file_of_a_place_says_where_it_is_of() -> None:
    folder = place().target.folder
    assert place().path == f"configs/{folder}/h100/autotvm.jsonl"
    assert ConfigsFile.at(place().path) == ConfigsFile(folder, "h100", "autotvm")


@pytest.mark.parametrize(
    "path",
    [
        "configs/.fold",
        "configs/a/autotvm.jsonl",
        "configs/a/b/c/autotvm.jsonl",
        "jobs/a/b/c.jsonl",
        "configs/a/b/x.txt",
    ],
)
def test_another_path_is_no_file_of_configs(path: str) -> None:
    assert ConfigsFile.at(path) is None


def test_a_record_answers_for_its_own_place_only() -> None:
    assert place().answers(place())
    assert not place().answers(place(platform="a100"))
    assert not place().answers(place(workload=Workload("autotvm", '["dense",[8,9]]')))
    assert not place(target="cuda -arch=sm_80").answers(place())


def test_a_record_without_arch_or_host_answers_for_a_live_target_of_its_platform() -> None:
    live = place(target="cuda -arch=sm_90 -host=llvm")
    assert place(target="cuda").answers(live)
    assert place().answers(live)
    assert not live.answers(place(target="cuda"))


def test_the_job_at_a_path() -> None:
    job = "0123456789abcdef"
    assert job_at(segment_path(job)) == job
    assert [job_at(path) for path in (f"jobs/ff/{job}.jsonl", f"other/01/{job}.jsonl", "jobs/01/readme.md")] == [
        None
    ] * 3
