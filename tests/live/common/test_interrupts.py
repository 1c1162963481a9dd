"""Interrupts that come while C++ is at work, which is played here: only TVMs with Relay lose them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from tvmgitlib.live.common import holding
from tvmgitlib.live.common.interrupts import InterruptionError


@pytest.fixture(autouse=True)
def old_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tvm._ffi", ModuleType("tvm._ffi"))


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """A test that runs in the background is deaf to SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_waits_for_whom_it_can_be_told() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), holding() as held:
        signal.raise_signal(signal.SIGINT)
        assert isinstance(held.error, KeyboardInterrupt)
        with pytest.raises(InterruptionError):
            held.heed()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_fails_meanwhile_is_not_what_comes_out() -> None:
    with pytest.raises(KeyboardInterrupt), holding():
        signal.raise_signal(signal.SIGINT)
        raise RuntimeError("as TVM calls it")


def test_what_waits_is_interrupted_at_once_by_what_cpp_lets_through() -> None:
    with pytest.raises(KeyboardInterrupt), holding() as held:
        with pytest.raises(InterruptionError), held.waiting():
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it went on")
        with pytest.raises(InterruptionError), held.waiting():
            pytest.fail("it began")


def test_a_handler_that_raises_nothing_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with holding() as held:
            signal.raise_signal(signal.SIGTERM)
            held.heed()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_nothing_is_held_where_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tvm._ffi")
    with pytest.raises(KeyboardInterrupt), holding():
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it was held")


def test_a_thread_hears_no_signals_and_holds_none() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[object] = []

    def inside() -> None:
        with holding():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [before]
