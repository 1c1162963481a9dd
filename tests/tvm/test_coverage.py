"""Coverage of models on a real TVM: the states that builds come to, and shares of the latency computed by hand.

What is on record is written here with TVM's own writers, so that every cost is known.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes import Condemned
from tvmgitlib.live.coverage import Coverage
from tvmgitlib.live.metaschedule.tvm import meta_schedule
from tvmgitlib.live.tasks import expand
from tvmgitlib.model import PlatformError, TargetError, TvmError

pytestmark = pytest.mark.tvm("0.16", "0.25", "0.27")

FOLDER = Path(__file__).parent

work = SimpleNamespace(**runpy.run_path(str(FOLDER / "metaschedule_job.py")))

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
HHB = "hhb-tvm==0.16.dev0"
OLDER = "hhb-tvm==0.15.0"


def states(coverage: Coverage) -> dict[str, tuple[str, bool]]:
    """The state of each workload, and whether a build applies a record."""
    return {task.workload: (task.state, task.is_covered) for task in coverage.tasks}


def states_in_build(library: ConfigLibrary, wanted: Coverage) -> dict[str, tuple[str, bool]]:
    """The same, as the library's last build came to it, of the tasks that it has in common with what is wanted."""
    found = {}
    for outcome in library.summary().outcomes.values():
        text = outcome.workload.rpartition("  [")[2].removesuffix("]") if outcome.family == "metaschedule" else None
        found[text or outcome.workload] = (outcome.state, outcome.stored is not None)
    return {workload: found[workload] for workload in states(wanted) if workload in found}


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


# AutoTVM

on_016 = pytest.mark.tvm("0.16")


@pytest.fixture(scope="module")
def model() -> Any:
    """Two convolutions and a dense layer in Relay, with parameters: for AutoTVM these are four tasks."""
    return runpy.run_path(str(FOLDER / "autotvm_job.py"))["network"]()


def autotvm_log(path: Path, task: Any, *costs: float, error: int = 0) -> Path:
    """A log of a config for each cost, in seconds."""
    from tvm.autotvm.measure import MeasureInput, MeasureResult
    from tvm.autotvm.record import encode

    configs = [task.config_space.get(number) for number in range(len(costs))]
    results = [MeasureResult((cost,), error, 0.1, 1.6e9 + number) for number, cost in enumerate(costs)]
    inputs = [MeasureInput(task.target, task, config) for config in configs]
    return write(path, [encode(*pair) for pair in zip(inputs, results, strict=True)])


@pytest.fixture
def autotvm_library(library: ConfigLibrary, model: Any, tmp_path: Path) -> ConfigLibrary:
    """A library in which the model's tasks are exact, stale, slower than untuned, and missing."""
    exact, stale, slower, _ = (each.task for each in expand(model, TARGET))
    library.import_logs(autotvm_log(tmp_path / "1", exact, 5e-3, 1e-3), platform="board", tvm=HHB)
    library.import_logs(autotvm_log(tmp_path / "2", exact, 4e-4), platform="board", tvm=OLDER)
    library.import_logs(autotvm_log(tmp_path / "3", stale, 2e-3), platform="board", tvm=OLDER)
    with library.job(TARGET, platform="board") as job:
        job.append(autotvm_log(tmp_path / "4", slower, 4e-3).read_text().splitlines())
        job.journal.note_baseline(job.place(slower), 3e-3)
    return library


