"""Every command that writes is killed at random moments: what it acknowledged is there, and the next one goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import assert_connected, running
from worlds import COMMANDS, SCRIPT, World

from tvmgitlib import ConfigLibrary

_KILLS = 1_000


def run(world: World, arguments: list[str], after: float | None) -> tuple[str, float]:
    """Run a command, killed after so many seconds; returns what it printed, whole, and how long it took."""
    command = ["-C", world.library.path, "--json", *arguments]
    with running(SCRIPT, *command) as process:
        assert process.stdout.readline() == "ready\n"
        start = time.monotonic()
        if after is not None:
            time.sleep(after)
            os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        assert after is not None or process.returncode == 0, out
    return (out if out.endswith("\n") else ""), time.monotonic() - start


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("command", COMMANDS)
def test_kills(
    library: ConfigLibrary,
    tmp_path: Path,
    git: Callable[..., str],
    command: str,
    chance: random.Random,
    amount: Callable[[int], int],
    counted: Counter[str],
) -> None:
    world = World(library, tmp_path, git)
    arguments = world.prepared(command)
    out, seconds = run(world, arguments, None)
    world.assert_whole(command, arguments, out)
    for _ in range(amount(_KILLS // len(COMMANDS) + 1)):
        arguments = world.prepared(command)
        out, _ = run(world, arguments, chance.uniform(0, 1.1 * seconds))
        world.assert_whole(command, arguments, out)
        counted[f"kills of {command}"] += 1
        counted["that it had acknowledged"] += bool(out)
    assert_connected(library.path)
