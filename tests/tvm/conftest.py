"""Live tests run on whichever TVM is installed; `@pytest.mark.tvm("0.27")` names those of one minor version."""

from __future__ import annotations

import logging
import runpy
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

_DISTRIBUTIONS = {"apache-tvm": None, "hhb-tvm": "0.16"}


def installed() -> str | None:
    """The minor version of the TVM installed; None when there is none."""
    for distribution, minor in _DISTRIBUTIONS.items():
        try:
            found = version(distribution)
        except PackageNotFoundError:
            continue
        return minor or ".".join(found.split(".")[:2])
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of other TVMs: they are run in their own environments."""
    here = installed()
    wanted, others = [], []
    for item in items:
        marks = [mark.args for mark in item.iter_markers("tvm")]
        (wanted if all(here in versions for versions in marks) else others).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = wanted


@pytest.fixture
def ms() -> Any:
    """TVM's `meta_schedule`, wherever this TVM keeps it."""
    if installed() == "0.16":
        from tvm import meta_schedule
    else:
        from tvm.s_tir import meta_schedule
    return meta_schedule


@pytest.fixture(scope="module")
def farm() -> Iterator[Any]:
    """A tracker with two boards, which a module's tests may take away and bring back."""
    farm = runpy.run_path(str(Path(__file__).parent / "farm.py"))["Farm"]()
    farm.at(2)
    yield farm
    farm.close()


@pytest.fixture(autouse=True)
def fresh_loggers() -> Iterator[None]:
    """TVM asks the handlers of its logger for their names, and those that pytest adds where it has been have none."""
    yield
    for name in ("tvm.s_tir.meta_schedule", "tvm.meta_schedule"):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
        logger.propagate = True


@pytest.fixture(scope="module", autouse=True)
def workloads_are_a_modules_own() -> Iterator[None]:
    """Ansor's functions are registered for a whole process, and some tests are about those that nobody registered."""
    if installed() != "0.16":
        yield
        return
    from tvm.auto_scheduler.workload_registry import WORKLOAD_FUNC_REGISTRY

    before = dict(WORKLOAD_FUNC_REGISTRY)
    yield
    WORKLOAD_FUNC_REGISTRY.clear()
    WORKLOAD_FUNC_REGISTRY.update(before)
