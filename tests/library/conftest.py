"""Small made-up logs, for tests in which the history matters and the records do not."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

_TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"

MakeLog = Callable[..., Path]


def line(
    workload: str, config: int, cost: float, at: float, *, target: str = _TARGET, version: str = "0.16.dev0"
) -> str:
    """An AutoTVM record: `cost` in seconds, `at` in Unix time."""
    return json.dumps(
        {
            "input": [target, workload, [8, 8, "float32"], {}],
            "config": {"index": config, "code_hash": None, "entity": [["tile", "sp", [-1, config]]]},
            "result": [[cost], 0, 0.5, at],
            "version": 0.2,
            "tvm_version": version,
        }
    )


@pytest.fixture
def make_log(tmp_path: Path) -> MakeLog:
    """Write a log of one workload: `make_log("dense", [2e-3, 1e-3])`; configs are 1, 2, ... unless given."""

    def make(workload: str, costs: list[float], configs: list[int] | None = None, **told: str) -> Path:
        number = next(number for number in count(1) if not (tmp_path / f"log-{number}.log").exists())
        path = tmp_path / f"log-{number}.log"
        chosen = configs or range(1, len(costs) + 1)
        lines = [
            line(workload, config, cost, 1.6e9 + 1000 * number + config, **told)
            for config, cost in zip(chosen, costs, strict=True)
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    return make


MakeKey = Callable[[str], Path]


@pytest.fixture(scope="session")
def keys(new_folder: Callable[[str], Path]) -> Path:
    """The folder of the keys, each made when the first test takes it."""
    return new_folder("keys")


@pytest.fixture
def make_key(keys: Path, tmp_path: Path) -> MakeKey:
    """Take a key for signing: `make_key("tess")` is the file of the private one, without a passphrase."""

    def make(name: str) -> Path:
        made, path = keys / name, tmp_path / f"key-{name}"
        if not made.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", made], check=True)
        for suffix in ("", ".pub"):
            shutil.copy(f"{made}{suffix}", f"{path}{suffix}")
        return path

    return make


@pytest.fixture
def sign(make_key: MakeKey, git: Callable[..., str]) -> Callable[[Path, str], str]:
    """Let a library's jobs be signed by a key of its own: `sign(library.path, "tess")` returns the fingerprint."""

    def with_key(path: Path, name: str) -> str:
        key = make_key(name)
        git(path, "config", "tvmgitlib.sign", "ssh-key")
        git(path, "config", "user.signingKey", str(key))
        shown = subprocess.run(["ssh-keygen", "-l", "-f", key], check=True, capture_output=True, text=True)
        return shown.stdout.split()[1]

    return with_key


@pytest.fixture
def allow(git: Callable[..., str], tmp_path: Path) -> Callable[..., Path]:
    """Allow keys that were made to sign: `allow("tess")` returns the file, which the user's configuration names."""

    def write(*names: str, option: str = "") -> Path:
        file = tmp_path / "allowed"
        keys = {name: (tmp_path / f"key-{name}.pub").read_text() for name in names}
        file.write_text("".join(f"{name}@example.com {option}{key}" for name, key in keys.items()))
        git(tmp_path, "config", "--global", "tvmgitlib.allowedSigners", str(file))
        return file

    return write


@pytest.fixture
def trust(git: Callable[..., str], tmp_path: Path) -> None:
    """Trust only what is signed, by the user's configuration."""
    git(tmp_path, "config", "--global", "tvmgitlib.trust", "signed")
