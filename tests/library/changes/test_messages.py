from __future__ import annotations

import pytest

from tvmgitlib.library.changes import Counts, job_message, message, outcome
from tvmgitlib.model import (
    Effort,
    Header,
    Platform,
    Section,
    Segment,
    Source,
    Task,
    TaskRecords,
    TvmVersion,
    Workload,
    parse_target,
)


def entry(platform: str, task: str, trials: int) -> TaskRecords:
    target = parse_target("cuda -arch=sm_90")
    section = Section("autotvm", target.target, (target.text,), {}, Platform(platform), TvmVersion())
    return TaskRecords(Task(section, Workload("autotvm", f'["{task}",[]]'), Effort(trials, trials)), ())


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (Counts(read=3, kept=3), "3 kept"),
        (Counts(read=1164, kept=1162, dropped=2), "1,162 kept, 2 dropped"),
        (Counts(read=4, failed=2, duplicates=1, kept=1), "1 kept, 2 failed, 1 duplicate"),
        (Counts(read=2, duplicates=2), "2 duplicates"),
    ],
)
def test_an_outcome_tells_what_happened_only(counts: Counts, text: str) -> None:
    assert outcome(counts) == text


def test_a_jobs_message_says_in_words_what_it_did_and_has_trailers() -> None:
    header = Header("ab" * 8, "tune", tuner="xgb", complete=False, sources=(Source("tuning.log", 1, "00"),))
    segment = Segment(header, (entry("h100", "dense", 30), entry("h100", "conv2d", 2)))
    counts = Counts(read=32, failed=1, kept=16, dropped=15, workloads=2, improved=1)
    assert job_message(segment, counts) == (
        "Tune 2 workloads for h100: 32 trials\n"
        "\n"
        "From tuning.log.\n"
        "Tuner: xgb.\n"
        "\n"
        "- h100: cuda -arch=sm_90 (autotvm): 2 workloads, 32 trials\n"
        "\n"
        "1 improved; 16 kept, 15 dropped, 1 failed.\n"
        "The job was interrupted.\n"
        "\n"
        "Tvmgitlib-Job: abababababababab\n"
        "Tvmgitlib-Kind: tune\n"
        "Tvmgitlib-Trials: 32\n"
        "Tvmgitlib-Workloads: 2\n"
        "Tvmgitlib-Improved: 1\n"
    )


def test_a_message_of_many_places_stays_short() -> None:
    segment = Segment(Header("ab" * 8, "import"), tuple(entry(f"board-{number}", "dense", 1) for number in range(30)))
    lines = job_message(segment, Counts(read=30, kept=30, workloads=30, improved=30)).splitlines()
    assert lines[0] == "Import 30 workloads for 30 targets and platforms: 30 trials"
    assert sum(line.startswith("- board-") for line in lines) == 20
    assert "- and 10 more" in lines


def test_a_message_without_a_body_is_its_subject() -> None:
    assert message("Set keep to 3", [], {}) == "Set keep to 3\n"
