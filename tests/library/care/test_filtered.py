"""Clones for builds: they answer as whole ones do, from what came with them, or say what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes import Condemned
from tvmgitlib.library.reading import Lookup
from tvmgitlib.model import GitError, LibraryError, MissingError, TvmgitlibError, TvmVersion, Workload, parse_target

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]

TVM = "hhb-tvm==0.16.dev0"
HASWELL = parse_target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu")


@pytest.fixture
def library(library: ConfigLibrary, make_log: MakeLog, git: Git, once: Once) -> ConfigLibrary:
    """Three jobs of two workloads; whoever clones may leave out what they like."""

    def make() -> None:
        for number, workload in enumerate(("conv", "dense", "dense")):
            library.import_logs(make_log(workload, [3e-3 - number * 1e-3, 4e-3]), platform="box", tvm=TVM)
        git(library.path, "config", "uploadpack.allowFilter", "true")

    once(make)
    return library


@pytest.fixture
def for_builds(library: ConfigLibrary, tmp_path: Path) -> Callable[[], ConfigLibrary]:
    """Clones the library, and takes it away for as long as the clone is asked: nothing can be fetched any more."""

    def make() -> ConfigLibrary:
        copy = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", filtered=True)
        library.path.rename(tmp_path / "away")
        return copy

    return make


@pytest.fixture
def whole(tmp_path: Path) -> Callable[[], ConfigLibrary]:
    """The library, when it was taken away."""
    return lambda: ConfigLibrary(tmp_path / "away")


def answers(library: ConfigLibrary) -> list[Any]:
    """What lookups, `best` and what is asked of a clone at one commit say."""
    found: list[Any] = [each.to_json() for each in library.best()]
    found += [each.to_json() for each in library.best(tvm=TVM, accept="any")]
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box")
        for name in ("conv", "dense", "pool"):
            lookup.find("autotvm", HASWELL, Workload("autotvm", f'["{name}",[8,8,"float32"]]'))
    found += [(each.workload, each.state, each.why) for each in lookup.summary.outcomes.values()]
    return [*found, library.diff("HEAD")]


def forge(path: Path, git: Git) -> None:
    """Make a record of configs/ ten times faster than its job says, and leave the stamp as it is."""
    (configs,) = path.glob("configs/*/*/autotvm.jsonl")
    configs.write_bytes(configs.read_bytes().replace(b"[0.001]", b"[0.0001]"))
    git(path, "commit", "-q", "-am", "Forge it")


def segments_here(library: ConfigLibrary, git: Git) -> int:
    listed = git(library.path, "rev-list", "--objects", "--missing=print", "HEAD").split("\n")
    missing = {line[1:] for line in listed if line.startswith("?")}
    there = git(library.path, "ls-tree", "-r", "--format=%(objectname)", "HEAD", "jobs/").split()
    return len([oid for oid in there if oid not in missing])


def test_it_answers_as_the_whole_one_does(
    for_builds: Callable[[], ConfigLibrary], whole: Callable[[], ConfigLibrary], git: Git, tmp_path: Path
) -> None:
    part = for_builds()
    assert answers(part) == answers(whole())
    assert part.pin(local=True).configs == whole().pin(local=True).configs
    for name, each in (("part", part), ("whole", whole())):
        each.export("autotvm", tmp_path / f"{name}.log")
    assert (tmp_path / "part.log").read_bytes() == (tmp_path / "whole.log").read_bytes()
    assert segments_here(part, git) == 2
    assert git(part.path, "status", "--porcelain") == ""
    assert (part.path / "configs").is_dir()
    assert not (part.path / "jobs").exists()
    assert git(part.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == "origin/main"


def test_its_remotes_word_is_no_proof_to_any_other_clone(
    library: ConfigLibrary, git: Git, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forge(library.path, git)
    part = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", filtered=True)
    assert min(config.cost for config in part.best()) == 1e-4  # the remote's word
    part.pin(local=True)
    assert "unproven" in caplog.text
    whole = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "whole")
    assert min(config.cost for config in whole.best()) == 1e-3
    with pytest.raises(LibraryError, match="not what jobs/ fold to"):
        whole.pin(local=True)
    git(part.path, "fetch", "-q", "--unshallow")
    git(part.path, "fetch", "-q", "--refetch", "--no-filter")
    assert min(config.cost for config in ConfigLibrary(part.path).best()) == 1e-3  # what can be proven, is


@pytest.fixture
def signed(library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Callable[[Path, str], str]) -> ConfigLibrary:
    """The library with a signed job more, that of the best `dense`, and a `conv`; only what is signed is trusted."""
    sign(library.path, "tess")
    allowed = library.path.with_name("allowed")
    allowed.write_text(f"tess@example.com {library.path.with_name('key-tess.pub').read_text()}")
    git(library.path, "config", "--global", "tvmgitlib.allowedSigners", str(allowed))
    git(library.path, "config", "--global", "tvmgitlib.trust", "signed")
    for workload, cost in (("dense", 5e-4), ("conv", 1e-3)):
        library.import_logs(make_log(workload, [cost, 1.5e-3]), platform="box", tvm=TVM)
    return library


def test_signatures_come_with_it(
    signed: ConfigLibrary, for_builds: Callable[[], ConfigLibrary], whole: Callable[[], ConfigLibrary], git: Git
) -> None:
    part = for_builds()
    assert segments_here(part, git) == 2 * 2
    assert answers(part) == answers(whole())
    assert [config.grade for config in part.best(tvm=TVM)] == ["exact", "exact"]


@pytest.mark.parametrize("by", ["an unsigned job", "a forged line"])
def test_what_nobody_trusted_has_signed_brings_every_job(
    signed: ConfigLibrary,
    for_builds: Callable[[], ConfigLibrary],
    whole: Callable[[], ConfigLibrary],
    make_log: MakeLog,
    git: Git,
    by: str,
) -> None:
    if by == "a forged line":
        forge(signed.path, git)
    else:
        git(signed.path, "config", "tvmgitlib.sign", "none")
        signed.import_logs(make_log("conv", [1e-4, 2e-4], [7, 8]), platform="box", tvm=TVM)
    part = for_builds()
    assert sorted(config.cost for config in part.best(tvm=TVM)) == [5e-4, 1e-3]
    assert answers(part) == answers(whole())


def test_a_signature_that_is_missing_is_not_found_wrong(signed: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    part = ConfigLibrary.clone(signed.path.as_uri(), tmp_path / "part", filtered=True)
    signed.import_logs(next(tmp_path.glob("log-1.log")), platform="pc", tvm=TVM)
    git(part.path, "pull", "-q")
    with pytest.raises(MissingError, match="tvmgitlib sync"):
        part.best(tvm=TVM)
    part.sync()
    assert {config.grade for config in part.best(tvm=TVM)} == {"exact"}


@pytest.mark.parametrize(
    "command",
    [
        ("trials",),
        ("log",),
        ("job", "show", "JOB"),
        ("platform", "show", "box"),
        ("rebuild",),
        ("revert", "JOB"),
        ("invalidate", "--job", "JOB", "--reason", "hot"),
        ("import", "LOG", "--platform", "box"),
        ("config", "keep", "2"),
    ],
)
def test_what_asks_for_jobs_says_what_is_missing_and_changes_nothing(
    for_builds: Callable[[], ConfigLibrary], make_log: MakeLog, cli: Any, command: tuple[str, ...]
) -> None:
    part = for_builds()
    words = {"JOB": part.best()[0].job, "LOG": str(make_log("dense", [1e-4]))}
    cli.library, before = part.path, part.commit
    assert cli(*(words.get(word, word) for word in command)).code == 4
    assert "the object is missing from this clone" in cli.err
    assert "Run git fetch --refetch --no-filter" in cli.err
    assert part.commit == before


def test_check_finds_nothing_sound_that_it_cannot_see(
    for_builds: Callable[[], ConfigLibrary], git: Git, tmp_path: Path
) -> None:
    part = for_builds()
    said = " ".join(problem.message for problem in part.check())
    assert "missing from this clone" in said
    assert "cut off" in said
    with pytest.raises(TvmgitlibError, match="no commit"):
        part.diff("HEAD~1")
    (tmp_path / "away").rename(tmp_path / "library")
    git(part.path, "fetch", "-q", "--unshallow")
    git(part.path, "fetch", "-q", "--refetch", "--no-filter")
    assert part.check() == []
    assert len(part.log()) == 3


def test_modules_come_with_it(
    library: ConfigLibrary,
    for_builds: Callable[[], ConfigLibrary],
    whole: Callable[[], ConfigLibrary],
    logs: Path,
    git: Git,
    tmp_path: Path,
) -> None:
    library.import_logs(logs / "metaschedule" / "v27_mm128", platform="pc")
    part = for_builds()
    for name, each in (("part", part), ("whole", whole())):
        each.export("metaschedule", tmp_path / f"{name}-db")
    for file in (tmp_path / "part-db").iterdir():
        assert file.read_bytes() == (tmp_path / "whole-db" / file.name).read_bytes()
    assert segments_here(part, git) == 3  # those that have the best of each workload


@pytest.mark.parametrize(
    ("why", "here"),
    [
        ("facts", 2),
        ("age", 3),
        ("invalidated", 4),
        ("baseline", 4),
        ("own baseline", 2),
        ("stale", 3),
        ("far ahead", 4),
        ("floor", 3),
        ("one config", 4),
    ],
)
def test_so_does_every_other_job_that_answers_are_made_of(
    library: ConfigLibrary,
    for_builds: Callable[[], ConfigLibrary],
    whole: Callable[[], ConfigLibrary],
    make_log: MakeLog,
    git: Git,
    why: str,
    here: int,
) -> None:
    if why == "facts":
        library.configure("policy.facts", ["cooling"])
    elif why == "age":
        library.configure("policy.max-age", "1040w")
    elif why == "invalidated":
        library.invalidate(Condemned(job=library.best()[0].job), "hot")
    elif why == "floor":
        library.configure("policy.min-cost", 0.01)
    elif why == "far ahead":
        library.import_logs(make_log("dense", [1e-9, *[3e-3] * 8]), platform="box", tvm=TVM)
    elif why == "one config":  # of how many nobody knows without the other jobs
        library.import_logs(make_log("dense", [1e-4]), platform="box", tvm=TVM)
    elif why == "stale":
        (library.path / "configs" / ".fold").unlink()
        git(library.path, "commit", "-q", "-am", "Lose the stamp")
    else:
        workloads = ("conv", "dense") if why == "own baseline" else ("dense",)
        for workload in workloads:
            job = library.begin_job(platform="box", tvm=TVM)
            shutil.copy(make_log(workload, [2.5e-3] if why == "baseline" else [1e-5, 2e-5]), job.log)
            job.note_baseline(("autotvm", HASWELL.target.key, f'["{workload}",[8,8,"float32"]]'), 0.5e-3)
            library.finish_job(job.id)
    part = for_builds()
    assert segments_here(part, git) == here
    assert answers(part) == answers(whole())


def test_sync_keeps_it_as_it_is(
    library: ConfigLibrary, make_log: MakeLog, logs: Path, git: Git, tmp_path: Path, cli: Any
) -> None:
    part = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", filtered=True)
    for workload in ("dense", "pool"):
        library.import_logs(make_log(workload, [1e-4, 2e-4]), platform="box", tvm=TVM)
    library.import_logs(logs / "metaschedule" / "v27_mm128", platform="pc")
    cli.library = part.path
    assert len(cli.json("sync")["received"]) == 3
    library.path.rename(tmp_path / "away")
    assert part.commit == ConfigLibrary(tmp_path / "away").commit
    assert answers(part) == answers(ConfigLibrary(tmp_path / "away"))
    part.export("metaschedule", tmp_path / "out")
    assert segments_here(part, git) == 5
    assert git(part.path, "status", "--porcelain") == ""
    assert not (part.path / "jobs").exists()
    with pytest.raises(MissingError):
        part.trials()


def test_a_sync_that_nobody_else_changed_completes_it_after_a_plain_pull(
    library: ConfigLibrary, logs: Path, git: Git, tmp_path: Path
) -> None:
    part = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", filtered=True)
    library.import_logs(logs / "metaschedule" / "v27_mm128", platform="pc")
    git(part.path, "pull", "-q")
    with pytest.raises(MissingError, match="tvmgitlib sync"):
        part.export("metaschedule", tmp_path / "out")
    with pytest.raises(MissingError, match="tvmgitlib sync"):  # whether it is as fast as it seems is not known
        part.best(tvm=TVM, accept="any")
    part.sync()
    assert part.export("metaschedule", tmp_path / "out").records == 1


def test_sync_of_a_plain_partial_clone_fills_its_work_tree(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--filter=blob:none", library.path.as_uri(), "part")
    library.import_logs(make_log("dense", [1e-4]), platform="box")
    part = ConfigLibrary(tmp_path / "part")
    assert len(part.sync().received) == 1
    assert part.trials() == library.trials()
    assert git(part.path, "status", "--porcelain") == ""


def test_jobs_in_the_queue_are_for_others_to_fold(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "remote.git")
    git(tmp_path / "remote.git", "config", "uploadpack.allowFilter", "true")
    url = (tmp_path / "remote.git").as_uri()
    part = ConfigLibrary.clone(url, tmp_path / "part", filtered=True)
    other = ConfigLibrary.clone(url, tmp_path / "other")
    other.import_logs(make_log("dense", [1e-4]), platform="box")
    other.sync(queue=True)
    assert part.sync().received == ()
    assert git(tmp_path / "remote.git", "for-each-ref", "refs/tvmgitlib/jobs/") != ""
    other.sync()
    assert len(part.sync().received) == 1


def test_a_server_that_filters_nothing_gives_the_latest_commit(
    library: ConfigLibrary, git: Git, tmp_path: Path
) -> None:
    git(library.path, "config", "--unset", "uploadpack.allowFilter")
    part = ConfigLibrary.clone(str(library.path), tmp_path / "part", filtered=True)
    assert part.trials() == library.trials()
    assert git(part.path, "rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.parametrize("branch", [None, "kernels"])
def test_the_branch_is_chosen_as_for_a_whole_clone(
    library: ConfigLibrary, git: Git, tmp_path: Path, branch: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    git(library.path, "branch", "-m", "main", "kernels")
    git(library.path, "switch", "-q", "--orphan", "code")
    git(library.path, "commit", "-q", "--allow-empty", "-m", "Code")
    part = ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", branch=branch, filtered=True)
    assert len(part.best()) == 2
    assert git(part.path, "status", "--porcelain") == ""
    assert git(part.path, "rev-parse", "--abbrev-ref", "@{upstream}").strip() == "origin/kernels"
    with pytest.raises(LibraryError, match="no library"):
        ConfigLibrary.clone(library.path.as_uri(), tmp_path / "none", branch="code", filtered=True)
    assert not (tmp_path / "none").exists()


def test_one_that_cannot_be_completed_is_not_left_behind(
    library: ConfigLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--stdin*--*origin*) echo "fatal: denied" >&2; exit 128;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(GitError, match="denied"):
        ConfigLibrary.clone(library.path.as_uri(), tmp_path / "part", filtered=True)
    assert not (tmp_path / "part").exists()


def test_the_command_line_makes_one(library: ConfigLibrary, tmp_path: Path, tvmgitlib: Callable[..., Any]) -> None:
    done = tvmgitlib("clone", "--filter", library.path.as_uri(), tmp_path / "part")
    assert done.returncode == 0, done.stderr
    with pytest.raises(MissingError):
        ConfigLibrary(tmp_path / "part").trials()