@on_016
@pytest.mark.parametrize(("accept", "covered"), [("exact", 1e-3), ("stale", 1e-3 + 2e-3)])
def test_a_relay_modules_tasks_are_in_the_states_that_a_build_of_it_finds(
    autotvm_library: ConfigLibrary, model: Any, accept: Any, covered: float
) -> None:
    import tvm
    from tvm import relay

    library, (module, params) = autotvm_library, model
    found = library.coverage(model, target=TARGET, platform="board", accept=accept)
    assert [(task.state, task.cost, task.baseline, task.estimate) for task in found.tasks] == [
        ("exact", 1e-3, None, 1e-3),
        ("stale", 2e-3, None, 2e-3),
        ("slower", 4e-3, 3e-3, 3e-3),
        ("missing", None, None, None),
    ]
    assert [(task.trials, task.all_trials) for task in found.tasks] == [(2, 3), (0, 1), (1, 1), (0, 0)]
    assert found.share == pytest.approx(covered / (1e-3 + 2e-3 + 3e-3))
    assert [task.workload_label.partition("(")[0] for task in found.without_estimate] == ["dense_pack.x86"]

    with library.using(platform="board", accept=accept), tvm.transform.PassContext(opt_level=3):
        relay.build(module, target=TARGET, params=params)
    assert states_in_build(library, found) == states(found)


@on_016
def test_what_is_invalidated_is_not_covered_until_that_is_undone(autotvm_library: ConfigLibrary, model: Any) -> None:
    library, task = autotvm_library, expand(model, TARGET)[0].task
    jobs = [entry.job for entry in reversed(library.log())]
    steps = [
        (lambda: library.invalidate(Condemned(job=jobs[0]), "the fan was off"), ("stale", 4e-4, 0)),
        (lambda: library.invalidate(Condemned(job=jobs[1]), "the same"), ("invalidated", 4e-4, 0)),
        (lambda: library.revert(library.log()[1].job), ("exact", 1e-3, 2)),
    ]
    for step, expected in steps:
        step()
        (found,) = library.coverage(task, platform="board").tasks
        assert (found.state, found.cost, found.trials) == expected
        assert (found.is_covered, found.all_trials) == (expected[0] == "exact", 3)


@on_016
def test_what_only_failed_is_estimated_by_its_baseline(library: ConfigLibrary, model: Any, tmp_path: Path) -> None:
    task = expand(model, TARGET)[0].task
    with library.job(TARGET, platform="board") as job:
        job.append(autotvm_log(tmp_path / "1", task, 1e9, 1e9, error=4).read_text().splitlines())
        job.journal.note_baseline(job.place(task), 7e-3)
    found = library.coverage(task, platform="board")
    assert [(each.state, each.cost, each.estimate, each.trials) for each in found.tasks] == [("missing", None, 7e-3, 2)]
    assert (found.share, found.without_estimate) == (0.0, [])


@on_016
def test_the_same_task_twice_counts_once_with_its_weight(autotvm_library: ConfigLibrary, model: Any) -> None:
    first, second, *_ = (each.task for each in expand(model, TARGET))
    found = autotvm_library.coverage(([first, second, first], [2, 5, 1]), platform="board")
    assert [task.weight for task in found.tasks] == [3, 5]
    assert found.share == pytest.approx(3 * 1e-3 / (3 * 1e-3 + 5 * 2e-3))


