"""What an archive brings along in a Git directory, or a shared disk: nothing there says what is believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import Condemned, ConfigLibrary, JobError
from tvmgitlib._version import __version__
from tvmgitlib.library.outlines.database import Database
from tvmgitlib.library.outlines.updating import bring

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture
def brought(library: ConfigLibrary, make_log: MakeLog) -> ConfigLibrary:
    """A library of one job."""
    library.import_logs(make_log("dense", [1e-3, 2e-3]), platform="box")
    return library


def index_in(library: ConfigLibrary) -> Database:
    """A reading index of a library, as its author put it into the Git directory."""
    state = library.path / ".git" / "tvmgitlib"
    state.mkdir(exist_ok=True)
    index = Database.open(state / "index.sqlite")
    with library._view.repository.snapshot(library.commit) as snapshot:
        entry = snapshot.entry("jobs")
        assert entry is not None
        return bring(index, snapshot, entry.oid)


def test_an_index_that_lacks_a_job_hides_nothing(brought: ConfigLibrary) -> None:
    job = brought.invalidate(Condemned(job=brought.log()[0].job), "it was hot").job
    index = index_in(brought)
    with index.changing():
        index.remove([str(job)])
    index.close()
    assert job in {entry.job for entry in ConfigLibrary(brought.path).log()}


def test_a_signature_that_somebody_says_was_proven_is_none(
    brought: ConfigLibrary, make_log: MakeLog, git: Git, sign: Callable[[Path, str], str]
) -> None:
    key = sign(brought.path, "tess")
    signed = brought.import_logs(make_log("conv", [1e-3]), platform="box").job
    git(brought.path, "config", "tvmgitlib.sign", "none")
    forged = str(brought.import_logs(make_log("dense", [1e-9]), platform="box").job)
    (signature,) = brought.path.glob("jobs/*/*.sig")
    copy = brought.path / "jobs" / forged[:2] / signature.name.replace(str(signed), forged)
    shutil.copy(signature, copy)
    git(brought.path, "add", "jobs")
    git(brought.path, "commit", "-q", "-m", "by hand")
    blobs = [
        git(brought.path, "rev-parse", f"HEAD:jobs/{forged[:2]}/{name}").strip()
        for name in (f"{forged}.jsonl", copy.name)
    ]
    index = index_in(brought)
    with index.changing():
        index.add_keys([(blobs[0], blobs[1], key)])
    index.close()
    signers = {entry.job: [signer.key for signer in entry.signers] for entry in ConfigLibrary(brought.path).log()}
    assert (signers[signed], signers[forged]) == ([key], [])


def test_a_library_that_somebody_says_was_proven_is_proven(brought: ConfigLibrary, git: Git) -> None:
    (segment,) = brought.path.glob("jobs/*/*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b"0.001", b"0.003"))
    git(brought.path, "commit", "-q", "-am", "by hand")
    proof = sha256(f"{__version__}\n{brought.commit}\n".encode()).hexdigest()
    state = brought.path / ".git" / "tvmgitlib"
    (state / "proven.json").write_text(json.dumps({"commit": brought.commit, "proof": proof}) + "\n")
    assert ConfigLibrary(brought.path).check() != []


def test_a_job_in_progress_of_another_is_not_signed(
    brought: ConfigLibrary, home: Path, make_log: MakeLog, git: Git, sign: Callable[[Path, str], str], cli: Any
) -> None:
    """Whoever finishes it would say that it was measured; only its user says whose it is."""
    job = brought.open_job(cli.json("job", "start", "--platform", "box")["job"])
    shutil.copy(make_log("conv", [1e-9]), job.log)
    (for_another,) = (home / ".cache" / "tvmgitlib" / "begun").glob(f"*/{job.id}")
    for_another.unlink()
    key = sign(brought.path, "tess")
    assert cli("job", "finish").code == 4
    assert "was not begun by you" in cli.err
    assert len(brought.log()) == 1
    assert cli("job", "resume", job.id).code == 0
    assert cli("job", "finish").code == 0, cli.err
    assert [signer.key for signer in ConfigLibrary(brought.path).log()[0].signers] == [key]
    assert not for_another.exists()


def test_a_job_in_progress_of_another_is_finished_where_nobody_signs(
    brought: ConfigLibrary, home: Path, make_log: MakeLog, cli: Any
) -> None:
    job = brought.open_job(cli.json("job", "start", "--platform", "box")["job"])
    shutil.copy(make_log("conv", [1e-3]), job.log)
    shutil.rmtree(home / ".cache")
    assert cli("job", "finish").code == 0, cli.err


def test_a_job_of_the_same_id_in_another_library_is_another(
    brought: ConfigLibrary, tmp_path: Path, make_log: MakeLog, sign: Callable[[Path, str], str]
) -> None:
    """Ids of shared jobs are public: an archive may have a job of one."""
    job = brought.begin_job(platform="box")
    archive = tmp_path / "archive"
    shutil.copytree(brought.path, archive)
    forged = ConfigLibrary(archive)
    shutil.copy(make_log("conv", [1e-9]), forged.open_job(job.id).log)
    sign(archive, "tess")
    with pytest.raises(JobError, match="was not begun by you"):
        forged.finish_job(job.id)


def test_where_no_cache_can_be_written_a_job_that_is_signed_says_why(
    library: ConfigLibrary,
    tmp_path: Path,
    make_log: MakeLog,
    sign: Callable[[Path, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    job = library.begin_job(platform="box")
    shutil.copy(make_log("conv", [1e-3]), job.log)
    library.resume_job(job.id)  # nobody signs
    sign(library.path, "tess")
    with pytest.raises(JobError, match="cannot be noted in your cache") as raised:
        library.resume_job(job.id)
    assert "XDG_CACHE_HOME" in str(raised.value.hint)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library.resume_job(job.id)
    assert library.finish_job(job.id).job == job.id
