"""Create the virtual environments that tests, demo and benchmarks run in. Standard library only.

    environments.py create [NAME...]     create or refresh them (all, if none is named)
    environments.py run NAME ARG...      refresh one and run its Python with ARG...; NAME `core` is any core one

They live in .venv/<name>, and are made with venv and pip, or with uv where that is on the path. One is made anew when
pyproject.toml's dependencies or its interpreter changed; the ones that hold a built wheel get a new wheel when the
package changed. A missing interpreter is reported and its environment skipped, or is a failure when CI=true.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TextIO

if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit("this needs Python >= 3.10; say which, for example: make test PYTHON=python3.12")

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".venv"
DIST = VENVS / "dist"
CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
ANY = ("3.11", "3.12", "3.10", "3.13")  # where any Python will do, in order of preference


class Environment(NamedTuple):
    """What one environment holds: which Pythons it may have, which extras, and how the package gets in."""

    name: str
    pythons: Sequence[str]
    extras: str
    wheel: bool = False  # install a built wheel, else an editable checkout
    probe: str = ""  # the environment is usable when this runs


ENVIRONMENTS = (
    Environment("tvm-0.16", ("3.10",), "autotvm,test", probe="import tvm.autotvm, tvm.auto_scheduler, tvm.relay"),
    Environment("tvm-0.27", ANY, "metaschedule,onnx,test", probe="import tvm.relax"),
    Environment("tvm-0.25", ANY, "metaschedule-0-25,onnx,test", probe="import tvm.relax"),
    Environment("core-3.10", ("3.10",), "dev", wheel=True),
    Environment("core-3.11", ("3.11",), "dev"),
    Environment("core-3.12", ("3.12",), "dev"),
    Environment("core-3.13", ("3.13",), "dev,report,dask,signatures", wheel=True),  # runs what is marked slow
)
CORE_ORDER = ("core-3.11", "core-3.12", "core-3.13", "core-3.10")  # which one `core` means: the first there is


class SetupError(Exception):
    """Set-up cannot go on; the message says why."""


# --- interpreters ---------------------------------------------------------------------------------------------------


def candidates(version: str) -> Iterator[str]:
    """Yield commands that may be CPython `version`: the running one, those on PATH, pyenv's."""
    name = "python" + version
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield sys.executable
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=folder) if folder else None
        if found:
            yield found
    for root in dict.fromkeys((os.environ.get("PYENV_ROOT"), "~/.pyenv")):
        if root:
            yield from sorted(map(str, Path(root).expanduser().glob(f"versions/{version}.*/bin/{name}")), reverse=True)


