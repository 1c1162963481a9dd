"""Ansor logs in a library, held against what TVM's own reader says of the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.model import TvmError

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


def test_apply_history_best_takes_a_library(library: ConfigLibrary, logs: Path) -> None:
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    files = [logs / "ansor" / log for log in LOGS]
    library.import_logs(*files, platform="xeon", tvm="hhb-tvm==0.16.dev0")
    library.import_logs(*(logs / "autotvm").glob("t0_*.log"), platform="xeon", tvm="hhb-tvm==0.16.dev0")
    wanted = auto_scheduler.ApplyHistoryBest([str(file) for file in files])
    for context in (auto_scheduler.ApplyHistoryBest(library), auto_scheduler.ApplyHistoryBestOrSample(library)):
        for file in files:
            task = auto_scheduler.load_best_record(str(file))[0].task
            states = [each._query_inside(task.target, task.workload_key, "") for each in (context, wanted)]
            texts = [
                dump_record_to_string(
                    auto_scheduler.MeasureInput(task, state), auto_scheduler.MeasureResult([1.0], 0, "", 1.0, 1.0)
                )
                for state in states
            ]
            assert texts[0] == texts[1]
    assert len(library.records(Selection(family="ansor"))) == len(LOGS)


def test_a_family_without_such_a_context_says_so(library: ConfigLibrary) -> None:
    with pytest.raises(TvmError, match="ApplyHistoryBest"):
        library.records(Selection(family="metaschedule"))
