"""The TVM of this Python: which it is, whether it is whole, and what it says of targets and errors."""

from tvmgitlib.live.at_hand.error_text import last_line
from tvmgitlib.live.at_hand.import_trap import fast_imports
from tvmgitlib.live.at_hand.installed import installed_tvm
from tvmgitlib.live.at_hand.targets import live_target, target_attributes, target_of_call
from tvmgitlib.live.at_hand.tophub import without_tophub
from tvmgitlib.live.at_hand.tvm_check import require_tvm

__all__ = [
    "fast_imports",
    "installed_tvm",
    "last_line",
    "live_target",
    "require_tvm",
    "target_attributes",
    "target_of_call",
    "without_tophub",
]
