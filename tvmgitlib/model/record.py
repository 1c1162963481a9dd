"""One trial of a tuner: a config of a workload, measured (or failed) on a target."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from tvmgitlib.model.place import Place
from tvmgitlib.model.target import GivenTarget
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName, Workload

#: Where the sum of costs is beyond a double, it is taken of this much smaller ones; a power of two costs no digit.
_SCALE = 2.0**-64

ErrorKind = Literal[
    "instantiation",
    "compile_host",
    "compile_device",
    "runtime_device",
    "wrong_answer",
    "build_timeout",
    "run_timeout",
    "unknown",
]

ERROR_KINDS: tuple[ErrorKind, ...] = (
    "instantiation",
    "compile_host",
    "compile_device",
    "runtime_device",
    "wrong_answer",
    "build_timeout",
    "run_timeout",
    "unknown",
)

#: Failures that come again whenever the same config is tried: worth remembering. Timeouts and faults of the device or
#: of the way to it are not, nor is what nobody knows the reason of.
DETERMINISTIC: Final[frozenset[ErrorKind]] = frozenset(
    ("instantiation", "compile_host", "compile_device", "wrong_answer")
)


class TuningRecord(NamedTuple):
    """What a log says of one trial.

    A named tuple, since nothing else is made as fast, and a log is as many of these as it has lines.

    Attributes:
        family: the tuner family that wrote it.
        target: the target, canonical and as given.
        workload: what was tuned.
        config: SHA-256 digest (32 bytes) of the schedule: equal digests mean the same generated code.
        costs: measured run times in seconds; what a failure logs instead is kept too.
        error: None for a success, else the kind of failure (`unknown` where the format dropped it).
        measured_at: Unix time in seconds; None where the format has none (MetaSchedule).
        tvm_version: the TVM that wrote the line, as the log says; None where it does not (Ansor).
        native: the record's own text, byte for byte, without a line end.
        unusable: why a trial that the log calls a success is taken for a failure, in words; None for all others.
        repeat: how many equal measurements stand before it in its log, where the format has no time to tell them apart.
    """

    family: FamilyName
    target: GivenTarget
    workload: Workload
    config: bytes
    costs: tuple[float, ...]
    error: ErrorKind | None
    measured_at: float | None
    tvm_version: str | None
    native: bytes
    unusable: str | None = None
    repeat: int = 0

    @property
    def cost(self) -> float:
        """Mean run time in seconds; infinite for a failure."""
        if self.error is not None:
            return math.inf
        try:
            return math.fsum(self.costs) / len(self.costs)
        except OverflowError:
            return math.fsum(cost * _SCALE for cost in self.costs) / len(self.costs) / _SCALE

    @property
    def is_lasting(self) -> bool:
        """Whether trying the config again would say nothing new: it succeeded, or would only fail again."""
        return self.error is None or self.error in DETERMINISTIC

    @property
    def hash(self) -> str:
        """SHA-256 of the native text, in hex: the record's name."""
        return sha256(self.native).hexdigest()

    @property
    def measurement(self) -> int:
        """64 bits that name this measurement: 40 of the config, 20 of the result and its time, 4 of the outcome.

        Equal for the same line seen twice (also in another log), different when a config is measured again. The
        leading bits are the config's, so that a sample of the smallest names is a sample of configs.
        """
        config, costs = self.config, self.costs
        result = _packing(len(costs))(*costs, self.measured_at or 0.0)
        if self.repeat:
            result += struct.pack("<Q", self.repeat)
        digest = sha256(config + result).digest()
        return int.from_bytes(config[:5] + digest[:3], "big") & ~0xF | outcome_code(self.error)

    @property
    def mark(self) -> int:
        """64 bits that tell measurements apart as `measurement` does: 40 of the config, the last 4 of the outcome.

        Made in a fraction of the time, to count by within one process: nothing says that another one makes the same.
        """
        config = (hash(self.config) & 0xFFFFFFFFFF) << 24
        if self.error is not None:  # of costs that may be NaN, which hashes as an object and not as a number
            return config | self.measurement & 0xFFFFFF
        return config | (hash((self.costs, self.measured_at or 0.0, self.repeat)) & 0xFFFFF) << 4


@lru_cache(maxsize=64)
def _packing(costs: int) -> Callable[..., bytes]:
    """What packs so many run times and a time stamp."""
    return struct.Struct(f"<{costs}dd").pack


def outcome_code(error: ErrorKind | None) -> int:
    """4 bits for the outcome of a trial: 0 for a success, else the kind's place in `ERROR_KINDS`, from 1."""
    return 0 if error is None else ERROR_KINDS.index(error) + 1


class StoredRecord(Struct, frozen=True):
    """A record as the library holds it.

    Attributes:
        line: the whole line, native text and bag, without a line end.
        record: what it says.
        platform: the name of the platform that it was measured on.
        job, trials, finished, tuned_with: the bag: the job, its trials of the workload, when it finished, its TVM.
        baseline: of the bag too: what the untuned config took in that job, in seconds; None where nobody measured it.
    """

    line: bytes
    record: TuningRecord
    platform: str
    job: str
    trials: int
    finished: str | None
    tuned_with: TvmVersion
    baseline: float | None = None

    @property
    def place(self) -> Place:
        """What it answers for."""
        record = self.record
        return Place(record.family, record.target.target, self.platform, record.workload)
