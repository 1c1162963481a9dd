"""Whose interrupted job a live job takes up."""

from __future__ import annotations

from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"


def interrupted(library: ConfigLibrary, key: str | None) -> str:
    """The id of a job that was begun, or taken up, and interrupted."""
    job: Any = library.job(TARGET, platform="box", key=key).__enter__()
    job.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    return str(job.id)


def test_an_interrupted_job_is_taken_up_under_its_key_alone(
    library: ConfigLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    resnet, bert, plain = (interrupted(library, key) for key in ("resnet", "bert", None))
    assert len({resnet, bert, plain}) == 3
    said = [message for message in caplog.messages if message.endswith(" resumes it")]
    assert ["the same key, target" in message for message in said] == [True, True, False]
    assert f"job {resnet}" in caplog.text
    assert "was interrupted under the key 'resnet', so it is not resumed" in caplog.text
    caplog.clear()
    assert [interrupted(library, key) for key in ("resnet", "bert", None)] == [resnet, bert, plain]
    assert "was interrupted under no key, so it is not resumed" in caplog.text
    assert [job.spec.key for job in library.open_jobs()] == ["resnet", "bert", None]