@on_016
@pytest.mark.parametrize("family", ["autotvm", "ansor", "metaschedule"])
def test_a_relay_module_for_a_board_is_taken_apart_without_a_download(
    library: ConfigLibrary, model: Any, family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tvm.autotvm import tophub

    asked: list[Any] = []
    monkeypatch.setattr(tophub, "download_package", lambda *arguments: asked.append(arguments))
    monkeypatch.setenv(tophub.AUTOTVM_TOPHUB_LOC_VAR, "https://tophub.example.com")
    target = "llvm -device=arm_cpu -mtriple=aarch64-linux-gnu -mattr=+neon"
    found = library.coverage(model, target=target, family=family)
    assert len(found.tasks) >= 3 and {task.family for task in found.tasks} == {family}
    assert asked == []
    assert tophub._get_tophub_location() == "https://tophub.example.com"
    assert tophub.REFERENCE_LOG_CACHE == {}
    for task in found.tasks:  # and where nothing says the platform nothing is covered
        assert (task.state, task.platform, task.estimate, task.all_trials) == ("missing", None, None, 0)
        assert "name it (--platform NAME, platform=" in task.why
    assert (found.share, found.line) == (
        None,
        f"0 of {len(found.tasks)} tasks covered ({len(found.tasks)} missing); no task has an estimate of its latency",
    )


@on_016
def test_a_module_that_tvm_cannot_lower_is_refused_and_not_taken_for_one_without_tasks(library: ConfigLibrary) -> None:
    from tvm import IRModule, relay

    x, w = relay.var("x", shape=(1, 8, 8, 8)), relay.var("w", shape=(8, 8, 3, 3))
    module = IRModule.from_expr(relay.nn.conv2d(x, w, kernel_layout="XYZW"))
    for family in ("autotvm", "ansor", "metaschedule"):
        with pytest.raises(TvmError, match="TVM cannot take tasks out of the module"):
            library.coverage(module, target=TARGET, family=family)  # type: ignore[arg-type]


# Ansor


def ansor_log(path: Path, task: Any, cost: float) -> Path:
    """A log of the schedule that does nothing."""
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    given = auto_scheduler.MeasureInput(task, task.compute_dag.get_init_state())
    result = auto_scheduler.MeasureResult([cost], 0, "", 0.1, 1.6e9)
    return write(path, [dump_record_to_string(given, result).rstrip("\n")])


@on_016
@pytest.mark.parametrize(("accept", "covered"), [("exact", 2 * 1e-3), ("stale", 2 * 1e-3 + 5e-4)])
def test_ansors_tasks_weigh_as_often_as_the_model_runs_them(
    library: ConfigLibrary, tmp_path: Path, accept: Any, covered: float
) -> None:
    import numpy
    import tvm
    from tvm import IRModule, auto_scheduler, relay

    shapes = {"w1": (32, 32), "w2": (32, 32), "w3": (16, 32)}
    y = relay.var("x", shape=(1, 32))
    for name, shape in shapes.items():
        y = relay.nn.relu(relay.nn.dense(y, relay.var(name, shape=shape)))
    params = {name: numpy.ones(shape, "float32") for name, shape in shapes.items()}
    module = IRModule.from_expr(y)
    tasks, weights = auto_scheduler.extract_tasks(module, params, tvm.target.Target(TARGET))
    twice, once = sorted(tasks, key=lambda task: -weights[tasks.index(task)])
    library.import_logs(ansor_log(tmp_path / "twice", twice, 1e-3), platform="board", tvm=HHB)
    library.import_logs(ansor_log(tmp_path / "once", once, 5e-4), platform="board")  # no log of Ansor's names its TVM

    for given, told in (((module, params), {"family": "ansor", "target": TARGET}), ((tasks, weights), {})):
        found = library.coverage(given, platform="board", accept=accept, **told)
        assert sorted((task.weight, task.state, task.cost) for task in found.tasks) == [
            (1, "stale", 5e-4),
            (2, "exact", 1e-3),
        ]
        assert found.share == pytest.approx(covered / (2 * 1e-3 + 5e-4))
    config = {"relay.backend.use_auto_scheduler": True}
    with (
        library.using(platform="board", accept=accept),
        tvm.transform.PassContext(3, config=config, disabled_pass={"AutoSchedulerLayoutRewrite"}),
    ):
        relay.build(module, target=TARGET, params=params)
    assert states_in_build(library, found) == states(found)


# MetaSchedule


def metaschedule_log(folder: Path, costs: Mapping[Any, float]) -> Path:
    """A database of the schedule that does nothing, for each module with its cost in seconds."""
    ms = meta_schedule()
    folder.mkdir()
    database = ms.database.JSONDatabase(work_dir=str(folder))
    try:
        from tvm.s_tir import Schedule
    except ImportError:
        from tvm.tir import Schedule
    for module, cost in costs.items():
        workload = database.commit_workload(module)
        arguments = ms.arg_info.ArgInfo.from_entry_func(module)
        trace = Schedule(module).trace
        record = ms.database.TuningRecord(trace, workload, [cost], work.live_target(), arguments)
        database.commit_tuning_record(record)
    return folder


def functions(*sizes: int) -> list[Any]:
    return [work.matmul(size) for size in sizes]


def module_of(function: Any) -> Any:
    """The module that TVM's databases name for a function."""
    return meta_schedule().TuneContext(mod=function).mod


def test_functions_need_a_target_and_a_module_of_them_is_a_task_each(library: ConfigLibrary, tmp_path: Path) -> None:
    small, large = functions(16, 32)
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(small): 1e-3}), platform="board")
    with pytest.raises(TargetError, match="--target TARGET"):
        library.coverage(small)
    for given in ([small, large], work.two_functions(), lambda: (large, small)):
        for target in (TARGET, work.TARGET, work.live_target()):
            found = library.coverage(given, target=target, platform="board")
            assert sorted((task.state, task.cost, task.trials) for task in found.tasks) == [
                ("exact", 1e-3, 1),
                ("missing", None, 0),
            ]
            assert (found.share, len(found.without_estimate)) == (1.0, 1)


