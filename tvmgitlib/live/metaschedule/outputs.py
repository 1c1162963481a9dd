"""Whether a build computes what an untuned build of the same module does.

What is compared is the very artifact that is measured then. It runs in a process of its own, which a wrong kernel may
crash or hang.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.common import (
    Failure,
    Process,
    TrialError,
    difference,
    failing,
    random_array,
    run_with_numbers,
    tolerance,
)
from tvmgitlib.live.metaschedule.tvm import meta_schedule, tir_functions
from tvmgitlib.model import TvmError

#: `IterVar.CommReduce`: an axis along which a block adds up.
_REDUCED = 2


class Interface(Struct, frozen=True):
    """How a module's builds are called.

    Attributes:
        device: where they run, by TVM's name for it.
        arguments: dtype and shape of each; outputs are among them.
        terms: how many numbers are added up for one of the output.
    """

    device: str
    arguments: tuple[tuple[str, tuple[int, ...]], ...]
    terms: int

    @classmethod
    def of(cls, mod: Any, device: str) -> Interface:
        """The interface of a module.

        Raises:
            TvmError: it has none that says all shapes.
        """
        try:
            arguments = meta_schedule().arg_info.ArgInfo.from_entry_func(mod)
            shapes = tuple((str(each.dtype), tuple(map(int, each.shape))) for each in arguments)
        except Exception as error:  # of another kind in each TVM
            raise TvmError(
                f"the task's arguments are not known: {last_line(error)}",
                hint="A task is one function, all of whose shapes are known.",
            ) from error
        return cls(device, shapes, max(_terms(function.body) for function in tir_functions(mod)))

    @property
    def tolerance(self) -> float:
        """What part of a number may be rounding."""
        return tolerance((dtype for dtype, _ in self.arguments), self.terms)


def _terms(statement: Any) -> int:
    """How many numbers the blocks of a statement add up, one after the other."""
    reduced = [axis for axis in getattr(statement, "iter_vars", ()) if int(axis.iter_type) == _REDUCED]
    extents = [axis.dom.extent for axis in reduced]
    own = math.prod(int(extent) for extent in extents if type(extent).__name__ == "IntImm") if reduced else 0
    inner = [getattr(statement, name, None) for name in ("block", "body")]
    return own + sum(_terms(each) for each in (*inner, *getattr(statement, "seq", ())) if each is not None)


@contextmanager
def output_check(interface: Interface, untuned: str, timeout: float) -> Iterator[Callable[[str], None]]:
    """Compare what builds make of random numbers with what the untuned one does.

    Args:
        interface: of the module that all of them are builds of.
        untuned: path of the untuned build, which runs once.
        timeout: how long one may take to be loaded and to run, in seconds.

    Yields:
        What takes the path of a build, and raises a `TrialError` when it does not run or computes something else.

    Raises:
        TrialError: the untuned build does not run here.
    """
    with TemporaryDirectory(prefix="tvmgitlib-") as folder, closing(Process(timeout)) as process:
        kept = Path(folder, "expected")
        lowest = process.call(_expect, interface, kept, untuned)

        yield lambda artifact: process.call(_compare, interface, kept, artifact, lowest)


# In the other process


def _expect(interface: Interface, kept: Path, artifact: str) -> float:
    """Keep what the untuned build computes, and say where the random numbers started."""
    lowest, arrays = run_with_numbers(lambda lowest: _computed(interface, artifact, lowest))
    kept.write_bytes(pickle.dumps(arrays))
    return lowest


def _compare(interface: Interface, kept: Path, artifact: str, lowest: float) -> None:
    expected = pickle.loads(kept.read_bytes())
    for at, (right, got) in enumerate(zip(expected, _computed(interface, artifact, lowest), strict=True)):
        if said := difference(right, got, interface.tolerance):
            raise TrialError(Failure("wrong_answer", f"argument {at}: {said}"))


@failing("runtime_device")
def _computed(interface: Interface, artifact: str, lowest: float) -> list[Any]:
    """What all arguments hold after a call, as numpy arrays."""
    import tvm

    try:
        from tvm.runtime import tensor
    except ImportError:
        from tvm.runtime.ndarray import array as tensor
    device = tvm.runtime.device(interface.device, 0)
    if not device.exist:
        raise RuntimeError(f"this machine has no device of the kind {interface.device}")
    arguments = [
        tensor(random_array(at, dtype, shape, lowest), device) for at, (dtype, shape) in enumerate(interface.arguments)
    ]
    loaded = tvm.runtime.load_module(artifact)
    loaded[loaded.entry_name](*arguments)
    device.sync()
    outputs = [argument.numpy() for argument in arguments]
    for (dtype, _), output in zip(interface.arguments, outputs, strict=True):
        if output.dtype.name != dtype:
            raise TypeError(f"this TVM gives {dtype} as {output.dtype.name}, which cannot be compared")
    return outputs
