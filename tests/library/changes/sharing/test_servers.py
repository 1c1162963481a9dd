"""Sharing over real servers on the loopback interface: git daemon, and git http-backend behind a small HTTP server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
MakeLog = Callable[..., Path]


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


class _Backend(BaseHTTPRequestHandler):
    """Hands every request to `git http-backend` (its CGI protocol: git-http-backend(1))."""

    folder: Path

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        env = os.environ | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        answer = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def http(served: Path) -> Iterator[str]:
    handler = type("Backend", (_Backend,), {"folder": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/team.git"
        server.shutdown()


def round_trip(url: str, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    git(library.path, "remote", "add", "origin", url)
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.sync()
    other = ConfigLibrary.clone(url, tmp_path / "other")
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    other.sync()
    assert len(library.sync().received) == 1
    assert library.commit == other.commit
    assert [config.cost for config in library.best()] == [1e-3]


def test_git_daemon(daemon: Daemon, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    round_trip(f"git://127.0.0.1:{daemon.port}/team.git", library, make_log, git, tmp_path)


def test_http_backend(http: str, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    round_trip(http, library, make_log, git, tmp_path)


_WORK = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for log in sys.argv[2:]:
    library.import_logs(log, platform="box")
    library.sync()
"""


@pytest.mark.slow
def test_8_clones_of_10_jobs_each_arrive_though_the_server_is_killed_and_restarted(
    daemon: Daemon, served: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    url = f"git://127.0.0.1:{daemon.port}/team.git"
    git(library.path, "remote", "add", "origin", url)
    library.configure("push", "branch")
    library.sync()
    clones = [ConfigLibrary.clone(url, tmp_path / f"clone-{number}") for number in range(8)]
    workers = []
    for number, clone in enumerate(clones):
        logs = [str(make_log(f"dense{round % 3}", [1e-3 + 1e-6 * (10 * number + round)])) for round in range(10)]
        command = [sys.executable, "-c", _WORK, str(clone.path), *logs]
        workers.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    for _ in range(20):  # not for as long as they work: where a push takes longer than a second, none would get through
        time.sleep(1)
        daemon.kill()
        time.sleep(0.3)
        daemon.start()
    for worker in workers:
        _, said = worker.communicate()
        assert worker.returncode == 0, said
    final = ConfigLibrary.clone(url, tmp_path / "final")
    assert len({entry.job for entry in final.log()}) == 80
    assert git(served / "team.git", "rev-list", "--merges", "main") == ""
    assert git(served / "team.git", "fsck", "--no-dangling") == ""
    assert final.check() == []
    for clone in clones:
        clone.sync()
        assert clone.commit == final.commit
        assert git(clone.path, "status", "--porcelain") == ""
