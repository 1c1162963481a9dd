"""Which records are too fast to be believed before they are measured again, and what answers in the stead of those that
are not believed.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from tvmgitlib.library.folding import known_ahead, remember_ahead
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading.contents import Contents, only
from tvmgitlib.library.reading.doubts.trust import Trust
from tvmgitlib.library.reading.selection import Part
from tvmgitlib.model import MissingError, TvmgitlibError, segment_path
from tvmgitlib.rules.plausibility import LEAD, agrees, below_floor, too_far_ahead

if TYPE_CHECKING:
    from tvmgitlib.library.folding import Ahead
    from tvmgitlib.library.outlines import Spot
    from tvmgitlib.model import Place, StoredRecord
    from tvmgitlib.rules.fold import Configs


class _Measured(Struct, frozen=True):
    """What was measured of a workload on a platform for one target, by jobs that count and are believed.

    Attributes:
        configs: how many configs.
        records: the best of them, by config.
    """

    configs: int
    records: dict[bytes, list[StoredRecord]]

    def runner_up(self, config: bytes) -> float | None:
        """The best cost of all other configs, in seconds."""
        costs = (stored.record.cost for other, found in self.records.items() if other != config for stored in found)
        return min(costs, default=None)

    def again(self, stored: StoredRecord) -> list[float]:
        """What other measurements of a record's config came to, in seconds."""
        return [
            other.record.cost
            for other in self.records.get(stored.record.config, ())
            if other.record.measurement != stored.record.measurement
        ]


