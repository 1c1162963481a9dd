"""A config by its knobs: what a tuner decided, in a form that has a meaning for other workloads too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

#: What is inside of a knob's value.
Scalar: TypeAlias = int | float | str | None


class Knob(NamedTuple):
    """One decision.

    Attributes:
        kind: `split`: the factors of an axis, from the outermost in; 0 for the outermost where it is not said. `order`:
            the places of axes. `choice`: everything else.
        value: what was decided.
    """

    kind: Literal["split", "order", "choice"]
    value: tuple[Scalar, ...]


#: What a tuner decided, by the names of the knobs: the order in which a template names them means nothing.
Config: TypeAlias = Mapping[str, Knob]


class Call(Struct, frozen=True):
    """A workload as an operator and what it was given.

    Attributes:
        op: what workloads have in common whose configs may be compared: the name of a template, say.
        arguments: shapes, types, strides...: parsed JSON.
    """

    op: str
    arguments: object


class KnobTrial(Struct, frozen=True):
    """A config that was tried.

    Attributes:
        config: the config.
        cost: mean run time in seconds; None for a failure.
    """

    config: Config
    cost: float | None
