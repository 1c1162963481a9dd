"""`best` and a live build give one answer: by limits, by what this very TVM loads, by what a target leaves out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.model import SelectionError, parse_target
from tvmgitlib.model.target.spellings import CPU_ALIASES

CASES = Path(__file__).parents[1] / "data" / "cases"
X86 = "x86_64-linux-gnu"
HHB = "hhb-tvm==0.16.dev0"
WHOLE = "llvm -mtriple=x86_64-linux-gnu -mcpu=haswell"

#: Tags that stood for something else in older TVMs, by the beginning of their names: 0.25 took RISC-V for an ARM CPU.
OTHERWISE = {"0.16": "nvidia/nvidia-h100", "0.25": "riscv/"}


def add(length: int) -> Any:
    """The function of the cases' databases."""
    from tvm import te

    a = te.placeholder((length,), name="a")
    return te.create_prim_func([a, te.compute((length,), lambda i: a[i] + 1.0, name="c")])


def grades(library: ConfigLibrary, target: str, tvm: str, **told: Any) -> list[str | None]:
    return [each.grade for each in library.best(Selection(target=target, **told), tvm=tvm, accept="any")]


def query(target: Any, workload: tuple[Any, ...]) -> Any:
    """What AutoTVM's lookup gives; None for the fallback."""
    from tvm import autotvm

    with target:
        found = autotvm.task.DispatchContext.current.query(target, workload)
    return None if found.is_fallback else found


def conv() -> tuple[Any, ...]:
    """The workload of the bare log."""
    tensors = ("TENSOR", (1, 8, 8, 8), "float32"), ("TENSOR", (8, 8, 3, 3), "float32")
    return ("conv2d_NCHWc.x86", *tensors, (1, 1), (1, 1, 1, 1), (1, 1), "NCHW", "NCHW", "float32")


# Limits of a device


@pytest.mark.tvm("0.27")
def test_a_schedule_of_1024_threads_is_not_for_a_device_of_256(library: ConfigLibrary, ms: Any) -> None:
    import tvm

    tvm_here = "apache-tvm==0.27.0.post1"
    for folder in ("db_256", "db_1024"):
        library.import_logs(CASES / "10" / folder, platform="m1")
    for tag, threads, state in (("apple/m1-gpu", 1024, "exact"), ("apple/m1-gpu-restricted", 256, "exact")):
        schedule = library.compile_tir(add(4096), tvm.target.Target(tag), platform="m1")
        assert f'{threads}, thread="threadIdx.x"' in str(schedule.mod)
        assert [outcome.state for outcome in library.summary().outcomes.values()] == [state]
        assert grades(library, tag, tvm_here, platform="m1") == [state]
        job = library.begin_job(tag, platform="m1")
        library.abort_job(job.id)
    with library.job(tvm.target.Target("apple/m1-gpu-restricted"), platform="m1") as job:
        assert job.effort(add(4096)).trials == 1
    with library.job(tvm.target.Target("apple/m1-gpu"), platform="m1") as job:
        assert job.effort(add(4096)).trials == 2

    (best,) = library.best(Selection(target="apple/m1-gpu"), tvm=tvm_here)
    library.revert(next(entry.job for entry in library.log() if entry.job != best.job))
    assert library.compile_tir(add(4096), tvm.target.Target("apple/m1-gpu-restricted"), platform="m1") is None
    (outcome,) = library.summary().outcomes.values()
    (best,) = library.best(Selection(target="apple/m1-gpu-restricted"), tvm=tvm_here, accept="any")
    assert (outcome.state, outcome.why) == (best.grade, best.why)
    assert best.why == "tuned for up to 1024 threads a block, this target allows 256 (max_threads_per_block)"


@pytest.mark.tvm("0.16")
def test_an_autotvm_config_of_1024_threads_is_not_for_a_device_of_256(library: ConfigLibrary) -> None:
    import tvm

    library.import_logs(CASES / "10" / "autotvm_1024.log", platform="mali")
    workload = ("dense.x", ("TENSOR", (1, 16), "float32"))
    for limit, state in ((256, "incompatible"), (1024, "exact")):
        text = f"opencl -device=mali -max_num_threads={limit}"
        with library.using(platform="mali", accept="stale") as summary:
            found = query(tvm.target.Target(text), workload)
        (outcome,) = summary.outcomes.values()
        assert (outcome.state, found is not None) == (state, state == "exact")
        assert grades(library, text, HHB) == [state]
    with pytest.raises(SelectionError):  # it would fail there, and is none the worse for it
        library.revalidate(selection=Selection(target=text.replace("1024", "256")), platform="mali")


