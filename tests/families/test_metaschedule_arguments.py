"""A record of another workload is known by its arguments, as every TVM writes modules."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib import ConfigLibrary
from tvmgitlib.families.metaschedule.modules import module_arguments, read_workload
from tvmgitlib.model import RecordError

LOGS = Path(__file__).parents[1] / "data" / "tvm-logs" / "metaschedule"
RECORDS, WORKLOADS = "database_tuning_record.json", "database_workload.json"

#: One of each form: TVM 0.16, 0.25 and 0.27.
OF_TVM = {"0.16": "hhb_mm128", "0.25": "v25_mm128", "0.27": "v27_mm128"}


def lines(database: str, name: str) -> list[bytes]:
    return (LOGS / database / name).read_bytes().splitlines(keepends=True)


def written(folder: Path, records: list[bytes], workloads: list[bytes]) -> Path:
    folder.mkdir()
    (folder / RECORDS).write_bytes(b"".join(records))
    (folder / WORKLOADS).write_bytes(b"".join(workloads))
    return folder


def changed(line: bytes, change: Any) -> bytes:
    """A workload whose graph was changed."""
    name, text = json.loads(line)
    graph = json.loads(base64.b64decode(text)[8:])
    change(graph["nodes"])
    raw = json.dumps(graph).encode()
    return json.dumps([name, base64.b64encode(struct.pack("<Q", len(raw)) + raw).decode()]).encode() + b"\n"


def with_args(line: bytes, args: Any) -> bytes:
    number, (trace, run_secs, target, _) = json.loads(line)
    return json.dumps([number, [trace, run_secs, target, args]]).encode() + b"\n"


@pytest.mark.parametrize("database", [path.name for path in sorted(LOGS.iterdir())])
def test_what_a_workload_takes_is_what_its_records_were_measured_with(database: str) -> None:
    found = module_arguments(read_workload(lines(database, WORKLOADS)[0].strip()))
    assert found is not None
    for line in lines(database, RECORDS):
        found.check(0, json.loads(line)[1][3])


@pytest.mark.parametrize("database", OF_TVM.values(), ids=OF_TVM.keys())
@pytest.mark.parametrize(
    "args",
    [
        [["TENSOR", "float32", [128, 128]]] * 2,
        [["TENSOR", "float16", [128, 128]]] * 3,
        [["TENSOR", "float32", [64, 256]]] * 3,
        [["TENSOR", "float32", [128, 128]]] * 2 + [["TENSOR", "float32", [128]]],
    ],
    ids=["fewer", "of another type", "of another shape", "of another rank"],
)
def test_a_record_of_other_arguments_is_refused_naming_both(
    library: ConfigLibrary, tmp_path: Path, database: str, args: Any
) -> None:
    records = [lines(database, RECORDS)[0], with_args(lines(database, RECORDS)[1], args)]
    folder = written(tmp_path / "db", records, lines(database, WORKLOADS))
    with pytest.raises(RecordError) as caught:
        library.import_logs(folder, platform="board")
    words = str(caught.value)
    assert words.startswith(f"{folder / RECORDS}, line 2, field [1][3]: measured with ({args[0][1]}[")
    assert "and workload 0, line 1 of the other file, takes (float32[128,128], float32[128,128]" in words
    assert "Import each database by itself" in words
    assert library.import_logs(folder, platform="board", skip_invalid=True).counts.read == 1


@pytest.mark.parametrize("extent", [None, "128", [128]], ids=["null", "text", "list"])
def test_extents_that_are_no_numbers_are_not_compared(library: ConfigLibrary, tmp_path: Path, extent: Any) -> None:
    record = with_args(lines("hhb_mm128", RECORDS)[0], [["TENSOR", "float32", [128, extent]]] * 3)
    folder = written(tmp_path / "db", [record], lines("hhb_mm128", WORKLOADS))
    assert library.import_logs(folder, platform="board").counts.read == 1


def test_two_databases_joined_as_text_are_refused(cli: Any, tmp_path: Path) -> None:
    names = ("h100_matmul_256", "v27_mm128")
    joined = written(
        tmp_path / "db", *([line for name in names for line in lines(name, file)] for file in (RECORDS, WORKLOADS))
    )
    cli("import", joined, "--platform", "board")
    assert cli.code == 4
    assert f"line {len(lines(names[0], RECORDS)) + 1}, field [1][3]: measured with (float32[128,128]" in cli.err
    assert "takes (float32[256,256]" in cli.err


def test_two_writers_in_one_work_dir_are_refused_when_the_job_is_finished(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    (job.work_dir / RECORDS).write_bytes(lines("h100_matmul_256", RECORDS)[0] + lines("v27_mm128", RECORDS)[0])
    (job.work_dir / WORKLOADS).write_bytes(lines("h100_matmul_256", WORKLOADS)[0] + lines("v27_mm128", WORKLOADS)[0])
    with pytest.raises(RecordError, match="the record is another workload's"):
        library.finish_job()
    assert library.open_jobs()


@pytest.mark.parametrize("database", OF_TVM.values(), ids=OF_TVM.keys())
def test_arguments_that_a_schedule_lays_out_anew_are_the_same(
    library: ConfigLibrary, tmp_path: Path, database: str
) -> None:
    def mark(nodes: list[Any]) -> None:
        nodes.append({"type": "ffi.String", "data": "layout_free_buffers"})

    anew = [["TENSOR", "float32", shape] for shape in ([128, 128], [8, 4, 32, 16], [128, 128])]
    fewer = [["TENSOR", "float32", shape] for shape in ([128, 128], [8, 4, 32], [128, 128])]
    workloads = [changed(lines(database, WORKLOADS)[0], mark)]
    records = [with_args(lines(database, RECORDS)[0], args) for args in (anew, fewer)]
    folder = written(tmp_path / "db", records[:1], workloads)
    assert library.import_logs(folder, platform="board").counts.read == 1
    with pytest.raises(RecordError, match="the record is another workload's"):
        library.import_logs(written(tmp_path / "other", records, workloads), platform="board")


def test_of_a_workload_that_does_not_say_its_arguments_all_records_are_taken(
    library: ConfigLibrary, tmp_path: Path
) -> None:
    def vary(nodes: list[Any]) -> None:
        for node in nodes:
            if str(node.get("type")).endswith("IntImm"):
                node["type"] = "tirx.Var"

    def twice(nodes: list[Any]) -> None:
        nodes.append(next(node for node in nodes if str(node.get("type")).endswith("PrimFunc")))

    def odd(nodes: list[Any]) -> None:
        next(node for node in nodes if str(node.get("type")).endswith("PrimFunc"))["data"]["params"] = 10_000

    record = with_args(lines("v27_mm128", RECORDS)[0], [["TENSOR", "float32", [1]]])
    for number, change in enumerate((vary, twice, odd)):
        workload = changed(lines("v27_mm128", WORKLOADS)[0], change)
        assert module_arguments(read_workload(workload.strip())) is None
        folder = written(tmp_path / str(number), [record], [workload])
        assert library.import_logs(folder, platform=f"board-{number}").counts.read == 1


def _holders(nodes: list[Any]) -> list[tuple[Any, Any]]:
    """Every place of a graph: what holds it, and the key there."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [nodes]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], (dict, list))]
    return found


@given(
    database=st.sampled_from(list(OF_TVM.values())),
    at=st.integers(0, 10_000),
    odd=st.sampled_from([None, True, -1, 10**6, 2**63, 1.5, 1e308, "", "x", "1e400", [], [[]], {}, {"data": 7}]),
)
def test_a_module_that_is_odd_anywhere_is_read_all_the_same(database: str, at: int, odd: Any) -> None:
    def change(nodes: list[Any]) -> None:
        places = _holders(nodes)
        holder, key = places[at % len(places)]
        holder[key] = odd

    workload = read_workload(changed(lines(database, WORKLOADS)[0], change).strip())
    arguments = module_arguments(workload)
    if arguments is not None:
        assert all(isinstance(extent, int) for _, shape in arguments.each for extent in shape)
