"""What benchmarks of sharing have in common: small logs, and a server on the loopback interface."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path


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
