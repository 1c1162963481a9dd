"""AutoTVM logs in a library, held against what TVM's own readers say of the same files."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection, families
from tvmgitlib.model import parse_target

pytestmark = pytest.mark.tvm("0.16")

TOPHUB = Path(os.environ.get("TVMGITLIB_TOPHUB") or Path(__file__).parents[2].parent / "shared" / "data" / "tophub")
needs_tophub = pytest.mark.skipif(not TOPHUB.is_dir(), reason="TVMGITLIB_TOPHUB names no folder of TopHub logs")

TASKS = ["t0_tvmgitlib_matmul", "t1_tvmgitlib_matmul", "t2_conv2d_NCHWc_x86"]
TUNERS = ["ga", "grid", "random", "xgb"]

#: A log, the platform for targets without a model, and how many (target, platform) pairs and workloads in them.
TOPHUB_LOGS = [
    ("llvm_v0.04", "skylake", 1, 35),
    ("arm_cpu_v0.08", None, 9, 1158),
    ("cuda_v0.10", None, 5, 814),
    ("mali_v0.06", None, 1, 528),
    ("intel_graphics_v0.02", "uhd", 1, 43),
]

#: Those that are long and show no more than the others.
LONG = ("arm_cpu_v0.08", "mali_v0.06")


def of_tophub(count: int) -> list[Any]:
    """Parameters of a test for each log: the first so many of what is said of it."""
    return [
        pytest.param(*log[:count], id=log[0], marks=[pytest.mark.soak] if log[0] in LONG else []) for log in TOPHUB_LOGS
    ]


def read(log: Path) -> list[tuple[Any, Any]]:
    """The successful (input, result) pairs of a log, as TVM reads them."""
    from tvm.autotvm.record import load_from_file

    return [(given, result) for given, result in load_from_file(str(log)) if result.error_no == 0]


def workload(task: Any) -> str:
    """A task as the library names its workload."""
    return json.dumps([task.name, task.args], separators=(",", ":"))


def place(given: Any, platform: str | None) -> tuple[str, str, str]:
    """Target, platform and workload of a measurement, from TVM's live objects."""
    target = parse_target(given.target)
    return target.target.key, target.model or str(platform), workload(given.task)


def minima(pairs: Iterable[tuple[Any, Any]], platform: str | None) -> dict[tuple[str, str, str], float]:
    """TVM's lowest mean cost of each workload on each target and platform, in seconds."""
    import numpy as np

    costs: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for given, result in pairs:
        costs[place(given, platform)].append(float(np.mean(result.costs)))
    return {key: min(found) for key, found in costs.items()}


def config_files(library: ConfigLibrary) -> Iterator[Path]:
    yield from sorted(library.path.glob("configs/*/*/autotvm.jsonl"))


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # pick_best leaves its output open
@pytest.mark.parametrize("task", TASKS)
def test_four_tuners_of_one_task_are_four_jobs_whose_best_is_tvms_own(
    cli: Any, logs: Path, tmp_path: Path, task: str
) -> None:
    from tvm import autotvm
    from tvm.autotvm.record import decode, pick_best

    together, picked = tmp_path / "together.log", tmp_path / "picked.log"
    files = [logs / "autotvm" / f"{task}_{tuner}.log" for tuner in TUNERS]
    together.write_bytes(b"".join(file.read_bytes() for file in files))
    pick_best(str(together), str(picked))
    ((picked_input, _),) = read(picked)  # the best config, though with the first of its measurements
    history = autotvm.apply_history_best(str(together))
    best_input, best_result = history.best_by_targetkey["cpu", picked_input.task.workload]

    jobs = {cli.json("import", file, "--platform", "xeon")["job"] for file in files}
    (effort,) = cli.lines("trials")
    (best,) = cli.lines("best")
    given, result = decode(json.dumps(best["record"]))
    assert len(jobs) == 4
    assert (effort["trials"], sorted(effort["jobs"])) == (128, sorted(jobs))
    assert (given.config.to_json_dict(), result) == (best_input.config.to_json_dict(), best_result)
    assert given.config.to_json_dict() == picked_input.config.to_json_dict()
    assert best["cost"] == minima(read(together), "xeon")[best["target"], "xeon", best["workload"]]


