"""AutoTVM on real TVM: what other workloads suggest, and a job that begins with it."""

from __future__ import annotations

import json
import math
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.model import SelectionError

pytestmark = pytest.mark.tvm("0.16")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "autotvm_job.py")))
TARGET: str = work.TARGET
WIDTHS = (48, 64, 96, 128, 160)


def dense(width: int, target: str = TARGET) -> Any:
    from tvm import autotvm, topi

    assert topi
    data, weight = ("TENSOR", (16, width), "float32"), ("TENSOR", (width, width), "float32")
    return autotvm.task.create("dense_nopack.x86", args=(data, weight, None, "float32"), target=target)


class Timed(work.Pretending):
    """Pretends to measure: a tile of 16 by 8 with a reduction by 4 is best, wherever it fits. One in 7 fails."""

    def __init__(self) -> None:
        self.tried: list[dict[str, Any]] = []

    @property
    def option(self) -> dict[str, Any]:
        return {"builder": self, "runner": self}

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        from tvm.autotvm.measure import MeasureResult

        results = []
        for one in inputs:
            sizes = {name: int(entity.size[-1]) for name, entity in one.config._entity_map.items()}
            self.tried.append(sizes)
            wanted = {"tile_x": 16, "tile_y": 8, "tile_k": 4}
            slower = sum(abs(math.log2(size / wanted[name])) for name, size in sizes.items())
            if sizes["tile_k"] > 64:
                results.append(MeasureResult(("", RuntimeError("too long")), 2, 0.01, time.time()))
            else:
                results.append(MeasureResult((1e-4 * (1 + slower / 4),), 0, 0.01, time.time()))
        return results


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ConfigLibrary:
    """Five widths of one operator, tuned at random."""
    from tvm.autotvm.tuner import RandomTuner

    library = ConfigLibrary.init(tmp_path_factory.mktemp("warm") / "library")
    with library.job(TARGET, platform="board") as job:
        for width in WIDTHS:
            job.tune(RandomTuner(dense(width)), n_trial=40, measure_option=Timed().option, seed=width)
    return library


def suggestions(library: ConfigLibrary, task: Any, n: int = 8, **told: Any) -> Any:
    return library.suggest(task, n, platform="board", **told)[0]


def test_what_other_workloads_found_is_suggested_for_one_that_was_never_tuned(library: ConfigLibrary) -> None:
    found = suggestions(library, dense(112))
    assert len(found) == 8 and "xgboost" in found.by and not found.why
    first = {name: value for name, _, value in found[0].config["entity"]}
    assert (first["tile_y"][-1], first["tile_k"][-1]) == (8, 4)
    assert found[0].native.index == found[0].config["index"]
    assert {each.how for each in found} <= {"ranked", "snapped"}
    assert all(each.jobs and each.why and 0 <= each.share <= 1 for each in found)
    assert found.to_json() == suggestions(library, dense(112)).to_json()
    json.dumps(found.to_json(), allow_nan=False)


def test_another_architecture_or_operator_gives_none_and_says_why(library: ConfigLibrary) -> None:
    other = suggestions(library, dense(112, "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"))
    assert len(other) == 0 and not other.by
    assert "haswell" in other.why and "says nothing of this one" in other.why
    on_another = library.suggest(dense(112), platform="another")[0]
    assert len(on_another) == 0 and "platform board has other workloads of it" in on_another.why
    same = library.suggest(dense(96), platform="another")[0]
    assert {each.how for each in same} == {"repeated"} and "on board" in same[0].why


