"""Lists of answers that are pleasant to look at in Python: short at a prompt, a table in a notebook, a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.library.notebook import html_table
from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import TuningRecord

#: How many answers a prompt shows before it only counts.
_MOST_LINES: Final = 10

#: What a notebook's table leaves out: the tuner's own record, and what is there in words as well.
_LEFT_OUT: Final = frozenset({"record", "target", "workload", "workload_id"})


class Answer(Protocol):
    """Anything that a library answers with."""

    def to_json(self) -> dict[str, Any]: ...


AnswerT = TypeVar("AnswerT", bound=Answer)


class Answers(list[AnswerT]):
    """A list of answers. It is a list like any other, and shows itself as a table."""

    def __repr__(self) -> str:
        shown = [f"  {answer!r}" for answer in self[:_MOST_LINES]]
        more = [f"  ... and {len(self) - _MOST_LINES:,} more"] if len(self) > _MOST_LINES else []
        return "\n".join([f"<{len(self):,} answers>", *shown, *more])

    def _repr_html_(self) -> str:
        names = [name for name in self[0].to_json() if name not in _LEFT_OUT] if self else []
        return html_table((answer.to_json() for answer in self), names)

    def columns(self) -> dict[str, list[Any]]:
        """The fields of `to_json`, each with the values of all answers: what data frames are made from."""
        rows = [answer.to_json() for answer in self]
        return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}

    def to_dataframe(self) -> Any:
        """The answers as a `pandas.DataFrame`, a column for each field of `to_json`.

        Raises:
            TvmgitlibError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise TvmgitlibError(
                "a data frame needs pandas", hint="pip install 'tvmgitlib[dataframe]', or take columns()."
            ) from None
        return pandas.DataFrame(self.columns())


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A trial of a job, and how far the tuner had come by then.

    Attributes:
        family, target, workload: what was tuned; the target as canonical JSON text.
        workload_label: the workload for people.
        trial: its number among those of the workload, from 1.
        cost: mean run time in seconds; None for a failure.
        best: the best cost so far; None while there is none.
        error: the kind of failure; None for a success.
    """

    family: str
    target: str
    workload: str
    workload_label: str
    trial: int
    cost: float | None
    best: float | None
    error: str | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def tuning_curve(records: Sequence[TuningRecord]) -> Answers[CurvePoint]:
    """How the best cost of each workload came down, trial by trial, in the order of the log."""
    best: dict[tuple[str, str, str], tuple[int, float | None]] = {}
    points = Answers[CurvePoint]()
    for record in records:
        place = (record.family, record.target.target.key, record.workload.text)
        number, least = best.get(place, (0, None))
        cost = record.cost if record.error is None else None
        if cost is not None and (least is None or cost < least):
            least = cost
        best[place] = (number + 1, least)
        points.append(CurvePoint(*place, workload_label(record.workload), number + 1, cost, least, record.error))
    return points
