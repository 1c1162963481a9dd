"""The public TopHub logs: what they are known to hold, against what the library makes of them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.library.changes import JobResult

TOPHUB = Path(os.environ.get("TVMGITLIB_TOPHUB") or Path(__file__).parents[4] / "shared" / "data" / "tophub")
HERE = "board"

pytestmark = pytest.mark.skipif(not TOPHUB.is_dir(), reason=f"the TopHub logs are not at {TOPHUB}")

# log: read, duplicates, dropped, workloads, (target, platform) pairs
CURRENT: dict[str, tuple[int, int, int, int, int]] = {
    "llvm_v0.04": (35, 0, 0, 35, 1),
    "arm_cpu_v0.08": (1164, 0, 2, 1158, 9),
    "cuda_v0.10": (825, 1, 2, 814, 5),
    "mali_v0.06": (528, 0, 0, 528, 1),
    "intel_graphics_v0.02": (73, 30, 0, 43, 1),
}


def log(name: str) -> Path:
    return TOPHUB / f"{name}.log"


def native(name: str) -> Iterator[dict[str, Any]]:
    for line in log(name).read_bytes().splitlines():
        if not line.startswith(b"#"):
            yield json.loads(line)


def is_old(name: str) -> bool:
    return "input" not in next(native(name))


def sums_up(result: JobResult) -> bool:
    counts = result.counts
    return counts.read == counts.failed + counts.duplicates + counts.kept + counts.dropped


@pytest.fixture
def imported(cli: Any, once: Callable[..., Any]) -> Callable[[str], Any]:
    """Import a log into the library; returns what it answered."""

    def take(name: str) -> Any:
        def make() -> Any:
            return cli.json("import", log(name), "--platform", HERE)

        return once(make, name)

    return take


@pytest.mark.parametrize("name", CURRENT)
def test_an_import_counts_every_line_workload_and_platform(cli: Any, imported: Callable[[str], Any], name: str) -> None:
    read, duplicates, dropped, workloads, pairs = CURRENT[name]
    result = imported(name)
    assert {key: result[key] for key in ("read", "failed", "duplicates", "kept", "dropped")} == {
        "read": read,
        "failed": 0,
        "duplicates": duplicates,
        "kept": read - duplicates - dropped,
        "dropped": dropped,
    }
    assert result["workloads"] == result["improved"] == workloads
    found = cli.lines("best")
    assert len(found) == workloads
    assert len({(best["target"], best["platform"]) for best in found}) == pairs
    assert len(cli.lines("log")) == 1
    assert cli("check").code == 0


def test_a_pair_whose_target_is_spelt_in_two_ways_is_one() -> None:
    spellings = {record["input"][0].strip() for record in native("mali_v0.06")}
    assert len(spellings) == 2  # and CURRENT says one pair


def model(target: str) -> str | None:
    """The `-model` of a target's text."""
    found = [word.removeprefix("-model=") for word in target.split() if word.startswith("-model=")]
    return found[0] if found and found[0] != "unknown" else None


@pytest.mark.parametrize("name", CURRENT)
def test_best_is_the_minimum_of_the_log(library: ConfigLibrary, imported: Callable[[str], Any], name: str) -> None:
    """Against a minimum over the log's plain JSON, in which no code of the library takes part."""
    imported(name)
    expected: dict[tuple[str, str, str, str], float] = {}
    for record in native(name):
        target, task, args, kwargs = record["input"]
        costs, error, *_ = record["result"]
        assert error == 0
        place = (next(iter(target.split())), model(target) or HERE, task, json.dumps([args, kwargs]))
        expected[place] = min(expected.get(place, math.inf), sum(costs) / len(costs))
    found = {}
    for best in library.best():
        target, task, args, kwargs = best.record["input"]
        found[next(iter(target.split())), best.platform, task, json.dumps([args, kwargs])] = best.cost
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", CURRENT)
def test_the_same_log_again_is_the_job_it_was(
    cli: Any, imported: Callable[[str], Any], git: Callable[..., str], name: str
) -> None:
    job = imported(name)["job"]
    head = git(cli.library, "rev-parse", "HEAD")
    cli("import", log(name), "--platform", HERE)
    assert (cli.code, cli.out) == (0, f"already job {job}: nothing to do\n")
    assert git(cli.library, "rev-parse", "HEAD") == head


def test_an_older_version_of_a_log_is_known(cli: Any) -> None:
    job = cli.json("import", log("cuda_v0.10"))["job"]
    again = cli.json("import", log("cuda_v0.09"))
    assert (cli.code, again["commit"], again["read"], again["duplicates"]) == (0, None, 688, 688)
    assert again["known"] == {job: 688}
    cli("import", log("cuda_v0.09"))
    assert "688 measurements known from job" in cli.err
    assert "Nothing new" in cli.out
    assert len(cli.lines("log")) == 1


