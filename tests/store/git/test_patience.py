"""Whoever waits for a silent process looks at why, again and again, and has all that it says in the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tvmgitlib.store.git import patience


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST", 0.02)


def started(script: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(["sh", "-c", script], stdin=pipe, stdout=pipe, stderr=pipe)


def refusing() -> Callable[[], None]:
    def look() -> None:
        raise RuntimeError("a pipe")

    return look


def test_a_process_that_takes_its_time_is_heard_to_the_end() -> None:
    looks: list[None] = []
    given = b"given" * 100_000
    with started("sleep 0.3; cat; echo said >&2") as process:
        assert patience.communicate(process, given, None, lambda: looks.append(None)) == (given, b"said\n")
    assert len(looks) >= 2


def test_it_is_given_no_longer_than_it_has() -> None:
    with started("exec sleep 60") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            patience.communicate(process, b"", 0.1, lambda: None)
        process.kill()


def test_what_is_found_is_raised_to_whoever_waits() -> None:
    with started("exec sleep 60") as process:
        with pytest.raises(RuntimeError, match="a pipe"):
            patience.communicate(process, b"", None, refusing())
        process.kill()


def test_what_is_found_is_raised_to_whoever_reads() -> None:
    looks: list[None] = []
    with started("sleep 0.3; echo said; exec sleep 60") as process:
        patience.patiently(process, lambda: looks.append(None))
        assert process.stdout is not None
        assert process.stdout.readline() == b"said\n"
        assert len(looks) >= 2
        process.kill()
        assert process.stdout.read() == b""
    with started("exec sleep 60") as process:
        patience.patiently(process, refusing())
        assert process.stdout is not None
        with pytest.raises(RuntimeError, match="a pipe"):
            process.stdout.read()
        process.kill()
