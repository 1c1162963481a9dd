"""Doors of rooms: a room's `__init__` gives names of its modules, each imported when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def door(room: str, modules: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """A room's `__getattr__` and `__all__`.

    Args:
        room: the room's own name.
        modules: its modules, each with the names that it gives, separated by spaces.
    """
    homes = homes_of(modules.items())

    def import_name(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{homes[name]}"), name)
        setattr(import_module(room), name, found)
        return found

    return import_name, sorted(homes)


def homes_of(modules: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names by the module that gives each."""
    return {name: module for module, names in modules for name in names.split()}