# What this very TVM loads


@pytest.mark.tvm("0.16")
def test_a_module_of_another_build_is_no_answer_and_no_export(
    library: ConfigLibrary, ms: Any, tmp_path: Path, cli: Any
) -> None:
    import tvm

    library.import_logs(CASES / "11" / "db", platform="pc")
    assert sorted(grades(library, "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", HHB)) == ["exact", "incompatible"]
    target = tvm.target.Target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu -num-cores=2")
    states = {}
    for length in (32, 16):
        applied = library.compile_tir(add(length), target, platform="pc")
        (outcome,) = library.summary().outcomes.values()
        states[length] = (applied is not None, outcome.state)
        covered = library.coverage(add(length), target=target, platform="pc").tasks[0]
        assert (covered.state, covered.is_covered) == (outcome.state, applied is not None)
    assert states == {32: (True, "exact"), 16: (False, "incompatible")}
    assert "another build" in outcome.why
    job = library.job(target, platform="pc")
    with job:
        assert job.is_tuned(add(32), 1)
        assert not job.is_tuned(add(16), 1)

    told = cli.json("export", "--format", "metaschedule", "-o", tmp_path / "out")
    assert (told["records"], len(told["left_out"])) == (1, 1)
    assert "another build" in cli.err
    assert len(ms.database.JSONDatabase(work_dir=str(tmp_path / "out"))) == 1

    done = library.revalidate(add(16), target=target, platform="pc")
    assert [each.state for each in done.records] == ["holds"]
    assert library.compile_tir(add(16), target, platform="pc") is not None


# What a target leaves out


@pytest.mark.tvm("0.16")
def test_bare_llvm_is_stale_for_a_target_that_says_more(library: ConfigLibrary, cli: Any) -> None:
    import tvm

    library.import_logs(CASES / "17" / "bare.log", platform="mypc")
    target = tvm.target.Target(WHOLE)
    for accept, applied in (("exact", False), ("stale", True)):
        with library.using(platform="mypc", accept=accept) as summary:
            assert (query(target, conv()) is not None) == applied
        (outcome,) = summary.outcomes.values()
        (best,) = library.best(Selection(target=WHOLE, platform="mypc"), tvm=HHB, accept="any")
        assert (outcome.state, outcome.why) == (best.grade, best.why) == ("stale", best.why)
        assert "leaves -mtriple and -mcpu out" in best.why
    library.import_logs(CASES / "17" / "bare.log", platform="mypc", complete_target=WHOLE)
    with library.using(platform="mypc") as summary:
        assert query(target, conv()) is not None
    assert [outcome.state for outcome in summary.outcomes.values()] == grades(library, WHOLE, HHB) == ["exact"]


@pytest.mark.tvm("0.16")
def test_bare_llvm_is_revalidated_for_the_target_that_is_asked_for(library: ConfigLibrary, cli: Any) -> None:
    from tvm import autotvm

    from tvmgitlib.live.autotvm.local import load_module

    library.import_logs(CASES / "17" / "bare.log", platform="mypc")
    cli("revalidate", "--platform", "mypc")
    assert (cli.code, cli.out) == (0, "Nothing was to be measured again.\n")
    assert "1 workload holds as it is, and was not measured" in cli.err
    assert "targets name no triple" in cli.err
    assert "--target 'llvm -mtriple=... -mcpu=...':\n  llvm" in cli.err
    assert cli.json("revalidate", "--platform", "mypc")["incomplete"] == ["llvm"]
    option = autotvm.measure_option(
        autotvm.LocalBuilder(), autotvm.LocalRunner(number=1, repeat=1, module_loader=load_module)
    )
    done = library.revalidate(
        selection=Selection(target=WHOLE, platform="mypc"), platform="mypc", measure_option=option
    )
    assert [each.state for each in done.records] == ["holds"]
    assert grades(library, WHOLE, HHB, platform="mypc") == ["exact"]
    assert library.check() == []


# Targets that this TVM cannot read


