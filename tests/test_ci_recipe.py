"""What other repositories take from this one: the workflow for a library's host, and the hook for pre-commit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tvmgitlib import ConfigLibrary

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "library.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

Git = Callable[..., str]

#: Stands for the host's own program: it notes what it is asked for, and knows the comments that a file names.
GH = """#!/bin/sh
echo "$@" >> "$RUNNER_TEMP/gh.asked"
case "$*" in *--paginate*) cat "$RUNNER_TEMP/comments" ;; esac
"""


def log(path: Path, cost: float, config: int = 1, workload: str = "dense") -> Path:
    """A log of one trial, `cost` in seconds."""
    record = {
        "input": ["llvm -mcpu=haswell", workload, [8], {}],
        "config": {"index": config, "code_hash": None, "entity": [["tile", "ot", config]]},
        "result": [[cost], 0, 0.5, 1.6e9 + config],
        "version": 0.2,
    }
    path.write_text(f"{json.dumps(record)}\n")
    return path


class Host:
    """A host with a library that has one job, and a clone of it as a runner has it.

    Attributes:
        origin: the repository that the host serves.
        runner: the runner's clone.
        temp: the runner's folder for files.
    """

    def __init__(self, folder: Path, library: ConfigLibrary, git: Git) -> None:
        self.git = git
        self.origin, self.runner, self.temp = folder / "origin.git", folder / "runner", folder / "temp"
        self.mine = library
        library.import_logs(log(folder / "first.log", 2e-3), platform="box")
        git(folder, "clone", "-q", "--bare", str(library.path), str(self.origin))
        git(library.path, "remote", "add", "origin", str(self.origin))
        git(library.path, "fetch", "-q", "origin")
        self.temp.mkdir()
        (self.temp / "gh").write_text(GH)
        (self.temp / "gh").chmod(0o755)
        (self.temp / "comments").touch()

    def run(self, job: str) -> subprocess.CompletedProcess[str]:
        """Run the steps of a job that are shell, but the one that installs, in a new clone; stop where one fails."""
        self.git(self.origin.parent, "clone", "-q", str(self.origin), str(self.runner))
        for step in WORKFLOW["jobs"][job]["steps"]:
            if "run" in step and step["name"] != "Install tvmgitlib":
                done = self._step(step)
                if done.returncode != 0:
                    break
        return done

    def asked(self) -> str:
        """What the host was asked for last."""
        return (self.temp / "gh.asked").read_text().splitlines()[-1]

    def _step(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        given = {
            "github.event.number": "7",
            "github.repository": self.origin.name,
            "github.server_url": str(self.origin.parent),
            "github.token": "secret",
        }
        env = {
            name: re.sub(r"\$\{\{ *(.+?) *\}\}", lambda found: given[found[1]], value)
            for name, value in step.get("env", {}).items()
        }
        paths = [str(self.temp), str(Path(sys.executable).parent), os.environ["PATH"]]
        env |= {"PATH": os.pathsep.join(paths), "RUNNER_TEMP": str(self.temp)}
        env["GITHUB_STEP_SUMMARY"] = str(self.temp / "summary.md")
        # As the host runs a step: https://docs.github.com/actions/reference/workflow-syntax-for-github-actions
        command = ["bash", "--noprofile", "--norc", "-e", "-c", step["run"]]
        return subprocess.run(
            command, cwd=self.runner, env=os.environ | env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def host(tmp_path: Path, library: ConfigLibrary, git: Git) -> Host:
    return Host(tmp_path, library, git)


def steps() -> Iterator[dict[str, Any]]:
    for job in WORKFLOW["jobs"].values():
        yield from job["steps"]


def test_nothing_that_others_write_becomes_code_of_the_shell() -> None:
    assert all("${{" not in step.get("run", "") for step in steps())
    assert [step for step in steps() if "github.event" in str(step) and "env" not in step] == []


@pytest.mark.slow
def test_a_proposal_is_checked_and_what_it_changes_is_said(host: Host, git: Git, tmp_path: Path) -> None:
    host.mine.import_logs(log(tmp_path / "b.log", 1e-3, 2), platform="box")
    host.mine.import_logs(log(tmp_path / "c.log", 4e-3, 3, "@all ![](x)"), platform="box")
    host.mine.propose("faster")
    git(host.origin, "update-ref", "refs/pull/7/head", "refs/heads/faster")
    done = host.run("proposal")
    assert done.returncode == 0, done.stderr
    said = (host.temp / "changes.md").read_text()
    assert (host.temp / "summary.md").read_text() == said
    assert "1 added, " in said
    assert re.search(r"^\| faster \| 2\.00 ms \| 1\.00 ms \| 2\.00x \| .*\| dense\(8\) \|$", said, re.MULTILINE)
    assert "@all" not in said
    assert host.asked() == f"pr comment 7 --body-file {host.temp}/changes.md"
    assert git(host.runner, "log", "--format=%an", "-1").strip() == "tvmgitlib"


def test_a_proposal_that_edits_a_job_fails(host: Host, git: Git) -> None:
    path = host.mine.path
    git(path, "switch", "-q", "-c", "edit")
    (segment,) = (path / "jobs").rglob("*.jsonl")
    segment.write_text(segment.read_text().replace("0.002", "0.001"))
    git(path, "commit", "-q", "-a", "-m", "Make it faster")
    git(path, "push", "-q", "origin", "HEAD:refs/pull/7/head")
    done = host.run("proposal")
    assert done.returncode != 0
    assert segment.name in done.stdout + done.stderr
    assert not (host.temp / "changes.md").exists()


@pytest.mark.slow
def test_what_the_merge_button_left_is_folded_and_pushed(host: Host, git: Git, tmp_path: Path) -> None:
    host.mine.import_logs(log(tmp_path / "b.log", 1e-3, 2), platform="box")
    host.mine.propose("faster")
    button = tmp_path / "button"
    git(tmp_path, "clone", "-q", str(host.origin), str(button))
    git(button, "merge", "-q", "--no-ff", "--no-edit", "origin/faster")
    git(button, "push", "-q", "origin", "main")
    done = host.run("fold")
    assert done.returncode == 0, done.stderr
    git(button, "pull", "-q")
    folded = ConfigLibrary(button)
    assert folded.check() == []
    assert [config.cost for config in folded.best()] == [1e-3]


def test_the_hook_keeps_a_library_that_is_not_sound_from_being_pushed(host: Host, git: Git) -> None:
    (hook,) = HOOKS
    assert hook["stages"][0] == "pre-push"
    assert not hook["pass_filenames"]
    path = host.mine.path
    file = path / ".git" / "hooks" / "pre-push"
    file.write_text(f'#!/bin/sh\nPATH="{Path(sys.executable).parent}:$PATH" exec {hook["entry"]}\n')
    file.chmod(0o755)
    git(path, "commit", "-q", "--allow-empty", "-m", "Sound")
    git(path, "push", "-q", "origin", "HEAD:main")
    (path / "configs" / "notes.txt").write_text("mine\n")
    git(path, "add", "--all")
    git(path, "commit", "-q", "-m", "Not sound")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        git(path, "push", "-q", "origin", "HEAD:main")
    assert "configs/notes.txt: not the library's own" in caught.value.stdout
