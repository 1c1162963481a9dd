"""What goes where: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.cli.terminal.streams import output_as_errors

LOG = Path(__file__).parents[2] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
TVMGITLIB = [sys.executable, "-m", "tvmgitlib"]


def many_workloads(path: Path, count: int) -> Path:
    """A log of so many workloads, one record each."""
    record = json.loads(LOG.read_bytes().splitlines()[0])
    with path.open("w") as file:
        for number in range(count):
            record["input"][2][0] = number + 1
            file.write(json.dumps(record) + "\n")
    return path


@pytest.fixture
def wide(cli: Any, tmp_path: Path, once: Callable[..., Any]) -> Any:
    """The command line on a library with 1,500 workloads: more than a pipe holds."""

    def make() -> None:
        cli("import", many_workloads(tmp_path / "many.log", 1500), "--platform", "board")

    once(make)
    return cli


def test_notes_are_no_results(cli: Any) -> None:
    for command in (["best"], ["trials"], ["log"], ["job", "list"], ["platform", "show"]):
        cli(*command)
        assert cli.out == ""
        assert cli.err.endswith(".\n")


def test_json_on_standard_output_is_all_of_it_also_when_there_is_something_to_say(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    log.write_bytes(b"".join(LOG.read_bytes().splitlines(keepends=True)[:9]))
    cli("import", LOG, "--platform", "board")
    assert cli.json("import", log, "--platform", "board")["commit"] is None
    assert "9 measurements known from job" in cli.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_enough_is_no_failure(wide: Any, options: list[str]) -> None:
    command = [*TVMGITLIB, "-C", str(wide.library), *options, "best"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait() == 0


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_command_works_without_standard_streams(cli: Any, closing: str) -> None:
    command = [*TVMGITLIB, "-C", str(cli.library), "import", str(LOG), "--platform", "board"]
    ran = subprocess.run(["sh", "-c", f'exec "$@" {closing}', "sh", *command], capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert len(cli.lines("log")) == 1
    assert cli("check").code == 0


def test_a_full_disk_behind_standard_output_is_a_failure(wide: Any) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*TVMGITLIB, "-C", str(wide.library), "best"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr) == (4, "error: No space left on device\n")


def on_terminal(
    *arguments: str, columns: int = 60, output: bool = True, keys: bool = False, typed: str = ""
) -> tuple[int, str]:
    """Run with a pseudo-terminal as standard error (output, input), and return the exit code and what it shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*TVMGITLIB, *arguments],
        stdin=theirs if keys else subprocess.DEVNULL,
        stdout=theirs if output else subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm"},
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not more:
            break
        shown += more
    os.close(ours)
    return process.wait(), shown.decode().replace("\r\n", "\n")


@pytest.mark.slow
def test_on_a_narrow_terminal_every_row_is_one_line(wide: Any) -> None:
    for command in ("best", "trials", "log"):
        code, shown = on_terminal("-C", str(wide.library), command)
        lines = shown.splitlines()
        assert code == 0
        assert max(map(len, lines)) <= 60
        assert len(set(lines)) == (2 if command == "log" else 1502)


def test_elsewhere_nothing_is_left_out(wide: Any) -> None:
    assert len(wide("best").out.splitlines()) == 1502
    assert "tvmgitlib/matmul(1499, 128, 128, f32)" in wide.out


@pytest.mark.slow
def test_a_long_import_shows_its_progress_on_a_terminal_only(cli: Any, tmp_path: Path) -> None:
    log = many_workloads(tmp_path / "many.log", 1200)
    command = ("-C", str(cli.library), "import", str(log), "--platform", "board")
    code, shown = on_terminal(*command, output=False)
    assert code == 0
    assert re.search(r"\rmany\.log: 1,\d{3} lines read \(\d+%\)", shown)
    assert shown.rpartition("\r")[0].endswith(" " * 20)  # the line is wiped
    code, shown = on_terminal("-C", str(cli.library), "check", output=False)
    assert (code, "checking jobs: 0 of 1" in shown) == (0, True)
    ran = subprocess.run([*TVMGITLIB, *command], capture_output=True, text=True, check=False)
    assert ran.stderr == ""


def test_what_talks_to_a_remote_or_indexes_shows_its_progress(
    cli: Any, git: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*arguments: object) -> str:
        code, said = on_terminal(*map(str, arguments), output=False, columns=200)
        assert code == 0
        return said

    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(remote))
    git(cli.library, "remote", "add", "origin", str(remote))
    cli("import", LOG, "--platform", "board")
    assert "fetching main from origin" in shown("-C", cli.library, "sync")
    assert "cloning: " in shown("clone", remote.as_uri(), tmp_path / "clone")
    cli.library = tmp_path / "clone"
    caplog.set_level(logging.INFO, "tvmgitlib.progress")  # what comes at once after something else is not shown
    monkeypatch.setattr("tvmgitlib.library.outlines.opening.WORTH_IT", 0)
    cli("revert", cli.lines("log")[0]["job"])
    assert "indexing jobs: 0 of 1" in caplog.messages
    (cli.library / "configs" / ".fold").unlink()
    git(cli.library, "commit", "--quiet", "--all", "--message", "Take away what says what configs/ is")
    caplog.clear()
    cli("rebuild")
    assert "reading jobs: 0 of 2" in caplog.messages


