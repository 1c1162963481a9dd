"""A family in a package of its own, found by its entry point: tests/plugin_family."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.families import plugins, registry
from tvmgitlib.format.schema import checking
from tvmgitlib.library.reading import Selection, contents
from tvmgitlib.model import FamilyError, RecordError, SelectionError

PACKAGE = Path(__file__).parents[1] / "plugin_family"
ROOT = Path(__file__).parents[2]
AUTOTVM_LOG = "autotvm/t0_tvmgitlib_matmul_ga.log"

#: Everything that remembers which packages are installed.
MEMORIES: list[Any] = [
    plugins.entry_points,
    plugins.load,
    plugins.find,
    registry._others,
    checking._record_validator,
    contents._say_absent,
]


def register(site: Path, distribution: str, entry_points: str) -> Path:
    """Register a distribution in a folder of packages, as an installer does it."""
    folder = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[tvmgitlib.families]\n{entry_points}\n")
    return site


def install(site: Path) -> Path:
    """Put the package of the fourth family into a folder of packages."""
    shutil.copytree(PACKAGE / "tvmgitlib_quark", site / "tvmgitlib_quark", ignore=shutil.ignore_patterns("__pycache__"))
    said = re.search(
        r'\[project\.entry-points\."tvmgitlib\.families"\]\n(.+)\n', (PACKAGE / "pyproject.toml").read_text()
    )
    assert said is not None
    return register(site, "tvmgitlib-quark", said[1].replace('"', ""))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of packages that this process finds."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget() -> None:
    """As in a new process: what was learnt of packages is gone."""
    for memory in MEMORIES:
        memory.cache_clear()
    for module in [name for name in sys.modules if name.startswith("tvmgitlib_")]:
        del sys.modules[module]


@pytest.fixture
def quark(site: Path) -> Path:
    """The fourth family, installed for this process."""
    return install(site)


def line(tile: int = 8, ns: float | None = 1000, at: float = 1.0, by: str = "2.1", kernel: str = "blur") -> str:
    begun = {"quark": "begin", "kernel": kernel, "shape": [64, 64], "on": "llvm -mcpu=haswell", "plan": {"tile": tile}}
    result = {"failed": "build"} if ns is None else {"ns": [ns, ns]}
    return f"{json.dumps(begun)}\n{json.dumps({**begun, 'quark': 'end', **result, 'at': at, 'by': by})}\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three plans: one is fast, one slow, one fails."""
    path = tmp_path / "quark.jsonl"
    path.write_text(line(8, 2000) + line(16, 1500, 2.0) + line(32, None, 3.0))
    return path


