"""Bad input: one message that says where and what, exit code 4, and nothing changed anywhere."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.files.opening import MAX_LINE
from tvmgitlib.library.jobs.logs import Leniency, survey
from tvmgitlib.model import MAX_PARTS, RecordError

LOGS = Path(__file__).parents[2] / "data" / "tvm-logs"
AUTOTVM = (LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log").read_bytes().splitlines(keepends=True)
ANSOR = (LOGS / "ansor" / "mm_128x128x128.json").read_bytes().splitlines(keepends=True)
DATABASE = LOGS / "metaschedule" / "v27_mm128"
RECORDS, WORKLOADS = "database_tuning_record.json", "database_workload.json"


def state(folder: Path) -> str:
    """A hash of everything in a library: history, work tree and Git's own folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)} {path.lstat().st_mode}\n".encode())
        if path.is_symlink():
            digest.update(bytes(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    before = state(folder)
    yield
    assert state(folder) == before


def changed(line: bytes, path: list[Any], value: Any) -> bytes:
    """A log line with one field set, or removed with `...`."""
    document = json.loads(line)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document).encode() + b"\n"


def autotvm(path: list[Any], value: Any) -> bytes:
    return changed(AUTOTVM[1], path, value)


def ansor(path: list[Any], value: Any) -> bytes:
    return changed(ANSOR[1], path, value)


def costs(text: bytes) -> bytes:
    return AUTOTVM[1].replace(b'"result": [[', b'"result": [[' + text + b", ")


BAD_LINES: dict[str, tuple[bytes, str | None, str]] = {
    # what is wrong: the line, the field that the message names, its words
    "not UTF-8": (AUTOTVM[1].replace(b"matmul", b"m\xe4tmul"), None, "not UTF-8 (byte 89 of the line)"),
    "a repeated key": (AUTOTVM[1].replace(b'"version"', b'"version": 0.2, "version"'), "version", "given twice"),
    "a repeated key, spelled apart": (
        AUTOTVM[1].replace(b'"version"', b'"version" : 0.2, "version"'),
        "version",
        "twice",
    ),
    "a missing field": (autotvm(["result"], ...), None, 'it lacks "result", the result'),
    "a missing field inside": (autotvm(["config", "entity"], ...), "config", 'it lacks "entity", the list of knobs'),
    "a mistyped field": (
        autotvm(["result", 1], "0"),
        "result[1]",
        'the error number has to be a whole number, it is "0"',
    ),
    "a boolean for a number": (
        autotvm(["result", 1], True),
        "result[1]",
        "the error number has to be a whole number, it is true",
    ),
    "a task without a name": (autotvm(["input", 1], 7), "input[1]", "the task's name has to be text, it is 7"),
    "a cost in words": (
        autotvm(["result", 0, 0], "fast"),
        "result[0][0]",
        "the run time in seconds has to be a number",
    ),
    "half a result": (
        autotvm(["result"], [[1.0], 0]),
        "result",
        "the result has to be a list of 4 or more, it is one of 2",
    ),
    "a line that TVM skips": (autotvm(["v"], 0.1), "v", "TVM skips every line whose v is 0.1"),
    "an empty target": (autotvm(["input", 0], ""), "input[0]", "the target is empty"),
    "a target with a stray word": (autotvm(["input", 0], "llvm mcpu"), None, "in the target"),
    "a target with a flag without value": (autotvm(["input", 0], "llvm -mcpu"), None, "mcpu"),
    "format 0.1": (
        b'{"i": ["llvm", "dense", [], {}, [], {}], "r": [[0.1], 0, 1, 1], "v": 0.1}\n',
        "v",
        "AutoTVM's format 0.1",
    ),
    "a pickle row": (b"gANjdHZt\tgANjdHZt\tgAN=\n", None, "never read"),
    "an Ansor key that TVM refuses": (ansor(["end_time"], 5), None, 'there is no such key as "end_time"'),
    "an Ansor workload key": (ansor(["i", 0, 0], 5), "i[0][0]", "the workload key has to be text, it is 5"),
    "an Ansor target": (ansor(["i", 0, 1], "llvm -"), None, "in the target"),
    "an empty object": (b"{}\n", None, "not a tuning record"),
    "a list": (b"[1, 2, 3]\n", None, "not a tuning record"),
    "a number": (b"7\n", None, "not a tuning record"),
    "text": (b"tuning finished\n", None, "not valid JSON at column 1"),
    "zero bytes": (b"\0" * 50 + b"\n", None, "not valid JSON at column 1"),
    "deep nesting": (b"[" * 100_000 + b"\n", None, "depth limit"),
    "a byte order mark": (b"\xef\xbb\xbf" + AUTOTVM[1], None, "byte order mark"),
    "a MetaSchedule record on its own": (
        (DATABASE / RECORDS).read_bytes().splitlines(keepends=True)[0],
        None,
        "not part of a database",
    ),
    "a line of more values than any record has": (
        autotvm(["config", "entity"], [["tile", "sp", [1] * MAX_PARTS]]),
        None,
        "more than 250,000 values in one line, so it is not read",
    ),
    "a line over the cap": (b'{"x": "' + b"x" * MAX_LINE + b'"}\n', None, "longer than 16 MiB"),
}


@pytest.mark.parametrize(("line", "field", "words"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_refuses_the_import_and_is_named(
    cli: Any, tmp_path: Path, line: bytes, field: str | None, words: str
) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(AUTOTVM[0] + line + AUTOTVM[2])
    with untouched(cli.library):
        cli("import", log, "--platform", "board")
    assert cli.code == 4
    place = f"error: {log}, line 2" + (f", field {field}" if field else "")
    assert cli.err.startswith(f"{place}: ")
    assert words in cli.err
    assert "Traceback" not in cli.err
    assert cli.out == ""


@pytest.mark.parametrize("name", [name for name in BAD_LINES if name != "a line over the cap"], ids=lambda name: name)
def test_skip_invalid_leaves_a_bad_line_out_and_says_so(cli: Any, tmp_path: Path, name: str) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(AUTOTVM[0] + BAD_LINES[name][0] + AUTOTVM[2])
    result = cli.json("import", log, "--platform", "board", "--skip-invalid")
    assert cli.code == 0
    assert (result["read"], result["kept"]) == (2, 2)
    assert [left.startswith(f"{log}, line 2") for left in result["left_out"]] == [True]
    assert "1 line left out:" in cli.err
    assert cli("check").code == 0


@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "without a line end"])
def test_millions_of_values_are_refused_for_what_they_are(cli: Any, tmp_path: Path, end: bytes) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b'{"i": [[' + b"1," * 7_000_000 + b"1]]}" + end)
    cli("import", log, "--platform", "board")
    assert (cli.code, cli.out) == (4, "")
    assert cli.err.startswith(f"error: {log}, line 1: more than 250,000 values in one line, so it is not read")


