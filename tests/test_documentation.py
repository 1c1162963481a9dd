"""The Python of the pages is right for a strict type checker, with the package as it is installed.

Each `## ` section of a page is a program, as a reader takes it; what a page takes as given is declared in
tests/data/documentation/<page>.py, in front of each of them.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GIVEN = ROOT / "tests" / "data" / "documentation"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def programs(page: Path) -> Iterator[tuple[int, str]]:
    """The Python of each section, and the line that its first block begins in; code is on the page's own lines."""
    text = page.read_text()
    for section in re.finditer(r"^## .+\n(?:(?!## ).*\n)*", text, re.MULTILINE):
        lines: list[str] = []
        for block in re.finditer(r"^```python\n(.*?)^```$", section[0], re.DOTALL | re.MULTILINE):
            begin = text.count("\n", 0, section.start() + block.start(1))
            lines += [""] * (begin - len(lines)) + block[1].splitlines()
        if lines:
            yield next(number for number, line in enumerate(lines, 1) if line), "\n".join(lines) + "\n"


def with_given(page: Path, begin: int, program: str) -> str:
    """A program behind what its page takes as given, which fits into the lines before it."""
    given = GIVEN / f"{page.stem}.py"
    declared = given.read_text().splitlines() if given.is_file() else []
    assert len(declared) < begin, f"{given} is longer than what comes before the first block of its page"
    return "\n".join([*declared, *program.splitlines()[len(declared) :]]) + "\n"


def check(folder: Path) -> str:
    """What mypy says of the files in a folder."""
    command = [sys.executable, "-m", "mypy", "--config-file", str(GIVEN / "mypy.ini"), "--cache-dir", str(folder)]
    files = sorted(path.name for path in folder.glob("*.py"))
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_page_with_python_is_looked_at() -> None:
    found = {page.name: len(list(programs(page))) for page in PAGES}
    assert {name: count for name, count in found.items() if count} == {
        "README.md": 2,
        "ansor.md": 1,
        "autotvm.md": 1,
        "ci.md": 1,
        "farm.md": 3,
        "metaschedule.md": 1,
        "tutorial.md": 5,
        "upgrade.md": 1,
        "warm-start.md": 1,
    }


def test_the_readme_has_no_link_that_only_works_beside_its_files() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not link.startswith("https://")] == []


def shown(page: Path) -> Iterator[tuple[str, str]]:
    """The commands of a page that it shows an answer of, each with that."""
    for block in re.finditer(r"^```console\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
        for step in re.split(r"^\$ ", block[1], flags=re.MULTILINE):
            command, _, answer = step.partition("\n")
            if answer:
                yield command, answer


def as_shown(text: str) -> str:
    """What is printed, with the same in the place of ids, which are others each time, and of folders."""
    return re.sub(r"\b(?:[0-9a-f]{16}|[0-9a-f]{12})\b", "ID", re.sub(r"(?<= )(?:/\S+|\.\.\.)(?=/kernels)", "...", text))


def test_the_readme_shows_what_is_printed(tmp_path: Path) -> None:
    logs = ROOT / "tests" / "data" / "tvm-logs" / "autotvm"
    shutil.copy(logs / "t2_conv2d_NCHWc_x86_xgb.log", tmp_path / "conv2d.log")
    shutil.copy(logs / "t0_tvmgitlib_matmul_xgb.log", tmp_path / "dense.log")
    folder = tmp_path
    for command, answer in shown(ROOT / "README.md"):
        program, *arguments = shlex.split(command)
        assert program == "tvmgitlib"
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        assert as_shown(done.stdout) == as_shown(answer)
        folder = tmp_path / "kernels"


def test_lines_of_pages_fit_into_an_editor() -> None:
    pages = [*PAGES, *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
    lines = [(page.name, line) for page in pages for line in page.read_text().splitlines()]
    assert [(page, line) for page, line in lines if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.slow
def test_a_strict_checker_takes_the_code_of_every_page(tmp_path: Path) -> None:
    for page in PAGES:
        for begin, program in programs(page):
            (tmp_path / f"{page.stem}_{begin}.py").write_text(with_given(page, begin, program))
    said = check(tmp_path)
    assert said.startswith("Success: no issues found in 16 source files"), said