class Doubts:
    """Tells the records of a library that are too fast to be believed as they are.

    configs/ holds the best of each group, so what a record has to be compared with stands in jobs/ alone. The reading
    index knows where that could tell anything, and only there it is read.

    Args:
        contents: the library in one commit.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._trust = Trust(contents)
        self._folded: dict[Part, Configs] = {}
        self._spots: dict[Narrowing, set[Spot] | None] = {}
        self._leads: dict[str, dict[tuple[str, str, str], float | None]] = {}
        self._measured: dict[tuple[str, ...], _Measured] = {}
        self._lines: dict[str, frozenset[bytes]] = {}

    def expect(self, part: Part) -> None:
        """Be ready for questions about the records of a part: of many workloads, all are looked up at once."""
        if part.workload is None and self._known is None:
            self._spots_of(Narrowing(part.family, part.platform))

    def why(self, stored: StoredRecord) -> str | None:
        """Why a record is not believed as it is, in words; None where it is."""
        cost, floor = stored.record.cost, self._contents.settings.policy_min_cost
        why = below_floor(cost, floor)
        if why is None and not self._may_be_ahead(stored):
            return None
        measured = self._of(stored.place)
        if agrees(cost, measured.again(stored)):
            return None
        return why or too_far_ahead(cost, measured.runner_up(stored.record.config), measured.configs)

    def remark(self, stored: StoredRecord) -> str | None:
        """The grade that doubts give a record, whatever TVM would use it, and why; None where there are none."""
        untrusted = self.untrusted(stored)
        if untrusted is not None:
            return f"untrusted: {untrusted}"
        try:
            suspect = self.why(stored)
        except TvmgitlibError:  # a job that cannot be read, or is not here: `check` tells of it
            return None
        return f"suspect: {suspect}" if suspect is not None else None

    def beside(self, configs: Configs, part: Part) -> Configs:
        """The records of configs/, and those that would stand there in the place of what is not believed.

        Args:
            configs: the records of the part in configs/.
            part: the part.
        """
        self.expect(part)
        records = [stored for found in configs.values() for stored in found]
        if all(self.untrusted(stored) is None and self.why(stored) is None for stored in records):
            return configs
        where = Part(part.family, part.platform)
        if where not in self._folded:
            self._folded[where] = self._contents.fold(self.believes, where, skip_absent=True)
        return joined(configs, only(self._folded[where], part))

    def believes(self, stored: StoredRecord) -> bool:
        """Whether a record, which its job has, is believed as it is, and so is whom it comes from."""
        return self._trust.why_not(stored.job) is None and self.why(stored) is None

    def untrusted(self, stored: StoredRecord) -> str | None:
        """Why nobody is trusted who signed a record, in words; None where somebody is, or need not be.

        Signed is the segment of its job, and so the record has to be one of that: in configs/ it only says so.
        """
        why = self._trust.why_not(stored.job)
        if why is not None or not self._trust.asks_for_signatures or stored.line in self._lines_of(stored.job):
            return why
        return f"job {stored.job[:8]} has no such record, and only what is signed is trusted"

    def baseline(self, stored: StoredRecord) -> float | None:
        """What the untuned config takes, see `Contents.baseline`, by jobs that are believed."""
        return self._contents.baseline(stored, self._trust.counts)

    def _lines_of(self, job: str) -> frozenset[bytes]:
        """The lines of a segment: what it records is among them as it is."""
        if job not in self._lines:
            content = self._contents.snapshot.read(segment_path(job)) or b""
            self._lines[job] = frozenset(content.split(b"\n"))
            self._leads[job] = _leads_in(content, job)  # which is asked of the same records
        return self._lines[job]

    def _may_be_ahead(self, stored: StoredRecord) -> bool:
        if self._trust.asks_for_signatures:  # the index knows nothing of them, and so of who was close behind
            return not self._has_runner_up(stored)
        spot = (stored.record.family, stored.platform, stored.record.workload.id)
        if self._known is not None:
            return spot in self._known
        family, platform, _ = spot
        wide = (Narrowing(), Narrowing(family), Narrowing(None, platform), Narrowing(family, platform))
        known = next((each for each in wide if each in self._spots), None)
        if known is None and self._has_runner_up(stored):
            return False  # so that the first question of a build makes no index of all jobs
        spots = self._spots_of(known or Narrowing(*spot))
        return spot in spots if spots is not None else not self._has_runner_up(stored)

    @cached_property
    def _known(self) -> Ahead | None:
        """Where a best config may be too far ahead, as far as somebody has read all jobs for it."""
        return known_ahead(self._contents.snapshot)

    def _has_runner_up(self, stored: StoredRecord) -> bool:
        """Whether the job of a record itself has measured another config that is not far behind."""
        if stored.job not in self._leads:
            content = self._contents.snapshot.read(segment_path(stored.job)) or b""
            self._leads[stored.job] = _leads_in(content, stored.job)
        place = stored.place
        second = self._leads[stored.job].get((place.target.key, place.platform, place.workload.id))
        return second is not None and 2 * second <= LEAD * stored.record.cost  # histories round costs

    def _spots_of(self, narrowing: Narrowing) -> set[Spot] | None:
        """Where a best config may be too far ahead; None in a clone that has not all jobs, to say it."""
        if narrowing not in self._spots:
            try:
                self._spots[narrowing] = spots = self._contents.outlines.far_ahead(narrowing)
                if not self._contents.outlines.are_indexed:
                    remember_ahead(self._contents.snapshot, spots)
            except MissingError:
                self._spots[narrowing] = self._spots[Narrowing()] = None  # nor are they for any other question
            except TvmgitlibError:  # a job that cannot be read: `check` tells of it, and here it says nothing
                self._spots[narrowing] = set()
        return self._spots[narrowing]

    def _of(self, place: Place) -> _Measured:
        if place.order not in self._measured:
            configs = 0
            records: defaultdict[bytes, list[StoredRecord]] = defaultdict(list)
            standing = self._contents.standing
            for outline in self._contents.outlines.having(Narrowing.to(place)):
                if not self._trust.counts(outline.header.id):
                    continue
                segment = self._contents.segment(outline.header.id, with_records=True)
                for entry in segment.tasks:
                    if entry.task.place.order == place.order:
                        configs += entry.task.effort.configs
                        for stored in filter(standing.holds, entry.records):
                            records[stored.record.config].append(stored)
            self._measured[place.order] = _Measured(configs, records)
        return self._measured[place.order]


def _leads_in(content: bytes, job: str) -> dict[tuple[str, str, str], float | None]:
    """The second best cost of each task of a segment, by target, platform and workload."""
    from tvmgitlib.format import skim_segment

    skimmed = skim_segment(content, segment_path(job))
    return {
        (task.section.target, task.section.platform, task.workload.id): task.lead.second
        for task in (skimmed[1] if skimmed is not None else ())
    }


def joined(configs: Configs, others: Configs) -> Configs:
    """Both, each record once."""
    if others is configs:
        return configs
    known = {stored.line for records in configs.values() for stored in records}
    return {
        path: [*configs.get(path, ()), *(stored for stored in others.get(path, ()) if stored.line not in known)]
        for path in sorted(configs.keys() | others.keys())
    }
