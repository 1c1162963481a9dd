"""What `check` remembers: the same answer as proving everything, whatever came since, and never from a damaged note."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import checking

MakeLog = Callable[..., Path]
Git = Callable[..., str]


@pytest.fixture
def proven(library: ConfigLibrary, make_log: MakeLog) -> ConfigLibrary:
    """A library that was found sound."""
    for name in ("conv", "dense"):
        library.import_logs(make_log(name, [1e-3, 2e-3]), platform="box")
    assert library.check() == []
    assert note().is_file()
    return library


@pytest.fixture
def whole_proofs(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The commits of which everything was proven."""
    commits: list[str | None] = []
    prove = checking._committed

    def counted(contents: Any) -> Any:
        commits.append(contents.snapshot.commit)
        return prove(contents)

    monkeypatch.setattr(checking, "_committed", counted)
    return commits


def note() -> Path:
    return Path.home() / ".cache" / "tvmgitlib" / "checks"


def segment(library: ConfigLibrary) -> Path:
    return sorted((library.path / "jobs").glob("*/*.jsonl"))[0]


def test_what_comes_since_is_proven_alone(
    proven: ConfigLibrary, make_log: MakeLog, git: Git, whole_proofs: list[str | None]
) -> None:
    assert proven.check() == []
    job = proven.import_logs(make_log("dense", [5e-4]), platform="box").job
    assert proven.check() == []
    proven.import_logs(make_log("pool", [5e-4]), platform="rack")
    proven.revert(str(job))
    proven.configure("policy.tvm", "any")
    git(proven.path, "commit", "-q", "--allow-empty", "-m", "nothing")
    assert ConfigLibrary(proven.path).check() == []
    git(proven.path, "switch", "-q", "-c", "side", "HEAD~3")
    proven.import_logs(make_log("relu", [5e-4]), platform="rack")
    git(proven.path, "switch", "-q", "main")
    proven.merge("side")
    assert proven.check() == []
    assert whole_proofs == []
    assert proven.check(full=True) == []
    assert whole_proofs == [proven.commit]


def test_whoever_goes_from_branch_to_branch_has_each_proven_once(
    proven: ConfigLibrary, make_log: MakeLog, git: Git, whole_proofs: list[str | None]
) -> None:
    git(proven.path, "switch", "-q", "--orphan", "other")
    other = ConfigLibrary.init(proven.path)
    other.import_logs(make_log("pool", [1e-3]), platform="box")
    assert other.check() == []
    for branch in ("main", "other", "main"):
        git(proven.path, "switch", "-q", branch)
        assert ConfigLibrary(proven.path).check() == []
    assert whole_proofs == [other.at("other").commit]
    ConfigLibrary(proven.path).import_logs(make_log("relu", [1e-3]), platform="box")
    git(proven.path, "switch", "-q", "other")
    git(proven.path, "switch", "-q", "main")
    segment(proven).write_bytes(b"{}\n")
    assert ConfigLibrary(proven.path).check() != []


def edit_segment(library: ConfigLibrary) -> None:
    path = segment(library)
    path.write_bytes(path.read_bytes().replace(b"0.001", b"0.003"))


def edit_configs(library: ConfigLibrary) -> None:
    (path,) = library.path.glob("configs/*/box/autotvm.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))


def forge_stamp(library: ConfigLibrary) -> None:
    path = library.path / "configs" / ".fold"
    path.write_text(path.read_text().replace('"import": 2', '"import": 3'))


def add_segment(library: ConfigLibrary) -> None:
    """One whose best records configs/ does not show."""
    path = segment(library)
    other = path.with_name(f"{path.stem[:-1]}{'0' if path.stem[-1] != '0' else '1'}.jsonl")
    other.write_bytes(path.read_bytes().replace(path.stem.encode(), other.stem.encode()))


def add_rubbish(library: ConfigLibrary) -> None:
    (library.path / "jobs" / "notes").write_text("mine\n")


def add_platform(library: ConfigLibrary) -> None:
    (path,) = library.path.glob("configs/*/box/autotvm.jsonl")
    other = path.parents[1] / "Box" / path.name
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())


def remove_segment(library: ConfigLibrary) -> None:
    segment(library).unlink()


def break_settings(library: ConfigLibrary) -> None:
    (library.path / "tvmgitlib.json").write_text("{}\n")


