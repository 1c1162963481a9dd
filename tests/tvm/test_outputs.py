"""Comparing what kernels compute: arrays by their dtypes, and kernels of every kind of argument."""

from __future__ import annotations

from typing import Any

import pytest

from tvmgitlib.live.common.outputs import difference, random_array, tolerance
from tvmgitlib.live.common.schedule_outputs import Check
from tvmgitlib.model import TvmError

DTYPES = ["float64", "float32", "float16", "int8", "uint8", "int32", "int64", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_agrees_with_itself(dtype: str) -> None:
    import numpy as np

    for array in (np.zeros((2, 3)), np.arange(6).reshape(2, 3), np.array(1), np.zeros((0, 2))):
        assert difference(array.astype(dtype), array.astype(dtype)) is None


@pytest.mark.parametrize(
    ("dtype", "expected", "got", "agrees"),
    [
        ("float32", [100.0, 0.0], [100.005, 0.005], True),  # next to 100, what is lost of 0 is nothing
        ("float32", [100.0, 0.0], [100.0, 0.05], False),
        ("float32", [1e-20, 2e-20], [1e-20, 3e-20], False),
        ("float32", [1.0, -2.0], [1.00001, -2.00001], True),
        ("float32", [1.0, -2.0], [1.01, -2.0], False),
        ("float32", [1000.0, 1e-4], [1000.0, 2e-4], True),  # what is small beside the rest is rounding
        ("float32", [1.0, 1.0], [1.0, float("nan")], False),
        ("float32", [1.0, float("inf")], [1.0, 1e30], False),
        ("float16", [1.0, -2.0], [1.01, -2.0], True),
        ("float64", [1.0, -2.0], [1.00001, -2.0], False),
        ("int32", [1, 2**30], [1, 2**30 + 1], False),
        ("uint8", [0, 255], [0, 255], True),
        ("uint8", [0, 255], [255, 255], False),
        ("float64", [1.0, 2.0], [1.0, 2.00001], False),
        ("float16", [1.0, 2.0], [1.0, 2.02], True),
        ("float32", [float("nan"), float("inf"), 1.0], [float("nan"), float("inf"), 1.0], True),
        ("float32", [float("nan"), 1.0], [0.0, 1.0], False),
        ("float32", [float("inf"), 1.0], [float("inf"), 2.0], False),
        ("float32", [float("inf")], [float("-inf")], False),
        ("int8", [1, 2], [1, 3], False),
        ("bool", [True, False], [True, True], False),
        ("int64", [2**62], [2**62 + 1], False),  # which are one number as doubles
        ("uint64", [2**64 - 1], [2**64 - 2], False),
        ("int64", [-(2**63), 1], [-(2**63), 1], True),
    ],
)
def test_what_another_order_of_adding_up_explains_is_no_difference(
    dtype: str, expected: list[Any], got: list[Any], agrees: bool
) -> None:
    import numpy as np

    assert (difference(np.array(expected, dtype), np.array(got, dtype)) is None) == agrees


def test_much_that_is_added_up_in_halves_may_differ_more() -> None:
    import numpy as np

    few, many = (tolerance(["float16", "int8"], terms) for terms in (16, 4096))
    assert 0.01 < few < 0.1 < many < 0.5
    one, other = np.array([1.0], "float16"), np.array([1.2], "float16")
    assert (difference(one, other, few) is None, difference(one, other, many) is None) == (False, True)


def test_a_difference_says_how_much_and_where() -> None:
    import numpy as np

    expected, got = np.zeros((2, 3), "int32"), np.array([[0, 0, 7], [0, 9, 0]], "int32")
    assert difference(expected, got) == (
        "2 of 6 numbers are wrong, with the largest difference 9 at [1, 1]: 9 instead of 0"
    )
    assert difference(np.array([2**62, -(2**63)]), np.array([2**62 + 1, 2**63 - 1])) == (
        "2 of 2 numbers are wrong, with the largest difference 1.84467e+19 at [1]: "
        "9223372036854775807 instead of -9223372036854775808"
    )
    assert difference(np.array([2**62]), np.array([2**62 + 1])) == (
        "1 of 1 numbers are wrong, with the largest difference 1 at [0]: 4611686018427387905 instead of "
        "4611686018427387904"
    )
    assert difference(expected, got[0]) == "int32[3] instead of int32[2, 3]"
    assert difference(expected, got.astype("int64")) == "int64[2, 3] instead of int32[2, 3]"


@pytest.mark.tvm("0.16")
def test_kernels_with_arguments_of_every_dtype_are_compared() -> None:
    import tvm

    def copying(order: bool, forgets: str | None = None) -> Any:
        dtypes = DTYPES

        def schedule() -> tuple[Any, list[Any]]:
            from tvm import te

            def copy(given: Any) -> Any:
                return te.compute((4, 6), lambda i, j: given[0, 0] if given.dtype == forgets else given[i, j])

            given = [te.placeholder((4, 6), dtype) for dtype in dtypes]
            made = [copy(each) for each in given]
            plan = te.create_schedule([each.op for each in made])
            for each in made:
                if order:
                    plan[each].reorder(*reversed(each.op.axis))
            return plan, [*given, *made]

        return schedule

    target = tvm.target.Target("llvm -mtriple=x86_64-linux-gnu")
    with Check(copying(order=False), target, None, timeout=60) as check:
        assert check.failure(copying(order=True)) is None
        failures = {dtype: check.failure(copying(order=True, forgets=dtype)) for dtype in DTYPES}
    assert {dtype: failure and failure.kind for dtype, failure in failures.items()} == dict.fromkeys(
        DTYPES, "wrong_answer"
    )


@pytest.mark.tvm("0.16")
def test_what_is_not_a_number_of_random_inputs_is_compared_with_positive_ones() -> None:
    import tvm

    def logarithm(wrong: float) -> Any:
        def schedule() -> tuple[Any, list[Any]]:
            from tvm import te

            given = te.placeholder((8, 8), "float32")
            made = te.compute((8, 8), lambda i, j: te.log(given[i, j]) + te.log(given[j, i]) + wrong)
            return te.create_schedule(made.op), [given, made]

        return schedule

    target = tvm.target.Target("llvm -mtriple=x86_64-linux-gnu")
    with Check(logarithm(0), target, None, timeout=60) as check:
        assert check.failure(logarithm(0)) is None
        failure = check.failure(logarithm(1))
    assert failure is not None and failure.kind == "wrong_answer"
    nothing = Check(logarithm(float("nan")), target, None, timeout=60)
    with pytest.raises(TvmError, match="untuned, argument 1 is not a number throughout"), nothing:
        pass


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("float32", -1, 1),
        ("int8", -128, 127),
        ("uint8", 0, 255),
        ("int16", -128, 127),
        ("uint16", 0, 255),
        ("int64", 0, 1),  # they may be places in another array
        ("uint32", 0, 1),
        ("bool", 0, 1),
    ],
)
def test_random_numbers_are_of_their_dtypes_range(dtype: str, low: int, high: int) -> None:
    array = random_array(1, dtype, (100, 100), lowest=-1.0)
    assert (array.dtype.name, array.shape) == (dtype, (100, 100))
    assert (round(float(array.min()), 2), round(float(array.max()), 2)) == (low, high)
    assert (random_array(2, dtype, (100, 100), lowest=-1.0) != array).any()


def test_what_has_no_random_numbers_says_so() -> None:
    with pytest.raises(TypeError, match="complex64 cannot be compared"):
        random_array(0, "complex64", (2,), lowest=-1.0)
