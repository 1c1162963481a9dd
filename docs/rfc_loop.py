"""The tuning loop that TVM's RFC for an auto-tuning library printed (apache/tvm#4150), on a library and real AutoTVM.

    tvmgitlib init LIBRARY
    python docs/rfc_loop.py LIBRARY/tvmgitlib.json

It needs a TVM that still has AutoTVM: hhb-tvm==3.2.3, under Python 3.10. Only the imports, the measure option of that
TVM and the network are ours; run it again, and every task is skipped.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import tvm
from tvm import autotvm, relay
from tvm.autotvm.tuner import XGBTuner

from tvmgitlib import ConfigLibrary, log_to_library
from tvmgitlib.live.autotvm.local import load_module

TARGET = tvm.target.Target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu")
TRIALS = 4
EARLY_STOPPING = 4


def network() -> tuple[Any, dict[str, Any]]:
    """A convolution and a dense layer, and their weights."""
    x, w1, w2 = (relay.var(n, shape=s) for n, s in (("x", (1, 8, 8, 8)), ("w1", (8, 8, 3, 3)), ("w2", (10, 512))))
    y = relay.nn.relu(relay.nn.conv2d(x, w1, padding=(1, 1), channels=8, kernel_size=(3, 3)))
    y = relay.nn.dense(relay.nn.batch_flatten(y), w2)
    module = relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([x, w1, w2], y)))
    random = np.random.default_rng(0)
    weights = {"w1": (8, 8, 3, 3), "w2": (10, 512)}
    return module, {name: tvm.nd.array(random.random(shape, dtype="float32")) for name, shape in weights.items()}


def main() -> None:
    """Tune what is not tuned yet, and build with the library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", help="the library, or its tvmgitlib.json")
    config_library = ConfigLibrary(parser.parse_args().library)

    module, params = network()
    tasks = autotvm.task.extract_from_program(module["main"], target=TARGET, params=params)
    measure_option = autotvm.measure_option(
        builder=autotvm.LocalBuilder(timeout=60),
        runner=autotvm.LocalRunner(number=2, repeat=1, timeout=30, cooldown_interval=0, module_loader=load_module),
    )

    config_library.start_job()
    for i, task in enumerate(tasks):
        prefix = f"[Task {i + 1:2d}/{len(tasks):2d}] "
        trials_pretuned = config_library.get_trials(task)
        if trials_pretuned >= EARLY_STOPPING or trials_pretuned >= len(task.config_space):
            print(f"{prefix}skipped: {trials_pretuned} trials on record")
            continue
        tuner = XGBTuner(task, loss_type="rank", feature_type="knob")
        tuner.load_history(config_library.get_job_records())
        tuner.tune(
            n_trial=min(TRIALS, len(task.config_space)),
            early_stopping=EARLY_STOPPING,
            measure_option=config_library.measure_option(measure_option),
            callbacks=[autotvm.callback.progress_bar(TRIALS, prefix=prefix), log_to_library(config_library)],
        )
    config_library.stop_job()

    with config_library, tvm.transform.PassContext(opt_level=3):
        relay.build(module, target=TARGET, params=params)
    print(config_library.summary())


if __name__ == "__main__":
    main()
