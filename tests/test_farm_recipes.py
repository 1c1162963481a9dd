"""The recipes of docs/farm.md: scripts are run, or at least parsed. tests/cli/test_documented.py has their commands."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tvmgitlib import ConfigLibrary

PAGE = (Path(__file__).parents[1] / "docs" / "farm.md").read_text()
SCRIPTS = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PROGRAMS = re.findall(r"^```python\n(# \w+\.py .*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
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


#: Stands for `tune --share` where there is no TVM: three trials, which are sent. Once the machine of the fifth part
#: dies, after the second of them.
SHARED = """
import json, os, signal, sys
from pathlib import Path
from tvmgitlib import ConfigLibrary, TakenError
part, measured = sys.argv[1], Path(sys.argv[2])
library, target = ConfigLibrary("kernels"), "llvm -mtriple=aarch64-linux-gnu"
try:
    job = library.begin_job(target, platform="box", key=f"net.onnx {part}", share=1.0)
except TakenError as error:
    sys.exit(error.exit_code)
for trial in range(len(job.log.read_text().splitlines()), 3):
    line = {"input": [target, "dense" + part, [8], {}], "result": [[1e-3], 0, 0.5, 1.6e9 + trial], "version": 0.2}
    line["config"] = {"index": trial, "code_hash": None, "entity": [["tile", "ot", trial]]}
    with job.log.open("a") as log, measured.open("a") as seen:
        print(json.dumps(line), file=log)
        print(part, trial, file=seen)
    if part == "5" and measured.read_text().count("5 ") == 2:
        library.renew_job(job.id)
        os.killpg(0, signal.SIGKILL)
library.finish_job(job.id, push=True)
"""

#: Calls it; what it has made, it has sent, so that there is nothing to exchange.
SHARING = """#!/bin/bash
case "$*" in
*" tune "*) exec "$PYTHON" "$TUNE" "$(sed 's/.*--shard \\([0-9]*\\).*/\\1/' <<< "$*")" "$MEASURED" ;;
*" sync"*) exit ;;
esac
exec "$PYTHON" -m tvmgitlib "$@"
"""


def script(name: str, folder: Path) -> Path:
    """A script or program of the page, by what its first comment begins with."""
    (text,) = (text for text in (*SCRIPTS, *PROGRAMS) if re.search(rf"^# {re.escape(name)} ", text, re.MULTILINE))
    path = folder / Path(name).name
    path.write_text(text)
    path.chmod(0o755)
    return path


@contextmanager
def running(*command: object, **env: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with all that it has started."""
    told = {**os.environ, **{name: str(value) for name, value in env.items()}}
    process = subprocess.Popen([*map(str, command)], env=told, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("text", SCRIPTS, ids=lambda text: text.splitlines()[1])
def test_every_script_is_one_of_its_shell(text: str) -> None:
    shell = text.splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_every_document_is_yaml() -> None:
    actions, job = map(yaml.safe_load, DOCUMENTS)
    assert actions["jobs"]["part"]["strategy"]["matrix"]["part"] == list(range(1, job["spec"]["completions"] + 1))
    rules = {rule["action"]: rule["onExitCodes"]["values"] for rule in job["spec"]["podFailurePolicy"]["rules"]}
    assert rules == {"Ignore": [75], "FailIndex": [2, 3, 4]}


@pytest.mark.slow
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


@pytest.mark.slow
def test_every_part_on_a_dask_cluster_lands_once_though_a_worker_is_killed_in_its_job(
    library: ConfigLibrary, git: Git, tmp_path: Path
) -> None:
    if find_spec("distributed") is None:
        pytest.skip("pip install 'tvmgitlib[dask]' into this environment")
    remote, bin, measured = tmp_path / "team.git", tmp_path / "bin", tmp_path / "measured"
    library.configure("push", "queue")
    git(tmp_path, "clone", "-q", "--bare", str(library.path), str(remote))
    bin.mkdir()
    (bin / "tune.py").write_text(SHARED)
    (bin / "tvmgitlib").write_text(SHARING)
    (bin / "tvmgitlib").chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    env = {"PATH": f"{bin}:{os.environ['PATH']}", "PYTHON": sys.executable, "TUNE": bin / "tune.py"}
    env |= {"MEASURED": measured, "REMOTE": remote.as_uri(), "TARGET": "llvm", "PAUSE": 2}
    dask = (sys.executable, "-m", "dask")
    with ExitStack() as cluster:
        cluster.enter_context(running(*dask, "scheduler", "--host", address, "--no-dashboard"))
        workers = []
        for number in range(4):
            (farm := tmp_path / f"machine{number}").mkdir()
            script("part.sh", farm)
            command = (
                *dask,
                "worker",
                address,
                "--nthreads",
                1,
                "--no-nanny",
                "--no-dashboard",
                "--death-timeout",
                120,
            )
            workers.append(cluster.enter_context(running(*command, "--local-directory", farm, **env, FARM=farm)))
        parts = cluster.enter_context(running(sys.executable, script("parts.py", tmp_path), address, 12, **env))
        assert parts.wait() == 0
        assert [worker.poll() for worker in workers].count(-signal.SIGKILL) == 1

    folder = ConfigLibrary.clone(remote.as_uri(), tmp_path / "folder")
    folder.fold_queue()
    keys = Counter(folder.show_job(entry.job).header.options["key"] for entry in folder.log())
    assert keys == Counter(f"net.onnx {part}" for part in range(1, 13))
    trials = sorted(tuple(map(int, line.split())) for line in measured.read_text().splitlines())
    assert trials == [(part, trial) for part in range(1, 13) for trial in range(3)]
    assert git(remote, "for-each-ref", "refs/tvmgitlib") == ""
    assert not folder.check()


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