def test_configs_load_in_stock_tvm_as_they_are(library: ConfigLibrary, logs: Path) -> None:
    from tvm import autotvm
    from tvm.target import Target

    files = [logs / "autotvm" / f"{task}_{tuner}.log" for task in TASKS for tuner in TUNERS]
    for file in files:
        library.import_logs(file, platform="xeon")

    (configs,) = config_files(library)
    stock = autotvm.apply_history_best([str(file) for file in files])
    ours = autotvm.apply_history_best(str(configs))
    pairs = read(configs)
    assert [given.task.name for given, _ in pairs] == ["conv2d_NCHWc.x86", "tvmgitlib/matmul", "tvmgitlib/matmul"]
    for given, _ in pairs:
        with Target("llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu") as target:
            wanted = stock.query(target, given.task.workload)
            found = ours.query(target, given.task.workload)
        assert not found.is_fallback
        assert found.to_json_dict() == wanted.to_json_dict() == given.config.to_json_dict()


@needs_tophub
@pytest.mark.parametrize(("log", "platform", "places", "workloads"), of_tophub(4))
def test_best_is_tvms_minimum_on_each_target_and_platform(
    library: ConfigLibrary, log: str, platform: str | None, places: int, workloads: int
) -> None:
    file = TOPHUB / f"{log}.log"
    library.import_logs(file, platform=platform)
    best = {(found.target, found.platform, found.workload): found.cost for found in library.best()}
    assert best == pytest.approx(minima(read(file), platform), rel=1e-12, abs=0)
    assert (len({key[:2] for key in best}), len(best)) == (places, workloads)


@needs_tophub
@pytest.mark.parametrize(("log", "platform"), of_tophub(2))
def test_configs_of_a_platform_give_stock_tvm_what_the_whole_log_gives_it(
    library: ConfigLibrary, log: str, platform: str | None
) -> None:
    from tvm import autotvm

    library.import_logs(TOPHUB / f"{log}.log", platform=platform)
    history = defaultdict(list)
    for given, result in read(TOPHUB / f"{log}.log"):
        history[place(given, platform)[:2]].append((given, result))

    seen = 0
    for configs in config_files(library):
        pairs = read(configs)
        stock = autotvm.apply_history_best(history.pop(place(pairs[0][0], platform)[:2]))
        ours = autotvm.apply_history_best(str(configs))
        for given, _ in pairs:
            wanted, found = (context.query(given.target, given.task.workload) for context in (stock, ours))
            assert found.to_json_dict() == wanted.to_json_dict() == given.config.to_json_dict()
        seen += len(pairs)
    assert not history
    assert seen == len(library.best(Selection(family="autotvm")))


# TVM's own contexts, given the library


def test_apply_history_best_takes_a_library(library: ConfigLibrary, logs: Path) -> None:
    from tvm import autotvm

    files = sorted((logs / "autotvm").glob("t?_*.log"))
    library.import_logs(*files, platform="xeon", tvm="hhb-tvm==0.16.dev0")
    library.import_logs(*(logs / "ansor").glob("*.json"), platform="xeon", tvm="hhb-tvm==0.16.dev0")
    wanted = autotvm.apply_history_best([str(file) for file in files])
    found = autotvm.apply_history_best(library)
    assert found.best_by_targetkey.keys() == wanted.best_by_targetkey.keys()
    for key, (given, result) in wanted.best_by_targetkey.items():
        best, best_result = found.best_by_targetkey[key]
        assert (best.config.to_json_dict(), best_result) == (given.config.to_json_dict(), result)
    with autotvm.apply_history_best(library):
        config = autotvm.task.DispatchContext.current.query(given.target, given.task.workload)
    assert config.to_json_dict() == given.config.to_json_dict()


