"""Which platform a target is on: the one that it names, the one that the user names, or this machine."""

from __future__ import annotations

from typing import Final

from tvmgitlib.model import GivenTarget, Platform, platform_name_from

#: What a user gives for a platform's name to say that it is this machine.
THIS: Final = "this"


def platform_for(target: GivenTarget, named: str | None, *, here: bool = True) -> Platform | None:
    """The platform of a target; None when nothing says it.

    Args:
        target: the target: its `-model` names the platform, where it has one.
        named: the name that the user gave; `this` for this machine.
        here: whether a platform that nobody names may be this machine.

    Returns:
        Its name, and of this machine what is known of it.
    """
    if target.model is not None:
        return Platform(platform_name_from(target.model))
    if named is not None and named != THIS:
        return Platform(named)
    if not here and named != THIS:
        return None
    from tvmgitlib.library.platforms.detect import detect_for  # questions of named platforms do without

    return detect_for(target.target)


def overruled(target: GivenTarget, named: str | None) -> str | None:
    """The platform that a target's `-model` names in the place of the one that the user names; None where none does."""
    if target.model is None or named is None:
        return None
    name = platform_name_from(target.model)
    return name if name != named else None
