"""Moving the branch: the work tree follows, and a kill at any point is made good by the next command."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property

from tvmgitlib.model import GitError
from tvmgitlib.store.ancestry import is_ancestor
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.durable import sync_ref
from tvmgitlib.store.git import DURABLE, Configuration, Sharing, failure
from tvmgitlib.store.git import VARIABLE as SHARED
from tvmgitlib.store.landing.leftovers import sweep_branch_locks, sweep_keeps, sweep_scratch
from tvmgitlib.store.landing.lock import nobody_keeps, try_write_lock, write_lock
from tvmgitlib.store.landing.redo import RedoNote, Step
from tvmgitlib.store.landing.worktree import Following
from tvmgitlib.store.objects import Committed, Snapshot

_log = logging.getLogger("tvmgitlib")

#: While `git gc` packs refs, `git update-ref` may read an older value of a branch that has not moved at all.
_STALE_READ = b"but expected"
_SWAP_PAUSES = (0.02, 0.04, 0.08, 0.16, 0.32)  # seconds

#: How long another Git command may hold the index before a commit is made without the work tree. `git status` holds it
#: for milliseconds, an editor with a commit message for as long as it is open.
_INDEX_WAIT_SECONDS = 2.0

_NOT_FOLLOWED = """\
The commit is made, but the work tree could not follow: %s
The next tvmgitlib command tries again. Run one (tvmgitlib check, say) before you commit with git here: until then Git
sees the files of before, and git commit -a would take the new ones out again."""


class Landing:
    """The branch of a checkout in the hands of the one who holds the write lock.

    Args:
        checkout: whose branch.
        lock: the descriptor of the lock.
    """

    def __init__(self, checkout: Checkout, lock: int) -> None:
        self._checkout = checkout
        self._lock = lock
        self._redo = RedoNote(checkout.git_dir)

    @cached_property
    def configuration(self) -> Configuration:
        """What Git is configured to do."""
        return Configuration(self._checkout.git)

    @property
    def _sharing(self) -> Sharing:
        return Sharing.of(self.configuration.get(SHARED))

    def _promise(self, steps: Sequence[Step]) -> None:
        self._redo.write(steps, self._sharing if steps else Sharing())

    def land(self, branch: str, step: Step, reason: str) -> Committed | None:
        """Move the branch, and let the work tree follow; None when the branch is not where it was any more.

        The index is locked before the branch moves, and given back when the files are there. A kill is made good by the
        next command, from the note; an interrupt is like a kill once the branch has moved.

        Raises:
            GitError: Git cannot move the branch, or read the index.
        """
        pending = self._redo.read()
        self._promise([*pending, step])
        with self._checkout.snapshot(step.new) as target:
            following, moved = None, False
            try:
                following = self._begin([*pending, step], target, _INDEX_WAIT_SECONDS)
                moved = self._swap(branch, step, reason)
            finally:
                if not moved and self._checkout.resolve(branch) != step.new:
                    if following is not None:
                        following.cancel()
                    self._promise(pending)
            return Committed(step.new, self._follow(following)) if moved else None

    def _swap(self, branch: str, step: Step, reason: str) -> bool:
        """Move the branch if it still is where it was: from here on the commit is acknowledged."""
        update = ("update-ref", "-m", f"tvmgitlib: {reason}", "--create-reflog")
        values = (branch, step.new, step.old or "0" * len(step.new))
        for pause in (*_SWAP_PAUSES, None):
            swapped = self._checkout.git.try_run(*DURABLE, *update, *values, keep=[self._lock])
            if swapped.returncode == 0:
                sync_ref(self._checkout.common_dir, branch)
                return True
            if self._checkout.resolve(branch) != step.old:
                return False
            if pause is None or _STALE_READ not in swapped.stderr:
                break
            time.sleep(pause)
        raise failure(update, swapped.stderr, swapped.returncode)

    def _begin(self, steps: Sequence[Step], target: Snapshot, wait_seconds: float) -> Following | None:
        if self._checkout.bare:
            return None
        return Following.begin(self._checkout, steps, target, self.configuration.filters(), self._sharing, wait_seconds)

    def _follow(self, following: Following | None) -> tuple[str, ...]:
        """Bring the work tree to a commit that is made: whatever goes wrong now is told, and made good later."""
        left: list[str] = []
        try:
            if following is not None:
                left = following.finish()
            elif not self._checkout.bare:
                raise GitError(f"another Git command holds {self._checkout.git_dir / 'index.lock'}")
        except (GitError, OSError) as error:
            _log.warning(_NOT_FOLLOWED, error)
        else:
            self._promise([])
        return tuple(left)

    def recover(self) -> None:
        """Finish what a killed writer had promised: its commit is on the branch, the work tree has not followed."""
        checkout = self._checkout
        sweep_scratch(checkout.git_dir)
        with nobody_keeps(checkout.state) as alone:
            if alone:
                sweep_keeps(checkout.common_dir / "objects" / "pack")
        promised = self._redo.read()
        branch = checkout.checked_out if promised else None
        if branch is not None:
            lock = checkout.common_dir / f"{branch}.lock"
            sweep_branch_locks(lock, checkout.git_dir / "HEAD.lock", [step.new for step in promised])
        head = checkout.head if promised else None
        steps = [step for step in promised if head and is_ancestor(checkout, step.new, head)]
        self._promise(steps)
        if not steps:
            return
        with checkout.snapshot(head) as target:
            try:
                following = self._begin(steps, target, wait_seconds=0)
            except GitError as error:
                _log.warning(_NOT_FOLLOWED, error)
            else:
                self._follow(following)


@contextmanager
def writing(checkout: Checkout) -> Iterator[Landing]:
    """Hold the write lock, with whatever a killed writer left undone made good.

    Raises:
        GitError: another process held the lock for ten minutes.
    """
    with write_lock(checkout.state) as lock:
        landing = Landing(checkout, lock)
        landing.recover()
        yield landing


def recover(checkout: Checkout) -> None:
    """Make good what a killed writer left undone, if nobody is writing."""
    with suppress(OSError), try_write_lock(checkout.state) as lock:  # a reader may have no right to write
        if lock is not None:
            Landing(checkout, lock).recover()
