"""From an empty folder to a faster program: tune two kernels for this CPU, keep them in a library, build from it.

    python docs/demo.py [--library PATH]

Every `$` line is a command that is really run, and nothing is hidden in between: TVM itself tunes into the folder that
`job start` names, and TVM itself loads what `export` writes. It takes one to three minutes on two cores, and fails when
a tuned kernel computes anything else than the untuned one or numpy. Each run makes a library of its own.
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
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeAlias

from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.tuners.import_trap import fast_imports
from tvmgitlib.tuners.tvm_check import require_tvm

DEFAULT = "demo-library"
TRIALS = 16  # for each kernel, in batches: the second batch is where the cost model has learned from the first
BATCH = 8

if TYPE_CHECKING:  # numpy and TVM are imported inside functions, after the check that a usable TVM is there
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Kernel:
    """A workload: what TVM compiles, and what numpy says the answer is."""

    func: Any
    inputs: tuple[tuple[int, ...], ...]
    reference: Callable[..., Array]

    @property
    def name(self) -> str:
        """The name of the compiled function. It is part of a workload's identity in MetaSchedule."""
        return str(self.func.attrs["global_symbol"])


def matmul_relu(size: int = 128) -> Kernel:
    """`max(a @ b, 0)`, the inside of a dense layer."""
    import numpy as np
    from tvm import te

    a = te.placeholder((size, size), name="a")
    b = te.placeholder((size, size), name="b")
    k = te.reduce_axis((0, size), name="k")
    matmul = te.compute((size, size), lambda i, j: te.sum(a[i, k] * b[k, j], axis=k), name="matmul")
    relu = te.compute((size, size), lambda i, j: te.max(matmul[i, j], 0.0), name="relu")
    func = te.create_prim_func([a, b, relu]).with_attr("global_symbol", "matmul_relu")
    return Kernel(func, ((size, size), (size, size)), lambda a, b: np.maximum(a @ b, 0))


def conv2d(size: int = 16, channels: int = 16, filters: int = 32) -> Kernel:
    """A 3x3 convolution, channels last, no padding."""
    import numpy as np
    from tvm import te

    shapes = (1, size + 2, size + 2, channels), (3, 3, channels, filters)
    data, weight = te.placeholder(shapes[0], name="data"), te.placeholder(shapes[1], name="weight")
    y, x, c = (te.reduce_axis((0, extent), name=name) for name, extent in (("y", 3), ("x", 3), ("c", channels)))
    conv = te.compute(
        (1, size, size, filters),
        lambda n, i, j, f: te.sum(data[n, i + y, j + x, c] * weight[y, x, c, f], axis=[y, x, c]),
        name="conv2d",
    )
    func = te.create_prim_func([data, weight, conv]).with_attr("global_symbol", "conv2d")

    def reference(data: Array, weight: Array) -> Array:
        windows = np.lib.stride_tricks.sliding_window_view(data, (3, 3), axis=(1, 2))
        answer: Array = np.einsum("nijcyx,yxcf->nijf", windows, weight)
        return answer

    return Kernel(func, shapes, reference)


