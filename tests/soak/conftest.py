"""How much to soak, by which chance, and what came of it.

`TVMGITLIB_SOAK=0.01` does a hundredth of everything. `TVMGITLIB_SEED` repeats the random numbers of an earlier run: a
test that fails has said its own.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

_COUNTED = "soaked"


@pytest.fixture
def amount() -> Callable[[int], int]:
    """How many of something to do: `amount(1_000)`, where that is what the whole soak does."""
    share = float(os.environ.get("TVMGITLIB_SOAK", "1"))
    return lambda whole: max(1, round(whole * share))


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """The random numbers of a test."""
    seed = os.environ.get("TVMGITLIB_SEED") or str(secrets.randbelow(10**9))
    print(f"TVMGITLIB_SEED={seed} repeats this")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What a test has done, by what it was: `counted["lines"] += 1`. The run's last lines tell the sums."""
    counts: Counter[str] = Counter()
    yield counts
    request.node.user_properties.append((_COUNTED, (request.node.originalname, dict(counts))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    sums: dict[str, Counter[str]] = {}
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ():
            if name == _COUNTED:
                sums.setdefault(value[0], Counter()).update(value[1])
    for test, counts in sorted(sums.items()):
        terminalreporter.write_line(f"{test}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
