"""AutoTVM's format 0.1 as format 0.2: what TVM 0.4 to 0.6 called a task is another task since TVM 0.7.

Between the two a task got a name of its own for each template, padding came to have four sides, and layouts that a
template's name says went out of its arguments. TVM itself converts no log. Configs (index, knobs) and results are the
same in both. The rules hold where the template is the same too: they were found from the logs that TopHub's maintainers
published in both formats, and from the templates of TVM 0.6 and 0.7; what neither shows is refused by its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from tvmgitlib.model import NoRuleError, RecordError, plural

#: The arguments of a task as today's template takes them, from those of the old one.
_Rewrite: TypeAlias = Callable[[list[Any]], "list[Any]"]

_NO_DILATION: Final = [1, 1]
_MOST_ROWS_UNPACKED: Final = 16  # dense of TVM 0.6 packed the weights of larger batches


def is_old(document: Any) -> bool:
    """Whether a parsed line is of format 0.1."""
    return isinstance(document, dict) and "i" in document and "r" in document and _is_input(document["i"])


def _is_input(value: Any) -> bool:
    """Ansor's lines have the same keys, and there the workload key stands in a list of its own."""
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], str)


def upgraded(document: Any) -> bytes:
    """A line of format 0.1 as one of format 0.2.

    Args:
        document: the parsed line, for which `is_old` holds.

    Raises:
        NoRuleError: nothing says what its task is called today.
        RecordError: it is malformed.
    """
    match document:
        case {
            "i": [str(target), str(name), list(args), dict(keywords), _, {"i": index, "e": entity, **config}],
            "r": [_, _, _, _] as result,
        }:
            pass
        case _:
            raise RecordError("a record of AutoTVM's format 0.1 without its target, task, config or result", field="i")
    key = str(config.get("t") or "")
    device = _device(target)
    rule = _RULES.get((name, key, _SAME_TEMPLATES.get(device, device)))
    if rule is None or keywords:
        raise NoRuleError(_called(name, key, target), field="i[1]")
    try:
        task = rule.name, rule.rewrite(args)
    except ValueError as error:
        raise NoRuleError(f"{_called(name, key, target)}: {error}", field="i[2]") from None
    today = {
        "input": [target, *task, {}],
        "config": {"index": index, "code_hash": config.get("c"), "entity": entity},
        "result": result,
        "version": 0.2,
    }
    return json.dumps(today).encode()


def _called(name: str, key: str, target: str) -> str:
    return f"{name} (template key {key!r}, {_device(target)})"


def _device(target: str) -> str:
    """What templates were chosen by: the device that a target names, else its kind."""
    kind, *flags = target.split() or [""]
    return next((flag.partition("=")[2] for flag in flags if flag.startswith("-device=")), kind)


#: Devices that took the templates of another one.
_SAME_TEMPLATES: Final = dict.fromkeys(("rocm", "opencl", "metal", "vulkan", "nvptx", "gpu"), "cuda") | {
    "llvm": "cpu",
    "x86": "cpu",
}


# Arguments. A rewrite raises ValueError for what it does not know, in words.


def _four_sides(padding: Any) -> list[int]:
    """Padding at the top, left, bottom and right, of one number for all, two for both directions, or four."""
    match padding:
        case int(all_sides) if not isinstance(padding, bool):
            return [all_sides] * 4
        case [int(rows), int(columns)]:
            return [rows, columns] * 2
        case [int(top), int(left), int(bottom), int(right)]:
            return [top, left, bottom, right]
    raise ValueError(f"padding {padding!r}")


def _require_nchw(layout: Any) -> None:
    if layout != "NCHW":
        raise ValueError(f"layout {layout!r}")


def _conv2d(args: list[Any]) -> list[Any]:
    """Of a template whose name says the layout; there was no dilation before TVM 0.5."""
    match args:
        case [data, kernel, strides, padding, str(layout), dtype]:
            dilation: Any = _NO_DILATION
        case [data, kernel, strides, padding, dilation, str(layout), dtype]:
            pass
        case _:
            raise ValueError(plural(len(args), "argument"))
    _require_nchw(layout)
    return [data, kernel, strides, _four_sides(padding), dilation, dtype]


def _depthwise(args: list[Any]) -> list[Any]:
    match args:
        case [data, kernel, strides, padding, str(dtype)]:
            return [data, kernel, strides, _four_sides(padding), _NO_DILATION, dtype]
        case [data, kernel, strides, padding, dilation, str(dtype)]:
            return [data, kernel, strides, _four_sides(padding), dilation, dtype]
    raise ValueError(plural(len(args), "argument"))


def _grouped(args: list[Any]) -> list[Any]:
    match args:
        case [data, kernel, strides, padding, dilation, int(groups), dtype]:
            return [data, kernel, strides, _four_sides(padding), dilation, groups, dtype]
    raise ValueError(plural(len(args), "argument"))


def _transposed(args: list[Any]) -> list[Any]:
    """The padding of the output came with TVM 0.7: there was none before."""
    match args:
        case [data, kernel, strides, padding, str(dtype)]:
            return [data, kernel, strides, _four_sides(padding), dtype, [0, 0]]
        case [data, kernel, strides, padding, str(dtype), output_padding]:
            return [data, kernel, strides, _four_sides(padding), dtype, output_padding]
    raise ValueError(plural(len(args), "argument"))


def _dense(args: list[Any]) -> list[Any]:
    match args:
        case [data, weight, bias]:
            return [data, weight, bias, None]
        case [_, _, _, _]:
            return args
    raise ValueError(plural(len(args), "argument"))


