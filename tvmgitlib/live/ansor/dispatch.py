"""The library's states in a build: Ansor's dispatch context."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from tvmgitlib.library.reading import Lookup
from tvmgitlib.live.ansor.recording import logged
from tvmgitlib.live.common import Suggesting, apply, asked_for
from tvmgitlib.model import Workload


@cache
def library_context() -> Callable[[Lookup, Suggesting], Any]:
    """The class of dispatch contexts."""
    from tvm.auto_scheduler import LayoutRewriteOption
    from tvm.auto_scheduler.dispatcher import DispatchContext
    from tvm.auto_scheduler.relay_integration import TracingEnvironment, TracingMode

    class ApplyLibrary(DispatchContext):  # type: ignore[misc]  # TVM is not typed
        """Answers from a library, by target and platform; what it does not know the outer context is asked for."""

        def __init__(self, lookup: Lookup, suggesting: Suggesting) -> None:
            super().__init__()
            self._lookup = lookup
            self._suggesting = suggesting
            self._updates: dict[tuple[str, str], Any] = {}

        @property
        def verbose(self) -> int:
            """Of the outermost context, which warns of untuned tasks; `extract_tasks` silences it."""
            verbose: int = getattr(self._old_ctx, "verbose", 0)
            return verbose

        @verbose.setter
        def verbose(self, verbose: int) -> None:
            self._old_ctx.verbose = verbose

        def query(self, target: Any, workload_key: Any, has_complex_op: bool, dag: Any, func_name: str) -> Any:
            key = (str(target), str(workload_key))
            if key in self._updates:
                return self._updates[key]
            found = self._find(target, str(workload_key), has_complex_op)
            if found is None:
                outside = self._old_ctx.query(target, workload_key, has_complex_op, dag, func_name)
                if outside is not None or _rewriting_layouts():  # a suggestion's layouts stay as they are
                    return outside
                return _suggested(self._suggesting, target, str(workload_key), dag)
            return None if _rewriting_layouts() and not _tuned_with_rewrite(found) else found.state

        def _find(self, target: Any, workload_key: str, tunable: bool) -> Any:
            """The measured input of the library's best record."""
            given = asked_for(target)
            if given is None:
                return None
            workload = Workload("ansor", workload_key)
            asked = partial(self._lookup.find, "ansor", given, workload, tunable=tunable)
            return apply(self._lookup, asked, lambda stored: logged(stored.record))

        def update(self, target: Any, workload_key: Any, state: Any) -> None:
            """Keep the state of a task that AutoSchedulerLayoutRewrite has made: its new key is asked for later."""
            self._updates[str(target), str(workload_key)] = state

    def _rewriting_layouts() -> bool:
        tracing = TracingEnvironment.current
        return tracing is not None and tracing.tracing_mode == TracingMode.PREPARE_LAYOUT_REWRITE

    def _tuned_with_rewrite(found: Any) -> bool:
        """Whether a state was measured with its layouts rewritten; another one keeps those it was measured with."""
        option: bool = found.task.layout_rewrite_option == LayoutRewriteOption.REWRITE_FOR_PRE_TRANSFORMED
        return option

    return ApplyLibrary


def _suggested(suggesting: Suggesting, target: Any, workload_key: str, dag: Any) -> Any:
    """The state that is suggested for what has no record; None where none is."""
    given = asked_for(target)
    if given is None:
        return None

    def task() -> Any:
        from tvm.auto_scheduler import SearchTask

        return SearchTask(compute_dag=dag, workload_key=workload_key, target=target)

    found = suggesting("ansor", given, Workload("ansor", workload_key), task)
    return found.state if found is not None else None