def test_several_libraries_and_a_log_are_applied_together(library: ConfigLibrary, logs: Path, tmp_path: Path) -> None:
    from tvm import autotvm

    other = ConfigLibrary.init(tmp_path / "other")
    first, second, third = (logs / "autotvm" / f"{name}_random.log" for name in TASKS)
    library.import_logs(first, platform="xeon", tvm="hhb-tvm==0.16.dev0")
    other.import_logs(second, platform="xeon", tvm="hhb-tvm==0.16.dev0")
    found = autotvm.apply_history_best([library, other, str(third)])
    assert len({workload for _, workload in found.best_by_targetkey}) == 3


def test_only_what_holds_for_this_tvm_is_given(
    library: ConfigLibrary, logs: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from tvm import autotvm

    log = logs / "autotvm" / f"{TASKS[0]}_random.log"
    library.import_logs(log, platform="xeon", tvm="hhb-tvm==0.15.0")
    assert autotvm.apply_history_best(library).best_by_targetkey == {}
    library.import_logs(log, platform="xeon", tvm="hhb-tvm==0.16.dev0")
    library.import_logs(logs / "autotvm" / f"{TASKS[1]}_random.log", platform="epyc", tvm="hhb-tvm==0.16.dev0")
    assert len(list(library)) == 2
    assert "records of 2 (epyc, xeon)" in caplog.text
    other = tmp_path / "other.log"
    other.write_text((logs / "autotvm" / f"{TASKS[1]}_random.log").read_text().replace("skylake-avx512", "znver3"))
    library.import_logs(other, platform="zen", tvm="hhb-tvm==0.16.dev0")
    assert len(list(library)) == 3
    assert "2 targets by one key, cpu (llvm -mcpu=skylake-avx512" in caplog.text


# Format 0.1


def test_what_was_of_format_0_1_is_a_config_of_todays_template(library: ConfigLibrary, tmp_path: Path) -> None:
    from tvm import autotvm, relay  # noqa: F401  # relay registers the templates
    from tvm.autotvm.record import load_from_file
    from tvm.target import Target

    case = Path(__file__).parents[1] / "data" / "cases" / "06" / "old.log"
    library.import_logs(case, upgrade=True)
    library.export("autotvm", tmp_path / "best.log")
    ((given, result),) = load_from_file(str(tmp_path / "best.log"))
    assert result.error_no == 0
    task = autotvm.task.create(given.task.name, given.task.args, given.target)
    assert set(task.config_space.space_map) == {knob for knob, _, _ in given.config.to_json_dict()["entity"]}
    with Target(given.target):
        task.instantiate(given.config)
    assert given.config.valid()


@needs_tophub
@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("llvm_v0.02", {"conv2d_NCHWc.x86"}),
        ("intel_graphics_v0.01", {"conv2d_NCHWc.intel_graphics"}),
        (
            "mali_v0.05",
            {"conv2d_nchw_spatial_pack.mali", "conv2d_nchw_winograd.mali", "depthwise_conv2d_nchw.mali", "dense.mali"},
        ),
    ],
)
def test_the_knobs_of_upgraded_lines_are_those_of_todays_templates(name: str, tasks: set[str]) -> None:
    from tvm import autotvm, relay  # noqa: F401  # relay registers the templates

    seen = set()
    for line in (TOPHUB / f"{name}.log").read_bytes().splitlines():
        if line.startswith(b"#") or tasks == seen:
            continue
        upgraded = json.loads(families.upgraded(json.loads(line)) or b"")
        if upgraded["input"][1] in seen:
            continue
        seen.add(upgraded["input"][1])
        kind = upgraded["input"][0].replace("llvm", "llvm -mtriple=x86_64-linux-gnu")
        upgraded["input"][0] = kind
        given, _ = autotvm.record.decode(json.dumps(upgraded))
        space = autotvm.task.create(given.task.name, given.task.args, given.target).config_space
        assert set(space.space_map) == {knob for knob, _, _ in upgraded["config"]["entity"]}
    assert seen == tasks
