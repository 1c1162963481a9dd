"""A farm on loopback: TVM's own tracker and servers as processes, and kernels that are well, slow, or crash."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tvmgitlib.live.fleet import Tracker, fleet_at

KEY = "board"
TARGET = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": "haswell", "num-cores": 2}
START = 120.0  # seconds that a process of TVM's may take to come up on a busy machine
SIZE = 16


def free_port() -> int:
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def fleet(tracker: str, **told: Any) -> Any:
    """The boards behind a tracker, which run a kernel once for a trial."""
    return fleet_at(tracker, KEY, "nas", **{"number": 1, "repeat": 1, "min_repeat_ms": 0, "timeout": 30.0, **told})


class Farm:
    """A tracker and its boards, each of which may go and come back.

    Args:
        popen: starts them.
    """

    def __init__(self, popen: type[subprocess.Popen[bytes]] = subprocess.Popen) -> None:
        self._popen = popen
        self.port = free_port()
        self.tracker = Tracker("127.0.0.1", self.port)
        self._tracker: subprocess.Popen[bytes] | None = None
        self._boards: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def boards(self) -> tuple[str, ...]:
        """The boards that the tracker knows."""
        try:
            return self.tracker.of_key(KEY).boards
        except OSError:
            return ()

    def start_tracker(self) -> None:
        self._tracker = self._process("tvm.exec.rpc_tracker", "--port", self.port, "--port-end", self.port + 1)
        _wait(self._listens)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            self.tracker.keys()
            return True
        return False

    def stop_tracker(self) -> None:
        assert self._tracker is not None
        _kill(self._tracker)

    def at(self, count: int) -> None:
        """Have at least so many boards, and a tracker that knows them."""
        if not self._listens():
            self.start_tracker()
        end = time.monotonic() + 6  # those that have lost the tracker look for it each 5 s
        while len(self.boards) < min(count, len(self._boards)) and time.monotonic() < end:
            time.sleep(0.1)
        for name in set(self._boards) - set(self.boards):
            self.kill(name)
        for _ in range(count - len(self._boards)):
            self.add()
        _wait(lambda: len(self.boards) >= count)

    def add(self) -> None:
        """Start a board; the tracker knows it a moment later."""
        port = free_port()
        tracked = ("--tracker", f"127.0.0.1:{self.port}", "--key", KEY)
        self._boards[f"127.0.0.1:{port}"] = self._process(
            "tvm.exec.rpc_server", *tracked, "--port", port, "--port-end", port + 1
        )

    def _process(self, module: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", module, "--host", "127.0.0.1", *map(str, arguments)]
        return self._popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        _kill(self._boards.pop(name))

    def kill_one(self) -> None:
        self.kill(next(iter(self._boards)))

    def hang_one(self) -> None:
        """A board that keeps its connections and does nothing any more."""
        os.killpg(next(iter(self._boards.values())).pid, signal.SIGSTOP)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """As the watchdog of the documentation does it: a board that the tracker has lost is started again."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(0.2):
                lost = set(self._boards) - set(self.boards)
                for name in lost:
                    self.kill(name)
                    self.add()
                if lost:
                    _wait(lambda: len(self.boards) == len(self._boards) or is_over.is_set())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()

    def fleet(self, patience: float = 60.0, **told: Any) -> Any:
        return fleet(self.tracker.name, patience=patience, **told)

    def close(self) -> None:
        for name in list(self._boards):
            self.kill(name)
        if self._tracker is not None:
            _kill(self._tracker)


def when_logged(count: int, do: Callable[[], object], job: Any) -> Callable[[], None]:
    """Do something when so many results are on the disk."""

    def watch() -> None:
        if len(job.logged()) == count:
            do()

    return watch


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(holds: Any) -> None:
    end = time.monotonic() + START
    while not holds():
        assert time.monotonic() < end, "TVM's tracker or servers do not come up"
        time.sleep(0.1)


# Kernels


def build(folder: Path, name: str, extern: str | None = None, argument: int | None = None, arrays: int = 3) -> Path:
    """A kernel of square arrays; it calls a C function for each number of the last one, if there is one.

    `usleep` makes it slow, and `abort` takes the server down that runs it.
    """
    import tvm
    from tvm import te

    try:
        from tvm import tir
    except ImportError:
        from tvm import tirx as tir
    given = [te.placeholder((SIZE, SIZE), name=f"given{at}") for at in range(arrays - 1)]

    def number(i: Any, j: Any) -> Any:
        called = () if argument is None else (argument,)
        return given[0][i, j] + (tir.call_extern("int32", extern, *called).astype("float32") if extern else 1.0)

    made = te.compute((SIZE, SIZE), number, name="made")
    target = tvm.target.Target(TARGET)
    if hasattr(te, "create_schedule"):
        built = tvm.build(te.create_schedule(made.op), [*given, made], target=target, name="main")
    else:
        function = te.create_prim_func([*given, made]).with_attr("global_symbol", "main")
        built = tvm.compile(function, target)
    path = folder / f"{name}.tar"
    built.export_library(str(path))
    return path


def in_a_folder(build: Path) -> str:
    """A copy in a folder of its own, which TVM removes."""
    return str(shutil.copy(build, tempfile.mkdtemp(dir=build.parent)))


def metaschedule_builder(kernel: Path) -> Any:
    """Gives a kernel in the place of each schedule, for which nothing need be built."""
    from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule

    ms = meta_schedule()

    class Building(ms.builder.PyBuilder):  # type: ignore[misc,name-defined]
        def build(self, inputs: Any) -> Any:
            return [ms.builder.BuilderResult(in_a_folder(kernel), None) for _ in inputs]

    return derived_object(Building)()


def autotvm_builder(kernel: Path) -> Any:
    """The same for configs of AutoTVM."""
    from tvm.autotvm.measure.measure_methods import BuildResult

    class Building:
        n_parallel = 1

        def set_task(self, task: Any, build_kwargs: Any = None) -> None:
            pass

        def build(self, inputs: Any) -> Any:
            return [BuildResult(str(kernel), (((SIZE,) * 2, "float32"),) * 3, None, 0.01) for _ in inputs]

    return Building()