@functools.cache
def find_python(version: str) -> tuple[str | None, str]:
    """Find an interpreter that really is CPython `version` and can make environments; else say why there is none."""
    question = (
        "import ensurepip, platform, sys, venv;"
        "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2]); print(sys.executable)"
    )
    reasons = []
    for command in dict.fromkeys(candidates(version)):
        try:
            answer = subprocess.run(
                [command, "-c", question], env=clean_env(), capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{command}: {error}")
            continue
        lines = answer.stdout.splitlines()
        if answer.returncode == 0 and lines and lines[0] == "CPython " + version:
            return lines[1], ""
        last = (answer.stderr.strip().splitlines() or lines or ["no answer"])[-1]
        reasons.append(f"{command} does not work: {last}")
    return None, "; ".join([f"no CPython {version} found", *reasons])


def clean_env() -> dict[str, str]:
    """Return the environment for child processes, without what points into another Python or repository.

    Bytecode is kept, whatever this process is told: environments come without it, and to compile TVM takes each process
    that imports it a second or two.
    """
    drop = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYENV_VERSION", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    drop += ("PYTHONDONTWRITEBYTECODE",)
    return {name: value for name, value in os.environ.items() if name not in drop}


# --- environments ---------------------------------------------------------------------------------------------------


def find(name: str) -> Environment:
    """Return the environment called `name`; `core` is the first core one that has an interpreter."""
    if name == "core":
        for core in CORE_ORDER:
            if find_python(find(core).pythons[0])[0]:
                return find(core)
        raise SetupError("no CPython >= 3.10 found")
    for environment in ENVIRONMENTS:
        if environment.name == name:
            return environment
    raise SetupError(f"no environment {name!r}; there are: {', '.join(e.name for e in ENVIRONMENTS)}")


def script(name: str, command: str = "python") -> str:
    """Return the path of a command inside an environment."""
    folder, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return str(VENVS / name / folder / (command + suffix))


def interpreter(environment: Environment) -> tuple[str | None, str]:
    """Find the interpreter of an environment; else say why there is none."""
    if environment.name == "tvm-0.16" and not (sys.platform == "linux" and os.uname().machine == "x86_64"):
        return None, "hhb-tvm has wheels for Linux x86_64 only"
    found = [find_python(version) for version in environment.pythons]
    return next((answer for answer in found if answer[0]), found[0])


def create(environment: Environment) -> tuple[str, str]:
    """Create or refresh one environment. Returns ("ready", what was done) or ("skipped", why)."""
    python, reason = interpreter(environment)
    if not python:
        return "skipped", reason

    home = VENVS / environment.name
    stamp = digest([python, repr(environment), project_tables()])
    if read(home / "stamp") != stamp:
        with open_log(environment.name) as log:
            what = [str(wheel())] if environment.wheel else ["--editable", str(ROOT)]
            what[-1] += f"[{environment.extras}]"
            fill(environment.name, python, what, log)
            if environment.probe:
                run([script(environment.name), "-c", environment.probe], log)
        (home / "stamp-sources").write_text(digest_sources(), encoding="utf-8")
        (home / "stamp").write_text(stamp, encoding="utf-8")
        return "ready", f"created, {'wheel' if environment.wheel else 'editable'}"
    if environment.wheel and read(home / "stamp-sources") != digest_sources():
        with open_log(environment.name) as log:
            pip(environment.name, ["--force-reinstall", "--no-deps", str(wheel())], log)
        (home / "stamp-sources").write_text(digest_sources(), encoding="utf-8")
        return "ready", "new wheel"
    return "ready", "up to date"


def open_log(name: str) -> TextIO:
    """Open the file that keeps what setting up an environment said."""
    return (VENVS / (name + ".log")).open("w", encoding="utf-8")


def venv(home: Path, python: str, log: TextIO, *options: str) -> None:
    """Make an empty environment."""
    shutil.rmtree(home, ignore_errors=True)
    run([python, "-m", "venv", *options, str(home)], log)


_uv_lock = threading.Lock()


def uv(log: TextIO) -> str | None:
    """Return the command of an installer that takes a third of pip's time; None where there is none.

    It is the user's own. In CI, where every environment is made anew, it is fetched; elsewhere that would go past what
    pip was told of indexes and proxies.
    """
    found = shutil.which("uv")
    if found or not CI:
        return found
    with _uv_lock:
        command = script("uv", "uv")
        if not Path(command).exists():
            try:
                venv(VENVS / "uv", sys.executable, log)
                pip("uv", ["uv"], log)
            except SetupError:
                return None
        return command


def fill(name: str, python: str, what: list[str], log: TextIO) -> None:
    """Make an environment with these packages in it: with uv if that can, else with pip."""
    fast = uv(log)
    venv(VENVS / name, python, log, *(["--without-pip"] if fast else []))
    if fast:
        try:
            run([fast, "pip", "install", "--no-progress", "--python", script(name), *what], log)
            return
        except SetupError:
            log.write("uv could not; pip is asked\n")
    pip(name, what, log)


def pip(name: str, what: list[str], log: TextIO) -> None:
    """Install into an environment."""
    if not Path(script(name, "pip")).exists():  # uv made it
        run([script(name), "-m", "ensurepip"], log)
    run([script(name), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile", *what], log)


def run(command: list[str], log: TextIO) -> None:
    """Run a set-up command with its output in the log; on failure raise with the end of that log."""
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    # Not from the checkout: `python -c` and `-m` would import the package from the current folder.
    result = subprocess.run(
        command, cwd=VENVS, env=clean_env(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
    )
    if result.returncode:
        tail = Path(log.name).read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        raise SetupError("\n    ".join([f"failed with exit code {result.returncode}", *tail]))


# --- the wheel ------------------------------------------------------------------------------------------------------

_wheel_lock = threading.Lock()


def wheel() -> Path:
    """Build sdist, and from it the wheel, once per state of the sources, and check what is in them."""
    with _wheel_lock:
        sources = digest([digest_sources(), project_tables()])
        if read(DIST / "stamp") != sources:
            shutil.rmtree(DIST, ignore_errors=True)
            with open_log("build") as log:
                tools = digest([sys.executable])
                if read(VENVS / "build" / "stamp") != tools:
                    venv(VENVS / "build", sys.executable, log)
                    pip("build", ["build", "hatchling"], log)
                    (VENVS / "build" / "stamp").write_text(tools, encoding="utf-8")
                run([script("build"), "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT)], log)
            check_contents(*DIST.glob("*.whl"), *DIST.glob("*.tar.gz"))
            (DIST / "stamp").write_text(sources, encoding="utf-8")
        return next(DIST.glob("*.whl"))


def check_contents(built: Path, sdist: Path) -> None:
    """Every module and every schema must be in the wheel and in the sdist."""
    with zipfile.ZipFile(built) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(sdist) as tar:
        in_sdist = {name.split("/", 1)[-1] for name in tar.getnames()}
    names = [path.relative_to(ROOT).as_posix() for path in source_files()]
    missing = [name for name in names if name not in in_sdist]
    missing += [name for name in names if re.sub("^schema/", "tvmgitlib/schema/", name) not in in_wheel]
    if missing:
        raise SetupError(f"not in {built.name} or {sdist.name}: {', '.join(missing)}")


def source_files() -> list[Path]:
    """Return the files that make up the package."""
    files = [path for top in ("tvmgitlib", "schema") for path in (ROOT / top).rglob("*") if path.is_file()]
    return sorted(path for path in files if "__pycache__" not in path.parts)


def digest_sources() -> str:
    """Hash the files that make up the package."""
    return digest([part for path in source_files() for part in (str(path.relative_to(ROOT)), path.read_bytes())])


def project_tables() -> str:
    """Return those tables of pyproject.toml that decide what gets installed: not the linters' settings."""
    tables = re.split(r"(?m)^(?=\[)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return "".join(table for table in tables if re.match(r"\[(project|build-system|tool\.hatch)\b", table))


def digest(parts: Sequence[object]) -> str:
    """Hash texts and bytes, in order."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(b"%d:" % len(data) + data)
    return total.hexdigest()


def read(path: Path) -> str:
    """Return a file's text, empty where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


# --- the command ----------------------------------------------------------------------------------------------------


def create_all(
    environments: Sequence[Environment], *, quiet: bool = False, tell: Callable[[str, bool], None] = lambda *_: None
) -> dict[str, str]:
    """Create environments, two at a time.

    Args:
        environments: in the order in which they are wanted.
        quiet: say nothing of those that are up to date.
        tell: called with the name of each, from its own thread, and whether it is usable.

    Returns:
        The missing ones, with the reason.

    Raises:
        SetupError: one could not be made, or with CI=true has no interpreter; the others were made.
    """
    VENVS.mkdir(exist_ok=True)
    began = time.monotonic()
    skipped: dict[str, str] = {}
    failed = []

    def work(environment: Environment) -> None:
        start = time.monotonic()
        state, detail = "FAILED", "set-up stopped"
        try:
            state, detail = create(environment)
        except SetupError as problem:
            detail = str(problem)
        finally:
            tell(environment.name, state == "ready")
        if state == "skipped":
            skipped[environment.name] = detail
        if state == "FAILED" or (state == "skipped" and CI):
            failed.append(environment.name)
        if not quiet or state == "FAILED" or detail != "up to date":
            seconds = time.monotonic() - start
            sys.stderr.write(f"environment {environment.name:9} {seconds:6.1f} s  {state}: {detail}\n")  # at one go

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(work, environments))
    if not quiet:
        print(f"environments in {time.monotonic() - began:.1f} s", file=sys.stderr)
    if failed:
        note = " (CI=true: none may be missing)" if CI else ""
        raise SetupError(f"environments failed{note}: {', '.join(failed)}")
    return skipped


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if arguments[:1] == ["create"]:
        skipped = create_all([find(name) for name in arguments[1:]] or ENVIRONMENTS)
        if len(skipped) == len(ENVIRONMENTS):
            raise SetupError("no CPython >= 3.10 found")
        return 0
    if arguments[:1] == ["run"] and len(arguments) > 2:
        environment = find(arguments[1])
        skipped = create_all([environment], quiet=True)
        if skipped:
            raise SetupError(skipped[environment.name])
        return subprocess.run([script(environment.name), *arguments[2:]], env=clean_env(), check=False).returncode
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as problem:
        sys.exit(f"environments.py: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
