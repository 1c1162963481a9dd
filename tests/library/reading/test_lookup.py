from __future__ import annotations

import json
import platform as system
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.platforms import detect_platform
from tvmgitlib.library.reading import Lookup, Outcome, Summary
from tvmgitlib.model import FamilyName, TvmVersion, Workload, parse_target

MakeLog = Callable[..., Path]
Find = Callable[..., Outcome]

TVM = "hhb-tvm==0.16.dev0"
HERE = f"llvm -mtriple={system.machine()}-linux-gnu"
HASWELL = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
BOARD = "llvm -device=arm_cpu -mtriple=aarch64-linux-android"


def workload(name: str, family: FamilyName = "autotvm") -> Workload:
    return Workload(family, json.dumps([name, [8, 8, "float32"]], separators=(",", ":")))


@pytest.fixture
def find(library: ConfigLibrary) -> Find:
    """What comes of one lookup: `find("dense", target="cuda", platform="titan")`."""

    def look(
        name: str,
        target: str = HASWELL,
        platform: str | None = None,
        tvm: str = TVM,
        accept: str = "exact",
        family: FamilyName = "autotvm",
    ) -> Outcome:
        with library._view.reading() as contents:
            lookup = Lookup(contents, TvmVersion.parse(tvm), platform, accept)  # type: ignore[arg-type]
            found = lookup.find(family, parse_target(target), workload(name, family))
        (outcome,) = lookup.summary.outcomes.values()
        assert outcome.stored is found
        return outcome

    return look


# Platforms


@pytest.mark.parametrize(
    ("asked", "named", "answers"),
    [
        (f"{BOARD} -model=pixel", None, True),
        (f"{BOARD} -model=pixel", "rock", True),  # what the target says is stronger
        (f"{BOARD} -model=rock", "pixel", False),
        (f"{BOARD} -model=unknown", "pixel", True),
        (BOARD, "pixel", True),
        (BOARD, "rock", False),
        (BOARD, None, False),
    ],
)
def test_the_platform_is_the_models_or_else_the_named_one(
    library: ConfigLibrary, make_log: MakeLog, find: Find, asked: str, named: str | None, answers: bool
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=BOARD), platform="pixel")
    outcome = find("dense", asked, named)
    assert (outcome.stored is not None, outcome.state) == (answers, "exact" if answers else "missing")


def test_without_either_a_target_of_this_machine_is_on_it(
    library: ConfigLibrary, make_log: MakeLog, find: Find
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=HERE), platform="this")
    outcome = find("dense", HERE)
    assert (outcome.state, outcome.platform) == ("exact", detect_platform().name)
    assert find("dense", HERE, "this").state == "exact"
    assert find("dense", HERE, "elsewhere").state == "missing"


def test_where_nothing_says_the_platform_there_is_no_answer(
    library: ConfigLibrary, make_log: MakeLog, find: Find
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=BOARD), platform="pixel")
    outcome = find("dense", BOARD)
    assert (outcome.platform, outcome.stored) == (None, None)
    assert "name it (--platform NAME, platform=" in outcome.why


# Targets


@pytest.mark.parametrize(
    ("recorded", "asked", "answers"),
    [
        ("cuda", "cuda", True),
        ("cuda", "cuda -arch=sm_80", True),  # TVM asks the driver; a log often does not say
        ("cuda -arch=sm_80", "cuda -arch=sm_80", True),
        ("cuda -arch=sm_70", "cuda -arch=sm_80", False),
        ("cuda -arch=sm_80", "cuda", False),
        ("cuda -libs=cudnn", "cuda -arch=sm_80", False),
        ("rocm", "rocm -mcpu=gfx90a", True),
        ("rocm -mcpu=gfx906", "rocm -mcpu=gfx90a", False),
        ("opencl -device=mali", "opencl -device=adreno", False),
        ("opencl", "cuda", False),
        ("llvm -mtriple=x86_64-linux-gnu", HASWELL, False),
        (HASWELL, "llvm -mtriple=x86_64-linux-gnu", False),
        (HASWELL, f"{HASWELL} -mattr=+avx512f", False),
        ("cuda", f"cuda -host='{HASWELL}'", True),  # a host runs the kernels, it does not shape them
        (f"cuda -host='{HASWELL}'", "cuda", True),
        (f"cuda -host='{HASWELL}'", f"cuda -arch=sm_80 -host='{BOARD}'", True),
    ],
)
def test_records_answer_for_their_device(
    library: ConfigLibrary, make_log: MakeLog, find: Find, recorded: str, asked: str, answers: bool
) -> None:
    library.import_logs(make_log("dense", [1e-3], target=recorded), platform="box")
    assert (find("dense", asked, "box").stored is not None) == answers


