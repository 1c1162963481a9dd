"""Suggestions for live tasks: what is on record, brought into the space of the task at hand."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from msgspec.structs import replace

from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.reading import Contents, workload_label
from tvmgitlib.library.suggesting import Suggested, Suggestions, evidence
from tvmgitlib.library.view import View
from tvmgitlib.live.common.base import live_family, place_of
from tvmgitlib.live.common.space import LiveSpace
from tvmgitlib.model import Config, GivenTarget, Json, Place, TuningRecord, Workload
from tvmgitlib.rules.suggesting import MIN_OTHERS, Suggester, Suggestion, model_at_hand

_log = logging.getLogger("tvmgitlib")

_WITHOUT_MODEL: Final = "XGBoost is not installed (pip install 'tvmgitlib[warm-start]'): configs are only snapped"


class TaskSuggester:
    """Suggests configs for one task.

    Args:
        contents: the library; what is suggested is found at once.
        place: what the task's records answer for.
        task: the task.
        target: its target.
        seed: of what is drawn.
    """

    def __init__(self, contents: Contents, place: Place, task: Any, target: GivenTarget, seed: int) -> None:
        family = live_family(place.family)
        named = replace(place.workload, signature=place.workload.signature or family.signature(task))
        self.place = replace(place, workload=named)
        self.seed = seed
        found = self._evidence = evidence(contents, self.place)
        self.space: LiveSpace = family.space(task, target, found)
        self._suggester: Suggester | None = None
        if found.call is not None:
            self._suggester = Suggester(found.call, self.space, found.past, found.same_elsewhere, seed)

    @property
    def by(self) -> str:
        """What suggestions come from, in words."""
        if self._suggester is None:
            return ""
        return f"ranking by {_model()}, and snapping" if self._suggester.ranks else "snapping"

    @property
    def records(self) -> list[tuple[Workload, list[TuningRecord]]]:
        """The best records of other workloads, nearest first; see `Evidence.records`."""
        return self._evidence.records

    def next(self, count: int, tried: Sequence[tuple[Config, float | None]] = ()) -> list[Suggestion]:
        """The configs to try next; see `Suggester.suggest`."""
        return self._suggester.suggest(count, tried) if self._suggester is not None else []

    def suggestions(self, count: int) -> Suggestions:
        """What is suggested, as an answer."""
        found = tuple(map(self._suggested, self.next(count)))
        return Suggestions(self.place, found, self.by if found else "", self.why, self.seed)

    @property
    def why(self) -> str:
        """Why nothing is suggested, or nothing ranked, in words; empty where nothing is amiss."""
        if self._suggester is None or not self.next(1):
            return self._evidence.why_none(self.place)
        if self._suggester.ranks:
            return ""
        if not model_at_hand():
            return _WITHOUT_MODEL
        others = self._suggester.others
        return f"{others} other workloads are on record, of {MIN_OTHERS} that a ranking needs: configs are only snapped"

    def _suggested(self, suggestion: Suggestion) -> Suggested:
        native = self.space.native(suggestion.config)
        jobs = tuple(dict.fromkeys(job for task in suggestion.sources for job in task.jobs))
        return Suggested(
            config=self.space.written(native),
            how=suggestion.how,
            share=round(suggestion.share, 4),
            distance=round(suggestion.distance, 2) if math.isfinite(suggestion.distance) else None,
            jobs=jobs,
            why=_in_words(suggestion, jobs),
            native=native,
        )


def other_records(view: View, place: Place) -> list[TuningRecord]:
    """The best records of other workloads of an operator on the same target and platform, nearest first."""
    with view.reading() as contents:
        return [record for _, records in evidence(contents, place).records for record in records]


class Suggesters:
    """What suggests the first trials of a job's tasks.

    Args:
        journal: the job's.
        seed: of what is drawn.
    """

    def __init__(self, journal: Journal, seed: int) -> None:
        self._journal = journal
        self._seed = seed
        self._known: dict[Place, TaskSuggester] = {}

    def of(self, task: Any) -> TaskSuggester:
        """That of a task; where there is nothing to suggest, it is said."""
        place = place_of(self._journal, task)
        if place not in self._known:
            target, _ = live_family(place.family).identify(task, self._journal.target)
            with self._journal.view.reading() as contents:
                found = self._known[place] = TaskSuggester(contents, place, task, target, self._seed)
            if found.why:
                _log.warning("warm start of %s: %s", workload_label(found.place.workload), found.why)
        return self._known[place]

    def told(self, tasks: Iterable[Any]) -> dict[str, Json]:
        """What a job's header says of a start with these suggestions."""
        by = {self.of(task).by or "nothing on record" for task in tasks}
        return {"warm_start": "; ".join(sorted(by)), "warm_start_seed": self._seed}


def _in_words(suggestion: Suggestion, jobs: Sequence[str]) -> str:
    if suggestion.how == "ranked":
        return f"ranked by a model of {len(suggestion.sources)} other workloads (of {len(jobs)} jobs)"
    task = suggestion.sources[0]
    if suggestion.how == "repeated":
        return f"measured for this workload on {task.platform} (job {jobs[0]}): {suggestion.share:.0%} of its best"
    far = f"{suggestion.distance:.1f} doublings away" if math.isfinite(suggestion.distance) else "of other arguments"
    return f"snapped from a workload {far} (job {jobs[0]}), {suggestion.share:.0%} of its best"


def _model() -> str:
    for distribution in ("xgboost-cpu", "xgboost"):
        try:
            return f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            continue
    return "xgboost"
