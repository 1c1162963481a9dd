"""Validation against the JSON Schemas in `schema/v1`, which ship inside the package.

`jsonschema-rs` says yes or no in microseconds; only a document that it refuses is looked at by `jsonschema`, whose
messages are for people.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from tvmgitlib.errors import RecordError

if TYPE_CHECKING:
    from importlib.abc import Traversable

_VERSION = "v1"


def schema_folder() -> Traversable:
    """The folder of the schemas: inside an installed package, beside it in a checkout."""
    inside = resources.files("tvmgitlib") / "schema" / _VERSION
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "schema" / _VERSION


@cache
def _schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return document


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema(name))


def check(document: Any, name: str, *, within: str | None = None) -> None:
    """Check a parsed document against the schema called `name`.

    Args:
        document: what was parsed.
        name: the schema's name.
        within: the field that holds the document, for messages.

    Raises:
        RecordError: naming the field and what is wrong with it.
    """
    if not _validator(name).is_valid(document):
        raise _explain(document, name, [within] if within else [])


def _explain(document: Any, name: str, within: list[str | int]) -> RecordError:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(_schema(name)).iter_errors(document))
    if error is None:  # the two validators disagree: still refused, without words
        return RecordError(f"not valid by schema/{_VERSION}/{name}.json")
    return RecordError(_shorten(error.message), field=_field([*within, *error.absolute_path]) or None)


def _field(path: list[str | int]) -> str:
    field = ""
    for part in path:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else part
    return field


def _shorten(message: str, most: int = 300) -> str:
    return message if len(message) <= most else f"{message[: most // 2]} ... {message[-most // 2 :]}"
