"""Asking a tracker: where it is, and what is none."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tvmgitlib.live.fleet import Tracker
from tvmgitlib.model import SelectionError

MAGIC = struct.pack("<i", 0x2F271)


def framed(answer: object) -> bytes:
    text = json.dumps(answer).encode()
    return struct.pack("<i", len(text)) + text


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[Tracker]:
    """Something that listens, and does with its first connection what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield Tracker("127.0.0.1", server.getsockname()[1])
        thread.join()


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("farm:9190", "farm", 9190), ("10.0.0.1:1", "10.0.0.1", 1), ("[::1]:9190", "::1", 9190)],
)
def test_an_address_is_a_host_and_a_port(address: str, host: str, port: int) -> None:
    tracker = Tracker.parse(address)
    assert (tracker.host, tracker.port, tracker.name) == (host, port, address)


@pytest.mark.parametrize("address", ["", "farm", ":9190", "farm:", "farm:http", "farm:0", "farm:65536", "farm:-1"])
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(SelectionError, match="is not the HOST:PORT of a tracker"):
        Tracker.parse(address)


def test_boards_are_counted_by_key_also_those_that_measure() -> None:
    summary = {
        "queue_info": {"pi": {"free": 1, "pending": 0}, "gone": {"free": 0, "pending": 3}},
        "server_info": [
            {"key": "server:pi", "addr": ["10.0.0.2", 9091]},
            {"key": "server:pi", "addr": ["10.0.0.1", 9090]},
        ],
    }

    def serve(connection: socket.socket) -> None:
        connection.sendall(connection.recv(4))
        connection.recv(100)
        connection.sendall(framed([0, summary]))

    with listening(serve) as tracker:
        gone, pi = tracker.keys()
    assert (pi.key, pi.boards, pi.free, pi.pending) == ("pi", ("10.0.0.1:9090", "10.0.0.2:9091"), 1, 0)
    assert (gone.key, gone.boards, gone.pending) == ("gone", (), 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n",
        MAGIC,
        MAGIC + struct.pack("<i", -5),
        MAGIC + struct.pack("<i", 1 << 30),
        MAGIC + struct.pack("<i", 3) + b"???",
        MAGIC + framed({"an": "object"}),
        MAGIC + framed([1, "no"]),
        MAGIC + framed([0, {"queue_info": 5}]),
        MAGIC + framed([0, {"queue_info": {"k": {}}, "server_info": []}]),
    ],
)
def test_what_is_no_tracker_is_told_as_one_that_cannot_be_reached(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4)
        connection.sendall(answer)

    with listening(serve) as tracker, pytest.raises(OSError, match=r"."):
        tracker.keys(1.0)


def test_a_place_in_the_queue_can_be_given_up_from_another_thread() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(connection.recv(4))
        while connection.recv(100):
            pass

    with listening(serve) as tracker:
        asking = tracker.asking("pi", 60.0)
        threading.Timer(0.1, asking.close).start()
        with pytest.raises(OSError, match="closed the connection"):
            asking.board()
