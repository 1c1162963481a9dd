"""Ansor logs in a library, held against what TVM's own reader says of the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tvm("0.16")

LOGS = ["mm_128x128x128.json", "mm_64x256x512.json"]


def test_best_is_tvms_best_record_of_each_log(cli: Any, logs: Path) -> None:
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    for log in LOGS:
        cli.json("import", logs / "ansor" / log, "--platform", "xeon")
    best = {found["workload"]: found for found in cli.lines("best")}
    assert len(best) == len(LOGS)
    for log in LOGS:
        given, result = auto_scheduler.load_best_record(str(logs / "ansor" / log))
        found = best[given.task.workload_key]
        assert found["record"] == json.loads(dump_record_to_string(given, result))
        assert [found["cost"]] == [cost.value for cost in result.costs]


def test_effort_is_every_line_that_tvm_reads(cli: Any, logs: Path) -> None:
    from tvm import auto_scheduler

    files = [logs / "ansor" / log for log in LOGS]
    cli.json("import", *files, "--platform", "xeon")
    lines: dict[str, int] = {}
    for file in files:
        for given, _ in auto_scheduler.RecordReader(str(file)):
            lines[given.task.workload_key] = lines.get(given.task.workload_key, 0) + 1
    assert {effort["workload"]: effort["trials"] for effort in cli.lines("trials")} == lines
