"""The disk is full after any number of bytes: a command says so or is done, and nothing that was acknowledged is lost.

A shim under every process counts what is written into files, and leaves no more room than was said; what is removed
gives none back.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import assert_connected
from worlds import COMMANDS, SCRIPT, World

from tvmgitlib import ConfigLibrary

_SIZES = 200

_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long *room;

__attribute__((constructor)) static void begin(void) {
    int fd = open(getenv("ROOM"), O_RDWR | O_CLOEXEC);
    room = mmap(0, sizeof *room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}

/* How much of a write there is room for; what does not go into a file needs none. */
static ssize_t taken(int fd, size_t size) {
    struct stat is;
    if (room == MAP_FAILED || fstat(fd, &is) != 0 || !S_ISREG(is.st_mode) || size == 0) return size;
    long left = __atomic_fetch_sub(room, size, __ATOMIC_SEQ_CST);
    return left >= (long)size ? (long)size : left > 0 ? left : -1;
}

#define FULL(name, more, pass) \
    ssize_t name(int fd, const void *from, size_t size more) { \
        ssize_t some = taken(fd, size); \
        if (some < 0 && size > 0) { errno = ENOSPC; return -1; } \
        return ((ssize_t(*)())dlsym(RTLD_NEXT, #name))(fd, from, (size_t)some pass); \
    }

#define AT , off_t at
#define HERE , at
FULL(write, , )
FULL(pwrite, AT, HERE)
FULL(pwrite64, AT, HERE)
"""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(_SHIM)
    built = folder / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, folder / "shim.c", "-ldl"], check=True)
    return built


class Disk:
    """Runs commands on a disk with little room."""

    def __init__(self, shim: Path, folder: Path) -> None:
        self._shim = shim
        self._room = folder / "room"

    def run(self, world: World, arguments: list[str], room: int) -> subprocess.CompletedProcess[str]:
        """Run a command with room for so many bytes."""
        self._room.write_bytes(struct.pack("l", room))
        env = {**os.environ, "LD_PRELOAD": str(self._shim), "ROOM": str(self._room), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", SCRIPT, "-C", str(world.library.path), "--json", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    @property
    def left(self) -> int:
        """How much room the last command left: less than none where it was refused some."""
        return int(struct.unpack("l", self._room.read_bytes())[0])


if shutil.which("cc"):

    @pytest.mark.soak
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("command", COMMANDS)
    def test_full_disks(
        library: ConfigLibrary,
        tmp_path: Path,
        git: Callable[..., str],
        shim: Path,
        command: str,
        amount: Callable[[int], int],
        counted: Counter[str],
    ) -> None:
        world = World(library, tmp_path, git)
        disk = Disk(shim, tmp_path)
        arguments = world.prepared(command)
        done = disk.run(world, arguments, 1 << 40)
        assert done.returncode == 0, done.stderr
        needed = (1 << 40) - disk.left
        world.assert_whole(command, arguments, done.stdout.removeprefix("ready\n"))
        sizes = amount(_SIZES)
        for number in range(sizes):
            arguments = world.prepared(command)
            done = disk.run(world, arguments, needed * number // sizes)
            told = f"{arguments} with room for {needed * number // sizes} bytes: {done.returncode} {done.stderr}"
            assert done.returncode in (0, 1, 4), told
            assert "Traceback" not in done.stderr, told
            out = done.stdout.removeprefix("ready\n")
            world.assert_whole(command, arguments, out if done.returncode == 0 else "")
            counted[f"sizes of {command}"] += 1
            counted["in which it failed"] += done.returncode != 0
        assert_connected(library.path)
