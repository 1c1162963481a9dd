"""Configs of several forms in one space: what a knob decides depends on the instructions that it is a knob of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from tvmgitlib.model import Config, Decisions, Json, Knob, canonical_json

#: The knob that says which form.
_FORM: Final = "form"


def form_id(form: Json) -> str:
    """What names a form: 16 hex digits."""
    return hashlib.sha256(canonical_json(form).encode()).hexdigest()[:16]


def with_form(decisions: Decisions) -> tuple[Config, Mapping[str, int]]:
    """Decisions as a config among those of other forms, and the lengths of its axes; as they are without a form."""
    if decisions.form is None:
        return decisions.config, decisions.extents
    form = form_id(decisions.form)
    config = {f"{form}/{name}": knob for name, knob in decisions.config.items()}
    extents = {f"{form}/{name}": extent for name, extent in decisions.extents.items()}
    return {_FORM: Knob("choice", (form,)), **config}, extents


def without_form(config: Config) -> tuple[str | None, Config]:
    """Undo `with_form`: the id of the form, and the knobs as it calls them."""
    if _FORM not in config:
        return None, config
    form = str(config[_FORM].value[0])
    return form, {name.partition("/")[2]: knob for name, knob in config.items() if name != _FORM}
