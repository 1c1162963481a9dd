from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.model import TvmError

LINES = (
    (Path(__file__).parents[1] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log")
    .read_bytes()
    .splitlines(keepends=True)
)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["check"], 0),
        (["log"], 0),
        (["job", "list"], 0),
        (["config"], 0),
        (["best"], 1),
        (["trials"], 1),
        (["no-such-command"], 2),
        (["best", "--no-such-option"], 2),
        (["best", "extra"], 2),
        (["best", "--family", "tvm"], 2),
        (["best", "--accept", "invalidated"], 2),
        (["best", "--tvm", "0.16"], 2),
        (["import"], 2),
        (["export", "-o", "best.log"], 2),
        (["export", "--format", "ansor"], 2),
        (["export", "--format", "ansor", "--family", "autotvm", "-o", "best.log"], 2),
        (["init", "x", "--keep", "many"], 2),
        (["job", "no-such-command"], 2),
        (["job", "show"], 2),
        (["best", "--rev", "no-such-rev"], 4),
        (["best", "--target", "llvm -"], 4),
        (["export", "--format", "ansor", "-o", "best.log"], 4),
        (["job", "finish"], 4),
        (["job", "finish", "abc"], 4),
        (["job", "show", "abc"], 4),
        (["job", "abort"], 4),
        (["config", "no-such-key"], 4),
        (["platform", "show", "no-such-platform"], 4),
        (["import", "no-such-file"], 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_exit_code_says_what_kind_of_answer_it_is(cli: Any, command: list[str], code: int) -> None:
    cli(*command)
    assert cli.code == code
    assert "Traceback" not in cli.err
    if code == 2:
        assert "Usage: tvmgitlib" in cli.err
        assert "Try 'tvmgitlib" in cli.err
    if code == 4:
        assert cli.err.startswith("error: ")
    if code:
        assert cli.out == ""
        assert cli.err


@pytest.mark.parametrize(
    ("command", "kind", "code"),
    [
        (["best", "--no-such-option"], "usage", 2),
        (["no-such-command"], "usage", 2),
        (["best", "--rev", "no-such-rev"], "SelectionError", 4),
        (["job", "finish"], "JobError", 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_failure_is_json_where_answers_are(cli: Any, command: list[str], kind: str, code: int) -> None:
    for arguments in (["--json", *command], [*command, "--json"]):
        cli(*arguments)
        error = json.loads(cli.err)["error"]
        assert (error["type"], error["exit_code"], cli.code, cli.out) == (kind, code, code, "")
        assert error["message"]
        assert error.keys() == {"type", "message", "exit_code", "file", "line", "field", "hint"}


def test_a_failure_as_json_names_file_line_and_way_out(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "bad.log"
    log.write_text('{"input": 5}\n')
    cli("import", log, "--platform", "board", "--json")
    error = json.loads(cli.err)["error"]
    assert (error["file"], error["line"]) == (str(log), 1)
    cli("--json", "job", "show", "abc")
    assert json.loads(cli.err)["error"]["hint"] == "tvmgitlib log shows them."


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["bst"], "Is best meant?"),
        (["job", "lst"], "Is list meant?"),
        (["improt"], "Is import meant?"),
        (["xyz"], "'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_command_is_told_what_is_near(cli: Any, command: list[str], meant: str) -> None:
    assert cli(*command).err.splitlines()[-1].endswith(meant)


def test_the_library_may_be_named_behind_the_command(tmp_path: Path, tvmgitlib: Any, cli: Any) -> None:
    for arguments in (["config", "-C", cli.library, "keep"], ["job", "-C", cli.library, "list"]):
        ran = tvmgitlib(*arguments, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr


def test_a_broken_library_is_a_no_with_its_problems(cli: Any, logs: Path) -> None:
    cli("import", logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log", "--platform", "board")
    (file,) = (cli.library / "configs").glob("*/*/autotvm.jsonl")
    content = file.read_bytes()
    file.write_bytes(content.replace(b"float32", b"float64", 1))
    cli("check")
    assert cli.code == 1
    assert f"{file.relative_to(cli.library)}, line 1" in cli.out


def test_a_bug_shows_its_traceback_and_asks_for_a_report(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, *arguments: object, **options: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr("tvmgitlib.config_library.ConfigLibrary.log", broken)
    cli("log")
    assert cli.code == 3
    assert "ZeroDivisionError: for the test" in cli.err
    assert "This is a bug in tvmgitlib" in cli.err
    cli("--json", "log")
    assert json.loads(cli.err.splitlines()[-1])["error"]["message"] == "ZeroDivisionError: for the test"
    assert cli.out == ""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGINT, b"interrupted"),
        (signal.SIGTERM, b"interrupted by SIGTERM"),
        (signal.SIGHUP, b"interrupted by SIGHUP"),
    ],
)
def test_an_interrupted_import_says_so_and_commits_nothing(
    cli: Any, git: Callable[..., str], tmp_path: Path, number: signal.Signals, said: bytes
) -> None:
    log = tmp_path / "long.log"
    log.write_bytes(b"".join(LINES) * 8000)  # seconds of reading
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(cli.library), "import", str(log), "--platform", "board"]
    head = git(cli.library, "rev-parse", "HEAD")
    heeds = partial(signal.signal, number, signal.SIG_DFL)  # also where the tests run in the background
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeds)
    while not is_reading(process, log):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, out, err.strip()) == (130, b"", said)
    assert git(cli.library, "rev-parse", "HEAD") == head
    assert git(cli.library, "status", "--porcelain") == ""
    assert cli("check").code == 0
    assert not list(cli.library.glob(".git/**/*.lock")) and not list(cli.library.glob(".git/objects/pack/tmp_*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("failure", [ZeroDivisionError("null"), TvmError("the task cannot be built")])
def test_what_fails_by_a_signal_is_an_interruption(
    cli: Any, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, failure: Exception
) -> None:
    def as_in_a_callback_of_tvm(self: object, *arguments: object, **options: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        raise failure

    monkeypatch.setattr("tvmgitlib.config_library.ConfigLibrary.log", as_in_a_callback_of_tvm)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    heeded = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, heeded)  # a test that runs in the background is deaf to SIGINT
    try:
        cli("log")
    finally:
        signal.signal(number, before)
    by = "" if number == signal.SIGINT else " by SIGTERM"
    assert (cli.code, cli.out, cli.err) == (130, "", f"interrupted{by}\n")


def test_who_says_that_a_signal_is_not_for_us_is_heeded(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_bytes(b"".join(LINES) * 500)
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(cli.library), "import", str(log), "--platform", "board"]
    deaf = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=deaf)
    while not is_reading(process, log):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0


def is_reading(process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether a process has the log open."""
    if sys.platform != "linux":
        time.sleep(1)
        return True
    try:
        handles = list(Path(f"/proc/{process.pid}/fd").iterdir())
        return any(handle.readlink() == log for handle in handles)
    except FileNotFoundError:
        return False
