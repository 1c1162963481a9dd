from __future__ import annotations

import pytest

from tvmgitlib.cli.terminal import progress
from tvmgitlib.model import counted, rough


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (12, "12 s"), (99.4, "99 s"), (150, "2 min"), (7800, "2 h 10 min")]
)
def test_a_time_to_wait_is_rough(seconds: float, words: str) -> None:
    assert rough(seconds) == words


def test_the_time_left_is_told_at_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(100))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    monkeypatch.setenv("COLUMNS", "40")
    with progress.shown(), progress.shown():
        assert list(counted("checking the 漢字 jobs", range(4), 4, every=1)) == [0, 1, 2, 3]
    lines = [line.strip() for line in capsys.readouterr().err.split("\r") if line.strip()]
    assert lines == [
        "checking the 漢字 jobs: 0 of 4",
        "checking the 漢字 jobs: 1.. 4, 3 s left",
        "checking the 漢字 jobs: 2.. 4, 2 s left",
        "checking the 漢字 jobs: 3.. 4, 1 s left",
    ]


def test_where_nobody_looks_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown():
        list(counted("checking", range(4), 4, every=1))
    assert capsys.readouterr().err == ""
