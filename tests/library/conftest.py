"""Small made-up logs, for tests in which the history matters and the records do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

_TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"

MakeLog = Callable[..., Path]


def line(
    workload: str, config: int, cost: float, at: float, *, target: str = _TARGET, version: str = "0.16.dev0"
) -> str:
    """An AutoTVM record: `cost` in seconds, `at` in Unix time."""
    return json.dumps(
        {
            "input": [target, workload, [8, 8, "float32"], {}],
            "config": {"index": config, "code_hash": None, "entity": [["tile", "sp", [-1, config]]]},
            "result": [[cost], 0, 0.5, at],
            "version": 0.2,
            "tvm_version": version,
        }
    )


@pytest.fixture
def make_log(tmp_path: Path) -> MakeLog:
    """Write a log of one workload: `make_log("dense", [2e-3, 1e-3])`; configs are 1, 2, ... unless given."""
    serial = count(1)

    def make(workload: str, costs: list[float], configs: list[int] | None = None, **told: str) -> Path:
        number = next(serial)
        path = tmp_path / f"log-{number}.log"
        chosen = configs or range(1, len(costs) + 1)
        lines = [
            line(workload, config, cost, 1.6e9 + 1000 * number + config, **told)
            for config, cost in zip(chosen, costs, strict=True)
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    return make
