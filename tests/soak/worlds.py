"""A library in which every command that writes has something to do, and what must hold after one was cut short."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from killing import varied

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.open_jobs import RemeasuredNote

LOG = Path(__file__).parents[1] / "data/tvm-logs/autotvm/t0_tvmgitlib_matmul_grid.log"

#: Runs one command line. The interpreter is warm by then: what befalls it meets the command, and no import statement.
SCRIPT = """
import sys
import tvmgitlib.library.jobs, tvmgitlib.library.changes, tvmgitlib.library.care
from tvmgitlib.cli.main import run
print("ready", flush=True)
sys.exit(run(sys.argv[1:]))
"""


class World:
    """A library with a remote, another clone of it, and all that commands need to have something to do."""

    def __init__(self, library: ConfigLibrary, folder: Path, git: Callable[..., str]) -> None:
        self.library = library
        self.folder = folder
        self.git = git
        self.remote = folder / "remote.git"
        self.acknowledged: set[str] = set()
        self._numbers = count(1)
        self.add()
        git(folder, "clone", "--quiet", "--bare", str(library.path), "remote.git")
        git(library.path, "remote", "add", "origin", self.remote.as_uri())
        library.sync()
        self.other = ConfigLibrary.clone(self.remote.as_uri(), folder / "other")

    def log(self) -> Path:
        path = self.folder / f"{next(self._numbers)}.log"
        path.write_bytes(varied(LOG, next(self._numbers)))
        return path

    def add(self, library: ConfigLibrary | None = None) -> str:
        """Import a log, which is acknowledged in this library."""
        job = (library or self.library).import_logs(self.log(), platform="board").job
        assert job is not None
        if library is None:
            self.acknowledged.add(job)
        return job

    def begin(self, kind: str = "tune") -> str:
        job = self.library.begin_job(platform="board")
        job.log.write_bytes(varied(LOG, next(self._numbers)))
        if kind == "revalidate":  # as a live one has it, which takes a TVM
            told = job.folder / "job.json"
            told.write_text(json.dumps({**json.loads(told.read_text()), "kind": kind}))
            job.note_remeasured(RemeasuredNote(["a", "b", "c"], self.add(), "0" * 64, None, "slow"))
        return job.id

    def prepared(self, command: str) -> list[str]:
        """The arguments of a command that has something to do."""
        match command:
            case "import":
                return ["import", str(self.log()), "--platform", "board"]
            case "start":
                return ["job", "start", "--platform", "board", "--set", "a=1"]
            case "finish" | "abort":
                return ["job", command, self.begin()]
            case "revalidate":
                return ["job", "finish", self.begin("revalidate")]
            case "revert":
                return ["revert", self.add()]
            case "invalidate":
                return ["invalidate", "--job", self.add(), "--reason", "slow"]
            case "merge":
                side = f"side-{next(self._numbers)}"
                self.git(self.library.path, "switch", "--quiet", "-c", side, "main")
                self.add(self.library)  # acknowledged on its branch alone
                self.git(self.library.path, "switch", "--quiet", "main")
                self.add()
                return ["merge", side]
            case "sync":
                self.other.sync()
                self.add(self.other)
                self.other.sync()
                self.add()
                return ["sync"]
            case "fold":
                self.other.sync()
                self.add(self.other)
                self.other.sync(queue=True)
                self.git(self.other.path, "reset", "--quiet", "--hard", "origin/main")
                return ["fold", "--queue"]
            case "rebuild":
                self.git(self.library.path, "rm", "-r", "--quiet", "configs")
                self.git(self.library.path, "commit", "--quiet", "-m", "by hand")
                return ["rebuild"]
            case "gc":
                self.add()
                return ["gc"]
            case "config":
                return ["config", "keep", str(1 + next(self._numbers) % 3)]
            case "init":
                return ["init", str(self.folder / f"new-{next(self._numbers)}")]
            case "clone":
                return ["clone", self.remote.as_uri(), str(self.folder / f"new-{next(self._numbers)}")]
        raise ValueError(command)

    def assert_whole(self, command: str, arguments: list[str], out: str) -> None:
        """Nothing that was acknowledged is lost, and the next commands go on."""
        if command in ("init", "clone"):
            path = Path(arguments[-1])
            again = subprocess.run(
                [sys.executable, "-m", "tvmgitlib", *arguments], capture_output=True, text=True, check=False
            )
            if again.returncode != 0:  # it was made, or a part of it is there, which the message names
                assert again.returncode == 4 and str(path) in again.stderr, again.stderr
                if out:
                    assert ConfigLibrary(path).check() == []
                shutil.rmtree(path)
                assert subprocess.run([sys.executable, "-m", "tvmgitlib", *arguments], check=False).returncode == 0
            assert ConfigLibrary(path).check() == []
            shutil.rmtree(path)
            return
        if out:
            told = json.loads(out)
            if command in ("import", "finish", "revalidate"):
                self.acknowledged.add(told["job"])
            elif command == "merge":
                self.acknowledged.update(told["jobs"])
            elif command == "start":
                assert told["job"] in {job.id for job in self.library.open_jobs()}
        if command == "rebuild":
            self.library.rebuild()
        self.add()
        library = ConfigLibrary(self.library.path)
        assert library.check(full=True) == []
        assert self.acknowledged <= {entry.job for entry in library.log()}
        assert self.git(self.library.path, "status", "--porcelain", "--untracked-files=all") == ""
        assert not [*(self.library.path / ".git").glob("tvmgitlib-*")]
        locks = [lock.name for lock in (self.library.path / ".git").rglob("*.lock")]
        assert set(locks) <= {"live.lock"}
        for job in library.open_jobs():
            library.abort_job(job.id)


COMMANDS = (
    *("import", "start", "finish", "abort", "revalidate", "revert", "invalidate", "merge", "sync", "fold", "rebuild"),
    *("gc", "config", "init", "clone"),
)
