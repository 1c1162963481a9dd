"""The TVM of this Python: which it is, whether it is whole, and what it says of targets and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.live.at_hand.error_text import last_line as last_line
    from tvmgitlib.live.at_hand.import_trap import fast_imports as fast_imports
    from tvmgitlib.live.at_hand.installed import installed_tvm as installed_tvm
    from tvmgitlib.live.at_hand.targets import live_target as live_target
    from tvmgitlib.live.at_hand.targets import target_attributes as target_attributes
    from tvmgitlib.live.at_hand.targets import target_of_call as target_of_call
    from tvmgitlib.live.at_hand.tophub import without_tophub as without_tophub
    from tvmgitlib.live.at_hand.tvm_check import require_tvm as require_tvm

_NAMES = {
    "error_text": "last_line",
    "import_trap": "fast_imports",
    "installed": "installed_tvm",
    "targets": "live_target target_attributes target_of_call",
    "tophub": "without_tophub",
    "tvm_check": "require_tvm",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
