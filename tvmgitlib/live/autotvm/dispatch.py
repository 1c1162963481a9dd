"""The library's configs in a build: AutoTVM's dispatch context."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from tvmgitlib.library.reading import Lookup
from tvmgitlib.live.autotvm.records import pairs
from tvmgitlib.live.common import Suggesting, apply, asked_for
from tvmgitlib.model import Workload, canonical_json


@cache
def library_context() -> Any:
    """The class of dispatch contexts."""
    from tvm.autotvm.task import create
    from tvm.autotvm.task.dispatcher import DispatchContext, FallbackContext

    class ApplyLibrary(DispatchContext):  # type: ignore[misc]  # TVM is not typed
        """Answers from a library, by target and platform; what it does not know the outer context is asked for."""

        def __init__(self, lookup: Lookup, suggesting: Suggesting) -> None:
            super().__init__()
            self._lookup = lookup
            self._suggesting = suggesting
            self._configs: dict[tuple[str, Any], Any] = {}

        def _query_inside(self, target: Any, workload: Any) -> Any:
            if target is None:
                return None
            key = (str(target), workload)
            if key not in self._configs:
                self._configs[key] = self._find(target, workload)
            return self._configs[key]

        def _find(self, target: Any, workload: Any) -> Any:
            name, *args = workload
            try:
                text = canonical_json([name, args])
            except TypeError:  # a shape that is not known yet: AutoTVM has no record of such
                return None
            given = asked_for(target)
            if given is None:
                return None
            named = Workload("autotvm", text)
            asked = partial(self._lookup.find, "autotvm", given, named)
            found = apply(self._lookup, asked, lambda stored: pairs([stored.record])[0][0].config)
            if found is not None or self._is_known_outside(target, workload):
                return found
            return self._suggesting("autotvm", given, named, lambda: create(name, args, target))

        def _is_known_outside(self, target: Any, workload: Any) -> bool:
            """Whether another context, below this one, has a record."""
            if isinstance(self._old_ctx, FallbackContext):
                return False
            found = self._old_ctx.query(target, workload)
            return found is not None and not found.is_fallback

        def update(self, target: Any, workload: Any, cfg: Any) -> None:
            """Keep what AlterOpLayout says of the workload that it has put in the place of another."""
            self._configs[str(target), workload] = cfg

    return ApplyLibrary
