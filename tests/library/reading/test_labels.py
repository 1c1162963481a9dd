from __future__ import annotations

import pytest

from tvmgitlib.library.reading import workload_label
from tvmgitlib.library.reading.labels import is_named_by
from tvmgitlib.model import FamilyName, Workload


@pytest.mark.parametrize("depth", [300, 900, 20_000])
def test_a_key_that_is_nested_beyond_reason_is_shown(depth: int) -> None:
    text = f'["mm",{"[" * depth}{"]" * depth}]'
    assert workload_label(Workload("ansor", text)).count("[") in (depth, depth + 1)


@pytest.mark.parametrize(
    ("family", "text", "label"),
    [
        (
            "autotvm",
            '["dense.x86",[["TENSOR",[1,512],"float32"],["TENSOR",[10,512],"float32"],null,"float32"]]',
            "dense.x86(1x512xf32, 10x512xf32, None, f32)",
        ),
        (
            "autotvm",
            '["conv_int8",[["TENSOR",[1],"uint8"],["TENSOR",[],"bool"],["TENSOR",[2,-1],"float8_e4m3"],"NCHW","bfloat16"]]',
            "conv_int8(1xu8, bool, 2x-1xf8_e4m3, NCHW, bf16)",
        ),
        ("autotvm", '["conv",[[1,1],[[0,1],[2,3]],true,1.5]]', "conv([1,1], [[0,1],[2,3]], True, 1.5)"),
        ("autotvm", '["conv",[1],{"layout":"NCHW"}]', 'conv(1, {"layout":"NCHW"})'),
        ("autotvm", '["evil\\u001b[2J",["a\\nb"]]', '"evil\\u001b[2J"("a\\nb")'),
        ("autotvm", "not JSON", "not JSON"),
        ("ansor", '["an_matmul", 128, 128, 128, "float32"]', "an_matmul(128, 128, 128, f32)"),
        ("ansor", '["d730bcd2", [1, 7, 7], [1]]', "d730bcd2([1,7,7], [1])"),
        ("ansor", "any text", "any text"),
        ("ansor", "[]", "[]"),
        ("ansor", "5", "5"),
        ("metaschedule", "123@0.27", "123@0.27"),
    ],
)
def test_a_workload_reads_like_a_call(family: FamilyName, text: str, label: str) -> None:
    assert workload_label(Workload(family, text)) == label


@pytest.mark.parametrize(
    ("signature", "label"),
    [
        ("(float32[8,8]) C", "C(8x8xf32) [12345678@0.27]"),
        ("(int8[8,8], int32[8]) T_add T_matmul_NT", "T_add+T_matmul_NT(8x8xi8, 8xi32) [12345678@0.27]"),
        ("(float32[8,8])", "(8x8xf32) [12345678@0.27]"),
        ("(float32[8,8]) C... 0123456789abcdef", "(float32[8,8]) C... 0123456789abcdef  [1234567890@0.27]"),
        (None, "1234567890@0.27"),
    ],
)
def test_a_metaschedule_workload_begins_with_the_names_of_its_blocks(signature: str | None, label: str) -> None:
    assert workload_label(Workload("metaschedule", "1234567890@0.27", signature=signature)) == label


DENSE = Workload("autotvm", '["dense.x86",[["TENSOR",[1,512],"float32"],[2,2],"float32"]]')


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dense.x86(1x512xf32, [2,2]", True),
        ("dense.x86(float32[1,512], [2,2], float32)", True),
        ('["TENSOR",[1,512]', True),
        (DENSE.id, True),
        (f"#{DENSE.id[:4]}", True),
        (DENSE.id[:4], False),
        ("#", False),
        ("1x51xf32", False),
    ],
)
def test_a_workload_is_named_by_what_people_see_or_tvm_writes(text: str, named: bool) -> None:
    assert is_named_by(DENSE, text) is named
