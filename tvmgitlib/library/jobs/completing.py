"""What targets of logs leave out, and a user says of them: `--complete-target`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from tvmgitlib.model import GivenTarget, Target, TargetError, parse_target

#: How the triples of the machines begin that a device of `llvm` is. Of other devices a user has to say which it is.
_ARCHITECTURES: Final[Mapping[str, tuple[str, ...]]] = {"arm_cpu": ("arm", "aarch64", "thumb")}


def completion(value: object) -> GivenTarget:
    """What a user says that targets leave out.

    Raises:
        TargetError: it does not parse, says nothing, or says what completes no target: the platform, or limits.
    """
    given = parse_target(value)
    if given.model is not None:
        raise TargetError(
            f"-model={given.model} names a platform, and completes no target",
            hint=f"Name it with --platform, and leave -model out: --complete-target {given.target.label!r}.",
        )
    limits = [] if "keys" in given.facts else [name for name, _ in given.target.limits]  # TVM writes both
    unused = [*limits, *(["num-cores"] if given.num_cores is not None else [])]
    if unused:
        raise TargetError(
            f"-{unused[0]} identifies no code, and completes no target",
            hint=f"Leave it out: --complete-target {given.target.label!r}.",
        )
    if given.target.to_dict().keys() <= {"kind"}:
        raise TargetError(
            f"{given.target.label!r} says nothing that a target could leave out",
            hint="For example: --complete-target 'llvm -mtriple=x86_64-linux-gnu -mcpu=haswell'.",
        )
    return given


@lru_cache(maxsize=256)  # a log repeats one target in every line
def may_mean(given: GivenTarget, told: Target) -> bool:
    """Whether a target can be the one that a user says: it says nothing else, and is no other device."""
    known, more = given.target.to_dict(), told.to_dict()
    if any(name in known and known[name] != value for name, value in more.items()):
        return False
    device = _device(given)
    if device in (None, more.get("device")):
        return True
    triple = str(more.get("mtriple", known.get("mtriple", "")))
    return triple.startswith(_ARCHITECTURES.get(str(device), ())) if given.target.kind == "llvm" else True


def _device(given: GivenTarget) -> object:
    """The device whose schedules a target chooses, by name or by its keys; None where it is any of its kind."""
    keys = given.facts.get("keys", ())
    by_keys = next((name for name in _ARCHITECTURES if isinstance(keys, (str, list)) and name in keys), None)
    return given.target.attributes.get("device", by_keys)
