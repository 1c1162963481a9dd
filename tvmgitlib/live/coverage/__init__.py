"""How much of a model a library covers."""

from __future__ import annotations

from tvmgitlib.live.coverage.survey import coverage
from tvmgitlib.live.coverage.values import Coverage, TaskCoverage

__all__ = ["Coverage", "TaskCoverage", "coverage"]
