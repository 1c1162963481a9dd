"""Writing the objects of commits, so that no gc of another process takes them before a ref leads to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from tvmgitlib.model import GitError, signature_path
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import DURABLE, Configuration, People, require_trusted_signing
from tvmgitlib.store.landing.lock import keep_lock
from tvmgitlib.store.objects import Draft, NewObjects, Snapshot, edit_tree, make_commit, write_pack
from tvmgitlib.store.signing import Signer


class Writer:
    """Writes commits; no branch moves.

    Args:
        checkout: where.
        configuration: what Git is configured to do.
        signs: whether Git signs them, where it is configured to.
    """

    def __init__(self, checkout: Checkout, configuration: Configuration, *, signs: bool = True) -> None:
        self._checkout = checkout
        self._configuration = configuration
        self._signs = signs and configuration.flag("commit.gpgsign")
        self._kept: list[Path] = []

    @cached_property
    def _people(self) -> People:
        return self._configuration.people()

    @cached_property
    def _signer(self) -> Signer | None:
        return Signer.of(self._checkout.git, self._configuration)

    def write(self, snapshot: Snapshot, draft: Draft) -> str:
        """Write a commit on top of a snapshot, and return its id.

        Raises:
            GitError: Git does not know who commits, cannot write, or cannot sign.
        """
        new = NewObjects(self._checkout.digits)
        files = {**draft.files, **self._signatures(draft)}
        if draft.derive is not None:
            files |= draft.derive(edit_tree(snapshot, files, new, draft.derive_from))
        tree = edit_tree(snapshot, files, new) or new.add("tree", b"")
        parents = [*([snapshot.commit] if snapshot.commit else []), *draft.also_parents]
        author = draft.author.text if draft.author is not None else self._people.author
        text = make_commit(tree, parents, author, self._people.committer, draft.message)
        if self._signs:
            self._put(new)
            text = self._signed(tree, parents, author, draft.message)
            new = NewObjects(self._checkout.digits)
        commit = new.add("commit", text)
        self._put(new)
        return commit

    def _signatures(self, draft: Draft) -> dict[str, bytes]:
        """The signatures of what is to be signed, by path."""
        made: dict[str, bytes] = {}
        for path in draft.signs if self._signer is not None else ():
            content = draft.files[path]
            assert isinstance(content, bytes) and self._signer is not None  # what is made here is signed, no other's
            key, signature = self._signer.sign(content)
            made[signature_path(path, key.id)] = signature
        return made

    def _put(self, new: NewObjects) -> None:
        kept = write_pack(self._checkout.git, self._checkout.objects_dir, new)
        if kept is not None:
            self._kept.append(kept)

    def _signed(self, tree: str, parents: list[str], author: str, message: str) -> bytes:
        """The commit with the signature that the user's Git makes."""
        require_trusted_signing(self._checkout.git, self._configuration.values)
        name, _, rest = author.partition(" <")
        email, _, date = rest.rpartition("> ")
        env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": date}
        named = [option for parent in parents for option in ("-p", parent)]
        options = (*DURABLE, "-c", "i18n.commitEncoding=UTF-8")
        arguments = (*options, "commit-tree", tree, *named, "-S", "-F", "-")
        commit = self._checkout.git.run(*arguments, stdin=message.encode(), env=env).decode().strip()
        text = self._checkout.reader.read(commit, "commit")
        if text is None:
            raise GitError("the signed commit was removed while it was made", hint="Run the command again.")
        return text

    def release(self) -> None:
        """Let any gc have what no ref leads to."""
        while self._kept:
            self._kept.pop().unlink(missing_ok=True)


@contextmanager
def writing_objects(
    checkout: Checkout, configuration: Configuration | None = None, *, signs: bool = True
) -> Iterator[Writer]:
    """Write commits; what was written is safe until this ends, or the process is dead and the next writer recovers.

    Args:
        checkout: where.
        configuration: what Git is configured to do, where that is known already.
        signs: whether Git signs the commits, where it is configured to.
    """
    with keep_lock(checkout.state):
        writer = Writer(checkout, configuration or Configuration(checkout.git), signs=signs)
        try:
            yield writer
        finally:
            writer.release()
