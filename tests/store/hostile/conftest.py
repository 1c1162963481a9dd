"""A library in a repository of another's making: each program that comes with it leaves a mark when it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tvmgitlib import ConfigLibrary

LOGS = Path(__file__).parents[2] / "data" / "tvm-logs" / "autotvm"

#: A job that the library does not have yet.
IMPORTING = ("import", str(LOGS / "t0_tvmgitlib_matmul_xgb.log"), "--platform", "board")

#: Every command that only looks.
LOOKING = (
    ("best",),
    ("trials",),
    ("log",),
    ("diff", "HEAD~1"),
    ("blame",),
    ("check",),
    ("config",),
    ("platform", "show"),
    ("job", "list"),
)

#: What is looked at after writing: it names no commit and no job whose id is drawn.
LASTING = (("best",), ("trials",), ("check",))

#: What a command prints as JSON, by command.
Answers = dict[tuple[str, ...], tuple[int, str]]


def answers(cli: Any, commands: Collection[tuple[str, ...]]) -> Answers:
    return {command: (cli("--json", *command).code, cli.out) for command in commands}


def write(cli: Any) -> Answers:
    """Change the library in every way that stays on this machine, and look at it then."""
    first = cli.lines("log")[-1]["job"]
    for command in (
        IMPORTING,
        ("revert", first),
        ("invalidate", "--workload", "64,256,512", "--reason", "the fan was off"),
        ("config", "keep", "2"),
        ("rebuild",),
    ):
        assert cli(*command).code == 0, cli.err
    return answers(cli, LASTING)


class Seed(NamedTuple):
    """An honest library, and what it answers before and after it was written to."""

    path: Path
    looked: Answers
    written: Answers


@pytest.fixture(scope="session")
def seeds() -> dict[str, Seed]:
    """Where the library is kept that every test here begins with."""
    return {}


@pytest.fixture
def seed(seeds: dict[str, Seed], cli, tmp_path_factory: pytest.TempPathFactory) -> Seed:
    if not seeds:
        folder = tmp_path_factory.mktemp("seed")
        library = ConfigLibrary.init(folder / "library")
        for number in (0, 1):
            library.import_logs(LOGS / f"t{number}_tvmgitlib_matmul_ga.log", platform="board")
        shutil.copytree(folder / "library", folder / "twin")
        here, twin = (type(cli)(folder / name) for name in ("library", "twin"))
        seeds["seed"] = Seed(library.path, answers(here, LOOKING), write(twin))
    return seeds["seed"]


class Hostile:
    """The library, and what comes with it.

    Attributes:
        path: its folder.
        git_dir: its Git directory.
        run: the command line on it; look at `code`, `out` and `err` then.
        importing: a command that imports a job.
    """

    importing = IMPORTING

    def __init__(self, seed: Seed, folder: Path, cli: type[Any]) -> None:
        self.path = folder / "hostile"
        self.git_dir = self.path / ".git"
        self.run = cli(self.path)
        self._seed = seed
        self._cli = cli
        self._programs = folder / "programs"
        self._marks = folder / "marks"
        self._controls = folder / "controls"
        for made in (self._programs, self._marks, self._controls):
            made.mkdir()
        shutil.copytree(seed.path, self.path)

    def program(self, name: str, then: str = "cat", *, file: Path | None = None) -> str:
        """A program that leaves a mark of this name; it is put into a file, or among others."""
        path = file or self._programs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{self._marks}/{name}'\n{then}\n")
        path.chmod(0o755)
        return str(path)

    def marks(self) -> set[str]:
        """The names of what ran since the last call."""
        found = {mark.name for mark in self._marks.iterdir()}
        for name in found:
            (self._marks / name).unlink()
        return found

    def config(self, **values: str) -> None:
        """Set variables in the repository's own configuration; a name's dots are written as `__`."""
        for name, value in values.items():
            self.configure(name.replace("__", "."), value)

    def configure(self, name: str, value: str) -> None:
        subprocess.run(["git", "config", "--file", self.git_dir / "config", name, value], check=True)

    def fires(self, *command: str, marks: Collection[str] = ("evil",), below: str = "", **options: Any) -> None:
        """Make sure that plain Git runs these programs, in a copy of the library."""
        copy = self._controls / str(len(list(self._controls.iterdir())))
        shutil.copytree(self.path, copy)
        env = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", "-C", copy / below, *command],
            **{"capture_output": True, "text": True, "check": False, "env": env, "input": ""} | options,
        )
        ran = self.marks()
        assert set(marks) <= ran, (done.stdout, done.stderr)

    def looks(self, below: str = "") -> None:
        """Make sure that all commands that look answer as in the honest library, and run nothing."""
        assert answers(self._cli(self.path / below), LOOKING) == self._seed.looked
        exported = self._controls.parent / "exported"
        assert self.run("export", "--format", "autotvm", "-o", exported).code == 0, self.run.err
        assert len(exported.read_bytes().splitlines()) == 2
        assert self.marks() == set()

    def writes(self) -> None:
        """Make sure that all commands that write do as in the honest library, and run nothing."""
        assert write(self.run) == self._seed.written
        assert self.marks() == set()

    def refused(self, *command: object, naming: str = "") -> None:
        """Make sure that a command is refused, changes no branch, and runs nothing."""
        head = (self.git_dir / "refs/heads/main").read_text()
        assert self.run(*command).code == 4, self.run.out
        assert naming.lower() in self.run.err.lower()
        assert (self.git_dir / "refs/heads/main").read_text() == head
        assert self.marks() == set()


@pytest.fixture
def own() -> Callable[[str, str], None]:
    """Set a variable in the user's own configuration."""

    def configure(name: str, value: str) -> None:
        subprocess.run(["git", "config", "--global", name, value], check=True)

    return configure


@pytest.fixture
def hostile(seed: Seed, tmp_path: Path, cli, own) -> Hostile:
    own("maintenance.auto", "false")  # what plain Git does in the background would leave marks at any time
    return Hostile(seed, tmp_path, type(cli))


@pytest.fixture
def git_version(git) -> tuple[int, ...]:
    return tuple(int(part) for part in git(Path("/"), "--version").split()[2].split(".")[:2])
