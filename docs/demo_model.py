"""What the demo tunes: a network of two dense layers, as an ONNX file, for this CPU."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:  # numpy, onnx and TVM are imported inside functions, after the check that a usable TVM is there
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float32]

#: How many rows go in at once, and how wide the input, what is between the layers, and the output are.
BATCH, WIDTHS = 64, (128, 256, 64)

#: The seed of the weights; any will do, but each run shall tune the same model.
_SEED: Final = 0


def weights() -> tuple[Array, Array]:
    """The weights of both layers."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    first, second = (random.uniform(-0.1, 0.1, shape).astype("float32") for shape in pairwise(WIDTHS))
    return first, second


def write_model(path: Path) -> None:
    """Write the model as an ONNX file."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w1"], ["product"]),
            helper.make_node("Relu", ["product"], ["hidden"]),
            helper.make_node("MatMul", ["hidden", "w2"], ["y"]),
        ],
        "demo",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [BATCH, WIDTHS[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [BATCH, WIDTHS[-1]])],
        [numpy_helper.from_array(each, name) for name, each in zip(("w1", "w2"), weights(), strict=True)],
    )
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(path))


def reference(x: Array) -> Array:
    """What numpy says the answer is."""
    import numpy as np

    first, second = weights()
    answer: Array = np.maximum(x @ first, 0) @ second
    return answer


def host_target() -> dict[str, str | int]:
    """This CPU as LLVM knows it. The triple is spelled out: what a bare `llvm` means depends on the build of TVM."""
    from tvm.s_tir.meta_schedule.utils import cpu_count
    from tvm.target import codegen

    return {
        "kind": "llvm",
        "mcpu": codegen.llvm_get_system_cpu(),
        "mtriple": codegen.llvm_get_system_triple(),
        "num-cores": cpu_count(logical=False),
    }
