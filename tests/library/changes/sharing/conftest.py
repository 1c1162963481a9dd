"""A remote on the disk with two clones of it, and servers: git daemon, and git http-backend behind a small server."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

ROOT = Path(__file__).resolve().parents[4]

Git = Callable[..., str]
Once = Callable[..., Any]


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git, once: Once) -> Path:
    """A bare remote that `library` has been pushed to."""
    path = tmp_path / "remote.git"

    def make() -> None:
        git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
        git(library.path, "remote", "add", "origin", path.as_uri())
        library.sync()

    once(make)
    return path


@pytest.fixture
def other(remote: Path, tmp_path: Path, once: Once) -> ConfigLibrary:
    """A second clone of the remote."""

    def make() -> None:
        ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")

    once(make)
    return ConfigLibrary(tmp_path / "other")


@pytest.fixture
def served(tmp_path: Path, git: Git) -> Path:
    """A folder with the bare repository `team.git`, which may be pushed to."""
    folder = tmp_path / "served"
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "-b", "main", "team.git")
    for key in ("http.receivepack", "daemon.receivepack"):
        git(folder / "team.git", "config", key, "true")
    return folder


class Daemon:
    """A `git daemon` that can be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        # A git receive-pack that is killed while it moves a branch leaves the branch or HEAD locked, and no Git ever
        # takes such a lock away: that is for whoever starts the server again.
        for lock in self._folder.glob("*.git/**/*.lock"):
            lock.unlink()
        command = ["git", "daemon", "--listen=127.0.0.1", f"--port={self.port}", "--reuseaddr", "--export-all"]
        command += [f"--base-path={self._folder}", "--enable=receive-pack", str(self._folder)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("git daemon did not start")

    def kill(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait()


@pytest.fixture
def daemon(served: Path) -> Iterator[Daemon]:
    running = Daemon(served)
    yield running
    running.kill()


_Backend = runpy.run_path(str(ROOT / "benchmarks" / "servers.py"))["Backend"]


@pytest.fixture
def http(served: Path) -> Iterator[str]:
    handler = type("Backend", (_Backend,), {"folder": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/team.git"
        server.shutdown()
