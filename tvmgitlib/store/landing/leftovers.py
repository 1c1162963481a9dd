"""What killed processes left in the Git directory: ours is removed, and only while we hold the write lock.

Git itself never removes a lock that a killed process left, and a user's lock is none of our business. So every lock
that goes has to be shown to be ours.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from tvmgitlib.store.landing.index import SCRATCH
from tvmgitlib.store.objects import KEEP, MOST_OF_SMALL
from tvmgitlib.store.small import read_small

#: Git holds an empty lock for milliseconds while it moves a branch: after a second of polling, its holder is dead.
_POLLS = 20
_POLL_SECONDS = 0.05

#: How long nothing was written to a pack that will never be whole.
_TORN_SECONDS = 24 * 3600.0


def sweep_scratch(git_dir: Path) -> None:
    """Remove our scratch files, and `index.lock` if it is a hard link to one of them."""
    lock = git_dir / "index.lock"
    for stray in git_dir.glob(SCRATCH.format("*")):
        try:
            if stray.samefile(lock):
                lock.unlink()
        except FileNotFoundError:
            pass
        stray.unlink(missing_ok=True)
    for stray in git_dir.glob(f"{SCRATCH.format('*')}.lock"):  # of a Git command of ours that was killed as well
        stray.unlink(missing_ok=True)


def sweep_keeps(packs: Path) -> None:
    """Let any gc have the packs that a killed process of ours kept: what a ref leads to stays all the same.

    Args:
        packs: Git's folder of packs.
    """
    for keep in packs.glob("pack-*.keep"):
        if _content(keep).startswith(KEEP):
            keep.unlink(missing_ok=True)


def sweep_torn_packs(packs: Path) -> None:
    """Remove packs that nobody finished, whoever began them: Git names them so until they are whole.

    One that is being written is written to all the time; Git itself would leave these for two weeks.

    Args:
        packs: Git's folder of packs.
    """
    oldest = time.time() - _TORN_SECONDS
    for torn in (*packs.glob("tmp_pack_*"), *packs.glob("tmp_idx_*"), *packs.glob("tmp_rev_*")):
        with suppress(OSError):  # it is gone, or another user's
            if torn.lstat().st_mtime < oldest:
                torn.unlink()


def sweep_branch_locks(branch_lock: Path, head_lock: Path, promised: Collection[str]) -> None:
    """Remove the locks of a `git update-ref` of ours that was killed together with us, as when a container ends.

    Args:
        branch_lock: the lock on the branch. It holds the commit that the branch was to have: a commit of ours proves
            whose lock it is. Git writes that at once, so a lock that stays empty is of a process that is dead.
        head_lock: the lock on HEAD that goes with it. It is empty, and guards no more than a line of HEAD's log.
        promised: the commits that the redo note promises.
    """
    if branch_lock.exists():
        if not _stays_empty(branch_lock) and _content(branch_lock) not in promised:
            return
        branch_lock.unlink(missing_ok=True)
    if _stays_empty(head_lock):
        head_lock.unlink(missing_ok=True)


def _stays_empty(lock: Path) -> bool:
    """Whether a lock is there without content, and longer than any living Git command leaves it so."""
    for _ in range(_POLLS):
        try:
            if lock.stat().st_size > 0:
                return False
        except FileNotFoundError:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _content(lock: Path) -> str:
    try:
        return read_small(lock, MOST_OF_SMALL).decode(errors="replace").strip()
    except OSError:  # it is gone, or none that Git has written
        return ""
