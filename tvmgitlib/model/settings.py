"""What a library is told in `tvmgitlib.json`."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.moments import read_age

#: The library format that this version reads and writes.
FORMAT = 1

#: What the refs of queued jobs begin with.
QUEUE_REFS = "refs/tvmgitlib/jobs/"


#: No kernel runs in less, in seconds: some forty cycles.
MIN_COST = 1e-8


class Settings(Struct, frozen=True):
    """The settings of a library; every key has a default.

    Attributes:
        keep: K, how many records per workload and group stay in `configs/`.
        policy_tvm: which TVM versions a record holds for: `same`, `same-minor`, `any`, or a PEP 440 specifier that the
            version it was tuned with must meet.
        policy_facts: platform facts (dotted names) that must match; records are folded apart by them.
        policy_max_age: the age above which a record is stale, in days or as text (`36h`, see `read_age`); None for no
            limit.
        policy_min_cost: the mean run time in seconds below which no measurement is believed alone.
        policy_trust: whose jobs are exact: of `any`, or only those that are `signed` by whom the user allows.
        extra: the free `x-` keys.
        push: where jobs are sent: `branch`, `queue` (a ref of each job's own, for somebody to fold), or `auto`: to the
            branch, and to the queue after three pushes that others were faster than.
        queue_refs: what the refs of queued jobs begin with.
    """

    keep: int = 1
    policy_tvm: str = "same-minor"
    policy_facts: tuple[str, ...] = ()
    policy_max_age: int | str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    push: str = "auto"
    queue_refs: str = QUEUE_REFS
    policy_min_cost: float = MIN_COST
    policy_trust: str = "any"

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Settings:
        """Settings from a document that its schema has found valid."""
        return cls(
            keep=int(document.get("keep", 1)),  # JSON has 2.0 for an integer too
            policy_tvm=document.get("policy.tvm", "same-minor"),
            policy_facts=tuple(sorted(set(document.get("policy.facts", ())))),
            policy_max_age=document.get("policy.max-age"),
            policy_min_cost=float(document.get("policy.min-cost", MIN_COST)),
            policy_trust=document.get("policy.trust", "any"),
            push=document.get("push", "auto"),
            queue_refs=document.get("queue.refs", QUEUE_REFS),
            extra={key: value for key, value in document.items() if key.startswith("x-")},
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "keep": self.keep,
            "policy.tvm": self.policy_tvm,
            "policy.facts": list(self.policy_facts),
            "policy.max-age": self.policy_max_age,
            "policy.min-cost": self.policy_min_cost,
            "policy.trust": self.policy_trust,
            "push": self.push,
            "queue.refs": self.queue_refs,
            **self.extra,
        }

    @property
    def max_age(self) -> timedelta | None:
        """The age above which a record is stale; None for no limit."""
        age = self.policy_max_age
        return read_age(age) if isinstance(age, str) else None if age is None else timedelta(days=age)

    @property
    def fold_digest(self) -> str:
        """SHA-256 of what the fold depends on: other settings change grades, never configs/."""
        relevant = {"keep": self.keep, "policy.facts": list(self.policy_facts)}
        return hashlib.sha256(canonical_json(relevant).encode()).hexdigest()


class Terms(Struct, frozen=True):
    """Whose jobs are believed, beside what the user says who builds: both have to be met.

    Attributes:
        trust: `signed` where only signed jobs are exact; `any` asks for nothing.
        signers: who may sign them, in lines as OpenSSH's allowed signers; None where that is left to the user.
    """

    trust: str = "any"
    signers: tuple[str, ...] | None = None


#: Those of no lock.
NO_TERMS = Terms()
