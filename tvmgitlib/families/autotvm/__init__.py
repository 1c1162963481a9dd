"""AutoTVM's records."""

from __future__ import annotations

from tvmgitlib.families.autotvm.family import FAILED, AutoTvm

__all__ = ["FAILED", "AutoTvm"]
