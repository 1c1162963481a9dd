"""What a push may do to a library: a server's Git asks before it moves any ref, and only old..new is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from tvmgitlib import store  # as a room: most pushes are judged without a walk of Git's
from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.library import changes  # as a room: few pushes bring anything into the queue
from tvmgitlib.library.care.locating import is_library
from tvmgitlib.library.care.problems import Problem
from tvmgitlib.library.changes import require_sound
from tvmgitlib.library.folding import is_fold_after
from tvmgitlib.library.reading import Contents, Trust, new_jobs
from tvmgitlib.model import JOBS, LibraryError, Settings, TvmgitlibError, job_at, plain_line, segment_path, signature_at
from tvmgitlib.store import Repository, few_since

_BRANCHES = "refs/heads/"

#: An id as Git tells it.
_ID = r"[0-9a-f]{40}|[0-9a-f]{64}"


class Update(Struct, frozen=True):
    """What a push does to one ref.

    Attributes:
        old: the commit that it names so far; None where it does not exist.
        new: the commit that it is to name; None where it is to go.
        ref: its full name.
    """

    old: str | None
    new: str | None
    ref: str

    @classmethod
    def read(cls, line: str) -> Update:
        """A line as Git gives it to its hook: `<old> <new> <ref>`, where zeros stand for nothing.

        Raises:
            LibraryError: it is none.
        """
        match line.rstrip("\n").split(" "):
            case [old, new, ref] if len(old) == len(new) and all(re.fullmatch(_ID, oid) for oid in (old, new)):
                return cls(old if old.strip("0") else None, new if new.strip("0") else None, ref)
        raise LibraryError(f"not a line of Git's to its pre-receive hook: {plain_line(line)}")


class Push:
    """A push that is under way.

    Args:
        repository: the repository that receives it.
        updates: what it does.
        tip: the commit that the library's branch is at, which was judged before; None for none.
    """

    def __init__(self, repository: Repository, updates: Sequence[Update], tip: str | None) -> None:
        self._repository = repository
        self._updates = updates
        self._read: dict[str | None, Contents] = {}
        self._main = repository.checked_out
        self._main_tip = tip if is_library(repository, tip) else None

    def problems(self) -> Iterator[tuple[Update, Problem]]:
        """What is wrong with it, by ref."""
        for update in self._updates:
            self._read.clear()
            try:
                for problem in self._of(update):
                    yield update, problem
            except TvmgitlibError as error:
                file, field = error.file or ".", f"field {error.field}: " if error.field else ""
                yield update, Problem(file, error.line, f"{field}{error.message}", update.new)

    def _of(self, update: Update) -> Iterable[Problem]:
        if update.ref.startswith(self._settings.queue_refs):
            return self._queued(update, update.ref.removeprefix(self._settings.queue_refs))
        return self._branch(update) if update.ref.startswith(_BRANCHES) else ()

    @cached_property
    def _settings(self) -> Settings:
        """The settings of the library's branch as it is."""
        return self._settings_of(self._main_tip)

    def _settings_of(self, commit: str | None) -> Settings:
        """The settings of a library in a commit; those of a new one where there is none."""
        return self._at(commit).settings if is_library(self._repository, commit) else Settings()

    def _at(self, commit: str | None) -> Contents:
        """A library in a commit: several questions about an update are about the same ones."""
        if commit not in self._read:
            self._read[commit] = Contents(self._repository.snapshot(commit))
        return self._read[commit]

    @property
    def _main_after(self) -> str | None:
        """The library's branch as it would be."""
        moved = {update.ref: update.new for update in self._updates}
        return moved.get(self._main or "", self._main_tip)

    def _queued(self, update: Update, job: str) -> Iterator[Problem]:
        """What is wrong with a job that comes into the queue, or leaves it."""
        with self._repository.snapshot(self._main_after) as snapshot:
            if update.new is None:
                if update.old is not None and self._is_job(job, update.old) and not Contents(snapshot).has_job(job):
                    yield Problem(update.ref, None, "the job is on no branch yet, so it does not leave the queue")
            elif update.old is not None:
                yield Problem(update.ref, None, "the job is queued already; what is queued does not change")
            else:
                changes.is_known(snapshot, changes.read_queued(self._repository, job, update.new))
                if self._is_strict:
                    with self._repository.snapshot(update.new) as queued:
                        trust = Trust(Contents(queued), always=True, signers_in=snapshot)
                        yield from _unbelieved(trust, [job], update.new)

    def _is_job(self, job: str, commit: str) -> bool:
        try:
            changes.read_queued(self._repository, job, commit)
        except TvmgitlibError:
            return False
        return True

    def _branch(self, update: Update) -> Iterator[Problem]:
        """What is wrong with a branch that moves; those that hold no library are not ours to judge."""
        old, new = update.old, update.new
        held = old if is_library(self._repository, old) else None  # what held no library was never judged
        if held is None and not is_library(self._repository, new):
            return
        if new is None:
            if update.ref == self._main:
                yield Problem(".", None, "the library's branch does not go")
            return
        if old is not None and not self._comes_of(old, new):
            what = "a push by force takes back what others have seen; tvmgitlib sync puts local jobs on top of it"
            yield Problem(".", None, what, new)
            return
        judged, base = held or self._main_tip, held
        if held is None and self._main_tip is not None:
            base = store.merge_base(self._repository, self._main_tip, new)
        edited = list(self._edited(new, [commit for commit in (held, self._main_tip) if commit is not None]))
        yield from edited
        if not edited:
            require_sound(self._repository, new, judged)
            trust = Trust(self._at(new), always=self._is_strict)
            yield from _unbelieved(trust, sorted(new_jobs(self._repository, judged, new)), new)
            yield from self._loosened(base, new)
            yield from self._configs(judged, base, new)

    def _loosened(self, base: str | None, new: str) -> Iterator[Problem]:
        """Whether a push takes back that only signed jobs are trusted: the next one could bring any."""
        asked, asks = (self._settings_of(commit).policy_trust == "signed" for commit in (base, new))
        if asked and not asks:
            what = "no push takes back that only signed jobs are trusted; who runs the server can, without this hook"
            yield Problem(SETTINGS_FILE, None, f"policy.trust: {what}", new)

    @property
    def _is_strict(self) -> bool:
        """Whether the library's branch asks for signed jobs as it is: no push loosens that first."""
        return self._settings.policy_trust == "signed"

    def _edited(self, new: str, since: Sequence[str]) -> Iterator[Problem]:
        """Segments and signatures that a commit of the push changes or removes, also where another has undone it.

        Args:
            new: the commit that is pushed.
            since: commits that were judged. What else is here was not: a branch that holds no library can have all.
        """
        told = set()
        for commit, path, old, after in self._steps(new, since):
            what = "segments" if job_at(path) is not None else "signatures"
            is_other = what == "signatures" and signature_at(path) is None
            if is_other or old is None or path in told:
                continue
            told.add(path)
            done, instead = ("changed", "") if after else ("removed", "; tvmgitlib revert takes a job out")
            subject = self._repository.commit_at(commit).message.partition("\n")[0]
            by = f"by {commit[:12]} ({plain_line(subject)})"
            yield Problem(path, None, f"{done} {by}; {what} never change{instead}", commit)

    def _steps(self, new: str, since: Sequence[str]) -> Iterator[tuple[str, str, str | None, str | None]]:
        """What each commit of the push does below jobs/, oldest first: the commit, a path, and its blobs before and
        after.
        """
        repository = self._repository
        few = few_since(repository, since[0], new) if len({*since}) == 1 else None
        if few is None:  # this is so of all, but takes Git
            for touching in store.commits_touching(
                repository, new, JOBS, each_parent=True, since=since, oldest_first=True
            ):
                yield from ((touching.id, delta.path, delta.old, delta.new) for delta in touching.deltas)
            return
        for before, commit in zip([since[0], *few], few, strict=False):
            with repository.snapshot(before) as was, repository.snapshot(commit) as now:
                for path, old, after in store.differences(was, now, [JOBS]):
                    if path.startswith(f"{JOBS}/"):
                        yield commit, path, old, after

    def _comes_of(self, old: str, new: str) -> bool:
        """Whether a commit has another one in its history."""
        return few_since(self._repository, old, new) is not None or store.is_ancestor(self._repository, old, new)

    def _configs(self, judged: str | None, base: str | None, new: str) -> Iterator[Problem]:
        """What is wrong with configs/: it is the fold of its jobs, or what it was, left behind for all to see.

        Args:
            judged: a commit whose configs/ is known to be what it says.
            base: the one that the branch left, which may be within a push of which only the end was judged.
            new: the one that is pushed.
        """
        right, before, after = map(self._at, (judged, base, new))
        if after.is_stamped:
            if not is_fold_after(right, after):
                yield Problem("configs", None, "not what jobs/ folds to, though it says so", new)
        elif after.snapshot.entry("configs") != before.snapshot.entry("configs"):
            what = "neither what jobs/ folds to nor as it was: tvmgitlib rebuild makes it anew, then push again"
            yield Problem("configs", None, what, new)


def _unbelieved(trust: Trust, jobs: Iterable[str], commit: str) -> Iterator[Problem]:
    """Which jobs of a commit are not signed as they have to be."""
    for job in jobs:
        why = trust.why_not(job)
        if why is not None:
            yield Problem(segment_path(job), None, why, commit)
