"""What signatures cost: the same import and the same `best`, with keys and without, in turn and in one run.

    signing.py [--jobs 1000 10000] [--rounds 5] [--json]

Two libraries of each of these numbers of jobs, of which one has a signature of every job. Measured are the medians of
whole commands, by the clock and in seconds of CPU: `import` of a small log, which signs; `best` of one platform (10
workloads of 1,000 jobs) and of all, trusting anybody, and trusting only signed jobs; and, once, the first `check
--signatures`, which proves every signature (in one process where this Python has `cryptography`), and the second one,
which remembers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from libraries import make
from servers import log

from tvmgitlib.model import signature_path
from tvmgitlib.store import key_of

TVM = "hhb-tvm==0.16.dev0"
ONE = ("--platform", "board-0000")

#: How many segments one process signs.
_AT_ONCE = 500


class Taken(NamedTuple):
    """What a command took, in seconds: by the clock, and of CPU, its programs included."""

    clock: float
    cpu: float


def timed(*arguments: object, **variables: str) -> Taken:
    """What one command takes; 1 says that the answer is no, which takes no less."""
    command = [sys.executable, "-m", "tvmgitlib", *map(str, arguments)]
    used, start = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **variables})
    clock, now = time.monotonic() - start, os.times()
    if done.returncode > 1:
        raise SystemExit(done.stderr.decode())
    return Taken(clock, now.children_user + now.children_system - used.children_user - used.children_system)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def sign_all(library: Path, key: Path) -> None:
    """Put a signature beside every segment, in one commit."""
    segments = sorted(library.glob("jobs/*/*.jsonl"))
    for start in range(0, len(segments), _AT_ONCE):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "tvmgitlib-job@v1", "-f", key]
        subprocess.run([*command, *segments[start : start + _AT_ONCE]], capture_output=True, check=True)
    for segment in segments:
        made = segment.with_name(f"{segment.name}.sig")
        maker = key_of(made.read_bytes())
        assert maker is not None
        made.rename(library / signature_path(segment.relative_to(library).as_posix(), maker.id))
    git(library, "add", "jobs")
    git(library, "commit", "-q", "-m", "Sign them")
    git(library, "config", "tvmgitlib.sign", "ssh-key")
    git(library, "config", "user.signingKey", str(key))


def measure(scratch: Path, jobs: int, rounds: int) -> dict[str, Taken]:
    """The medians, and the ratios."""
    key, allowed = scratch / "key", scratch / "allowed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    allowed.write_text(f"bench@example.com {key.with_suffix('.pub').read_text()}")
    plain, signed = make(scratch / "plain", jobs).path, scratch / "signed"
    git(scratch, "clone", "-q", str(plain), str(signed))
    sign_all(signed, key)
    timed("-C", signed, "rebuild")
    trusting = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "tvmgitlib.trust",
        "GIT_CONFIG_VALUE_0": "signed",
        "GIT_CONFIG_KEY_1": "tvmgitlib.allowedSigners",
        "GIT_CONFIG_VALUE_1": str(allowed),
    }
    found = {f"check --signatures, {which}": timed("-C", signed, "check", "--signatures") for which in ("1st", "2nd")}
    taken: dict[str, list[Taken]] = {}
    for number in range(rounds + 1):
        text = log(scratch, number)
        for kind, library, variables in (("plain", plain, {}), ("signed", signed, {}), ("trusting", signed, trusting)):
            best = ("-C", library, "best", "--tvm", TVM, "--accept", "any")
            taken.setdefault(f"best of all, {kind}", []).append(timed(*best, **variables))
            taken.setdefault(f"best of a platform, {kind}", []).append(timed(*best, *ONE, **variables))
            if kind != "trusting":
                imported = timed("-C", library, "import", text, "--platform", "box")
                taken.setdefault(f"import, {kind}", []).append(imported)
    for name, times in taken.items():
        found[name] = Taken(*map(statistics.median, zip(*times[1:], strict=True)))  # the first fills caches
    for name in [name for name in found if name.endswith((", signed", ", trusting"))]:
        plain_one = found[f"{name.partition(',')[0]}, plain"]
        found[f"{name}, ratio"] = Taken(*(one / other for one, other in zip(found[name], plain_one, strict=True)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    for jobs in told.jobs:
        scratch = Path(tempfile.mkdtemp(prefix="signing-"))
        try:
            found = measure(scratch, jobs, told.rounds)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        table = "\n".join(f"{name:36} {took.clock:8.2f} {took.cpu:8.2f}" for name, took in found.items())
        as_json = {name: took._asdict() for name, took in found.items()}
        print(json.dumps({"jobs": jobs, **as_json}) if told.json else f"{jobs:,} jobs: clock, CPU\n{table}", flush=True)


if __name__ == "__main__":
    main()
