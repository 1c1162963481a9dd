"""What a library exports loads in the TVM that wrote the records, which then picks the same record as before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import SelectionError


@pytest.mark.tvm("0.16")
def test_autotvm_finds_the_same_configs_in_the_export(library: ConfigLibrary, logs: Path, tmp_path: Path) -> None:
    from tvm import autotvm
    from tvm.autotvm.record import load_from_file

    files = sorted((logs / "autotvm").glob("t?_*.log"))
    library.import_logs(*files, platform="xeon")
    exported = library.export("autotvm", tmp_path / "best.log")
    pairs = list(load_from_file(str(exported.path)))
    history = autotvm.apply_history_best([str(file) for file in files])
    assert (exported.records, exported.workloads, len(pairs)) == (3, 3, 3)
    for given, result in pairs:
        best_input, best_result = history.best_by_targetkey["cpu", given.task.workload]
        assert (given.config.to_json_dict(), result) == (best_input.config.to_json_dict(), best_result)


@pytest.mark.tvm("0.16")
def test_ansor_finds_the_same_records_in_the_export(library: ConfigLibrary, logs: Path, tmp_path: Path) -> None:
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    files = sorted((logs / "ansor").glob("*.json"))
    library.import_logs(*files, platform="xeon")
    exported = library.export("ansor", tmp_path / "best.json")
    history = auto_scheduler.ApplyHistoryBest(str(exported.path))
    assert exported.records == len(files) == len(history.best_by_targetkey["cpu"]["an_matmul"])
    for file in files:
        given, result = auto_scheduler.load_best_record(str(file))
        found = auto_scheduler.load_best_record(str(exported.path), given.task.workload_key, given.task.target)
        assert dump_record_to_string(*found) == dump_record_to_string(given, result)


@pytest.mark.parametrize(
    ("name", "tvm", "other"),
    [
        pytest.param("hhb_mm128", "hhb-tvm==0.16.dev0", "v27_mm128", marks=pytest.mark.tvm("0.16")),
        pytest.param("v25_mm128", "apache-tvm==0.25.0.post1", "v27_mm128", marks=pytest.mark.tvm("0.25")),
        pytest.param("v27_mm128", "apache-tvm==0.27.0.post1", "v25_mm128", marks=pytest.mark.tvm("0.27")),
    ],
)
def test_two_databases_become_one_with_every_record_at_its_own_workload(
    ms: Any, cli: Any, logs: Path, tmp_path: Path, name: str, tvm: str, other: str
) -> None:
    first = logs / "metaschedule" / name
    top = top_record(ms, first)
    # The workloads of the second database are in another order, so a record number means something else in it.
    doubled = record_of(ms, doubling(), seconds=3e-6)
    slow = ms.database.TuningRecord(top.trace, top.workload, [0.5], top.target, top.args_info)
    second = write_database(ms, tmp_path / "second", [doubled, slow])

    for folder in (first, second, logs / "metaschedule" / other):
        cli.json("import", folder, "--platform", "lab")
    told = cli.json("export", "--format=metaschedule", "--tvm", tvm, "-o", tmp_path / "exported")

    exported = ms.database.JSONDatabase(work_dir=str(tmp_path / "exported"))
    assert (told["records"], told["workloads"], len(exported)) == (2, 2, 2)
    for wanted in (top, doubled):
        (found,) = exported.get_top_k(exported.commit_workload(wanted.workload.mod), 2)
        assert found.as_json() == wanted.as_json()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("hhb_mm128", marks=pytest.mark.tvm("0.16")),
        pytest.param("v25_mm128", marks=pytest.mark.tvm("0.25")),
        pytest.param("v27_mm128", marks=pytest.mark.tvm("0.27")),
    ],
)
def test_tvm_reads_the_record_out_of_configs(ms: Any, library: ConfigLibrary, logs: Path, name: str) -> None:
    folder = logs / "metaschedule" / name
    top = top_record(ms, folder)
    library.import_logs(folder, platform="lab")
    (configs,) = library.path.glob("configs/*/*/metaschedule.jsonl")
    _, native = json.loads(configs.read_bytes())["native"]
    record = ms.database.TuningRecord.from_json(native, top.workload)
    assert record.as_json() == top.as_json()
    assert str(record.trace) == str(top.trace)


def top_record(ms: Any, folder: Path) -> Any:
    """The best record of a database with one workload, as TVM finds it."""
    database = ms.database.JSONDatabase(work_dir=str(folder))
    (top,) = database.get_top_k(database.get_all_tuning_records()[0].workload, 1)
    return top


def doubling() -> Any:
    """A module of one function, `b[i, j] = 2 * a[i, j]`."""
    import tvm
    from tvm import te

    a = te.placeholder((16, 16), name="a")
    b = te.compute((16, 16), lambda i, j: a[i, j] * 2.0, name="b")
    return tvm.IRModule({"main": te.create_prim_func([a, b]).with_attr("global_symbol", "main")})


def record_of(ms: Any, module: Any, *, seconds: float) -> Any:
    """A record as a tuner would make it, but for the measurement."""
    import tvm

    tir = tvm.s_tir if hasattr(tvm, "s_tir") else tvm.tir
    schedule = tir.Schedule(module)
    find = schedule.get_sblock if hasattr(schedule, "get_sblock") else schedule.get_block
    outer, _ = schedule.get_loops(find("b"))
    schedule.split(outer, factors=[None, 4])
    target = tvm.target.Target({"kind": "llvm", "mtriple": "x86_64-linux-gnu", "num-cores": 2})
    arguments = ms.arg_info.ArgInfo.from_prim_func(module["main"])
    return ms.database.TuningRecord(schedule.trace, ms.database.Workload(module), [seconds], target, arguments)


def write_database(ms: Any, folder: Path, records: list[Any]) -> Path:
    """Let TVM write the records into a new database."""
    folder.mkdir()
    database = ms.database.JSONDatabase(work_dir=str(folder))
    for record in records:
        workload = database.commit_workload(record.workload.mod)
        database.commit_tuning_record(
            ms.database.TuningRecord(record.trace, workload, record.run_secs, record.target, record.args_info)
        )
    return folder


@pytest.mark.tvm("0.27")
def test_one_folder_a_target_hands_each_build_its_own_schedule(ms: Any, library: ConfigLibrary, tmp_path: Path) -> None:
    """The case of a board whose CPU is faster: stock TVM does not look at the target of a record."""
    cases = Path(__file__).parents[1] / "data" / "cases"
    library.import_logs(cases / "12" / "db", platform="xavier")
    with pytest.raises(SelectionError, match="2 targets"):
        library.export("metaschedule", tmp_path / "all")
    exported = library.export("metaschedule", tmp_path / "each", per_target=True)
    bound = {}
    for target, folder in zip(exported.targets, exported.paths, strict=True):
        database = ms.database.JSONDatabase(work_dir=str(folder))
        (record,) = database.get_all_tuning_records()
        schedule = database.query_schedule(record.workload.mod, record.target, "main")
        bound[target.split()[0]] = "threadIdx" in str(schedule.mod)
    assert bound == {"cuda": True, "llvm": False}
