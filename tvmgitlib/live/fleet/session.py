"""One trial on a board: a built kernel, timed in a session of TVM's RPC, and whose fault it is where that fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.live.common import Failure
from tvmgitlib.live.fleet.fleet import Fleet

#: What TVM says when a session has ended in the middle, on the way to the board or on it. What a board itself has to
#: say of a kernel is an `RPCError`, whatever its text.
_ENDED: Final = ("kShutdown", "SockChannel", "Channel closes")


class Kernel(Struct, frozen=True):
    """A built kernel, and what it is called with.

    Attributes:
        file: the path of the build.
        device: what it runs on, by TVM's name.
        arguments: shape and dtype of each, or its values, as an array of numpy.
        is_filled: whether arguments without values are filled with random numbers.
    """

    file: str
    device: str
    arguments: Sequence[Any]
    is_filled: bool = True


class SessionEndedError(Exception):
    """The session with a board has ended in the middle: the board has gone, or the kernel took its server down."""


class KernelError(Exception):
    """The board is well, and says what is wrong with the kernel.

    Attributes:
        failure: that.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def timed(session: Any, kernel: Kernel, fleet: Fleet) -> tuple[float, ...]:
    """Run a kernel on a board: run times in seconds.

    Raises:
        KernelError: it fails there, or takes too long.
        SessionEndedError: nobody can say why, for now.
    """
    build = bytearray(Path(kernel.file).read_bytes())
    return ask(session, lambda board: _timed(board, kernel, build, fleet), fleet)  # type: ignore[no-any-return]


def ask(session: Any, question: Any, fleet: Fleet) -> Any:
    """What a board answers.

    Args:
        session: with the board.
        question: is called with it.
        fleet: the board's.

    Raises:
        KernelError, SessionEndedError: as `timed`.
    """
    try:
        return question(session)
    except Exception as error:  # of many kinds, by TVM
        fault = _of(error, fleet)
    raise fault  # outside, so that it does not hold the other one, whose frames hold the session, and so the board


def _timed(session: Any, kernel: Kernel, build: bytearray, fleet: Fleet) -> tuple[float, ...]:
    name = Path(kernel.file).name
    session.upload(build, target=name)
    # Not `session.load_module`: hhb-tvm's sends the server more arguments than it takes; see live/autotvm/local.py.
    module = session.get_function("tvm.rpc.server.load_module")(name)
    device = session.device(kernel.device, 0)
    evaluator = module.time_evaluator(
        module.entry_name, device, number=fleet.number, repeat=fleet.repeat, min_repeat_ms=fleet.min_repeat_ms
    )
    fill = session.get_function("tvm.contrib.random.random_fill_for_measure") if kernel.is_filled else None
    arguments = [_argument(each, device, fill) for each in kernel.arguments]
    device.sync()
    seconds = tuple(map(float, evaluator(*arguments).results))
    with suppress(Exception):  # the server's folder goes with the session
        for left in (name, f"{name}.so", str(Path(name).with_suffix(".so"))):
            session.remove(left)
    return seconds


def _argument(said: Any, device: Any, fill: Any) -> Any:
    try:
        from tvm.runtime import empty, tensor
    except ImportError:  # TVM before 0.20
        from tvm.runtime.ndarray import array as tensor
        from tvm.runtime.ndarray import empty
    if not isinstance(said, tuple):
        return tensor(said, device)
    shape, dtype = said
    made = empty(shape, dtype, device)
    if fill is not None:
        fill(made)
    return made


def _of(error: Exception, fleet: Fleet) -> Exception:
    """Whose fault an error is."""
    kinds, text = {each.__name__ for each in type(error).__mro__}, str(error)
    if "RPCSessionTimeoutError" in kinds or "RPCSessionTimeoutError" in text:
        return KernelError(Failure("run_timeout", f"Timeout, killed after {fleet.timeout:g} seconds on the board"))
    if "RPCError" not in kinds and any(said in text for said in _ENDED):
        return SessionEndedError(text)
    return KernelError(Failure("runtime_device", text or type(error).__name__))
