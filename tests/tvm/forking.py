"""Python processes that have TVM from the start: forked off one that has imported it, which takes each for seconds.

    python forking.py SOCKET MODULE...

That one imports the modules, and then waits at the socket for what to run. What it starts are processes like any other
of whoever asked: to be killed and waited for, with pipes, an environment and if need be a session of their own. The
workers that TVM starts in them are forked too. For Linux, whose prctl makes them children of whoever asked.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib
import importlib.util
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tvmgitlib.live.at_hand import fast_imports

_LIMIT = 1 << 20  # bytes of a request: arguments and an environment
_SET_CHILD_SUBREAPER = 36  # of prctl: children of children that have ended are one's own
_ABOVE = 1000  # file descriptors that nobody asks for


class Forker:
    """The process that forks, for those that it is a child of.

    Args:
        connection: where it waits.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def fork(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """Start a process with these file descriptors; return its number."""
        with self._lock:
            socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)
            return int(self._connection.recv(32))


@contextlib.contextmanager
def forker(modules: Sequence[str]) -> Iterator[Forker]:
    """Have a process that imports these modules, and forks."""
    ours, theirs = _pair()
    command = [sys.executable, __file__, str(theirs.fileno()), *modules]
    with theirs:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    with ours:
        yield Forker(ours)
    process.kill()
    process.wait()


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two ends, for this process and a child that forks: what that one starts is this one's."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def popen(forker: Forker) -> type[subprocess.Popen[Any]]:
    """`subprocess.Popen` for `[sys.executable, "-m", MODULE, ...]` and `[sys.executable, SCRIPT, ...]`."""

    class Popen(subprocess.Popen):  # type: ignore[type-arg]  # of text or bytes, as it is told
        # All that starts a process there; the rest is as it was.
        def _execute_child(  # type: ignore[no-untyped-def]
            self, args, _executable, _preexec, _close, pass_fds, cwd, env, _startup, _flags, _shell, *rest
        ) -> None:
            pipes, start_new_session = rest[:6], rest[11]
            standard = [own if theirs == -1 else theirs for own, theirs in enumerate((pipes[0], pipes[3], pipes[5]))]
            request = {
                "arguments": list(map(os.fspath, args[1:])),
                "environment": dict(os.environ if env is None else env),
                "folder": os.fspath(cwd or Path.cwd()),
                "descriptors": [0, 1, 2, *pass_fds],
                "session": start_new_session,
            }
            try:
                self.pid = forker.fork(request, [*standard, *pass_fds])
                self._child_created = True
            finally:
                self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

        @classmethod
        def run(cls, command: Sequence[Any]) -> subprocess.CompletedProcess[str]:
            """Run a process to its end."""
            with cls(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                said = process.communicate()
            return subprocess.CompletedProcess(command, process.returncode, *said)

    return Popen


@contextlib.contextmanager
def workers_forked(started: type[subprocess.Popen[Any]]) -> Iterator[None]:
    """Let TVM start its workers so, in this process."""
    name = next(filter(importlib.util.find_spec, ("tvm.contrib.popen_pool", "tvm.support.popen_pool")))
    pool: Any = importlib.import_module(name)
    pool.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": started})
    yield
    pool.subprocess = subprocess


# In the process that forks


def main() -> None:
    """Fork, until nobody asks any more; in a process that was asked for, run what it is for."""
    fast_imports()
    for module in sys.argv[2:]:
        importlib.import_module(module)
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    while request is not None:
        if request["arguments"][:2] == ["-m", "tvm.exec.popen_worker"]:  # which starts no other
            return _run(request["arguments"])
        ours, theirs = _pair()
        if os.fork():
            theirs.close()
            with workers_forked(popen(Forker(ours))):
                return _run(request["arguments"])
        ours.close()
        request = _serve(theirs)
    return None


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Returns in each process that is asked for, with its request, and at the end."""
    while True:
        message, descriptors, *_ = socket.recv_fds(connection, _LIMIT, 16)
        if not message:
            return None
        # A process in between, whose end makes the other one a child of whoever has started this one.
        read, write = os.pipe()
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                for each in (read, write, connection.detach()):
                    os.close(each)
                request: dict[str, Any] = json.loads(message)
                _become(request, descriptors)
                return request
            os.write(write, str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        connection.send(os.read(read, 32))
        for each in (read, write, *descriptors):
            os.close(each)


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Take over what belongs to a process that was asked for."""
    if request["session"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where tests are run in the background
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    above = [fcntl.fcntl(each, fcntl.F_DUPFD, _ABOVE) for each in descriptors]
    for each in descriptors:
        os.close(each)
    for each, wanted in zip(above, request["descriptors"], strict=True):
        os.dup2(each, wanted)
        os.close(each)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()  # or all would draw the same numbers; Python sees to its own


def _run(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(arguments[0]).parent)
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
