"""Families of other packages: entry points of the group `tvmgitlib.families`, looked up when they are needed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, cast

from tvmgitlib.families.base import Family
from tvmgitlib.model import FamilyError, TvmgitlibError, is_family_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "tvmgitlib.families"

#: What every family has, its own or inherited.
_MEMBERS = sorted(name for name in {*Family.__annotations__, *vars(Family)} if not name.startswith("_"))

_log = logging.getLogger("tvmgitlib")


@cache
def entry_points() -> dict[str, list[EntryPoint]]:
    """What installed distributions register, by the family's name. The first call takes some 20 ms."""
    from importlib import metadata

    found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for point in metadata.entry_points(group=GROUP):
        found[point.name].append(point)
    return dict(sorted(found.items()))


@cache
def load(name: str) -> Family | None:
    """The family of that name that a package provides; None where none does.

    Raises:
        FamilyError: several do, or what it provides is broken.
    """
    points = entry_points().get(name, [])
    if len(points) > 1:
        raise FamilyError(
            f"several distributions provide the tuner family {name!r}: {', '.join(sorted(map(provider, points)))}",
            hint="Uninstall all but one.",
        )
    return _load(points[0]) if points else None


@cache
def find(name: str) -> Family | None:
    """The family of that name that a package provides; None where none does, or a broken one, which is said once."""
    try:
        return load(name)
    except FamilyError as error:
        _log.warning("%s", error)
        return None


def _load(point: EntryPoint) -> Family:
    try:
        found = point.load()
        lacking = [member for member in _MEMBERS if not hasattr(found, member)]
        said = getattr(found, "name", None)
    except (Exception, SystemExit) as error:
        raise _broken(point, f"{type(error).__name__}: {error}") from error
    if isinstance(found, type):
        raise _broken(point, f"{point.value} is a class, not an object of it")
    if lacking:
        raise _broken(point, f"{point.value} has no {', '.join(lacking)}")
    if said != point.name or not is_family_name(point.name):
        raise _broken(point, f"{point.value} calls itself {said!r}")
    return cast(Family, _Guarded(found, provider(point)))


def _broken(point: EntryPoint, why: str) -> FamilyError:
    return FamilyError(
        f"the tuner family {point.name!r} of {provider(point)} cannot be used: {why}",
        hint="Install another version of that distribution, or uninstall it.",
    )


def provider(point: EntryPoint) -> str:
    """The distribution that registers it, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"


class _Guarded:
    """A family of another package: what goes wrong in there is told as an error that names its distribution."""

    def __init__(self, family: Any, provider: str) -> None:
        self._family = family
        self._provider = provider

    def __getattr__(self, member: str) -> Any:
        value = getattr(self._family, member)
        if callable(value):
            value = self._guard(value)
        setattr(self, member, value)  # the next time it is found at once
        return value

    def _guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def guarded(*arguments: Any, **named: Any) -> Any:
            try:
                result = call(*arguments, **named)
            except TvmgitlibError:
                raise
            except Exception as error:
                raise FamilyError(
                    f"the tuner family {self._family.name!r} of {self._provider} failed: "
                    f"{type(error).__name__}: {error}",
                    hint="This is a bug in that distribution: please report it there.",
                ) from error
            return self._guard(result) if callable(result) else result

        return guarded
