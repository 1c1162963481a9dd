"""What a command uses: time of the processor, and memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

#: Runs a command and prints its exit code and what it used; what the command prints goes to standard error. Linux gives
#: a process the peak memory of the one that started it to begin with, so that is this one, which has next to nothing.
_WATCH = """
import os, sys
command = sys.argv[1:]
process = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


class Usage(NamedTuple):
    """What a process and its children used: seconds of the processor, and the most memory in MB (2**20 bytes)."""

    seconds: float
    peak: float


def used_by(command: Sequence[str], environment: Mapping[str, str], codes: Collection[int] = (0,)) -> Usage:
    """Run a command and see what it used.

    Args:
        command: the command.
        environment: its environment.
        codes: the exit codes that are no failure.
    """
    with tempfile.TemporaryFile() as said:
        watching = [sys.executable, "-I", "-S", "-c", _WATCH, *command]
        done = subprocess.run(watching, check=True, stdout=subprocess.PIPE, stderr=said, env=environment)
        code, seconds, peak = done.stdout.split()
        if int(code) not in codes:
            said.seek(0)
            words = said.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(command)}: exit code {int(code)}\n{words}")
    return Usage(float(seconds), int(peak) / (2**20 if sys.platform == "darwin" else 2**10))