def make_executable(library: ConfigLibrary) -> None:
    segment(library).chmod(0o755)


def attribute(library: ConfigLibrary) -> None:
    with (library.path / ".gitattributes").open("a") as file:
        file.write("*.jsonl text\n")


DAMAGES = [
    edit_segment,
    edit_configs,
    forge_stamp,
    add_segment,
    add_rubbish,
    add_platform,
    remove_segment,
    break_settings,
    make_executable,
    attribute,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "on disk"])
def test_damage_is_found_as_when_everything_is_proven(
    proven: ConfigLibrary, git: Git, damage: Callable[[ConfigLibrary], None], committed: bool
) -> None:
    damage(proven)
    if committed:
        git(proven.path, "add", "--all")
        git(proven.path, "commit", "-q", "-m", "by hand")
    found = ConfigLibrary(proven.path).check()
    assert found == ConfigLibrary(proven.path).check(full=True)
    assert found or (damage is make_executable and not committed)  # what is right is committed, whatever the mode
    assert found == ConfigLibrary(proven.path).check()  # nor is it remembered as sound


def test_what_was_damaged_and_mended_in_the_history_is_judged_as_a_whole(proven: ConfigLibrary, git: Git) -> None:
    edit_segment(proven)
    git(proven.path, "commit", "-qam", "by hand")
    git(proven.path, "revert", "--no-edit", "HEAD")
    assert proven.check() == proven.check(full=True) == []


def test_what_git_does_not_see_is_seen_when_everything_is_read(
    proven: ConfigLibrary, git: Git, whole_proofs: list[str | None]
) -> None:
    path = segment(proven)
    git(proven.path, "update-index", "--assume-unchanged", path.relative_to(proven.path).as_posix())
    assert proven.check() == []
    assert whole_proofs == [proven.commit]  # for Git is told not to look
    git(proven.path, "update-index", "--no-assume-unchanged", path.relative_to(proven.path).as_posix())
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"0.001", b"0.003"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert proven.check(full=True) != []


@pytest.mark.parametrize(
    "left", [b"", b"\xff\0" * 100, b"%b --upload-pack=x %b\n", b"%b %b\n", b"gone", b"of another", b"a folder"]
)
def test_a_damaged_memory_proves_nothing(proven: ConfigLibrary, whole_proofs: list[str | None], left: bytes) -> None:
    path = note()
    repository, commit, claim = path.read_bytes().splitlines()[-1].split()
    match left:
        case b"gone":
            left = b"%b %b %b\n" % (repository, b"0" * 40, claim)
        case b"of another":
            left = b"%b %b %b\n" % (b"0" * 16, commit, claim)
    path.unlink()
    if left == b"a folder":
        path.mkdir()
    else:
        path.write_bytes(left % (repository, claim) if b"%b" in left else left)
    assert ConfigLibrary(proven.path).check() == []
    assert whole_proofs == [proven.commit]
    assert path.is_dir() or commit in path.read_bytes()


def test_other_rules_prove_anew(
    proven: ConfigLibrary, whole_proofs: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvmgitlib.library.care.proven.__version__", "99.0")
    assert proven.check() == []
    assert whole_proofs == [proven.commit]


def test_what_the_rules_of_another_package_say_is_proven_anew(
    proven: ConfigLibrary, whole_proofs: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    note().unlink()
    monkeypatch.setattr("tvmgitlib.families.is_shipped", lambda _: False)
    assert proven.check() == proven.check() == []
    assert whole_proofs == [proven.commit] * 2


def test_of_another_history_nothing_is_proven(proven: ConfigLibrary, git: Git, whole_proofs: list[str | None]) -> None:
    git(proven.path, "checkout", "-q", "--orphan", "fresh")
    git(proven.path, "commit", "-q", "-m", "all at once")
    assert proven.check() == []
    assert proven.at("HEAD").check() == []
    assert whole_proofs == [proven.commit]


def test_the_command_proves_all_when_asked(proven: ConfigLibrary, cli: Any, whole_proofs: list[str | None]) -> None:
    assert cli("check").code == 0
    assert whole_proofs == []
    assert cli("check", "--full").code == 0
    assert len(whole_proofs) == 1
    assert cli.json("check", "--full") == {"sound": True, "problems": []}
