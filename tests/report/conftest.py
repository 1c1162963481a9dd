"""A library of hostile words, and the site about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

#: What would end a script, be markup, be a template, be an address that runs, or turn the direction of writing.
EVIL = (
    "</script><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:document.title='pwned'",
    "\u202eturned\u2028line\x1b[2J\x00",
    "'\" onmouseover=\"document.title='pwned'",
    "x" * 300,
)


#: What author lines say of when: nothing; later than ISO 8601 has years for; later than that in UTC alone.
ODD_DATES = ("", " 253402300800 +0000", " 253402351199 -1400")


def log_of(path: Path, names: tuple[str, ...], cost: float, first: int = 0) -> Path:
    """A log with four trials, one of them a failure, of workloads of these names."""
    lines = [
        json.dumps(
            {
                "input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", name, [8, 8, "float32"], {}],
                "config": {"index": first + at, "code_hash": None, "entity": [["tile", "sp", [-1, first + at + 1]]]},
                "result": [[cost * (4 - at) if at else 1e9], 0 if at else 4, 0.5, 1.6e9 + first + at],
                "version": 0.2,
                "tvm_version": "0.16.dev0",
            }
        )
        for name in names
        for at in range(4)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    """A log of one workload."""
    return log_of(tmp_path / "dense.log", ("dense",), 2e-3)


def with_odd_dates(path: Path, git: Callable[..., str]) -> None:
    """Forge the author dates of the newest commits."""
    parent = git(path, "rev-parse", f"HEAD~{len(ODD_DATES)}").strip()
    for at, date in zip(reversed(range(len(ODD_DATES))), ODD_DATES, strict=True):
        commit = git(path, "cat-file", "commit", f"HEAD~{at}")
        commit = re.sub(r"(?m)^parent .*$", f"parent {parent}", commit, count=1)
        commit = re.sub(r"(?m)^(author .*>) .*$", rf"\1{date}", commit, count=1)
        (forged := path.parent / "forged").write_text(commit)
        parent = git(path, "hash-object", "-t", "commit", "-w", "--literally", str(forged)).strip()
    git(path, "update-ref", "HEAD", parent)


@pytest.fixture
def hostile(
    library: ConfigLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Callable[..., str]
) -> ConfigLibrary:
    """A library with three jobs, the last of which reverts the second; no commit's date is one that Python has."""
    facts: dict[str, Any] = {"cooling": EVIL[0], EVIL[1]: EVIL[4]}
    monkeypatch.setenv("GIT_AUTHOR_NAME", f"Eve {EVIL[5]} {EVIL[2]}")
    library.import_logs(log_of(tmp_path / "a<b>&'\".log", EVIL, 2e-3), platform="board", facts=facts)
    second = library.import_logs(
        log_of(tmp_path / "second.log", EVIL[:2], 1e-3, 10), platform="board", keep_history=True
    )
    assert second.job is not None
    library.revert(second.job, reason=EVIL[0])
    with_odd_dates(library.path, git)
    return ConfigLibrary(library.path)
