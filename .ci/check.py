"""Everything that must hold: lint, types, floors, and the tests in every environment. Standard library only.

    check.py [lint | core | live]...     all three, if none is named

Every step runs, also after a failure; the table at the end says what passed, failed or was skipped and why. With
CI=true a missing environment and a skipped test are failures.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import environments
from environments import CI, ENVIRONMENTS, ROOT, Environment, SetupError, clean_env, script


class Step(NamedTuple):
    """One command in one environment."""

    name: str
    command: list[str]


class Result(NamedTuple):
    """What became of a step."""

    name: str
    code: int
    seconds: float


def lint_steps() -> list[Step]:
    """The four linters, in one environment."""
    name = environments.find("core").name
    return [
        Step("ruff check", [script(name, "ruff"), "check", "."]),
        Step("ruff format", [script(name, "ruff"), "format", "--check", "."]),
        Step("types", [script(name, "mypy")]),
        Step("floors", [script(name, "lint-imports")]),
    ]


def test_step(environment: Environment, *arguments: str) -> Step:
    """The test suite in one environment.

    It runs the `pytest` command, not `python -m pytest`, which would put the checkout on the path before the installed
    package.
    """
    command = [script(environment.name, "pytest"), *arguments, "-o", f"cache_dir=.venv/{environment.name}/cache"]
    if environment.wheel:
        command += ["-p", "installed_only"]
    if CI:
        command += ["-p", "no_skips"]
    return Step(environment.name, command)


def run(step: Step, *, captured: bool = False) -> Result:
    """Run a step; `captured` keeps its output together, for steps that run beside others."""
    start = time.monotonic()
    env = dict(clean_env(), PYTHONPATH=str(Path(__file__).resolve().parent))
    if not captured:
        print(f"\n=== {step.name}", flush=True)
    result = subprocess.run(
        step.command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if captured else None,
        stderr=subprocess.STDOUT if captured else None,
        check=False,
    )
    if captured:
        print(f"\n=== {step.name}\n{result.stdout.decode(errors='replace')}", flush=True)
    return Result(step.name, result.returncode, time.monotonic() - start)


def main(arguments: Sequence[str]) -> int:
    """Run the steps and print the table."""
    wanted = set(arguments or ("lint", "core", "live"))
    if wanted - {"lint", "core", "live"}:
        print(__doc__, file=sys.stderr)
        return 2
    core = [e for e in ENVIRONMENTS if e.name.startswith("core-")] if "core" in wanted else []
    live = [e for e in ENVIRONMENTS if e.name.startswith("tvm-")] if "live" in wanted else []
    needed = dict.fromkeys([*live, *core, *([environments.find("core")] if "lint" in wanted else [])])
    skipped = environments.create_all(list(needed))
    if "core" in wanted and all(environment.name in skipped for environment in core):
        raise SetupError("no CPython >= 3.10 found")

    done = [run(step) for step in (lint_steps() if "lint" in wanted else [])]
    for environment in core:
        if environment.name not in skipped:
            # What is slow is so because of Git and processes, not of Python: one version runs it.
            chosen = "not soak" if environment == environments.find("core") else "not soak and not slow"
            done.append(
                run(
                    test_step(
                        environment, "tests", "--ignore=tests/tvm", "-n", "3", "--dist", "loadgroup", "-m", chosen
                    )
                )
            )
    steps = [
        test_step(environment, "tests/tvm", "-W", "default") for environment in live if environment.name not in skipped
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:  # two at a time: one is mostly one core's work
        done += pool.map(lambda step: run(step, captured=True), steps)

    print("\n=== summary")
    for result in done:
        print(f"{result.name:12} {'FAILED' if result.code else 'passed'} {result.seconds:6.1f} s")
    for name, reason in skipped.items():
        print(f"{name:12} skipped: {reason}")
    sys.stdout.flush()
    return 1 if any(result.code for result in done) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as problem:
        sys.exit(f"check.py: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
