"""Where commands get tasks from: a name in the user's own code, and whatever is found there."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from numbers import Real
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from tvmgitlib.live.at_hand import fast_imports, last_line, live_target
from tvmgitlib.live.common import family_at_hand, family_of_task, live_families
from tvmgitlib.live.metaschedule.tvm import tir_functions
from tvmgitlib.model import SelectionError, TargetError, TvmError, TvmgitlibError, parse_target, require_triple

_FORMS = (
    "Give tasks of a tuner, a Relax or Relay module, alone or as (module, params), TensorIR functions, a list of any "
    "of these, or a function without arguments that gives them."
)

_OF_FILES = (
    "tvmgitlib tune takes files of models, and ends with their coverage; here name what your own code makes of one, "
    "such as mod = from_onnx(...)."
)

_MAX_DEPTH = 32

#: Which family takes the tasks out of a model, by the dialect of its functions; None where several can.
_EXTRACTS: Final[dict[str, str | None]] = {"relax": "metaschedule", "relay": None}
DEFAULT_OF_RELAY: Final = "autotvm"


class WeightedTask(Struct, frozen=True):
    """A task of a model.

    Attributes:
        task: of any family.
        weight: how often the model runs it, as a `float` whatever kind of number is given.
        of_relay: whether it was taken out of a Relay module, by one of the families that can.

    Raises:
        SelectionError: the weight is no finite number, or below 0.
    """

    task: Any
    weight: float = 1.0
    of_relay: bool = False

    def __post_init__(self) -> None:
        force_setattr(self, "weight", _as_weight(self.weight))


def load_tasks(spec: str) -> Any:
    """Import what the user names on the command line; `expand` makes tasks of it.

    What the user's code prints goes to standard error, in `expand` too: it is no result of the command.

    Args:
        spec: `PATH/FILE.py:NAME`, or `MODULE:NAME`, which is looked for in the current folder too.

    Raises:
        TvmgitlibError: there is no such thing, or the user's code fails.
    """
    place, _, name = spec.rpartition(":")
    is_file = place.endswith(".py")
    if not name.isidentifier() or not (is_file or all(part.isidentifier() for part in place.split("."))):
        hint = _OF_FILES if spec.endswith((".onnx", ".pt2")) else _FORMS
        raise SelectionError(f"{spec!r} is neither PATH/FILE.py:NAME nor MODULE:NAME", hint=hint)
    fast_imports()
    with redirect_stdout(sys.stderr), _users_code():
        module = _import_file(Path(place)) if is_file else _import_module(place)
        if not hasattr(module, name):
            raise SelectionError(f"there is no {name} in it", file=place)
        return getattr(module, name)


def expand(
    found: Any,
    target: object | None = None,
    family: str | None = None,
    of_relay: Sequence[str] = (DEFAULT_OF_RELAY,),
) -> list[WeightedTask]:
    """The tasks in what users have.

    Args:
        found: a task of any family; a Relax or Relay module, or TensorIR functions; `(module, params)`, as importers of
            models give it; `(tasks, weights)`, as TVM gives them; a list of any of these; or a function without
            arguments that gives one. AutoTVM does not say how often a model runs a task: each weighs 1.
        target: for what does not say its target itself.
        family: only tasks of this family.
        of_relay: the families that take the tasks out of a Relay module, each its own, where no `family` is named.

    Raises:
        TargetError: there is no target, or it is not one that TVM knows.
        TvmgitlibError: there is something else in it, or the user's code or TVM fails.
    """
    with redirect_stdout(sys.stderr):
        tasks = list(_expanded(found, target, (family,) if family else of_relay))
    return [each for each in tasks if family in (None, family_of_task(each.task).name)]


# The user's code


@contextmanager
def _users_code() -> Iterator[None]:
    """Run the user's code: where it fails is said with its file and line."""
    try:
        yield
    except (TvmgitlibError, KeyboardInterrupt):
        raise
    except BaseException as error:
        file, line = _place_of(error)
        hint = "That is in the code that gives the tasks, or in what it calls."
        raise SelectionError(_said(error), file=file, line=line, hint=hint) from error


def _said(error: BaseException) -> str:
    """What an error says; its kind alone where the user's `__str__` fails."""
    try:
        return last_line(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return type(error).__name__


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SelectionError("there is no such file", file=str(path))
    _look_in(path.parent)
    name = f"tvmgitlib tasks of {path.stem}"  # which is no other module's
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # it ends in .py
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> ModuleType:
    _look_in(Path())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}.") or _frames_of(error):
            raise
        raise SelectionError(
            f"there is no module {error.name}, neither in the current folder nor among this Python's packages",
            hint="A file is named with its .py: PATH/FILE.py:NAME.",
        ) from None


def _look_in(folder: Path) -> None:
    """Let imports find what lies in a folder, as Python does for a program in it."""
    if (path := str(folder.resolve())) not in sys.path:
        sys.path.insert(0, path)


def _place_of(error: BaseException) -> tuple[str | None, int | None]:
    """The file of the user's code that an error came out of, and the last of its lines that was reached."""
    frames = _frames_of(error)
    if frames:
        last = [frame for frame in frames if frame.filename == frames[0].filename][-1]
        return last.filename, last.lineno
    return (error.filename, error.lineno) if isinstance(error, SyntaxError) else (None, None)