@pytest.mark.parametrize("database", ["hhb_mm128", "v25_mm128", "v27_mm128"])
def test_what_another_tvm_tuned_is_incompatible_and_its_cost_an_estimate(
    library: ConfigLibrary, tmp_path: Path, logs: Path, database: str
) -> None:
    library.import_logs(logs / "metaschedule" / database, platform="board")
    (best,) = library.best()
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1e-4}), platform="board")
    target = {**work.TARGET, "mcpu": "haswell" if database == "hhb_mm128" else "skylake-avx512"}
    (found,) = library.coverage(work.matmul(128), target=target, platform="board").tasks
    here = best.tuned_with.minor == library.coverage([]).tvm.minor
    assert (found.state, found.is_covered) == ("exact" if here else "incompatible", here)
    assert (found.cost, found.all_trials, found.trials) == (best.cost, 32, 32 if here else 0)
    assert here or "load only in the TVM that wrote them" in found.why
    for elsewhere, platform in ((target, "another"), ({**target, "mcpu": "znver3"}, "board")):
        (other,) = library.coverage(work.matmul(128), target=elsewhere, platform=platform).tasks
        assert (other.state, other.cost, other.all_trials) == ("missing", None, 0)


def relax_model() -> Any:
    """Three layers, two of them alike, as Relax's front end gives them: a module, and its parameters by name."""
    from tvm.relax.frontend import nn

    class Model(nn.Module):  # type: ignore[misc]  # TVM is not typed
        def __init__(self) -> None:
            self.weights = nn.ParameterList([nn.Parameter(shape) for shape in ((16, 8), (8, 8), (8, 8))])

        def forward(self, x: Any) -> Any:
            for weight in self.weights:
                x = nn.op.relu(nn.op.matmul(x, weight))
            return x

    return Model().export_tvm({"forward": {"x": nn.spec.Tensor((4, 16), "float32")}})


def relax_tasks() -> tuple[Any, Any]:
    """The tasks of the Relax model: the one that it runs twice, and the one that it runs once."""
    found = expand(relax_model(), work.TARGET)
    assert sorted(task.weight for task in found) == [1, 2]
    twice, once = sorted(found, key=lambda task: -task.weight)
    return twice.task, once.task


