"""A Git repository as the library needs it: a checkout, and one safe way to commit to it."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from tvmgitlib.model import GitError
from tvmgitlib.store import landing
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import Configuration, Git, making_temporary_files, objects_in, without_filters
from tvmgitlib.store.objects import ObjectReader, differences

if TYPE_CHECKING:
    from tvmgitlib.store.objects import Committed, Draft, Snapshot

#: How many levels of folders those have that are the library's own.
_LEVELS = {"jobs": 1, "configs": 2}

#: Never a link in them.
OWN_FOLDERS = tuple(_LEVELS)

_COMMIT_TRIES = 20


#: Who makes commits that nobody keeps: a reader need not have told Git a name.
_NOBODY = {f"GIT_{who}_{what}": "tvmgitlib" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

#: An entry of `git ls-files -v` that is not simply in the index.
_OTHER_TAG = rb"(?:\A|\0)[^H\0]"


class Repository(Checkout):
    """A repository on this machine that can be written to."""

    def identity(self) -> str:
        """`Name <email>` of who commits.

        Raises:
            GitError: Git knows no author or no committer.
        """
        return Configuration(self.git).people().who

    def is_altered(self, folders: Sequence[str]) -> bool:
        """Whether Git sees that files of the work tree in some folders differ from the index, or that they are not in
        it; or whether it is told not to look. No filter of file contents is run.
        """
        import tempfile

        told = ("ls-files", "-v", "-z", "--cached", "--others", "--modified", "--deleted", "--")
        paths = [f":(top,literal){folder}" for folder in folders]
        filters = without_filters(Configuration(self.git).filters())
        with ExitStack() as stack:
            with making_temporary_files("git"):
                made = tempfile.NamedTemporaryFile("w", errors="surrogateescape", prefix="tvmgitlib-")  # noqa: SIM115
                unfiltered = stack.enter_context(made)
                unfiltered.write(filters)
                unfiltered.flush()
            listed = self.git.run("-c", f"include.path={unfiltered.name}", *told, *paths)
        return re.search(_OTHER_TAG, listed) is not None

    def commit(self, draft: Callable[[Snapshot], Draft | None]) -> Committed | None:
        """Commit onto the current branch: under the lock, against its tip, acknowledged by a compare-and-swap.

        Args:
            draft: makes the commit from the tip; called again when the tip moved meanwhile. None commits nothing.

        Raises:
            GitError: no branch is checked out, a merge is under way, or Git cannot write.
            LibraryError: a symbolic link is where the library writes.
        """
        made = self._commit(draft)
        if made is not None:
            landing.gather_packs(self)
        return made

    def _commit(self, draft: Callable[[Snapshot], Draft | None]) -> Committed | None:
        with self.writing() as lander, landing.writing_objects(self, lander.configuration) as writer:
            lander.configuration.people()  # says at once when nobody is known
            for attempt in range(_COMMIT_TRIES):
                branch = self.branch()
                tip = self.head
                with self.snapshot(tip) as snapshot:
                    made = draft(snapshot)
                    if made is None:
                        return None
                    self._refuse_links(made.files)
                    commit = writer.write(snapshot, made)
                landed = lander.land(branch, landing.Step(tip, commit), made.message.splitlines()[0])
                if landed is not None:
                    return landed
                time.sleep(0.01 * attempt)
        raise GitError(f"{branch} kept moving while the commit was made", hint="Run the command again.")

    def writer(self, *, signs: bool = True) -> AbstractContextManager[landing.Writer]:
        """Write commits, for which no branch moves; none of them is lost until the context ends.

        Args:
            signs: whether Git signs them, where it is configured to.
        """
        return landing.writing_objects(self, signs=signs)

    def aside(self) -> Repository:
        """This repository, with what is written from now on beside it: that goes when nobody has it any more."""
        import shutil
        import tempfile

        with making_temporary_files("Git"):
            folder = Path(tempfile.mkdtemp(prefix="tvmgitlib-"))
        part = copy(self)
        part.objects_dir = folder
        part.git = Git(self.root, bare=self.bare, env={**_NOBODY, **objects_in(folder, self.objects_dir)})
        part.reader = ObjectReader(part.git)
        weakref.finalize(part, shutil.rmtree, folder, ignore_errors=True)
        return part

    def advance(self, old: str, new: str, reason: str, lander: landing.Landing | None = None) -> Committed | None:
        """Move the current branch, and the work tree with it, to a commit that was written.

        Args:
            old, new: from which commit, and to which.
            reason: for the branch's log.
            lander: what `writing` gave to who holds the write lock already.

        Returns:
            None when the branch is no longer where it was.

        Raises:
            GitError: as `commit`.
            LibraryError: as `commit`.
        """
        with nullcontext(lander) if lander is not None else self.writing() as held:
            self._refuse_links(self._changed(old, new))
            made = held.land(self.branch(), landing.Step(old, new), reason)
        if made is not None:
            landing.gather_packs(self)
        return made

    def _refuse_links(self, paths: Iterable[str]) -> None:
        if not self.bare:
            landing.refuse_links(self.root, _LEVELS, paths)

    def _changed(self, old: str, new: str) -> Iterator[str]:
        """The paths of what differs between two commits in the library's own folders, and beside them."""
        with self.snapshot(old) as before, self.snapshot(new) as after:
            for path, _, _ in differences(before, after, OWN_FOLDERS):
                yield path

    def writing(self) -> AbstractContextManager[landing.Landing]:
        """Hold the write lock, with whatever a killed writer left undone made good."""
        return landing.writing(self)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Keep writers away, so that branch and work tree agree; not where this user may only read the repository."""
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(self.writing())
            yield

    def recover(self) -> None:
        """Make good what a killed writer left undone, if there is any and nobody is writing."""
        if landing.RedoNote(self.git_dir).exists():
            landing.recover(self)


def create_cache(path: Path, digits: int) -> Repository:
    """Make a bare repository for objects of others, or open the one that is there.

    Args:
        path: where.
        digits: how long the ids of the objects are: 40 or 64.

    Raises:
        GitError: Git cannot make it, or the one that is there has ids of another length.
    """
    path.mkdir(parents=True, exist_ok=True)
    object_format = "sha256" if digits == 64 else "sha1"
    Git(path, bare=True).run("init", "--quiet", "--bare", f"--object-format={object_format}")
    return Repository.bare_at(path)


def create_repository(path: Path) -> Repository:
    """Make an empty repository with the branch `main`, or open the one whose top this is.

    Raises:
        GitError: Git cannot make it.
    """
    present = Repository.find(path)
    if present is not None and present.root.resolve() == path.resolve():
        return present
    path.mkdir(parents=True, exist_ok=True)
    Git(path).run("init", "--quiet", "--initial-branch=main")
    made = Repository.find(path)
    if made is None:
        raise GitError("no repository can be made here", file=str(path))
    return made
