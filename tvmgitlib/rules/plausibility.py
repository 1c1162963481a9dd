"""Whether a cost can be: what is far too fast was measured wrong more often than it was found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tvmgitlib.model import plural

#: So many times faster than the runner-up of its workload no config is.
LEAD: Final = 100

#: Of fewer measured configs the runner-up says nothing.
MEASURED: Final = 8

#: Two measurements of a config within such a factor agree.
_AGREE: Final = 2.0

_WAY_OUT = "a second measurement that agrees lets it count (tvmgitlib revalidate)"


def below_floor(cost: float, floor: float) -> str | None:
    """Why a cost is below what is plausible, in words; None where it is not.

    Args:
        cost, floor: seconds.
    """
    if cost >= floor:
        return None
    return f"{cost:.3g} s is below what is plausible, policy.min-cost {floor:.3g} s; {_WAY_OUT}"


def too_far_ahead(cost: float, runner_up: float | None, configs: int) -> str | None:
    """Why a cost is too far ahead of all others of its workload, in words; None where it is not.

    Args:
        cost: seconds.
        runner_up: the best of all other configs, in seconds; None where there is no other.
        configs: how many were measured.
    """
    if runner_up is None or configs < MEASURED or cost * LEAD >= runner_up:
        return None
    times = f"{runner_up / cost:,.0f}" if cost else "infinitely many"
    return f"{cost:.3g} s is {times} times faster than the next of {plural(configs, 'measured config')}; {_WAY_OUT}"


def agrees(cost: float, others: Iterable[float]) -> bool:
    """Whether any other measurement of a config, in seconds, bears its cost out."""
    return any(cost <= _AGREE * other and other <= _AGREE * cost for other in others)
