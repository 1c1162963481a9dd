"""Questions to a library: the best configs, and the platforms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.library.reading import doubts
from tvmgitlib.library.reading.grading import GRADES, Grader, Shown, distance, shown_grades, up_to
from tvmgitlib.library.reading.results import BestConfig, SignedBy
from tvmgitlib.rules.order import rank

if TYPE_CHECKING:
    from tvmgitlib.library.reading.contents import Contents
    from tvmgitlib.library.reading.selection import Selection
    from tvmgitlib.model import Json, Place, StoredRecord, Target
    from tvmgitlib.rules.fold import Configs
    from tvmgitlib.rules.validity import Verdict

_NOT_GRADED = "not graded: give the TVM that would use it with --tvm DIST==VERSION"


def selected(configs: Configs, selection: Selection) -> Iterator[StoredRecord]:
    """The records of configs/ that are selected."""
    return (stored for records in configs.values() for stored in records if selection.matches(stored.place))


def best(
    contents: Contents, selection: Selection, grader: Grader | None = None, accept: Shown = "exact"
) -> list[BestConfig]:
    """The best record of every selected workload on every target and platform.

    Args:
        contents: the library in one commit.
        selection: which workloads.
        grader: of the TVM and machine that would use them: one record a workload comes back, the best of the best
            grade, and none that this TVM cannot read where there is another of the same computation. Without it
            nothing is graded, and there is one record for each TVM version that a workload was tuned with, with what is
            to be doubted of it whatever the TVM.
        accept: the worst grade that is wanted of the grader: `exact`, `stale`, or `any` to see what there is, also
            what was invalidated.
    """
    groups: defaultdict[tuple[str, ...], list[_Candidate]] = defaultdict(list)
    source = grader.records if grader else contents.current
    asked = selection.asked.target if selection.asked else None
    for stored in _asked_for(source(selection.part), selection, near=grader is not None):
        if grader is None and asked is not None and not asked.allows(stored.place.target):
            continue
        verdict = grader.verdict(stored, asked) if grader else None
        version = () if grader else stored.tuned_with.group
        groups[_question(stored.place, asked) + version].append(_Candidate(stored, verdict))
    if grader and accept == "any":
        for stored, invalid in grader.invalidated:
            if selection.asks(stored.place):
                groups[_question(stored.place, asked)].append(_Candidate(stored, invalid))
    wanted = shown_grades(accept)
    answers = [_best_of(group, grader, asked) for _, group in sorted(groups.items())]
    here = {answer.computation for answer in answers if answer.verdict and answer.verdict.grade in up_to("stale")}
    baseline = grader.baseline if grader else contents.baseline
    suspects = doubts.Doubts(contents) if grader is None else None
    if suspects is not None:
        suspects.expect(selection.part)
    with doubts.Signatures(contents) as signatures:
        return [
            _answer(
                replace(answer, doubt=suspects.remark(answer.stored)) if suspects is not None else answer,
                baseline(answer.stored),
                grader,
                signatures.of(answer.stored.job),
            )
            for answer in answers
            if (answer.verdict is None or answer.verdict.grade in wanted)
            and not (answer.is_incompatible and answer.computation in here)
        ]


def _asked_for(configs: Configs, selection: Selection, *, near: bool) -> Iterator[StoredRecord]:
    """The records that a lookup of what is selected would find."""
    every = (stored for records in configs.values() for stored in records)
    return (stored for stored in every if selection.asks(stored.place, near=near))


def _question(place: Place, asked: Target | None) -> tuple[str, ...]:
    """What one answer is wanted for: where a target is asked for, all that answers for it is one question."""
    family, _, platform, workload = place.order
    return place.order if asked is None else (family, asked.key, platform, workload)


class Choice(Struct, frozen=True):
    """Best configs of the grades that are wanted.

    Attributes:
        configs: those; what is not graded is wanted always.
        others: how many have another grade, from the best one to the worst; no grade of which there is none.
    """

    configs: list[BestConfig]
    others: dict[str, int]

    @property
    def wider(self) -> Shown:
        """What to accept to see more of them."""
        return "stale" if "stale" in self.others else "any"


def choose(configs: Iterable[BestConfig], accept: Shown | None) -> Choice:
    """Those of the best configs of every grade that are wanted, and how many others there are.

    Args:
        configs: of every grade.
        accept: the worst grade that is wanted; None for all that configs/ holds, which has nothing invalidated.
    """
    wanted: list[BestConfig] = []
    others: Counter[str] = Counter()
    grades = up_to("incompatible") if accept is None else shown_grades(accept)
    for config in configs:
        if config.grade is None or config.grade in grades:
            wanted.append(config)
        else:
            others[config.grade] += 1
    return Choice(wanted, {grade: others[grade] for grade in GRADES if others[grade]})


class _Candidate(Struct, frozen=True):
    """A record that may be the best of its place; without a verdict where nothing is graded, and then with what is to
    be doubted of it whatever TVM would use it.
    """

    stored: StoredRecord
    verdict: Verdict | None
    doubt: str | None = None

    @property
    def why(self) -> str:
        """Why it has its grade, or none."""
        if self.verdict is not None:
            return self.verdict.why
        return f"{self.doubt}; {_NOT_GRADED}" if self.doubt is not None else _NOT_GRADED

    @property
    def computation(self) -> tuple[str, ...]:
        """What is computed where, by whatever name a TVM version gives it."""
        return self.stored.place.computation

    @property
    def is_incompatible(self) -> bool:
        return self.verdict is not None and self.verdict.grade == "incompatible"


def _best_of(group: list[_Candidate], grader: Grader | None, asked: Target | None) -> _Candidate:
    if grader is None:
        return min(group, key=lambda candidate: (distance(candidate.stored, asked), rank(candidate.stored)))
    return _Candidate(*grader.best([(each.stored, each.verdict) for each in group if each.verdict is not None], asked))


def _answer(
    candidate: _Candidate, baseline: float | None, grader: Grader | None, signers: tuple[SignedBy, ...]
) -> BestConfig:
    stored, verdict = candidate.stored, candidate.verdict
    record = stored.record
    native: Any = orjson.loads(record.native)
    return BestConfig(
        place=stored.place,
        cost=record.cost,
        trials=stored.trials,
        job=stored.job,
        grade=verdict.grade if verdict else None,
        why=candidate.why,
        record=native,
        tuned_with=stored.tuned_with,
        written_by=record.tvm_version or families.tvm_of_name(record.workload),
        baseline=baseline,
        native=record.native,
        graded_for=grader.tvm if grader else None,
        finished=stored.finished,
        remark=verdict.remark if verdict else candidate.doubt,
        signers=signers,
    )


def platforms(contents: Contents) -> dict[str, dict[str, Json]]:
    """Every platform with the latest facts that a job told of it, by name."""
    latest: dict[str, tuple[str, dict[str, Json]]] = {}
    for segment in contents.outlines.of_platforms():
        when = segment.header.finished or ""
        for entry in segment.tasks:
            platform = entry.task.section.platform
            known = latest.get(platform.name, ("", {}))
            if not known[1] or (platform.facts and when >= known[0]):
                latest[platform.name] = (when, dict(platform.facts))
    return {name: facts for name, (_, facts) in sorted(latest.items())}