def test_a_warm_start_tries_what_is_suggested_first_and_the_tuner_goes_its_own_way(library: ConfigLibrary) -> None:
    from tvm.autotvm.tuner import GATuner, GridSearchTuner, RandomTuner, XGBTuner
    from tvm.autotvm.tuner.sa_model_optimizer import SimulatedAnnealingOptimizer

    task = dense(112)
    makers = {
        "random": lambda: RandomTuner(task),
        "grid": lambda: GridSearchTuner(task),
        "ga": lambda: GATuner(task, pop_size=8),
        "xgb": lambda: XGBTuner(task, plan_size=8, feature_type="knob", num_threads=1, optimizer=search()),
    }

    def search() -> Any:
        return SimulatedAnnealingOptimizer(task, n_iter=4)

    def tried(name: str, trials: int, *, warm: bool) -> tuple[list[str], Any]:
        timed = Timed()
        clone = ConfigLibrary.clone(str(library.path), library.path.parent / f"{name}-{warm}")
        with clone.job(TARGET, platform="board") as job:
            assert job.tune(makers[name](), trials, timed.option, seed=5, warm_start=warm)
        assert clone.best(Selection(workload="112"))[0].trials == trials
        assert job.result is not None and job.result.job is not None
        return list(map(json.dumps, timed.tried)), clone.show_job(job.result.job).header.options

    first = []
    for name in makers:
        cold, _ = tried(name, 20, warm=False)
        warm, told = tried(name, 36, warm=True)
        assert len(set(warm)) == 36
        assert json.dumps({"tile_y": 8, "tile_x": 16, "tile_k": 4}) in warm[:4]
        assert max(warm.index(each) - place for place, each in enumerate(cold)) <= 16
        assert "snapping" in told["warm_start"] and told["warm_start_seed"] == 5
        first.append(warm[:16])
    assert all(each == first[0] for each in first)


def test_an_interrupted_warm_start_does_not_begin_anew(library: ConfigLibrary, tmp_path: Path) -> None:
    from tvm.autotvm.tuner import RandomTuner

    class Interrupted(Timed):
        def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
            if len(self.tried) >= 12:
                raise KeyboardInterrupt
            return super().run(inputs, builds)

    clone = ConfigLibrary.clone(str(library.path), tmp_path / "clone")
    begun, rest, whole = Interrupted(), Timed(), Timed()
    with pytest.raises(KeyboardInterrupt), clone.job(TARGET, platform="board") as job:
        job.tune(RandomTuner(dense(112)), 24, begun.option, seed=5, warm_start=True)
    with clone.job(TARGET, platform="board") as job:
        job.tune(RandomTuner(dense(112)), 24, rest.option, seed=5, warm_start=True)
    with ConfigLibrary.clone(str(library.path), tmp_path / "cold").job(TARGET, platform="board") as job:
        job.tune(RandomTuner(dense(112)), 8, whole.option, seed=5)
    assert (len(begun.tried), len(rest.tried)) == (12, 12)
    assert max(rest.tried.index(each) - place for place, each in enumerate(whole.tried) if each not in begun.tried) <= 4


