# What README.md takes as given: names of its reader's own code.
# ruff: noqa: F401
from typing import Any

from tvm import relay
from tvm.autotvm.tuner import XGBTuner

target: Any
tasks: list[Any]
option: Any
module: Any
params: Any
