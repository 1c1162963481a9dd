"""What a commit holds, read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.format import read_settings, write_settings
from tvmgitlib.model import RecordError


@pytest.fixture
def library(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    library.import_logs(logs / "autotvm/t0_tvmgitlib_matmul_ga.log", platform="board")
    return library


def test_settings_that_are_written_are_read_back(library: ConfigLibrary) -> None:
    content = (library.path / "tvmgitlib.json").read_bytes()
    assert read_settings(content) == library.settings
    assert write_settings(library.settings) == content


def test_a_newer_library_is_refused_by_every_command(library: ConfigLibrary, cli, git, logs: Path) -> None:
    settings = library.path / "tvmgitlib.json"
    settings.write_text(settings.read_text().replace('"format": 1', '"format": 2'))
    git(library.path, "commit", "-q", "-a", "-m", "from the future")
    head = library.commit
    for command in (["best"], ["rebuild"], ["config"], ["import", logs / "autotvm/t0_tvmgitlib_matmul_xgb.log"]):
        assert cli(*command).code == 4
        assert "Install a newer tvmgitlib" in cli.err
    assert cli("check").code == 1
    assert library.commit == head


@pytest.mark.parametrize("question", ["best", "trials", "log"])
def test_a_damaged_segment_is_named_by_whoever_reads_it(library: ConfigLibrary, cli, git, question: str) -> None:
    segment = next((library.path / "jobs").glob("*/*.jsonl"))
    lines = segment.read_bytes().split(b"\n")
    segment.write_bytes(b"\n".join([lines[0], lines[1][:-1], *lines[2:]]))
    git(library.path, "commit", "-q", "-a", "-m", "damage")
    assert cli(question).code == 4
    assert f"{segment.relative_to(library.path).as_posix()}, line 2: " in cli.err


def test_a_job_is_found_by_its_id_alone(library: ConfigLibrary) -> None:
    job = library.log()[0].job
    with library._view.reading() as contents:
        assert contents.has_job(job)
        assert not contents.has_job("0" * 16)


def test_questions_read_no_more_segments_than_they_need(library: ConfigLibrary, git, monkeypatch) -> None:
    from tvmgitlib.library.reading import Contents

    def never(*arguments, **options):
        raise AssertionError("a segment was read")

    expected = library.best()
    monkeypatch.setattr(Contents, "segments", never)
    assert library.best() == expected
    monkeypatch.undo()


def test_a_tuning_job_is_added_without_reading_the_others(library: ConfigLibrary, logs: Path, monkeypatch) -> None:
    from tvmgitlib.library.reading import Contents

    def never(*arguments, **options):
        raise AssertionError("a segment was read")

    job = library.begin_job(platform="board")
    job.log.write_bytes((logs / "autotvm/t0_tvmgitlib_matmul_xgb.log").read_bytes())
    monkeypatch.setattr(Contents, "segments", never)
    assert library.finish_job().commit is not None
    monkeypatch.undo()
    assert library.check() == []


def test_a_segment_without_a_header_is_an_error(library: ConfigLibrary, git) -> None:
    (library.path / "jobs/00").mkdir(exist_ok=True)
    (library.path / "jobs/00/0000000000000000.jsonl").write_text("")
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", "empty")
    with pytest.raises(RecordError, match=r"jobs/00/0000000000000000\.jsonl: the segment is empty"):
        library.trials()
