"""`tvmgitlib fleet status`, with something that answers as TVM's tracker does; tests/tvm has the real one."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

SUMMARY = {
    "queue_info": {"pi": {"free": 1, "pending": 0}, "nano": {"free": 0, "pending": 2}},
    "server_info": [
        {"key": "server:pi", "addr": ["10.0.0.1", 9090]},
        {"key": "server:pi", "addr": ["10.0.0.2", 9090]},
        {"key": "server:nano", "addr": ["10.0.0.3", 9090]},
    ],
}


@pytest.fixture(scope="module")
def tracker() -> Iterator[str]:
    text = json.dumps([0, SUMMARY]).encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    magic = connection.recv(4)
                    if not magic:  # the end
                        return
                    connection.sendall(magic)
                    connection.recv(100)
                    connection.sendall(struct.pack("<i", len(text)) + text)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_it_shows_boards_by_key(cli: Any, tracker: str) -> None:
    assert cli("fleet", "status", tracker).code == 0
    assert [line.split() for line in cli.out.splitlines()[1:]] == [
        ["nano", "1", "0", "2", "10.0.0.3:9090"],
        ["pi", "2", "1", "0", "10.0.0.1:9090,", "10.0.0.2:9090"],
    ]


def test_it_is_a_watchdog(cli: Any, tracker: str) -> None:
    assert cli("fleet", "status", tracker, "--key", "pi", "--want", 2).code == 0
    assert cli("fleet", "status", tracker, "--key", "pi", "--want", 3, "--json").code == 1
    assert json.loads(cli.out) == {
        "key": "pi",
        "boards": ["10.0.0.1:9090", "10.0.0.2:9090"],
        "free": 1,
        "pending": 0,
    }
    assert cli("fleet", "status", tracker, "--key", "gone").code == 1


def test_a_board_watches_itself(cli: Any, tracker: str) -> None:
    assert cli("fleet", "status", tracker, "--host", "10.0.0.2", "--want", 1).code == 0
    assert cli.out.splitlines()[1].split() == ["pi", "1", "1", "0", "10.0.0.2:9090"]
    assert cli("fleet", "status", tracker, "--host", "10.0.0.9", "--want", 1).code == 1


def test_no_tracker_means_try_again(cli: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert cli("fleet", "status", f"127.0.0.1:{port}", "--json").code == 75
    assert json.loads(cli.err)["error"]["type"] == "FleetError"


@pytest.mark.parametrize(
    "command",
    [
        ["tune", "model.onnx", "--trials", "2", "--rpc-tracker", "farm:9190"],
        ["platform", "detect", "--rpc-key", "pi"],
    ],
)
def test_tracker_and_key_go_together(cli: Any, command: list[str]) -> None:
    assert cli(*command).code == 2
    assert "--rpc-tracker and --rpc-key go together" in cli.err
