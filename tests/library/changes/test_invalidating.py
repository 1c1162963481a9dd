from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.library.changes import Condemned
from tvmgitlib.model import JobError, SelectionError
from tvmgitlib.rules.matching import FactRule, TvmRule

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def mixed(library: ConfigLibrary, make_log: MakeLog, once: Once) -> ConfigLibrary:
    """Jobs of three TVM versions on two platforms, two records each."""

    def make() -> None:
        for minor in (16, 17, 18):
            for platform in ("fan", "nofan"):
                log = make_log("dense", [2e-3, 1e-3], version=f"0.{minor}.dev0")
                library.import_logs(log, platform=platform, facts={"driver": f"5{minor}.1", "cooling": platform})

    once(make)
    return library


@pytest.mark.parametrize(
    ("condemned", "invalidated", "left"),
    [
        (Condemned(tvm=TvmRule.parse("<0.18.dev0")), 8, 2),
        (Condemned(tvm=TvmRule.parse("apache-tvm<0.17.dev0", with_unknown=True)), 4, 4),
        (Condemned(tvm=TvmRule.parse("==0.17.*")), 4, 4),
        (Condemned(Selection(platform="fan")), 6, 3),
        (Condemned(facts=(FactRule.parse("driver<517"),)), 4, 4),
        (Condemned(facts=(FactRule.parse("cooling==fan"), FactRule.parse("driver>=517"))), 4, 4),
        (Condemned(older_than=timedelta(days=1)), 12, 0),
    ],
)
def test_exactly_what_meets_every_condition_leaves(
    mixed: ConfigLibrary, condemned: Condemned, invalidated: int, left: int
) -> None:
    done = mixed.invalidate(condemned, "a reason")
    assert done.invalidated == invalidated
    assert len(mixed.best()) == left
    assert mixed.check() == []
    mixed.revert(done.job)
    assert len(mixed.best()) == 6
    assert mixed.check() == []


def test_jobs_merged_in_later_are_not_touched(mixed: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    git(mixed.path, "switch", "--quiet", "-c", "side")
    mixed.import_logs(make_log("dense", [5e-3], version="0.16.dev0"), platform="fan")
    git(mixed.path, "switch", "--quiet", "main")
    done = mixed.invalidate(Condemned(tvm=TvmRule.parse("<0.17.dev0")), "old")
    mixed.merge("side")
    fan = [config for config in mixed.best(Selection(platform="fan")) if config.tuned_with.minor == "0.16"]
    assert [config.cost for config in fan] == [5e-3]
    mixed.revert(done.job)
    assert next(config.cost for config in mixed.best(Selection(platform="fan"))) == 1e-3
    assert mixed.check() == []


def test_what_is_invalid_already_is_not_named_again(mixed: ConfigLibrary) -> None:
    condemned = Condemned(Selection(platform="fan"))
    mixed.invalidate(condemned, "hot")
    with pytest.raises(SelectionError, match="no record that holds now"):
        mixed.invalidate(condemned, "hot")


def test_no_condition_and_no_reason_are_refused(mixed: ConfigLibrary) -> None:
    with pytest.raises(SelectionError, match="everything is never meant"):
        mixed.invalidate(Condemned(), "all")
    with pytest.raises(JobError, match="needs a reason"):
        mixed.invalidate(Condemned(job="0"), " ")


def test_what_names_no_distribution_is_only_meant_when_one_says_so(
    mixed: ConfigLibrary, cli: Any, make_log: MakeLog
) -> None:
    named = mixed.import_logs(make_log("conv", [1e-3]), platform="fan", tvm="apache-tvm==0.16.0").job
    other = make_log("pool", [1e-3])
    mixed.import_logs(other, platform="fan", tvm="hhb-tvm==0.16.dev0")
    done = mixed.invalidate(Condemned(tvm=TvmRule.parse("apache-tvm<0.17.dev0")), "a reason")
    assert (done.invalidated, list(done.jobs), done.unsure) == (1, [named], 4)
    with pytest.raises(SelectionError) as caught:
        mixed.invalidate(Condemned(tvm=TvmRule.parse("apache-tvm<0.17.dev0")), "a reason")
    assert "4 would" in str(caught.value.hint)
    assert "--with-unknown" in str(caught.value.hint)
    cli("invalidate", "--tvm", "hhb-tvm<0.17.dev0", "--reason", "a reason")
    assert "4 records left" in cli.err
    result = cli.json("invalidate", "--tvm", "apache-tvm<0.17.dev0", "--with-unknown", "--reason", "a reason")
    assert (result["invalidated"], result["unsure"]) == (4, 0)


def test_a_rule_without_a_distribution_is_of_any(mixed: ConfigLibrary) -> None:
    done = mixed.invalidate(Condemned(tvm=TvmRule.parse("<0.17.dev0")), "a reason")
    assert (done.invalidated, done.unsure) == (4, 0)


def test_a_dry_run_foresees_what_an_invalidation_does_and_commits_nothing(mixed: ConfigLibrary) -> None:
    condemned = Condemned(tvm=TvmRule.parse("<0.17.dev0"))
    before = mixed.commit
    foreseen = mixed.invalidate(condemned, "old", dry_run=True)
    assert (foreseen.job, foreseen.commit, mixed.commit) == (None, None, before)
    done = mixed.invalidate(condemned, "old")
    assert replace(done, job=None, commit=None) == foreseen
    with pytest.raises(SelectionError):
        mixed.invalidate(condemned, "old", dry_run=True)
