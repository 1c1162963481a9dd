"""A library of tuned TVM kernels that behaves like source code: every tuning job is a Git commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib._version import __version__

if TYPE_CHECKING:
    from tvmgitlib.errors import TvmgitlibError
    from tvmgitlib.library.reading.selection import Selection
    from tvmgitlib.live.autotvm.family import log_to_library
    from tvmgitlib.live.config_library import ConfigLibrary
    from tvmgitlib.model.tvm import TvmVersion

_HOMES = {
    "ConfigLibrary": "tvmgitlib.live.config_library",
    "log_to_library": "tvmgitlib.live.autotvm.family",
    "Selection": "tvmgitlib.library.reading.selection",
    "TvmVersion": "tvmgitlib.model.tvm",
    "TvmgitlibError": "tvmgitlib.errors",
}

__all__ = ["ConfigLibrary", "Selection", "TvmVersion", "TvmgitlibError", "__version__", "log_to_library"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `tvmgitlib --help` need not wait for all of them."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