def test_of_several_cards_each_gets_its_own_and_an_unknown_one_nothing(
    library: ConfigLibrary, make_log: MakeLog, find: Find
) -> None:
    for model, cost in (("1080ti", 1e-3), ("titanx", 2e-3)):
        library.import_logs(make_log("dense", [cost], target=f"cuda -model={model}"))
    costs = {}
    for model in ("1080ti", "titanx", "h100"):
        stored = find("dense", f"cuda -arch=sm_61 -model={model}").stored
        costs[model] = stored.record.cost if stored else None
    assert costs == {"1080ti": 1e-3, "titanx": 2e-3, "h100": None}
    assert find("dense", "cuda -model=h100").why.startswith("no record for cuda on h100; the nearest is for cuda on ")


def test_another_workload_or_family_gets_nothing(library: ConfigLibrary, make_log: MakeLog, find: Find) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    assert find("conv", platform="box").state == "missing"
    assert find("dense", platform="box", family="ansor").state == "missing"


# Grades


@pytest.mark.parametrize(
    ("tvm", "accept", "state", "applied"),
    [
        ("hhb-tvm==0.16.dev0", "exact", "exact", True),
        ("hhb-tvm==0.16.5", "exact", "exact", True),
        ("hhb-tvm==0.17.0", "exact", "stale", False),
        ("hhb-tvm==0.17.0", "stale", "stale", True),
        ("apache-tvm==0.16.0", "exact", "stale", False),
        ("apache-tvm==0.27.0", "stale", "incompatible", False),  # it has no AutoTVM
    ],
)
def test_what_is_applied_is_a_matter_of_grade(
    library: ConfigLibrary, make_log: MakeLog, find: Find, tvm: str, accept: str, state: str, applied: bool
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM)
    outcome = find("dense", platform="box", tvm=tvm, accept=accept)
    assert (outcome.state, outcome.stored is not None) == (state, applied)
    assert outcome.why


def test_a_slower_exact_record_goes_before_a_faster_stale_one(
    library: ConfigLibrary, make_log: MakeLog, find: Find
) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm="hhb-tvm==0.15.0")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    for tvm, accept, cost in (
        (TVM, "stale", 2e-3),
        ("hhb-tvm==0.15.0", "stale", 1e-3),
        ("hhb-tvm==0.14.0", "stale", 1e-3),
    ):
        stored = find("dense", platform="box", tvm=tvm, accept=accept).stored
        assert stored is not None
        assert stored.record.cost == cost


def test_the_librarys_policy_decides(library: ConfigLibrary, make_log: MakeLog, find: Find) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM)
    library.configure("policy.tvm", "any")
    assert find("dense", platform="box", tvm="hhb-tvm==0.17.0").state == "exact"


def test_a_reverted_job_answers_nothing(library: ConfigLibrary, make_log: MakeLog, find: Find) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    better = library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM).job
    library.revert(str(better))
    stored = find("dense", platform="box").stored
    assert stored is not None
    assert stored.record.cost == 2e-3


