"""What the demo tunes: three small kernels, for this CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # numpy and TVM are imported inside functions, after the check that a usable TVM is there
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Kernel:
    """A workload: what TVM compiles, and what numpy says the answer is."""

    func: Any
    inputs: tuple[tuple[int, ...], ...]
    reference: Callable[..., Array]

    @property
    def name(self) -> str:
        """The name of the compiled function. It is part of a workload's identity in MetaSchedule."""
        return str(self.func.attrs["global_symbol"])

    @property
    def module(self) -> Any:
        """The function by its name: MetaSchedule calls its task so."""
        import tvm

        return tvm.IRModule({self.name: self.func})


def matmul_relu(size: int = 128) -> Kernel:
    """`max(a @ b, 0)`, the inside of a dense layer."""
    import numpy as np
    from tvm import te

    a = te.placeholder((size, size), name="a")
    b = te.placeholder((size, size), name="b")
    k = te.reduce_axis((0, size), name="k")
    matmul = te.compute((size, size), lambda i, j: te.sum(a[i, k] * b[k, j], axis=k), name="matmul")
    relu = te.compute((size, size), lambda i, j: te.max(matmul[i, j], 0.0), name="relu")
    func = te.create_prim_func([a, b, relu]).with_attr("global_symbol", "matmul_relu")
    return Kernel(func, ((size, size), (size, size)), lambda a, b: np.maximum(a @ b, 0))


def conv2d(size: int = 16, channels: int = 16, filters: int = 32) -> Kernel:
    """A 3x3 convolution, channels last, no padding."""
    import numpy as np
    from tvm import te

    shapes = (1, size + 2, size + 2, channels), (3, 3, channels, filters)
    data, weight = te.placeholder(shapes[0], name="data"), te.placeholder(shapes[1], name="weight")
    y, x, c = (te.reduce_axis((0, extent), name=name) for name, extent in (("y", 3), ("x", 3), ("c", channels)))
    conv = te.compute(
        (1, size, size, filters),
        lambda n, i, j, f: te.sum(data[n, i + y, j + x, c] * weight[y, x, c, f], axis=[y, x, c]),
        name="conv2d",
    )
    func = te.create_prim_func([data, weight, conv]).with_attr("global_symbol", "conv2d")

    def reference(data: Array, weight: Array) -> Array:
        windows = np.lib.stride_tricks.sliding_window_view(data, (3, 3), axis=(1, 2))
        answer: Array = np.einsum("nijcyx,yxcf->nijf", windows, weight)
        return answer

    return Kernel(func, shapes, reference)


def dense(batch: int = 64, inputs: int = 128, units: int = 128) -> Kernel:
    """`data @ weight.T`, a dense layer with its weights as frameworks store them."""
    from tvm import te

    data, weight = te.placeholder((batch, inputs), name="data"), te.placeholder((units, inputs), name="weight")
    k = te.reduce_axis((0, inputs), name="k")
    product = te.compute((batch, units), lambda i, j: te.sum(data[i, k] * weight[j, k], axis=k), name="dense")
    func = te.create_prim_func([data, weight, product]).with_attr("global_symbol", "dense")
    return Kernel(func, ((batch, inputs), (units, inputs)), lambda data, weight: data @ weight.T)


KERNELS = {make.__name__: make for make in (matmul_relu, conv2d, dense)}


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
