"""Which TVM this Python has, for those who only want to know: TVM is not imported, and nothing is asked of it."""

from __future__ import annotations

from importlib.util import find_spec

from tvmgitlib.model import TvmError, TvmVersion


def installed_tvm() -> TvmVersion | None:
    """The TVM of this Python, by what its installation says; None where there is none that works."""
    try:
        if find_spec("tvm") is None:
            return None
    except ValueError:  # something put a module without a spec into sys.modules
        return None
    from tvmgitlib.live.at_hand.tvm_check import require_tvm

    try:
        found = require_tvm()
    except TvmError:
        return None
    return TvmVersion(found.distribution, found.version, "runtime")
