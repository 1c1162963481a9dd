"""Ansor's records."""

from __future__ import annotations

from tvmgitlib.families.ansor.family import FAILED, Ansor

__all__ = ["FAILED", "Ansor"]
