"""From an empty folder to a faster program: tune three kernels for this CPU, keep them in a library, build from it.

    python docs/demo.py [--library PATH]

Every `$` line is a command that is really run, and nothing is hidden in between. One job tunes two kernels by the
command line and TVM's own call; a second finds them tuned; a third is killed in the middle and resumed. Then each
kernel is built with the library and without; from what `export` writes a stock TVM takes the same schedules. It takes
two to four minutes on two cores, and fails when anything is measured twice, or a tuned kernel computes anything else
than the untuned one or numpy. Each run makes a library of its own.
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
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo_job import BATCH, default_callbacks, microseconds, prepare, progress
from demo_kernels import KERNELS, Kernel, conv2d, host_target, matmul_relu

from tvmgitlib import ConfigLibrary, TvmgitlibError
from tvmgitlib.live.at_hand import fast_imports, require_tvm
from tvmgitlib.live.metaschedule.tvm import structural_equal

if TYPE_CHECKING:
    from demo_kernels import Array

DEFAULT = "demo-library"
SCRIPT = os.path.relpath(Path(__file__).with_name("demo_job.py"))
TRIALS = 16  # for each kernel, in two batches: the second is where the cost model has learned from the first
MORE_TRIALS = 2 * BATCH  # for the third kernel, with a kill in between


class DemoError(Exception):
    """Something is not as the demo says it is."""


def main() -> int:
    """Run the demo; the exit code says whether all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, metavar="PATH", help=f"a folder to make (default: {DEFAULT})")
    library: Path = parser.parse_args().library or unused_folder()
    for folder in (library, export_of(library)):
        if folder.exists():
            parser.error(f"{folder} exists already: remove it, or name another folder with --library")
    prepare()
    try:
        tvm = require_tvm("apache-tvm")
        introduce_to_git()
        demo(str(library), str(export_of(library)), f"{tvm.distribution}=={tvm.version}")
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
    return next(path for path in names if not path.exists() and not export_of(path).exists())


def export_of(library: Path) -> Path:
    """Where the demo exports a library to."""
    return library.with_name(f"{library.name}-export")


def introduce_to_git() -> None:
    """Every job is a commit: where Git does not know who commits, be somebody, in this process and its children."""
    roles = ("AUTHOR", "COMMITTER")
    if all(subprocess.run(["git", "var", f"GIT_{role}_IDENT"], capture_output=True).returncode == 0 for role in roles):
        return
    print("Git does not know who you are, so this demo commits as Demo <demo@example.com>.")
    for role in roles:
        os.environ.setdefault(f"GIT_{role}_NAME", "Demo")
        os.environ.setdefault(f"GIT_{role}_EMAIL", "demo@example.com")


def demo(path: str, database: str, tvm: str) -> None:
    """Three jobs into a new library, and builds from it."""
    say("A library is a Git repository.")
    run("tvmgitlib", "init", path)
    first_job(path, tvm)
    second_job(path)
    third_job(path)
    say("What was found, and what it took.")
    run("tvmgitlib", "-C", path, "best")
    run("tvmgitlib", "-C", path, "trials")
    run("tvmgitlib", "-C", path, "check")
    say("In a build, `with library:` answers TVM's lookups. A stock TVM without tvmgitlib loads the export instead.")
    run("tvmgitlib", "-C", path, "export", "--format", "metaschedule", "-o", database)
    compare(ConfigLibrary(path), database)
    say(f"{path} and {database} stay for you to look at: git -C {path} log --stat")


def first_job(path: str, tvm: str) -> None:
    """Tune two kernels by the command line, with TVM's own call in between."""
    target = host_target()
    say("1. A job says where the tuner writes to. MetaSchedule wants a folder: work_dir.")
    started = run(
        "tvmgitlib", "-C", path, "--json", "job", "start",
        "--target", json.dumps(target, separators=(",", ":")), "--tvm", tvm, "--tuner", "evolutionary-search",
    )  # fmt: skip
    kernels = [matmul_relu(), conv2d()]
    say(f"TVM tunes {len(kernels)} kernels, {TRIALS} trials each. This is the slow part.")
    tune(kernels, target, json.loads(started)["work_dir"])
    say("The finished job is one commit.")
    run("tvmgitlib", "-C", path, "job", "finish")
    run("git", "-C", path, "log", "-1", "--stat")


def second_job(path: str) -> None:
    """Ask for what the library has: nothing is measured, nothing is committed."""
    library = ConfigLibrary(path)
    before = library.log()
    say("2. The same two kernels, by a Python script with a job of its own: they are tuned already, so it skips them.")
    run("python", SCRIPT, path, str(TRIALS), "matmul_relu", "conv2d")
    require(library.log() == before and not library.open_jobs(), "a job without measurements left something behind")


