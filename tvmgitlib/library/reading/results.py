"""What the library answers: plain values, the same in Python and as the JSON of the command line."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.model import Place, TvmVersion


class Placed(Struct, frozen=True):
    """An answer about one workload on one target and platform.

    Attributes:
        place: which; `family`, `target` (canonical JSON text), `platform` and `workload` say the same as text.
    """

    place: Place

    @property
    def family(self) -> str:
        return self.place.family

    @property
    def target(self) -> str:
        return self.place.target.key

    @property
    def platform(self) -> str:
        return self.place.platform

    @property
    def workload(self) -> str:
        return self.place.workload.text

    @property
    def target_label(self) -> str:
        """The target for people."""
        return self.place.target.label

    @property
    def workload_label(self) -> str:
        """The workload for people."""
        return workload_label(self.place.workload)

    @property
    def workload_id(self) -> str:
        """The workload in 16 hex digits."""
        return self.place.workload.id

    def fields(self, *more: str) -> dict[str, Any]:
        """What of this is said as JSON: the place, then the attributes named, then the place for people."""
        names = ("family", "target", "platform", "workload", *more, "target_label", "workload_label", "workload_id")
        return {name: getattr(self, name) for name in names}


class SignedBy(Struct, frozen=True):
    """Who signed a job, as the signature proves.

    Attributes:
        key: the fingerprint of the key, `SHA256:...`.
        who: whose key it is, by the user's allowed signers; None where they do not say.
    """

    key: str
    who: str | None = None

    def __str__(self) -> str:
        return self.who or self.key

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class BestConfig(Placed, frozen=True):
    """The best record of a workload on a target and platform.

    Attributes:
        cost: mean run time in seconds.
        trials: trials of its job for the workload.
        job: the job that measured it.
        grade: how far it holds for the TVM asked about; None when none was.
        why: the grade's reason in words.
        record: the tuner's own record, as JSON.
        tuned_with: the TVM it was tuned with, and how that is known.
        written_by: the version of the TVM that wrote the record, as the record itself says; None where it does not.
        baseline: what the untuned config takes with that TVM, in seconds; None where nobody measured it.
        native: the record's own text.
        graded_for: the TVM that it is graded for; None where nothing is graded.
        finished: when its job was, ISO 8601 in UTC; None where the logs do not say.
        remark: what of the reason a user should know of an exact one too, and of one without a grade: that it is too
            fast to be believed, or that nobody signed it who is trusted; part of `why`.
        signers: who signed its job.
    """

    cost: float
    trials: int
    job: str
    grade: str | None
    why: str
    record: Any
    tuned_with: TvmVersion
    written_by: str | None
    baseline: float | None
    native: bytes
    graded_for: TvmVersion | None = None
    finished: str | None = None
    remark: str | None = None
    signers: tuple[SignedBy, ...] = ()

    def __repr__(self) -> str:
        from tvmgitlib.model import duration

        grade = f", {self.grade}" if self.grade else ""
        return f"<BestConfig {duration(self.cost)}: {self.workload_label} on {self.platform}{grade}>"

    @property
    def speedup(self) -> float | None:
        """How many times faster than the untuned config it is; None where nobody measured that one."""
        return self.baseline / self.cost if self.baseline is not None else None

    @property
    def is_slower(self) -> bool:
        """Whether it was measured to be slower than the untuned config, so that no build applies it."""
        return self.speedup is not None and self.speedup < 1

    def to_json(self) -> dict[str, Any]:
        document = self.fields("cost", "trials", "job", "grade", "why", "record", "tuned_with")
        document["tuned_with"] = self.tuned_with.to_json()
        document["graded_for"] = self.graded_for.to_json() if self.graded_for else None
        document |= {name: getattr(self, name) for name in ("written_by", "baseline", "speedup", "finished")}
        return document | {"signers": [signer.to_json() for signer in self.signers]}
