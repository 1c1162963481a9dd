from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import Workload, parse_target
from tvmgitlib.model.record import ERROR_KINDS, ErrorKind, TuningRecord, outcome_code

RECORD = TuningRecord(
    family="autotvm",
    target=parse_target("llvm"),
    workload=Workload("autotvm", '["f",[]]'),
    config=hashlib.sha256(b"config").digest(),
    costs=(0.001, 0.003),
    error=None,
    measured_at=1.5,
    tvm_version=None,
    native=b"{}",
)


def test_cost_is_the_mean() -> None:
    assert RECORD.cost == 0.002
    assert RECORD._replace(error="unknown").cost == math.inf


@given(st.lists(st.floats(min_value=5e-324, allow_infinity=False), min_size=1, max_size=20))
def test_the_mean_is_finite_and_nearly_exact(costs: list[float]) -> None:
    cost = RECORD._replace(costs=tuple(costs)).cost
    exact = sum(map(Fraction, costs)) / len(costs)
    assert 0 < cost < math.inf
    assert abs(Fraction(cost) - exact) <= max(exact / 2**51, Fraction(5e-324))


def test_hash_is_of_the_native_text() -> None:
    assert RECORD.hash == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("error", [None, *ERROR_KINDS])
def test_a_measurement_tells_its_config_and_outcome(error: ErrorKind | None) -> None:
    name = RECORD._replace(error=error).measurement
    assert 0 <= name < 2**64
    assert name >> 24 == int.from_bytes(RECORD.config[:5], "big")
    assert name & 0xF == outcome_code(error)


@pytest.mark.parametrize(
    "other",
    [
        RECORD._replace(costs=(0.001, 0.003000001)),
        RECORD._replace(costs=(0.001,)),
        RECORD._replace(measured_at=2.5),
        RECORD._replace(config=hashlib.sha256(b"other").digest()),
        RECORD._replace(error="unknown"),
    ],
)
def test_another_measurement_has_another_name(other: TuningRecord) -> None:
    assert other.measurement != RECORD.measurement


def test_a_measurement_is_the_same_however_its_line_is_spelt() -> None:
    assert RECORD._replace(native=b"{ }", target=parse_target("llvm ")).measurement == RECORD.measurement
    assert RECORD._replace(measured_at=None).measurement == RECORD._replace(measured_at=0.0).measurement


def test_a_mark_stands_for_the_measurement() -> None:
    again = RECORD._replace(native=b"{ }", costs=(*RECORD.costs,))
    assert again.mark == RECORD.mark
    assert RECORD._replace(measured_at=None).mark == RECORD._replace(measured_at=0.0).mark
    others = ({"costs": (0.001,)}, {"measured_at": 2.5}, {"repeat": 1}, {"config": bytes(32)}, {"error": "unknown"})
    marks = {RECORD.mark, *(RECORD._replace(**change).mark for change in others)}
    assert len(marks) == len(others) + 1
    failed = RECORD._replace(error="unknown", costs=(math.nan,))
    assert failed.mark >> 24 == RECORD.mark >> 24 != RECORD._replace(config=bytes(32)).mark >> 24
    assert (failed.mark & 0xF, RECORD.mark & 0xF) == (outcome_code("unknown"), 0)
    assert failed.mark == failed._replace(costs=(float("nan"),)).mark
