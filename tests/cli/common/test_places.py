"""The titles of tables: what is counted is said also where the target is too long for the terminal."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tvmgitlib.cli.common.places import by_place
from tvmgitlib.cli.common.tables import Column

ROW = SimpleNamespace(
    family="autotvm",
    target="llvm",
    platform="rk3399",
    workload="matmul",
    target_label="llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu",
)


@pytest.mark.parametrize(
    ("width", "title"),
    [
        (None, "rk3399: llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu (autotvm), 1 workload"),
        (60, "rk3399: llvm -mcpu=skylake-..linux-gnu (autotvm), 1 workload"),
    ],
)
def test_a_long_target_is_cut_in_its_middle(width: int | None, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("common.places", "common.tables", "terminal.width"):
        monkeypatch.setattr(f"tvmgitlib.cli.{module}.terminal_width", lambda: width)
    assert by_place([ROW], [Column("workload", lambda row: row.workload)]).splitlines()[0] == title
