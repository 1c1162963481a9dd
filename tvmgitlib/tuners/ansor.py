"""Ansor with its TVM at hand."""

from __future__ import annotations
