"""What a question reads of configs/: no more than the files and workloads that it is about, and its answer is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.library.folding import remember_fold
from tvmgitlib.library.outlines import opening
from tvmgitlib.library.reading import Grader, Lookup
from tvmgitlib.library.reading.contents import only
from tvmgitlib.library.reading.selection import WHOLE, Part
from tvmgitlib.model import TvmgitlibError, TvmVersion, parse_target

TVM = "hhb-tvm==0.16.dev0"
HASWELL = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
SKYLAKE = "llvm -mcpu=skylake -mtriple=x86_64-linux-gnu"

MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def filled(library: ConfigLibrary, make_log: MakeLog, logs: Path, once: Once) -> ConfigLibrary:
    """Two platforms, two targets, two families, several workloads of two patch levels."""

    def make() -> None:
        library.configure("keep", 2)
        for workload, platform, target, version in (
            ("conv", "box", HASWELL, "0.16.0"),
            ("dense", "box", HASWELL, "0.16.0"),
            ("dense", "box", HASWELL, "0.16.1"),
            ("dense", "box", SKYLAKE, "0.16.1"),
            ("dense", "rack", HASWELL, "0.16.1"),
            ("pool", "rack", HASWELL, "0.16.0"),
        ):
            tvm = f"hhb-tvm=={version}"
            library.import_logs(make_log(workload, [2e-3, 1e-3, 3e-3], target=target), platform=platform, tvm=tvm)
        library.import_logs(logs / "ansor" / "mm_128x128x128.json", platform="box", tvm=TVM)

    once(make)
    return library


def parts(library: ConfigLibrary) -> list[Part]:
    """Every combination of what there is, and of what there is not."""
    with library._view.reading() as contents:
        known = {stored.place for records in contents.configs().values() for stored in records}
    workloads = {place.workload for place in known}
    return [
        part
        for family in (None, "autotvm", "ansor", "metaschedule")
        for platform in (None, "box", "rack", "shed")
        for part in (
            Part(family, platform),
            Part(family, platform, named=lambda workload: "en" in workload.text),
            *(Part(family, platform, workload) for workload in workloads),
        )
    ]


@pytest.mark.parametrize("policy", ["same-minor", "same"])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "folded"])
def test_a_part_is_what_the_whole_has_of_it(
    filled: ConfigLibrary, git: Callable[..., str], policy: str, fresh: bool
) -> None:
    filled.configure("policy.tvm", policy)
    if not fresh:
        (filled.path / "configs" / ".fold").write_text("{}\n")
        git(filled.path, "commit", "--quiet", "-am", "another hand")
    with filled._view.reading() as whole, filled._view.reading() as contents:
        assert contents.is_fresh == fresh
        everything = Grader(whole, TvmVersion.parse("hhb-tvm==0.16.1")).records()
        grader = Grader(contents, TvmVersion.parse("hhb-tvm==0.16.1"))
        for part in parts(filled):
            found = {path: records for path, records in grader.records(part).items() if records}
            assert found == {path: records for path, records in only(everything, part).items() if records}
        assert grader.records(WHOLE) == everything


def test_a_question_opens_no_other_file(filled: ConfigLibrary, git: Callable[..., str], tmp_path: Path) -> None:
    for file in filled.path.glob("configs/*/rack/autotvm.jsonl"):
        file.write_bytes(b"no record\n")
    git(filled.path, "commit", "--quiet", "-am", "damage it")
    with filled._view.reading() as contents:
        remember_fold(contents)  # else nothing of configs/ would be opened
    asked = Selection(platform="box", workload="dense")
    assert len(filled.best(asked)) == 2
    assert filled.export("autotvm", tmp_path / "out.jsonl", Selection(platform="box")).records == 6
    assert len(filled.export("ansor", tmp_path / "out.jsonl").platforms) == 1
    assert {blame.platform for blame in filled.blame(asked)} == {"box"}
    with filled._view.reading() as contents:
        (workload,) = {config.place.workload for config in filled.best(asked)}
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        assert lookup.find("autotvm", parse_target(HASWELL), workload) is not None
    with pytest.raises(TvmgitlibError, match="rack"):
        filled.best()


def test_what_was_answered_is_answered_again_at_once_until_it_is_refused(filled: ConfigLibrary) -> None:
    with filled._view.reading() as contents:
        (config,) = filled.best(Selection(platform="box", workload="conv"))
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        found = [lookup.find("autotvm", parse_target(HASWELL), config.place.workload) for _ in range(2)]
        assert found[0] is not None
        assert found[0] is found[1]
        lookup.refuse(found[0], "it cannot be built here")
        second = lookup.find("autotvm", parse_target(HASWELL), config.place.workload)
        assert second is not None
        assert second.record.cost == 2e-3
        lookup.refuse(second, "nor can this one")
        assert lookup.find("autotvm", parse_target(HASWELL), config.place.workload) is None
        assert [outcome.state for outcome in lookup.summary.outcomes.values()] == ["incompatible"]


@pytest.mark.parametrize("indexed", [True, False])
def test_the_nearest_is_one_that_there_is(
    library: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    """Of jobs that do not count the index knows as well; what they found is near nothing."""
    monkeypatch.setattr(opening, "WORTH_IT", 0 if indexed else 1000)
    near = library.import_logs(make_log("dense", [1e-3], target=HASWELL), platform="box")
    library.import_logs(make_log("dense", [1e-6], target=SKYLAKE), platform="box")
    library.import_logs(make_log("dense", [1e-6], target=SKYLAKE), platform="attic")
    library.import_logs(make_log("pool", [1e-3], target=HASWELL), platform="box")
    asked = Selection(target=HASWELL, platform="rack", workload="dense")
    (words,) = library.nearest(asked)
    assert words.endswith("on box: another platform")
    library.revert(str(near.job))
    (words,) = library.nearest(asked)
    assert words.endswith("on attic: another platform, another CPU (skylake)")
    assert library.nearest(Selection(platform="rack", workload="relu")) == []
    assert len(library.nearest(Selection(platform="rack"))) == 2
