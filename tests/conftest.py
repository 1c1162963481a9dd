"""What every test stands on: hermetic Git, real libraries in temporary folders, and the real tuning logs."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.format import store, task_order
from tvmgitlib.model import (
    Header,
    Invalidation,
    Platform,
    Section,
    Segment,
    Task,
    TaskRecords,
    TuningRecord,
    TvmVersion,
    read_json,
)
from tvmgitlib.rules.effort import EffortCounter

DATA = Path(__file__).parent / "data"

# A test may be slow on a busy machine; what it may not be is wrong. The soak tries the examples that not every change
# has to wait for.
hypothesis.settings.register_profile("tvmgitlib", deadline=None, max_examples=40)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile("tvmgitlib")

#: Whoever asks for one of these works on a repository. What such a test shows depends little on the Python.
REPOSITORIES = frozenset({"library", "repository", "git"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests on repositories: they take nearly all the time, so that not every Python runs them."""
    for item in items:
        if REPOSITORIES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("git")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over thousands of tests that stay anyway: to look took a tenth of the CPU."""
    gc.freeze()


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make an empty folder: `new_folder("home")`.

    What pytest numbers folders by looks at all that there are, so that of thousands each takes longer than the last.
    """
    serial = count()

    def make(name: str) -> Path:
        path = tmp_path_factory.getbasetemp() / f"{next(serial)}-{name}"
        path.mkdir(mode=0o700)
        return path

    return make


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, new_folder: Callable[[str], Path]) -> Path:
    """A folder of the test's own, in place of pytest's."""
    return new_folder(re.sub(r"\W", "_", request.node.name)[:30])


@pytest.fixture(scope="session")
def bare_template(new_folder: Callable[[str], Path]) -> Path:
    """What Git puts into each new repository, without fourteen examples of hooks."""
    folder = new_folder("template")
    (folder / "hooks").mkdir()
    (folder / "info").mkdir()
    (folder / "info" / "exclude").touch()
    return folder


