"""Which records a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from tvmgitlib.model.target import Target, parse_target
from tvmgitlib.model.workload import Workload


@dataclass(frozen=True, slots=True)
class Selection:
    """A family, target, platform and workload, each or none of them.

    Attributes:
        family: the tuner family's name.
        target: a target in any spelling; a `-model` in it selects nothing (use `platform`).
        platform: the platform's name.
        workload: text that the workload (or its signature or id) contains.
    """

    family: str | None = None
    target: str | None = None
    platform: str | None = None
    workload: str | None = None

    def matches(self, family: str, target: Target, platform: str, workload: Workload) -> bool:
        """Whether a record of this identity is selected.

        Raises:
            TargetError: the selected target does not parse.
        """
        return (
            self.family in (None, family)
            and self.platform in (None, platform)
            and (self.target is None or parse_target(self.target).target == target)
            and (self.workload is None or self.workload in workload.label or self.workload == workload.id)
        )