def main() -> int:
    """Run the demo; the exit code says whether every kernel computed the right thing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, metavar="PATH", help=f"a folder to make (default: {DEFAULT})")
    library: Path = parser.parse_args().library or unused_folder()
    for folder in (library, export_of(library)):
        if folder.exists():
            parser.error(f"{folder} exists already: remove it, or name another folder with --library")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a KeyboardInterrupt in the middle of its search crashes TVM
    try:
        tvm = require_tvm("apache-tvm")
        introduce_to_git()
        return demo(str(library), str(export_of(library)), f"{tvm.distribution}=={tvm.version}")
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


def demo(library: str, database: str, tvm: str) -> int:
    """Tune into a new library, export it, and build from the export."""
    fast_imports()
    target = host_target()
    kernels = [matmul_relu(), conv2d()]
    target_text = json.dumps(target, separators=(",", ":"))

    say("A library is a Git repository.")
    run("tvmgitlib", "init", library)
    say("A job says where the tuner writes to. MetaSchedule wants a folder: work_dir.")
    started = run(
        "tvmgitlib", "-C", library, "--json", "job", "start",
        "--target", target_text, "--tvm", tvm, "--tuner", "evolutionary-search",
    )  # fmt: skip
    say(f"TVM tunes {len(kernels)} kernels, {TRIALS} trials each. This is the slow part.")
    tune(kernels, target, json.loads(started)["work_dir"])
    say("The finished job is one commit.")
    run("tvmgitlib", "-C", library, "job", "finish")
    run("git", "-C", library, "log", "-1", "--stat")
    say("What it found, and what it took.")
    run("tvmgitlib", "-C", library, "best")
    run("tvmgitlib", "-C", library, "trials")
    run("tvmgitlib", "-C", library, "check")
    say("TVM loads the export, and builds each kernel without any record and with its best one.")
    run("tvmgitlib", "-C", library, "export", "--format", "metaschedule", "-o", database)
    exit_code = compare(kernels, target, database)
    if exit_code == 0:
        print("Both builds of each kernel compute what numpy computes.")
        say(f"{library} and {database} stay for you to look at: git -C {library} log --stat")
    return exit_code


def say(text: str) -> None:
    """Comment on what comes next."""
    print(f"\n# {text}", flush=True)


def run(*command: str) -> str:
    """Run a command as a reader would type it, show it with its output, and return the output."""
    text = re.sub(r"( --?\S+) ", r"\1\0", shlex.join(command))  # an option and its value stay on one line
    lines = textwrap.wrap(text, width=100, break_long_words=False, break_on_hyphens=False)
    print("$ " + " \\\n    ".join(lines).replace("\0", " "), flush=True)
    program = [sys.executable, "-m", "tvmgitlib"] if command[0] == "tvmgitlib" else [command[0]]
    output = subprocess.run([*program, *command[1:]], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(output, end="", flush=True)
    return output


def host_target() -> dict[str, str | int]:
    """This CPU as LLVM knows it. The triple is spelled out: what a bare `llvm` means depends on the build of TVM."""
    from tvm.s_tir.meta_schedule.utils import cpu_count
    from tvm.target import codegen

    return {
        "kind": "llvm",
        "mcpu": codegen.llvm_get_system_cpu(),
        "mtriple": codegen.llvm_get_system_triple(),
        "num-cores": cpu_count(logical=False),
    }


def tune(kernels: list[Kernel], target: dict[str, str | int], work_dir: str) -> None:
    """Let MetaSchedule search; its database files in `work_dir` are what `job finish` reads."""
    import logging

    import tvm
    from tvm.s_tir import meta_schedule as ms

    logging.getLogger("tvm.s_tir.meta_schedule").setLevel(logging.ERROR)  # or it prints a table after every batch
    ms.tir_integration.tune_tir(
        tvm.IRModule({kernel.name: kernel.func for kernel in kernels}),
        tvm.target.Target(target),
        work_dir,
        max_trials_global=TRIALS * len(kernels),
        max_trials_per_task=TRIALS,
        num_trials_per_iter=BATCH,
        # The default of 30 seconds includes the worker's imports, and a build that is cut off counts as a failed trial.
        builder=ms.builder.LocalBuilder(max_workers=2, timeout_sec=60, initializer=fast_imports),
        measure_callbacks=[*ms.measure_callback.MeasureCallback.create("default"), progress()],
    )


def progress() -> Any:
    """A MetaSchedule callback that prints one line a batch."""
    from tvm.ir.utils import derived_object
    from tvm.s_tir.meta_schedule.measure_callback import PyMeasureCallback

    seen: dict[str, list[float]] = {}

    @derived_object
    class Progress(PyMeasureCallback):  # type: ignore[misc]  # TVM has no types
        def apply(self, scheduler: Any, task_id: int, _candidates: Any, _builds: Any, results: Any) -> None:
            name = str(scheduler.tasks_[task_id].ctx.task_name)
            costs = seen.setdefault(name, [])
            costs += [fmean(map(float, r.run_secs)) if r.run_secs is not None else inf for r in results]
            print(f"  {name}: {len(costs)} trials, best {microseconds(min(costs))}", file=sys.stderr, flush=True)

    return Progress()


def compare(kernels: list[Kernel], target: dict[str, str | int], database: str) -> int:
    """Build each kernel with its best record and without, and compare what they compute, and how fast."""
    import numpy as np
    import tvm
    from tvm.s_tir import meta_schedule as ms

    cpu = tvm.target.Target(target)
    records = ms.database.JSONDatabase(work_dir=database, allow_missing=False)
    random = np.random.default_rng(0)
    exit_code = 0
    print(f"\n{'kernel':<12}{'untuned':>12}{'tuned':>12}{'speed-up':>10}")
    for kernel in kernels:
        inputs = [random.uniform(-1, 1, shape).astype("float32") for shape in kernel.inputs]
        expected = kernel.reference(*inputs)
        try:
            best = ms.tir_integration.compile_tir(records, kernel.func, cpu)
            if best is None:
                raise LookupError("the export holds no record of it")
            plain, untuned = measure(kernel, kernel.func, cpu, inputs, expected.shape)
            fast, tuned = measure(kernel, best.mod, cpu, inputs, expected.shape)
            for one, other in ((plain, expected), (fast, expected), (fast, plain)):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
        except (AssertionError, LookupError) as error:
            print(f"{kernel.name}: {error}", file=sys.stderr)
            exit_code = 1
        else:
            print(f"{kernel.name:<12}{microseconds(untuned):>12}{microseconds(tuned):>12}{untuned / tuned:>9.1f}x")
    return exit_code


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


def microseconds(seconds: float) -> str:
    """A latency for people."""
    return f"{seconds * 1e6:.1f} us"


if __name__ == "__main__":
    sys.exit(main())
