"""Who has a claim, when it is free, and that only one of many gets it."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tvmgitlib import ConfigLibrary, JobSpec, OpenJob, TvmVersion
from tvmgitlib.library.jobs import Heartbeat
from tvmgitlib.library.jobs.sharing import taking
from tvmgitlib.library.jobs.sharing.claims import claim_name
from tvmgitlib.library.jobs.sharing.held import sightings
from tvmgitlib.model import TakenError
from tvmgitlib.store import Snapshot

Git = Callable[..., str]
Claims = Callable[[], list[str]]
Start = Callable[..., OpenJob]

SPEC = JobSpec(target="llvm -mcpu=haswell", platform="box", key="ResNet 50/v2!", share=600)


def test_a_name_is_safe_and_of_what_is_tuned() -> None:
    assert claim_name(SPEC) == "resnet-50-v2-" + claim_name(SPEC)[-12:]
    assert claim_name(replace(SPEC, key="../..")).startswith("job-")
    assert len(claim_name(replace(SPEC, key="x" * 1000))) == 40 + 1 + 12
    same = [{"share": 60}, {"tuner": "xgb"}, {"options": {"a": 1}}, {"target": "llvm  -mcpu=haswell"}]
    others = [
        {"key": "resnet 50/v2!"},
        {"platform": "board"},
        {"target": "llvm -mcpu=skylake"},
        {"facts": {"fan": True}},
        {"tvm": TvmVersion("apache-tvm", "0.27.0")},
    ]
    assert {claim_name(replace(SPEC, **told)) for told in same} == {claim_name(SPEC)}
    assert len({claim_name(replace(SPEC, **told)) for told in [{}, *others]}) == 1 + len(others)


def test_what_a_clone_sees_renewed_is_as_old_as_it_saw_it(tmp_path: Path) -> None:
    first = sightings(tmp_path / "tvmgitlib", {"a": "1", "b": "1"}, whole=True)
    assert not first["a"].has_moved
    assert sightings(tmp_path / "tvmgitlib", {"a": "1"}, whole=False)["a"] == first["a"]
    moved = sightings(tmp_path / "tvmgitlib", {"a": "2", "b": "1"}, whole=True)
    assert (moved["a"].has_moved, moved["b"]) == (True, first["b"])
    assert moved["a"].since >= first["a"].since
    assert sightings(tmp_path / "tvmgitlib", {}, whole=True) == {}
    assert not sightings(tmp_path / "tvmgitlib", {"a": "2"}, whole=True)["a"].has_moved


def test_a_clock_that_is_behind_makes_nobody_stale_who_is_seen_to_go_on(
    library: ConfigLibrary, other: ConfigLibrary, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    monkeypatch.setattr("tvmgitlib.library.jobs.sharing.shared_job.time.time", lambda: now() - 7200)
    job = start(library)
    monkeypatch.undo()
    assert [claim.is_free for claim in other.shared_jobs()] == [True]  # all that there is to go by
    monkeypatch.setattr("tvmgitlib.library.jobs.sharing.shared_job.time.time", lambda: now() - 7200)
    library.renew_job(job.id)
    monkeypatch.undo()
    assert [claim.is_free for claim in other.shared_jobs()] == [False]


def test_a_job_is_renewed_beside_and_what_goes_wrong_is_said_once(
    library: ConfigLibrary, other: ConfigLibrary, start: Start, git: Git, remote: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = start(library, share=0.05)
    seen = {other.shared_jobs()[0].commit}
    heartbeat = Heartbeat(library._view.writable, job).start()
    while len(seen) < 3:
        seen.add(other.shared_jobs()[0].commit)
    git(library.path, "remote", "set-url", "origin", "/nowhere")
    while "cannot be told" not in caplog.text:
        time.sleep(0.01)
    for _ in range(3):
        assert heartbeat.beat()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    git(library.path, "remote", "set-url", "origin", remote.as_uri())
    heartbeat.stop("left")
    assert [(claim.shared.state, claim.is_free) for claim in other.shared_jobs()] == [("left", True)]


def test_a_renewal_asks_nobody_for_a_signature(library: ConfigLibrary, start: Start, git: Git) -> None:
    git(library.path, "config", "commit.gpgSign", "true")
    git(library.path, "config", "gpg.program", "false")
    start(library)
    library.renew_job()


_RACE = """
import sys, time
from pathlib import Path
from tvmgitlib import ConfigLibrary, TakenError
library, key, ready = ConfigLibrary(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
(ready / library.path.name).touch()
while not (ready / "go").exists():
    time.sleep(0.001)
try:
    print(library.begin_job("llvm -mtriple=x86_64-linux-gnu", platform="box", key=key, share=600).id)
except TakenError as error:
    assert error.exit_code == 75
    assert not library.open_jobs()
    print("taken")
"""


def race(git: Git, remote: Path, tmp_path: Path, racers: int, keys: int) -> dict[str, list[str]]:
    """Let clones begin jobs at once; what came of it, by key."""
    ready = tmp_path / "ready"
    ready.mkdir()
    running = []
    for number in range(racers):
        clone = tmp_path / f"clone{number}"
        git(tmp_path, "clone", "--quiet", remote.as_uri(), str(clone))
        command = [sys.executable, "-c", _RACE, str(clone), f"model{number % keys}", str(ready)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    while len(list(ready.iterdir())) < racers:
        assert all(process.poll() is None for process in running)
        time.sleep(0.01)
    (ready / "go").touch()
    came: dict[str, list[str]] = {}
    for number, process in enumerate(running):
        said, _ = process.communicate()
        came.setdefault(f"model{number % keys}", []).append(said.strip())
    return came


@pytest.mark.slow
@pytest.mark.parametrize(("racers", "keys"), [(4, 1), pytest.param(16, 5, marks=pytest.mark.soak)])
def test_of_many_who_want_one_thing_one_gets_it(
    library: ConfigLibrary, remote: Path, claims: Claims, git: Git, tmp_path: Path, racers: int, keys: int
) -> None:
    came = race(git, remote, tmp_path, racers, keys)
    winners = {key: [said for said in of if said != "taken"] for key, of in came.items()}
    assert {key: len(won) for key, won in winners.items()} == dict.fromkeys(came, 1)
    assert all(len(won[0]) == 16 for won in winners.values())
    assert len(claims()) == keys
    assert {claim.shared.job.id for claim in library.shared_jobs()} == {won[0] for won in winners.values()}


def test_who_comes_back_while_another_takes_over_keeps_the_job(
    library: ConfigLibrary, other: ConfigLibrary, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(library, stale=True)
    written = taking.write_logs

    def overtaken(snapshot: Snapshot, job: OpenJob) -> None:
        written(snapshot, job)
        monkeypatch.setattr(taking, "write_logs", written)
        library.renew_job()  # it is back, in the moment before the other one says that it takes over

    monkeypatch.setattr(taking, "write_logs", overtaken)
    with pytest.raises(TakenError):
        other.take_over_job()
    assert other.open_jobs() == []
    library.renew_job()
