"""Validation against JSON Schemas: those in `schema/v1`, which ship inside the package, and the families'.

`jsonschema-rs` says yes or no in microseconds; only a document that it refuses is looked at by `jsonschema`, which says
what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from tvmgitlib.families import Family, family
from tvmgitlib.families.shipped import shipped_schema
from tvmgitlib.format.schema.narrowing import narrowed
from tvmgitlib.format.schema.words import in_words
from tvmgitlib.model import FamilyError, RecordError

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

#: How much of a key a message shows, in characters.
_NAME = 80


def check(document: Any, name: str, *, within: str | None = None) -> None:
    """Check a parsed document of the library's own against the schema called `name`.

    Args:
        document: what was parsed.
        name: the schema's name.
        within: the field that holds the document, for messages.

    Raises:
        RecordError: naming the field and what is wrong with it.
    """
    validator = _validator(name)
    if not validator.is_valid(document):
        raise _explain(document, validator.is_valid, shipped_schema(name), name, [within] if within else [])


def check_record(document: Any, of: Family) -> None:
    """Check a parsed record against the schema of its family.

    Raises:
        RecordError: naming the field and what is wrong with it.
        FamilyError: the schema is none.
    """
    validator = _record_validator(of.name)
    if not validator.is_valid(document):
        raise _explain(document, validator.is_valid, of.schema(), of.name, [])


@cache
def _validator(name: str) -> Draft202012Validator:
    return _made(shipped_schema(name))


@cache
def _record_validator(name: str) -> Draft202012Validator:
    try:
        return _made(family(name).schema())
    except (TypeError, ValueError) as error:
        raise FamilyError(f"the schema of the tuner family {name!r} is no JSON Schema: {error}") from None


def _made(schema: dict[str, Any]) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema)


def _explain(
    document: Any, is_valid: Callable[[Any], bool], schema: dict[str, Any], name: str, within: list[str | int]
) -> RecordError:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    shown, taken = narrowed(document, is_valid)
    error = best_match(Draft202012Validator(schema).iter_errors(shown))
    if error is None:  # the two validators disagree: still refused, without words
        return RecordError(f"not valid by the schema {name}.json")
    path = tuple(error.absolute_path)
    here = [part + taken.get(path[:at], 0) if isinstance(part, int) else part for at, part in enumerate(path)]
    if shown is not document:
        error.instance = reduce(lambda value, step: value[step], here, document)
    return RecordError(in_words(error), field=_field([*within, *here]) or None)


def _field(path: list[str | int]) -> str:
    field = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else part if len(part) <= _NAME else f"{part[:_NAME]}..."
        field += name if isinstance(part, int) or not field else f".{name}"
    return field
