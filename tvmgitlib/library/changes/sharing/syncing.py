"""Sharing with a remote: fetch, replay what is local on the remote's tip, push; over again until it is there.

No merge commits come of it: every local commit is made again on top of what others pushed meanwhile, its jobs added and
configs/ folded, as if it had been made there. Jobs may go by the remote's queue too, see `queueing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from msgspec.structs import replace

from tvmgitlib.library.changes.arriving import (
    altered_signatures,
    require_sound,
    require_unchanged,
    tell_unless_folded,
)
from tvmgitlib.library.changes.sharing.checkpoints import make_checkpoint, require_recent
from tvmgitlib.library.changes.sharing.exchange import Synced, Try, attempts, head_of, settings_of
from tvmgitlib.library.changes.sharing.needed import fetch_needed, only_builds
from tvmgitlib.library.changes.sharing.queueing import Taken, only_jobs, take_in, to_queue, waiting
from tvmgitlib.library.changes.sharing.replaying import replay
from tvmgitlib.library.reading import new_jobs
from tvmgitlib.model import GitError, LibraryError, listed, plural
from tvmgitlib.store import (
    Landing,
    Outcome,
    Queue,
    Repository,
    Upstream,
    Writer,
    fetch,
    follow,
    last_seen,
    note_seen,
    push_folded,
    push_to_queue,
    upstream,
)

#: How many pushes may lose against others' before jobs go to the queue.
_LOST_RACES = 3

#: How many times the branch here may move under an exchange before writers are kept away for one.
_OUTRUN = 3


def sync(repository: Repository, *, queued: bool = False, accept_rewrite: bool = False) -> Synced:
    """Exchange jobs with the remote branch that the current branch follows.

    What waits in the remote's queue is folded too. By the setting `push`, local jobs go to the queue: never, always, or
    after three pushes that others were faster than. Where something else than jobs is local, a setting say, all of it
    goes by the branch.

    Args:
        repository: the library's.
        queued: whether local jobs go to the queue, whatever the setting says, and nothing to the branch.
        accept_rewrite: whether jobs and signatures that the remote had once, and has not any more, are given up.

    Raises:
        GitError: there is no remote, it refuses, or it could not be reached for two minutes.
        LibraryError: the remote has lost jobs or signatures that this clone has seen there, or has another text of one.
        TvmgitlibError: something that comes in is malformed (see `require_sound`), or a local commit does not go
            together with it (see `combine`).
    """
    mode, source = settings_of(repository).push, upstream(repository)
    if queued or (mode == "queue" and _is_queueable(repository, source)):
        done = _Exchange(repository, source, sends=False, accepts_rewrite=accept_rewrite).run()
        return replace(done, queued=enqueue(repository, source))
    races = _LOST_RACES if mode == "auto" else None
    return _Exchange(repository, source, races=races, accepts_rewrite=accept_rewrite).run()


def _is_queueable(repository: Repository, source: Upstream) -> bool:
    """Whether the remote has the library, as last seen, and all that is local beside it is jobs."""
    there = repository.resolve(source.tracking)
    return there is not None and only_jobs(repository, head_of(repository), there)


def send(repository: Repository) -> Synced:
    """`sync`; where the setting `push` says `queue`, only queue the local jobs: nothing is fetched."""
    if settings_of(repository).push != "queue":
        return sync(repository)
    source = upstream(repository)
    queued = enqueue(repository, source)
    return Synced(source.remote, source.branch, head_of(repository), queued=queued)


def fold_queue(repository: Repository, *, checkpoint: bool = False) -> Synced:
    """`sync` for whoever folds the queue: local jobs never go into it.

    Args:
        repository: the library's.
        checkpoint: whether to sign where the branch is then.

    Raises:
        GitError: as `sync`; also when the remote lets nobody take a job out of the queue, or nothing says with which
            key to sign.
        TvmgitlibError: as `sync`.
    """
    done = _Exchange(repository, upstream(repository), insists=True).run()
    return replace(done, checkpoint=make_checkpoint(repository, done.commit).time) if checkpoint else done


def enqueue(repository: Repository, source: Upstream) -> tuple[str, ...]:
    """Push the local jobs that the remote has not, as last seen, to its queue; returns all that wait there.

    Raises:
        GitError: as `sync`.
    """
    queue, local = Queue(source.remote, settings_of(repository).queue_refs), head_of(repository)
    there = repository.resolve(source.tracking) or fetch(repository, source)
    queued = queue.seen(repository)
    with repository.writer() as writer:
        commits = to_queue(repository, writer, queue, local, there, queued)
        if commits:
            for tries in attempts(source):
                pushed = push_to_queue(repository, queue, commits)
                if pushed.outcome is Outcome.DONE:
                    break
                tries.last = pushed.said
            queue.remember(repository, commits)
    return waiting(repository, {**queued, **commits}, local, there)


class _Exchange:
    """Fetch, replay, fold what is queued, push, over again; see `sync`.

    Args:
        repository: the library's.
        source: the remote branch.
        sends: whether anything goes to the branch; else local commits are made again on top of it here alone.
        races: how many pushes may be lost to faster ones before local jobs go to the queue; None for any number.
        insists: whether the queue has to be folded; else a remote that lets nobody change it keeps it.
        accepts_rewrite: whether jobs go that the remote has no more.
    """

    def __init__(
        self,
        repository: Repository,
        source: Upstream,
        *,
        sends: bool = True,
        races: int | None = None,
        insists: bool = False,
        accepts_rewrite: bool = False,
    ) -> None:
        self._repository = repository
        self._source = source
        self._queue = Queue(self._source.remote, settings_of(repository).queue_refs)
        self._only_builds = only_builds(repository, self._source.remote)
        self._sends, self._folds = sends, sends and not self._only_builds
        self._races, self._lost_races = races, 0
        self._insists = insists
        self._outrun = 0
        self._theirs_before: tuple[str | None] | None = None
        self._accepts_rewrite = accepts_rewrite
        self._known = last_seen(repository, self._source) or repository.resolve(self._source.tracking)

    def run(self) -> Synced:
        """Try until it is done."""
        with self._repository.writer() as writer:
            for tries in attempts(self._source):
                try:
                    theirs = fetch(self._repository, self._source, self._queue.refspec)
                    if theirs is not None and not self._insists:  # who folds is who renews the checkpoint
                        require_recent(self._repository, self._source, theirs)
                    if theirs is not None:
                        fetch_needed(self._repository, self._source.remote, theirs)
                except ConnectionError as error:
                    tries.last = str(error)
                    continue
                with self._writers_kept_away() as lander:
                    done = self._meet(writer, tries, theirs, lander)
                if done is not None:
                    return done
                if self._lost_races == self._races and theirs is not None and self._goes_by_queue(theirs):
                    return self._by_the_queue()
        raise AssertionError  # attempts raises when patience ends

    @contextmanager
    def _writers_kept_away(self) -> Iterator[Landing | None]:
        """Hold the write lock, once the branch has moved under too many tries; else nothing."""
        if self._outrun < _OUTRUN:
            yield None
        else:
            with self._repository.writing() as lander:
                yield lander

    def _goes_by_queue(self, theirs: str) -> bool:
        return only_jobs(self._repository, head_of(self._repository), theirs)

    def _meet(self, writer: Writer, tries: Try, theirs: str | None, lander: Landing | None) -> Synced | None:
        """One try, with the remote's tip; None for another one."""
        repository, queue = self._repository, self._queue
        local = head_of(repository)
        dropped, is_rewritten = self._lost(local, theirs) if theirs is not None else ([], False)
        self._theirs_before = self._theirs_before or (theirs,)
        taken = Taken(replay(repository, writer, local, theirs, leaving=self._known if is_rewritten else None))
        if self._folds:
            taken = take_in(repository, writer, taken.tip, queue.seen(repository))
        if self._sends and (taken.tip != theirs or taken.leaving):
            if not self._push(taken, tries):
                return None
            queue.forget(repository, taken.leaving)
        made = None
        if taken.tip != local:
            made = repository.advance(local, taken.tip, f"sync with {queue.remote}", lander)
            if made is None:  # another job was committed meanwhile: it is to be sent too
                self._outrun += 1
                tries.last = "jobs were committed here all the time"
                return None
        sent = new_jobs(repository, *self._theirs_before, local) if self._sends else set[str]()
        received = new_jobs(repository, local, theirs)
        if taken.folded:
            received |= taken.folded.keys() & new_jobs(repository, local, taken.tip)
        with suppress(GitError):  # somebody else is changing the configuration, or the ref: the next one sets it
            follow(repository, self._source)
            seen = taken.tip if self._sends else theirs
            if seen is not None:
                note_seen(repository, self._source, seen)
        tell_unless_folded(repository, taken.tip)
        return Synced(
            remote=self._source.remote,
            branch=self._source.branch,
            commit=taken.tip,
            sent=tuple(sorted(sent - {*dropped})),
            received=tuple(sorted(received)),
            tries=tries.number,
            left_alone=made.left_alone if made else (),
            folded=tuple(sorted(taken.folded)),
            refused=dict(taken.refused),
            dropped=tuple(dropped),
        )

    def _by_the_queue(self) -> Synced:
        """Take in what there is, and let local jobs wait in the queue."""
        done = _Exchange(self._repository, self._source, sends=False, accepts_rewrite=self._accepts_rewrite).run()
        return replace(done, queued=enqueue(self._repository, self._source))

    def _lost(self, local: str, theirs: str) -> tuple[list[str], bool]:
        """The jobs that the remote has lost since this clone saw it last, in order; the rest of it is looked at.

        Returns:
            Them, and whether it has lost or changed anything that was there: jobs or signatures.

        Raises:
            LibraryError: there is such, and that is not accepted; or the text of a job is another one.
            RecordError: a new segment is malformed.
        """
        repository = self._repository
        if self._only_builds:  # most of what is new stays with the remote
            require_unchanged(repository, theirs, local)
        else:
            require_sound(repository, theirs, local)
        if self._known is None:
            return [], False
        lost = sorted(require_unchanged(repository, theirs, self._known))
        altered = altered_signatures(repository, theirs, self._known)
        if not self._accepts_rewrite:
            if lost:
                self._refuse(theirs, f"has lost {plural(len(lost), 'job')}", lost)
            if altered:
                self._refuse(theirs, f"has lost or changed {plural(len(altered), 'signature')}", altered)
        return lost, bool(lost or altered)

    def _refuse(self, theirs: str, what: str, names: list[str]) -> NoReturn:
        """Say what a remote has done to things that this clone has seen.

        Raises:
            LibraryError: always.
        """
        known, source = (self._known or "")[:12], self._source
        raise LibraryError(
            f"{source.remote} {what} that this clone has seen on its branch {source.branch}: {listed(names)}",
            hint=f"Somebody removed or changed files, or pushed by force: git log {known} {theirs[:12]} -- jobs "
            "shows both. Whoever may should bring them back; tvmgitlib sync --accept-rewrite gives them up here "
            "too. Nothing was taken.",
        )

    def _push(self, taken: Taken, tries: Try) -> bool:
        """Push what was made; whether it is there.

        Raises:
            GitError: the remote refuses for good.
        """
        try:
            pushed = push_folded(self._repository, self._source, taken.tip, self._queue, taken.leaving)
        except GitError as error:
            if not taken.leaving:
                raise
            if self._insists:
                raise _not_folded(error, self._queue) from error
            self._folds = False  # it may be that only the queue is not ours to change
            return False
        tries.last = pushed.said
        if pushed.outcome in (Outcome.MOVED, Outcome.BUSY):
            self._lost_races += 1
            self._folds &= self._insists  # whoever is faster folds, and the less is to be done, the sooner we are
        return pushed.outcome is Outcome.DONE


def _not_folded(error: GitError, queue: Queue) -> GitError:
    who = f"Whoever folds the queue needs the right to push to the branch and to delete {queue.prefix}*."
    return GitError(error.message, hint=f"{error.hint}\n{who}" if error.hint else who)
