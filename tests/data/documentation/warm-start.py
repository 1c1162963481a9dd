# What docs/warm-start.md takes as given: names of its reader's own code.
from typing import Any

target: Any
task: Any
tuner: Any
option: Any
module: Any
