"""The power is cut after any fsync of any command that writes: what was acknowledged before is on the disk."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from cutting import build_shim, cut_while, jobs_after
from worlds import COMMANDS, SCRIPT, World

from tvmgitlib import ConfigLibrary

_ROUNDS = 20

#: Those that have nothing yet that could be lost.
_LEFT_OUT = ("init", "clone")


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


if shutil.which("cc"):

    @pytest.mark.soak
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("command", [name for name in COMMANDS if name not in _LEFT_OUT])
    def test_power_cuts(
        library: ConfigLibrary,
        tmp_path: Path,
        git: Callable[..., str],
        shim: Path,
        command: str,
        amount: Callable[[int], int],
        counted: Counter[str],
    ) -> None:
        world = World(library, tmp_path, git)
        for number in range(amount(_ROUNDS)):
            arguments = world.prepared(command)
            known = set(world.acknowledged)
            line = [sys.executable, "-c", SCRIPT, "-C", str(library.path), "--json", *arguments]
            (disk,), done = cut_while(line, shim, tmp_path / f"told-{number}", [library.path])
            assert done.returncode == 0, done.stderr
            for cut in disk.cuts:
                assert known <= jobs_after(cut, tmp_path / "after", git)
                counted[f"cuts of {command}"] += 1
            out = done.stdout.removeprefix("ready\n")
            if command in ("import", "finish", "revalidate"):
                assert json.loads(out)["job"] in jobs_after(disk.cuts[-1], tmp_path / "after", git)
            world.assert_whole(command, arguments, out)
