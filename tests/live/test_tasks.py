"""What users name on the command line, and what is made of it; models are in tests/live/test_coverage.py."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.live.tasks import WeightedTask, expand, load_tasks
from tvmgitlib.model import SelectionError, TargetError, TvmError

Write = Callable[..., Path]

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file in the current folder; imports leave no trace behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    yield write
    for name in sys.modules.keys() - before:
        del sys.modules[name]


def task(family: str, **told: Any) -> Any:
    """An object that a family takes for its task by its type."""
    module, name = {
        "autotvm": ("tvm.autotvm.task.task", "Task"),
        "ansor": ("tvm.auto_scheduler.search_task", "SearchTask"),
        "metaschedule": ("tvm.tirx.function", "PrimFunc"),
        "extracted": ("tvm.s_tir.meta_schedule.extracted_task", "ExtractedTask"),
    }[family]
    found = type(name, (), {"__module__": module})()
    found.__dict__.update(told)
    return found


# Loading


@pytest.mark.parametrize("spec", ["{folder}/model.py:tasks", "model.py:tasks", "./model.py:tasks", "model:tasks"])
def test_a_name_is_imported_from_a_file_or_a_module(write: Write, tmp_path: Path, spec: str) -> None:
    write("model.py", "tasks = ['conv', 'dense']\n")
    assert load_tasks(spec.format(folder=tmp_path)) == ["conv", "dense"]


def test_a_module_may_be_in_a_package(write: Write) -> None:
    write("models/__init__.py", "")
    write("models/mlp.py", "from models import __name__ as tasks\n")
    assert load_tasks("models.mlp:tasks") == "models"


def test_a_file_imports_its_neighbours_and_shadows_nothing(write: Write, tmp_path: Path) -> None:
    write("nets/layers_of_mine.py", "LAYERS = 3\n")
    write(
        "nets/json.py",
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from layers_of_mine import LAYERS\n"
        "@dataclass\nclass Layer:\n    number: int\n"
        "tasks = [Layer(number) for number in range(LAYERS)]\n",
    )
    before = sys.modules["json"]
    assert len(load_tasks("nets/json.py:tasks")) == 3
    assert sys.modules["json"] is before


def test_what_the_users_code_prints_is_no_result(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("model.py", "print('loading')\ndef tasks():\n    print('asked')\n    return []\n")
    assert expand(load_tasks("model.py:tasks")) == []
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loading\nasked\n")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("model", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        ("model.py", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        ("model.onnx", "tvmgitlib tune takes files of models"),
        ("model.py:", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        ("model.py:two names", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        (":tasks", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        (".model:tasks", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        ("nets/model:tasks", "neither PATH/FILE.py:NAME nor MODULE:NAME"),
        ("other.py:tasks", "other.py: there is no such file"),
        ("no_such_module:tasks", "there is no module no_such_module, neither in the current folder"),
        ("no_such_package.model:tasks", "there is no module no_such_package, "),
        ("model.part:tasks", "there is no module model.part, "),
        ("model.py:nothing", "model.py: there is no nothing in it"),
        ("model:nothing", "model: there is no nothing in it"),
    ],
)
def test_what_is_not_there_is_said(write: Write, spec: str, says: str) -> None:
    write("model.py", "tasks = []\n")
    with pytest.raises(SelectionError) as caught:
        load_tasks(spec)
    assert says in str(caught.value)


#: The user's file, the line that is named, and what is said of it.
FAILURES = {
    "raised at once": ("x = 1\nraise ValueError('no model')\n", 2, "ValueError: no model"),
    "raised further in": (
        "def make():\n    return 1 / 0\n\ntasks = make()\n",
        2,
        "ZeroDivisionError: division by zero",
    ),
    "raised in a library": ("import json\ntasks = json.loads('[')\n", 2, "JSONDecodeError: Expecting value: "),
    "said in many lines": ("raise RuntimeError('Traceback\\n  somewhere\\nCheck failed')\n", 1, "RuntimeError: Check"),
    "says nothing": ("\nraise RuntimeError\n", 2, "RuntimeError"),
    "does not parse": ("x = 1\ntasks = [\n", 2, "SyntaxError: '[' was never closed"),
    "misses a package": ("import no_such_package\n", 1, "ModuleNotFoundError: No module named 'no_such_package'"),
    "ends Python": ("import sys\nsys.exit(2)\n", 2, "SystemExit: 2"),
    "raised past all handlers": ("raise BaseException('x')\n", 1, "BaseException: x"),
    "cannot say what": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n\nraise Mute\n",
        5,
        "Mute",
    ),
    "ends Python when asked what": (
        "class Mute(Exception):\n    def __str__(self):\n        raise SystemExit(1)\n\nraise Mute\n",
        5,
        "Mute",
    ),
    "calls itself": ("def make():\n    return make()\n\ntasks = make()\n", 2, "RecursionError: maximum recursion"),
}


@pytest.mark.parametrize("spec", ["model.py:tasks", "model:tasks"])
@pytest.mark.parametrize(("text", "line", "says"), FAILURES.values(), ids=FAILURES.keys())
def test_where_the_users_code_fails_is_said_with_file_and_line(
    write: Write, spec: str, text: str, line: int, says: str
) -> None:
    path = write("model.py", text)
    with pytest.raises(SelectionError) as caught:
        load_tasks(spec)
    assert (caught.value.file, caught.value.line) == (str(path), line)
    assert caught.value.message.startswith(says)


def test_what_is_called_may_be_an_object(write: Write) -> None:
    write("tvm_models.py", "class Model:\n    def __call__(self):\n        return []\n\ntasks = Model()\n")
    for spec in ("tvm_models.py:tasks", "tvm_models:tasks"):
        assert expand(load_tasks(spec)) == []


def test_a_function_that_fails_is_said_with_file_and_line(write: Write) -> None:
    path = write("model.py", "def tasks():\n    raise OSError('no weights')\n\ndef much(more):\n    pass\n")
    with pytest.raises(SelectionError, match="OSError: no weights") as caught:
        expand(load_tasks("model.py:tasks"))
    assert (caught.value.file, caught.value.line) == (str(path), 2)
    with pytest.raises(SelectionError, match="missing 1 required positional argument: 'more'"):
        expand(load_tasks("model.py:much"))


def test_an_explained_failure_in_the_users_code_stays_as_it_is(write: Write) -> None:
    write("model.py", "from tvmgitlib import TargetError\nraise TargetError('wrong', hint='Do it right.')\n")
    with pytest.raises(TargetError, match=r"^wrong\nDo it right\.$"):
        load_tasks("model.py:tasks")


@pytest.mark.parametrize(
    "text",
    [
        "raise KeyboardInterrupt\n",
        "class Slow(Exception):\n    def __str__(self):\n        raise KeyboardInterrupt\n\nraise Slow\n",
    ],
)
def test_an_interruption_is_none_of_that(write: Write, text: str) -> None:
    write("model.py", text)
    with pytest.raises(KeyboardInterrupt):
        load_tasks("model.py:tasks")
    write("asked.py", f"def tasks():\n    {text.replace(chr(10), chr(10) + '    ')}\n")
    with pytest.raises(KeyboardInterrupt):
        expand(load_tasks("asked.py:tasks"))


# Expanding

CONV, DENSE = task("autotvm", target=TARGET), task("ansor", target=TARGET)
FUNCTION = task("metaschedule")
EXTRACTED = task("extracted", target=TARGET, weight=3)


@pytest.mark.parametrize(
    ("found", "tasks"),
    [
        (CONV, [(CONV, 1)]),
        (EXTRACTED, [(EXTRACTED, 3)]),
        ([CONV, DENSE], [(CONV, 1), (DENSE, 1)]),
        ((CONV, [DENSE, (FUNCTION,)]), [(CONV, 1), (DENSE, 1), (FUNCTION, 1)]),
        (lambda: [CONV], [(CONV, 1)]),
        ([lambda: CONV, lambda: [DENSE]], [(CONV, 1), (DENSE, 1)]),
        (([CONV, DENSE], [4, 2]), [(CONV, 4), (DENSE, 2)]),
        (([CONV, EXTRACTED], (1, 2.5)), [(CONV, 1), (EXTRACTED, 7.5)]),
        (WeightedTask(CONV, 5), [(CONV, 5)]),
        ([WeightedTask(CONV, 5), CONV], [(CONV, 5), (CONV, 1)]),
        ([], []),
        (([], []), []),
    ],
)
def test_tasks_are_found_in_what_users_have(found: Any, tasks: list[tuple[Any, float]]) -> None:
    assert [(each.task, each.weight) for each in expand(found, TARGET)] == tasks


@pytest.mark.parametrize(
    ("family", "tasks"), [(None, [CONV, DENSE, FUNCTION]), ("ansor", [DENSE]), ("metaschedule", [FUNCTION])]
)
def test_of_several_families_one_can_be_chosen(family: str | None, tasks: list[Any]) -> None:
    assert [each.task for each in expand([CONV, DENSE, FUNCTION], TARGET, family)] == tasks


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, "builtins.NoneType"),
        ("model.py", "builtins.str"),
        ([CONV, 3], "builtins.int"),
        ({"conv": CONV}, "builtins.dict"),
        (([CONV, DENSE], [1]), "builtins.int"),  # weights of other tasks
        (lambda: object(), "builtins.object"),
        (
            type("Function", (), {"__module__": "tvm.relay.function", "__call__": print})(),
            "tvm.relay.function.Function",
        ),
    ],
)
def test_anything_else_is_refused_with_what_can_be_given(found: Any, kind: str) -> None:
    with pytest.raises(TvmError) as caught:
        expand(found, TARGET)
    assert caught.value.message == f"{kind} is nothing that tasks are in"
    assert "a Relax or Relay module" in str(caught.value.hint)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else CONV


def test_lists_may_lie_in_lists() -> None:
    assert [each.task for each in expand(nested(16), TARGET)] == [CONV]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\ndef tasks():\n    return tasks\n", 2),
        ("def tasks():\n    return lambda: tasks()\n", 2),
        ("class Model:\n    def __call__(self):\n        return self\ntasks = Model()\n", None),
        ("tasks = []\ntasks.append(tasks)\n", None),
        ("tasks = []\ntasks += [tasks, tasks, tasks]\n", None),
        ("tasks = []\ntasks += [[tasks], [2]]\n", None),
        ("tasks = [\n    lambda: tasks,\n]\n", 2),
    ],
)
def test_what_gives_itself_is_refused(write: Write, text: str, line: int | None) -> None:
    path = write("model.py", text)
    with pytest.raises(SelectionError, match="gives or contains itself") as caught:
        expand(load_tasks("model.py:tasks"), TARGET)
    assert (caught.value.file, caught.value.line) == (str(path) if line else None, line)


@pytest.mark.parametrize("weight", [0, 2, 2.5, True, Fraction(5, 2)])
def test_a_weight_becomes_a_number_of_json(weight: Any) -> None:
    for found in (([CONV], [weight]), WeightedTask(CONV, weight), task("extracted", target=TARGET, weight=weight)):
        (each,) = expand(found, TARGET)
        assert (type(each.weight), each.weight) == (float, weight)


@pytest.mark.parametrize(
    ("weight", "says"),
    [
        (math.nan, "nan is not how often a model runs a task"),
        (math.inf, "inf is not how often a model runs a task"),
        (-1, "-1 is not how often a model runs a task"),
        (-1e-9, "-1e-09 is not how often a model runs a task"),
        (10**400, "OverflowError: int too large to convert to float"),
    ],
)
def test_a_weight_that_is_no_number_of_times_is_refused(weight: Any, says: str) -> None:
    with pytest.raises(SelectionError, match=f"^{says}"):
        expand(([CONV, DENSE], [1, weight]))
    with pytest.raises(SelectionError, match=f"^{says}"):
        expand(task("extracted", target=TARGET, weight=weight))
    with pytest.raises(SelectionError, match=f"^{says}"):
        WeightedTask(CONV, weight)


def test_weights_of_weights_do_not_overflow() -> None:
    with pytest.raises(SelectionError, match=r"^inf is not how often"):
        expand(([WeightedTask(CONV, 1e200)], [1e200]))


def test_two_wrong_weights_make_no_right_one() -> None:
    with pytest.raises(SelectionError, match=r"^-2 is not how often"):
        expand(([([CONV], [-1])], [-2]))


def test_a_weight_in_words_is_refused() -> None:
    with pytest.raises(SelectionError, match=r"^ValueError: could not convert string to float: 'often'"):
        WeightedTask(CONV, "often")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "target", "says"),
    [
        (FUNCTION, None, "--target TARGET"),
        (task("extracted", target=None, weight=1), None, "--target TARGET"),
        (FUNCTION, "llvm", "has no triple"),
        (FUNCTION, "llvm -", "'-' is a stray word"),
    ],
)
def test_what_does_not_say_its_target_needs_one(found: Any, target: str | None, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        expand(found, target)
    assert says in str(caught.value)
