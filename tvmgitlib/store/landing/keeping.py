"""Removing packs in the right order: Git does not wait until the names of what replaces them are on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.durable import sync_folder
from tvmgitlib.store.git import share_made
from tvmgitlib.store.landing.lock import keep_lock
from tvmgitlib.store.objects import KEEP


@contextmanager
def keeping_packs(checkout: Checkout, packs: Iterable[str]) -> Iterator[None]:
    """Have packs stay as they are while Git removes others: their names are on the disk before it begins.

    Whatever Git makes of the rest meanwhile is on the disk when this ends.

    Args:
        checkout: where.
        packs: the names of packs that nobody keeps yet.

    Raises:
        OSError: that cannot be seen to.
    """
    folder = checkout.common_dir / "objects" / "pack"
    sync_folder(folder)
    kept = [folder / name.replace(".pack", ".keep") for name in packs]
    with keep_lock(checkout.state):  # so that nobody takes the process that keeps them for a dead one
        try:
            for keep in kept:
                keep.write_text(f"{KEEP}: until what it replaces is gone")
            share_made(checkout.common_dir, kept)
            yield
            sync_folder(folder)
        finally:
            for keep in kept:
                with suppress(OSError):
                    keep.unlink(missing_ok=True)
