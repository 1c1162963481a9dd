"""The names of a task's measurements as bytes, 64 bits each, and as text: base64 of these."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from itertools import pairwise


def pack_sample(sample: Sequence[int]) -> bytes:
    """The names, 8 bytes each, big-endian."""
    return struct.pack(f">{len(sample)}Q", *sample)


def unpack_sample(raw: bytes) -> tuple[int, ...]:
    """Undo `pack_sample`."""
    return struct.unpack(f">{len(raw) // 8}Q", raw)


def encode_sample(sample: Sequence[int]) -> str:
    """Base64 of the names as `pack_sample` gives them."""
    return base64.b64encode(pack_sample(sample)).decode()


def decode_sample(text: str) -> tuple[int, ...]:
    """Undo `encode_sample`.

    Raises:
        ValueError: when the text is not base64 of ascending 8-byte names.
    """
    raw = base64.b64decode(text, validate=True)
    if len(raw) % 8:
        raise ValueError("not a whole number of 8-byte names")
    sample = unpack_sample(raw)
    if any(a >= b for a, b in pairwise(sample)):
        raise ValueError("names are not ascending")
    return sample
