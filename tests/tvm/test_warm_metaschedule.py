"""MetaSchedule on a real TVM: traces of other workloads on a task that was never tuned, and a job with them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.live.metaschedule.tvm import structural_equal

pytestmark = pytest.mark.tvm("0.25", "0.27")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "metaschedule_job.py")))
SIZES = (16, 24, 32, 48, 64)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ConfigLibrary:
    """Five sizes of one operator."""
    library = ConfigLibrary.init(tmp_path_factory.mktemp("warm") / "library")
    with library.job(work.TARGET, platform="board") as job:
        for size in SIZES:
            assert job.tune_tir(work.matmul(size), 8, **work.told())
    return library


def tiles(trace: Any) -> list[list[int]]:
    """The factors that a trace splits loops by."""
    return [decision for _, decision in trace[1] if isinstance(decision, list)]


def test_traces_of_other_sizes_are_snapped_and_compute_the_same(library: ConfigLibrary) -> None:
    import numpy as np
    import tvm

    found = library.suggest(work.matmul(40), 6, target=work.TARGET, platform="board")[0]
    assert len(found) == 6 and "xgboost" in found.by and not found.why
    random = np.random.default_rng(0)
    one, other = (random.random((40, 40), dtype="float32") for _ in range(2))
    for each in found:
        assert all(np.prod(factors) == 40 for factors in tiles(each.config))
        built = tvm.compile(each.native.mod, target=work.live_target())
        out = tvm.runtime.tensor(np.zeros((40, 40), "float32"))
        built["main"](tvm.runtime.tensor(one), tvm.runtime.tensor(other), out)
        np.testing.assert_allclose(out.numpy(), one @ other, rtol=1e-4)
    assert found.to_json() == library.suggest(work.matmul(40), 6, target=work.TARGET, platform="board")[0].to_json()


def test_a_warm_start_measures_them_first_and_the_search_goes_on(library: ConfigLibrary) -> None:
    first = library.suggest(work.matmul(40), 8, target=work.TARGET, platform="board", seed=1)[0]
    with library.job(work.TARGET, platform="board") as job:
        assert job.tune_tir(work.matmul(40), 12, warm_start=True, **work.told()) == 12
        logged = [json.loads(record.native)[1][0] for record in job.logged()]
    assert [tiles(trace) for trace in logged[:8]] == [tiles(each.config) for each in first]
    assert job.result is not None and job.result.job is not None
    told = library.show_job(job.result.job).header.options
    assert "snapping" in told["warm_start"] and told["warm_start_seed"] == 1


def test_a_build_takes_a_schedule_that_is_suggested_where_it_may(library: ConfigLibrary) -> None:
    import numpy as np
    import tvm

    told: dict[str, Any] = {"platform": "board"}
    assert library.compile_tir(work.matmul(56), work.live_target(), accept="stale", **told) is None
    schedule = library.compile_tir(work.matmul(56), work.live_target(), accept="suggested", **told)
    (outcome,) = library.summary().of("suggested")
    assert "never measured" in outcome.why and not library.summary().applied
    first = library.suggest(work.matmul(56), 1, target=work.TARGET, platform="board")[0][0]
    assert schedule is not None
    assert structural_equal(schedule.mod, first.native.mod)
    one = np.random.default_rng(0).random((56, 56), dtype="float32")
    out = tvm.runtime.tensor(np.zeros((56, 56), "float32"))
    tvm.compile(schedule.mod, target=work.live_target())["main"](tvm.runtime.tensor(one), tvm.runtime.tensor(one), out)
    np.testing.assert_allclose(out.numpy(), one @ one, rtol=1e-4)


def test_another_target_or_computation_gives_none_and_says_why(library: ConfigLibrary) -> None:
    other = {**work.TARGET, "mcpu": "skylake-avx512"}
    found = library.suggest(work.matmul(40), target=other, platform="board")[0]
    assert len(found) == 0 and "haswell" in found.why
    found = library.suggest(work.matmul(40, "D"), target=work.TARGET, platform="board")[0]
    assert len(found) == 0 and found.why.startswith("no trial of ")
