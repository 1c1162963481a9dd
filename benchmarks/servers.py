"""What benchmarks of sharing have in common: small logs, and servers on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


def log(folder: Path, number: int) -> Path:
    """A log of one trial, of one of eight workloads."""
    record = {
        "input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", f"dense{number % 8}", [8, 8, "float32"], {}],
        "config": {"index": number, "code_hash": None, "entity": [["tile", "sp", [-1, number]]]},
        "result": [[1e-3 + 1e-7 * number], 0, 0.5, 1.6e9 + number],
        "version": 0.2,
        "tvm_version": "0.16.dev0",
    }
    path = folder / f"{number}.log"
    path.write_text(json.dumps(record) + "\n")
    return path


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A `git daemon` over a folder, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr", "--export-all"]
    command += [f"--base-path={folder}", "--enable=receive-pack", "--max-connections=0", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.02)


@contextmanager
def serving(folder: Path, protocol: str) -> Iterator[str]:
    """A folder of bare repositories served by `git daemon` ("git") or `git http-backend` ("http"): its address."""
    if protocol == "git":
        daemon, port = serve(folder)
        try:
            yield f"git://127.0.0.1:{port}"
        finally:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
        return
    handler = type("Handler", (Backend,), {"folder": folder})
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # writers that call at once wait, and are not turned away


class Backend(BaseHTTPRequestHandler):
    """Hands every request to `git http-backend` (its CGI protocol: git-http-backend(1))."""

    folder: Path

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        told = {
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
        done = subprocess.run(["git", "http-backend"], input=body, env={**os.environ, **told}, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
