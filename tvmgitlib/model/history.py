"""What a task keeps of its trials beside the best records: few of them, as decisions and run times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field

from tvmgitlib.model.json import Json
from tvmgitlib.model.knobs import Config
from tvmgitlib.model.record import ErrorKind


class Decisions(Struct, frozen=True):
    """What a tuner decided in one trial.

    Attributes:
        config: the knobs, by name.
        form: what the knobs are knobs of: the list of instructions or steps, as the tuner writes them, without what was
            decided and without what is only done after; None where the workload's template says it (AutoTVM). Trials
            of one form differ in nothing but their knobs.
        extents: the lengths of the axes that knobs split, by knob, where the record says them.
    """

    config: Config
    form: Json = None
    extents: Mapping[str, int] = field(default_factory=dict)


class Trial(NamedTuple):
    """A trial as a history has it.

    Attributes:
        decisions: the config.
        cost: mean run time in seconds, with a relative error below 0.6 %; None for a failure.
        error: the kind of failure; None for a success.
    """

    decisions: Decisions
    cost: float | None
    error: ErrorKind | None
