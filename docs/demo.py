"""From an empty folder to a faster program: tune a model for this CPU, keep the records in a library, build from it.

    python docs/demo.py [--library PATH]

Every `$` line is a command that is really run, and nothing is hidden in between. A model of two layers is written as an
ONNX file; its tuning is killed in the middle, goes on when it is called again, and finds all tuned the third time. Then
the model is built with the library and without. It takes about a minute on two cores, and fails when anything is
measured twice, or the tuned model computes anything else than the untuned one or numpy. Each run makes a library of its
own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo_model import BATCH, WIDTHS, host_target, reference, write_model

from tvmgitlib import ConfigLibrary, TvmgitlibError
from tvmgitlib.live.at_hand import fast_imports, require_tvm

if TYPE_CHECKING:
    from demo_model import Array

DEFAULT = "demo-library"
TRIALS = 8  # for each layer, in batches of four: the cost model has learned from the first when it proposes the second
MORE_TRIES = 2  # where trials take too long
KILLED_AT = 4  # results on the disk: the first batch of one layer


class DemoError(Exception):
    """Something is not as the demo says it is."""


def main() -> int:
    """Run the demo; the exit code says whether all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, metavar="PATH", help=f"a folder to make (default: {DEFAULT})")
    library: Path = parser.parse_args().library or unused_folder()
    for path in (library, model_of(library)):
        if path.exists():
            parser.error(f"{path} exists already: remove it, or name another folder with --library")
    fast_imports()
    try:
        require_tvm("apache-tvm")
        introduce_to_git()
        demo(str(library), str(model_of(library)))
        return 0
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except TvmgitlibError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code
    except subprocess.CalledProcessError as error:
        return error.returncode  # the command has said why
    except FileNotFoundError as error:
        print(f"demo: {error.filename} is not installed", file=sys.stderr)
        return 1


def unused_folder() -> Path:
    """`demo-library`, or after earlier runs `demo-library-2` and so on."""
    names = (Path(DEFAULT if number == 1 else f"{DEFAULT}-{number}") for number in count(1))
    return next(path for path in names if not path.exists() and not model_of(path).exists())


def model_of(library: Path) -> Path:
    """Where the demo writes the model that it tunes into a library."""
    return library.with_name(f"{library.name}.onnx")


def introduce_to_git() -> None:
    """Every job is a commit: where Git does not know who commits, be somebody, in this process and its children."""
    roles = ("AUTHOR", "COMMITTER")
    if all(subprocess.run(["git", "var", f"GIT_{role}_IDENT"], capture_output=True).returncode == 0 for role in roles):
        return
    print("Git does not know who you are, so this demo commits as Demo <demo@example.com>.")
    for role in roles:
        os.environ.setdefault(f"GIT_{role}_NAME", "Demo")
        os.environ.setdefault(f"GIT_{role}_EMAIL", "demo@example.com")


def demo(path: str, model: str) -> None:
    """Tune a model into a new library, with a kill in between, and build from it."""
    say("A library is a Git repository.")
    run("tvmgitlib", "init", path)
    write_model(Path(model))
    say(f"{model} has two dense layers. Its tuning is killed in the middle: the job is still there, with each result.")
    target = json.dumps(host_target(), separators=(",", ":"))
    tune = ("tvmgitlib", "-C", path, "tune", model, "--trials", str(TRIALS), "--target", target)
    library = ConfigLibrary(path)
    run(*tune, kill_when=lambda: received(library) >= KILLED_AT)
    run("tvmgitlib", "-C", path, "job", "list")
    killed = library.open_job()
    kept = received(library)
    say(f"The same again goes on after {kept} trials, and commits all that was measured as one job.")
    tuned = is_tuned(*tune)
    run("git", "-C", path, "log", "-1", "--stat")
    done = library.log()[0]
    require(done.job == killed.id and done.trials >= kept, f"job {killed.id} was not resumed")
    for _ in range(MORE_TRIES):
        if not tuned:
            say("The machine is so busy that trials took too long. That is no effort: the same again tries them anew.")
            tuned = is_tuned(*tune)
    require(tuned, "trials still take too long: try again when the machine is less busy")
    once = all(effort.trials - effort.failed <= effort.configs for effort in library.trials())
    require(once, "something was measured twice")
    last = library.log()[0]
    say("Once more finds all of it tuned: nothing is measured, and nothing is committed.")
    require("Nothing was measured, and nothing was committed." in run(*tune), "what is tuned was tuned again")
    require(library.log()[0] == last and not library.open_jobs(), "a job without measurements left something behind")
    say("What was found, and what it took.")
    run("tvmgitlib", "-C", path, "best")
    run("tvmgitlib", "-C", path, "trials")
    run("tvmgitlib", "-C", path, "check")
    say("In a build, the library answers TVM's lookups.")
    compare(library, model)
    say(f"{path} and {model} stay for you to look at: git -C {path} log --stat")


