"""Every public name is importable from the package, at run time and for a type checker, and the two lists agree."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tvmgitlib
from tvmgitlib._doors import homes_of

PACKAGE = Path(tvmgitlib.__file__).parent
#: The rooms whose door imports a name when it is first used.
DOORS = [
    ".".join(path.relative_to(PACKAGE.parent).parent.parts)
    for path in sorted(PACKAGE.rglob("*/__init__.py"))
    if "door(__name__" in path.read_text(encoding="utf-8")
]


def declared(package: Any = tvmgitlib) -> dict[str, str]:
    """The names that a checker sees, with their modules."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    assert all(alias.name == alias.asname for node in imports for alias in node.names)  # else it is no re-export
    return {alias.name: str(node.module) for node in imports for alias in node.names}


@pytest.mark.parametrize("name", tvmgitlib.__all__)
def test_a_public_class_has_a_signature(name: str) -> None:
    public = getattr(tvmgitlib, name)
    if isinstance(public, type) and issubclass(public, msgspec.Struct):
        assert set(inspect.signature(public).parameters) == set(public.__struct_fields__)


@pytest.mark.parametrize("name", tvmgitlib.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(tvmgitlib, name) is not None
    assert name in dir(tvmgitlib)


def test_a_checker_sees_the_same_names_from_the_same_modules() -> None:
    assert declared() == tvmgitlib._HOMES
    assert set(tvmgitlib.__all__) == {*declared(), "__version__"}


@pytest.mark.parametrize("room", DOORS)
def test_a_room_gives_the_same_names_as_a_checker_sees(room: str) -> None:
    package: Any = importlib.import_module(room)
    homes = {name: f"{package.__name__}.{home}" for name, home in homes_of(package._NAMES.items()).items()}
    assert declared(package) == homes
    assert package.__all__ == sorted(homes)
    assert not homes.keys() & {path.stem for path in Path(package.__file__).parent.iterdir()}  # else which of the two?
    for name in homes:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = package.Nothing


def test_a_question_does_not_wait_for_what_changes_a_library() -> None:
    code = "import sys, tvmgitlib.config_library, tvmgitlib.live.at_hand; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tvmgitlib.config_library" in done.stdout
    for module in ("tvmgitlib.library.changes.change", "tvmgitlib.library.jobs.finishing", "filelock"):
        assert module not in done.stdout


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = tvmgitlib.Nothing


def test_importing_the_package_imports_none_of_it() -> None:
    code = "import sys, tvmgitlib; print(sorted(name for name in sys.modules if name.startswith('tvmgitlib.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['tvmgitlib._version']\n"


def test_what_a_signature_mentions_can_be_imported_too() -> None:
    """Every class of ours in the signatures of `ConfigLibrary` and `Job` is a public name."""
    private = set()
    for owner in (tvmgitlib.ConfigLibrary, tvmgitlib.Job):
        for name, member in inspect.getmembers(owner):
            function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            for found in classes_of(function):
                if found.__module__.startswith("tvmgitlib") and found.__name__ not in tvmgitlib.__all__:
                    private.add(f"{owner.__name__}.{name}: {found.__qualname__}")
    assert private == set()


def classes_of(function: Any) -> set[type]:
    """The classes in a function's annotations, which are text that a checker reads."""
    module = sys.modules[function.__module__]
    names = {**vars(tvmgitlib), **vars(module), **checked_imports(module)}
    found: set[type] = set()
    todo = [eval(hint, names) for hint in function.__annotations__.values()]
    while todo:
        hint = todo.pop()
        todo += typing.get_args(hint)
        if isinstance(hint, list):
            todo += hint
        elif isinstance(hint, type):
            found.add(hint)
    return found


@functools.cache
def checked_imports(module: Any) -> dict[str, Any]:
    """What a module imports for checkers only."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    names: dict[str, Any] = {}
    for block in blocks:
        exec("\n".join(map(ast.unparse, block.body)), names)
    return names