@pytest.mark.tvm("0.25", "0.27")
@pytest.mark.parametrize(("accept", "covered"), [("exact", 1e-3), ("stale", 1e-3 + 2 * 3e-3)])
def test_a_relax_modules_tasks_are_in_the_states_that_a_build_of_it_finds(
    library: ConfigLibrary, tmp_path: Path, accept: Any, covered: float
) -> None:
    twice, once = relax_tasks()
    tvm = library.coverage([]).tvm
    for task, cost, version in ((once, 1e-3, tvm.version), (twice, 3e-3, f"{tvm.minor}.99")):
        log = metaschedule_log(tmp_path / str(cost), {task.dispatched[0]: cost})
        library.import_logs(log, platform="board", tvm=f"{tvm.distribution}=={version}")
    library.configure("policy.tvm", "same")
    found = library.coverage(relax_model(), target=work.TARGET, platform="board", accept=accept)
    assert sorted((task.weight, task.state, task.cost) for task in found.tasks) == [
        (1, "exact", 1e-3),
        (2, "stale", 3e-3),
    ]
    assert found.share == pytest.approx(covered / (1e-3 + 2 * 3e-3))

    module, _ = relax_model()
    library.compile_relax(module, work.live_target(), platform="board", accept=accept)
    assert states_in_build(library, found) == states(found)


@pytest.mark.tvm("0.25", "0.27")
def test_a_relax_module_may_come_with_its_parameters(library: ConfigLibrary) -> None:
    module, parameters = relax_model()
    plain = states(library.coverage(module, target=work.TARGET, platform="board"))
    assert len(plain) == 2
    for given in ((module, None), (module, parameters), lambda: [(module, {})]):
        assert states(library.coverage(given, target=work.TARGET, platform="board")) == plain
    with pytest.raises(TvmError, match="TVM cannot take tasks out of the module: AssertionError: param values are"):
        library.coverage((module, {"weight": 3}), target=work.TARGET)
    for target, says in (
        (None, "--target TARGET"),
        ("nokind", 'TVM does not know the target nokind: .*"nokind" is not'),
    ):
        with pytest.raises(TargetError, match=says):
            library.coverage(module, target=target)


# The command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(
        "import runpy\n"
        f"work = runpy.run_path({str(FOLDER / 'metaschedule_job.py')!r})\n"
        "tuned, untuned = work['matmul'](16), work['matmul'](32)\n"
        "def model():\n    print('making it', flush=True)\n    return ([tuned, untuned], [2, 1])\n"
        "nothing = []\n"
    )
    return path


def test_the_command_says_the_same_as_text_and_as_json(
    cli: Any, library: ConfigLibrary, tmp_path: Path, file: Path
) -> None:
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1.5e-3}), platform="board")
    arguments = ("coverage", f"{file}:model", "--target", TARGET, "--platform", "board")
    document = cli.json(*arguments)
    assert document == library.coverage((functions(16, 32), [2, 1]), target=TARGET, platform="board").to_json()
    assert cli.err.splitlines() == ["making it"]
    cli(*arguments)
    title, header, first, second, _, line = cli.out.splitlines()
    assert title == f"board: {TARGET} (metaschedule), 2 tasks"
    assert header.split() == ["times", "estimate", "share", "trials", "state", "workload", "why"]
    assert first.split()[:6] == ["2", "1.50", "ms", "100.0%", "1", "exact"]
    assert second.split()[:4] == ["1", "none", "0", "missing"] and f"no record for {TARGET} on board" in second
    assert line == (
        "1 of 2 tasks covered (1 exact, 1 missing), 100.0% of the estimated latency; 1 task without an estimate left "
        "out of that."
    )


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("model", [], 0),
        ("model", ["--exit-code"], 1),
        ("tuned", ["--exit-code"], 0),
        ("untuned", [], 0),
        ("untuned", ["--exit-code"], 1),
        ("tuned", ["--exit-code", "--platform", "another"], 1),
        ("tuned", ["--family", "ansor"], 1),  # nothing is left
        ("nothing", [], 1),
        ("no_such", [], 4),
        ("tuned", ["--target", "llvm"], 4),
    ],
)
def test_the_exit_code_says_whether_all_is_covered(
    cli: Any, library: ConfigLibrary, tmp_path: Path, file: Path, name: str, options: list[str], code: int
) -> None:
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1.5e-3}), platform="board")
    cli("coverage", f"{file}:{name}", "--target", TARGET, "--platform", "board", *options)
    assert cli.code == code, cli.err


