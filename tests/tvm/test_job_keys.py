"""Whose interrupted job a live job takes up."""

from __future__ import annotations

import json
from collections.abc import Callable
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


def line(workload: str, config: int) -> str:
    """A trial as AutoTVM logs it."""
    told = {"input": [TARGET, workload, [8], {}], "result": [[1e-3], 0, 0.5, 1.6e9], "version": 0.2}
    return json.dumps({**told, "config": {"index": config, "code_hash": None, "entity": [["tile", "ot", config]]}})


def test_what_was_interrupted_under_one_key_is_no_part_of_anothers_commit(
    library: ConfigLibrary, git: Callable[..., str]
) -> None:
    resnet: Any = library.job(TARGET, platform="box", key="resnet")
    with pytest.raises(KeyboardInterrupt), resnet:
        resnet.append([line("conv", 1)])
        raise KeyboardInterrupt
    with library.job(TARGET, platform="box", key="bert") as bert:
        bert.append([line("dense", 1)])
    with library.job(TARGET, platform="box", key="resnet") as resumed:
        resumed.append([line("conv", 2)])
    assert (resumed.id, resumed.resumed) == (resnet.id, True)
    assert [entry.job for entry in library.log()] == [resnet.id, bert.id]
    assert "Key: resnet." in git(library.path, "log", "-1", "--format=%B")
    assert "Key: bert." in git(library.path, "log", "-1", "--format=%B", "HEAD~")
    library.revert(resnet.id)
    assert [effort.jobs for effort in library.trials()] == [(bert.id,)]
