"""The import trap of TVM 0.25 to 0.27, and the way around it.

Importing `tvm.s_tir.tensor_intrin` takes 20 to 30 seconds, in the tuning process and again in every builder process,
and builder processes are started anew for every batch. Nearly all of it is spent in `inspect.getmodule`: each
`@T.prim_func` asks for the whole call stack, and for a frame whose file is no file (`<frozen importlib._bootstrap>`)
Python looks through all loaded modules, in vain.
"""

from __future__ import annotations

import inspect
from types import ModuleType

_getmodule = inspect.getmodule


def _getmodule_without_search(object: object, _filename: str | None = None) -> ModuleType | None:
    """Answer as `inspect.getmodule` does, but at once where its search cannot succeed.

    An object that knows its module (a function, a class) is none of those: it is answered without a search anyway.
    """
    if _filename is not None and _filename.startswith("<") and not hasattr(object, "__module__"):
        return None
    return _getmodule(object, _filename)


def fast_imports() -> None:
    """Spare this process the trap, from now on; calling it again changes nothing.

    Builder processes need it as well: `LocalBuilder(initializer=fast_imports)` (it is picklable, by name).
    """
    inspect.getmodule = _getmodule_without_search
