"""Everything that must hold: lint, types, floors, and the tests in every environment. Standard library only.

    check.py [lint | core | live]...     all three, if none is named

The environments are made beside the first steps, and one step more than there are cores run at a time, the long ones
first. Every step runs, also after a failure; what it says is printed when it ends and kept in .venv/<step>.out. The
table at the end says what passed, failed or was skipped and why. With CI=true a missing environment and a skipped test
are failures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import environments
from environments import CI, ENVIRONMENTS, ROOT, VENVS, Environment, SetupError, clean_env, script
from scratch import scratch

SITE = VENVS / "site"  # made outside of what is checked in
#: Steps, each of one process that tests: where one waits for what it started, another has work for the core. Two
#: processes a step would find all its tests twice, and wait for each other at its end; one that another watches would
#: tell it of each test three times.
AT_A_TIME = 1 + (os.cpu_count() or 1)


class Step(NamedTuple):
    """One command in one environment."""

    name: str
    environment: str
    command: list[str]


class Result(NamedTuple):
    """What became of a step; seconds by the clock and of all cores."""

    name: str
    code: int
    seconds: float
    cpu: float


# --- what there is to do ------------------------------------------------------------------------------------------


def steps(lint: Sequence[Environment], core: Sequence[Environment], live: Sequence[Environment]) -> list[Step]:
    """Return the steps, the longest first, so that none is left alone at the end."""
    live_steps = [live_step(environment) for environment in live]
    core_steps = core_tests(core) if core else []
    lint_steps = [step for environment in lint for step in linters(environment.name)]
    return [*live_steps[:1], *core_steps[:2], *live_steps[1:], *core_steps[2:], *lint_steps]


def linters(name: str) -> list[Step]:
    """The site of the documentation, whose warnings are errors, and the four linters, in one environment."""
    return [
        Step("docs", name, [script(name, "sphinx-build"), *("-E", "-W", "--keep-going", "-q"), "docs", str(SITE)]),
        Step("types", name, [script(name, "mypy")]),
        Step("floors", name, [script(name, "lint-imports")]),
        Step("ruff check", name, [script(name, "ruff"), "check", "."]),
        Step("ruff format", name, [script(name, "ruff"), "format", "--check", "."]),
    ]


def core_tests(core: Sequence[Environment]) -> list[Step]:
    """The tests without a TVM: all on the newest Python, those on repositories on the oldest too, the others on all.

    What is slow is so because of Git and processes, not of Python. Between the newest and the oldest an assertion that
    fails shows no values: to rewrite all of them takes each Python longer than to run half of those tests, and what
    fails there alone is run again by hand.
    """
    arguments = ["tests", "--ignore=tests/tvm", "-m"]
    newest, oldest, between = core[-1], core[:-1][:1], core[1:-1]
    pure = "not git and not slow and not soak"
    return [
        pytest(newest.name, newest, *arguments, "not soak"),
        *(pytest(each.name, each, *arguments, "not slow and not soak") for each in oldest),
        *(pytest(f"{each.name} pure", each, *arguments, pure, "--assert=plain") for each in between),
    ]


def live_step(environment: Environment) -> Step:
    """The tests on one TVM."""
    return pytest(environment.name, environment, "tests/tvm", "-W", "default")


def pytest(name: str, environment: Environment, *arguments: str) -> Step:
    """A run of tests in one environment.

    It runs the `pytest` command, not `python -m pytest`, which would put the checkout on the path before the installed
    package.
    """
    cache = f"cache_dir=.venv/{environment.name}/cache"
    command = [script(environment.name, "pytest"), *arguments, "-o", cache]
    if environment.wheel:
        command += ["-p", "installed_only"]
    if CI:
        command += ["-p", "no_skips"]
    return Step(name, environment.name, command)


# --- doing it -----------------------------------------------------------------------------------------------------


def run(step: Step) -> Result:
    """Run a step and print what it said."""
    print(f"--- {step.name} begins", flush=True)
    start = time.monotonic()
    out = VENVS / f"{step.name.replace(' ', '-')}.out"
    with scratch() as folder, out.open("wb") as file:
        # XGBoost would have a thread for each core, that waits for the others while another step wants the core.
        env = dict(clean_env(), PYTHONPATH=str(Path(__file__).resolve().parent), TMPDIR=folder, OMP_NUM_THREADS="1")
        process = subprocess.Popen(
            step.command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    result = Result(step.name, process.returncode, time.monotonic() - start, usage.ru_utime + usage.ru_stime)
    print(f"\n=== {line(result)}\n{out.read_text(encoding='utf-8', errors='replace')}", flush=True)
    return result


def line(result: Result) -> str:
    """Say what became of a step."""
    state = "FAILED" if result.code else "passed"
    return f"{result.name:14} {state} {result.seconds:6.1f} s, {result.cpu:6.1f} s of CPU"


class Queue:
    """Steps in the order in which they are to be run, each once its environment is there."""

    def __init__(self, waiting: Sequence[Step]) -> None:
        self.waiting = list(waiting)
        self.ready: set[str] = set()
        self.changed = threading.Condition()

    def tell(self, name: str, usable: bool) -> None:
        """An environment is ready, or never will be: then its steps are taken off."""
        with self.changed:
            if usable:
                self.ready.add(name)
            else:
                self.waiting = [step for step in self.waiting if step.environment != name]
            self.changed.notify_all()

    def take(self) -> Step | None:
        """Wait for the next step; None when there is none left."""
        with self.changed:
            while True:
                for step in self.waiting:
                    if step.environment in self.ready:
                        self.waiting.remove(step)
                        return step
                if not self.waiting:
                    return None
                self.changed.wait()

    def close(self) -> None:
        """Let no further step be taken."""
        with self.changed:
            self.waiting.clear()
            self.changed.notify_all()

    def drain(self) -> list[Result]:
        """Run steps until there are none left."""
        return [run(step) for step in iter(self.take, None)]


def run_all(todo: Sequence[Step], needed: Sequence[Environment]) -> tuple[list[Result], Future[dict[str, str]]]:
    """Run the steps while their environments are being made. Returns the results, and what `create_all` came to."""
    queue = Queue(todo)
    with ThreadPoolExecutor(max_workers=1 + AT_A_TIME) as pool:
        making = pool.submit(environments.create_all, needed, tell=queue.tell)
        runners = [pool.submit(queue.drain) for _ in range(AT_A_TIME)]
        try:
            done = [result for runner in runners for result in runner.result()]
        except BaseException:
            queue.close()
            raise
        return done, making


def main(arguments: Sequence[str]) -> int:
    """Run the steps and print the table."""
    wanted = set(arguments or ("lint", "core", "live"))
    if wanted - {"lint", "core", "live"}:
        print(__doc__, file=sys.stderr)
        return 2
    began = time.monotonic()
    lint = [environments.find("core")] if "lint" in wanted else []
    core = [e for e in ENVIRONMENTS if e.name.startswith("core-")] if "core" in wanted else []
    live = [e for e in ENVIRONMENTS if e.name.startswith("tvm-")] if "live" in wanted else []
    usable = [environment for environment in core if environments.interpreter(environment)[0]]
    if core and not usable:
        raise SetupError("no CPython >= 3.10 found")
    todo = steps(lint, usable, live)
    first = [environments.find(step.environment) for step in todo]
    done, making = run_all(todo, list(dict.fromkeys([*first, *core])))

    print("\n=== summary")
    for result in done:
        print(line(result))
    whole = f"{'all':14}        {time.monotonic() - began:6.1f} s, {sum(result.cpu for result in done):6.1f} s of CPU"
    print(whole, flush=True)
    for name, reason in making.result().items():
        print(f"{name:14} skipped: {reason}", flush=True)
    return 1 if any(result.code for result in done) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as problem:
        sys.exit(f"check.py: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
