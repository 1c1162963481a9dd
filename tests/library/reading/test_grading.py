from __future__ import annotations

import json
import platform as system
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.library.changes import Condemned
from tvmgitlib.library.jobs import OpenJob, RemeasuredNote, effort_of
from tvmgitlib.library.platforms import detect_platform
from tvmgitlib.library.reading import BestConfig, Lookup, Outcome
from tvmgitlib.model import Place, SelectionError, TvmVersion, Workload, parse_target
from tvmgitlib.rules.matching import TvmRule

MakeLog = Callable[..., Path]

TVM = "hhb-tvm==0.16.dev0"
HASWELL = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
HERE = f"llvm -mtriple={system.machine()}-linux-gnu"
DENSE = Workload("autotvm", '["dense",[8,8,"float32"]]')


def looked_up(library: ConfigLibrary, target: str = HASWELL, facts: Any = None, accept: Any = "exact") -> Outcome:
    """What a build of `dense` on the box gets."""
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box", accept, facts)
        lookup.find("autotvm", parse_target(target), DENSE)
    (outcome,) = lookup.summary.outcomes.values()
    return outcome


def the_best(library: ConfigLibrary, **told: Any) -> BestConfig:
    (found,) = library.best(tvm=TVM, accept="any", **told)
    return found


def finished(library: ConfigLibrary, log: Path | None, prepare: Callable[[OpenJob], None], **told: Any) -> str:
    """A committed live job, with notes made in it."""
    job = library.begin_job(**{"platform": "box", "tvm": TVM} | told)
    if log is not None:
        shutil.copy(log, job.log)
    prepare(job)
    library.finish_job(job.id)
    return job.id


def nothing(job: OpenJob) -> None:
    """Noted in a job."""


# Platform facts that the policy compares


@pytest.mark.parametrize(
    ("recorded", "here", "grade", "why"),
    [
        ({"gpu": {"driver": "550"}}, {"gpu": {"driver": "550"}}, "exact", "tuned with TVM 0.16.dev0"),
        ({"gpu": {"driver": "550"}}, {"gpu": {"driver": "560"}}, "stale", 'gpu.driver was "550", here it is "560"'),
        ({"gpu": {"driver": "550"}}, None, "stale", "--set gpu.driver=VALUE"),
        ({"gpu": {"name": "H100"}}, {"gpu": {"driver": "550"}}, "stale", "gpu.driver was not recorded"),
    ],
)
def test_facts_of_the_policy_are_compared_in_questions_and_in_builds(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, recorded: Any, here: Any, grade: str, why: str
) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.16.dev0"), platform="box", facts=recorded)
    assert looked_up(library, facts=here).state == "exact"  # nothing compares them yet
    library.configure("policy.facts", ["gpu.driver"])
    best = the_best(library, facts=here)
    assert best.grade == grade
    assert why in best.why
    outcome = looked_up(library, facts=here)
    assert (outcome.state, outcome.stored is not None) == (grade, grade == "exact")
    assert looked_up(library, facts=here, accept="stale").stored is not None
    told = ["--set", f"gpu.driver={here['gpu']['driver']}"] if here else []
    (line,) = cli.lines("best", "--tvm", TVM, "--accept", "any", *told)
    assert line["grade"] == best.grade


def test_the_facts_of_this_machine_are_detected(library: ConfigLibrary, make_log: MakeLog) -> None:
    name = detect_platform().facts["cpu"]["name"]  # type: ignore[index,call-overload]
    library.configure("policy.facts", ["cpu.name"])
    for cost, cpu in ((1e-3, "of another one"), (2e-3, name)):
        log = make_log("dense", [cost], target=HERE, version="0.16.dev0")
        library.import_logs(log, platform="box", facts={"cpu": {"name": cpu}})
    outcome = looked_up(library, target=HERE)
    assert outcome.state == "exact"
    assert outcome.stored is not None and outcome.stored.record.cost == 2e-3


# Versions