def third_job(path: str) -> None:
    """Kill a job after its first batch, and run it again: it measures only what is missing."""
    library = ConfigLibrary(path)
    command = ("python", SCRIPT, path, str(MORE_TRIALS), "dense")
    say("3. A third kernel, and the tuning process is killed after its first batch. The job is still there.")
    run(*command, kill_at="trials, best")
    run("tvmgitlib", "-C", path, "job", "list")
    killed = library.open_job()
    say("Run again, it is resumed: what was received before the kill is not measured again.")
    output = run(*command)
    counts = f"{BATCH} trials were on record, {MORE_TRIALS - BATCH} measured now"
    require(counts in output, "what was received before the kill was not on record")
    done = library.log()[0]
    (effort,) = (each for each in library.trials() if killed.id in each.jobs)
    require(done.job == killed.id and done.trials == MORE_TRIALS, f"job {killed.id} was not resumed")
    require(effort.configs == effort.trials == MORE_TRIALS, "something was measured twice")


def say(text: str) -> None:
    """Comment on what comes next."""
    print("\n# " + "\n# ".join(textwrap.wrap(text, width=118)), flush=True)


def require(condition: bool, otherwise: str) -> None:
    """Go on only if it is so."""
    if not condition:
        raise DemoError(otherwise)


def run(*command: str, kill_at: str | None = None) -> str:
    """Run a command as a reader would type it, show it with its output, and return the output.

    Args:
        command: the program and its arguments.
        kill_at: kill it with SIGKILL when it prints this.
    """
    text = re.sub(r"( --?\S+) ", r"\1\0", shlex.join(command))  # an option and its value stay on one line
    lines = textwrap.wrap(text, width=100, break_long_words=False, break_on_hyphens=False)
    print("$ " + " \\\n    ".join(lines).replace("\0", " "), flush=True)
    programs = {"python": [sys.executable], "tvmgitlib": [sys.executable, "-m", "tvmgitlib"]}
    program = programs.get(command[0], [command[0]])
    output = ""
    with subprocess.Popen([*program, *command[1:]], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            output += line
            if kill_at is not None and kill_at in line:
                process.kill()
                print("  Killed", flush=True)
                break
    if kill_at is not None:
        require(process.returncode == -signal.SIGKILL, "the job was over before it could be killed")
    elif process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output


def tune(kernels: list[Kernel], target: dict[str, str | int], work_dir: str) -> None:
    """Let MetaSchedule search; its database files in `work_dir` are what `job finish` reads."""
    import tvm
    from tvm.s_tir import meta_schedule as ms

    ms.tir_integration.tune_tir(
        tvm.IRModule({kernel.name: kernel.func for kernel in kernels}),
        tvm.target.Target(target),
        work_dir,
        max_trials_global=TRIALS * len(kernels),
        max_trials_per_task=TRIALS,
        num_trials_per_iter=TRIALS // 2,
        # The default of 30 seconds includes the worker's imports, and a build that is cut off counts as a failed trial.
        builder=ms.builder.LocalBuilder(max_workers=2, timeout_sec=60, initializer=fast_imports),
        measure_callbacks=[*default_callbacks(), progress()],
    )


def compare(library: ConfigLibrary, database: str) -> None:
    """Build each kernel with its best record and without, and compare what they compute, and how fast."""
    import numpy as np
    import tvm
    from tvm.s_tir import meta_schedule as ms

    cpu = tvm.target.Target(host_target())
    kernels = [make() for make in KERNELS.values()]
    exported = ms.database.JSONDatabase(work_dir=database, allow_missing=False)
    with library:
        scheduled = [ms.tir_integration.compile_tir(ms.database.Database.current(), k.func, cpu) for k in kernels]
    print(library.summary().line)

    random = np.random.default_rng(0)
    print(f"\n{'kernel':<12}{'untuned':>12}{'tuned':>12}{'speed-up':>10}")
    for kernel, best in zip(kernels, scheduled, strict=True):
        require(best is not None, f"{kernel.name}: the library holds no record of it")
        stock = ms.tir_integration.compile_tir(exported, kernel.func, cpu)
        same = stock is not None and structural_equal(stock.mod, best.mod)
        require(same, f"{kernel.name}: the export and the library do not agree")
        inputs = [random.uniform(-1, 1, shape).astype("float32") for shape in kernel.inputs]
        expected = kernel.reference(*inputs)
        plain, untuned = measure(kernel, kernel.func, cpu, inputs, expected.shape)
        fast, tuned = measure(kernel, best.mod, cpu, inputs, expected.shape)
        for one, other in ((plain, expected), (fast, expected), (fast, plain)):
            equal = np.allclose(one, other, rtol=1e-4, atol=1e-4)
            require(equal, f"{kernel.name}: the untuned build, the tuned one and numpy do not agree")
        print(f"{kernel.name:<12}{microseconds(untuned):>12}{microseconds(tuned):>12}{untuned / tuned:>9.1f}x")
    print("Both builds of each kernel compute what numpy computes.")


def measure(
    kernel: Kernel, module: Any, target: Any, inputs: list[Array], shape: tuple[int, ...]
) -> tuple[Array, float]:
    """Compile one form of a kernel and run it: what it computes, and its median latency in seconds."""
    import numpy as np
    import tvm

    compiled = tvm.compile(module, target).jit()
    arguments = [tvm.runtime.tensor(array) for array in (*inputs, np.zeros(shape, "float32"))]
    compiled[kernel.name](*arguments)
    timing = compiled.time_evaluator(kernel.name, tvm.cpu(), number=10, repeat=11, min_repeat_ms=20)(*arguments)
    return arguments[-1].numpy(), timing.median


if __name__ == "__main__":
    sys.exit(main())
