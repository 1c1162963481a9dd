"""The functions of a model that MetaSchedule tunes, as a build asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tvmgitlib.live.at_hand import without_tophub
from tvmgitlib.live.metaschedule.tvm import meta_schedule


def extract(module: Any, params: Mapping[str, Any], target: Any) -> Any:
    """See `LiveFamily.extract`."""
    ms = meta_schedule()
    if any(type(func).__module__.split(".")[1] == "relax" for _, func in module.functions_items()):
        return ms.relax_integration.extract_tasks(lower_relax(module, target, params), target)
    with without_tophub():
        return ms.relay_integration.extract_tasks(module, target, params)


def lower_relax(mod: Any, target: Any, params: Any = None) -> Any:
    """A Relax module as TVM's `compile_relax` has it when it looks functions up: what is tuned is what is asked for."""
    import tvm
    from tvm import relax

    try:
        dispatch = relax.pipeline.library_dispatch_passes(target)
    except (ValueError, AttributeError):  # a target that TVM has no such passes for
        dispatch = []
    transform = relax.transform
    passes = [
        *([transform.BindParams("main", params)] if params else []),
        *dispatch,
        transform.LegalizeOps(),
        transform.AnnotateTIROpPattern(),
        transform.FoldConstant(),
        transform.FuseOps(),
        transform.FuseTIR(),
    ]
    with target, tvm.transform.PassContext(opt_level=3):
        return tvm.transform.Sequential(passes)(mod)
