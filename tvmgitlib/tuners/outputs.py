"""Whether a tuned kernel computes what an untuned one does: run in a process of its own, and compared in words."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exception_only
from types import TracebackType
from typing import Any, Final

from tvmgitlib.errors import TvmError
from tvmgitlib.model.record import ErrorKind
from tvmgitlib.tuners.base import Failure

#: How far 1 is from the next number. Integers and truth values are equal or they are not.
EPSILONS: Final = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def tolerance(dtypes: Iterable[str], terms: int = 1) -> float:
    """What part of a number may be rounding: half of its digits, and more where much is added up.

    Args:
        dtypes: what is computed with.
        terms: how many numbers are added up for one of the output.
    """
    epsilon = max((EPSILONS.get(dtype, 0.0) for dtype in dtypes), default=0.0)
    return max(math.sqrt(epsilon), 4 * epsilon * math.sqrt(terms))


def difference(expected: Any, got: Any, allowed: float | None = None) -> str | None:
    """Say in words how one array differs from another, beyond what another order of adding up explains.

    Args:
        expected: what it should be (numpy's, or what numpy makes an array of).
        got: what it is.
        allowed: what part of a number, and of the mean beside it, may be rounding; by default the dtype's `tolerance`.

    Returns:
        None when they agree. NaN agrees with NaN.
    """
    import numpy as np

    expected, got = np.asarray(expected), np.asarray(got)
    if (expected.shape, expected.dtype) != (got.shape, got.dtype):
        return f"{got.dtype}{list(got.shape)} instead of {expected.dtype}{list(expected.shape)}"
    expected, got = np.atleast_1d(expected), np.atleast_1d(got)
    wide, wide_got = expected.astype("float64"), got.astype("float64")
    with np.errstate(invalid="ignore"):
        away = np.abs(wide_got - wide)
    away[(expected == got) | (np.isnan(wide) & np.isnan(wide_got))] = 0.0
    away[np.isnan(away)] = np.inf
    margin = np.zeros(wide.shape)
    finite = np.isfinite(wide)
    if expected.dtype.name in EPSILONS and finite.any():
        part = tolerance([expected.dtype.name]) if allowed is None else allowed
        margin[finite] = part * (np.abs(wide[finite]) + np.abs(wide[finite]).mean())
    wrong = away > margin
    if not wrong.any():
        return None
    worst = np.unravel_index(np.where(wrong, away, -1.0).argmax(), away.shape)
    return (
        f"{wrong.sum()} of {wrong.size} numbers are wrong, with the largest difference {away[worst]:g} "
        f"at {[int(at) for at in worst]}: {got[worst]} instead of {expected[worst]}"
    )


def last_line(error: object) -> str:
    """What an error comes down to: TVM puts its stack before it."""
    text = "".join(format_exception_only(error)) if isinstance(error, BaseException) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "TVM does not say why"


#: How long building and running one schedule may take, in seconds, unless the user says so.
TIMEOUT: Final = 60.0

#: Makes a schedule and the tensors that it takes, as `tvm.build` takes them; it is called in another process.
Scheduling = Callable[[], tuple[Any, Sequence[Any]]]


class Check:
    """Compares what schedules compute with what an untuned one does, on the same random inputs.

    They are built and run in a process of their own, which a wrong kernel may crash or hang. A context manager.

    Args:
        untuned: what is compared with.
        target: what it is all built for: this machine, or a device in it.
        given: by their places, the values of those arguments that cannot be random; None for the others.
        timeout: how long building and running one schedule may take, in seconds.

    Raises:
        TvmError: on entering: the untuned schedule cannot be built or run.
    """

    def __init__(self, untuned: Scheduling, target: Any, given: Sequence[Any] | None, timeout: float) -> None:
        from tvm.contrib.popen_pool import PopenWorker

        self._untuned = untuned
        self._target = target
        self._given = given
        self._timeout = timeout
        self._folder = TemporaryDirectory(prefix="tvmgitlib-")
        self._worker = PopenWorker(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Check:
        failure = self._ask(_expect, self._untuned)
        if failure is not None:
            self._close()
            raise TvmError(f"there is nothing to compare outputs with: untuned, {failure.text}", hint=_UNCHECKED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._worker.kill()
        self._folder.cleanup()

    def failure(self, tuned: Scheduling) -> Failure | None:
        """What is wrong with a schedule: it cannot be built or run, or computes something else. None when it is right.

        Raises:
            TvmError: it takes other arguments than the untuned one, so the two cannot be compared.
        """
        return self._ask(_compare, tuned)

    def _ask(self, question: Callable[..., Failure | None], scheduling: Scheduling) -> Failure | None:
        arguments = (scheduling, self._target, self._given, Path(self._folder.name, "expected.npz"))
        self._worker.send(question, arguments, None, self._timeout)
        try:
            failure: Failure | None = self._worker.recv()
        except TimeoutError:
            return Failure("run_timeout", f"building and running it once took longer than {self._timeout:g} s")
        except ChildProcessError:
            return Failure("runtime_device", "the process that built and ran it died")
        except _IncomparableError:
            raise TvmError(
                "a config takes other arguments than the untuned build, so that their outputs cannot be compared",
                hint=_UNCHECKED,
            ) from None
        if failure is not None:
            self._worker.kill()  # what failed may have left the device in any state; the next starts afresh
        return failure


_UNCHECKED = "Give check=False to measure without comparing outputs."


class _IncomparableError(Exception):
    """Two schedules take different arguments."""


# In the other process


def _expect(untuned: Scheduling, target: Any, given: Sequence[Any] | None, file: Path) -> Failure | None:
    import numpy as np

    arrays = _arguments_after(untuned, target, given)
    if isinstance(arrays, Failure):
        return arrays
    np.savez(file, *arrays)
    return None


def _compare(tuned: Scheduling, target: Any, given: Sequence[Any] | None, file: Path) -> Failure | None:
    import numpy as np

    arrays = _arguments_after(tuned, target, given)
    if isinstance(arrays, Failure):
        return arrays
    with np.load(file) as saved:
        expected = list(saved.values())
    if [_signature(array) for array in expected] != [_signature(array) for array in arrays]:
        raise _IncomparableError
    for at, (before, now) in enumerate(zip(expected, arrays, strict=True)):
        wrong = difference(before, now) if before.shape == now.shape else difference(_unpacked(before), _unpacked(now))
        if wrong is not None:
            return Failure("wrong_answer", f"argument {at}: {wrong}")
    return None


def _arguments_after(scheduling: Scheduling, target: Any, given: Sequence[Any] | None) -> list[Any] | Failure:
    """Build a schedule, run it once, and give what is in its arguments then, outputs and all."""
    import tvm

    step: ErrorKind = "instantiation"
    try:
        with target:
            schedule, tensors = scheduling()
            step = "compile_host"
            built = tvm.build(schedule, tensors, target=target)
        step = "runtime_device"
        device = tvm.device(target.kind.name, 0)
        values = list(given) if given is not None else [None] * len(tensors)
        arguments = [
            tvm.nd.array(_random(at, tensor) if value is None else value, device)
            for at, (tensor, value) in enumerate(zip(tensors, values, strict=True))
        ]
        built(*arguments)
        device.sync()
        return [argument.numpy() for argument in arguments]
    except Exception as error:  # whatever TVM or the template raises says what is wrong with the schedule
        return Failure(step, last_line(error))


def _random(seed: int, tensor: Any) -> Any:
    """Values for a tensor. Wide integers are 0 or 1: they may be places in another tensor."""
    import numpy as np

    generator, dtype = np.random.default_rng(seed), np.dtype(tensor.dtype)
    shape = tuple(int(extent) for extent in tensor.shape)
    if dtype.kind == "f":
        return generator.uniform(-1, 1, shape).astype(dtype)
    if dtype.itemsize == 1 and dtype.kind != "b":
        bounds = np.iinfo(dtype)
        return generator.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
    return generator.integers(0, 2, shape).astype(dtype)


def _signature(array: Any) -> tuple[Any, ...]:
    """What two arrays must share to be compared."""
    return (array.dtype, _unpacked(array).shape if array.ndim == 5 else array.shape)


def _unpacked(array: Any) -> Any:
    """An NCHWc array as NCHW: how many channels are in a block is up to the config."""
    batch, blocks, height, width, block = array.shape
    return array.transpose(0, 1, 4, 2, 3).reshape(batch, blocks * block, height, width)
