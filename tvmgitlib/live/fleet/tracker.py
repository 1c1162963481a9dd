"""TVM's RPC tracker, asked in its own words: which boards there are, and for the next that is free.

The messages are those of `tvm/rpc/base.py` and `tvm/rpc/tracker.py`, the same from TVM 0.16 to 0.27: a magic number
that is sent back, then JSON with its length before it. They are spoken here, and not by TVM's own client, because that
one waits a minute where nobody listens and for ever where no board is free; and so that a watchdog needs no TVM.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import defaultdict
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.model import SelectionError

_MAGIC: Final = 0x2F271
_SUCCESS, _REQUEST, _SUMMARY = 0, 4, 6

#: The most bytes of an answer: a summary has about 50 a board.
_MOST: Final = 1 << 24

#: How long a tracker may take to answer a question, in seconds.
ANSWER: Final = 5.0


class Board(Struct, frozen=True):
    """A board that the tracker hands out once.

    Attributes:
        host, port: where its server listens.
        matchkey: what it is told, to know that the tracker sent us.
    """

    host: str
    port: int
    matchkey: str

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


class KeyStatus(Struct, frozen=True):
    """What a tracker knows of the boards of one key.

    Attributes:
        key: the key.
        boards: the addresses of their servers; those that are measuring too.
        free: how many of them wait for work.
        pending: how many requests wait for a board.
    """

    key: str
    boards: tuple[str, ...]
    free: int
    pending: int

    def at(self, host: str) -> KeyStatus:
        """The same with those of its boards alone that are at an address."""
        return replace(self, boards=tuple(board for board in self.boards if board.rpartition(":")[0] == host))

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "boards": list(self.boards), "free": self.free, "pending": self.pending}


class Tracker(Struct, frozen=True):
    """Where a tracker listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, address: str) -> Tracker:
        """A tracker by `HOST:PORT`.

        Raises:
            SelectionError: it has another form.
        """
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise SelectionError(f"{address!r} is not the HOST:PORT of a tracker", hint="TVM's usual port is 9190.")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def name(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def keys(self, timeout: float = ANSWER) -> list[KeyStatus]:
        """What it knows of its boards, key by key.

        Args:
            timeout: how long each of its messages may take, in seconds.

        Raises:
            OSError: it cannot be reached, or does not answer as one.
        """
        with self._connected(timeout) as connection:
            known = _answer_of(connection, [_SUMMARY])
        boards: dict[str, list[str]] = defaultdict(list)
        try:
            for each in known["server_info"]:
                boards[str(each["key"]).partition(":")[2]].append(":".join(map(str, each["addr"])))
            queues = {str(key): (int(each["free"]), int(each["pending"])) for key, each in known["queue_info"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OSError(f"{self.name} gives no summary of a tracker") from error
        return [
            KeyStatus(key, tuple(sorted(boards.get(key, ()))), *queues.get(key, (0, 0)))
            for key in sorted(boards.keys() | queues.keys())
        ]

    def of_key(self, key: str) -> KeyStatus:
        """What it knows of the boards of one key, which may be none.

        Raises:
            OSError: see `keys`.
        """
        return next((each for each in self.keys() if each.key == key), KeyStatus(key, (), 0, 0))

    def asking(self, key: str, patience: float) -> Asking:
        """Queue for the next board of a key that is free.

        Args:
            key: the boards' key.
            patience: how long to wait for one, in seconds.

        Raises:
            OSError: the tracker cannot be reached.
        """
        connection = self._connected(ANSWER)
        connection.settimeout(patience)
        return Asking(connection, key)

    def _connected(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=timeout)
        try:
            connection.sendall(struct.pack("<i", _MAGIC))
            if struct.unpack("<i", _received(connection, 4))[0] != _MAGIC:
                raise OSError(f"{self.name} is no tracker of TVM's")
        except BaseException:
            connection.close()
            raise
        return connection


class Asking:
    """A place in a tracker's queue. Closing it, which another thread may do, gives the place up."""

    def __init__(self, connection: socket.socket, key: str) -> None:
        self._connection = connection
        self._key = key

    def board(self) -> Board:
        """Wait for a board.

        Raises:
            OSError: the tracker has gone, or none came in time.
        """
        with self._connection:
            answer = _answer_of(self._connection, [_REQUEST, self._key, "", 1])
        try:
            host, port, matchkey = answer
            return Board(str(host), int(port), str(matchkey))
        except (TypeError, ValueError) as error:
            raise OSError(f"the tracker names no board: {answer!r}") from error

    def close(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is closed already
            return


def _answer_of(connection: socket.socket, question: Any) -> Any:
    """What a tracker answers."""
    text = json.dumps(question).encode()
    connection.sendall(struct.pack("<i", len(text)) + text)
    (size,) = struct.unpack("<i", _received(connection, 4))
    if not 0 < size <= _MOST:
        raise OSError(f"an answer of {size} bytes is none of a tracker's")
    try:
        code, answer = json.loads(_received(connection, size))
    except (TypeError, ValueError, RecursionError) as error:
        raise OSError("the tracker does not answer in JSON") from error
    if code != _SUCCESS:
        raise OSError(f"the tracker refuses: {answer!r}")
    return answer


def _received(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionResetError("the tracker has closed the connection")
        parts += part
    return bytes(parts)
