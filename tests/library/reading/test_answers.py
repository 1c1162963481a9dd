"""`best`, a build's lookup and the effort that skips a task say one thing: by limits, by nearness, by the policy."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.library.jobs import effort_of
from tvmgitlib.library.reading import Lookup, Outcome
from tvmgitlib.model import Place, TargetError, TvmVersion, Workload, parse_target

MakeLog = Callable[..., Path]

CASES = Path(__file__).parents[2] / "data" / "cases"
TVM = "hhb-tvm==0.16.dev0"
DENSE = Workload("autotvm", '["dense",[8,8,"float32"]]')
WHOLE = "llvm -mtriple=x86_64-linux-gnu -mcpu=haswell"


def looked_up(library: ConfigLibrary, target: str, platform: str | None = "box", accept: Any = "exact") -> Outcome:
    """What a build of `dense` gets."""
    with library._view.answering() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), platform, accept)
        lookup.find("autotvm", parse_target(target), DENSE)
    (outcome,) = lookup.summary.outcomes.values()
    return outcome


def said(library: ConfigLibrary, target: str, platform: str = "box", accept: Any = "any") -> list[tuple[str, float]]:
    """Grade and cost of what `best` says."""
    found = library.best(Selection(target=target, platform=platform), tvm=TVM, accept=accept)
    return [(each.grade or "", each.cost) for each in found]


def trials(library: ConfigLibrary, target: str, tvm: str = TVM) -> int:
    """What counts for skipping the task."""
    place = Place("autotvm", parse_target(target).target, "box", DENSE)
    with library._view.reading() as contents:
        effort = effort_of(contents, (), place, TvmVersion.parse(tvm), facts={})
    return effort.trials if effort else 0


# Limits of a device


@pytest.mark.parametrize(
    ("limit", "small", "large"),
    [("max_num_threads", 256, 1024), ("registers_per_block", 100, 200), ("max_shared_memory_per_block", 1, 2)],
)
def test_larger_limits_answer_for_no_smaller_ones(
    library: ConfigLibrary, make_log: MakeLog, limit: str, small: int, large: int
) -> None:
    narrow, wide = (f"opencl -device=mali -{limit}={value}" for value in (small, large))
    library.import_logs(make_log("dense", [1e-3], target=wide), platform="box")
    assert said(library, narrow) == [("incompatible", 1e-3)]
    assert said(library, narrow, accept="stale") == []
    assert library.best(Selection(target=narrow)) == []
    outcome = looked_up(library, narrow, accept="stale")
    assert (outcome.state, outcome.stored) == ("incompatible", None)
    assert f"up to {large}" in outcome.why
    assert f"this target allows {small} ({limit})" in outcome.why
    assert (trials(library, narrow), trials(library, wide), trials(library, "opencl -device=mali")) == (0, 1, 1)
    assert library.trials(Selection(target=narrow)) == []

    library.import_logs(make_log("dense", [2e-3], target=narrow), platform="box")  # K is 1, and counts a set of limits
    assert (said(library, narrow), said(library, wide)) == ([("exact", 2e-3)], [("exact", 1e-3)])
    assert said(library, "opencl -device=mali") == [("exact", 1e-3)]
    assert looked_up(library, narrow).state == looked_up(library, wide).state == "exact"
    assert (trials(library, narrow), trials(library, wide)) == (1, 2)
    assert library.check() == []


def test_one_job_with_two_sets_of_limits_counts_each(library: ConfigLibrary, make_log: MakeLog, tmp_path: Path) -> None:
    wide, narrow = (f"opencl -device=mali -max_num_threads={value}" for value in (1024, 256))
    both = tmp_path / "both.log"
    logs = (make_log("dense", [1e-3, 3e-3], target=wide), make_log("dense", [2e-3], target=narrow))
    both.write_text("".join(log.read_text() for log in logs))
    library.import_logs(both, platform="box")
    assert (trials(library, narrow), trials(library, wide)) == (1, 3)
    assert said(library, narrow) == [("exact", 2e-3)]
    assert library.check() == []


def test_a_fold_from_before_limits_counted_is_not_believed(
    library: ConfigLibrary, make_log: MakeLog, git: Callable[..., str]
) -> None:
    wide, narrow = (f"opencl -device=mali -max_num_threads={value}" for value in (1024, 256))
    library.import_logs(make_log("dense", [1e-3], target=wide), platform="box")
    library.import_logs(make_log("dense", [2e-3], target=narrow), platform="box")
    (file,) = (library.path / "configs").glob("*/*/autotvm.jsonl")
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "=1024" in line))  # K is 1
    git(library.path, "commit", "-qam", "As it was folded before")
    library = ConfigLibrary(library.path)
    assert said(library, narrow) == [("exact", 2e-3)]
    assert (said(library, wide), trials(library, narrow)) == ([("exact", 1e-3)], 1)
    assert library.check() != []
    library.rebuild()
    assert (said(library, narrow), library.check()) == ([("exact", 2e-3)], [])


def test_what_tvm_fills_in_folds_with_what_says_nothing(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [2e-3], target="cuda -model=box"))
    library.import_logs(make_log("dense", [1e-3], target="cuda -keys=cuda,gpu -max_num_threads=1024 -model=box"))
    (file,) = (library.path / "configs").glob("*/*/autotvm.jsonl")
    assert len(file.read_text().splitlines()) == 1


def test_an_export_for_a_target_has_nothing_beyond_its_limits(
    library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, cli: Any
) -> None:
    for value, cost in ((1024, 1e-3), (256, 2e-3)):
        target = f"opencl -device=mali -max_num_threads={value}"
        library.import_logs(make_log("dense", [cost], target=target), platform="box")
    narrow = "opencl -device=mali -max_num_threads=256"
    told = cli.json("export", "--format", "autotvm", "-o", tmp_path / "out.log", "--target", narrow)
    assert (told["records"], len(told["left_out"])) == (1, 1)
    assert "up to 1024 threads" in cli.err
    assert "1024" not in (tmp_path / "out.log").read_text()
    cli.json("invalidate", "--target", narrow, "--reason", "a test")  # of these limits, and no others
    assert (said(library, narrow)[0][0], trials(library, "opencl -device=mali")) == ("incompatible", 1)


def test_the_case_of_1024_threads(library: ConfigLibrary) -> None:
    library.import_logs(CASES / "10" / "autotvm_1024.log", platform="box")
    for target, grade in (
        ("opencl -device=mali -max_num_threads=256", "incompatible"),
        ("opencl -device=mali", "exact"),
    ):
        (found,) = library.best(Selection(target=target), tvm=TVM, accept="any")
        assert found.grade == grade


# Targets that leave something out


def test_what_leaves_triple_and_cpu_out_is_near_and_never_exact(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], target="llvm -keys=cpu"), platform="box")
    assert said(library, WHOLE) == [("stale", 1e-3)]
    assert said(library, WHOLE, accept="exact") == []
    outcome = looked_up(library, WHOLE)
    assert (outcome.state, outcome.stored) == ("stale", None)
    assert "leaves -mtriple and -mcpu out" in outcome.why
    assert "--complete-target" in outcome.why
    assert looked_up(library, WHOLE, accept="stale").stored is not None
    assert trials(library, WHOLE) == 0
    assert looked_up(library, WHOLE, platform="other").state == "missing"
    assert looked_up(library, "llvm -mtriple=aarch64-linux-gnu -device=arm_cpu").state == "missing"

    library.import_logs(make_log("dense", [2e-3], target=WHOLE), platform="box")
    assert said(library, WHOLE) == [("exact", 2e-3)]
    assert looked_up(library, WHOLE, accept="stale").state == "exact"


@pytest.mark.parametrize("left_out", ["llvm -mcpu=haswell", "llvm -mtriple=x86_64-linux-gnu", "llvm -num-cores=4"])
def test_an_import_is_told_what_a_log_leaves_out(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, left_out: str
) -> None:
    log = make_log("dense", [1e-3], target=left_out)
    if "mtriple" not in left_out:
        told = cli.json("import", log, "--platform", "box")
        assert told["incomplete"] == [parse_target(left_out).target.label]
        assert "--complete-target" in cli.err
    told = cli.json("import", log, "--platform", "box", "--complete-target", WHOLE)
    assert (told["incomplete"], told["kept"]) == ([], 1)
    assert (said(library, WHOLE), looked_up(library, WHOLE).state) == ([("exact", 1e-3)], "exact")
    assert trials(library, WHOLE) == 1
    again = cli.json("import", log, "--platform", "box", "--complete-target", WHOLE)
    assert again["already"]
    assert library.check() == []
    options = library.show_job(told["job"]).header.options
    assert options["complete_target"] == parse_target(WHOLE).target.key
    assert library.rebuild() is None
    with library._view.reading() as contents:
        records = [each for found in contents.configs().values() for each in found]
    completed = [each.record.target for each in records if each.job == told["job"]]
    assert all(parse_target(left_out).text == each.text and each.completed for each in completed)


def test_records_of_every_family_are_completed(library: ConfigLibrary, tmp_path: Path) -> None:
    database = tmp_path / "db"
    shutil.copytree(CASES / "11" / "db", database)
    records = database / "database_tuning_record.json"
    records.write_text(records.read_text().replace('"mcpu":"haswell","mtriple":"x86_64-linux-gnu",', ""))
    for log in (CASES / "08" / "old.json", CASES / "17" / "bare.log", database):
        library.import_logs(log, platform="pc", tvm=TVM, complete_target=WHOLE)
    found = library.best(Selection(target=WHOLE, platform="pc"), tvm=TVM)
    assert {(each.family, each.grade) for each in found} == {
        (family, "exact") for family in ("ansor", "autotvm", "metaschedule")
    }
    assert library.check() == []


def test_a_target_that_says_less_than_the_only_one_allowed_is_told_the_way(
    library: ConfigLibrary, make_log: MakeLog, cli: Any
) -> None:
    assert cli("import", make_log("dense", [1e-3], target="llvm"), "--platform", "pc", "--target", WHOLE).code == 4
    assert "--complete-target" in cli.err


def test_a_target_that_says_something_else_is_not_completed(library: ConfigLibrary, make_log: MakeLog) -> None:
    skylake = "llvm -mcpu=skylake"
    result = library.import_logs(make_log("dense", [1e-3], target=skylake), platform="box", complete_target=WHOLE)
    assert result.incomplete == (skylake,)
    assert (result.completed, result.not_completed) == (0, {skylake: 1})
    assert looked_up(library, WHOLE).state == "missing"


ARM = "llvm -mtriple=aarch64-linux-gnu"


@pytest.mark.parametrize(
    ("target", "told", "is_used"),
    [
        ("llvm -device=arm_cpu", WHOLE, False),
        ("llvm -keys=arm_cpu,cpu -device=arm_cpu", WHOLE, False),
        ("llvm -keys=arm_cpu,cpu", WHOLE, False),
        ("llvm -device=arm_cpu", ARM, True),
        ("llvm -keys=arm_cpu,cpu", "llvm -mtriple=armv7l-linux-gnueabihf", True),
        ("llvm -device=arm_cpu", "llvm -mcpu=cortex-a72", False),
        ("llvm -device=arm_cpu", "llvm -mcpu=cortex-a72 -device=arm_cpu", True),
        ("llvm -device=micro_dev", WHOLE, False),
        ("llvm -device=arm_cpu", f"{ARM} -device=other", False),
        ("opencl -device=mali", WHOLE, False),
        ("cuda", WHOLE, False),
        ("cuda", "cuda -arch=sm_80", True),
        ("llvm", "cuda -arch=sm_80", False),
        ("llvm -libs=mkl", WHOLE, True),
        ("llvm -keys=cpu", WHOLE, True),
    ],
)
def test_only_what_can_be_meant_is_completed(
    cli: Any, library: ConfigLibrary, make_log: MakeLog, target: str, told: str, is_used: bool
) -> None:
    log = make_log("dense", [1e-3], target=target)
    result = cli.json("import", log, "--platform", "box", "--complete-target", told)
    label = parse_target(target).target.label
    assert (cli.code, result["completed"]) == (0, int(is_used))
    assert result["not_completed"] == ({} if is_used else {label: 1})
    assert ("--complete-target was not used for 1 record" in cli.err) is not is_used
    (best,) = library.best()
    assert (best.place.target.label == label) is not is_used
    assert library.check() == []


def test_what_says_it_all_already_is_no_cause_for_completing(cli: Any, make_log: MakeLog) -> None:
    told = cli.json("import", make_log("dense", [1e-3], target=WHOLE), "--platform", "p", "--complete-target", WHOLE)
    assert (told["completed"], told["not_completed"]) == (0, {})
    assert "--complete-target was not used: the targets leave nothing of it out" in cli.err
    told = cli.json("import", make_log("dense", [2e-3], target=WHOLE), "--platform", "p")
    assert told["completed"] is None
    assert "--complete-target" not in cli.err


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (f"{WHOLE} -model=rpi4", "-model=rpi4 names a platform"),
        (f"{WHOLE} -num-cores=4", "-num-cores identifies no code"),
        ("opencl -device=mali -max_num_threads=256", "-max_num_threads identifies no code"),
        ("llvm", "says nothing that a target could leave out"),
        ({"kind": "llvm", "mtriple": "x86_64-linux-gnu", "model": "rpi4"}, "-model=rpi4 names a platform"),
    ],
)
def test_what_completes_no_target_is_refused(
    cli: Any, library: ConfigLibrary, make_log: MakeLog, told: Any, why: str
) -> None:
    log = make_log("dense", [1e-3], target="llvm")
    with pytest.raises(TargetError, match=re.escape(why)):
        library.import_logs(log, platform="box", complete_target=told)
    with pytest.raises(TargetError, match=re.escape(why)):
        library.begin_job(platform="box", complete_target=told)
    if isinstance(told, str):
        assert cli("import", log, "--platform", "box", "--complete-target", told).code == 4
        assert why in cli.err
    live = {"kind": "cuda", "keys": ["cuda", "gpu"], "arch": "sm_80", "max_num_threads": 1024, "thread_warp_size": 32}
    assert library.import_logs(log, platform="box", complete_target=live).not_completed == {"llvm": 1}


def test_a_job_is_told_what_its_log_leaves_out(cli: Any, library: ConfigLibrary, make_log: MakeLog) -> None:
    job = cli.json("job", "start", "--target", WHOLE, "--platform", "box", "--complete-target", WHOLE)
    shutil.copy(make_log("dense", [1e-3], target="llvm -keys=cpu"), job["log"])
    assert cli.json("job", "show", job["job"])["complete_target"] == WHOLE
    done = cli.json("job", "finish")
    assert (cli.code, done["completed"], done["kept"]) == (0, 1, 1)
    assert said(library, WHOLE) == [("exact", 1e-3)]
    job = cli.json("job", "start", "--platform", "arm", "--complete-target", WHOLE)
    shutil.copy(make_log("dense", [1e-3], target="llvm -device=arm_cpu"), job["log"])
    done = cli.json("job", "finish")
    assert (cli.code, done["completed"], done["not_completed"]) == (0, 0, {"llvm -device=arm_cpu": 1})
    assert cli("check").code == 0


# One rule for `best` and a build


def test_the_model_in_a_target_names_the_platform(library: ConfigLibrary, make_log: MakeLog) -> None:
    for model, cost in (("rk3399", 1e-3), ("hikey", 2e-3)):
        library.import_logs(make_log("dense", [cost], target=f"llvm -model={model} -mtriple=aarch64-linux-gnu"))
    asked = "llvm -mtriple=aarch64-linux-gnu -model=hikey"
    assert [each.cost for each in library.best(Selection(target=asked))] == [2e-3]
    outcome = looked_up(library, asked, None)
    assert outcome.stored is not None and outcome.stored.record.cost == 2e-3
    assert [each.platform for each in library.trials(Selection(target=asked))] == ["hikey"]


def test_the_closest_arch_wins_before_the_fastest(library: ConfigLibrary, make_log: MakeLog) -> None:
    for target, cost in (("cuda", 1e-3), ("cuda -arch=sm_50", 2e-3), ("cuda -arch=sm_80", 0.5e-3)):
        library.import_logs(make_log("dense", [cost], target=target), platform="box")
    filled_in = "cuda -keys=cuda,gpu -arch=sm_50 -max_num_threads=1024 -thread_warp_size=32"
    for asked, cost in (("cuda -arch=sm_50", 2e-3), (filled_in, 2e-3), ("cuda", 1e-3), ("cuda -arch=sm_60", 1e-3)):
        assert said(library, asked) == [("exact", cost)]
        assert [each.cost for each in library.best(Selection(target=asked))] == [cost]
        outcome = looked_up(library, asked)
        assert outcome.stored is not None and outcome.stored.record.cost == cost


def test_one_triple_and_one_cpu_are_one_place(library: ConfigLibrary, make_log: MakeLog) -> None:
    for triple, cpu, cost in (
        ("x86_64-unknown-linux-gnu", "core-avx2", 2e-3),
        ("x86_64-conda-linux-gnu", "haswell", 1e-3),
    ):
        library.import_logs(
            make_log("dense", [cost], target=f"llvm -mtriple={triple} -mcpu={cpu} -opt-level=3"), platform="box"
        )
    assert said(library, WHOLE) == [("exact", 1e-3)]
    assert len(list((library.path / "configs").glob("*/*/autotvm.jsonl"))) == 1
    assert trials(library, WHOLE) == 2


# What there is instead


@pytest.mark.parametrize(
    ("asked", "platform", "words"),
    [
        ("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", "other", "on box: another platform"),
        ("llvm -mcpu=skylake -mtriple=x86_64-linux-gnu", "box", "another CPU (haswell)"),
        ("llvm -mcpu=haswell -mtriple=aarch64-linux-gnu", "box", "another triple (x86_64-linux-gnu)"),
        ("cuda -arch=sm_90", "box", "another kind of target"),
    ],
)
def test_missing_names_the_nearest(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, asked: str, platform: str, words: str
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=WHOLE), platform="box")
    assert words in looked_up(library, asked, platform).why
    assert cli("best", "--target", asked, "--platform", platform).code == 1
    assert words in cli.err
    assert words in library.nearest(Selection(target=asked, platform=platform))[0]


def test_missing_names_another_arch(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], target="cuda -arch=sm_80"), platform="box")
    assert "another arch (sm_80)" in looked_up(library, "cuda -arch=sm_90").why


# What is skipped as tuned is what holds


@pytest.mark.parametrize(
    ("policy", "tvm", "counts"),
    [
        ("same-minor", "hhb-tvm==0.16.9", 1),
        ("same", "hhb-tvm==0.16.9", 0),
        ("any", "apache-tvm==0.11.0", 1),
        ("same-minor", "apache-tvm==0.11.0", 0),
        (">=0.15.dev0,<0.17", "apache-tvm==0.11.0", 1),
        (">=0.17", "hhb-tvm==0.16.dev0", 0),
    ],
)
def test_effort_obeys_the_policy_for_tvm(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, policy: str, tvm: str, counts: int
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=WHOLE, version="0.16.dev0"), platform="box")
    library.configure("policy.tvm", policy)
    assert trials(library, WHOLE, tvm) == counts
    (graded,) = library.best(tvm=tvm, accept="any")
    assert (graded.grade == "exact") == bool(counts)
    assert sum(line["trials"] for line in cli.lines("trials", "--tvm", tvm)) == counts
    assert sum(line["trials"] for line in cli.lines("trials")) == 1


@pytest.mark.parametrize(("most", "counts"), [(3, 1), (2, 0), ("49h", 1), ("47h", 0), ("2881m", 1), ("2879m", 0)])
def test_effort_obeys_the_maximum_age(
    library: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, most: int | str, counts: int
) -> None:
    log = make_log("dense", [1e-3], target=WHOLE)
    two_days_ago = (datetime.now(timezone.utc) - timedelta(days=2)).timestamp()
    log.write_text(log.read_text().replace("1600001001.0", str(two_days_ago)))
    library.import_logs(log, platform="box")
    library.configure("policy.max-age", most)
    assert trials(library, WHOLE) == counts
    assert looked_up(library, WHOLE).state == ("exact" if counts else "stale")


# A target's text that some TVM cannot read


def test_a_line_of_configs_has_a_target_that_every_tvm_reads(library: ConfigLibrary) -> None:
    log = CASES / "01" / "mixed.log"
    library.import_logs(log)
    (file,) = (library.path / "configs").glob("*/*/autotvm.jsonl")
    assert "-link-params" not in "".join(line.split('"x-tvmgitlib"')[0] for line in file.read_text().splitlines())
    with library._view.reading() as contents:
        natives = {each.record.native for found in contents.configs().values() for each in found}
    assert natives == set(log.read_bytes().splitlines())  # the log's own lines, to the byte
    assert library.check() == []
    assert library.rebuild() is None


@pytest.mark.parametrize("flag", ["-link-params=0", "-runtime=c", "-system-lib=1", "-executor=graph"])
def test_an_export_has_targets_that_every_tvm_reads(
    library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, flag: str
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=f"llvm -keys=cpu {flag} -mcpu=haswell -model=box"))
    written = library.export("autotvm", tmp_path / "out.log").path.read_text()
    assert flag not in written
    assert '"llvm -mcpu=haswell -keys=cpu -model=box"' in written


# What a version does not say


def test_a_dev_version_does_not_say_which_build_wrote_a_module(
    library: ConfigLibrary, cli: Any, tmp_path: Path
) -> None:
    library.import_logs(CASES / "11" / "db", platform="pc")
    graded = library.best(tvm=TVM)
    assert [each.grade for each in graded] == ["exact", "exact"]
    assert all("a .dev version does not say which build" in each.why for each in graded)
    cli("best", "--tvm", TVM)
    assert len([line for line in cli.out.splitlines() if "exact" in line and "does not say which build" in line]) == 2
    told = cli.json("export", "--format", "metaschedule", "-o", tmp_path / "out")
    assert told["left_out"] == []
    assert "a .dev version does not say which build" in told["unsure"]
    assert told["unsure"] in cli.err


def test_a_release_says_it(library: ConfigLibrary, logs: Path) -> None:
    library.import_logs(logs / "metaschedule" / "v27_mm128", platform="pc")
    (graded,) = library.best(tvm="apache-tvm==0.27.0.post1")
    assert graded.remark is None
    assert (graded.grade, ".dev" in graded.why) == ("exact", False)


def test_the_nearest_is_of_the_same_kind_where_there_is_one(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-6], target="llvm -mcpu=haswell"), platform="box")
    library.import_logs(make_log("dense", [1e-3], target="cuda -arch=sm_75"), platform="box")
    (near,) = library.nearest(Selection(target="cuda -arch=sm_80", platform="box"))
    assert "cuda -arch=sm_75" in near
    assert "another arch (sm_75)" in near
