"""How Sphinx makes the site of these pages: `make docs`. What is not written by hand comes from `reference.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import reference

from tvmgitlib import __version__

project = "tvmgitlib"
author = "the tvmgitlib authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
default_role = "code"  # what docstrings have between backticks is code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False

html_theme = "furo"
html_title = f"tvmgitlib {version}"
html_show_copyright = False
suppress_warnings = ["misc.highlighting_failure"]  # lines of JSON that are shortened
man_pages = [("commands", "tvmgitlib", "a library of tuned TVM kernels", author, 1)]


def setup(app: Any) -> None:
    """Fill in what pages take from the code."""
    app.connect("source-read", fill_in)
    app.connect("autodoc-skip-member", is_said)


def is_said(_app: Any, _kind: str, _name: str, member: Any, skip: bool, _options: Any) -> bool:
    """Leave out the fields of a tuple, which the words on its class say."""
    return skip or str(getattr(member, "__doc__", "")).startswith("Alias for field number")


def fill_in(_app: Any, _page: str, source: list[str]) -> None:
    """Replace `<!-- NAME -->` by what the function of that name in `reference` says."""
    for name, said in reference.PARTS.items():
        mark = f"<!-- {name} -->"
        if mark in source[0]:
            source[0] = source[0].replace(mark, said())
