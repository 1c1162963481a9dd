from __future__ import annotations

import hashlib
import random

import pytest

from tvmgitlib.library.jobs.intake import Intake, Origin
from tvmgitlib.model import ErrorKind, Header, JobError, TuningRecord, TvmgitlibError, Workload, parse_target

WORKLOAD = Workload("autotvm", '["dense",[]]')
BOARD = Origin(platform="board")
TARGETS = ["cuda", "rocm"]


def record(
    config: int, cost: float, error: ErrorKind | None = None, at: float = 0.0, target: str = "cuda"
) -> TuningRecord:
    return TuningRecord(
        "autotvm",
        parse_target(target),
        WORKLOAD,
        hashlib.sha256(b"%d" % config).digest(),
        (cost,),
        error,
        at,
        "0.16",
        f"{config} {cost} {at}".encode(),
    )


@pytest.mark.parametrize("keep", [1, 8, 20])
def test_the_best_of_each_config_are_kept_whatever_the_order(keep: int) -> None:
    chance = random.Random(keep)
    records = [record(chance.randrange(40), chance.choice([1.0, 2.0, 3.0, 4.0, 5.0]), at=at) for at in range(400)]
    best: dict[bytes, TuningRecord] = {}
    for each in sorted(records, key=lambda each: (each.cost, each.hash)):
        best.setdefault(each.config, each)
    expected = list(best.values())[: max(keep, 8)]
    for _ in range(5):
        chance.shuffle(records)
        intake = Intake(BOARD, keep)
        for each in records:
            intake.add(each)
        segment, counts = intake.segment(Header("ab" * 8, "import"))
        assert [stored.record for stored in segment.tasks[0].records] == expected
        assert counts.kept == max(keep, 8)


def test_every_line_is_failed_a_duplicate_kept_or_dropped() -> None:
    records = [*(record(config, 1.0 + config) for config in range(20)), record(99, 1e9, "run_timeout"), record(0, 1.0)]
    intake = Intake(BOARD, 1)
    for each in records:
        intake.add(each)
    _, counts = intake.segment(Header("ab" * 8, "import"))
    assert (counts.read, counts.failed, counts.duplicates, counts.kept, counts.dropped) == (22, 1, 1, 8, 12)


def test_an_error_names_the_file_and_the_line() -> None:
    intake = Intake(Origin(parse_target("cuda").target, "board"), 1)
    with pytest.raises(JobError) as caught:
        intake.extend("tuning.log", [(3, [record(1, 1.0), record(2, 1.0, target="rocm")])])
    assert str(caught.value).startswith("tuning.log, line 4: a record for rocm, and the job is for cuda\n")


@pytest.mark.parametrize("at", [5.0, 4e9], ids=["past", "ahead"])
def test_records_of_lines_in_a_row_are_taken_in_as_each_by_itself(at: float) -> None:
    records = [record(config % 7, 1.0 + config, at=at, target=target) for config in range(40) for target in TARGETS]
    together, apart = Intake(BOARD, 1), Intake(BOARD, 1)
    for target in TARGETS:  # so that lines in a row are for something that is known
        for intake in (together, apart):
            intake.add(record(99, 9.0, target=target))
    together.extend("tuning.log", [(1, records[:33]), (34, records[33:])])
    for each in records:
        apart.add(each)
    header = Header("ab" * 8, "import")
    assert together.segment(header) == apart.segment(header)
    assert (together.measured, together.ahead, together.read) == (apart.measured, apart.ahead, apart.read)


def test_records_of_one_place_in_two_spellings_are_one_task() -> None:
    intake = Intake(BOARD, 1)
    intake.add(record(1, 1.0, target="cuda -arch=sm_90 -libs=cudnn"))
    intake.add(record(2, 1.0, target="cuda  -libs=cudnn -arch=sm_90 "))
    segment, counts = intake.segment(Header("ab" * 8, "import"))
    assert counts.workloads == len(segment.tasks) == 1
    assert len(segment.tasks[0].task.section.given) == 2


@pytest.mark.parametrize(
    ("target", "platform", "name"),
    [("cuda -model=t4", None, "t4"), ("cuda -model=t4", "board", "t4"), ("cuda -model=unknown", "board", "board")],
)
def test_a_targets_model_names_the_platform_before_the_user_does(target: str, platform: str | None, name: str) -> None:
    intake = Intake(Origin(platform=platform), 1)
    intake.add(record(1, 1.0, target=target))
    segment, _ = intake.segment(Header("ab" * 8, "import"))
    assert segment.tasks[0].task.section.platform.name == name
    assert intake.detected == []


def test_without_any_name_and_on_another_machine_a_record_has_no_platform() -> None:
    with pytest.raises(TvmgitlibError, match="nothing says which platform was measured: the target opencl"):
        Intake(Origin(), 1).add(record(1, 1.0, target="opencl -device=mali"))


def test_the_measured_time_is_the_first_to_the_last() -> None:
    intake = Intake(BOARD, 1)
    assert intake.measured == (None, None)
    for at in (20.5, 10.25, 30.0):
        intake.add(record(1, 1.0, at=at))
    assert intake.measured == ("1970-01-01T00:00:10.250Z", "1970-01-01T00:00:30.000Z")
