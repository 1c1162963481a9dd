"""What only a process of its own shows: which library it finds, and what it imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOG = Path(__file__).parents[1] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
SLOW = {"tvm", "tvm_ffi", "git", "jsonschema", "cpuinfo", "psutil", "pynvml", "xgboost", "numpy", "tvmgitlib.live.side"}

#: What a lookup in a library that was proven has no use for either: each takes as long as a dozen of our own modules.
NEEDLESS = {
    *("asyncio", "email", "importlib.metadata", "importlib.resources", "jsonschema_rs", "packaging"),
    *("shutil", "sqlite3", "tempfile", "filelock"),
    *("tvmgitlib.families.ansor", "tvmgitlib.families.metaschedule", "tvmgitlib.format.segment"),
    *("tvmgitlib.library.changes.change", "tvmgitlib.library.folding.proof", "tvmgitlib.library.outlines.outlines"),
    *("tvmgitlib.library.platforms.detect", "tvmgitlib.library.reading.neighbours", "tvmgitlib.store.signing"),
    *("tvmgitlib.live.side", "tvmgitlib.model.job", "tvmgitlib.store.landing.branch", "tvmgitlib.store.remotes"),
}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["best", "--help"], ["best", "--tvm", "x==1"], ["trials"], ["check"], ["log"]]
)
def test_a_command_imports_only_what_it_needs(library: ConfigLibrary, arguments: list[str]) -> None:
    library.import_logs(LOG, platform="board")
    code = f"import sys; from tvmgitlib.cli.main import run; run({arguments!r}); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    imported = set(ran.stderr.split())
    assert "tvmgitlib.cli.main" in imported
    assert SLOW & imported == set()


def test_a_lookup_imports_little_more_than_it_answers_with(library: ConfigLibrary) -> None:
    library.import_logs(LOG, platform="board")
    library.best()  # which remembers that no config is too far ahead of the others
    code = "import sys; from tvmgitlib.cli.main import run; run(['best']); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    assert "board" in ran.stdout
    assert (SLOW | NEEDLESS) & set(ran.stderr.split()) == set()


@pytest.mark.parametrize("command", ["trials", "log", "blame"])
def test_jobs_that_were_proven_are_read_without_their_schema(library: ConfigLibrary, command: str) -> None:
    library.import_logs(LOG, platform="board")
    code = f"import sys; from tvmgitlib.cli.main import run; run([{command!r}]); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    assert ran.stdout
    assert {"jsonschema_rs", "tvmgitlib.families.metaschedule"} & set(ran.stderr.split()) == set()


def test_a_lookup_starts_two_processes(
    library: ConfigLibrary, tmp_path: Path, tvmgitlib: Run, git: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.import_logs(LOG, platform="board")
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/told\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    asks = ["config"] if tuple(map(int, git(tmp_path, "version").split()[2].split(".")[:2])) < (2, 38) else []
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    assert tvmgitlib("-C", library.path, "best").returncode == 0
    started = (tmp_path / "told").read_text().splitlines()
    commands = ("rev-parse", "cat-file", "config")
    assert [name for line in started for name in commands if f" {name} " in line] == ["rev-parse", "cat-file", *asks]
    assert len(started) == 2 + len(asks)


def test_a_lookup_hardly_ever_looks_for_garbage(library: ConfigLibrary) -> None:
    library.import_logs(LOG, platform="board")
    code = (
        "import gc, tvmgitlib.cli; times = lambda: sum(each['collections'] for each in gc.get_stats()); "
        "before = times(); from tvmgitlib.cli.main import run; run(['best']); print(times() - before)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    assert int(found.stdout.split()[-1]) <= 1


def test_what_a_command_leaves_is_not_looked_through_when_it_ends(library: ConfigLibrary) -> None:
    code = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count(), len(gc.get_objects()))); "
        "from tvmgitlib.cli.main import main; main(['log'])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=False)
    frozen, looked_through = map(int, found.stdout.split()[-2:])
    assert looked_through < frozen / 100


def test_a_list_of_open_jobs_imports_nothing_that_changes_a_library(library: ConfigLibrary) -> None:
    library.begin_job(platform="board")
    code = "import sys; from tvmgitlib.cli.main import run; run(['job', 'list']); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    assert "started" in ran.stdout
    changing = {"tvmgitlib.library.changes.sharing", "tvmgitlib.library.jobs.finishing", "tvmgitlib.store.remotes"}
    assert (SLOW | changing) & set(ran.stderr.split()) == set()


def test_a_job_begins_without_what_finishes_or_shares_it(library: ConfigLibrary) -> None:
    begin = "run(['job', 'start', '--platform', 'board'])"
    code = f"import sys; from tvmgitlib.cli.main import run; {begin}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=library.path, capture_output=True, text=True, check=True)
    assert len(library.open_jobs()) == 1
    late = {
        f"tvmgitlib.library.{room}"
        for room in ("changes.sharing", "jobs.finishing", "jobs.intake", "jobs.sharing.claims")
    }
    assert (SLOW | late | {"tvmgitlib.store.remotes"}) & set(ran.stdout.split()) == set()


def test_help_does_not_wait_for_the_library(library: ConfigLibrary) -> None:
    # What click alone imports is not ours to leave out: under Python 3.10 subprocess comes with its uuid.
    code = (
        "import sys, click; clicks = {*sys.modules}; from tvmgitlib.cli.main import run; run(['--help']); "
        "print(*({*sys.modules} - clicks), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"msgspec", "orjson", "subprocess", "tempfile", "jsonschema_rs", "tvmgitlib.library"} & set(
        ran.stderr.split()
    )


def test_the_command_is_installed() -> None:
    command = shutil.which("tvmgitlib", path=str(Path(sys.executable).parent))
    assert command is not None
    ran = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("tvmgitlib, version ")


def keep(ran: subprocess.CompletedProcess[str]) -> int:
    """The `keep` of the library that was found: each of the tests' libraries has its own."""
    assert ran.stderr == ""
    value: int = json.loads(ran.stdout)["value"]
    return value


