"""Live tests run on whichever TVM is installed; `@pytest.mark.tvm("0.27")` names those of one minor version.

`@pytest.mark.tvm("0.27", soak="0.25")` says that with another version, which is no different, it is a soak test.
"""

from __future__ import annotations

import logging
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of other TVMs: they are run in their own environments."""
    here = installed()
    wanted, others = [], []
    for item in items:
        soaks = [mark for mark in item.iter_markers("tvm") if here not in mark.args]
        (others if any(mark.kwargs.get("soak", "") != here for mark in soaks) else wanted).append(item)
        if soaks:
            item.add_marker("soak")
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = wanted


#: What TVM's processes import.
_OF_0_16 = ("tvm.autotvm", "tvm.auto_scheduler", "tvm.meta_schedule", "tvm.relay", "xgboost")
_SINCE = ("tvm.s_tir.meta_schedule", "tvm.s_tir.tensor_intrin", "tvm.relax")


@pytest.fixture(scope="session")
def forked() -> Iterator[type[subprocess.Popen[Any]]]:
    """Starts processes like `subprocess.Popen`, that have imported TVM before they begin."""
    forking = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "forking.py")))
    imported = _OF_0_16 if installed() == "0.16" else _SINCE
    with forking.forker([*imported, "tvmgitlib.live.common.schedule_outputs"]) as forker:
        started = forking.popen(forker)
        with forking.workers_forked(started):
            yield started


@pytest.fixture(scope="session", autouse=True)
def workers_are_forked(request: pytest.FixtureRequest) -> None:
    """TVM's workers, whose imports take most of their time, are forked in all tests."""
    if installed() is not None:
        request.getfixturevalue("forked")


@pytest.fixture
def tvmgitlib(forked: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m tvmgitlib` as a process of its own: `tvmgitlib("-C", path, "check")`."""
    return lambda *arguments: forked.run([sys.executable, "-m", "tvmgitlib", *map(str, arguments)])


@pytest.fixture
def ms() -> Any:
    """TVM's `meta_schedule`, wherever this TVM keeps it."""
    if installed() == "0.16":
        from tvm import meta_schedule
    else:
        from tvm.s_tir import meta_schedule
    return meta_schedule


@pytest.fixture(scope="module")
def farm(forked: type[subprocess.Popen[Any]]) -> Iterator[Any]:
    """A tracker with two boards, which a module's tests may take away and bring back."""
    farm = runpy.run_path(str(Path(__file__).parent / "farm.py"))["Farm"](forked)
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