def test_policies_about_the_machine_are_told_its_facts(
    cli: Any, library: ConfigLibrary, tmp_path: Path, file: Path
) -> None:
    log = metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1.5e-3})
    library.import_logs(log, platform="board", facts={"cooling": "fan"})
    library.configure("policy.facts", ["cooling"])
    for options, state, trials in (
        ([], "stale", 0),
        (["--set", "cooling=none"], "stale", 0),
        (["--set", "cooling=fan"], "exact", 1),
    ):
        document = cli.json("coverage", f"{file}:tuned", "--target", TARGET, "--platform", "board", *options)
        (task,) = document["tasks"]
        assert (task["state"], task["trials"], task["all_trials"]) == (state, trials, 1)


def test_weights_may_be_numpys(cli: Any, library: ConfigLibrary, tmp_path: Path, file: Path) -> None:
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1e-3}), platform="board")
    with file.open("a") as more:
        more.write("import numpy\nweighted = [tuned, untuned], list(numpy.array([2, 1]))\n")
    document = cli.json("coverage", f"{file}:weighted", "--target", TARGET, "--platform", "board")
    assert [task["weight"] for task in document["tasks"]] == [2, 1]


# What coverage and revalidate have in common


BOTH: dict[str, Callable[[str], list[str]]] = {
    "coverage": lambda tasks: ["coverage", tasks],
    "revalidate": lambda tasks: ["revalidate", "--tasks", tasks],
}
both = pytest.mark.parametrize("command", BOTH.values(), ids=BOTH.keys())


@both
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("it = None\n", "builtins.NoneType is nothing that tasks are in"),
        ("def it():\n    pass\n", "builtins.NoneType is nothing that tasks are in"),
        ("def it():\n    return it\n", "model.py, line 1: this gives or contains itself"),
        ("raise BaseException('x')\n", "model.py, line 1: BaseException: x"),
    ],
)
def test_what_holds_no_tasks_is_refused(
    cli: Any, library: ConfigLibrary, tmp_path: Path, command: Any, text: str, says: str
) -> None:
    library.import_logs(metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1e-3}), platform="board")
    path = tmp_path / "model.py"
    path.write_text(text)
    cli(*command(f"{path}:it"), "--target", TARGET, "--platform", "board")
    assert (cli.code, cli.out) == (4, "")
    assert says in cli.err
    assert len(library.log()) == 1


@both
def test_a_document_is_all_of_standard_output_whatever_the_users_code_prints(
    library: ConfigLibrary, tvmgitlib: Any, tmp_path: Path, command: Any
) -> None:
    database = metaschedule_log(tmp_path / "db", {module_of(work.matmul(16)): 1e-3})
    library.import_logs(database, platform="board")
    path = tmp_path / "model.py"
    path.write_text(
        "import os, runpy, subprocess\n"
        f"work = runpy.run_path({str(FOLDER / 'metaschedule_job.py')!r})\n"
        "os.write(1, b'loading\\n')\n"
        "def it():\n    subprocess.run(['echo', 'making'])\n    return work['matmul'](16)\n"
    )
    arguments = [*command(f"{path}:it"), "--target", TARGET, "--platform", "board"]
    ran = tvmgitlib("-C", library.path, "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)
    assert {"loading", "making"} <= set(ran.stderr.splitlines())


@pytest.mark.parametrize("platform", ["a/b", "", "con"])
def test_what_is_no_name_of_a_platform_is_refused(cli: Any, library: ConfigLibrary, file: Path, platform: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: library.coverage([], platform=platform),
        lambda: library.using(platform=platform),
        lambda: library.revalidate(platform=platform),
    ]
    for call in calls:
        with pytest.raises(PlatformError, match="is not the name of a platform"):
            call()
    for arguments in (["coverage", f"{file}:tuned"], ["revalidate"]):
        cli(*arguments, "--target", TARGET, "--platform", platform)
        assert (cli.code, cli.out) == (4, "")
        assert f"{platform!r} is not the name of a platform" in cli.err
