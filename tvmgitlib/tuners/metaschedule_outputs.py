"""Whether a build computes what an untuned build of the same module does.

What is compared is the very artifact that is measured then. It runs in a process of its own, which a wrong kernel may
crash or hang.
"""

from __future__ import annotations

import math
import pickle
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tvmgitlib.tuners.base import Failure
from tvmgitlib.tuners.metaschedule_database import failure_of
from tvmgitlib.tuners.metaschedule_tvm import meta_schedule
from tvmgitlib.tuners.outputs import EPSILONS, difference, tolerance

#: Where random numbers start: with those below zero most can go wrong, but not everything has a root or a logarithm.
_LOWEST = (-1.0, 0.1)

_SEED = 0

#: `IterVar.CommReduce`: an axis along which a block adds up.
_REDUCED = 2


@dataclass(frozen=True, slots=True)
class Interface:
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
        arguments = meta_schedule().arg_info.ArgInfo.from_entry_func(mod)
        shapes = tuple((str(each.dtype), tuple(map(int, each.shape))) for each in arguments)
        return cls(device, shapes, max(1, _terms(mod["main"].body)))

    @property
    def tolerance(self) -> float:
        """What part of a number may be rounding."""
        return tolerance((dtype for dtype, _ in self.arguments), self.terms)


def _terms(statement: Any) -> int:
    """How many numbers the blocks of a statement add up, one after the other."""
    reduced = [axis for axis in getattr(statement, "iter_vars", ()) if int(axis.iter_type) == _REDUCED]
    own = math.prod(int(axis.dom.extent) for axis in reduced) if reduced else 0
    inner = [getattr(statement, name, None) for name in ("block", "body")]
    return own + sum(_terms(each) for each in (*inner, *getattr(statement, "seq", ())) if each is not None)


class TrialError(Exception):
    """A build failed, did not run, or computes something else.

    Attributes:
        failure: which of these, as it is logged.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


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
    with TemporaryDirectory(prefix="tvmgitlib-") as folder, closing(_Process(timeout)) as process:
        kept = Path(folder, "expected")
        lowest = process.call(_expect, interface, kept, untuned)

        def compare(artifact: str) -> None:
            wrong = process.call(_compare, interface, kept, artifact, lowest)
            if wrong is not None:
                raise TrialError(Failure("wrong_answer", wrong))

        yield compare


class _Process:
    """Another process, in which builds run.

    Args:
        timeout: how long a call may take, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        try:
            from tvm.support.popen_pool import PopenWorker
        except ImportError:
            from tvm.contrib.popen_pool import PopenWorker
        self._timeout = timeout
        self._worker = PopenWorker(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function there.

        Raises:
            TrialError: it raised something, took too long, or the process died.
        """
        self._worker.send(function, arguments, None, self._timeout)
        try:
            return self._worker.recv()
        except TimeoutError:
            text = f"Timeout, killed after {self._timeout:g} seconds"
        except Exception as error:  # whatever was raised there, or what TVM says of a process that died
            text = str(error)
        self.close()  # a failure may leave the device in any state: the next call is made in a new process
        raise TrialError(failure_of(text, built=True))

    def close(self) -> None:
        self._worker.kill()


# In the other process


def _expect(interface: Interface, kept: Path, artifact: str) -> float:
    """Keep what the untuned build computes, and say where the random numbers started."""
    import numpy

    for lowest in _LOWEST:
        outputs = _computed(interface, artifact, lowest)
        if not any(numpy.isnan(output).any() for output in outputs):
            break
    kept.write_bytes(pickle.dumps(outputs))
    return lowest


def _compare(interface: Interface, kept: Path, artifact: str, lowest: float) -> str | None:
    """Say how far off a build is; None when it is near enough."""
    expected = pickle.loads(kept.read_bytes())
    for at, (right, got) in enumerate(zip(expected, _computed(interface, artifact, lowest), strict=True)):
        if said := difference(right, got, interface.tolerance):
            return f"argument {at}: {said}"
    return None


def _computed(interface: Interface, artifact: str, lowest: float) -> list[Any]:
    """What all arguments hold after a call, as numpy arrays."""
    import numpy
    import tvm

    try:
        from tvm.runtime import tensor
    except ImportError:
        from tvm.runtime.ndarray import array as tensor
    device = tvm.runtime.device(interface.device, 0)
    if not device.exist:
        raise RuntimeError(f"this machine has no device of the kind {interface.device}")
    random = numpy.random.default_rng(_SEED)
    arguments = [tensor(_random(random, dtype, shape, lowest), device) for dtype, shape in interface.arguments]
    loaded = tvm.runtime.load_module(artifact)
    loaded[loaded.entry_name](*arguments)
    device.sync()
    outputs = [argument.numpy() for argument in arguments]
    for (dtype, _), output in zip(interface.arguments, outputs, strict=True):
        if output.dtype.name != dtype:
            raise TypeError(f"this TVM gives {dtype} as {output.dtype.name}, which cannot be compared")
    return outputs


def _random(random: Any, dtype: str, shape: tuple[int, ...], lowest: float) -> Any:
    """Random numbers; wide integers are 0 or 1, for they may be places in another argument."""
    import numpy

    if dtype in EPSILONS:
        return random.uniform(lowest, 1.0, shape).astype(dtype)
    if numpy.dtype(dtype).kind not in "biu":
        raise TypeError(f"{dtype} cannot be compared")
    low, high = {"int8": (-128, 128), "int16": (-128, 128), "uint8": (0, 256), "uint16": (0, 256)}.get(dtype, (0, 2))
    return random.integers(low, high, shape).astype(dtype)
