"""Text for people: aligned columns, times in readable units."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: str = "") -> str:
    """Rows as aligned columns.

    Args:
        rows: the cells; every row has as many.
        right: the columns that are aligned to the right.
        indent: what every line begins with.
    """
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """A time with three to four digits: `84.21 us`, `1.27 ms`, `2.40 s`."""
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * scale:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds:.2f} s"


def shorten(text: str, most: int = 100) -> str:
    """A text of at most `most` characters, its middle left out."""
    return text if len(text) <= most else f"{text[: most // 2 - 2]} .. {text[-most // 2 + 2 :]}"
