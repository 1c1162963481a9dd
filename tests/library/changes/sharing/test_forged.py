"""Attacks by push: nothing that comes in is believed because it says so itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.format import write_segment
from tvmgitlib.library.care import write_pin
from tvmgitlib.library.changes import Condemned
from tvmgitlib.library.folding import claims
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import Header, LibraryError, RecordError, Segment
from tvmgitlib.store import Repository

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture
def attacker(library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git) -> Path:
    """A clone of plain Git's, whose owner may push; the remote has two jobs, and so has `other`."""
    for cost in (2e-3, 3e-3):
        library.import_logs(make_log("dense", [cost]), platform="box")
    library.sync()
    other.sync()
    path = library.path.with_name("attacker")
    git(path.parent, "clone", "-q", (path.parent / "remote.git").as_uri(), str(path))
    return path


@pytest.fixture
def whole_proofs(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The commits all of which was folded."""
    commits: list[str | None] = []
    whole = Contents.whole

    def counted(contents: Contents) -> Any:
        commits.append(contents.snapshot.commit)
        return whole(contents)

    monkeypatch.setattr(Contents, "whole", counted)
    return commits


def push(git: Git, path: Path, *options: str) -> None:
    git(path, "add", "--all")
    git(path, "commit", "-q", "-m", "by hand")
    git(path, "push", "-q", *options)


def forge(path: Path) -> None:
    """Make a record a thousand times faster than its job says, and leave the stamp as it is."""
    (configs,) = path.glob("configs/*/*/autotvm.jsonl")
    configs.write_bytes(configs.read_bytes().replace(b"0.002", b"2e-06"))


def segment(path: Path) -> Path:
    return sorted(path.glob("jobs/*/*.jsonl"))[0]


def costs(library: ConfigLibrary) -> list[float]:
    return [config.cost for config in library.best()]


@pytest.mark.parametrize("by", ["sync", "git pull", "merge", "clone"])
def test_forged_configs_answer_nothing(
    attacker: Path, other: ConfigLibrary, git: Git, caplog: pytest.LogCaptureFixture, tmp_path: Path, by: str
) -> None:
    forge(attacker)
    push(git, attacker)
    url = git(other.path, "remote", "get-url", "origin").strip()
    match by:
        case "sync":
            other.sync()
        case "git pull":
            git(other.path, "pull", "-q")
        case "merge":
            git(other.path, "fetch", "-q")
            assert other.merge("origin/main").kind == "merge"  # not forward to what is forged
            assert other.check() == []
        case "clone":
            other = ConfigLibrary.clone(url, tmp_path / "new")
    assert costs(ConfigLibrary(other.path)) == [2e-3]
    assert by == "merge" or "somebody wrote it" in caplog.text
    ConfigLibrary(other.path).rebuild()
    caplog.clear()
    assert costs(ConfigLibrary(other.path)) == [2e-3]
    assert ConfigLibrary(other.path).check() == []
    assert caplog.text == ""


def test_forged_configs_are_not_pinned_and_a_lock_of_them_answers_from_the_jobs(
    attacker: Path, other: ConfigLibrary, git: Git, tmp_path: Path
) -> None:
    forge(attacker)
    push(git, attacker)
    other.sync()
    with pytest.raises(LibraryError, match="configs/ is not what jobs/ fold to"):
        other.pin()
    lock = tmp_path / "tvmgitlib.lock"
    write_pin(ConfigLibrary(tmp_path / "library").pin(), lock)  # of the commit before
    pinned = json.loads(lock.read_text())
    repository = Repository.find(other.path)
    assert repository is not None
    with repository.snapshot(other.commit) as snapshot:
        lock.write_text(json.dumps({**pinned, "commit": other.commit, "configs": snapshot.digest("configs")}))
    assert costs(ConfigLibrary.from_lock(lock)) == [2e-3]


def test_a_forged_tally_hides_nothing(attacker: Path, other: ConfigLibrary, git: Git) -> None:
    other.invalidate(Condemned(Selection(workload="dense")), reason="the fan was off")
    other.sync()
    git(attacker, "pull", "-q")
    stamp = attacker / "configs" / ".fold"
    stamp.write_text(stamp.read_text().replace('"invalidate": 1', '"revert": 1'))
    push(git, attacker)
    other.sync()
    assert {config.grade for config in ConfigLibrary(other.path).best(tvm="hhb-tvm==0.16.dev0", accept="any")} == {
        "invalidated"
    }


def test_an_edited_segment_is_not_taken(attacker: Path, other: ConfigLibrary, git: Git) -> None:
    path = segment(attacker)
    path.write_bytes(path.read_bytes().replace(b"0.002", b"2e-06").replace(b"0.003", b"2e-06"))
    push(git, attacker)
    before = other.commit
    for _ in range(2):  # what was fetched is no more believed the second time
        with pytest.raises(LibraryError, match="segments never change"):
            other.sync(accept_rewrite=True)
    with pytest.raises(LibraryError, match="segments never change"):
        other.merge("origin/main")
    assert other.commit == before
    assert costs(other) == [2e-3]


@pytest.mark.parametrize("by", ["a commit", "force"])
def test_a_removed_segment_is_told_and_kept_until_that_is_accepted(
    attacker: Path, other: ConfigLibrary, make_log: MakeLog, git: Git, by: str
) -> None:
    if by == "force":
        git(attacker, "reset", "-q", "--hard", "HEAD~1")
        (job,) = {entry.job for entry in other.log()} - {entry.job for entry in ConfigLibrary(attacker).log()}
        git(attacker, "push", "-q", "--force")
    else:
        job = segment(attacker).stem
        segment(attacker).unlink()
        push(git, attacker)
    git(other.path, "fetch", "-q")  # Git's own ref has moved on
    own = other.import_logs(make_log("conv", [1e-3]), platform="box").job
    with pytest.raises(LibraryError, match=f"lost 1 job .*{job}") as caught:
        other.sync()
    assert "--accept-rewrite" in str(caught.value)
    assert job in {entry.job for entry in other.log()}
    done = other.sync(accept_rewrite=True)
    assert (done.dropped, done.sent) == ((job,), (own,))
    assert job not in {entry.job for entry in other.log()}
    assert other.sync().dropped == ()


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [("finished", "2999-01-01T00:00:00Z", "in the future"), ("started", "2026-06-01T00:00:00Z", "before it started")],
)
def test_a_segment_with_impossible_times_comes_in_by_no_branch(
    attacker: Path, other: ConfigLibrary, git: Git, field: str, value: str, what: str
) -> None:
    path = segment(attacker)
    new = path.with_name(f"{path.stem[:2]}{'0' * 14}.jsonl")
    header = Header(new.stem, "revert", author="A <a@b.c>", reverts=(path.stem,), finished="2026-01-01T00:00:00Z")
    new.write_bytes(b"".join(write_segment(Segment(replace(header, **{field: value})))))
    push(git, attacker)
    with pytest.raises(RecordError, match=what):
        other.sync()
    with pytest.raises(RecordError, match=what):
        other.merge("origin/main")


def test_a_malformed_line_is_named_and_not_taken(attacker: Path, other: ConfigLibrary, git: Git) -> None:
    new = attacker / "jobs" / "ab" / "ab00000000000000.jsonl"
    new.parent.mkdir(exist_ok=True)
    new.write_text("{}\n")
    push(git, attacker)
    with pytest.raises(RecordError, match=r"jobs/ab/ab00000000000000\.jsonl, line 1"):
        other.sync()


def test_what_comes_in_is_proven_by_what_came_in(
    attacker: Path, library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, git: Git, whole_proofs: list[Any]
) -> None:
    whole_proofs.clear()
    job = library.import_logs(make_log("conv", [1e-3]), platform="box").job
    library.revert(str(job))
    library.configure("policy.tvm", "any")
    library.sync()
    git(other.path, "pull", "-q")
    assert costs(ConfigLibrary(other.path)) == [2e-3]
    assert costs(ConfigLibrary(other.path).at("HEAD~2")) == [1e-3, 2e-3]  # backwards too
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    other.sync()
    library.sync()
    assert costs(ConfigLibrary(library.path)) == [1e-3]
    assert whole_proofs == []


@pytest.mark.parametrize("cache", ["gone", "no folder", "damaged"])
def test_without_its_memory_everything_is_proven_again(
    other: ConfigLibrary,
    make_log: MakeLog,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cache: str,
    whole_proofs: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    folder = tmp_path / "cache"
    match cache:
        case "no folder":
            folder.write_text("a file")
        case "damaged":
            (folder / "tvmgitlib").mkdir(parents=True)
            (folder / "tvmgitlib" / "folds").write_bytes(b"\xff\0" * 100)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert costs(ConfigLibrary(other.path)) == [1e-3]
    assert whole_proofs == [other.commit]
    assert costs(ConfigLibrary(other.path)) == [1e-3]
    assert len(whole_proofs) == (2 if cache == "no folder" else 1)
    assert caplog.text.count("XDG_CACHE_HOME names a folder") == (cache == "no folder")


def test_the_memory_forgets_its_older_half(other: ConfigLibrary, make_log: MakeLog, whole_proofs: list[Any]) -> None:
    file = Path.home() / ".cache" / "tvmgitlib" / "folds"
    file.write_bytes(b"%b %b %b\n" % (b"0" * 16, b"0" * 40, b"0" * 64) * 6000)
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    assert len(file.read_bytes()) < 500_000
    whole_proofs.clear()
    assert costs(ConfigLibrary(other.path)) == [1e-3]
    assert whole_proofs == []


@pytest.mark.parametrize("commit", [b"\xff\xfe", b"--upload-pack=x", b"\0", b"0" * 40])
def test_what_a_damaged_memory_calls_a_commit_is_none(
    other: ConfigLibrary, make_log: MakeLog, whole_proofs: list[Any], commit: bytes
) -> None:
    file = Path.home() / ".cache" / "tvmgitlib" / "folds"
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    lines = [line.split(b" ") for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(b"%b %b %b\n" % (repository, commit, b"0" * 64) for repository, _, _ in lines))
    whole_proofs.clear()
    assert costs(ConfigLibrary(other.path)) == [1e-3]
    assert whole_proofs == [other.commit]


def test_another_version_of_the_rules_proves_anew(
    other: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, whole_proofs: list[Any]
) -> None:
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    monkeypatch.setattr(claims, "__version__", "99.0")
    assert costs(ConfigLibrary(other.path)) == [1e-3]
    assert whole_proofs == [other.commit]


def test_the_command_says_what_it_gave_up(attacker: Path, other: ConfigLibrary, git: Git, tvmgitlib: Any) -> None:
    segment(attacker).unlink()
    push(git, attacker)
    refused = tvmgitlib("-C", other.path, "sync")
    assert (refused.returncode, "--accept-rewrite" in refused.stderr) == (4, True)
    done = tvmgitlib("-C", other.path, "sync", "--accept-rewrite")
    assert "1 job given up, which it has lost" in done.stdout
