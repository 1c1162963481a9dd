"""What a JSON Schema refuses, in words for the person whose file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tvmgitlib.model import canonical_json, listed

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TYPES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object with keys",
    "boolean": "true or false",
    "null": "null",
}

#: How much of a value a message shows, in characters.
_VALUE: Final = 80

#: A description that begins so says what a field is: it is a sentence's subject.
_NAMED: Final = "the "


def in_words(error: ValidationError) -> str:
    """What is wrong with a document: `the task's name has to be text, it is 7`.

    Fields are called what the schema's `description` calls them, where that begins with `the`; what a pattern stands
    for is the `title` beside it.
    """
    schema = error.schema if isinstance(error.schema, dict) else {}
    wanted: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "required":
        lacking = next((name for name in wanted if name not in value), "")
        named = _subject(schema.get("properties", {}).get(lacking), "")
        return f"it lacks {_shown(lacking)}" + (f", {named}" if named else "")
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        unknown = [name for name in value if name not in schema.get("properties", {}) and not name.startswith("x-")]
        return f"there is no such key as {listed(map(_shown, unknown)) or 'this'}"
    if error.validator in _LEAST and not value:
        return f"{_subject(schema, 'it')} is empty"
    if error.validator in ("anyOf", "oneOf"):
        each = (_wanted(str(one.validator), one.validator_value, one.schema) for one in error.context or ())
        what = " or ".join(dict.fromkeys(filter(None, each))) or None
    else:
        what = _wanted(str(error.validator), wanted, schema)
    if what is None:  # a schema of another package may use whatever there is
        return error.message
    return f"{_subject(schema, 'it')} has to be {what}, it is {_described(str(error.validator), value)}"


_LEAST: Final = frozenset(("minLength", "minItems", "minProperties"))


def _subject(schema: Any, otherwise: str) -> str:
    said = schema.get("description", "") if isinstance(schema, dict) else ""
    return said.partition(";")[0].partition(":")[0] if said.startswith(_NAMED) else otherwise


def _wanted(keyword: str, wanted: Any, schema: Any) -> str | None:
    """What a value has to be by a keyword; None for a keyword that has no words here."""
    match keyword, wanted:
        case "type", [*types]:
            return " or ".join(_TYPES[each] for each in types)
        case "type", str():
            return _TYPES[wanted]
        case "const", _:
            return _shown(wanted)
        case "enum", [*values]:
            return " or ".join(_shown(each) for each in values)
        case "pattern", _:
            return str(schema.get("title", f"of the form {wanted}"))
    phrase = _AMOUNTS.get(keyword)
    return phrase.format(wanted) if phrase is not None else None


_AMOUNTS: Final = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "{} characters long or longer",
    "maxLength": "{:,} characters long or shorter",
    "minItems": "a list of {} or more",
    "maxItems": "a list of {} or fewer",
}


def _described(keyword: str, value: Any) -> str:
    """A value, or what counts about it."""
    match keyword:
        case "minLength" | "maxLength" if value:
            return f"{len(value):,}"
        case "minItems" | "maxItems" if value:
            return f"one of {len(value):,}"
    return _shown(value)


def _shown(value: Any) -> str:
    """A value as JSON, shortened."""
    text = canonical_json(value)
    return text if len(text) <= _VALUE else f"{text[: _VALUE // 2]} ... {text[-_VALUE // 2 :]}"
