"""AutoTVM's format 0.1 as format 0.2: what the rules cover, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tvmgitlib import families
from tvmgitlib.families.autotvm import upgrade
from tvmgitlib.model import NoRuleError, RecordError

DATA, KERNEL, BIAS = (["TENSOR", shape, "float32"] for shape in ([1, 32, 14, 14], [16, 32, 3, 3], [16]))
ROWS, WEIGHT = ["TENSOR", [4, 64], "float32"], ["TENSOR", [16, 64], "float32"]
BLOCKS, PACKED = ["TENSOR", [1, 2, 14, 14, 1, 16], "int8"], ["TENSOR", [1, 2, 3, 3, 16, 16], "int8"]
KNOBS = [["tile_f", "sp", [1, 2, 4, 2]], ["unroll", "ot", 512], ["reorder_0", "re", [1, 0]], ["ann", "an", ["none"]]]
RESULT = [[1.2e-4, 9.593498664366054e-05], 0, 1.5, 1530000000.5]


def old(name: str, key: str, target: str, *args: Any, **told: Any) -> dict[str, Any]:
    """A parsed line of format 0.1."""
    config = {"i": 4242, "t": key, "c": None, "e": KNOBS}
    return {"v": 0.1, "r": RESULT, "i": [target, name, list(args), {}, [name, "whatever"], config]} | told


def new(document: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(upgrade.upgraded(document))
    return line


TWO = [2, 2], [1, 0], [1, 1]
FOUR = [2, 2], [1, 0, 1, 0], [1, 1]

#: old name, template key, target, old arguments; new name and arguments
RULES: dict[str, tuple[str, str, str, tuple[Any, ...], str, list[Any]]] = {
    "cuda, direct": (
        *("topi_nn_conv2d", "direct", "cuda -model=box", (DATA, KERNEL, *TWO, "NCHW", "float32")),
        *("conv2d_nchw.cuda", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "cuda, winograd": (
        *("topi_nn_conv2d", "winograd", "cuda", (DATA, KERNEL, *TWO, "NCHW", "float32")),
        *("conv2d_nchw_winograd.cuda", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "rocm takes cuda's": (
        *("topi_nn_conv2d", "direct", "rocm -model=gfx900", (DATA, KERNEL, *TWO, "NCHW", "float32")),
        *("conv2d_nchw.cuda", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "opencl without a device takes cuda's": (
        *("topi_nn_depthwise_conv2d_nchw", "direct", "opencl -model=1080ti", (DATA, KERNEL, *TWO, "float32")),
        *("depthwise_conv2d_nchw.cuda", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "no dilation yet": (
        *("topi_nn_conv2d", "direct", "opencl -model=rk3399 -device=mali"),
        (DATA, KERNEL, [2, 2], [1, 0], "NCHW", "float32"),
        *("conv2d_nchw_spatial_pack.mali", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "no dilation yet, depthwise": (
        *("topi_nn_depthwise_conv2d_nchw", "direct", "opencl -device=mali", (DATA, KERNEL, [2, 2], [1, 0], "float32")),
        *("depthwise_conv2d_nchw.mali", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "one number for all sides": (
        *("topi_nn_conv2d", "direct", "llvm -device=arm_cpu", (DATA, KERNEL, [1, 1], 3, [1, 1], "NCHW", "int8")),
        *("conv2d_nchw_spatial_pack.arm_cpu", [DATA, KERNEL, [1, 1], [3, 3, 3, 3], [1, 1], "int8"]),
    ),
    "four sides already": (
        *("topi_nn_conv2d", "winograd", "llvm -device=arm_cpu", (DATA, KERNEL, *FOUR, "NCHW", "float32")),
        *("conv2d_nchw_winograd.arm_cpu", [DATA, KERNEL, *FOUR, "float32"]),
    ),
    "transposed, without output padding": (
        *("topi_nn_conv2d_transpose_nchw", "direct", "cuda", (DATA, KERNEL, [2, 2], [1, 0], "float32")),
        *("conv2d_transpose_nchw.cuda", [DATA, KERNEL, [2, 2], [1, 0, 1, 0], "float32", [0, 0]]),
    ),
    "transposed, with output padding": (
        *("topi_nn_conv2d_transpose_nchw", "direct", "llvm -device=arm_cpu"),
        (DATA, KERNEL, [2, 2], [1, 0], "float32", [1, 1]),
        *("conv2d_transpose_nchw.arm_cpu", [DATA, KERNEL, [2, 2], [1, 0, 1, 0], "float32", [1, 1]]),
    ),
    "grouped": (
        *("topi_nn_group_conv2d_nchw", "direct", "cuda", (DATA, KERNEL, *TWO, 4, "float32")),
        *("group_conv2d_nchw.cuda", [DATA, KERNEL, *FOUR, 4, "float32"]),
    ),
    "dense without an output type": (
        *("topi_nn_dense", "direct", "opencl -device=mali", (ROWS, WEIGHT, BIAS)),
        *("dense.mali", [ROWS, WEIGHT, BIAS, None]),
    ),
    "dense of a small batch on a CPU": (
        *("topi_nn_dense", "direct", "llvm -mcpu=core-avx2", (ROWS, WEIGHT, None, "float32")),
        *("dense_nopack.x86", [ROWS, WEIGHT, None, "float32"]),
    ),
    "NCHWc, tuned from an operator": (
        *("topi_x86_conv2d_NCHWc", "direct", "llvm -mcpu=core-avx2", (DATA, KERNEL, *TWO, "NCHW", "float32")),
        *("conv2d_NCHWc.x86", [DATA, KERNEL, *FOUR, "NCHW", "NCHW", "float32"]),
    ),
    "NCHWc, with the layout of the output": (
        *("topi_x86_conv2d_NCHWc", "direct", "llvm", (DATA, KERNEL, *TWO, "NCHW", "NCHW", "float32")),
        *("conv2d_NCHWc.x86", [DATA, KERNEL, *FOUR, "NCHW", "NCHW", "float32"]),
    ),
    "NCHWc, with filters and kernel size": (
        *("topi_intel_graphics_conv2d_NCHWc", "", "opencl -device=intel_graphics"),
        (DATA, KERNEL, 16, [3, 3], [2, 2], [1, 0], "NCHW", "NCHW", "float32"),
        *("conv2d_NCHWc.intel_graphics", [DATA, KERNEL, *FOUR, "NCHW", "NCHW", "float32"]),
    ),
    "NCHWc, with dilation before strides": (
        *("topi_x86_conv2d", "direct", "llvm", (DATA, KERNEL, 16, [3, 3], [1, 1], [2, 2], [1, 0], "NCHW", "float32")),
        *("conv2d_NCHWc.x86", [DATA, KERNEL, *FOUR, "NCHW", "NCHW", "float32"]),
    ),
    "VTA keeps the layout of its blocks": (
        *("topi_nn_conv2d", "direct", "ext_dev -device=vta -keys=cpu", (BLOCKS, PACKED, *TWO, "NCHW1n16c", "int32")),
        *("conv2d_packed.vta", [BLOCKS, PACKED, *FOUR, "NCHW1n16c", "int32"]),
    ),
}


@pytest.mark.parametrize("what", RULES)
def test_a_task_has_another_name_and_other_arguments_today(what: str) -> None:
    name, key, target, args, today, arguments = RULES[what]
    assert new(old(name, key, target, *args)) == {
        "input": [target, today, arguments, {}],
        "config": {"index": 4242, "code_hash": None, "entity": KNOBS},
        "result": RESULT,
        "version": 0.2,
    }


def test_it_is_a_line_of_the_family() -> None:
    line = upgrade.upgraded(old(*RULES["cuda, direct"][:3], *RULES["cuda, direct"][3]))
    document = json.loads(line)
    record = families.family_of(line, document).record(document, line)
    assert record.native == line
    assert (record.cost, record.tvm_version) == (pytest.approx(1.0797e-4, rel=1e-4), None)


def test_lines_of_other_formats_are_no_lines_of_this_one() -> None:
    ansor = {"i": [['["key"]', "llvm"], [[], []]], "r": [[0.1], 0, 1, 1], "v": "v0.6"}
    for other in (ansor, {"input": [], "config": {}}, [1], None, {"i": 1, "r": 2}):
        assert not upgrade.is_old(other)
        assert families.upgraded(other) is None


CONV = (DATA, KERNEL, *TWO, "NCHW", "float32")

NO_RULE: dict[str, tuple[dict[str, Any], str]] = {
    "a task of the user's": (old("matmul", "", "llvm", 1, 2), "matmul (template key '', llvm)"),
    "a template key": (old("topi_nn_conv2d", "int8", "cuda", *CONV), "template key 'int8', cuda"),
    "a device": (old("topi_nn_conv2d", "direct", "hexagon", *CONV), "hexagon"),
    "a layout": (old("topi_nn_conv2d", "direct", "cuda", *CONV[:5], "NHWC", "float32"), "layout 'NHWC'"),
    "a padding": (old("topi_nn_conv2d", "direct", "cuda", *CONV[:3], "SAME", *CONV[4:]), "padding 'SAME'"),
    "too few arguments": (old("topi_nn_conv2d", "direct", "cuda", *CONV[:3]), "3 arguments"),
    "keywords": (old("topi_nn_conv2d", "direct", "cuda", i=["cuda", "f", [], {"a": 1}, None, {"i": 1, "e": []}]), "f"),
    "weights that were packed": (
        old("topi_nn_dense", "direct", "llvm", ["TENSOR", [32, 64], "float32"], WEIGHT, None, "float32"),
        "packed",
    ),
}


@pytest.mark.parametrize("what", NO_RULE)
def test_what_no_rule_covers_is_refused_by_its_name(what: str) -> None:
    document, said = NO_RULE[what]
    with pytest.raises(NoRuleError, match="no rule") as caught:
        upgrade.upgraded(document)
    assert said in str(caught.value)
    assert caught.value.what in str(caught.value)


@pytest.mark.parametrize(
    "told", [{"i": ["cuda"]}, {"i": ["cuda", 7, [], {}, [], {}]}, {"r": 7}, {"i": ["cuda", "f", [], {}, [], {"i": 1}]}]
)
def test_a_malformed_line_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match=r"format 0\.1 without its"):
        upgrade.upgraded(old("topi_nn_conv2d", "direct", "cuda", *CONV, **told))
