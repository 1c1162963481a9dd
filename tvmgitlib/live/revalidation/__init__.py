"""Revalidating: stored best records measured again, with this TVM and on this machine."""

from __future__ import annotations

from tvmgitlib.live.revalidation.plan import RevalidationRequest
from tvmgitlib.live.revalidation.values import Remeasurement, Revalidated
from tvmgitlib.live.revalidation.work import revalidate

__all__ = ["Remeasurement", "Revalidated", "RevalidationRequest", "revalidate"]
