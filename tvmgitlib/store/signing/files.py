"""Files for ssh-keygen to read, gone when it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tvmgitlib.errors import GitError


@contextmanager
def written(name: str, content: bytes) -> Iterator[str]:
    """The path of a file of a name and a content, in a temporary folder that only this user can open.

    Raises:
        GitError: the folder for temporary files is full, say, or there is none.
    """
    from tempfile import TemporaryDirectory

    with ExitStack() as stack:
        try:
            folder = stack.enter_context(TemporaryDirectory(prefix="tvmgitlib-", ignore_cleanup_errors=True))
            file = Path(folder) / name
            file.write_bytes(content)
        except OSError as error:
            what = f"ssh-keygen cannot be given a file to read: {error.strerror}"
            raise GitError(what, hint="TMPDIR names the folder for temporary files.") from None
        yield str(file)
