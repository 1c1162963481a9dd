"""`check` names whatever is wrong, by file and line, and `rebuild` mends what can be mended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care.checking import first_difference

Once = Callable[..., Any]

T0 = "autotvm/t0_tvmgitlib_matmul_{}.log"


@pytest.fixture
def library(library: ConfigLibrary, logs: Path, once: Once) -> ConfigLibrary:
    """A library with two jobs of one workload."""

    def make() -> None:
        for tuner in ("ga", "grid"):
            library.import_logs(logs / T0.format(tuner), platform="board")

    once(make)
    return library


def said(library: ConfigLibrary) -> list[str]:
    return [str(problem) for problem in library.check()]


def named(library: ConfigLibrary) -> list[str]:
    """What is said, without the way out."""
    return [problem.partition("; ")[0] for problem in said(library)]


def segments(library: ConfigLibrary) -> list[Path]:
    """The segments, in the order of their names."""
    return sorted((library.path / "jobs").glob("*/*.jsonl"))


def config(library: ConfigLibrary) -> Path:
    return next((library.path / "configs").glob("*/*/*.jsonl"))


def below(library: ConfigLibrary, path: Path) -> str:
    return path.relative_to(library.path).as_posix()


def commit_all(library: ConfigLibrary, git, message: str = "by hand") -> str:
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", message)
    return git(library.path, "rev-parse", "HEAD").strip()


def flip(path: Path, line: int) -> None:
    """Flip one bit in the middle of a line."""
    lines = path.read_bytes().split(b"\n")
    middle = len(lines[line - 1]) // 2
    lines[line - 1] = lines[line - 1][:middle] + bytes([lines[line - 1][middle] ^ 1]) + lines[line - 1][middle + 1 :]
    path.write_bytes(b"\n".join(lines))


def test_a_library_that_nobody_touched_is_sound(library: ConfigLibrary) -> None:
    assert said(library) == []


# The work tree


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_bit_flipped_under_jobs_is_named_by_file_and_line(library: ConfigLibrary, line: int) -> None:
    segment = segments(library)[1]
    flip(segment, line)
    problem = said(library)
    assert len(problem) == 1
    assert problem[0].startswith(f"{below(library, segment)}, line {line}: the work tree differs")


def test_a_bit_flipped_under_configs_is_named_by_file_and_line(library: ConfigLibrary, cli) -> None:
    flip(config(library), 1)
    checked = cli.json("check")
    assert cli.code == 1
    assert checked["sound"] is False
    assert [(each["file"], each["line"]) for each in checked["problems"]] == [(below(library, config(library)), 1)]


@pytest.mark.parametrize("path", ["tvmgitlib.json", "configs/.fold"])
def test_a_bit_flipped_elsewhere_is_named_too(library: ConfigLibrary, path: str) -> None:
    flip(library.path / path, 2)
    assert [problem.partition(":")[0] for problem in said(library)] == [f"{path}, line 2"]


def test_a_file_cut_off_or_longer_is_named_at_its_end(library: ConfigLibrary) -> None:
    segment = segments(library)[0]
    lines = segment.read_bytes().count(b"\n")
    whole = segment.read_bytes()
    segment.write_bytes(whole + b"more\n")
    assert said(library)[0].startswith(f"{below(library, segment)}, line {lines + 1}:")
    segment.write_bytes(whole[:-1])
    assert said(library)[0].startswith(f"{below(library, segment)}, line {lines + 1}:")


def test_a_file_that_is_missing_or_not_committed_is_named(library: ConfigLibrary) -> None:
    gone = segments(library)[0]
    gone.unlink()
    stray = library.path / "jobs" / "00" / "stray"
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("x")
    assert said(library) == [
        f"{below(library, gone)}: missing in the work tree; git restore brings it back",
        "jobs/00/stray: in the work tree, but not committed; the library does not use it",
    ]


def put_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("put", "message"),
    [(put_link, "a symbolic link"), (Path.mkdir, "no plain file"), (os.mkfifo, "no plain file")],
    ids=["link", "folder", "pipe"],
)
@pytest.mark.parametrize("which", ["jobs", "configs"])
def test_what_replaces_a_file_is_named_and_never_opened(library: ConfigLibrary, which: str, put, message: str) -> None:
    place = segments(library)[0] if which == "jobs" else config(library)
    place.unlink()
    put(place)
    assert next(problem for problem in said(library) if message in problem).startswith(below(library, place))


@pytest.mark.parametrize("folder", ["jobs", "configs", "jobs/evil", "configs/evil"])
def test_a_folder_that_is_a_link_is_named_and_an_import_refuses_it(library, logs, cli, tmp_path, folder: str) -> None:
    place = library.path / folder
    (tmp_path / "outside").mkdir()
    if place.is_dir():
        place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "outside")
    assert f"{folder}: a symbolic link in the work tree; the library never follows it" in said(library)
    head = library.commit
    assert cli("import", logs / T0.format("xgb"), "--platform", "board").code == 4
    assert f"{folder}: a symbolic link" in cli.err
    assert library.commit == head
    assert list((tmp_path / "outside").iterdir()) == []


def test_names_that_no_terminal_can_show_are_escaped(library: ConfigLibrary, cli) -> None:
    Path(os.fsdecode(os.fsencode(library.path) + b"/jobs/bad-\xff")).write_text("x")
    (library.path / "jobs" / "line\nbreak").write_text("x")
    assert cli("check").code == 1
    assert r"jobs/bad-\udcff: " in cli.out
    assert r"jobs/line\nbreak: " in cli.out
    assert len(cli.json("check")["problems"]) == 2


def test_what_is_staged_is_named(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    git(library.path, "rm", "-q", "--cached", below(library, segment))
    assert said(library) == [
        f"{below(library, segment)}: staged: the next git commit would change it; git restore --staged undoes it"
    ]


# Commits


def test_a_commit_that_changes_an_old_segment_is_named(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    segment.write_bytes(segment.read_bytes().replace(b'"complete":true', b'"complete":false'))
    commit = commit_all(library, git)
    library.rebuild()
    assert named(library) == [f"{below(library, segment)}: changed after it was committed, by {commit[:12]} (by hand)"]


def test_a_change_that_was_undone_is_no_problem(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    segment.write_bytes(segment.read_bytes().replace(b'"complete":true', b'"complete":false'))
    commit_all(library, git)
    git(library.path, "revert", "--no-edit", "HEAD")
    assert said(library) == []


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_commit_that_damages_a_segment_is_named_by_line(library: ConfigLibrary, git, line: int) -> None:
    segment = segments(library)[0]
    lines = segment.read_bytes().split(b"\n")
    lines[line - 1] = lines[line - 1][:-2]
    segment.write_bytes(b"\n".join(lines))
    commit = commit_all(library, git)
    problems = said(library)
    assert problems[0].startswith(f"{below(library, segment)}, line {line}: ")
    assert problems[1].startswith(f"{below(library, segment)}: changed after it was committed, by {commit[:12]}")


def test_a_commit_that_deletes_a_segment_is_named_until_it_is_undone(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    git(library.path, "rm", "-q", below(library, segment))
    commit = commit_all(library, git)
    assert f"{below(library, segment)}: absent: removed, by {commit[:12]} (by hand)" in named(library)
    library.rebuild()
    assert named(library) == [f"{below(library, segment)}: absent: removed, by {commit[:12]} (by hand)"]
    git(library.path, "checkout", f"{commit}~", "--", below(library, segment))
    commit_all(library, git, "bring it back")
    library.rebuild()
    assert said(library) == []


def test_a_segment_that_comes_back_changed_is_named(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    content = segment.read_bytes()
    segment.unlink()
    commit_all(library, git, "away")
    segment.parent.mkdir(exist_ok=True)
    segment.write_bytes(content.replace(b'"complete":true', b'"complete":false'))
    commit = commit_all(library, git, "back")
    library.rebuild()
    assert named(library) == [f"{below(library, segment)}: changed after it was committed, by {commit[:12]} (back)"]


def test_a_segment_under_another_name_is_named(library: ConfigLibrary, git) -> None:
    segment = segments(library)[0]
    other = library.path / "jobs" / "00" / f"00{segment.name[2:]}"
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(segment.read_bytes())
    commit_all(library, git)
    assert said(library)[0].startswith(f"{below(library, other)}, line 1: field job.id: the header says job")


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"\xff\n", b"[1]\n"])
def test_a_commit_that_adds_no_segment_is_named(library: ConfigLibrary, git, content: bytes) -> None:
    bad = library.path / "jobs" / "00" / "0000000000000000.jsonl"
    bad.parent.mkdir(exist_ok=True)
    bad.write_bytes(content)
    commit_all(library, git)
    assert said(library)[0].startswith("jobs/00/0000000000000000.jsonl")


@pytest.mark.parametrize("path", ["jobs/00/0000000000000000.jsonl", "configs/evil", "jobs/evil"])
def test_a_commit_that_plants_a_link_is_named_and_every_question_refuses_it(library, cli, git, path: str) -> None:
    place = library.path / path
    place.parent.mkdir(exist_ok=True)
    place.symlink_to("/etc/passwd")
    commit_all(library, git)
    problems = said(library)
    assert any(each.startswith(f"{path}: a symbolic link where the library holds plain files") for each in problems)
    assert "/etc/passwd" not in "".join(problems)


def test_every_bad_entry_is_named_and_not_only_the_first(library: ConfigLibrary, git) -> None:
    for name in ("jobs/one", "jobs/two", "configs/three"):
        (library.path / name).symlink_to("/nowhere")
    (library.path / "configs" / "four").write_text("x")
    (library.path / "configs" / "four").chmod(0o755)
    commit_all(library, git)
    files = {problem.file for problem in library.check()}
    assert files == {"jobs/one", "jobs/two", "configs/three", "configs/four"}


def test_configs_edited_by_hand_are_named_and_mended(library: ConfigLibrary, git) -> None:
    file = config(library)
    file.write_bytes(file.read_bytes().replace(b'"trials":32', b'"trials":33'))
    commit_all(library, git)
    assert said(library) == [
        f"{below(library, file)}, line 1: not what jobs/ folds to; tvmgitlib rebuild makes it anew"
    ]
    assert library.rebuild() is not None
    assert said(library) == []


def test_configs_that_cannot_be_read_are_named_by_line_and_mended(library: ConfigLibrary, git) -> None:
    file = config(library)
    file.write_bytes(file.read_bytes() + b"<<<<<<< HEAD\n")
    commit_all(library, git)
    assert said(library)[0].startswith(f"{below(library, file)}, line 2: ")
    library.rebuild()
    assert said(library) == []


def test_files_that_are_missing_from_configs_or_too_many_are_named_and_mended(library: ConfigLibrary, git) -> None:
    file = config(library)
    stray = library.path / "configs" / "a" / "b" / "ansor.jsonl"
    stray.parent.mkdir(parents=True)
    file.rename(stray)
    commit_all(library, git)
    problems = said(library)
    assert problems[0].startswith("configs/a/b/ansor.jsonl, line 1: ")
    assert problems[1].startswith(f"{below(library, file)}: missing, though jobs/ gives it records")
    library.rebuild()
    assert said(library) == []
    assert not stray.exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"import": 2', b'"import": 3'), (b'"jobs": "', b'"jobs": "0'), (b'"format"', b'"form"'), (b"{", b"{ ")],
)
def test_a_fold_file_that_lies_is_named_and_mended(library: ConfigLibrary, git, old: bytes, new: bytes) -> None:
    file = library.path / "configs" / ".fold"
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))
    commit_all(library, git)
    problems = said(library)
    assert len(problems) == 1
    assert problems[0].startswith("configs/.fold, line ")
    library.rebuild()
    assert said(library) == []


def test_a_fold_file_that_is_missing_is_named_and_mended(library: ConfigLibrary, git) -> None:
    git(library.path, "rm", "-q", "configs/.fold")
    commit_all(library, git)
    assert said(library) == ["configs/.fold: missing; tvmgitlib rebuild makes it anew"]
    library.rebuild()
    assert said(library) == []


def test_settings_that_cannot_be_read_are_named(library: ConfigLibrary, git) -> None:
    (library.path / "tvmgitlib.json").write_text("{")
    commit_all(library, git)
    assert said(library)[0].startswith("tvmgitlib.json: not valid JSON")


# Plain Git


def without_drivers(library: ConfigLibrary) -> None:
    """Have Git merge configs/ like any text, as hosts do whatever .gitattributes says."""
    (library.path / ".git" / "info" / "attributes").write_text("configs/** merge\n")


def grow_apart(library: ConfigLibrary, logs: Path, git) -> None:
    """A job on each of two branches, to be merged by plain Git."""
    without_drivers(library)
    git(library.path, "branch", "side")
    library.import_logs(logs / T0.format("xgb"), platform="board")
    git(library.path, "switch", "-q", "side")
    library.import_logs(logs / T0.format("random"), platform="board")
    git(library.path, "switch", "-q", "main")


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_plain_merge_is_stale_and_rebuild_mends_it(library, logs: Path, git, cli, caplog, side: str) -> None:
    grow_apart(library, logs, git)
    git(library.path, "merge", "-q", "--no-edit", "-X", side, "side")
    best, trials = cli.lines("best"), cli.lines("trials")
    assert "configs/ does not belong to jobs/" in caplog.text
    caplog.clear()
    assert trials[0]["trials"] == 128
    assert cli("check").code == 1
    assert "configs/.fold, line 3: it does not belong to these jobs" in cli.out
    assert cli("rebuild").code == 0
    assert cli("check").code == 0
    assert cli.lines("best") == best
    assert caplog.text == ""
    assert git(library.path, "status", "--porcelain") == ""


def test_a_plain_merge_loses_no_job_and_its_history_is_sound(library, logs: Path, git) -> None:
    grow_apart(library, logs, git)
    git(library.path, "merge", "-q", "--no-edit", "-X", "ours", "side")
    library.rebuild()
    grow_apart_again = library.import_logs(logs / "autotvm/t1_tvmgitlib_matmul_ga.log", platform="board")
    assert grow_apart_again.commit is not None
    assert said(library) == []
    assert len(library.log()) == 5


def test_jobs_that_a_merge_threw_away_are_named(library, logs: Path, git) -> None:
    grow_apart(library, logs, git)
    theirs = set(git(library.path, "ls-tree", "-r", "--name-only", "side", "jobs").split())
    git(library.path, "merge", "-q", "--no-edit", "-s", "ours", "-m", "throw away", "side")
    (lost,) = theirs - set(git(library.path, "ls-tree", "-r", "--name-only", "HEAD", "jobs").split())
    commit = git(library.path, "rev-parse", "HEAD").strip()
    assert named(library) == [f"{lost}: absent: removed, by {commit[:12]} (throw away)"]


def test_a_plain_revert_of_an_older_job_is_stale_and_names_it(library: ConfigLibrary, git, caplog) -> None:
    first = git(library.path, "rev-parse", "HEAD~1").strip()
    absent = git(library.path, "diff-tree", "--no-commit-id", "-r", "--name-only", first, "--", "jobs").strip()
    without_drivers(library)
    git(library.path, "revert", "--no-edit", "-X", "ours", first)
    library.best()
    assert "configs/ does not belong to jobs/" in caplog.text
    library.rebuild()
    assert [problem.partition(", by")[0] for problem in said(library)] == [f"{absent}: absent: removed"]
    assert library.trials()[0].trials == 32


def test_a_plain_revert_of_the_last_job_names_it_and_needs_no_rebuild(library, git) -> None:
    git(library.path, "revert", "--no-edit", "HEAD")
    assert library.rebuild() is None
    assert len(said(library)) == 1
    assert ": absent: removed, by " in said(library)[0]


def test_a_plain_clone_works(library: ConfigLibrary, logs: Path, git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(library.path), "clone")
    clone = ConfigLibrary(tmp_path / "clone")
    assert said(clone) == []
    assert clone.best() == library.best()
    clone.import_logs(logs / T0.format("xgb"), platform="board")
    assert said(clone) == []
    git(clone.path, "push", "-q", "origin", "main:pushed")
    assert library.at("pushed").commit == clone.commit


def test_a_clone_with_windows_line_ends_works(library: ConfigLibrary, logs: Path, git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(library.path), "clone")
    clone = ConfigLibrary(tmp_path / "clone")
    clone.import_logs(logs / T0.format("xgb"), platform="board")
    assert said(clone) == []
    assert git(clone.path, "status", "--porcelain") == ""


@pytest.mark.parametrize("option", ["--depth=1", "--filter=blob:none", "--no-checkout"])
def test_a_clone_of_a_part_works(library: ConfigLibrary, logs: Path, git, tmp_path: Path, option: str) -> None:
    git(library.path, "config", "uploadpack.allowFilter", "true")
    subprocess.run(["git", "clone", "-q", option, f"file://{library.path}", tmp_path / "clone"], check=True)
    clone = ConfigLibrary(tmp_path / "clone")
    if option == "--no-checkout":
        git(clone.path, "checkout", "-q", "main")
    assert clone.check(allow_shallow=True) == []
    clone.import_logs(logs / T0.format("xgb"), platform="board")
    assert clone.check(allow_shallow=True) == []
    assert git(clone.path, "status", "--porcelain") == ""


def test_a_bare_clone_is_checked_without_a_work_tree(library: ConfigLibrary, logs: Path, git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "bare.git")
    bare = ConfigLibrary(tmp_path / "bare.git")
    bare.import_logs(logs / T0.format("xgb"), platform="board")
    assert said(bare) == []


def test_an_older_commit_is_checked_without_the_work_tree(library: ConfigLibrary) -> None:
    flip(segments(library)[0], 1)
    assert library.at("HEAD~1").check() == []
    assert len(library.check()) == 1


@pytest.mark.parametrize(
    ("content", "expected", "line"),
    [(b"a\nb\n", b"a\nc\n", 2), (b"", b"a\n", 1), (b"a\n", b"a\nb\n", 2), (b"a", b"a\n", 2), (b"x\n", b"\n", 1)],
)
def test_the_first_difference(content: bytes, expected: bytes, line: int) -> None:
    assert first_difference(content, expected) == line
