"""MetaSchedule databases in a library, held against what the TVM that wrote them says of them."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

#: The databases by the TVM that wrote them, the only one that opens them.
DATABASES = [
    pytest.param("hhb_mm128", marks=pytest.mark.tvm("0.16")),
    pytest.param("v25_mm128", marks=pytest.mark.tvm("0.25")),
    pytest.param("v27_mm128", marks=pytest.mark.tvm("0.27")),
    pytest.param("v27_mm128_builder_timeouts", marks=pytest.mark.tvm("0.27")),
    pytest.param("h100_matmul_256", marks=pytest.mark.tvm("0.27")),
    pytest.param("h100_matmul_256_timeouts", marks=pytest.mark.tvm("0.27")),
]


@pytest.mark.parametrize("name", DATABASES)
def test_best_is_the_top_record_of_the_database(ms: Any, cli: Any, logs: Path, name: str) -> None:
    folder = logs / "metaschedule" / name
    database = ms.database.JSONDatabase(work_dir=str(folder))
    every = database.get_all_tuning_records()
    (top,) = database.get_top_k(every[0].workload, 1)

    cli.json("import", folder, "--platform", "lab")
    (best,) = cli.lines("best")
    assert best["record"][1] == top.as_json()
    assert best["cost"] == fmean(map(float, top.run_secs))


@pytest.mark.parametrize("name", DATABASES)
def test_effort_is_every_record_and_every_failure_of_the_database(ms: Any, cli: Any, logs: Path, name: str) -> None:
    folder = logs / "metaschedule" / name
    costs = [
        fmean(map(float, record.run_secs))
        for record in ms.database.JSONDatabase(work_dir=str(folder)).get_all_tuning_records()
    ]
    cli.json("import", folder, "--platform", "lab")
    (effort,) = cli.lines("trials")
    assert (effort["trials"], effort["failed"]) == (len(costs), sum(cost >= 1e10 for cost in costs))


@pytest.mark.parametrize("name", DATABASES)
def test_a_library_that_keeps_eight_keeps_the_top_eight(ms: Any, tmp_path: Path, logs: Path, name: str) -> None:
    folder = logs / "metaschedule" / name
    database = ms.database.JSONDatabase(work_dir=str(folder))
    top = database.get_top_k(database.get_all_tuning_records()[0].workload, 8)

    library = ConfigLibrary.init(tmp_path / "library", keep=8)
    library.import_logs(folder, platform="lab")
    library.export("metaschedule", tmp_path / "exported")
    kept = ms.database.JSONDatabase(work_dir=str(tmp_path / "exported")).get_all_tuning_records()
    succeeded = [record for record in top if fmean(map(float, record.run_secs)) < 1e10]
    assert sorted(map(costs_and_trace, kept)) == sorted(map(costs_and_trace, succeeded))


def costs_and_trace(record: Any) -> tuple[list[float], str]:
    return list(map(float, record.run_secs)), str(record.trace)
