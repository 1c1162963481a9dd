"""What a fold needs of a library in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tvmgitlib.format import FoldStamp
    from tvmgitlib.library.folding.whole import Whole
    from tvmgitlib.library.outlines import Outlines
    from tvmgitlib.model import Segment, Settings
    from tvmgitlib.rules.fold import Configs, Standing
    from tvmgitlib.store import Entry, Snapshot


class Jobs(Protocol):
    """A library in one commit, as far as a fold needs it."""

    @property
    def settings(self) -> Settings:
        """Its settings."""

    @property
    def outlines(self) -> Outlines:
        """Its jobs without their records."""

    @property
    def standing(self) -> Standing:
        """Which of them count."""

    def segment(self, job: str, *, with_records: bool = False, skip_absent: bool = True) -> Segment:
        """The segment of a job."""

    def configs_at(self, paths: Iterable[str]) -> Configs:
        """The records of some files of configs/ as committed."""


class Stamped(Jobs, Protocol):
    """A library in one commit, whose configs/ says what it was folded from."""

    snapshot: Snapshot

    @property
    def fold_stamp(self) -> FoldStamp | None:
        """What configs/ says it was folded from."""

    @property
    def is_stamped(self) -> bool:
        """Whether configs/ says that it was folded from these jobs and settings."""

    @property
    def jobs_tree(self) -> str | None:
        """The id of the jobs/ tree; None while there is no job."""

    def config_files(self) -> list[tuple[str, Entry]]:
        """The files of records under configs/."""

    def whole(self) -> Whole:
        """What all jobs come to."""
