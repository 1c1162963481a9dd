"""The names of a task's measurements as text: base64 of 64 bits each."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from itertools import pairwise


def encode_sample(sample: Sequence[int]) -> str:
    """Base64 of the names, 8 bytes each, big-endian."""
    return base64.b64encode(struct.pack(f">{len(sample)}Q", *sample)).decode()


def decode_sample(text: str) -> tuple[int, ...]:
    """Undo `encode_sample`.

    Raises:
        ValueError: when the text is not base64 of ascending 8-byte names.
    """
    raw = base64.b64decode(text, validate=True)
    if len(raw) % 8:
        raise ValueError("not a whole number of 8-byte names")
    sample = struct.unpack(f">{len(raw) // 8}Q", raw)
    if any(a >= b for a, b in pairwise(sample)):
        raise ValueError("names are not ascending")
    return sample
