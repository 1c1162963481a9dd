"""What keeps the TVM of this Python from using a record, beside its version; that TVM is imported for few of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tvmgitlib.library.reading import is_doubtful
from tvmgitlib.live import common
from tvmgitlib.live.at_hand import installed_tvm

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Contents, Obstacle
    from tvmgitlib.model import TvmVersion


def obstacle_here(contents: Contents, meant: TvmVersion | None) -> Obstacle | None:
    """Asks the TVM of this Python about records that its version does not answer for; it is imported for no other.

    None where there is no TVM, or another one is meant.
    """
    here = installed_tvm()
    if here is None or (meant is not None and not meant.is_same(here)):
        return None
    loading = cache(lambda: common.Loading(contents, here))  # which imports that TVM
    return lambda stored: loading()(stored) if is_doubtful(stored) else None