@pytest.fixture(autouse=True)
def home(new_folder: Callable[[str], Path], bare_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: none sees the user's, nor the user's Git configuration, library or language."""
    home = new_folder("home")
    config = home / ".gitconfig"
    user, init = "name = Tess Ter\n\temail = tess@example.com", f"defaultBranch = main\n\ttemplateDir = {bare_template}"
    config.write_text(f"[user]\n\t{user}\n[init]\n\t{init}\n")
    for name in [name for name in os.environ if name.startswith(("GIT_", "TVMGITLIB_LIBRARY"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C")
    return home


@pytest.fixture
def logs() -> Path:
    """The folder of real tuning logs: autotvm/, ansor/, metaschedule/."""
    return DATA / "tvm-logs"


@pytest.fixture(scope="session")
def of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder that all workers of this run see; what they make in it is theirs to lock."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def just_made(new_folder: Callable[[str], Path]) -> Path:
    """Where `library` keeps what it copies: the first test that needs an empty library makes it."""
    return new_folder("just-made")


@pytest.fixture
def library(tmp_path: Path, home: Path, just_made: Path, git: Callable[..., str]) -> ConfigLibrary:
    """An empty library in `tmp_path/library`, as `ConfigLibrary.init` leaves it, and what its user knows of it then."""
    template, known = just_made / "library", just_made / "cache"
    if not template.exists():
        ConfigLibrary.init(template)
        shutil.copytree(home / ".cache", known)
    path = shutil.copytree(template, tmp_path / "library")
    shutil.copytree(known, home / ".cache", dirs_exist_ok=True)
    git(path, "update-index", "-q", "--refresh")  # the copies are other files than those it has looked at
    return ConfigLibrary(path)


@pytest.fixture(scope="session")
def made_once() -> dict[tuple[str, ...], tuple[Path, Path, Any]]:
    """By what made it: where a copy of what it made is kept, where it was made, and what it returned."""
    return {}


@pytest.fixture
def once(
    tmp_path: Path,
    home: Path,
    new_folder: Callable[[str], Path],
    made_once: dict[tuple[str, ...], tuple[Path, Path, Any]],
    git: Callable[..., str],
) -> Callable[..., Any]:
    """Do what several tests begin with: `once(make)` calls `make()` for the first of them, and each other one is given
    a copy of what that wrote, and what it returned.

    It may write into `tmp_path`, and the user's cache; what it depends on is named: `once(make, "cuda")`. Repositories
    know each other's copies, where their configurations had named the first ones.
    """
    folders = {"folder": tmp_path, "cache": home / ".cache"}

    def run(make: Callable[[], Any], *of: str) -> Any:
        name = (make.__module__, make.__qualname__, *of)
        if name not in made_once:
            before = {kind: _look(folder) for kind, folder in folders.items()}
            returned = make()
            kept = new_folder("once")
            for kind, folder in folders.items():
                _copy(folder, kept / kind, dict(_look(folder).items() - before[kind].items()))
            made_once[name] = kept, tmp_path, returned
            return returned
        kept, first, returned = made_once[name]
        for kind, folder in folders.items():
            _copy(kept / kind, folder, _look(kept / kind))
        for config in tmp_path.glob("*/.git/config"):
            config.write_text(config.read_text().replace(str(first), str(tmp_path)))
        for index in tmp_path.glob("*/.git/index"):  # the copies are other files than those it has looked at
            git(index.parents[1], "update-index", "-q", "--refresh")
        return returned

    return run


def _look(folder: Path) -> dict[Path, tuple[int, int]]:
    """What tells that a file was made or changed, by its path below a folder."""
    found = ((path.relative_to(folder), path.lstat()) for path in folder.rglob("*"))
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found}


def _copy(source: Path, target: Path, paths: Iterable[Path]) -> None:
    """Copy files, folders and links; a file that is there is replaced, for it may be one that nobody writes to."""
    for path in sorted(paths):
        old, new = source / path, target / path
        if old.is_dir() and not old.is_symlink():
            new.mkdir(parents=True, exist_ok=True)
        else:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            shutil.copy2(old, new, follow_symlinks=False)


@pytest.fixture
def git() -> Callable[..., str]:
    """Run Git in a folder and return its output: `git(folder, "log", "--oneline")`."""

    def run(folder: Path, *arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


#: The only way to be there while our Git moves a branch.
WITH_HOOKS = """#!/bin/sh
for argument; do
    shift
    [ "$argument" = core.hooksPath=/dev/null ] && argument="core.hooksPath=${0%/*}"
    set -- "$@" "$argument"
done
exec REAL_GIT "$@"
"""


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a Git first on the path that runs a hook although it was told not to: `hooks("reference-transaction", text)`.

    Returns the hook's file; the hook is over when that is gone.
    """

    def make(name: str, text: str) -> Path:
        folder = tmp_path / "hooks"
        folder.mkdir(exist_ok=True)
        wrapper, hook = folder / "git", folder / name
        if not wrapper.exists():
            wrapper.write_text(WITH_HOOKS.replace("REAL_GIT", str(shutil.which("git"))))
            monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        hook.write_text(text)
        for program in (wrapper, hook):
            program.chmod(0o755)
        return hook

    return make


class Cli:
    """Runs `tvmgitlib` in this process.

    Attributes:
        code: the exit code of the last run.
        out, err: its standard output and standard error.
    """

    def __init__(self, library: Path) -> None:
        self.library = library
        self.code = 0
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> Cli:
        """Run a command line on the library; look at `code`, `out` and `err` then."""
        from tvmgitlib.cli.main import run

        def call() -> int:
            return run(["-C", str(self.library), *map(str, arguments)])

        runner = CliRunner()
        with runner.isolation() as streams:
            self.code = call()
            out, err = streams[0].getvalue(), streams[1].getvalue()
        self.out, self.err = out.decode(), err.decode()
        return self

    def json(self, *arguments: object) -> Any:
        """Run with `--json` and return the document printed."""
        self("--json", *arguments)
        return json.loads(self.out)

    def lines(self, *arguments: object) -> list[Any]:
        """Run with `--json` and return the JSON lines printed."""
        self("--json", *arguments)
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(library: ConfigLibrary) -> Cli:
    """The command line on the empty library."""
    return Cli(library.path)


@pytest.fixture
def tvmgitlib() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m tvmgitlib` as a process of its own: `tvmgitlib("-C", path, "check")`."""

    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tvmgitlib", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    return run


class Build:
    """Makes values; the defaults are one config of one workload, measured once."""

    @staticmethod
    def job(number: int) -> str:
        """The id of a job."""
        return f"{number:016x}"

    @staticmethod
    def finished(second: float) -> str:
        return f"2026-01-01T00:00:{second:06.3f}Z"

    @staticmethod
    def record(
        config: int = 0,
        cost: float | list[float] = 0.001,
        workload: int = 0,
        *,
        error: int = 0,
        at: float = 0.0,
        target: str = "llvm -mcpu=haswell",
    ) -> TuningRecord:
        native = json.dumps(
            {
                "input": [target, "matmul", [workload], {}],
                "config": {"index": config, "code_hash": None, "entity": [["tile", "ot", config]]},
                "result": [cost if isinstance(cost, list) else [cost], error, 1.0, at],
                "version": 0.2,
            }
        ).encode()
        return families.family("autotvm").record(read_json(native), native)

    @staticmethod
    def tvm(version: str | None = "0.16.0", distribution: str | None = "hhb-tvm") -> TvmVersion:
        return TvmVersion(distribution, version, "option" if version else None)

    def segment(
        self,
        job: int,
        records: Iterable[TuningRecord] = (),
        *,
        kind: Any = "tune",
        finished: float | None = 0,
        tvm: TvmVersion | None = None,
        platform: str = "board",
        facts: dict[str, Any] | None = None,
        reverts: Iterable[int] = (),
        invalidates: Iterable[tuple[int, tuple[str, ...] | None]] = (),
    ) -> Segment:
        """A job with a task for every workload among the records; failures count as effort only."""
        header = Header(
            id=self.job(job),
            kind=kind,
            finished=None if finished is None else self.finished(finished),
            reverts=tuple(map(self.job, reverts)),
            reason="it is wrong" if kind == "invalidate" else None,
        )
        by_workload: dict[tuple[str, str], list[TuningRecord]] = {}
        for record in records:
            by_workload.setdefault((record.target.text, record.workload.text), []).append(record)
        entries = []
        for found in by_workload.values():
            given = found[0].target
            section = Section(
                "autotvm",
                given.target,
                (given.text,),
                dict(given.facts),
                Platform(platform, facts or {}),
                tvm or self.tvm(),
            )
            counter = EffortCounter()
            counter.extend(found)
            task = Task(section, found[0].workload, counter.finish()[0])
            kept = tuple(store(record, header, task) for record in found if record.error is None)
            entries.append(TaskRecords(task, kept))
        entries.sort(key=lambda entry: task_order(entry.task))
        invalidations = tuple(Invalidation(self.job(job), records) for job, records in invalidates)
        return Segment(header, tuple(entries), invalidations)


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()


_FRAGMENTS = [
    *(b"null", b"true", b"1e308", b"-1", b"0.0", b"5e-324", b"1e400", b"18446744073709551616", b"[]", b"{}", b'""'),
    *(b"NaN", b"\\u0022", b"\xff", b"\x00", b"\r", b" ", b'"', b",", b":", b"}", b"]", b"[" * 300, b'{"a":' * 300),
    *(b', "x-tvmgitlib": ', b'{"native": ', b'"x-tvmgitlib"', b"\\ud800", b"9999-99-99T99:99:99Z"),
]
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{},:]')


@st.composite
def _mutated(draw: st.DrawFn, line: bytes) -> bytes:
    """The line with some of its JSON tokens replaced, repeated, moved or left out."""
    tokens = _TOKEN.findall(line)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(tokens) - 1))
        other = st.sampled_from(_FRAGMENTS) | st.sampled_from(tokens) | st.binary(max_size=4)
        tokens[at : at + draw(st.integers(0, 2))] = draw(st.lists(other, max_size=2))
        tokens = tokens or [b""]
    text = draw(st.sampled_from([b"", b" "])).join(tokens)
    # As the library writes them, else hardly any would get past the first look.
    return text.replace(b',"x-tvmgitlib":', b', "x-tvmgitlib": ').replace(b'{"native":', b'{"native": ')


@pytest.fixture(scope="session")
def mutated() -> Callable[[bytes], st.SearchStrategy[bytes]]:
    """The line of a log as it might be damaged."""
    return _mutated
