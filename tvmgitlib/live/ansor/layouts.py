"""Tasks of Relay whose weights' layouts hhb-tvm cannot rewrite: as they are extracted, every trial fails."""

from __future__ import annotations

from typing import Any, Final

from tvmgitlib.live.common import running_tvm

_BROKEN_OPERATORS: Final = ("dense", "matmul")


def with_sound_layouts(task: Any) -> Any:
    """A task as this TVM can tune it: without rewriting layouts, where it would fail at that; else the task itself."""
    is_broken = running_tvm().distribution == "hhb-tvm" and any(name in str(task.desc) for name in _BROKEN_OPERATORS)
    if not is_broken:
        return task
    from tvm.auto_scheduler import LayoutRewriteOption, SearchTask

    return SearchTask(
        workload_key=task.workload_key,
        target=task.target,
        hardware_params=task.hardware_params,
        layout_rewrite_option=LayoutRewriteOption.NO_REWRITE,
        desc=task.desc,
    )
