# What docs/farm.md takes as given: names of its reader's own code.
from typing import Any

target: Any
tasks: Any
task: Any
function: Any
tuner: Any
