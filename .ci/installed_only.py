"""A pytest plugin for environments that hold a built wheel: the tests must use that one, not the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import tvmgitlib


def pytest_sessionfinish() -> None:
    """Look where the package came from, after the tests had their chance to change the path (also in each worker)."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] != "tvmgitlib" or not getattr(module, "__file__", None):
            continue
        if not Path(str(module.__file__)).resolve().is_relative_to(Path(sys.prefix).resolve()):
            pytest.exit(f"{name} comes from {module.__file__}, not from the installed wheel", returncode=1)


def pytest_report_header() -> str:
    """Say which package is tested."""
    return f"tvmgitlib: installed wheel, {tvmgitlib.__file__}"
