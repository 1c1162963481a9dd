"""What it takes to compare kernels: random numbers, differences in words, and a process to try them in."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tvmgitlib.live.at_hand.error_text import last_line
from tvmgitlib.live.common.base import Failure
from tvmgitlib.model import ErrorKind

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
    if expected.dtype.name in EPSILONS:
        part = tolerance([expected.dtype.name]) if allowed is None else allowed
        wrong, away = _beyond(part, expected.astype("float64"), got.astype("float64"))
    else:
        wrong = expected != got
        away = np.abs(expected[wrong].astype(object) - got[wrong].astype(object))  # Python's integers have no bounds
    if not wrong.any():
        return None
    worst = tuple(np.argwhere(wrong)[away.argmax()])
    return (
        f"{wrong.sum()} of {wrong.size} numbers are wrong, with the largest difference {away.max():g} "
        f"at {[int(at) for at in worst]}: {got[worst]} instead of {expected[worst]}"
    )


def _beyond(part: float, expected: Any, got: Any) -> tuple[Any, Any]:
    """Which numbers differ by more than a part of themselves and of the mean, and by how much each of these does."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        away = np.abs(got - expected)
    away[(expected == got) | (np.isnan(expected) & np.isnan(got))] = 0.0
    away[np.isnan(away)] = np.inf
    margin = np.zeros(expected.shape)
    finite = np.isfinite(expected)
    if finite.any():
        margin[finite] = part * (np.abs(expected[finite]) + np.abs(expected[finite]).mean())
    wrong = away > margin
    return wrong, away[wrong]


#: Where random numbers start: with those below zero most can go wrong, but not everything has a root or a logarithm.
_LOWEST: Final = (-1.0, 0.1)

#: Integers of few bits are random; wider ones are 0 or 1, for they may be places in another array.
_INTEGERS: Final = {"int8": (-128, 128), "int16": (-128, 128), "uint8": (0, 256), "uint16": (0, 256)}


def random_array(seed: int, dtype: str, shape: Sequence[int], lowest: float) -> Any:
    """Random numbers, the same ones for the same seed.

    Args:
        seed: any number.
        dtype: by numpy's name; of numbers or truth values.
        shape: of the array.
        lowest: where floating-point numbers start; they end at 1.

    Raises:
        TypeError: numpy has no such numbers.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    if dtype in EPSILONS:
        return generator.uniform(lowest, 1.0, shape).astype(dtype)
    if np.dtype(dtype).kind not in "biu":
        raise TypeError(f"{dtype} cannot be compared")
    return generator.integers(*_INTEGERS.get(dtype, (0, 2)), shape).astype(dtype)


def run_with_numbers(run: Callable[[float], list[Any]]) -> tuple[float, list[Any]]:
    """Run an untuned build on random numbers that something can be made of.

    Args:
        run: given where the random numbers start, says what the arguments hold then.

    Returns:
        Where they started, and what the arguments held: no NaN, where that is possible.

    Raises:
        TrialError: an argument is NaN throughout, with which anything would agree that does nothing right.
    """
    import numpy as np

    for lowest in _LOWEST:
        arrays = run(lowest)
        if not any(np.isnan(array).any() for array in arrays):
            break
    for at, array in enumerate(arrays):
        if array.size and np.isnan(array).all():
            raise TrialError(Failure("unknown", f"argument {at} is not a number throughout, whatever the inputs are"))
    return lowest, arrays


# Running

#: What to do about a comparison that cannot be made.
UNCHECKED: Final = "Give check=False (--no-check) to measure without comparing outputs."


class TrialError(Exception):
    """A build failed, did not run, or computes something else.

    Attributes:
        failure: which of these, as it is logged.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


@contextmanager
def failing(kind: ErrorKind) -> Iterator[None]:
    """Whatever is raised here, by TVM or a template, is a failure of this kind.

    Raises:
        TrialError: something was.
    """
    try:
        yield
    except Exception as error:  # of many kinds
        raise TrialError(Failure(kind, last_line(error))) from error


class Process:
    """Another process, in which what may crash or hang is tried. To be closed.

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
            TrialError: the function's own; or it took too long, or the process died.
        """
        self._worker.send(_answer, (function, *arguments), None, self._timeout)
        try:
            answer = self._worker.recv()
        except TimeoutError:
            answer = Failure("run_timeout", f"trying it took longer than {self._timeout:g} s")
        except ChildProcessError:
            answer = Failure("runtime_device", "the process that tried it died")
        if isinstance(answer, Failure):
            self.close()  # what failed may have left the device in any state: the next call is made in a new process
            raise TrialError(answer)
        return answer

    def close(self) -> None:
        self._worker.kill()


def _answer(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns, or the failure that it raises: TVM would make another error of it, of all its text."""
    try:
        return function(*arguments)
    except TrialError as error:
        return error.failure