def _frames_of(error: BaseException) -> list[traceback.FrameSummary]:
    """Where an error passed through, from outside in, without this module and Python's own importing."""
    own = (__file__, importlib.__file__)
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in own and not frame.filename.startswith("<frozen importlib")
    ]


# What is found there


def _expanded(found: Any, target: object | None, of_relay: Sequence[str], depth: int = 0) -> Iterator[WeightedTask]:
    if depth > _MAX_DEPTH:
        code = found.__code__ if isinstance(found, FunctionType) else None
        raise SelectionError(
            f"this gives or contains itself, or tasks more than {_MAX_DEPTH} deep",
            file=code and code.co_filename,
            line=code and code.co_firstlineno,
            hint=_FORMS,
        )
    match found:
        case WeightedTask():
            yield found
        case [module, None | Mapping() as params] if _is_module(module):
            yield from _of_module(module, params, target, of_relay)
        case [module, [*parameters]] if _is_module(module) and all(map(_is_declared, parameters)):
            yield from _of_module(module, None, target, of_relay)
        case [Sequence() as tasks, Sequence() as weights] if len(tasks) == len(weights) and _are_numbers(weights):
            for task, weight in zip(tasks, weights, strict=True):
                times = _as_weight(weight)
                for each in _expanded(task, target, of_relay, depth + 1):
                    yield replace(each, weight=each.weight * times)
        case list() | tuple():
            for each in found:
                yield from _expanded(each, target, of_relay, depth + 1)
        case _ if _is_module(found):
            yield from _of_module(found, None, target, of_relay)
        case _ if any(each.handles(found) for each in live_families()):
            if getattr(found, "target", None) is None:
                _require(target)
            yield WeightedTask(found, found.weight if type(found).__name__ == "ExtractedTask" else 1)
        case _ if callable(found) and type(found).__module__.partition(".")[0] not in ("tvm", "tvm_ffi"):
            with _users_code():
                given = found()
            yield from _expanded(given, target, of_relay, depth + 1)
        case _:
            kind = type(found)
            raise TvmError(f"{kind.__module__}.{kind.__qualname__} is nothing that tasks are in", hint=_FORMS)


def _as_weight(number: Any) -> float:
    with _users_code():
        weight = float(number)
    if not (math.isfinite(weight) and weight >= 0):
        hint = "A weight is a finite number, 0 or more."
        raise SelectionError(f"{weight:g} is not how often a model runs a task", hint=hint)
    return weight


def _are_numbers(weights: Sequence[Any]) -> bool:
    return all(isinstance(weight, Real) for weight in weights) and len(weights) > 0


def _is_declared(parameter: Any) -> bool:
    """Whether it is a parameter's name with its type, as `export_tvm` of Relax's modules gives them: no value."""
    match parameter:
        case [str(), _]:
            return True
    return False


def _is_module(found: Any) -> bool:
    return type(found).__name__ == "IRModule" and type(found).__module__.startswith("tvm.")


def _of_module(
    module: Any, params: Mapping[str, Any] | None, target: object | None, of_relay: Sequence[str]
) -> Iterator[WeightedTask]:
    dialects = {type(func).__module__.split(".")[1] for _, func in module.functions_items()}
    dialect = next((each for each in _EXTRACTS if each in dialects), None)
    if dialect is None:
        yield from _expanded(tir_functions(module), target, of_relay)
        return
    only = _EXTRACTS[dialect]
    for family in of_relay if only is None else (only,):
        extracted = _extract(family_at_hand(family).extract, module, params, target)
        for each in _expanded(extracted, target, of_relay):
            yield replace(each, of_relay=only is None)


def _extract(
    how: Callable[[Any, Mapping[str, Any], Any], Any], module: Any, params: Mapping[str, Any] | None, target: object
) -> Any:
    """Let TVM take the tasks out of a model.

    Raises:
        TvmError: it cannot.
    """
    live = live_target(_require(target))
    try:
        with _errors_of_threads():
            return how(module, params or {}, live)
    except Exception as error:  # TVM raises whatever its passes and the user's operators do
        raise TvmError(f"TVM cannot take tasks out of the module: {_said(error)}") from error


@contextmanager
def _errors_of_threads() -> Iterator[None]:
    """Raise what a thread ended with: TVM lowers Relay in one, and takes whatever tasks it has seen by then for all."""
    errors: list[BaseException] = []
    usual = threading.excepthook
    threading.excepthook = lambda ended: errors.append(ended.exc_value or RuntimeError("a thread failed"))
    try:
        yield
    finally:
        threading.excepthook = usual
    if errors:
        raise errors[0]


def _require(target: object | None) -> object:
    """The target.

    Raises:
        TargetError: there is none, or it leaves open which machine it is for.
    """
    if target is None:
        raise TargetError(
            "neither the tasks nor the call say which target they are for",
            hint="Name it: --target TARGET on the command line, target=... in Python.",
        )
    require_triple(parse_target(target))
    return target