def test_a_fast_record_of_an_old_tvm_hides_no_valid_one(library: ConfigLibrary, make_log: MakeLog, cli: Any) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.15.0"), platform="box")
    library.import_logs(make_log("dense", [2e-3], version="0.16.dev0"), platform="box")
    assert sorted(best.cost for best in library.best()) == [1e-3, 2e-3]
    assert (the_best(library).cost, the_best(library).grade) == (2e-3, "exact")
    for accept in ("exact", "stale"):
        stored = looked_up(library, accept=accept).stored
        assert stored is not None and stored.record.cost == 2e-3


@pytest.mark.parametrize("rule", ["same", "===0.16.1", ">=0.16.1,<0.17"])
def test_nor_does_one_of_another_patch_level_where_the_policy_tells_them_apart(
    library: ConfigLibrary, make_log: MakeLog, rule: str
) -> None:
    library.configure("policy.tvm", rule)
    for cost, version in ((1e-3, "0.16.0"), (2e-3, "0.16.1"), (3e-3, "0.16.1")):
        library.import_logs(make_log("dense", [cost], version=version), platform="box")
    (best,) = library.best(tvm="hhb-tvm==0.16.1")
    assert (best.cost, best.grade) == (2e-3, "exact")
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse("hhb-tvm==0.16.1"), "box")
        stored = lookup.find("autotvm", parse_target(HASWELL), DENSE)
    assert stored is not None and stored.record.cost == 2e-3
    assert [each.cost for each in library.best()] == [1e-3]


