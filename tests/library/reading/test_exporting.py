"""What stock TVM would mix up is not exported together without a word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.model import SelectionError

DATABASE = Path(__file__).parents[2] / "data" / "cases" / "12" / "db"
FILES = ("database_workload.json", "database_tuning_record.json")
TVM = "apache-tvm==0.27.0.post1"


@pytest.fixture
def xavier(library: ConfigLibrary) -> ConfigLibrary:
    """One board, one function, tuned for its CPU and its GPU."""
    library.import_logs(DATABASE, platform="xavier")
    return library


def autotvm(path: Path, *targets: str, workloads: int = 1, ansor: bool = False) -> Path:
    """A log of one workload a target, or of the same few for all of them."""
    lines = []
    for at, target in enumerate(targets):
        for workload in range(workloads):
            name = f"dense{workload}"
            if ansor:
                lines.append(
                    {
                        "i": [[json.dumps([name, at]), target, [8, 64], "", 0, []], [[], [["AN", 0, 0, at]]]],
                        "r": [[1e-3], 0, 1, 1700000000],
                        "v": "v0.6",
                    }
                )
            else:
                lines.append(
                    {
                        "input": [target, name, [at], {}],
                        "config": {"index": at, "code_hash": None, "entity": [["tile", "ot", at]]},
                        "result": [[1e-3], 0, 1, 1700000000.5],
                        "version": 0.2,
                        "tvm_version": "0.16.0",
                    }
                )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


# MetaSchedule: its databases do not look at targets


def test_a_metaschedule_database_of_several_targets_is_refused_naming_them(
    xavier: ConfigLibrary, cli: Any, tmp_path: Path
) -> None:
    cli("export", "--format", "metaschedule", "--platform", "xavier", "-o", tmp_path / "out")
    assert cli.code == 4
    assert "2 targets (cuda -arch=sm_72, llvm " in cli.err
    assert "--target" in cli.err
    assert "--per-target" in cli.err
    assert not (tmp_path / "out").exists()
    with pytest.raises(SelectionError, match="2 targets"):
        xavier.export("metaschedule", tmp_path / "out")


def test_one_folder_a_target_is_written_when_asked(xavier: ConfigLibrary, cli: Any, tmp_path: Path) -> None:
    written = cli.json("export", "--format", "metaschedule", "--per-target", "-o", tmp_path / "out")
    folders = sorted((tmp_path / "out").iterdir())
    assert sorted(written["paths"]) == list(map(str, folders))
    assert (written["records"], written["workloads"], len(written["targets"])) == (2, 1, 2)
    for folder in folders:
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
        (record,) = (folder / FILES[1]).read_text().splitlines()
        assert json.loads(record)[1][2]["kind"] == folder.name.partition("-")[0]
    cli("export", "--format", "metaschedule", "--per-target", "-o", tmp_path / "out")
    assert all(str(folder) in cli.out for folder in folders)


def test_one_of_the_targets_is_exported_as_ever(xavier: ConfigLibrary, tmp_path: Path) -> None:
    target = next(best.target for best in xavier.best() if "cuda" in best.target)
    exported = xavier.export("metaschedule", tmp_path / "out", Selection(target=target))
    assert (exported.records, exported.targets, exported.mixed, exported.paths) == (1, ("cuda -arch=sm_72",), {}, ())


def test_different_workloads_of_several_targets_are_exported_with_a_warning(
    library: ConfigLibrary, cli: Any, logs: Path, tmp_path: Path
) -> None:
    path = tmp_path / "db"
    path.mkdir()
    (path / FILES[0]).write_bytes((DATABASE / FILES[0]).read_bytes())
    (path / FILES[1]).write_text((DATABASE / FILES[1]).read_text().splitlines(keepends=True)[1])
    library.import_logs(path, logs / "metaschedule" / "v27_mm128", platform="xavier")
    written = cli.json("export", "--format", "metaschedule", "--tvm", TVM, "-o", tmp_path / "out")
    assert (written["records"], sorted(written["mixed"]), len(written["mixed"]["any"])) == (2, ["any"], 2)
    cli("export", "--format", "metaschedule", "--tvm", TVM, "-o", tmp_path / "out")
    assert "mixes 2 targets" in cli.err
    assert "cuda -arch=sm_72" in cli.err


def test_another_host_is_no_other_target(library: ConfigLibrary, tmp_path: Path) -> None:
    path = tmp_path / "db"
    path.mkdir()
    (path / FILES[0]).write_bytes((DATABASE / FILES[0]).read_bytes())
    number, (trace, seconds, _, args) = json.loads((DATABASE / FILES[1]).read_text().splitlines()[1])
    lines = [
        [number, [trace, [seconds[0] * at], {"kind": "cuda", "arch": "sm_72"} | host, args]]
        for at, host in ((1, {}), (2, {"host": {"kind": "llvm", "mtriple": "aarch64-linux-gnu"}}))
    ]
    (path / FILES[1]).write_text("".join(json.dumps(line) + "\n" for line in lines))
    library.import_logs(path, platform="xavier")
    assert len(library.export("metaschedule", tmp_path / "out").targets) == 1


# AutoTVM and Ansor: `ApplyHistoryBest` finds records by the keys of a target


GPUS = ("cuda -model=box", "rocm -model=box", "opencl -device=mali -model=box", "metal -model=box", "llvm -model=box")


@pytest.mark.parametrize(
    ("targets", "mixed"),
    [
        (GPUS, {"gpu": ["cuda", "metal", "opencl -device=mali", "rocm"]}),
        (("cuda -model=box", "llvm -model=box"), {}),
        (
            ("llvm -mcpu=a -model=box", "llvm -device=arm_cpu -model=box"),
            {"cpu": ["llvm -device=arm_cpu", "llvm -mcpu=a"]},
        ),
        (("nvptx -model=box", "vulkan -model=box"), {"gpu": ["nvptx", "vulkan"]}),
        (("sdaccel -model=box", "aocl -model=box"), {"hls": ["aocl", "sdaccel"]}),
        (("ext_dev -device=vta -model=box", "llvm -model=box"), {}),
    ],
)
@pytest.mark.parametrize("ansor", [False, True], ids=["autotvm", "ansor"])
def test_targets_that_share_a_key_are_named_in_a_warning(
    cli: Any, tmp_path: Path, targets: tuple[str, ...], mixed: dict[str, list[str]], ansor: bool
) -> None:
    family = "ansor" if ansor else "autotvm"
    cli("import", autotvm(tmp_path / "a.log", *targets, ansor=ansor), "--platform", "box")
    written = cli.json("export", "--format", family, "-o", tmp_path / "best.log")
    assert {key: sorted(named) for key, named in written["mixed"].items()} == mixed
    cli("export", "--format", family, "-o", tmp_path / "best.log")
    assert cli.err.count("warning") == len(mixed)
    for key, named in mixed.items():
        assert f"takes for one, {key} (" in cli.err
        assert all(name in cli.err for name in named)


def test_files_of_one_target_each_mix_nothing(cli: Any, tmp_path: Path) -> None:
    cli("import", autotvm(tmp_path / "a.log", *GPUS, workloads=2))
    written = cli.json("export", "--format", "autotvm", "--per-target", "-o", tmp_path / "out")
    assert (written["mixed"], len(written["paths"]), cli.err) == ({}, len(GPUS), "")
    for path in written["paths"]:
        lines = Path(path).read_text().splitlines()
        assert len({json.loads(line)["input"][0] for line in lines}) == 1
        assert len(lines) == 2


def test_many_platforms_are_counted_and_not_all_named(cli: Any, tmp_path: Path) -> None:
    cli("import", autotvm(tmp_path / "a.log", *(f"cuda -model=card{at}" for at in range(487))))
    cli("export", "--format", "autotvm", "-o", tmp_path / "best.log")
    (warning,) = cli.err.splitlines()
    assert "487 platforms" in warning
    assert "and 482 more" in warning
    assert len(warning) < 300


def test_a_database_says_its_targets_as_every_tvm_reads_them(
    library: ConfigLibrary, logs: Path, tmp_path: Path
) -> None:
    """A flag that one TVM has and another does not would cost every record of the database."""
    folder = tmp_path / "db"
    shutil.copytree(logs / "metaschedule" / "v27_mm128", folder)
    records = folder / "database_tuning_record.json"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    for _, record in lines:
        record[2]["link-params"] = False
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    library.import_logs(folder, platform="box", tvm="apache-tvm==0.27.0")
    library.export("metaschedule", tmp_path / "out")
    written = [json.loads(line) for line in (tmp_path / "out" / records.name).read_text().splitlines()]
    assert written
    assert all("link-params" not in record[2] and record[2]["kind"] == "llvm" for _, record in written)
