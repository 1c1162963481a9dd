"""Logs that are appended to: whole lines on the disk, whatever a kill left before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tvmgitlib.library.jobs import append_lines

WHOLE = b'{"a": 1}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b""),
        (b"", b""),
        (WHOLE, WHOLE),
        (WHOLE + b'{"a": ', WHOLE),
        (b'{"a": ', b""),
        (WHOLE + b'{"a": 2}', WHOLE + b'{"a": 2}\n'),
        (WHOLE + b'{"a": "' + b"x" * 200_000, WHOLE),
        (WHOLE + b"# a comm", WHOLE + b"# a comm\n"),
    ],
    ids=["no file", "empty", "whole", "cut off", "only a cut-off line", "no line end", "cut off and long", "comment"],
)
def test_lines_follow_whole_lines(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    log = tmp_path / "log"
    if before is not None:
        log.write_bytes(before)
    append_lines(log, ['{"b": 1}', '{"b": 2}'])
    append_lines(log, ['{"b": "ü"}'])
    assert log.read_bytes() == after + '{"b": 1}\n{"b": 2}\n{"b": "ü"}\n'.encode()


def test_nothing_stays_of_lines_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.write_bytes(WHOLE)

    def full(file: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        append_lines(log, ['{"b": 1}'])
    assert log.read_bytes() == WHOLE