def test_a_path_that_is_no_text_is_printed_with_escapes(cli: Any, tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    cli("import", LOG, "--platform", "board")
    for options in ([], ["--json"]):
        command = [*TVMGITLIB, "-C", str(cli.library), *options, "export", "--format", "autotvm", "-o", str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "/caf\\udce9" in ran.stdout
        assert path.is_file()
        path.unlink()


def test_control_characters_in_a_log_never_reach_the_terminal(cli: Any, tmp_path: Path) -> None:
    record = json.loads(LOG.read_bytes().splitlines()[0])
    record["input"][1] = "task\x1b[2J\nname\x9b"
    (tmp_path / "evil.log").write_text(json.dumps(record))
    cli("import", tmp_path / "evil.log", "--platform", "board")
    for command in ("best", "trials"):
        assert not {"\x1b", "\x9b"} & set(cli(command).out)
        assert len(cli.out.splitlines()) == 3


# What the user's code prints

#: Prints in every way there is, and then the result.
PRINTING = """
import ctypes, os, subprocess, sys
from tvmgitlib.cli.terminal.streams import output_as_errors

before = sys.stdout
print("first")
try:
    with output_as_errors():
        print("print")
        before.write("kept stream\\n")
        os.write(1, b"descriptor\\n")
        ctypes.CDLL(None).puts(b"C")
        subprocess.run(["echo", "child"], check=True)
        {ending}
except KeyError:
    pass
assert sys.stdout is before
print("result")
subprocess.run(["echo", "child's result"])
"""


@pytest.mark.parametrize("ending", ["pass", "raise KeyError"])
def test_whatever_is_printed_in_between_is_no_result(ending: str) -> None:
    command = [sys.executable, "-c", PRINTING.format(ending=ending)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, sorted(ran.stderr.splitlines())) == (
        0,
        ["C", "child", "descriptor", "kept stream", "print"],
    )
    assert sorted(ran.stdout.splitlines()) == ["child's result", "first", "result"]


def test_standard_output_need_not_be_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    print("first")
    with output_as_errors():
        print("second")
    print("third")
    assert capsys.readouterr() == ("first\nthird\n", "second\n")


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_standard_streams_need_not_be_open(closing: str) -> None:
    program = (
        "import os, subprocess\n"
        "from tvmgitlib.cli.main import _open_streams\n"
        "from tvmgitlib.cli.terminal.streams import output_as_errors\n"
        "_open_streams()\n"
        "with output_as_errors():\n"
        "    print('print')\n"
        "    subprocess.run(['echo', 'child'])\n"
        "print('result')\n"
    )
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "" if closing != "2>&-" else "result\n")
    assert sorted(ran.stderr.split()) == (["child", "print"] if closing == ">&-" else [])


def test_a_descriptor_that_was_closed_is_closed_again() -> None:
    program = (
        "import os, sys\n"
        "from tvmgitlib.cli.terminal.streams import output_as_errors\n"
        "sys.stdout = open(os.devnull, 'w')\n"
        "os.close(1)\n"
        "with output_as_errors():\n"
        "    os.write(1, b'descriptor')\n"
        "try:\n"
        "    os.fstat(1)\n"
        "except OSError:\n"
        "    os._exit(7)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (7, "descriptor")


@pytest.mark.slow
def test_lists_go_through_the_users_pager_where_somebody_reads(
    cli: Any, git: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("import", many_workloads(tmp_path / "few.log", 9), "--platform", "board")
    library = str(cli.library)
    git(cli.library, "config", "core.pager", "sed s/^/evil/")
    git(cli.library, "config", "--global", "core.pager", "sed 's/^/paged /'; true")
    shown = on_terminal("-C", library, "trials", keys=True)[1].splitlines()
    assert {line[:6] for line in shown} == {"paged "}
    assert "paged" not in on_terminal("--no-pager", "-C", library, "trials", keys=True)[1]
    assert "paged" not in on_terminal("-C", library, "trials")[1]
    assert "paged" not in on_terminal("-C", library, "config", keys=True)[1]  # is no list
    job = cli.lines("log")[0]["job"]
    assert on_terminal("-C", library, "job", "show", job, keys=True)[1].startswith("paged job ")
    monkeypatch.setenv("GIT_PAGER", "head -n 1")  # leaves early
    assert on_terminal("-C", library, "trials", keys=True)[1].splitlines() == [shown[0].removeprefix("paged ")]
    monkeypatch.setenv("GIT_PAGER", "no-such-pager 2>/dev/null")
    assert len(on_terminal("-C", library, "trials", keys=True)[1].splitlines()) == len(shown)


def test_on_a_terminal_a_job_is_dropped_only_after_a_yes(cli: Any) -> None:
    log = Path(cli.json("job", "start", "--platform", "board")["log"])
    code, shown = on_terminal("-C", str(cli.library), "job", "abort", keys=True, typed="n\n")
    assert (code, log.exists()) == (1, True)
    assert f"of {cli.library} with its logs" in shown
    assert on_terminal("-C", str(cli.library), "job", "abort", keys=True, typed="y\n")[0] == 0
    assert not log.exists()


def test_a_clone_says_on_a_terminal_how_far_it_is_and_why_it_failed(cli: Any, tmp_path: Path) -> None:
    code, shown = on_terminal("clone", cli.library.as_uri(), str(tmp_path / "copy"))
    assert (code, "\rcloning: " in shown) == (0, True)
    code, shown = on_terminal("clone", (tmp_path / "nothing").as_uri(), str(tmp_path / "other"))
    assert (code, "does not appear to be a git repository" in shown) == (4, True)
