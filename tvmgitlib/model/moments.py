"""Moments as the library writes them: ISO 8601 in UTC, such as `2026-11-22T13:44:05.123Z`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

#: How far the clocks of two machines may be apart: what is later than that from now is no moment yet.
CLOCK_SKEW: Final = timedelta(days=1)


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


def moment_of(text: str) -> datetime | None:
    """The moment that a date in the format of ISO 8601 says, in UTC; None where that is none.

    Git says the date of a commit as it finds it, which may be forged: nothing, or a year that Python has not.
    """
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


_AGE = r"([0-9]{1,7})([wdhm])"

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


def read_age(text: str) -> timedelta:
    """An age such as `26w`, `180d`, `12h` or `90m`: weeks, days, hours, minutes.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(_AGE, text)
    if match is None:
        raise ValueError(f"{text!r} is no age such as 26w, 180d, 12h or 90m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_since(text: str, now: datetime) -> datetime:
    """The moment that a text names: an age before now (see `read_age`), or a date such as `2026-11-22`, in UTC.

    Raises:
        ValueError: it names none.
    """
    try:
        return moment_of(text) or now - read_age(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no age such as 26w, 180d, 12h or 90m, and no date as 2026-11-22") from None
