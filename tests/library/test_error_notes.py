"""What a live MetaSchedule job notes beside TVM's database: why trials failed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.families.metaschedule import ERROR_FILE, RECORD_FILE
from tvmgitlib.model import RecordError


@pytest.fixture
def database(logs: Path, tmp_path: Path) -> Path:
    """A database of two failures, and two successes."""
    return Path(shutil.copytree(logs / "metaschedule" / "v27_mm128_builder_timeouts", tmp_path / "database"))


def note(database: Path, *kinds: str) -> None:
    """Say why the first trials failed."""
    names = [hashlib.sha256(line).hexdigest() for line in (database / RECORD_FILE).read_bytes().splitlines()]
    notes = [{"record": name, "error": kind, "text": "..."} for name, kind in zip(names, kinds, strict=False)]
    (database / ERROR_FILE).write_text("".join(json.dumps(each) + "\n" for each in notes))


@pytest.mark.parametrize(
    ("kinds", "errors"),
    [
        ((), {"unknown": 2}),
        (("build_timeout",), {"build_timeout": 1, "unknown": 1}),
        (("build_timeout", "compile_host"), {"build_timeout": 1, "compile_host": 1}),
        (("run_timeout", "run_timeout", "run_timeout"), {"run_timeout": 2}),  # a success stays one
    ],
)
def test_failures_are_counted_as_what_they_were(
    library: ConfigLibrary, database: Path, kinds: tuple[str, ...], errors: dict[str, int]
) -> None:
    note(database, *kinds)
    library.import_logs(database, platform="board")
    (effort,) = library.trials()
    assert (effort.trials, effort.failed, effort.errors) == (4, 2, errors)


def test_a_kept_history_has_them(library: ConfigLibrary, database: Path) -> None:
    job = library.begin_job(platform="board", keep_history=True)
    note(database, "build_timeout", "run_timeout")
    shutil.copytree(database, job.work_dir, dirs_exist_ok=True)
    library.finish_job()
    shutil.rmtree(database)
    kinds = [record.error for record in library.kept_history(job.id)]
    assert kinds == ["build_timeout", "run_timeout", None, None]


def test_a_note_cut_off_by_a_kill_is_left_out(library: ConfigLibrary, database: Path) -> None:
    job = library.begin_job(platform="board")
    note(database, "build_timeout")
    with (database / ERROR_FILE).open("a") as file:
        file.write('{"record": "ab')
    shutil.copytree(database, job.work_dir, dirs_exist_ok=True)
    library.finish_job()
    (effort,) = library.trials()
    assert effort.errors == {"build_timeout": 1, "unknown": 1}


@pytest.mark.parametrize("line", ['{"record": "ab"}', '{"record": "ab", "error": "bad luck"}', "[]", "nonsense"])
def test_what_is_no_note_is_refused(library: ConfigLibrary, database: Path, line: str) -> None:
    note(database, "build_timeout")
    with (database / ERROR_FILE).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RecordError) as raised:
        library.import_logs(database, platform="board")
    assert (Path(raised.value.file or "").name, raised.value.line) == (ERROR_FILE, 2)
    assert library.trials() == []
