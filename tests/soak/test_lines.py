"""A damaged line of a log is taken or refused, in words, and by both readers alike; what is taken can be kept."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import astuple
from mutations import Mutator

from tvmgitlib import families
from tvmgitlib.format import read_segment, write_segment
from tvmgitlib.library.jobs.intake import Intake, Origin
from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey
from tvmgitlib.library.jobs.upgrading import Upgrading
from tvmgitlib.model import Header, TuningRecord, TvmgitlibError, segment_path

DATA = Path(__file__).parents[1] / "data"
LOGS = (
    *("tvm-logs/autotvm/t0_tvmgitlib_matmul_ga.log", "tvm-logs/autotvm/t2_conv2d_NCHWc_x86_ga.log"),
    *("tvm-logs/autotvm/matmul_riscv_all_errors.log", "tvm-logs/ansor/mm_64x256x512.json", "cases/06/old.log"),
    *("tvm-logs/metaschedule/hhb_mm128", "tvm-logs/metaschedule/v27_mm128", "tvm-logs/metaschedule/h100_matmul_256"),
)
_LINES = 1_000_000
_ROUNDS = 4

#: Lines in a log: so many that the quick readers have seen what the rest are for.
_A_LOG = 40

#: Seconds of CPU for a log of a few dozen lines, each of which may have a few hundred kilobytes: far more than any
#: takes on a slow machine, and far less than one that is read in the square of its length.
_LONG = 60.0

Records = list[tuple[int, TuningRecord]]


@contextmanager
def no_quick_readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for family in families.every():
            patch.setattr(family, "quick_reader", lambda _: None)
        yield


def read(path: Path, leniency: Leniency, upgrade: bool) -> tuple[Records, object]:
    """What a log holds, and what is said of the rest."""
    records: Records = []
    remarks = Remarks()
    try:
        log = survey(path, leniency)
        for found in read_log(log, leniency, remarks, upgrading=Upgrading() if upgrade else None):
            records.append(found)
    except TvmgitlibError as error:
        assert error.file is not None
        return records, (type(error), str(error))
    return records, astuple(remarks)


def assert_keepable(records: Records) -> None:
    """What a job would keep of the records can be written, and read again as the same."""
    intake = Intake(Origin(platform="box"), 8)
    intake.extend("log", [(line, [record]) for line, record in records], skip_invalid=True)
    if intake.read == 0:
        return
    started, finished = intake.measured
    header = Header("0123456789abcdef", "import", started=started, finished=finished)
    segment, _ = intake.segment(header)
    text = b"".join(write_segment(segment))
    again = read_segment(text[:-1].split(b"\n"), segment_path(header.id), with_histories=True)
    assert b"".join(write_segment(again)) == text


class Soak:
    """Writes damaged logs and reads them."""

    def __init__(self, log: Path, folder: Path, chance: random.Random) -> None:
        self._is_folder = log.is_dir()
        self._whole = log
        self._path = folder / log.name
        if self._is_folder:
            shutil.copytree(log, self._path)
        self._records = self._path / "database_tuning_record.json" if self._is_folder else self._path
        self._lines = (log / self._records.name if self._is_folder else log).read_bytes().splitlines()
        self._beside = self._path / "database_workload.json"
        self._chance = chance
        others = [DATA / name for name in ("tvm-logs/autotvm/t1_tvmgitlib_matmul_xgb.log", "cases/01/mixed.log")]
        self._mutator = Mutator(
            chance, [*self._lines, *(line for path in others for line in path.read_bytes().splitlines())]
        )

    def write(self) -> int:
        """Write the next log; returns how many lines of it were damaged."""
        damaged = 0
        written = []
        for line in self._chance.choices(self._lines, k=_A_LOG):
            if self._chance.random() < 0.6:
                line = self._mutator.mutated(line)
                damaged += 1
            written.append(line)
        content = b"\n".join(written) + b"\n"
        if self._chance.random() < 0.02:  # else hardly any log would be read to its end
            content = self._mutator.mutated(content)
        self._records.write_bytes(content)
        if self._is_folder:
            beside = (self._whole / self._beside.name).read_bytes()
            if self._chance.random() < 0.1:
                beside = self._mutator.mutated(beside)
                damaged += 1
            self._beside.write_bytes(beside)
        return damaged

    def read(self, leniency: Leniency, upgrade: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[Records, object]:
        """What both kinds of readers make of it."""
        quick = read(self._path, leniency, upgrade)
        with no_quick_readers(monkeypatch):
            strict = read(self._path, leniency, upgrade)
        assert repr(quick) == repr(strict)  # tells 1 and 1.0, 0.0 and -0.0 apart, and no two that are NaN
        return quick


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(_ROUNDS))
@pytest.mark.parametrize("name", LOGS)
def test_damaged_lines(
    name: str,
    number: int,
    tmp_path: Path,
    chance: random.Random,
    amount: Callable[[int], int],
    counted: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soak = Soak(DATA / name, tmp_path, chance)
    while counted["lines damaged"] < amount(_LINES // len(LOGS) // _ROUNDS):
        counted["lines damaged"] += soak.write()
        upgrade = chance.random() < 0.2
        start = time.process_time()
        strict_records, _ = soak.read(Leniency(), upgrade, monkeypatch)
        records, _ = soak.read(Leniency(drop_torn=True, skip_invalid=True), upgrade, monkeypatch)
        assert repr(records[: len(strict_records)]) == repr(strict_records)
        assert_keepable(records)
        assert time.process_time() - start < _LONG
        counted["records taken"] += len(records)