# Files


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def empty(folder: Path) -> Path:
    (folder / "empty.log").touch()
    return folder / "empty.log"


def torn(folder: Path) -> Path:
    (folder / "torn.log").write_bytes(AUTOTVM[0] + AUTOTVM[1][:100])
    return folder / "torn.log"


def circle(folder: Path) -> Path:
    (folder / "circle.log").symlink_to("circle.log")
    return folder / "circle.log"


def no_database(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def half_a_database(folder: Path) -> Path:
    (folder / "half").mkdir()
    (folder / "half" / RECORDS).write_bytes((DATABASE / RECORDS).read_bytes())
    return folder / "half"


def other_half(folder: Path) -> Path:
    (folder / "half").mkdir()
    (folder / "half" / WORKLOADS).write_bytes((DATABASE / WORKLOADS).read_bytes())
    return folder / "half" / WORKLOADS


BAD_FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "nothing.log", "cannot be read: No such file"),
    "below a file": (lambda folder: empty(folder) / "below.log", "cannot be read: Not a directory"),
    "a name too long": (lambda folder: folder / ("x" * 300), "File name too long"),
    "a link to itself": (circle, "cannot be read: Too many levels"),
    "a pipe that nobody writes to": (fifo, "not a plain file"),
    "a device": (lambda _: Path("/dev/null"), "not a plain file"),
    "empty": (empty, "the file is empty"),
    "cut off": (torn, "line 2: the last line is cut off"),
    "a folder without a database": (no_database, f"{RECORDS} is missing"),
    "a database without workloads": (half_a_database, f"{WORKLOADS}, which says what its records tune, is missing"),
    "a database without records": (other_half, "cannot be read: No such file"),
}


