"""The user's hands in the work tree: every command leaves what the user did, tells it, and leaves nothing behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care.work_tree import first_difference

T0 = "autotvm/t0_tvmgitlib_matmul_{}.log"


def status(git, library: ConfigLibrary) -> list[str]:
    return git(library.path, "status", "--porcelain", "--untracked-files=all").splitlines()


def config(library: ConfigLibrary) -> Path:
    return next((library.path / "configs").glob("*/*/*.jsonl"))


def import_job(library: ConfigLibrary, logs: Path, tuner: str):
    return library.import_logs(logs / T0.format(tuner), platform="board")


def test_every_command_leaves_a_clean_work_tree(library: ConfigLibrary, logs: Path, cli, git, tmp_path: Path) -> None:
    job = cli.json("job", "start", "--platform", "board", "--tuner", "ga")
    commands: list[tuple[object, ...]] = [
        ("import", logs / T0.format("grid"), "--platform", "board"),
        ("import", logs / "ansor", "--platform", "board"),
        ("job", "list"),
        ("job", "show", job["job"]),
        ("job", "finish"),
        ("best",),
        ("trials",),
        ("export", "--format", "autotvm", "-o", tmp_path / "out.log"),
        ("log",),
        ("check",),
        ("rebuild",),
        ("config", "keep", "3"),
        ("config", "keep", "1"),
        ("config", "x-note", "mine"),
        ("platform", "show"),
    ]
    Path(job["log"]).write_bytes((logs / T0.format("ga")).read_bytes())
    for command in commands:
        if command[1:2] == (logs / "ansor",):
            command = ("import", *sorted((logs / "ansor").iterdir()), "--platform", "board")
        assert cli(*command).code == 0, (command, cli.err)
        assert status(git, library) == [], command
        git(library.path, "diff-files", "--quiet")
        assert not list((library.path / ".git").glob("tvmgitlib-*"))
    assert cli("check").code == 0


def test_a_config_that_the_user_edited_is_kept_told_and_named(library: ConfigLibrary, logs: Path, cli, git) -> None:
    import_job(library, logs, "random")
    edited = config(library)
    edited.write_text("mine\n")
    path = edited.relative_to(library.path).as_posix()
    for tuner in ("ga", "grid", "xgb"):
        if (told := cli.json("import", logs / T0.format(tuner), "--platform", "board"))["improved"]:
            assert told["left_alone"] == [path]
            assert "left as it is in the work tree" in cli.err
            assert path in cli.err
    assert edited.read_text() == "mine\n"
    assert status(git, library) == [f" M {path}"]
    assert [problem.file for problem in library.check()] == [path]
    assert library.best()[0].cost > 0
    git(library.path, "restore", path)
    assert library.check() == []


def test_what_the_user_staged_and_wrote_elsewhere_stays(library: ConfigLibrary, logs: Path, git) -> None:
    (library.path / "README.md").write_text("staged\n")
    git(library.path, "add", "README.md")
    (library.path / "README.md").write_text("edited since\n")
    (library.path / "notes.txt").write_text("untracked\n")
    import_job(library, logs, "ga")
    assert status(git, library) == ["AM README.md", "?? notes.txt"]
    git(library.path, "commit", "-q", "-m", "the user's")
    assert library.check() == []
    assert len(library.log()) == 1


def test_configs_that_the_user_deleted_stay_deleted_and_come_back_when_restored(library, logs: Path, git) -> None:
    import_job(library, logs, "random")
    path = config(library).relative_to(library.path).as_posix()
    shutil.rmtree(library.path / "configs")
    told = {file for tuner in ("ga", "grid", "xgb") for file in import_job(library, logs, tuner).left_alone}
    assert told == {path, "configs/.fold"}
    assert not (library.path / "configs").exists()
    assert status(git, library) == [" D configs/.fold", f" D {path}"]
    git(library.path, "restore", "configs")
    assert library.check() == []


@pytest.mark.parametrize("where", ["configs", "jobs"])
def test_an_untracked_file_in_the_way_stays(library: ConfigLibrary, logs: Path, git, where: str) -> None:
    reference = ConfigLibrary.init(library.path.parent / "reference")
    import_job(reference, logs, "ga")
    path = next(
        path for path in git(reference.path, "ls-files").split() if path.startswith(where) and path.endswith(".jsonl")
    )
    (library.path / path).parent.mkdir(parents=True)
    (library.path / path).write_text("mine\n")
    assert import_job(library, logs, "ga").left_alone == (path,)
    assert (library.path / path).read_text() == "mine\n"
    assert status(git, library) == [f" M {path}"]


def test_folders_that_became_empty_go(library: ConfigLibrary, logs: Path, git) -> None:
    stray = library.path / "configs" / "target" / "platform" / "ansor.jsonl"
    stray.parent.mkdir(parents=True)
    stray.write_text("")
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", "stray")
    library.rebuild()
    assert not (library.path / "configs" / "target").exists()
    assert status(git, library) == []


def test_a_library_inside_the_users_own_repository(tmp_path: Path, logs: Path, git) -> None:
    """`init` in a repository that is there already adds to it and touches nothing."""
    git(tmp_path, "init", "-q", "-b", "trunk", "code")
    root = tmp_path / "code"
    (root / ".gitattributes").write_text("*.py text\n")
    (root / "main.py").write_text("pass\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "code")
    (root / "main.py").write_text("edited\n")
    library = ConfigLibrary.init(root)
    import_job(library, logs, "ga")
    assert status(git, library) == [" M main.py"]
    assert (root / ".gitattributes").read_text().startswith("*.py text\ntvmgitlib.json -text -filter")
    assert git(root, "log", "--format=%s", "-1", "trunk").startswith("Import")
    assert library.check() == []


def test_a_sha256_library_works_end_to_end(tmp_path: Path, logs: Path, git) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "library")
    library = ConfigLibrary.init(tmp_path / "library")
    for tuner in ("ga", "grid"):
        assert len(str(import_job(library, logs, tuner).commit)) == 64
    assert library.trials()[0].trials == 64
    assert len(library.log()) == 2
    library.configure("keep", 4)
    assert library.rebuild() is None
    assert library.check() == []
    assert status(git, library) == []
    assert git(library.path, "fsck", "--strict") == ""


@pytest.mark.slow
def test_a_library_that_may_only_be_read_answers_and_says_why_it_takes_nothing(
    library: ConfigLibrary, logs: Path, git, tvmgitlib
) -> None:
    import os
    import sys

    import_job(library, logs, "ga")
    folders = [library.path, *(path for path in library.path.rglob("*") if path.is_dir())]
    # The superuser may write anywhere, unless it gives that up.
    tame = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    run = [*tame, sys.executable, "-m", "tvmgitlib", "-C", str(library.path)]
    for folder in folders:
        folder.chmod(0o555)
    try:
        answers = {
            name: subprocess.run([*run, name], capture_output=True, text=True, check=False)
            for name in ("best", "trials", "log", "check")
        }
        command = [*run, "import", str(logs / T0.format("grid")), "--platform", "board"]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        started = subprocess.run([*run, "job", "start", "--platform", "b"], capture_output=True, text=True, check=False)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert {name: (done.returncode, done.stderr) for name, done in answers.items()} == dict.fromkeys(answers, (0, ""))
    for done in (refused, started):
        assert done.returncode == 4
        assert "ermission" in done.stderr
    assert library.check() == []


def test_the_job_is_kept_when_the_disk_is_full(library: ConfigLibrary, logs: Path, git) -> None:
    import resource
    import sys

    job = library.begin_job(platform="board")
    job.log.write_bytes((logs / T0.format("ga")).read_bytes())
    head = library.commit
    command = [sys.executable, "-m", "tvmgitlib", "-C", library.path, "job", "finish"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000)),
    )
    assert done.returncode == 4
    assert library.commit == head
    assert [each.id for each in library.open_jobs()] == [job.id]
    assert library.finish_job().commit is not None
    assert library.check() == []
    assert status(git, library) == []


@pytest.mark.parametrize(
    ("content", "expected", "line"),
    [
        (b"a\nb\n", b"a\nc\n", 2),
        (b"a\nb\n", b"a\nb\nc\n", 3),
        (b"a\nb", b"a\nb\n", 3),
        (b"a\nb", b"a\nbc\n", 2),
        (b"", b"a\n", 1),
        (b"\n", b"", 2),
    ],
)
def test_the_first_line_that_differs(content: bytes, expected: bytes, line: int) -> None:
    assert first_difference(content, expected) == first_difference(expected, content) == line
