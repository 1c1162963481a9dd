"""A disk that forgets at a power cut, for tests of what is on it for good.

It is a harsh one: what was written into a file is there only as of the file's last fsync, a new or another name in a
folder only as of the folder's, and what was removed is gone at once.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Git = Callable[..., str]

#: Tells a socket of every fsync when it is over, and waits until it was heard: nobody does anything meanwhile.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void tell(int fd) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char link[64], path[4096], heard;
    int kept = errno, to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    strncpy(at.sun_path, getenv("TOLD"), sizeof at.sun_path - 1);
    if (length > 0 && connect(to, (struct sockaddr *)&at, sizeof at) == 0 && write(to, path, length) == length) {
        shutdown(to, SHUT_WR);
        if (read(to, &heard, 1) < 0) abort();
    }
    close(to);
    errno = kept;
}

#define TOLD(name) \
    int name(int fd) { \
        int done = ((int (*)(int))dlsym(RTLD_NEXT, #name))(fd); \
        if (done == 0) tell(fd); \
        return done; \
    }

TOLD(fsync)
TOLD(fdatasync)
"""

#: The folders of a disk with what they hold: the number of a file, or None for a folder.
Names = dict[str, dict[str, int | None]]


class Disk:
    """What of a folder is on the disk for good.

    Attributes:
        cuts: for each moment the files that a power cut then would leave.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: Names = {}
        self._contents: dict[int, bytes] = {}
        self.cuts: list[dict[str, bytes]] = []
        for folder, _, files in os.walk(root):
            self._keep_names(Path(folder))
            for file in files:
                self._keep_content(Path(folder, file))

    def sync(self, path: Path) -> None:
        """A file or a folder was waited for."""
        if path.is_relative_to(self._root):
            if path.is_dir():
                self._keep_names(path)
            elif path.is_file():
                self._keep_content(path)
            self.cut()

    def cut(self) -> None:
        """The power may go now."""
        left: dict[str, bytes] = {}
        self._leave("", left)
        self.cuts.append(left)

    def _leave(self, folder: str, left: dict[str, bytes]) -> None:
        for name, number in self._names.get(folder, {}).items():
            path = f"{folder}/{name}" if folder else name
            if not os.path.lexists(self._root / path):
                continue  # removed
            if number is None:
                self._leave(path, left)
            else:
                left[path] = self._contents.get(number, b"")

    def _keep_names(self, folder: Path) -> None:
        below = folder.relative_to(self._root).as_posix()
        self._names["" if below == "." else below] = {
            entry.name: None if entry.is_dir(follow_symlinks=False) else entry.inode() for entry in os.scandir(folder)
        }

    def _keep_content(self, file: Path) -> None:
        self._contents[file.stat().st_ino] = file.read_bytes()


@contextmanager
def told(disks: list[Disk], address: Path) -> Iterator[None]:
    """Listen to the shim."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        door.listen(16)

        def listen() -> None:
            while True:
                caller, _ = door.accept()
                with caller:
                    path = caller.makefile("rb").read()
                    if path == b"over":
                        return
                    for disk in disks:
                        disk.sync(Path(os.fsdecode(path)))
                    caller.send(b"!")

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(address))
                last.send(b"over")
            listener.join()


def build_shim(folder: Path) -> Path:
    """Build the shim, into a folder."""
    (folder / "shim.c").write_text(SHIM)
    built = folder / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, folder / "shim.c", "-ldl"], check=True)
    return built


def cut_while(
    command: Sequence[str], shim: Path, address: Path, roots: Sequence[Path]
) -> tuple[list[Disk], subprocess.CompletedProcess[str]]:
    """Run a command, and return what is on the disk of some folders, moment by moment."""
    disks = [Disk(path) for path in roots]
    env = {**os.environ, "LD_PRELOAD": str(shim), "TOLD": str(address)}
    with told(disks, address):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    for disk in disks:
        disk.cut()
    return disks, done


def jobs_after(cut: dict[str, bytes], folder: Path, git: Git) -> set[str]:
    """The jobs of a library after a power cut; all that its branch leads to can be read."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("objects", "refs"):  # Git makes no repository of a folder without them
        (folder / ".git" / name).mkdir(parents=True)
    for path, content in cut.items():
        if path.startswith(".git/"):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    git(folder, "rev-list", "--objects", "--quiet", "main")
    git(folder, "fsck", "--strict", "--no-dangling", "--no-reflogs", "main")
    names = git(folder, "ls-tree", "-r", "--name-only", "main", "jobs/").split()
    return {name.rpartition("/")[2].removesuffix(".jsonl") for name in names}