def test_a_build_takes_a_suggestion_where_there_is_no_record_and_only_if_it_is_asked_to(
    library: ConfigLibrary, cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tvm
    from tvm import autotvm

    known, new = dense(96), dense(112)
    before = {path: path.read_bytes() for path in sorted((library.path / "configs").rglob("*")) if path.is_file()}

    def build(task: Any, **told: Any) -> Any:
        with library.using(platform="board", **told), tvm.target.Target(task.target):
            return autotvm.DispatchContext.current.query(task.target, task.workload)

    for accept in ("exact", "stale"):
        assert build(new, accept=accept).is_fallback
        assert [each.state for each in library.summary().outcomes.values()] == ["missing"]
    first = suggestions(library, new, 1)[0]
    config = build(new, accept="suggested")
    assert (config.index, config.is_fallback) == (first.native.index, False)
    (outcome,) = library.summary().of("suggested")
    assert outcome.stored is None and first.why in outcome.why and "never measured" in outcome.why
    assert library.summary().applied == []
    assert library.summary().line == "1 task looked up, 0 tuned: 1 suggested"

    assert not build(known, accept="suggested").is_fallback
    assert library.summary().line == "1 task looked up, 1 tuned: 1 exact"

    covered = library.coverage([known, new], platform="board", accept="suggested")
    assert {task.state: task.is_covered for task in covered.tasks} == {"exact": True, "suggested": False}
    assert covered.counts["suggested"] == 1 and not covered.is_complete and len(covered.covered) == 1
    assert "suggested" not in library.coverage([known, new], platform="board").counts
    monkeypatch.setenv("TVMGITLIB_LIBRARY", str(library.path))
    model = tmp_path / "model.py"
    model.write_text(f"import runpy\ntasks = [runpy.run_path({str(Path(__file__))!r})['dense'](112)]\n")
    cli("coverage", f"{model}:tasks", "--platform", "board", "--accept", "suggested")
    assert "never measured: " in cli.out and "0 of 1 task covered (1 suggested)" in cli.out

    assert len(library.records()) == len(WIDTHS)
    with pytest.raises(SelectionError, match="accept is 'exact' or 'stale'"):
        library.records(accept="suggested")  # type: ignore[arg-type]
    after = {path: path.read_bytes() for path in sorted((library.path / "configs").rglob("*")) if path.is_file()}
    assert after == before


def test_a_build_takes_another_contexts_record_before_a_suggestion(library: ConfigLibrary, tmp_path: Path) -> None:
    import tvm
    from tvm import autotvm
    from tvm.autotvm.measure import MeasureInput, MeasureResult

    task = dense(112)
    record = (MeasureInput(task.target, task, task.config_space.get(0)), MeasureResult((1.0,), 0, 0.0, 0.0))
    with (
        autotvm.apply_history_best([record]),
        library.using(platform="board", accept="suggested"),
        tvm.target.Target(task.target),
    ):
        assert autotvm.DispatchContext.current.query(task.target, task.workload).index == 0
    assert [each.state for each in library.summary().outcomes.values()] == ["missing"]


def test_what_does_not_build_or_is_of_another_architecture_is_not_taken(
    library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tvm
    from tvm import autotvm

    def why(task: Any) -> str:
        with library.using(platform="board", accept="suggested") as summary, tvm.target.Target(task.target):
            assert autotvm.DispatchContext.current.query(task.target, task.workload).is_fallback
        (outcome,) = summary.of("missing")
        return outcome.why

    other = why(dense(112, "llvm -mcpu=znver3 -mtriple=x86_64-linux-gnu"))
    assert "haswell" in other and "which says nothing of this one" in other

    def refuse(*_: Any, **__: Any) -> None:
        raise tvm.TVMError("no room for it")

    monkeypatch.setattr(tvm, "build", refuse)
    assert "none of 4 suggestions builds: TVMError: no room for it" in why(dense(112))


def test_the_same_seed_and_library_give_the_same_trials_in_any_process(
    library: ConfigLibrary, tmp_path: Path, forked: Any
) -> None:
    script = tmp_path / "job.py"
    script.write_text(
        "import json, runpy, sys\n"
        "test = runpy.run_path(sys.argv[1])\n"
        "from tvm.autotvm.tuner import XGBTuner\n"
        "library = test['ConfigLibrary'].clone(sys.argv[2], sys.argv[3])\n"
        "timed = test['Timed']()\n"
        "with library.job(test['TARGET'], platform='board') as job:\n"
        "    tuner = XGBTuner(test['dense'](112), feature_type='knob')\n"
        "    job.tune(tuner, n_trial=18, measure_option=timed.option, seed=5, warm_start=True)\n"
        "print(json.dumps(timed.tried))\n"
    )
    processes = [
        start(
            [sys.executable, script, __file__, library.path, tmp_path / threads],
            env={**os.environ, "PYTHONHASHSEED": threads, "OMP_NUM_THREADS": threads, "TVM_NUM_THREADS": threads},
            stdout=subprocess.PIPE,
        )
        for threads, start in (("1", forked), ("2", subprocess.Popen))  # a fork keeps the hash seed of its parent
    ]
    one, other = [json.loads(process.communicate(timeout=300)[0].splitlines()[-1]) for process in processes]
    assert len(one) == 18
    assert one == other


def test_an_absurd_history_changes_nothing_but_the_suggestion(library: ConfigLibrary, tmp_path: Path) -> None:
    import tvm
    from tvm import autotvm

    clone = ConfigLibrary.clone(str(library.path), tmp_path / "clone")
    before = {best.workload: best.native for best in clone.best()}
    scratch = ConfigLibrary.init(tmp_path / "scratch")
    with scratch.job(TARGET, platform="board") as job:
        job.tune(work.tuner("random", dense(72)), n_trial=8, measure_option=Timed().option, seed=1)
        lines = [json.loads(record.native) for record in job.logged()]
    for place, line in enumerate(lines):
        line["result"][0] = [1e-300]
        line["config"]["entity"] = [[name, kind, [-1, 7 * 10**place]] for name, kind, _ in line["config"]["entity"]]
        line["config"]["entity"].append([f"odd {place}", "ot", "x" * 200])
    log = tmp_path / "absurd.log"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    clone.import_logs(log, platform="board")

    found = suggestions(clone, dense(112))
    assert len(found) == 8
    assert all(0 <= each.share <= 1 and each.native.index >= 0 for each in found)
    after = {best.workload: best.native for best in clone.best()}
    assert before.items() <= after.items() and len(after) == len(before) + 1
    task = dense(112)
    with clone.using(platform="board", accept="suggested") as summary, tvm.target.Target(task.target):
        assert not autotvm.DispatchContext.current.query(task.target, task.workload).is_fallback
    assert len(summary.of("suggested")) == 1


def test_a_history_too_short_for_tvm_is_learnt_from_and_said(
    library: ConfigLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    from tvm.autotvm.tuner import RandomTuner, XGBTuner

    tuner = XGBTuner(dense(112), feature_type="knob")
    clone = ConfigLibrary.clone(str(library.path), library.path.parent / "history")
    with clone.job(TARGET, platform="board") as job:
        assert job.load_history(tuner) == 8 * len(WIDTHS)
        assert "40 records are few to learn from: TVM asks for 500" in caplog.text
        assert tuner.trials  # a plan, made by a model of the records
        assert job.load_history(XGBTuner(dense(112)), other_workloads=False) == 0
        assert "no history to learn from" in caplog.text
        job.load_history(RandomTuner(dense(112)))
        assert "RandomTuner learns nothing from a history" in caplog.text


def test_the_command_line_says_the_same(
    library: ConfigLibrary, cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TVMGITLIB_LIBRARY", str(library.path))
    model = tmp_path / "model.py"
    model.write_text(
        "import runpy\n"
        f"work = runpy.run_path({str(Path(__file__))!r})\n"
        "tasks = [work['dense'](112), work['dense'](112, 'llvm -mcpu=znver3 -mtriple=x86_64-linux-gnu')]\n"
    )
    cli("suggest", "--tasks", f"{model}:tasks", "--platform", "board", "-n", "3", "--json")
    here, other = map(json.loads, cli.out.splitlines())
    assert cli.code == 0
    assert here == suggestions(library, dense(112), 3).to_json()
    assert other["suggestions"] == [] and "haswell" in other["why"]
    cli("suggest", "--tasks", f"{model}:tasks", "--platform", "board", "-n", "3")
    assert cli.out.splitlines()[0].startswith("dense_nopack.x86(16x112xf32")
    assert "share  how " in cli.out and "which says nothing of this one" in cli.out


def test_nothing_on_record_is_a_cold_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from tvm.autotvm.tuner import RandomTuner

    library = ConfigLibrary.init(tmp_path / "library")
    with library.job(TARGET, platform="board") as job:
        assert job.tune(RandomTuner(dense(112)), n_trial=4, measure_option=Timed().option, warm_start=True)
    assert "no trial of dense_nopack.x86 for llvm" in caplog.text
