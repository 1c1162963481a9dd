"""Names of platforms that differ only in case: many file systems cannot hold the folders of both, so one is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tvmgitlib.model import PlatformError
from tvmgitlib.store import TREE_MODE, Snapshot


def platform_folders(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The folders of configs/ that are named for a platform: each path, and the name."""
    for target in snapshot.folder("configs"):
        if target.mode == TREE_MODE:
            for platform in snapshot.below(target):
                if platform.mode == TREE_MODE:
                    yield f"configs/{target.name}/{platform.name}", platform.name


def refuse_other_case(snapshot: Snapshot, names: Iterable[str]) -> None:
    """Make sure that no name differs only in case from another one of them, or from one that the library has.

    Raises:
        PlatformError: naming both.
    """
    present = {name for _, name in platform_folders(snapshot)}
    known = {name.casefold(): name for name in present}
    for name in sorted(set(names) - present):
        other = known.setdefault(name.casefold(), name)
        if other != name:
            raise PlatformError(
                f"the platform {name!r} differs only in case from {other!r}, which many file systems cannot tell apart",
                hint=f"Take the one name: --platform {other}. (Of a job in progress, import its log with that, and "
                "abort the job.)",
            )
