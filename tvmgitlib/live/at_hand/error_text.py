"""What an error comes down to, in one line."""

from __future__ import annotations

import re

#: Where in its own source TVM raised an error, as it says before the error, with a time or without.
_PLACE = re.compile(r"(?:\[\d\d:\d\d:\d\d\] )?\S+\.(?:cc|cpp|cu|h|hpp|py|pyx|pxi):\d+: ")


def last_line(error: object) -> str:
    """The last line of an error, or of what TVM says of one: TVM puts its stack before it.

    Args:
        error: the error, which is said with its kind, or a text.
    """
    text = str(error.msg if isinstance(error, SyntaxError) else error)
    last = _PLACE.sub("", next((line.strip() for line in reversed(text.splitlines()) if line.strip()), ""), count=1)
    if not isinstance(error, BaseException):
        return last or "TVM does not say why"
    kind = type(error).__name__
    said = last.removeprefix(f"{kind}: ")
    return f"{kind}: {said}" if said else kind
