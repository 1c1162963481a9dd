"""The one canonical spelling of a JSON value: sorted keys, no spaces, UTF-8, no NaN."""

from __future__ import annotations

import json
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"


def canonical_json(value: object) -> str:
    """The text that stands for `value` wherever two values are compared or hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
