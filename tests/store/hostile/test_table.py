"""docs/git.md and the tests beside this one say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tvmgitlib.store.git import hardening

PAGE = Path(__file__).parents[3] / "docs" / "git.md"


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    files = set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)}
    defined = [node.name for file in files for node in ast.parse(file.read_text()).body if hasattr(node, "name")]
    tests = sorted(name for name in defined if name.startswith("test_"))
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "| test |" not in line]
    named = [re.findall(r"`(test_\w+)`", row.rpartition(" | ")[2]) for row in rows]
    assert all(named)
    assert sorted(name for names in named for name in names) == tests


def test_every_setting_has_a_row() -> None:
    page = PAGE.read_text()
    variables = {**hardening._VARIABLES, **hardening.NETWORK, **hardening._NO_NETWORK}
    for name, value in variables.items():
        assert f"`{name}={value}`" in page
    for name, value in hardening._SETTINGS.items():
        event = re.sub(r"^hook\.[\w-]+\.", "hook.<event>.", name)
        assert f"`-c {event}={value}`" in page