def test_who_tuned_and_who_wrote_are_told_apart(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.9.0"), platform="box", tvm="hhb-tvm==0.16.dev0")
    best = the_best(library)
    assert (best.tuned_with, best.written_by) == (TvmVersion("hhb-tvm", "0.16.dev0", "option"), "0.9.0")
    assert "as --tvm said" in best.why
    assert best.to_json()["written_by"] == "0.9.0"


def test_a_log_that_names_no_tvm_is_stale_until_somebody_says_it(library: ConfigLibrary, logs: Path) -> None:
    log = next((logs / "ansor").glob("*.json"))
    library.import_logs(log, platform="box")
    found = library.best(tvm=TVM, accept="any")
    assert {best.grade for best in found} == {"stale"}
    assert all("nobody knows which TVM" in best.why and "--tvm" in best.why for best in found)
    library.import_logs(log, platform="box", tvm=TVM)
    assert {best.grade for best in library.best(tvm=TVM, accept="any")} == {"exact"}


def aged(log: Path, seconds: float) -> Path:
    """The log of one record, measured so long ago."""
    record = json.loads(log.read_text())
    record["result"][3] = time.time() - seconds
    log.write_text(json.dumps(record) + "\n")
    return log


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Etc/GMT+12"])
def test_an_age_in_days_is_no_matter_of_the_time_zone(
    library: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    library.configure("policy.max-age", 1)
    for cost, age, grade in ((2e-3, 86400 + 60, "stale"), (1e-3, 86400 - 60, "exact")):
        library.import_logs(aged(make_log("dense", [cost], version="0.16.dev0"), age), platform="box")
        assert (the_best(library).grade, looked_up(library).state) == (grade, grade)
    monkeypatch.delenv("TZ")
    time.tzset()


def test_a_fast_record_that_has_grown_too_old_hides_no_younger_one(library: ConfigLibrary, make_log: MakeLog) -> None:
    for cost, days in ((1e-3, 40), (2e-3, 20), (3e-3, 10)):
        log = aged(make_log("dense", [cost], version="0.16.dev0"), days * 86400)
        library.import_logs(log, platform="box")
    assert (the_best(library).cost, the_best(library).grade) == (1e-3, "exact")
    library.configure("policy.max-age", 30)
    assert [best.cost for best in library.best()] == [1e-3]  # configs/ knows no time
    assert (the_best(library).cost, the_best(library).grade) == (2e-3, "exact")
    stored = looked_up(library).stored
    assert stored is not None and stored.record.cost == 2e-3
    library.configure("policy.max-age", 5)
    assert (the_best(library).cost, the_best(library).grade) == (1e-3, "stale")


def test_an_age_before_all_time_excludes_nothing(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.16.dev0"), platform="box")
    library.configure("policy.max-age", 1_000_000)
    assert (the_best(library).grade, looked_up(library).state) == ("exact", "exact")


# What was invalidated


def test_an_invalidated_record_is_named_with_the_reason(library: ConfigLibrary, make_log: MakeLog, cli: Any) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.16.dev0"), platform="box")
    done = library.invalidate(Condemned(tvm=TvmRule.parse("<0.17.dev0")), "the fan was broken")
    assert library.best(tvm=TVM, accept="stale") == []
    assert library.best(Selection(platform="other"), tvm=TVM, accept="any") == []
    best, outcome = the_best(library), looked_up(library, accept="stale")
    assert (best.grade, outcome.state, outcome.stored) == ("invalidated", "invalidated", None)
    assert best.why == outcome.why == f"the fan was broken; tvmgitlib revert {done.job} undoes that"
    assert cli("best", "--tvm", TVM).code == 1
    assert "Not shown: 1 invalidated. --accept any" in cli.err
    assert "the fan was broken" in cli("best", "--tvm", TVM, "--accept", "any").out
    library.revert(done.job)
    assert (the_best(library).grade, looked_up(library).state) == ("exact", "exact")


def test_what_is_all_invalidated_is_to_be_tuned_again(library: ConfigLibrary, make_log: MakeLog) -> None:
    place = Place("autotvm", parse_target(HASWELL).target, "box", DENSE)

    def trials() -> int | None:
        with library._view.reading() as contents:
            effort = effort_of(contents, [], place, TvmVersion.parse(TVM))
        return effort.trials if effort else None

    library.import_logs(make_log("dense", [1e-3, 2e-3], version="0.16.dev0"), platform="box")
    log = make_log("dense", [3e-3], version="0.16.dev0")
    later = library.import_logs(log, platform="box").job
    assert trials() == 3
    library.invalidate(Condemned(job=later), "hot")
    assert trials() == 2
    done = library.invalidate(Condemned(Selection(platform="box")), "hot too")
    assert trials() is None
    library.revert(done.job)
    assert trials() == 2


# Baselines


@pytest.mark.parametrize(("baseline", "state"), [(4e-3, "exact"), (1e-3, "exact"), (0.5e-3, "slower")])
def test_a_record_slower_than_untuned_is_not_applied(
    library: ConfigLibrary, make_log: MakeLog, cli: Any, baseline: float, state: str
) -> None:
    place = ("autotvm", parse_target(HASWELL).target.key, DENSE.text)
    finished(library, make_log("dense", [1e-3]), lambda job: job.note_baseline(place, baseline))
    assert library.check() == []
    best, outcome = the_best(library), looked_up(library)
    assert (best.baseline, best.speedup) == (baseline, baseline / 1e-3)
    assert (outcome.state, outcome.stored is None) == (state, state == "slower")
    cli("best", "--tvm", TVM)
    assert f"{baseline / 1e-3:.1f}x" in cli.out
    assert ("slower than untuned" in cli.err) == (state == "slower")
    (line,) = cli.lines("best")
    assert (line["baseline"], line["speedup"]) == (baseline, baseline / 1e-3)


def test_a_job_without_a_baseline_goes_on_with_the_known_one(library: ConfigLibrary, make_log: MakeLog) -> None:
    place = ("autotvm", parse_target(HASWELL).target.key, DENSE.text)
    finished(library, make_log("dense", [2e-3]), lambda job: job.note_baseline(place, 1.5e-3))
    assert looked_up(library).state == "slower"
    finished(library, make_log("dense", [1.8e-3]), nothing)
    assert (the_best(library).baseline, looked_up(library).state) == (1.5e-3, "slower")
    finished(library, make_log("dense", [1e-3]), nothing)
    assert (the_best(library).speedup, looked_up(library).state) == (1.5, "exact")
    assert library.check() == []


@pytest.mark.parametrize("policy", [[], ["cooling"]])
def test_nor_does_an_import_that_supersedes_the_record(
    library: ConfigLibrary, make_log: MakeLog, policy: list[str]
) -> None:
    library.configure("policy.facts", policy)
    place = ("autotvm", parse_target(HASWELL).target.key, DENSE.text)
    fan = {"cooling": "fan"}
    finished(library, make_log("dense", [2e-3]), lambda job: job.note_baseline(place, 1e-3), facts=fan)
    library.import_logs(make_log("dense", [1.9e-3], [7]), platform="box", facts=fan)
    (best,) = library.best(tvm=TVM, facts=fan)
    assert (best.cost, best.baseline) == (1.9e-3, 1e-3)
    assert looked_up(library, facts=fan).state == "slower"
    assert library.check() == []


def test_without_a_baseline_nothing_is_said_of_a_speed_up(library: ConfigLibrary, make_log: MakeLog, cli: Any) -> None:
    finished(library, make_log("dense", [1e-3]), nothing)
    assert "speed-up" not in cli("best").out
    assert cli.lines("best")[0]["speedup"] is None


# Revalidations, as a live TVM leaves them


def test_a_refusal_is_committed_alone_and_undone_by_a_revert(
    library: ConfigLibrary, make_log: MakeLog, git: Callable[..., str]
) -> None:
    library.configure("keep", 2)
    library.import_logs(make_log("dense", [1e-3, 2e-3], version="0.16.dev0"), platform="box")
    first = min(library.best(), key=lambda best: best.cost)
    digest = sha256(first.native).hexdigest()
    note = RemeasuredNote(["autotvm", "", DENSE.text], first.job, digest, None, "wrong answer: off by 3")
    note.invalidates.append([first.job, digest[:16]])
    made = finished(library, None, lambda job: job.note_remeasured(note), kind="revalidate")
    assert [best.cost for best in library.best(tvm=TVM)] == [2e-3]
    assert library.check() == []
    assert library.show_job(made).header.kind == "revalidate"
    assert git(library.path, "log", "-1", "--format=%s").startswith("Revalidate 1 record, which no longer holds")
    assert "wrong answer: off by 3" in git(library.path, "log", "-1", "--format=%b")
    library.revert(made)
    assert the_best(library).cost == 1e-3


def test_a_slower_measurement_of_a_revalidation_wins(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], version="0.16.dev0"), platform="box")
    again = make_log("dense", [5e-3], version="0.16.dev0")
    job = finished(library, again, nothing, kind="revalidate", tvm="hhb-tvm==0.16.dev0")
    costs = {best.tuned_with.distribution: best.cost for best in library.best()}
    assert costs == {None: 1e-3, "hhb-tvm": 5e-3}  # a log that names no distribution is a group of its own
    library.revert(job)
    finished(library, again, nothing, kind="revalidate", tvm=None)
    assert [best.cost for best in library.best()] == [5e-3]
    assert library.check() == []
    assert json.loads(library.best()[0].native)["result"][0] == [5e-3]


@pytest.mark.parametrize(
    "ask",
    [
        lambda library: library.best(accept="Exact"),
        lambda library: library.best(tvm="hhb-tvm==0.16.dev0", accept="invalidated"),
        lambda library: library.begin_job(platform="p", kind="import"),
        lambda library: library.begin_job(platform="p", kind="Tune"),
        lambda library: library.import_logs("x.log", platform="p", family="autotv"),
        lambda library: library.records(accept="any"),
        lambda library: library.using(accept="any"),
        lambda library: library.compile_relax(None, None, platform="p", accept="invalidated"),
        lambda library: library.compile_tir(None, None, platform="p", accept=None),
        lambda library: library.coverage([], accept="any"),
        lambda library: library.coverage([], family="autotv"),
    ],
)
def test_a_value_that_an_argument_does_not_have_is_refused(library: ConfigLibrary, ask: Any) -> None:
    with pytest.raises(SelectionError, match=r"accept is|kind is|no tuner family is called") as caught:
        ask(library)
    assert "'exact'" in str(caught.value) or "'tune'" in str(caught.value) or "autotvm" in str(caught.value)
