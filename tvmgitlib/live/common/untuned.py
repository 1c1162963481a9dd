"""What a build takes for a task that the library has no record of: a suggestion, where the user wants that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.library.reading import Contents, Lookup
from tvmgitlib.library.suggesting import Suggested
from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.common.suggesting import TaskSuggester
from tvmgitlib.model import FamilyName, GivenTarget, Place, Workload

_log = logging.getLogger("tvmgitlib")

#: So many suggestions are built at most, to find one that does.
_TRIED: Final = 4


class _Answer(Struct, frozen=True):
    """What is suggested for a task, as the TVM at hand has it; None where nothing is."""

    native: Any
    why: str


class Untuned:
    """Suggests configs for what a lookup does not find; see `tvmgitlib.live.common.space.Suggesting`.

    Args:
        contents: the library; it must stay open for as long as lookups are made.
        lookup: its summary is told.
    """

    def __init__(self, contents: Contents, lookup: Lookup) -> None:
        self._contents = contents
        self._lookup = lookup
        self._known: dict[Place, _Answer] = {}

    def __call__(self, family: FamilyName, target: GivenTarget, workload: Workload, task: Callable[[], Any]) -> Any:
        """The first suggestion that builds; the summary says which, or why there is none."""
        platform = self._lookup.platform_of(target)
        if platform is None or not self._lookup.is_missing(family, target, workload):
            return None
        place = Place(family, target.target, platform, workload)
        if place not in self._known:
            self._known[place] = self._find(place, target, task)
        answer = self._known[place]
        self._lookup.suggest(family, target, workload, answer.why, applied=answer.native is not None)
        return answer.native

    def _find(self, place: Place, target: GivenTarget, task: Callable[[], Any]) -> _Answer:
        here = f"no record for {place.target.label} on {place.platform}"
        try:
            suggester = TaskSuggester(self._contents, place, task(), target, seed=0)
            found = suggester.suggestions(_TRIED)
        except Exception as error:  # whatever TVM raises: the task cannot be made, so nothing can be suggested for it
            return _Answer(None, f"{here}, and nothing can be suggested: {last_line(error)}")
        for suggestion in found:
            refused = _why_not(suggester, suggestion)
            if refused is None:
                return _Answer(suggestion.native, f"{here}; suggested, and never measured: {suggestion.why}")
            _log.debug("a suggestion for %s does not build: %s", place.workload.label, refused)
        none = f"none of {len(found)} suggestions builds: {refused}" if len(found) else found.why
        return _Answer(None, f"{here}, and nothing is suggested: {none}")


def _why_not(suggester: TaskSuggester, suggestion: Suggested) -> str | None:
    """Why a suggestion does not build, in words; None where it does."""
    try:
        suggester.space.build(suggestion.native)
    except Exception as error:  # whatever TVM raises
        return last_line(error)
    return None


def nothing(family: FamilyName, target: GivenTarget, workload: Workload, task: Callable[[], Any]) -> None:
    """For a build that takes what is on record, and no suggestion."""
