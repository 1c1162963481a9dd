"""A fleet: the boards of one key at one tracker, and how they measure."""

from __future__ import annotations

import logging
import time
from typing import Final

from msgspec import Struct

from tvmgitlib.library.platforms import THIS
from tvmgitlib.live.fleet.tracker import ANSWER, KeyStatus, Tracker
from tvmgitlib.model import FleetError, SelectionError, listed, plain_line, validate_platform_name

_log = logging.getLogger("tvmgitlib")

#: How long the first board may take to show up, in seconds.
_FIRST: Final = 9.0

#: How long to wait before asking again, in seconds.
_PAUSE: Final = 0.5


class Fleet(Struct, frozen=True):
    """Boards that measure for a job; made by `ConfigLibrary.fleet`. It stands where a runner or measure option does.

    Attributes:
        tracker: where TVM's tracker listens.
        key: the boards' key at the tracker.
        platform: what they are: the name that their records have.
        patience: how long to wait for a board or the tracker, in seconds, before the job stops, open.
        timeout: how long a trial may take on its board, upload included, in seconds.
        number, repeat, min_repeat_ms: of the runs of a trial, as for TVM's `time_evaluator`.
    """

    tracker: Tracker
    key: str
    platform: str
    patience: float = 600.0
    timeout: float = 60.0
    number: int = 3
    repeat: int = 1
    min_repeat_ms: int = 100

    @property
    def measures_elsewhere(self) -> str:
        """What measures, in words; see `tvmgitlib.live.common.elsewhere`."""
        return f"a fleet ({self.name})"

    @property
    def name(self) -> str:
        return plain_line(f"{self.key} at {self.tracker.name}")

    def status(self) -> KeyStatus:
        """What the tracker knows of the boards.

        Raises:
            OSError: it cannot be asked.
        """
        return self.tracker.of_key(self.key)

    def found(self) -> KeyStatus:
        """Wait for the first board, 10 s at most.

        Raises:
            FleetError: there is none, or no tracker.
        """
        status = self._sought(_FIRST)
        if isinstance(status, str):
            raise FleetError(
                plain_line(status),
                hint="python -m tvm.exec.rpc_server --tracker HOST:PORT --key KEY registers a board; "
                "tvmgitlib fleet status HOST:PORT says which there are.",
            )
        return status

    def awaited(self) -> KeyStatus:
        """Wait for a board of a job that has begun, which may be between two tasks: as long as patience goes.

        Raises:
            FleetError: there is none, or no tracker.
        """
        status = self._sought(min(_FIRST, self.patience))
        if isinstance(status, str) and self.patience > _FIRST:
            self.tell_waiting(status)
            status = self._sought(self.patience - _FIRST)
        if isinstance(status, str):
            raise self.away(status)
        return status

    def tell_waiting(self, why: str) -> None:
        """Say that boards are waited for."""
        _log.warning("waiting for a board of %s, %g s at most: %s", self.name, self.patience, why)

    def away(self, why: str) -> FleetError:
        """The error for a job that has waited long enough."""
        return FleetError(
            plain_line(f"no board of {self.name} was to be had for {self.patience:g} s: {why}"),
            hint="Nothing is lost, and no trial counts as failed: the same call goes on when the boards are back. "
            f"tvmgitlib fleet status {self.tracker.name} says which there are.",
        )

    def _sought(self, within: float) -> KeyStatus | str:
        """Wait so many seconds for a board: which there are then, or why there is none."""
        until = time.monotonic() + within
        while True:
            try:
                known = self.tracker.keys(min(ANSWER, max(until - time.monotonic(), _PAUSE)))
            except OSError as error:
                why = f"no tracker answers at {self.tracker.name}: {error}"
            else:
                status = next((each for each in known if each.key == self.key), None)
                if status is not None and status.boards:
                    _log.info("%s: %s", self.name, listed(status.boards))
                    return status
                others = [f"{each.key} ({len(each.boards)})" for each in known if each.boards]
                there = f"it has boards of {listed(others)}" if others else "it has no boards at all"
                why = f"the tracker at {self.tracker.name} has no board of the key {self.key!r}; {there}"
            if time.monotonic() >= until:
                return why
            time.sleep(_PAUSE)


def fleet_at(
    address: str,
    key: str,
    platform: str,
    patience: float = 600.0,
    timeout: float = 60.0,
    number: int = 3,
    repeat: int = 1,
    min_repeat_ms: int = 100,
) -> Fleet:
    """See `ConfigLibrary.fleet`."""
    validate_platform_name(platform)
    if platform == THIS:
        raise SelectionError("the boards of a fleet are not this machine", hint="Name their platform.")
    if not key or ":" in key or any(each.isspace() for each in key):
        raise SelectionError(f"{key!r} is no key of a tracker", hint="A colon or a space in it breaks TVM's tracker.")
    fleet = Fleet(Tracker.parse(address), key, platform, patience, timeout, number, repeat, min_repeat_ms)
    fleet.found()
    return fleet