def is_tuned(*command: str) -> bool:
    """Run `tvmgitlib tune`: whether each task has its trials."""
    try:
        run(*command)
    except subprocess.CalledProcessError as error:
        if error.returncode != 1:
            raise
        return False
    return True


def received(library: ConfigLibrary) -> int:
    """How many results are on the disk of the job in progress."""
    return sum(
        records.read_bytes().count(b"\n")
        for job in library.open_jobs()
        for records in job.work_dir.glob("*_tuning_record.json")
    )


def say(text: str) -> None:
    """Comment on what comes next."""
    print("\n# " + "\n# ".join(textwrap.wrap(text, width=118)), flush=True)


def require(condition: bool, otherwise: str) -> None:
    """Go on only if it is so."""
    if not condition:
        raise DemoError(otherwise)


def run(*command: str, kill_when: Callable[[], bool] | None = None) -> str:
    """Run a command as a reader would type it, show it with its output, and return the output.

    Args:
        command: the program and its arguments.
        kill_when: kill it with SIGKILL as soon as this is so.
    """
    text = re.sub(r"( --?\S+) ", r"\1\0", shlex.join(command))  # an option and its value stay on one line
    lines = textwrap.wrap(text, width=100, break_long_words=False, break_on_hyphens=False)
    print("$ " + " \\\n    ".join(lines).replace("\0", " "), flush=True)
    programs = {"tvmgitlib": [sys.executable, "-m", "tvmgitlib"]}
    program = programs.get(command[0], [command[0]])
    if kill_when is not None:
        kill([*program, *command[1:]], kill_when)
        return ""
    output = ""
    with subprocess.Popen([*program, *command[1:]], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            output += line
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output


def kill(command: list[str], when: Callable[[], bool]) -> None:
    """Start a command, and kill it as soon as something is so."""
    with subprocess.Popen(command) as process:
        while process.poll() is None and not when():
            time.sleep(0.05)
        process.kill()
    require(process.returncode == -signal.SIGKILL, "the job was over before it could be killed")
    print("Killed", flush=True)


def compare(library: ConfigLibrary, model: str) -> None:
    """Build the model with the library and without, and compare what the builds compute, and how fast."""
    import numpy as np
    import onnx
    import tvm
    from tvm.relax.frontend.onnx import from_onnx

    module = from_onnx(onnx.load(model))
    cpu = tvm.target.Target(host_target())
    x = np.random.default_rng(0).uniform(-1, 1, (BATCH, WIDTHS[0])).astype("float32")
    plain, untuned = measure(tvm.compile(module, cpu), x)
    fast, tuned = measure(library.compile_relax(module, cpu), x)
    print(library.summary().line)
    for one, other in ((plain, reference(x)), (fast, reference(x)), (fast, plain)):
        require(np.allclose(one, other, rtol=1e-4, atol=1e-4), "the untuned build, the tuned one and numpy disagree")
    print(f"The model takes {microseconds(untuned)} untuned, {microseconds(tuned)} tuned: {untuned / tuned:.1f}x.")
    print("Both builds compute what numpy computes.")


def measure(built: Any, x: Array) -> tuple[Array, float]:
    """Run a build: what it computes, and its median latency in seconds."""
    import tvm
    from tvm import relax

    machine = relax.VirtualMachine(built, tvm.cpu())
    argument = tvm.runtime.tensor(x)
    timing = machine.time_evaluator("main", tvm.cpu(), number=10, repeat=11, min_repeat_ms=20)(argument)
    return machine["main"](argument).numpy(), timing.median


def microseconds(seconds: float) -> str:
    """A latency for people."""
    return f"{seconds * 1e6:.1f} us"


if __name__ == "__main__":
    sys.exit(main())
