"""Files for ssh-keygen to read, gone when it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tvmgitlib.store.git import making_temporary_files


@contextmanager
def written(name: str, content: bytes) -> Iterator[str]:
    """The path of a file of a name and a content, in a temporary folder that only this user can open.

    Raises:
        GitError: the folder for temporary files is full, say, or there is none.
    """
    from tempfile import TemporaryDirectory

    with ExitStack() as stack:
        with making_temporary_files("ssh-keygen"):
            folder = stack.enter_context(TemporaryDirectory(prefix="tvmgitlib-", ignore_cleanup_errors=True))
            file = Path(folder) / name
            file.write_bytes(content)
        yield str(file)
