"""Whether a schedule of AutoTVM or Ansor computes what an untuned one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from tvmgitlib.live.common.base import Failure
from tvmgitlib.live.common.outputs import (
    UNCHECKED,
    Process,
    TrialError,
    difference,
    failing,
    random_array,
    run_with_numbers,
)
from tvmgitlib.model import TvmError

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
        self._untuned = untuned
        self._target = target
        self._given = given
        self._folder = TemporaryDirectory(prefix="tvmgitlib-")
        self._process = Process(timeout)
        self._lowest = 0.0

    def __enter__(self) -> Check:
        try:
            self._lowest = self._call(_expect, self._untuned)
        except TrialError as error:
            self._close()
            raise TvmError(f"there is nothing to compare outputs with: untuned, {error}", hint=UNCHECKED) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._process.close()
        self._folder.cleanup()

    def failure(self, tuned: Scheduling) -> Failure | None:
        """What is wrong with a schedule: it cannot be built or run, or computes something else. None when it is right.

        Raises:
            TvmError: it takes other arguments than the untuned one, so the two cannot be compared.
        """
        try:
            self._call(_compare, tuned, self._lowest)
        except TrialError as error:
            return error.failure
        except _IncomparableError:
            raise TvmError(
                "a config takes other arguments than the untuned build, so that their outputs cannot be compared",
                hint=UNCHECKED,
            ) from None
        return None

    def _call(self, function: Callable[..., Any], scheduling: Scheduling, *more: Any) -> Any:
        expected = Path(self._folder.name, "expected.npz")
        return self._process.call(function, expected, scheduling, self._target, self._given, *more)


class _IncomparableError(Exception):
    """Two schedules take different arguments."""


# In the other process


def _expect(file: Path, untuned: Scheduling, target: Any, given: Sequence[Any] | None) -> float:
    """Keep what the untuned schedule computes, and say where the random numbers started."""
    import numpy as np

    lowest, arrays = run_with_numbers(_built(untuned, target, given))
    np.savez(file, *arrays)
    return lowest


def _compare(file: Path, tuned: Scheduling, target: Any, given: Sequence[Any] | None, lowest: float) -> None:
    import numpy as np

    arrays = _built(tuned, target, given)(lowest)
    with np.load(file) as saved:
        expected = list(saved.values())
    if [_signature(array) for array in expected] != [_signature(array) for array in arrays]:
        raise _IncomparableError
    for at, (before, now) in enumerate(zip(expected, arrays, strict=True)):
        wrong = difference(before, now) if before.shape == now.shape else difference(_unpacked(before), _unpacked(now))
        if wrong is not None:
            raise TrialError(Failure("wrong_answer", f"argument {at}: {wrong}"))


def _built(scheduling: Scheduling, target: Any, given: Sequence[Any] | None) -> Callable[[float], list[Any]]:
    """Build a schedule: what runs it once, and says what is in its arguments then, outputs and all."""
    import tvm

    with failing("instantiation"), target:
        schedule, tensors = scheduling()
    with failing("compile_host"), target:
        built = tvm.build(schedule, tensors, target=target)

    def run(lowest: float) -> list[Any]:
        with failing("runtime_device"):
            device = tvm.device(target.kind.name, 0)
            arguments = [
                tvm.nd.array(_random(at, tensor, lowest) if value is None else value, device)
                for at, (tensor, value) in enumerate(zip(tensors, given or [None] * len(tensors), strict=True))
            ]
            built(*arguments)
            device.sync()
            return [argument.numpy() for argument in arguments]

    return run


def _random(seed: int, tensor: Any, lowest: float) -> Any:
    return random_array(seed, str(tensor.dtype), [int(extent) for extent in tensor.shape], lowest)


def _signature(array: Any) -> tuple[Any, ...]:
    """What two arrays must share to be compared."""
    return (array.dtype, _unpacked(array).shape if array.ndim == 5 else array.shape)


def _unpacked(array: Any) -> Any:
    """An NCHWc array as NCHW: how many channels are in a block is up to the config."""
    batch, blocks, height, width, block = array.shape
    return array.transpose(0, 1, 4, 2, 3).reshape(batch, blocks * block, height, width)
