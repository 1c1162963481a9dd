"""Where a live job is measured: nothing of this machine goes with what another one has measured."""

from __future__ import annotations

import json
import platform as system
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs import Journal, TakenJob, begin, job_spec
from tvmgitlib.library.platforms import detect_platform
from tvmgitlib.model import GivenTarget, JobError, PlatformError, TvmVersion, Workload, parse_target

HERE = f"llvm -mtriple={system.machine()}-linux-gnu"
LOG = Path(__file__).parents[2] / "data/tvm-logs/autotvm/t0_tvmgitlib_matmul_random.log"
TVM = TvmVersion.parse("hhb-tvm==0.16.dev0")
TRACKER = "a runner on a tracker"


def taken(library: ConfigLibrary, target: object | None = HERE, **told: Any) -> TakenJob:
    opened = begin(library._view, job_spec("tune", target, tvm=TVM, **told))
    claim = opened.claim()
    assert claim is not None
    return TakenJob(opened, claim, resumed=False)


def line(target: str = HERE) -> str:
    record = json.loads(LOG.read_bytes().splitlines()[0])
    record["input"][0] = target
    return json.dumps(record)


def test_no_fact_of_this_machine_goes_with_what_another_one_measured(library: ConfigLibrary) -> None:
    journal = Journal(library._view, TVM, taken(library, platform="pi", facts={"cooling": "fan"}))
    assert journal.opened.spec.platform_facts.keys() > {"cooling"}
    journal.measured_by(TRACKER)
    place = journal.place("autotvm", parse_target(HERE), Workload("autotvm", "x"))
    assert (place.platform, journal.facts(place)) == ("pi", {"cooling": "fan"})
    journal.append([line()])
    journal.release()
    assert journal.finish().platforms == ("pi",)
    assert library.platform("pi").facts == {"cooling": "fan"}


def test_a_detected_platform_is_not_that_of_another_machine(library: ConfigLibrary) -> None:
    journal = Journal(library._view, TVM, taken(library))
    with pytest.raises(PlatformError, match="measures on another machine, and nothing names its platform"):
        journal.measured_by(TRACKER)
    assert library.open_job(journal.id).spec.where == "here"


def test_a_model_names_the_other_machines_platform(library: ConfigLibrary) -> None:
    target = f"{HERE} -model=nas"
    journal = Journal(library._view, TVM, taken(library, target))
    journal.measured_by(TRACKER)
    place = journal.place("autotvm", parse_target(target), Workload("autotvm", "x"))
    assert (place.platform, journal.facts(place)) == ("nas", {})


def test_where_a_job_was_measured_is_on_the_disk(library: ConfigLibrary) -> None:
    journal = Journal(library._view, TVM, taken(library, platform="pi"))
    journal.measured_by(TRACKER)
    spec = library.open_job(journal.id).spec
    assert (spec.where, spec.here, spec.platform_facts) == ("elsewhere", None, {})


def test_a_job_is_of_one_machine(library: ConfigLibrary) -> None:
    journal = Journal(library._view, TVM, taken(library, platform="pi"))
    journal.measured_by(None)
    journal.append([line()])
    with pytest.raises(JobError, match="has measured on this machine, and a runner on a tracker measures on another"):
        journal.measured_by(TRACKER)
    other = Journal(library._view, TVM, taken(library, platform="pi"))
    other.measured_by(TRACKER)
    other.measured_by(TRACKER)
    with pytest.raises(JobError, match="was measured on another machine, pi, and this runner measures on this one"):
        other.measured_by(None)


@pytest.mark.parametrize("platform", [None, "pi"])
def test_a_job_that_waits_for_its_target_knows_where_it_is_measured(
    library: ConfigLibrary, platform: str | None
) -> None:
    def take(given: GivenTarget) -> TakenJob:
        return taken(library, given.text, platform=platform)

    journal = Journal(library._view, TVM, take=take)
    journal.measured_by(TRACKER)
    asked = ("autotvm", parse_target(HERE), Workload("autotvm", "x"))
    if platform is None:
        with pytest.raises(PlatformError, match="nothing names its platform"):
            journal.place(*asked)
    else:
        assert journal.facts(journal.place(*asked)) == {}


def test_a_job_for_any_target_needs_a_name_for_what_another_machine_measures(library: ConfigLibrary) -> None:
    journal = Journal(library._view, TVM, taken(library, None))
    journal.measured_by(TRACKER)
    with pytest.raises(PlatformError, match="it was measured on another machine"):
        journal.place("autotvm", parse_target(HERE), Workload("autotvm", "x"))


def test_a_job_that_an_older_version_began_is_read(library: ConfigLibrary) -> None:
    opened = begin(library._view, job_spec("tune", HERE, tvm=TVM))
    told = opened.folder / "job.json"
    document = json.loads(told.read_text())
    here = document.pop("here")
    del document["where"]
    told.write_text(json.dumps({**document, "platform": here["name"], "facts": here["facts"]}))
    spec = library.open_job(opened.id).spec
    assert (spec.platform_name, spec.platform_facts) == (detect_platform().name, detect_platform().facts)
