"""Where the installed TVM keeps MetaSchedule, and how it names a computation.

TVM 0.25 to 0.27 have it in `tvm.s_tir`, TVM 0.16 at the top; the rest of what is used here is the same in all of them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tvmgitlib.families.metaschedule import read_workload, with_signature
from tvmgitlib.live.at_hand import fast_imports, last_line
from tvmgitlib.model import TvmError, minor_version

_PLACES = (("s_tir", "meta_schedule"), ("meta_schedule",))


def has_meta_schedule() -> bool:
    """Whether there is one; says so without importing TVM."""
    spec = find_spec("tvm")
    folders = spec.submodule_search_locations if spec is not None else None
    return any(Path(folder, *place).is_dir() for folder in folders or [] for place in _PLACES)


def meta_schedule() -> Any:
    """The module, imported without the trap that its import is otherwise."""
    fast_imports()
    try:
        from tvm.s_tir import meta_schedule as found
    except ImportError:
        from tvm import meta_schedule as found
    return found


def derived_object(cls: type) -> Any:
    """Make a Python class an object that TVM's C++ side can call."""
    try:
        from tvm.ir.utils import derived_object as derive
    except ImportError:
        from tvm.meta_schedule.utils import derived_object as derive
    return derive(cls)


def structural_hash(mod: Any) -> int:
    """The hash that MetaSchedule's databases know a module by: the same in every process of one TVM."""
    try:
        from tvm_ffi import structural_hash as of
    except ImportError:
        from tvm.ir import structural_hash as of
    return int(of(mod)) % 2**64


def structural_equal(one: Any, other: Any) -> bool:
    """Whether two modules are one computation: names do not count, the functions' own (`global_symbol`) do."""
    try:
        from tvm_ffi import structural_equal as equal
    except ImportError:
        from tvm.ir import structural_equal as equal
    return bool(equal(one, other))


def workload_text(mod: Any) -> str:
    """The identity of a module's workload, as it is read from the databases of this TVM."""
    import tvm

    return f"{structural_hash(mod)}@{minor_version(tvm.__version__) or 'unknown'}"


def signature_of(mod: Any) -> str | None:
    """A module's workload in words that no TVM version changes, as it is read from databases.

    None where it has none: its shapes are not known yet, or it is no single function.
    """
    ms = meta_schedule()
    try:
        arguments = [info.as_json() for info in ms.arg_info.ArgInfo.from_entry_func(mod)]
    except Exception:  # of many kinds, by TVM
        return None
    line = json.dumps([str(part) for part in ms.database.Workload(mod).as_json()])
    return with_signature(read_workload(line.encode()), arguments).signature


def unsearchable(mod: Any) -> str | None:
    """Why TVM cannot search the schedules of a module, in words; None where it can.

    A candidate is measured with arguments of known shapes, and TVM gives up all tasks at one that has none.
    """
    try:
        meta_schedule().arg_info.ArgInfo.from_entry_func(mod, True)
    except Exception as error:  # of many kinds, by TVM
        unknown = _unknown_sizes(mod)
        if unknown:
            return f"TVM cannot search it: {', '.join(unknown)} in its shapes is only known when it runs"
        return f"TVM cannot search it: {last_line(error)}"
    return None


def flops_of(mod: Any) -> float | None:
    """How many floating-point operations a module has, as TVM counts them; None where it cannot."""
    try:
        from tvm.s_tir.analysis import estimate_tir_flops as estimated
    except ImportError:
        from tvm.tir.analysis import estimate_tir_flops as estimated
    try:
        return float(estimated(mod))
    except Exception:  # of many kinds, by TVM: a loop whose length it does not know
        return None


def _unknown_sizes(mod: Any) -> list[str]:
    """The names of what is no number in the shapes of a module's arguments."""
    buffers: list[Any] = []
    for _, func in mod.functions_items():  # since 0.27 a parameter's type says what it is
        buffers += func.buffer_map.values() if hasattr(func, "buffer_map") else [each.ty for each in func.params]
    sizes = [size for buffer in buffers for size in getattr(buffer, "shape", ())]
    return sorted({str(size) for size in sizes if not isinstance(getattr(size, "value", size), int)})


def tir_functions(mod: Any) -> list[Any]:
    """The functions that `tune_tir` makes tasks of: the function itself, or those of a module."""
    from tvm.ir import IRModule

    if not isinstance(mod, IRModule):
        return [mod]
    named = [(name.name_hint, func) for name, func in mod.functions_items() if type(func).__name__ == "PrimFunc"]
    return [func for _, func in sorted(named, key=lambda pair: pair[0])]


def normalize(func: Any) -> Any:
    """The module that `tune_tir` tunes for a function, alone or the only one of a module.

    Raises:
        TvmError: a module has no function for TensorIR, or several, each of which is a task of its own.
    """
    functions = tir_functions(func)
    if len(functions) != 1:
        raise TvmError(
            f"a task is one PrimFunc, and the module has {len(functions)}", hint="Ask for each of them: mod['NAME']."
        )
    return meta_schedule().tune_context._normalize_mod(functions[0])


@lru_cache(maxsize=1024)
def why_no_module(module: str) -> str | None:
    """Why this TVM cannot load a line of `database_workload.json`, in words; None where it can."""
    try:
        meta_schedule().database.Workload.from_json(json.loads(module))
    except Exception as error:  # of many kinds, by TVM
        return f"another build of this TVM version wrote its module, which does not load here: {last_line(error)}"
    return None


def tuning_record(native: bytes, workload: Any) -> Any:
    """A line of a database, read by the TVM that wrote it, for a workload of this process.

    Not with TVM's own reader of databases: that of 0.16 makes 64-bit numbers of a trace's, and few of the schedules
    replayed have the hash then that they had when they were measured.
    """
    return meta_schedule().database.TuningRecord.from_json(json.loads(native)[1], workload)