def test_a_newer_version_of_a_log_adds_what_is_new(library: ConfigLibrary) -> None:
    library.import_logs(log("cuda_v0.09"))
    before = {(best.target, best.platform, best.workload) for best in library.best()}
    newer = library.import_logs(log("cuda_v0.10"))  # the same lines, and more behind them
    assert (newer.counts.read, newer.counts.duplicates) == (825 - 688, 1)
    assert newer.counts.improved == 814 - len(before)
    assert sum(effort.trials for effort in library.trials()) == 824


@pytest.mark.parametrize(
    "path", [path for path in sorted(TOPHUB.glob("*.log")) if path.stem not in CURRENT], ids=lambda path: path.stem
)
def test_every_other_log_is_imported_or_refused_as_format_01(cli: Any, git: Callable[..., str], path: Path) -> None:
    head = git(cli.library, "rev-parse", "HEAD")
    if is_old(path.stem):
        cli("import", path, "--platform", HERE)
        assert cli.code == 4
        assert cli.err.startswith(f"error: {path}, line 3, field v: a record of AutoTVM's format 0.1")
        assert git(cli.library, "rev-parse", "HEAD") == head
        assert git(cli.library, "status", "--porcelain") == ""
    else:
        result = ConfigLibrary(cli.library).import_logs(path, platform=HERE)
        assert sums_up(result)
        assert result.counts.read == sum(1 for _ in native(path.stem))


@pytest.mark.slow
def test_all_of_it_together_is_seventeen_pairs_over_eleven_targets(library: ConfigLibrary) -> None:
    results = [library.import_logs(log(name), platform=HERE) for name in CURRENT]
    assert all(map(sums_up, results))
    found = library.best()
    assert len({(best.target, best.platform) for best in found}) == 17
    assert len({best.target for best in found}) == 11
    assert library.check() == []


def test_a_grade_says_that_only_the_log_knows_the_tvm(cli: Any, imported: Callable[[str], Any]) -> None:
    """Which TVM wrote a line is not which one tuned it: the source is a part of the answer."""
    imported("cuda_v0.10")
    stamps = {
        json.loads(line)["tvm_version"] for line in log("cuda_v0.10").read_bytes().splitlines() if line[:1] == b"{"
    }
    said = max(stamps)
    found = cli.lines("best", "--tvm", f"apache-tvm=={said}", "--accept", "any")
    assert {best["grade"] for best in found if best["written_by"] == said} == {"exact"}
    for best in found:
        assert best["tuned_with"]["source"] == "log"
        assert best["grade"] != "exact" or f"tuned with TVM {best['written_by']}, as the log says" in best["why"]


#: An old log, its newest version in format 0.2; how many lines of the old one become the task of a line of the newer
#: one, and how many also have its config. TopHub has tuned the rest of mali_v0.01's tasks again since.
UPGRADED: dict[tuple[str, str], tuple[int, int, int]] = {
    ("llvm_v0.01", "llvm_v0.04"): (35, 35, 35),
    ("llvm_v0.02", "llvm_v0.04"): (35, 35, 35),
    ("llvm_v0.03", "llvm_v0.04"): (35, 35, 35),
    ("intel_graphics_v0.01", "intel_graphics_v0.02"): (73, 73, 73),
    ("mali_v0.01", "mali_v0.06"): (126, 126, 44),
    ("mali_v0.05", "mali_v0.06"): (528, 528, 528),
}


@pytest.mark.parametrize(("older", "newer"), UPGRADED)
def test_old_lines_become_what_tophub_made_of_them(
    library: ConfigLibrary, tmp_path: Path, older: str, newer: str
) -> None:
    def task(document: dict[str, Any]) -> str:
        return json.dumps(document["input"][1:])

    def config(document: dict[str, Any]) -> str:
        return json.dumps([document["input"][1:], document["config"]["index"], document["config"]["entity"]])

    tasks, configs = set(map(task, native(newer))), set(map(config, native(newer)))
    lines = [json.loads(families.upgraded(document) or b"") for document in native(older)]
    found = [task(document) in tasks for document in lines], [config(document) in configs for document in lines]
    assert (len(lines), *map(sum, found)) == UPGRADED[older, newer]
    result = library.import_logs(log(older), platform=HERE, upgrade=True)
    assert (result.upgraded, result.without_rule, sums_up(result)) == (len(lines), {}, True)
