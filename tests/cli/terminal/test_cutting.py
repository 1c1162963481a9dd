from __future__ import annotations

import hashlib
from itertools import product

import pytest

from tvmgitlib.cli.common.tables import Column, table
from tvmgitlib.cli.terminal.cutting import clipped, fitting, width_of, wrapped

#: Convolutions as a log of several networks has them: what differs stands at the beginning, in the middle, or behind.
LOOK_ALIKES = [
    f"{name}.cuda(1x{c}x{n}x{n}xf32, {k}x{c}x{r}x{s}xf32, [{stride},{stride}], [{pad},0,{pad},0], [1,1], f32)"
    for name, c, k, n, (r, s), stride, pad in product(
        ("conv2d_nchw", "conv2d_nchw_winograd", "depthwise_conv2d_nchw"),
        (16, 128, 1024),
        (48, 512),
        (7, 112),
        ((1, 1), (1, 7), (7, 1)),
        (1, 2),
        (0, 3),
    )
]


def fitted(labels: list[str], width: int) -> list[str]:
    return fitting(labels, [hashlib.sha256(label.encode()).hexdigest()[:16] for label in labels], width)


@pytest.mark.parametrize("width", [20, 35, 49, 60, 200])
def test_no_two_labels_look_alike_however_narrow(width: int) -> None:
    shown = fitted(LOOK_ALIKES, width)
    assert len(set(shown)) == len(LOOK_ALIKES)
    assert max(map(width_of, shown)) <= width
    assert all(short[:3] == label[:3] for short, label in zip(shown, LOOK_ALIKES, strict=True))


def test_what_labels_have_in_common_goes_first() -> None:
    labels = [
        "conv2d.cuda(1x64x56x56xf32, 64x64x3x3xf32, [1,1], [1,1], f32)",
        "conv2d.cuda(1x64x56x56xf32, 128x64x3x3xf32, [2,2], [1,1], f32)",
    ]
    assert fitted(labels, 62) == labels
    assert fitted(labels, 40) == ["conv2d.cuda(..,64x64x3x3,1,..)", "conv2d.cuda(..,128x64x3x3,2,..)"]


def test_where_that_is_not_enough_an_id_tells_labels_apart() -> None:
    labels = ["dense(1x512xf32, one_and_1_the_same)", "dense(1x512xf32, one_and_2_the_same)"]
    assert fitting(labels, ["3fa2" * 4, "b01c" * 4], 20) == ["dense(..,o..e) #3fa2", "dense(..,o..e) #b01c"]
    same = "dense(1x512xf32, 10x512xf32)"
    assert len(set(fitted([same, same], 20))) == 1  # one workload, tuned with two TVMs


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 8, "abcd..jk"),
        ("漢字漢字漢字", 12, "漢字漢字漢字"),
        ("漢字漢字漢字", 8, "漢字..字"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
        ("abc", 1, "."),
    ],
)
def test_a_text_is_cut_in_its_middle_and_wide_characters_count_twice(text: str, width: int, shown: str) -> None:
    assert clipped(text, width) == shown
    assert width_of(shown) <= width


def test_columns_stay_in_line_below_wide_characters() -> None:
    columns = [Column("name", lambda row: row[0]), Column("n", lambda row: row[1])]
    assert table([("漢字", "1"), ("abc", "2")], columns).splitlines() == ["name  n", "漢字  1", "abc   2"]


def test_a_text_is_wrapped_between_words_and_wide_characters_count_twice() -> None:
    text = "it wants --tvm apache-tvm==0.27.0, 测量测量 测量"
    assert wrapped(text, 20, "  ") == ["  it wants --tvm", "      apache-tvm==0.27.0,", "      测量测量 测量"]
    assert wrapped("测量测量 测量", 12) == ["测量测量", "    测量"]
    assert wrapped("", 10) == []