def _dense_unpacked(args: list[Any]) -> list[Any]:
    """Of the CPU's two templates the one for small batches: the other has got one more knob since."""
    rewritten = _dense(args)
    match rewritten:
        case [["TENSOR", [int(rows), _], _], *_] if rows <= _MOST_ROWS_UNPACKED:
            return rewritten
    raise ValueError("a batch whose weights were packed")


def _blocked(args: list[Any]) -> list[Any]:
    """NCHWc templates: dilation behind padding, and the layouts of both sides, as they are before blocking.

    What tuned whole models wrote the number of filters and the size of the kernel too, and dilation before strides.
    """
    match args:
        case [data, kernel, int(), _, strides, padding, str(layout), str(out_layout), dtype]:
            dilation: Any = _NO_DILATION
        case [data, kernel, int(), _, dilation, strides, padding, str(layout), str(out_layout), dtype]:
            pass
        case [data, kernel, int(), _, dilation, strides, padding, str(layout), dtype]:
            out_layout = layout
        case [data, kernel, strides, padding, dilation, str(layout), str(out_layout), dtype]:
            pass
        case [data, kernel, strides, padding, dilation, str(layout), dtype]:
            out_layout = layout
        case _:
            raise ValueError(plural(len(args), "argument"))
    for each in (layout, out_layout):
        _require_nchw(each)
    return [data, kernel, strides, _four_sides(padding), dilation, layout, out_layout, dtype]


def _packed(args: list[Any]) -> list[Any]:
    """VTA's: data comes in blocks, and the layout says of which size."""
    match args:
        case [data, kernel, strides, padding, dilation, str(layout), dtype] if layout.startswith("NCHW") and (
            len(layout) > len("NCHW")
        ):
            return [data, kernel, strides, _four_sides(padding), dilation, layout, dtype]
    raise ValueError(f"{plural(len(args), 'argument')}, or another layout")


class _Rule(Struct, frozen=True):
    """What a task is today.

    Attributes:
        name: its name.
        rewrite: its arguments.
    """

    name: str
    rewrite: _Rewrite


#: By the old name, the template key and the device.
_RULES: Final[dict[tuple[str, str, str], _Rule]] = {
    ("topi_nn_conv2d", "direct", "cuda"): _Rule("conv2d_nchw.cuda", _conv2d),
    ("topi_nn_conv2d", "winograd", "cuda"): _Rule("conv2d_nchw_winograd.cuda", _conv2d),
    ("topi_nn_depthwise_conv2d_nchw", "direct", "cuda"): _Rule("depthwise_conv2d_nchw.cuda", _depthwise),
    ("topi_nn_group_conv2d_nchw", "direct", "cuda"): _Rule("group_conv2d_nchw.cuda", _grouped),
    ("topi_nn_conv2d_transpose_nchw", "direct", "cuda"): _Rule("conv2d_transpose_nchw.cuda", _transposed),
    ("topi_nn_conv2d", "direct", "arm_cpu"): _Rule("conv2d_nchw_spatial_pack.arm_cpu", _conv2d),
    ("topi_nn_conv2d", "winograd", "arm_cpu"): _Rule("conv2d_nchw_winograd.arm_cpu", _conv2d),
    ("topi_nn_depthwise_conv2d_nchw", "direct", "arm_cpu"): _Rule("depthwise_conv2d_nchw.arm_cpu", _depthwise),
    ("topi_nn_conv2d_transpose_nchw", "direct", "arm_cpu"): _Rule("conv2d_transpose_nchw.arm_cpu", _transposed),
    ("topi_nn_dense", "direct", "arm_cpu"): _Rule("dense_nopack.x86", _dense_unpacked),
    ("topi_nn_conv2d", "direct", "mali"): _Rule("conv2d_nchw_spatial_pack.mali", _conv2d),
    ("topi_nn_conv2d", "winograd", "mali"): _Rule("conv2d_nchw_winograd.mali", _conv2d),
    ("topi_nn_depthwise_conv2d_nchw", "direct", "mali"): _Rule("depthwise_conv2d_nchw.mali", _depthwise),
    ("topi_nn_dense", "direct", "mali"): _Rule("dense.mali", _dense),
    ("topi_nn_conv2d", "direct", "bifrost"): _Rule("conv2d_nchw_spatial_pack.bifrost", _conv2d),
    ("topi_nn_conv2d", "winograd", "bifrost"): _Rule("conv2d_nchw_winograd.bifrost", _conv2d),
    ("topi_nn_dense", "direct", "bifrost"): _Rule("dense.bifrost", _dense),
    ("topi_intel_graphics_conv2d_NCHWc", "", "intel_graphics"): _Rule("conv2d_NCHWc.intel_graphics", _blocked),
    ("topi_intel_graphics_conv2d_NCHWc", "direct", "intel_graphics"): _Rule("conv2d_NCHWc.intel_graphics", _blocked),
    ("topi_x86_conv2d_NCHWc", "", "cpu"): _Rule("conv2d_NCHWc.x86", _blocked),
    ("topi_x86_conv2d_NCHWc", "direct", "cpu"): _Rule("conv2d_NCHWc.x86", _blocked),
    ("topi_x86_conv2d", "direct", "cpu"): _Rule("conv2d_NCHWc.x86", _blocked),
    ("topi_nn_conv2d", "direct", "cpu"): _Rule("conv2d_NCHWc.x86", _blocked),
    ("topi_nn_dense", "direct", "cpu"): _Rule("dense_nopack.x86", _dense_unpacked),
    ("topi_nn_dense", "direct_nopack", "cpu"): _Rule("dense_nopack.x86", _dense),
    ("topi_nn_conv2d", "direct", "vta"): _Rule("conv2d_packed.vta", _packed),
}
