"""Targets as TVM's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib.live.at_hand.error_text import last_line
from tvmgitlib.model import GivenTarget, TargetError, parse_target

if TYPE_CHECKING:
    from tvmgitlib.library.jobs import Journal


def target_attributes(given: GivenTarget) -> dict[str, Any]:
    """A target as a dict that every TVM reads: its identity, the limits it states, and what MetaSchedule asks for."""
    facts = {"num-cores": given.num_cores, "model": given.model, **dict(given.target.limits)}
    return {**given.target.to_dict(), **{name: fact for name, fact in facts.items() if fact is not None}}


def live_target(target: object) -> Any:
    """A target, in any spelling, as TVM's object.

    Raises:
        TargetError: this TVM does not know it.
    """
    import tvm

    if isinstance(target, tvm.target.Target):
        return target
    given = parse_target(target)
    try:
        return tvm.target.Target(target_attributes(given))
    except Exception as error:  # of another kind in each TVM
        raise TargetError(f"TVM does not know the target {given.target.label}: {last_line(error)}") from error


def target_of_call(journal: Journal, target: Any) -> Any:
    """The target of a call as TVM's object: the one given, as TVM takes it, else the job's.

    Raises:
        TargetError: neither says one.
    """
    import tvm

    if target is None:
        if journal.target is None:
            raise TargetError("neither the call nor the job says a target", hint="Give target=...")
        target = target_attributes(journal.target)
    return target if isinstance(target, tvm.target.Target) else tvm.target.Target(target)
