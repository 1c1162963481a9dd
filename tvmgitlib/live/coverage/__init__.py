"""How much of a model a library covers."""

from __future__ import annotations

from tvmgitlib.live.coverage.survey import coverage
from tvmgitlib.live.coverage.values import UNSEARCHABLE, Coverage, TaskCoverage

__all__ = ["UNSEARCHABLE", "Coverage", "TaskCoverage", "coverage"]