@pytest.mark.tvm("0.16")
def test_a_target_with_flags_of_another_tvm_costs_nothing(library: ConfigLibrary, tmp_path: Path) -> None:
    import tvm
    from tvm import auto_scheduler, autotvm

    library.import_logs(CASES / "01" / "mixed.log")
    library.import_logs(CASES / "08" / "old.json", platform="box", tvm=HHB)
    assert len(library.records(accept="stale")) == 2
    target = tvm.target.Target("llvm -mcpu=skylake-avx512 -model=box")

    def dense(k: int, n: int) -> tuple[Any, ...]:
        return ("dense_nopack.x86", ("TENSOR", (1, k), "float32"), ("TENSOR", (n, k), "float32"), None, "float32")

    with library.using(accept="stale", platform="box") as summary:
        assert query(target, dense(96, 24)).index == 3
        assert query(target, dense(64, 32)).index == 5
        context = auto_scheduler.dispatcher.DispatchContext.current
        found = context.query(tvm.target.Target("llvm -mcpu=haswell"), '["toy_matmul", 48, 48, 48]', True, None, "f")
        assert found is not None
    assert {outcome.state for outcome in summary.outcomes.values()} == {"exact", "stale"}

    library.export("autotvm", tmp_path / "out.log")
    library.export("ansor", tmp_path / "out.json")
    assert len(list(autotvm.record.load_from_file(str(tmp_path / "out.log")))) == 2
    assert len(list(auto_scheduler.load_records(str(tmp_path / "out.json")))) == 1
    (configs,) = (library.path / "configs").glob("*/box/autotvm.jsonl")
    assert len(list(autotvm.record.load_from_file(str(configs)))) == 2


@pytest.mark.tvm("0.16")
def test_a_target_that_this_tvm_reads_in_no_form_is_incompatible(library: ConfigLibrary, tmp_path: Path) -> None:
    import tvm
    from tvm import autotvm

    good, odd = tmp_path / "good.log", tmp_path / "odd.log"
    line = (CASES / "17" / "bare.log").read_text()
    good.write_text(line.replace("llvm -keys=cpu", f"{WHOLE} -keys=cpu"))
    odd.write_text(line.replace("llvm -keys=cpu", "cuda -arch=sm_100 -code=sm_100a").replace("1.47", "1.07"))
    library.import_logs(good, odd, platform="mypc")
    (found,) = library.best(Selection(target="cuda -arch=sm_100 -code=sm_100a"), tvm=HHB, accept="any")
    assert (found.grade, "cannot read its target" in found.why) == ("incompatible", True)
    written = library.export("autotvm", tmp_path / "out.log")
    assert (written.records, len(written.left_out)) == (1, 1)
    assert len(list(autotvm.record.load_from_file(str(written.path)))) == 1
    assert len(library.records(accept="stale")) == 1
    with library.using(platform="mypc"):
        assert query(tvm.target.Target(WHOLE), conv()) is not None


# Tags and names of CPUs


@pytest.mark.tvm("0.16", "0.25", "0.27")
def test_the_tags_that_this_tvm_ships_are_known_without_it(tmp_path: Path, forked: Any) -> None:
    table = Path(__file__).with_name("tags_table.py")
    assert forked.run([sys.executable, table, "dump", tmp_path / "tags.json"]).returncode == 0
    shipped = json.loads((tmp_path / "tags.json").read_text())
    differ = {tag for tag in shipped["tags"] if tag.startswith(OTHERWISE.get(shipped["version"][:4], "-"))}
    assert len(shipped["tags"]) > 200
    for tag, exported in shipped["tags"].items():
        known, said = parse_target(tag).target, parse_target(exported).target
        assert (known.device_key == said.device_key) == (tag not in differ), tag
        assert known.limits == said.limits, tag


@pytest.mark.tvm("0.16", "0.27")
def test_names_that_are_one_cpu_have_the_same_features_in_this_llvm() -> None:
    import tvm

    codegen = tvm.target.codegen
    known = set(map(str, codegen.llvm_get_cpu_archlist(tvm.target.Target({"kind": "llvm", "mtriple": X86}))))
    pairs = [(alias, cpu) for alias, cpu in CPU_ALIASES.items() if {alias, cpu} <= known]
    assert ("core-avx2", "haswell") in pairs
    for alias, cpu in pairs:
        one, other = (
            codegen.llvm_get_cpu_features(tvm.target.Target({"kind": "llvm", "mtriple": X86, "mcpu": name}))
            for name in (alias, cpu)
        )
        assert set(map(str, one)) == set(map(str, other)), alias
