"""What a commit holds, read strictly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import LibraryError, RecordError, SettingsError, TvmgitlibError
from tvmgitlib.library.reading.contents import FoldStamp, Tally, read_configs, read_settings

SETTINGS = '{"format": 1, "keep": 2, "policy": {"tvm": "any"}}'


@pytest.fixture
def library(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    library.import_logs(logs / "autotvm/t0_tvmgitlib_matmul_ga.log", platform="board")
    return library


def test_settings_that_are_written_are_read_back(library: ConfigLibrary) -> None:
    content = (library.path / "tvmgitlib.json").read_bytes()
    assert read_settings(content) == library.settings
    assert library.settings.to_text().encode() == content


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", SettingsError, "not valid JSON"),
        ("[]", SettingsError, "tvmgitlib.json"),
        ('{"format": 2}', LibraryError, "format 2, and this tvmgitlib reads format 1"),
        ('{"format": "1"}', LibraryError, "Install a newer tvmgitlib"),
        ('{"format": 1, "keep": 0}', SettingsError, "keep"),
        ('{"format": 1, "keep": 1, "keep": 2}', SettingsError, "given twice"),
        ('{"format": 1, "kep": 1}', SettingsError, "kep"),
    ],
)
def test_settings_that_are_not_right_are_refused_with_the_field(content: str, error, message: str) -> None:
    with pytest.raises(error, match=message):
        read_settings(content.encode())


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


def test_the_fold_stamp_is_canonical() -> None:
    jobs, settings = "a" * 40, "b" * 64
    stamp = FoldStamp(jobs, settings, Tally(Counter({"tune": 1, "import": 2}), 1))
    lines = [
        '"format": 1',
        f'"jobs": "{jobs}"',
        f'"settings": "{settings}"',
        '"kinds": {"import": 2, "tune": 1}',
        '"baselines": 1',
    ]
    assert stamp.to_text() == "{\n  " + ",\n  ".join(lines) + "\n}\n"


@pytest.mark.parametrize(
    "path", ["configs/a.jsonl", "configs/a/b/c/autotvm.jsonl", "configs/a/b/other.jsonl", "configs/a/b/autotvm"]
)
def test_a_file_that_does_not_belong_into_configs_is_named(path: str) -> None:
    with pytest.raises(LibraryError, match="no file of configs/"):
        read_configs(b"", path)


def test_a_line_of_configs_that_is_not_right_is_named(library: ConfigLibrary) -> None:
    file = next((library.path / "configs").glob("*/*/*.jsonl"))
    path = file.relative_to(library.path).as_posix()
    whole = file.read_bytes()
    assert len(read_configs(whole, path)) == 1
    for bad in (whole + b"\n", whole + b"{}\n", whole + whole[:-9], whole + b"\xff\n"):
        with pytest.raises(TvmgitlibError) as caught:
            read_configs(bad, path)
        assert (caught.value.file, caught.value.line) == (path, 2)


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
    from tvmgitlib.library.reading.contents import Contents

    def never(*arguments, **options):
        raise AssertionError("a segment was read")

    expected = library.best()
    monkeypatch.setattr(Contents, "segments", never)
    assert library.best() == expected
    monkeypatch.undo()


def test_a_tuning_job_is_added_without_reading_the_others(library: ConfigLibrary, logs: Path, monkeypatch) -> None:
    from tvmgitlib.library.reading.contents import Contents

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
