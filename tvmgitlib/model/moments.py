"""Moments as the library writes them: ISO 8601 in UTC, such as `2026-11-22T13:44:05.123Z`."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_text(seconds: float) -> str:
    """A Unix time in seconds, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_utc(text: str) -> datetime:
    """The moment that a text says, with or without a fraction of a second.

    Raises:
        ValueError: it says none.
    """
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc)
