"""`core.sharedRepository`: who beside its owner may read and write what is made in a repository.

Git sees to what it writes itself; this is for our own files, in the Git directory and in the work tree.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from tvmgitlib.store.git.process import Git

#: The name of the variable, as `git var -l` has it.
VARIABLE = "core.sharedrepository"

_GROUP = 0o660
_ALL = 0o664
_WORDS = {
    **dict.fromkeys(("umask", "false", "no", "off", "0", ""), 0),
    **dict.fromkeys(("group", "true", "yes", "on", "1"), _GROUP),
    **dict.fromkeys(("all", "world", "everybody", "2"), _ALL),
}


class Sharing(Struct, frozen=True):
    """How a repository is shared.

    Attributes:
        bits: the permissions that a file gets; 0 leaves it to the umask.
        exactly: whether it gets no others.
    """

    bits: int = 0
    exactly: bool = False

    @classmethod
    def of(cls, value: str | None) -> Sharing:
        """What the variable says; what Git would not understand says nothing."""
        word = (value or "").lower()
        if word in _WORDS:
            return cls(_WORDS[word])
        try:
            bits = int(word, 8)
        except ValueError:
            return cls()
        return cls(bits & 0o666, exactly=True)

    @classmethod
    def in_git_dir(cls, git_dir: Path) -> Sharing:
        """What the configuration of a repository says."""
        asked = Git(git_dir, bare=True).try_run("config", "--get", VARIABLE)
        return cls.of(os.fsdecode(asked.stdout).strip())

    def share(self, path: Path | int | str, *, dir_fd: int | None = None) -> None:
        """Give a file or folder that was just made its permissions.

        Args:
            path: it, or a descriptor of it.
            dir_fd: the folder that it is in, where the path is only its name.
        """
        if self.bits:
            found = os.stat(path, dir_fd=dir_fd).st_mode
            os.chmod(path, self._mode(found), dir_fd=dir_fd)

    def _mode(self, found: int) -> int:
        mode = stat.S_IMODE(found)
        kept = mode & ~0o777 if self.exactly else mode
        if not stat.S_ISDIR(found):
            return kept | self.bits
        mode = kept | self.bits | (kept | self.bits) >> 2 & 0o111  # who may read a folder may enter it
        return mode | stat.S_ISGID if self.bits & 0o060 else mode


def share_made(git_dir: Path, made: Iterable[Path]) -> None:
    """Give what was just made in a Git directory the permissions that its configuration asks for."""
    sharing = Sharing.in_git_dir(git_dir)
    for path in made:
        sharing.share(path)
