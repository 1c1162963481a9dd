"""Reading files of this machine that are small in any honest case."""

from __future__ import annotations

import errno
from pathlib import Path

from tvmgitlib.store.objects import size_in_words


def read_small(path: Path, most: int) -> bytes:
    """The content of a file.

    Args:
        path: the file.
        most: how large it may be, in bytes.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {size_in_words(most)}", str(path))
    return content
