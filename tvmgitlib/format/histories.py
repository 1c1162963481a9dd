"""A task's history as JSON: columns, not records.

Trials stand in the order of their cost, the failures behind. Their costs are steps of a logarithm, each as its distance
from the one before. Trials of one form share a table: for every knob the values that occur, once, and a string with a
character a trial that says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, count, pairwise
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import orjson

from tvmgitlib.model import ERROR_KINDS, Decisions, ErrorKind, Json, Knob, RecordError, Scalar, Trial, canonical_json

#: What the places of values are written in: there are at most that many trials, so at most that many values.
_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUE: Final = {digit: value for value, digit in enumerate(_DIGITS)}
#: Steps of cost a doubling: a cost is right to half a step, 0.55 %.
STEPS: Final = 64

#: The longest axis: beyond it not every reader of JSON has the same number.
_LONGEST: Final = 2**53 - 1

_ValueT = TypeVar("_ValueT")

#: The trials of one form: where they stand, and their decisions.
_Table: TypeAlias = "tuple[list[int], list[Decisions]]"


def is_writable(decisions: Decisions) -> bool:
    """Whether a history can hold a trial's decisions. Those of any tuner, but a log may say what no tuner decides."""
    if not all(0 < extent <= _LONGEST for extent in decisions.extents.values()):
        return False
    try:
        orjson.dumps([[[[[decisions.form]]]]])  # so deep it stands in its line
    except orjson.JSONEncodeError:
        return False
    return True


def write_history(trials: Sequence[Trial]) -> dict[str, Any]:
    """A history, of 64 trials at most: successes by cost, then failures by their kinds; each `is_writable`.

    Raises:
        ValueError: there are more.
    """
    if len(trials) > len(_DIGITS):
        raise ValueError(f"{len(trials)} trials")
    steps = [round(STEPS * math.log2(trial.cost)) for trial in trials if trial.cost is not None]
    failures = [trial.error for trial in trials if trial.error is not None]
    tables: dict[str, _Table] = {}
    for at, trial in enumerate(trials):
        places, decided = tables.setdefault(_shape(trial.decisions), ([], []))
        places.append(at)
        decided.append(trial.decisions)
    document: dict[str, Any] = {
        "costs": [*steps[:1], *(after - before for before, after in pairwise(steps))],
        "tables": [_written(decided) for _, decided in tables.values()],
    }
    if failures:
        document["errors"] = {kind: failures.count(kind) for kind in ERROR_KINDS if kind in failures}
    if len(tables) > 1:
        tells = {at: digit for digit, (places, _) in zip(_DIGITS, tables.values(), strict=False) for at in places}
        document["of"] = "".join(tells[at] for at in range(len(trials)))
    return document


def read_history(document: dict[str, Any]) -> tuple[Trial, ...]:
    """Undo `write_history`, but for what a cost is rounded by.

    Args:
        document: valid by the schema.

    Raises:
        RecordError: its columns do not go together.
    """
    columns = _columns(document)
    decisions = [_decisions(table, knobs) for table, knobs in zip(document["tables"], columns.knobs, strict=True)]
    return tuple(Trial(next(decisions[at]), *result) for at, result in zip(columns.of, columns.results, strict=True))


def check_history(document: dict[str, Any]) -> None:
    """Refuse what `read_history` refuses, in a third of the time.

    Raises:
        RecordError: the columns do not go together.
    """
    _columns(document)


class _Columns(NamedTuple):
    """What the columns of a history come to.

    Attributes:
        results: the cost of each trial in seconds, or its error.
        of: the table of each trial.
        knobs: the values of each table, by the names of the knobs; none for a table without a trial.
    """

    results: list[tuple[float | None, ErrorKind | None]]
    of: list[int]
    knobs: list[dict[str, list[tuple[Scalar, ...]]]]


def _columns(document: dict[str, Any]) -> _Columns:
    errors: list[ErrorKind] = [
        kind for kind in ERROR_KINDS for _ in range(min(int(document.get("errors", {}).get(kind, 0)), len(_DIGITS)))
    ]
    tables = document["tables"]
    try:
        costs = [2.0 ** (step / STEPS) for step in accumulate(int(step) for step in document["costs"])]
        trials = len(costs) + len(errors)
        of = [_VALUE[digit] for digit in document.get("of", _DIGITS[0] * trials)]
        if len(of) != trials or not all(0 < cost < math.inf for cost in costs):
            raise ValueError
        if of and max(of) >= len(tables):
            raise ValueError
        knobs = [_values_of(table, of.count(at)) for at, table in enumerate(tables)]
    except (IndexError, KeyError, OverflowError, ValueError):
        raise RecordError("the columns of the history do not go together", field="task.x-history") from None
    return _Columns([*((cost, None) for cost in costs), *((None, kind) for kind in errors)], of, knobs)


def _shape(decisions: Decisions) -> str:
    """What the trials of one table have in common."""
    knobs = sorted((name, knob.kind, len(knob.value)) for name, knob in decisions.config.items())
    return canonical_json([decisions.form, knobs, dict(decisions.extents)])


def _written(decided: Sequence[Decisions]) -> dict[str, Any]:
    first = decided[0]
    table: dict[str, Any] = {
        "knobs": {
            name: {"kind": knob.kind, **_column([each.config[name].value for each in decided])}
            for name, knob in first.config.items()
        }
    }
    for name, extent in first.extents.items():
        table["knobs"][name]["extent"] = extent
    if first.form is not None:
        table["form"] = first.form
    return table


def _column(values: Sequence[tuple[Scalar, ...]]) -> dict[str, Any]:
    """Values of one knob: each as a whole, or part by part, whichever is shorter."""
    whole = _places([list(value) for value in values])
    parts = [_places(part) for part in zip(*values, strict=True)]
    together = {"parts": [list(part) for part in parts]}
    return min(({"values": whole[0], "at": whole[1]}, together), key=lambda column: len(canonical_json(column)))


def _places(values: Sequence[Json]) -> tuple[list[Json], str]:
    """The values that occur, in the order of their texts, and where each stands."""
    texts = [canonical_json(value) for value in values]
    order = sorted(dict(zip(texts, values, strict=True)).items())
    digits = {text: digit for digit, (text, _) in zip(_DIGITS, order, strict=False)}
    return [value for _, value in order], "".join(digits[text] for text in texts)


def _values_of(table: dict[str, Any], trials: int) -> dict[str, list[tuple[Scalar, ...]]]:
    return {name: _values(column, trials) for name, column in table["knobs"].items()} if trials else {}


def _decisions(table: dict[str, Any], knobs: dict[str, list[tuple[Scalar, ...]]]) -> Iterator[Decisions]:
    """The decisions of a table, in order."""
    extents = {name: int(column["extent"]) for name, column in table["knobs"].items() if "extent" in column}
    for at in count():
        config = {name: Knob(table["knobs"][name]["kind"], values[at]) for name, values in knobs.items()}
        yield Decisions(config, table.get("form"), extents)


def _values(column: dict[str, Any], trials: int) -> list[tuple[Scalar, ...]]:
    if "parts" in column:
        parts = [_at(values, at) for values, at in column["parts"]]
        found: list[tuple[Scalar, ...]] = [*zip(*parts, strict=True)] if parts else [()] * trials
    else:
        found = _at([*map(tuple, column["values"])], column["at"])
    if len(found) != trials:
        raise ValueError("a column of another length")
    return found


def _at(values: Sequence[_ValueT], places: str) -> list[_ValueT]:
    return [*map(values.__getitem__, map(_VALUE.__getitem__, places))]
