"""Every public name is importable from the package, at run time and for a type checker, and the two lists agree."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tvmgitlib


def declared() -> dict[str, str]:
    """The names that a checker sees, with their modules."""
    tree = ast.parse(Path(tvmgitlib.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    assert all(alias.name == alias.asname for node in imports for alias in node.names)  # else it is no re-export
    return {alias.name: str(node.module) for node in imports for alias in node.names}


@pytest.mark.parametrize("name", tvmgitlib.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(tvmgitlib, name) is not None
    assert name in dir(tvmgitlib)


def test_a_checker_sees_the_same_names_from_the_same_modules() -> None:
    assert declared() == tvmgitlib._HOMES
    assert set(tvmgitlib.__all__) == {*declared(), "__version__"}


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = tvmgitlib.Nothing


def test_importing_the_package_imports_none_of_it() -> None:
    code = "import sys, tvmgitlib; print(sorted(name for name in sys.modules if name.startswith('tvmgitlib.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['tvmgitlib._version']\n"