@pytest.mark.parametrize(("make", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
@pytest.mark.parametrize("good_first", [False, True], ids=["alone", "after a good file"])
def test_a_bad_file_refuses_the_whole_import_and_is_named(
    cli: Any, tmp_path: Path, logs: Path, make: Callable[[Path], Path], words: str, good_first: bool
) -> None:
    bad = make(tmp_path)
    good = [logs / "autotvm" / "t1_tvmgitlib_matmul_ga.log"] if good_first else []
    with untouched(cli.library):
        cli("import", *good, bad, "--platform", "board")
    assert cli.code == 4
    assert str(bad if bad.name != WORKLOADS else bad.parent) in cli.err
    assert words in cli.err
    assert "Traceback" not in cli.err


@pytest.mark.parametrize("content", [b"# one\n\n  \n# two\n", b"\n", b"\r\n\r\n"])
def test_a_file_without_any_record_is_refused(cli: Any, tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(content)
    with untouched(cli.library):
        cli("import", log, "--platform", "board")
    assert cli.code == 4
    assert cli.err == f"error: {log}: there is no tuning record in it\n"


def test_a_file_whose_every_line_was_left_out_is_refused(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"{}\nno\n")
    with untouched(cli.library):
        cli("import", log, "--platform", "board", "--skip-invalid")
    assert cli.code == 4
    assert f"2 lines of it left out, such as {log}, line 1" in cli.err


def test_a_file_without_permission_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        log = Path(folder) / "secret.log"
        log.write_bytes(AUTOTVM[0])
        log.chmod(0)
        user = os.geteuid()
        if user == 0:  # root may read everything
            os.seteuid(65534)
        try:
            with pytest.raises(RecordError, match=r"secret\.log: cannot be read: Permission denied"):
                survey(log, Leniency())
        finally:
            os.seteuid(user)


@pytest.mark.parametrize("position", [0, 1], ids=["the bad one first", "the good one first"])
def test_of_two_files_with_one_bad_line_nothing_is_imported(cli: Any, tmp_path: Path, position: int) -> None:
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_bytes(b"".join(AUTOTVM))
    bad.write_bytes(AUTOTVM[0] + b"{}\n")
    with untouched(cli.library):
        cli("import", *([bad, good] if position == 0 else [good, bad]), "--platform", "board")
    assert cli.code == 4
    assert f"{bad}, line 2" in cli.err


# What is unusual, and fine

FINE: dict[str, tuple[bytes, int]] = {
    "CRLF line ends": (b"".join(AUTOTVM).replace(b"\n", b"\r\n"), 32),
    "no final line end": (b"".join(AUTOTVM).rstrip(b"\n"), 32),
    "comments and blank lines": (b"# tuned\n\n" + b"".join(AUTOTVM) + b"  \n# done", 32),
    "two families in one file": (AUTOTVM[0] + ANSOR[0], 2),
    "one line": (AUTOTVM[0], 1),
}


@pytest.mark.parametrize(("content", "records"), FINE.values(), ids=FINE.keys())
def test_an_unusual_file_is_read(cli: Any, tmp_path: Path, content: bytes, records: int) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(content)
    assert cli.json("import", log, "--platform", "board")["read"] == records
    assert cli("check").code == 0


def test_line_ends_do_not_change_what_a_record_is(cli: Any, tmp_path: Path) -> None:
    windows, unix = tmp_path / "windows.log", tmp_path / "unix.log"
    windows.write_bytes(b"".join(AUTOTVM).replace(b"\n", b"\r\n"))
    unix.write_bytes(b"".join(AUTOTVM))
    cli("import", windows, "--platform", "board")
    assert cli.json("import", unix, "--platform", "board")["commit"] is None
    assert "32 measurements known from job" in cli.err


def test_a_link_to_a_log_is_followed(cli: Any, tmp_path: Path, logs: Path) -> None:
    link = tmp_path / "latest.log"
    link.symlink_to(logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log")
    assert cli.json("import", link, "--platform", "board")["read"] == 32


# Torn last lines


def test_drop_torn_imports_the_rest_and_says_so(cli: Any, tmp_path: Path) -> None:
    log = torn(tmp_path)
    assert "--drop-torn imports the rest" in cli("import", log, "--platform", "board").err
    result = cli.json("import", log, "--platform", "board", "--drop-torn")
    assert result["read"] == 1
    assert result["left_out"] == [f"{log}, line 2: cut off"]


def test_a_torn_line_in_the_middle_is_no_torn_last_line(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(AUTOTVM[0][:100] + AUTOTVM[1])
    cli("import", log, "--platform", "board", "--drop-torn")
    assert cli.code == 4
    assert f"{log}, line 1: not valid JSON" in cli.err


def database(folder: Path, records: bytes, workloads: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / RECORDS).write_bytes(records)
    (folder / WORKLOADS).write_bytes(workloads)
    return folder


def whole() -> tuple[bytes, bytes]:
    return (DATABASE / RECORDS).read_bytes(), (DATABASE / WORKLOADS).read_bytes()


def test_a_torn_record_of_a_database_is_dropped_when_asked(cli: Any, tmp_path: Path) -> None:
    records, workloads = whole()
    count = records.count(b"\n")
    folder = database(tmp_path / "db", records[:-40], workloads)
    cli("import", folder, "--platform", "board")
    assert cli.code == 4
    assert f"{folder / RECORDS}, line {count}: the last line is cut off" in cli.err
    result = cli.json("import", folder, "--platform", "board", "--drop-torn")
    assert result["read"] == count - 1
    assert result["left_out"] == [f"{folder / RECORDS}, line {count}: cut off"]


def test_a_torn_workload_of_a_database_is_dropped_when_no_record_needs_it(cli: Any, tmp_path: Path) -> None:
    records, workloads = whole()
    folder = database(tmp_path / "db", records, workloads + workloads[:200])
    cli("import", folder, "--platform", "board")
    assert cli.code == 4
    assert f"{folder / WORKLOADS}, line 2: the last line is cut off" in cli.err
    result = cli.json("import", folder, "--platform", "board", "--drop-torn")
    assert result["read"] == records.count(b"\n")
    assert result["left_out"] == [f"{folder / WORKLOADS}, line 2: cut off"]


BAD_DATABASES: dict[str, tuple[Callable[[bytes, bytes], tuple[bytes, bytes]], str, str]] = {
    "a workload number out of range": (
        lambda records, workloads: (records.replace(b"[0,", b"[7,", 1), workloads),
        f"{RECORDS}, line 1, field [0]",
        "workload 7",
    ),
    "a negative workload number": (
        lambda records, workloads: (records.replace(b"[0,", b"[-1,", 1), workloads),
        f"{RECORDS}, line 1, field [0]",
        "has to be 0 or more, it is -1",
    ),
    "a record whose workload is torn": (
        lambda records, workloads: (records, workloads[:200]),
        f"{WORKLOADS}, line 1",
        "the last line is cut off",
    ),
    "a damaged module": (
        lambda records, workloads: (records, workloads[:200] + workloads[240:]),
        f"{WORKLOADS}, line 1, field [1]",
        "the module is damaged",
    ),
    "a workload file of something else": (
        lambda records, _: (records, b'{"a": 1}\n'),
        f"{WORKLOADS}, line 1",
        "structural hash",
    ),
    "an empty workload file": (lambda records, _: (records, b""), WORKLOADS, "the file is empty"),
    "an empty record file": (lambda _, workloads: (b"", workloads), RECORDS, "the file is empty"),
    "an AutoTVM line among the records": (
        lambda records, workloads: (records + AUTOTVM[0], workloads),
        f"{RECORDS}, line",
        "--family says metaschedule",
    ),
}


@pytest.mark.parametrize(("damage", "place", "words"), BAD_DATABASES.values(), ids=BAD_DATABASES.keys())
def test_a_bad_database_refuses_the_import_and_is_named(
    cli: Any,
    tmp_path: Path,
    damage: Callable[[bytes, bytes], tuple[bytes, bytes]],
    place: str,
    words: str,
) -> None:
    folder = database(tmp_path / "db", *damage(*whole()))
    with untouched(cli.library):
        cli("import", folder, "--platform", "board", "--family", "metaschedule")
    assert cli.code == 4
    assert f"{folder}/{place}" in cli.err
    assert words in cli.err


@pytest.mark.parametrize("name", ["", RECORDS, WORKLOADS], ids=["its folder", "its records", "its workloads"])
def test_a_database_is_named_by_its_folder_or_either_file(cli: Any, name: str) -> None:
    job = cli.json("import", DATABASE, "--platform", "board")["job"]
    again = cli.json("import", DATABASE / name, "--platform", "board")
    assert (again["job"], again["already"]) == (job, True)


@pytest.mark.parametrize(
    "names",
    [
        [LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log"] * 2,
        [DATABASE / RECORDS, DATABASE / WORKLOADS],
        [DATABASE, DATABASE / WORKLOADS],
    ],
    ids=["a log twice", "both files of a database", "a database and its file"],
)
def test_a_log_that_is_named_twice_is_read_once(cli: Any, names: list[Path]) -> None:
    once = cli.json("import", names[0], "--platform", "board")
    other = ConfigLibrary.init(cli.library.parent / "other")
    twice = other.import_logs(*names, platform="board")
    assert (twice.job, twice.counts.read) == (once["job"], once["read"])


# What the user says


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--family", "ansor"], "tuning.log, line 1: a record of autotvm, and --family says ansor"),
        (["--target", "cuda"], "tuning.log, line 1: a record for llvm"),
        (["--target", "llvm mcpu"], "in the target"),
        (["--platform", "../../x"], "'../../x' is not the name of a platform"),
        (["--platform", ".."], "'..' is not the name of a platform"),
        (["--platform", "a/b"], "is not the name of a platform"),
        (["--platform", ""], "is not the name of a platform"),
        (["--platform", "con"], "is not the name of a platform"),
        (["--set", "cooling"], "'cooling' sets no fact"),
        (["--set", "=fan"], "'' is not the key of a fact"),
        (["--set", "a=1", "--set", "a.b=2"], "a.b cannot be set"),
    ],
)
def test_an_option_that_does_not_fit_refuses_the_import(
    cli: Any, tmp_path: Path, options: list[str], words: str
) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(AUTOTVM[0])
    with untouched(cli.library):
        cli("import", log, *(options if "--platform" in options else ["--platform", "board", *options]))
    assert cli.code == 4
    assert words in cli.err
    assert "Traceback" not in cli.err


@pytest.mark.parametrize("text", ["0.16", "tvm=0.16", "==0.16", "tvm==", "tvm==0.1 6", "tvm>=0.16", ""])
def test_a_tvm_in_another_form_is_a_usage_error(cli: Any, tmp_path: Path, text: str) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(AUTOTVM[0])
    with untouched(cli.library):
        cli("import", log, "--platform", "board", "--tvm", text)
    assert cli.code == 2
    assert "is not DIST==VERSION" in cli.err


def test_a_database_of_another_tvm_than_said_is_refused(cli: Any) -> None:
    with untouched(cli.library):
        cli("import", DATABASE, "--platform", "board", "--tvm", "apache-tvm==0.25.0")
    assert cli.code == 4
    assert f"{DATABASE / RECORDS}, line 1: its workload was written by TVM 0.27" in cli.err


def test_a_log_without_a_platform_is_refused_by_line(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(autotvm(["input", 0], "opencl -device=mali"))
    with untouched(cli.library):
        cli("import", log)
    assert cli.code == 4
    assert f"{log}, line 1: nothing says which platform" in cli.err
    assert "--platform NAME" in cli.err


# The library itself


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('{"format": 2, "keep": 1}', "field format: the library has format 2"),
        ('{"format": 1, "keep": 0}', "field keep: it has to be 1 or more, it is 0"),
        ('{"format": 1, "keep": "1"}', 'field keep: it has to be a whole number, it is "1"'),
        ('{"format": 1, "keep": 1, "kepe": 2}', "kepe"),
        ('{"format": 1, "keep": 1, "keep": 2}', "field keep: the key is given twice"),
        ('{"format": 1, "keep": 1, "policy.tvm": "newish"}', "field policy.tvm"),
        ('{"format": 1, "keep": 1', "not valid JSON"),
        ("", "not valid JSON"),
        ("[]", "it has to be an object with keys, it is []"),
    ],
)
@pytest.mark.parametrize("command", [["import", str(DATABASE), "--platform", "board"], ["best"], ["config"]])
def test_bad_settings_are_named_by_every_command(
    cli: Any, git: Callable[..., str], settings: str, words: str, command: list[str]
) -> None:
    (cli.library / "tvmgitlib.json").write_text(settings)
    git(cli.library, "commit", "-qam", "Break the settings")
    with untouched(cli.library):
        cli(*command)
    assert cli.code == 4
    assert cli.err.startswith("error: tvmgitlib.json")
    assert words in cli.err


@pytest.mark.parametrize("place", ["configs/evil", "jobs/00", "configs/llvm/board"])
def test_a_link_below_the_librarys_folders_is_never_written_through(cli: Any, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = cli.library / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with untouched(cli.library):
        cli("import", DATABASE, "--platform", "board")
    assert cli.code == 4
    assert f"error: {place}: a symbolic link" in cli.err
    assert list(outside.iterdir()) == []


def test_a_folder_without_permission_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        closed = Path(folder, "closed")
        closed.mkdir()
        (closed / "tuning.log").write_bytes(AUTOTVM[0])
        closed.chmod(0o600)
        Path(folder).chmod(0o755)
        user = os.geteuid()
        if user == 0:  # root may go everywhere
            os.seteuid(65534)
        try:
            with pytest.raises(RecordError, match=r"tuning\.log: cannot be read: Permission denied"):
                survey(closed / "tuning.log", Leniency())
        finally:
            os.seteuid(user)
