"""The recipes of docs/farm.md: scripts are run, or at least parsed. tests/cli/test_documented.py has their commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tvmgitlib import ConfigLibrary

PAGE = (Path(__file__).parents[1] / "docs" / "farm.md").read_text()
SCRIPTS = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
DOCUMENTS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

Git = Callable[..., str]

#: Stands for the command where there is no TVM: what `tune` measures is a log; the second part is put off once.
COMMAND = """#!/bin/bash
case "$*" in
*" tune "*)
  part=$(sed 's/.*--shard \\([0-9]*\\).*/\\1/' <<< "$*")
  echo "$part" >> "$FARM/called"
  [ "$part" != 2 ] || [ "$(grep -c 2 "$FARM/called")" -gt 1 ] || exit 75
  exec "$PYTHON" -m tvmgitlib -C kernels import "$FARM/$part.log" --platform box ;;
esac
exec "$PYTHON" -m tvmgitlib "$@"
"""


def script(name: str, folder: Path) -> Path:
    """A script of the page, by what its second line begins with."""
    (text,) = (text for text in SCRIPTS if f"\n# {name} " in text)
    path = folder / Path(name).name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("text", SCRIPTS, ids=lambda text: text.splitlines()[1])
def test_every_script_is_one_of_its_shell(text: str) -> None:
    shell = text.splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_every_document_is_yaml() -> None:
    actions, job = map(yaml.safe_load, DOCUMENTS)
    assert actions["jobs"]["part"]["strategy"]["matrix"]["part"] == list(range(1, job["spec"]["completions"] + 1))
    rules = {rule["action"]: rule["onExitCodes"]["values"] for rule in job["spec"]["podFailurePolicy"]["rules"]}
    assert rules == {"Ignore": [75], "FailIndex": [2, 3, 4]}


def test_parts_of_an_array_job_all_land_and_one_is_called_again(
    library: ConfigLibrary, git: Git, tmp_path: Path
) -> None:
    remote, bin = tmp_path / "team.git", tmp_path / "bin"
    library.configure("push", "queue")
    git(tmp_path, "clone", "-q", "--bare", str(library.path), str(remote))
    bin.mkdir()
    (bin / "tvmgitlib").write_text(COMMAND)
    (bin / "tvmgitlib").chmod(0o755)
    script("part.sh", tmp_path)
    for part in range(1, 4):
        line = (
            f'{{"input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", "dense{part}", [8], {{}}], "config": '
            f'{{"index": 1, "code_hash": null, "entity": [["tile", "ot", 1]]}}, '
            f'"result": [[0.001], 0, 0.5, 1.6e9], "version": 0.2}}'
        )
        (tmp_path / f"{part}.log").write_text(line + "\n")
    env = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "PYTHON": sys.executable, "PAUSE": "0"}
    env |= {"FARM": str(tmp_path), "REMOTE": remote.as_uri(), "TARGET": "llvm"}
    done = subprocess.run([script("all.sh", tmp_path), "3"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text().split() == ["1", "2", "3", "2"]
    assert len(git(remote, "for-each-ref", "refs/tvmgitlib/jobs").splitlines()) == 3

    folder = ConfigLibrary.clone(remote.as_uri(), tmp_path / "folder")
    folder.fold_queue()
    assert len(folder.log()) == 3
    assert not folder.check()
    assert git(remote, "for-each-ref", "refs/tvmgitlib/jobs") == ""


@pytest.mark.parametrize(
    ("ref", "old", "user", "code"),
    [
        ("refs/tvmgitlib/jobs/0123456789abcdef", "0" * 40, "tess", 0),
        ("refs/tvmgitlib/jobs/0123456789abcdef", "a0" * 20, "tess", 1),
        ("refs/tvmgitlib/jobs/0123456789abcdef", "a0" * 20, "fold", 0),
        ("refs/tvmgitlib/wip/resnet-0123", "a0" * 20, "tess", 0),
        ("refs/heads/main", "a0" * 20, "tess", 1),
        ("refs/heads/main", "a0" * 20, "fold", 0),
    ],
)
def test_what_the_servers_hook_lets_in(ref: str, old: str, user: str, code: int, tmp_path: Path) -> None:
    env = {**os.environ, "REMOTE_USER": user}
    done = subprocess.run([script("hooks/update", tmp_path), ref, old, "b" * 40], env=env, check=False)
    assert done.returncode == code
