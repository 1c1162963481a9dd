from __future__ import annotations

import pytest

from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import FamilyName, Workload


@pytest.mark.parametrize(
    ("family", "text", "label"),
    [
        (
            "autotvm",
            '["dense.x86",[["TENSOR",[1,512],"float32"],["TENSOR",[10,512],"float32"],null,"float32"]]',
            "dense.x86(float32[1,512], float32[10,512], None, float32)",
        ),
        ("autotvm", '["conv",[[1,1],[[0,1],[2,3]],true,1.5]]', "conv([1,1], [[0,1],[2,3]], True, 1.5)"),
        ("autotvm", '["conv",[1],{"layout":"NCHW"}]', 'conv(1, {"layout":"NCHW"})'),
        ("autotvm", '["evil\\u001b[2J",["a\\nb"]]', '"evil\\u001b[2J"("a\\nb")'),
        ("autotvm", "not JSON", "not JSON"),
        ("ansor", '["an_matmul", 128, 128, 128, "float32"]', "an_matmul(128, 128, 128, float32)"),
        ("ansor", '["d730bcd2", [1, 7, 7], [1]]', "d730bcd2([1,7,7], [1])"),
        ("ansor", "any text", "any text"),
        ("ansor", "[]", "[]"),
        ("ansor", "5", "5"),
        ("metaschedule", "123@0.27", "123@0.27"),
    ],
)
def test_a_workload_reads_like_a_call(family: FamilyName, text: str, label: str) -> None:
    assert workload_label(Workload(family, text)) == label


def test_a_metaschedule_workload_reads_as_its_signature() -> None:
    workload = Workload("metaschedule", "123@0.27", signature="(float32[8,8]) C")
    assert workload_label(workload) == "(float32[8,8]) C  [123@0.27]"
