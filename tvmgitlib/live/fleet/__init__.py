"""Measuring on a fleet: many boards behind TVM's own tracker, whose faults are no trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.live.fleet.device import detect_device as detect_device
    from tvmgitlib.live.fleet.fleet import Fleet as Fleet
    from tvmgitlib.live.fleet.fleet import fleet_at as fleet_at
    from tvmgitlib.live.fleet.session import Kernel as Kernel
    from tvmgitlib.live.fleet.tracker import KeyStatus as KeyStatus
    from tvmgitlib.live.fleet.tracker import Tracker as Tracker
    from tvmgitlib.live.fleet.trials import Timed as Timed
    from tvmgitlib.live.fleet.trials import ask_a_board as ask_a_board
    from tvmgitlib.live.fleet.trials import measure as measure

_NAMES = {
    "device": "detect_device",
    "fleet": "Fleet fleet_at",
    "session": "Kernel",
    "tracker": "KeyStatus Tracker",
    "trials": "Timed ask_a_board measure",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
