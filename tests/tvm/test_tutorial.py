"""The tutorial runs as it stands: every section's code, in order, on each TVM that the section is for.

What it shows as printed is compared with what is printed; `...` stands for anything. One section of each kind of TVM is
run as a reader runs it, the others in processes that are forked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.live.common.base import running_tvm

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the page's line that it begins in, and its text."""

    language: str
    line: int
    text: str


def blocks(section: str, line: int) -> list[Block]:
    """The blocks of a section that begins in a line of the page."""
    fences = re.finditer(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [Block(found[1], line + section.count("\n", 0, found.start(2)), found[2]) for found in fences]


#: Sections that begin as a new process with one TVM, and whose workers do.
AS_IT_STANDS = {"AutoTVM": "0.16", "Coverage": "0.27"}


def sections() -> list[object]:
    """Every section that has code, and where it is run as it stands; marked with the TVMs that it is for."""
    page = PAGE.read_text()
    found = []
    for heading in re.finditer(r"^## (.+)\n(?:(?!## ).*\n)*", page, re.MULTILINE):
        (versions,) = re.findall(r"<!-- runs on TVM (.+) -->", heading[0])
        code = blocks(heading[0], page.count("\n", 0, heading.start()) + 1)
        tvm = pytest.mark.tvm(*versions.split(", "))
        found.append(pytest.param(code, AS_IT_STANDS.get(heading[1]), id=heading[1], marks=tvm))
    return found


#: Runs blocks as one program. A process of its own: tuners leave servers and loggers behind in theirs.
_RUN = """
import doctest, json, shlex, subprocess, sys

def expect(line, wanted, got):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not doctest.OutputChecker().check_output(wanted, got, flags):
        sys.exit(f"docs/tutorial.md:{line} says\\n{wanted}and this is printed:\\n{got}")

printed = ""

def record(*words):
    global printed
    printed += " ".join(map(str, words)) + "\\n"

names = {"__name__": "__main__", "print": record}
for language, line, text in json.loads(sys.argv[1]):
    if language == "python":
        printed = ""
        exec(compile("\\n" * (line - 1) + text, "docs/tutorial.md", "exec"), names)
    elif language == "text":
        expect(line, text, printed)
    elif language == "console":
        for step in text.removeprefix("$ ").split("\\n$ "):
            command, _, wanted = step.partition("\\n")
            program, *arguments = shlex.split(command)
            assert program == "tvmgitlib", command
            done = subprocess.run([sys.executable, "-m", program, *arguments], stdout=subprocess.PIPE, text=True)
            assert done.returncode == 0, command
            expect(line, wanted and wanted.rstrip("\\n") + "\\n", done.stdout)
    else:
        sys.exit(f"docs/tutorial.md:{line}: nothing runs {language}")
"""


@pytest.mark.parametrize(("code", "as_it_stands"), sections())
def test_a_section_does_what_it_says(
    code: list[Block], as_it_stands: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: Any
) -> None:
    script = tmp_path / "section.py"
    script.write_text(_RUN)
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, script, json.dumps([(block.language, block.line, block.text) for block in code])]
    if running_tvm().minor == as_it_stands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    else:
        done = forked.run(command)
    assert done.returncode == 0, done.stdout + done.stderr
