# What docs/metaschedule.md takes as given: names of its reader's own code.
from typing import Any

target: Any
module: Any