@pytest.fixture
def quarkgit(tmp_path: Path, tvmgitlib: Callable[..., CompletedProcess[str]]) -> Callable[..., str]:
    """Run `tvmgitlib` as a process of its own, with the fourth family installed; returns its standard output."""
    site = install(tmp_path / "packages")
    path = os.pathsep.join([str(site), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = partial(tvmgitlib, "-C", tmp_path / "library", env={**os.environ, "PYTHONPATH": path})

    def checked(*arguments: object, code: int = 0) -> str:
        done = run(*arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    return checked


@pytest.mark.slow
def test_every_command_works_with_it(quarkgit: Callable[..., str], log: Path, tmp_path: Path, git: Any) -> None:
    library = tmp_path / "library"
    quarkgit("init", library)
    first = json.loads(quarkgit("--json", "import", log, "--platform", "board"))
    assert {name: first[name] for name in ("read", "failed", "kept", "workloads")} == {
        "read": 3,
        "failed": 1,
        "kept": 2,
        "workloads": 1,
    }
    (config,) = library.glob("configs/*/board/quark.jsonl")
    assert config.read_text().startswith(line(16, 1500, 2.0).splitlines()[1][:-1] + ', "x-tvmgitlib": {')

    (best,) = map(json.loads, quarkgit("--json", "best", "--family", "quark", "--tvm", "quark==2.1").splitlines())
    assert (best["family"], best["cost"], best["grade"]) == ("quark", pytest.approx(1.5e-6), "exact")
    assert "blur[64x64]" in quarkgit("best")
    (effort,) = map(json.loads, quarkgit("--json", "trials").splitlines())
    assert (effort["trials"], effort["failed"]) == (3, 1)
    assert "quark" in quarkgit("best", "--help")

    quarkgit("export", "--format", "quark", "-o", tmp_path / "best.jsonl")
    assert (tmp_path / "best.jsonl").read_text() == line(16, 1500, 2.0).splitlines()[1] + "\n"
    assert json.loads(quarkgit("--json", "import", config, "--platform", "board"))["commit"] is None

    faster = tmp_path / "faster.jsonl"
    faster.write_text(line(64, 700, 4.0))
    second = json.loads(quarkgit("--json", "import", faster, "--platform", "board"))
    jobs = [json.loads(entry)["job"] for entry in quarkgit("--json", "log", "--family", "quark").splitlines()]
    assert jobs == [second["job"], first["job"]]
    (change,) = map(json.loads, quarkgit("--json", "diff", "HEAD~1").splitlines())
    assert (change["kind"], change["ratio"]) == ("faster", pytest.approx(1500 / 700))
    quarkgit("revert", second["job"])
    assert json.loads(quarkgit("--json", "best"))["cost"] == pytest.approx(1.5e-6)
    quarkgit("check")

    config.write_text("")
    git(library, "commit", "-q", "-a", "-m", "damage")
    quarkgit("check", code=1)
    quarkgit("rebuild")
    quarkgit("check")
    assert quarkgit("driver", "textconv", config).startswith("1.500000e-06 s  ")


def test_its_rule_of_versions_is_its_own(quark: Path, library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "old.jsonl"
    log.write_text(line(by="1.9"))
    library.import_logs(log, platform="board")
    (best,) = library.best(tvm="quark==2.0", accept="any")
    assert (best.grade, best.why) == (
        "incompatible",
        "tuned with TVM 1.9, and plans of Quark 1 do not load in quark 2.0; tune it again",
    )


def test_what_is_nearly_its_own_it_refuses_in_its_words(quark: Path, library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "old.log"
    log.write_text("quark blur 64 64\n")
    with pytest.raises(RecordError, match="Quark 0") as caught:
        library.import_logs(log, platform="board", drop_torn=False)
    log.write_text("{}\n")
    with pytest.raises(RecordError, match="not a tuning record of AutoTVM, Ansor, MetaSchedule or Quark"):
        library.import_logs(log, platform="board")
    log.write_text(line().replace('"ns"', '"µs"'))
    with pytest.raises(RecordError) as caught:
        library.import_logs(log, platform="board")
    assert caught.value.line == 2


def test_one_log_may_hold_records_of_several_families(
    quark: Path, library: ConfigLibrary, log: Path, logs: Path
) -> None:
    log.write_bytes(log.read_bytes() + (logs / AUTOTVM_LOG).read_bytes())
    assert library.import_logs(log, platform="board").counts.workloads == 2
    assert library.check() == []


@pytest.fixture
def layered(quark: Path) -> None:
    """The fourth family, with logs of two files: the records do not say on which target they were made."""
    file = quark / "tvmgitlib_quark/__init__.py"
    file.write_text(
        f"{file.read_text()}\n"
        "from tvmgitlib.families.base import Layout\n"
        "Quark.layout = Layout('Quark run', 'plans.jsonl', {'on.txt': 'which names the target'}, hint='Copy both.')\n"
        "def reader(self, beside):\n"
        "    (target,) = beside['on.txt'].each(bytes.decode)\n"
        "    return lambda document, native: self.record(document, native.replace(b'TARGET', target.encode()))\n"
        "Quark.reader = reader\n"
        "record = Quark.record\n"
        "Quark.record = lambda self, _, native, workload=None: record(self, json.loads(native), native)\n"
    )


def test_a_log_may_be_several_files(layered: None, library: ConfigLibrary, tmp_path: Path, cli: Any) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "plans.jsonl").write_text(line().splitlines()[1].replace("llvm -mcpu=haswell", "TARGET") + "\n")
    assert cli("import", run, "--platform", "board").code == 4
    assert "plans.jsonl: on.txt, which names the target, is missing beside it\nCopy both." in cli.err
    (run / "on.txt").write_text("llvm -mcpu=skylake\n")
    assert library.import_logs(run, platform="board").commit
    (best,) = library.best()
    assert best.target_label == "llvm -mcpu=skylake"
    assert library.import_logs(run, platform="board").already

    job = library.begin_job(platform="board", keep_history=True)
    (job.work_dir / "plans.jsonl").write_text((run / "plans.jsonl").read_text().replace("1000", "500"))
    assert job.logs() == []
    (job.work_dir / "on.txt").write_text("llvm -mcpu=znver4\n")
    assert job.logs() == [job.work_dir]
    done = library.finish_job()
    assert done.counts.kept == 1
    assert [record.cost for record in library.kept_history(done.job or "")] == [pytest.approx(5e-7)]
    assert library.check() == []


def test_a_folder_of_no_known_log_says_what_was_looked_for(
    layered: None, library: ConfigLibrary, tmp_path: Path
) -> None:
    with pytest.raises(
        RecordError, match=r"no MetaSchedule database: .* is missing; no Quark run: plans\.jsonl is missing"
    ):
        library.import_logs(tmp_path, platform="board")


@pytest.mark.parametrize("arguments", [["best", "--family", "quark"], ["export", "--format", "quark", "-o", "x"]])
def test_a_family_that_is_not_installed_is_no_choice(cli: Any, arguments: list[str]) -> None:
    assert cli(*arguments).code == 2
    assert "'quark' is not one of 'autotvm', 'ansor', 'metaschedule'." in cli.err
    with pytest.raises(SelectionError, match="no tuner family is called 'quark'") as caught:
        Selection(family="quark")
    assert caught.value.hint == "Known here: autotvm, ansor, metaschedule."


class TestWithoutItsPackage:
    """A library that holds records of a family whose package is not installed here."""

    @pytest.fixture
    def library(self, quark: Path, library: ConfigLibrary, log: Path, logs: Path) -> ConfigLibrary:
        library.import_logs(log, platform="board")
        library.import_logs(logs / AUTOTVM_LOG, platform="board")
        shutil.rmtree(quark / "tvmgitlib_quark-1.0.dist-info")
        forget()
        return library

    @pytest.fixture(autouse=True)
    def nothing_is_lost(self, library: ConfigLibrary) -> Iterator[None]:
        before = self.state(library)
        yield
        after = self.state(library)
        assert before <= after

    @staticmethod
    def state(library: ConfigLibrary) -> set[tuple[str, bytes]]:
        files = [*library.path.glob("configs/*/*/quark.jsonl"), *library.path.glob("jobs/*/*.jsonl")]
        return {(path.as_posix(), text) for path in files for text in path.read_bytes().splitlines()}

    def test_best_leaves_its_records_out_and_says_so(self, library: ConfigLibrary, caplog: Any) -> None:
        assert [best.family for best in library.best()] == ["autotvm"]
        assert "the library has records of the tuner family 'quark'" in caplog.text
        assert "no installed package provides" in caplog.text

    @pytest.mark.parametrize("rule", ["same", "any"])
    def test_so_it_does_under_every_policy(self, library: ConfigLibrary, rule: str) -> None:
        library.configure("policy.tvm", rule)
        assert [best.family for best in library.best(tvm="hhb-tvm==0.16.dev0", accept="any")] == ["autotvm"]

    def test_so_it_does_when_configs_are_stale(self, library: ConfigLibrary, git: Any) -> None:
        git(library.path, "rm", "-q", "configs/.fold")
        git(library.path, "commit", "-q", "-m", "stale")
        assert [best.family for best in library.best()] == ["autotvm"]

    def test_effort_and_history_are_told_all_the_same(self, library: ConfigLibrary) -> None:
        assert [(effort.family, effort.trials) for effort in library.trials()] == [("autotvm", 32), ("quark", 3)]
        assert len(library.log()) == 2

    def test_check_says_what_it_cannot_prove(self, library: ConfigLibrary, cli: Any) -> None:
        assert cli("check").code == 1
        assert "no installed package provides the tuner family 'quark'; install the one that does" in cli.out

    def test_jobs_of_other_families_are_added(self, library: ConfigLibrary, logs: Path, quark: Path) -> None:
        assert library.import_logs(logs / "autotvm/t1_tvmgitlib_matmul_xgb.log", platform="board").commit
        install_again(quark)
        assert library.check() == []

    def test_jobs_of_other_families_are_reverted(self, library: ConfigLibrary, quark: Path) -> None:
        library.revert(library.log()[0].job)
        assert library.best() == []
        install_again(quark)
        assert library.check() == []

    @pytest.mark.parametrize("command", [["rebuild"], ["config", "keep", "2"], ["revert"]])
    def test_what_its_records_would_be_a_part_of_is_refused(
        self, library: ConfigLibrary, cli: Any, command: list[str], quark: Path
    ) -> None:
        head = library.commit
        arguments = [*command, library.log()[1].job] if command == ["revert"] else command
        assert cli(*arguments).code == 4
        assert "no installed package provides the tuner family 'quark'" in cli.err
        assert "Traceback" not in cli.err
        assert library.commit == head
        install_again(quark)
        if command != ["revert"]:  # which would take its records out of configs/
            assert cli(*arguments).code == 0
        assert library.check() == []

    def test_its_log_is_no_tuning_log_here(self, library: ConfigLibrary, log: Path) -> None:
        with pytest.raises(RecordError, match="not a tuning record of AutoTVM, Ansor or MetaSchedule"):
            library.import_logs(log, platform="other")


def install_again(site: Path) -> None:
    shutil.rmtree(site / "tvmgitlib_quark")
    install(site)
    forget()


class TestBroken:
    """A package that registers a family that cannot be used takes no other family down."""

    @pytest.mark.parametrize(
        ("module", "value", "why"),
        [
            (None, "tvmgitlib_bad:FAMILY", "ModuleNotFoundError: No module named 'tvmgitlib_bad'"),
            ("raise RuntimeError('no licence')", "tvmgitlib_bad:FAMILY", "RuntimeError: no licence"),
            ("import sys; sys.exit(1)", "tvmgitlib_bad:FAMILY", "SystemExit: 1"),
            ("", "tvmgitlib_bad:FAMILY", "AttributeError"),
            ("class FAMILY: name = 'bad'", "tvmgitlib_bad:FAMILY", "tvmgitlib_bad:FAMILY is a class"),
            ("FAMILY = object()", "tvmgitlib_bad:FAMILY", "tvmgitlib_bad:FAMILY has no call, claims, "),
        ],
    )
    def test_it_is_told_with_its_distribution(
        self, site: Path, cli: Any, logs: Path, tmp_path: Path, module: str | None, value: str, why: str
    ) -> None:
        register(site, "bad-family", f"bad = {value}")
        if module is not None:
            (site / "tvmgitlib_bad.py").write_text(module)
        assert cli("export", "--format", "bad", "-o", tmp_path / "x").code == 4
        assert "the tuner family 'bad' of bad-family 1.0 cannot be used: " in cli.err
        assert why in cli.err
        assert cli("import", logs / AUTOTVM_LOG, "--platform", "board").code == 0
        assert "bad-family" not in cli.err
        assert cli("best").code == 0

    def test_two_distributions_may_not_provide_one_family(self, quark: Path, cli: Any, log: Path) -> None:
        register(quark, "other-quark", "quark = tvmgitlib_quark:FAMILY")
        assert cli("import", log, "--platform", "board").code == 4
        assert "not a tuning record" in cli.err
        assert cli("export", "--format", "quark", "-o", "x").code == 4
        assert "provide the tuner family 'quark': other-quark 1.0, tvmgitlib-quark 1.0" in cli.err

    def test_no_other_package_takes_a_name_of_ours(self, site: Path, caplog: Any) -> None:
        register(site, "my-autotvm", "autotvm = tvmgitlib_quark:FAMILY")
        assert families.names() == ("autotvm", "ansor", "metaschedule")
        assert "my-autotvm 1.0 registers a tuner family called 'autotvm'" in caplog.text

    def test_a_family_that_calls_itself_otherwise(self, quark: Path) -> None:
        register(quark, "quark-too", "lepton = tvmgitlib_quark:FAMILY")
        with pytest.raises(FamilyError, match=r"of quark-too 1\.0 cannot be used: .* calls itself 'quark'"):
            families.family("lepton")

    @pytest.mark.parametrize("member", ["record", "claims", "reader", "schema"])
    def test_its_bugs_are_told_as_such(self, quark: Path, cli: Any, log: Path, member: str) -> None:
        file = quark / "tvmgitlib_quark/__init__.py"
        file.write_text(f"{file.read_text()}\nQuark.{member} = lambda *_: 1 / 0\n")
        assert cli("import", log, "--platform", "board").code == 4
        assert "the tuner family 'quark' of tvmgitlib-quark 1.0 failed: ZeroDivisionError" in cli.err
        assert "Traceback" not in cli.err

    def test_a_schema_that_is_none(self, quark: Path, cli: Any, log: Path) -> None:
        (quark / "tvmgitlib_quark/record.schema.json").write_text('{"type": "nothing"}')
        assert cli("import", log, "--platform", "board").code == 4
        assert "the schema of the tuner family 'quark' is no JSON Schema" in cli.err


def test_other_packages_are_not_looked_for_without_need(
    library: ConfigLibrary, cli: Any, logs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def never() -> None:
        raise AssertionError("packages were looked for")

    monkeypatch.setattr(plugins, "entry_points", never)
    registry._others.cache_clear()
    metaschedule = next(log for log in sorted((logs / "metaschedule").iterdir()) if log.is_dir())
    for log in (logs / AUTOTVM_LOG, logs / "ansor/mm_128x128x128.json", metaschedule):
        assert cli("import", log, "--platform", "board").code == 0, cli.err
    for command in (
        ["job", "start", "--platform", "board"],
        ["job", "abort"],
        ["--help"],
        ["best", "--family", "autotvm", "--tvm", "hhb-tvm==0.16.dev0"],
        ["trials"],
        ["log"],
        ["check"],
        ["rebuild"],
        ["export", "--format", "autotvm", "-o", tmp_path / "x"],
    ):
        assert cli(*command).code == 0, cli.err
