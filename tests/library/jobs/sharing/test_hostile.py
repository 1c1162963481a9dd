"""What others put under the refs of shared jobs is believed in nothing, and stops nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, OpenJob
from tvmgitlib.library.jobs.sharing.shared_job import parse_shared
from tvmgitlib.model import JobError, TvmgitlibError

Git = Callable[..., str]
Claims = Callable[[], list[str]]
Start = Callable[..., OpenJob]


@pytest.fixture
def forge(library: ConfigLibrary, remote: Path, start: Start, claims: Claims, git: Git, tmp_path: Path) -> Any:
    """Put something else under the claim of a job that is free to be taken: `forge({"logs/x": b""}, author="x")`.

    Args are files to add; and what to change in what the job was told, where a name with a dot is of the whole.
    """

    def put(files: dict[str, bytes], **told: Any) -> str:
        start(library)
        (name,) = claims()
        copy = tmp_path / "forging"
        git(tmp_path, "clone", "--quiet", "--no-checkout", str(remote), str(copy))
        git(copy, "fetch", "--quiet", "origin", f"refs/tvmgitlib/wip/{name}")
        git(copy, "checkout", "--quiet", "FETCH_HEAD")
        document = json.loads((copy / "job.json").read_text())
        document["state"] = "left"
        for field, value in told.items():
            (document if field in document else document["job"])[field] = value
        (copy / "job.json").write_text(json.dumps(document))
        for path, content in files.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(content)
        git(copy, "add", "--all", "--force")
        git(copy, "commit", "--quiet", "-m", "forged")
        git(copy, "push", "--quiet", "--force", str(remote), f"HEAD:refs/tvmgitlib/wip/{name}")
        return name

    return put


def refuses(library: ConfigLibrary, why: str) -> None:
    """Nothing of it is taken, and nothing else is harmed."""
    with pytest.raises(TvmgitlibError, match=why):
        library.take_over_job("resnet")
    assert library.open_jobs() == []
    assert not [
        path for path in (library.path / ".git" / "tvmgitlib").rglob("*") if path.is_dir() and path.name != "jobs"
    ]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"logs/tuning.log/000001": b"1\n"}, "this is no part of a log"),
        ({"logs/tuning.log/x": b"1\n"}, "this is no part of a log"),
        ({"logs/work_dir/other.json/000000": b"1\n"}, "this is no part of a log"),
        ({"logs/live.lock/000000": b""}, "this is no part of a log"),
        ({"logs/job.json/000000": b"{}\n"}, "this is no part of a log"),
        ({"logs/tuning.log/000000": b"x" * (1 << 18) + b"\n"}, "256 KiB are the most"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_files_that_no_job_has(forge: Any, other: ConfigLibrary, files: dict[str, bytes], why: str) -> None:
    forge(files)
    refuses(other, why)


SPEC = {"kind": "tune", "target": None, "platform": None, "facts": {}, "tvm": None, "tuner": None, "options": {}}
TOLD = {
    "format": 1,
    "machine": "box",
    "renewed": "2026-01-01T00:00:00Z",
    "state": "open",
    "trials": 1,
    "job": {
        "id": "0" * 16,
        "started": "2026-01-01T00:00:00Z",
        "author": "A <a@b>",
        **SPEC,
        "keep_history": False,
        "complete_target": None,
        "key": "resnet",
        "share": 600,
        "where": "here",
        "here": None,
    },
    "notes": {f"{name}.jsonl": [] for name in ("exhausted", "baselines", "tuners", "described")},
}


def test_what_a_job_can_be_told() -> None:
    assert parse_shared(json.dumps(TOLD).encode()).job.spec.key == "resnet"


@pytest.mark.parametrize(
    "told",
    [
        {"format": 2},
        {"renewed": "yesterday"},
        {"renewed": "2026-99-01T00:00:00Z"},
        {"machine": "x" * 300},
        {"trials": -1},
        {"notes": {}},
        {"id": "../../../../etc"},
        {"kind": "revalidate"},
        {"started": "2026-01-32T00:00:00Z"},
        {"share": 1e-400},
        {"target": "-x"},
        {"platform": "../x"},
        {"author": "a\nb"},
        {"where": "unsaid"},
        {"here": {"name": "a/b", "facts": {}}},
        {"key": None},
        {"key": ""},
        {"more": 1},
        {"facts": []},
        {"tvm": "0.16"},
        {"notes": {**TOLD["notes"], "exhausted.jsonl": [["x"]]}},
        {"notes": {**TOLD["notes"], "baselines.jsonl": [["a", "b", "c", "", 0]]}},
        {"notes": {**TOLD["notes"], "../x": []}},
    ],
    ids=str,
)
def test_what_no_job_is_told(told: dict[str, Any]) -> None:
    document = json.loads(json.dumps(TOLD))
    for field, value in told.items():
        (document if field in document else document["job"])[field] = value
    with pytest.raises(TvmgitlibError):
        parse_shared(json.dumps(document).encode())


def test_a_job_of_another_claim_is_named_and_stops_nobody(
    forge: Any, other: ConfigLibrary, caplog: pytest.LogCaptureFixture, start: Start
) -> None:
    name = forge({}, key="another")
    refuses(other, "no job of 'resnet' is shared")
    assert f"refs/tvmgitlib/wip/{name} of origin is no open job, and is left out" in caplog.text
    assert other.shared_jobs() == []
    with pytest.raises(JobError, match=f"holds something in refs/tvmgitlib/wip/{name} that is no open job"):
        start(other)
    assert other.open_jobs() == []


def test_what_is_no_commit_of_a_job_is_named(
    library: ConfigLibrary, remote: Path, git: Git, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("x", "a/b", "resnet-0123456789ab", "-o"):
        git(remote, "update-ref", f"refs/tvmgitlib/wip/{name}", "main")
    assert library.shared_jobs() == []
    assert caplog.text.count("is no open job, and is left out") == 4
    with pytest.raises(JobError, match="no job is shared"):
        library.take_over_job()


def test_a_link_in_the_place_of_a_log_is_not_followed(
    forge: Any, library: ConfigLibrary, other: ConfigLibrary, remote: Path, git: Git, tmp_path: Path
) -> None:
    name = forge({})
    copy = tmp_path / "forging"
    (copy / "logs" / "tuning.log").mkdir(parents=True)
    (copy / "logs" / "tuning.log" / "000000").symlink_to("/etc/passwd")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "-m", "forged")
    git(copy, "push", "--quiet", str(remote), f"HEAD:refs/tvmgitlib/wip/{name}")
    refuses(other, "a symbolic link where the library holds plain files only")