def test_stale_configs_are_not_asked(
    library: ConfigLibrary, make_log: MakeLog, find: Find, git: Callable[..., str]
) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM)
    git(library.path, "rm", "--quiet", "-r", "configs")
    git(library.path, "commit", "--quiet", "-m", "Leave configs/ behind")
    stored = find("dense", platform="box").stored
    assert stored is not None
    assert stored.record.cost == 1e-3


def test_every_record_of_a_device_whatever_its_grade(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], target="cuda -model=a"), tvm=TVM)
    library.import_logs(make_log("conv", [2e-3], target="cuda -arch=sm_80 -model=a"), tvm="hhb-tvm==0.15.0")
    library.import_logs(make_log("dense", [3e-3], target="cuda -arch=sm_70 -model=a"), tvm=TVM)
    library.import_logs(make_log("dense", [4e-3], target="cuda -arch=sm_80 -model=b"), tvm=TVM)
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM))
        costs = {stored.record.cost for stored in lookup.records("autotvm", parse_target("cuda -arch=sm_80 -model=a"))}
        assert list(lookup.records("ansor", parse_target("cuda -arch=sm_80 -model=a"))) == []
    assert costs == {1e-3, 2e-3}


# The summary


def test_the_summary_counts_every_task_once(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM)
    library.import_logs(make_log("old", [1e-3]), platform="box", tvm="hhb-tvm==0.15.0")
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        assert lookup.summary.line == "0 tasks looked up, 0 tuned: nothing was asked"
        for name in ("dense", "old", "conv", "dense"):
            lookup.find("autotvm", parse_target(HASWELL), workload(name))
    summary = lookup.summary
    assert summary.line == "3 tasks looked up, 1 tuned: 1 exact, 1 stale, 1 missing"
    assert [outcome.workload for outcome in summary.applied] == [workload("dense").text]
    assert [outcome.workload for outcome in summary.of("missing")] == [workload("conv").text]
    first, *others = str(summary).splitlines()
    assert first == summary.line
    assert [line.split()[0] for line in others] == ["exact", "stale", "missing"]
    assert "--accept stale" in others[1]


def test_one_workload_is_one_task_whatever_tvm_calls_it(library: ConfigLibrary, logs: Path) -> None:
    """MetaSchedule's Relay tasks are asked for as `fused_...`, and then as `tvmgen_default_fused_...`."""
    library.import_logs(logs / "metaschedule" / "hhb_mm128", platform="box")
    tuned = library.best()[0].place.workload
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        for name in ("fused_dense", "tvmgen_default_fused_dense", "fused_dense"):
            for text in (tuned.text, "77@0.16"):
                asked = Workload("metaschedule", text, signature=name)
                lookup.find("metaschedule", parse_target(library.best()[0].target), asked)
    assert lookup.summary.line == "2 tasks looked up, 1 tuned: 1 exact, 1 missing"
    for outcome in lookup.summary.outcomes.values():
        assert outcome.names == ("fused_dense", "tvmgen_default_fused_dense")
        assert outcome.workload.startswith("fused_dense  [")
    assert str(lookup.summary).count("(also asked for as tvmgen_default_fused_dense)") == 2


def test_the_summary_tells_platforms_apart(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], target="cuda -model=a"), tvm=TVM)
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM))
        for model in ("a", "b"):
            lookup.find("autotvm", parse_target(f"cuda -model={model}"), workload("dense"))
    assert lookup.summary.line == "2 tasks looked up, 1 tuned: 1 exact, 1 missing"


def test_what_nobody_tunes_is_not_missing(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("relu", [1e-3]), platform="box", tvm=TVM)
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        assert lookup.find("autotvm", parse_target(HASWELL), workload("add"), tunable=False) is None
        assert lookup.find("autotvm", parse_target(HASWELL), workload("relu"), tunable=False) is not None
    assert lookup.summary.line == "1 task looked up, 1 tuned: 1 exact"


def test_an_empty_summary_says_so() -> None:
    assert str(Summary()) == "0 tasks looked up, 0 tuned: nothing was asked"