def test_the_library_is_the_options_the_environments_the_folders_or_the_default_one(
    tmp_path: Path, tvmgitlib: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(("option", "variable", "folder", "home/.tvm/tvmgitlib"), start=1):
        ConfigLibrary.init(tmp_path / path, keep=number)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TVMGITLIB_LIBRARY", str(tmp_path / "variable"))
    asked = ("--json", "config", "keep")
    below = tmp_path / "folder" / "configs"
    assert keep(tvmgitlib("-C", tmp_path / "option", *asked, cwd=below)) == 1
    assert keep(tvmgitlib(*asked, cwd=below)) == 2
    monkeypatch.delenv("TVMGITLIB_LIBRARY")
    assert keep(tvmgitlib(*asked, cwd=below)) == 3
    assert keep(tvmgitlib(*asked, cwd=tmp_path)) == 4


def test_without_any_library_the_message_says_how_to_make_one(
    tmp_path: Path, tvmgitlib: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = tvmgitlib("best", cwd=tmp_path)
    assert ran.returncode == 4
    assert ran.stderr.startswith(f"error: no library here, and none at {tmp_path}/.tvm/tvmgitlib\n")
    assert "tvmgitlib init" in ran.stderr


@pytest.mark.slow
def test_init_makes_a_library_here_unless_the_environment_names_one(
    tmp_path: Path, tvmgitlib: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    assert json.loads(tvmgitlib("--json", "init", cwd=tmp_path / "here").stdout)["library"] == str(tmp_path / "here")
    assert tvmgitlib("check", cwd=tmp_path / "here").returncode == 0
    monkeypatch.setenv("TVMGITLIB_LIBRARY", "named")
    assert tvmgitlib("init", cwd=tmp_path).returncode == 0
    assert (tmp_path / "named" / "tvmgitlib.json").is_file()
    assert tvmgitlib("init", cwd=tmp_path).stderr == "error: named: a library is there already\n"


@pytest.mark.slow
def test_a_librarys_path_may_be_unusual(tmp_path: Path, tvmgitlib: Run) -> None:
    path = tmp_path / "-a dash, spaces, 'quotes' and ünicode"
    for command in (
        ["init", path],
        ["-C", path, "import", LOG, "--platform", "board"],
        ["-C", path, "check"],
        ["-C", path / "tvmgitlib.json", "best"],
        ["-C", path, "export", "--format", "autotvm", "-o", path / "best of all.log"],
    ):
        ran: Any = tvmgitlib(*command)
        assert (ran.returncode, ran.stderr) == (0, "")
