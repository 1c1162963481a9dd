"""Compressed logs: what is in them counts, and no file can make us use more than so much memory or time."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.files import opening
from tvmgitlib.library.jobs.files.opening import lines_of, open_log
from tvmgitlib.model import RecordError

LOGS = Path(__file__).parents[3] / "data" / "tvm-logs"
LOG = LOGS / "autotvm" / "t0_tvmgitlib_matmul_random.log"
DATABASE = LOGS / "metaschedule" / "v27_mm128"
RECORDS, WORKLOADS = "database_tuning_record.json", "database_workload.json"

Pack = Callable[[bytes], bytes]
PACKED: dict[str, Pack] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": partial(lzma.compress, preset=1)}


@pytest.fixture(params=PACKED.values(), ids=PACKED.keys())
def pack(request: pytest.FixtureRequest) -> Pack:
    """What compresses."""
    packing: Pack = request.param
    return packing


def read(path: Path) -> bytes:
    with open_log(path) as file:
        return b"".join(line for _, line in lines_of(file, path))


# What is in them


def test_what_is_in_a_compressed_log_is_read(tmp_path: Path, pack: Pack) -> None:
    packed = tmp_path / "tuning.log"  # whatever its name says
    packed.write_bytes(pack(LOG.read_bytes()))
    assert read(packed) == LOG.read_bytes()


def test_a_file_of_several_parts_is_read_to_its_end(tmp_path: Path, pack: Pack) -> None:
    content, packed = LOG.read_bytes(), tmp_path / "tuning.log"
    half = len(content) // 2
    packed.write_bytes(pack(content[:half]) + pack(b"") + pack(content[half:]) + b"\0" * 1000)
    assert read(packed) == content


def test_much_that_comes_out_of_little_is_whole(tmp_path: Path, pack: Pack) -> None:
    content = b"".join(b"# %d\n" % number for number in range(400_000))
    packed = tmp_path / "tuning.log"
    packed.write_bytes(pack(content))
    assert read(packed) == content


@pytest.mark.parametrize("first", ["plain", "packed"])
def test_the_same_lines_are_the_same_job_compressed_or_not(
    library: ConfigLibrary, tmp_path: Path, pack: Pack, first: str
) -> None:
    packed = tmp_path / f"{LOG.name}.gz"
    packed.write_bytes(pack(LOG.read_bytes()))
    once, again = (LOG, packed) if first == "plain" else (packed, LOG)
    done = library.import_logs(once, platform="board")
    segment = (library.path / "jobs" / str(done.job)[:2] / f"{done.job}.jsonl").read_bytes()
    second = library.import_logs(again, platform="board")
    assert (second.job, second.already, second.commit) == (done.job, True, None)
    other = ConfigLibrary.init(tmp_path / "other")
    other.import_logs(again, platform="board")
    assert (other.path / "jobs" / str(done.job)[:2] / f"{done.job}.jsonl").read_bytes() == segment


def test_a_log_that_was_imported_before_keeps_its_id(library: ConfigLibrary) -> None:
    assert library.import_logs(DATABASE, platform="board").job == "4367f4299437a038"
    assert library.import_logs(LOG, platform="board").job == "fa2801504e72b1b5"


def test_of_a_compressed_log_that_grew_only_the_tail_counts(library: ConfigLibrary, tmp_path: Path, pack: Pack) -> None:
    lines = LOG.read_bytes().splitlines(keepends=True)
    packed = tmp_path / "tuning.log.gz"
    for already, now in ((0, 10), (10, 32)):
        packed.write_bytes(pack(b"".join(lines[:now])))
        assert library.import_logs(packed, platform="board").counts.read == now - already


@pytest.mark.parametrize("names", [(RECORDS,), (WORKLOADS,), (RECORDS, WORKLOADS)])
def test_a_database_may_be_compressed_file_by_file(
    library: ConfigLibrary, tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "db"
    folder.mkdir()
    for name in (RECORDS, WORKLOADS):
        content = (DATABASE / name).read_bytes()
        if name in names:
            (folder / f"{name}.xz").write_bytes(lzma.compress(content))
        else:
            (folder / name).write_bytes(content)
    assert library.import_logs(folder, platform="board").counts.read == 32
    assert library.import_logs(DATABASE, platform="board").already
    for file in folder.iterdir():
        assert library.import_logs(file, platform="board").already


# What is not whole


@pytest.mark.parametrize("drop_torn", [False, True])
def test_a_cut_off_file_is_refused(library: ConfigLibrary, tmp_path: Path, pack: Pack, drop_torn: bool) -> None:
    packed = tmp_path / "tuning.log.gz"
    packed.write_bytes(pack(LOG.read_bytes())[:-20])
    with pytest.raises(RecordError, match=r"tuning\.log\.gz: (the compressed file is cut off|damaged)"):
        library.import_logs(packed, platform="board", drop_torn=drop_torn)


def test_a_damaged_file_is_refused(tmp_path: Path, pack: Pack) -> None:
    content = bytearray(pack(LOG.read_bytes()))
    content[len(content) // 2] ^= 0xFF
    packed = tmp_path / "tuning.log"
    packed.write_bytes(content)
    with pytest.raises(RecordError, match="damaged, or not to be unpacked as"):
        read(packed)


def test_what_follows_and_is_something_else_is_refused(tmp_path: Path, pack: Pack) -> None:
    packed = tmp_path / "tuning.log"
    packed.write_bytes(pack(LOG.read_bytes()) + b"\0\0some more")
    with pytest.raises(RecordError, match=r"something that is not (gzip|bzip2|xz) follows in it"):
        read(packed)


def test_a_torn_last_line_in_a_whole_file_is_a_torn_last_line(cli: Any, tmp_path: Path, pack: Pack) -> None:
    packed = tmp_path / "tuning.log.gz"
    packed.write_bytes(pack(LOG.read_bytes()[:-40]))
    assert f"{packed}, line 32: the last line is cut off" in cli("import", packed, "--platform", "board").err
    assert cli.json("import", packed, "--platform", "board", "--drop-torn")["read"] == 31


# Bombs


def test_a_bomb_of_one_line_is_refused_at_the_cap_of_a_line(tmp_path: Path, pack: Pack) -> None:
    bomb = tmp_path / "tuning.log"
    bomb.write_bytes(pack(b" " * (opening.MAX_LINE + 1)))
    with pytest.raises(RecordError, match="line 1: longer than 16 MiB"):
        read(bomb)


def test_a_bomb_of_many_lines_is_refused(tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE", 1 << 20)
    bomb = tmp_path / "tuning.log"
    bomb.write_bytes(pack(b"#\n" * (1 << 20)))
    with pytest.raises(RecordError, match=r"tuning\.log: more than 1 MiB come out of it"):
        read(bomb)
    assert bomb.stat().st_size * opening.RATIO < 2 << 20


def test_no_file_unpacks_to_more_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_UNPACKED", 1000)
    packed = tmp_path / "tuning.log"
    packed.write_bytes(gzip.compress(LOG.read_bytes()))
    with pytest.raises(RecordError, match="come out of it"):
        read(packed)


def test_a_log_that_repeats_itself_much_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE", 0)
    packed = tmp_path / "tuning.log"
    content = b"".join(LOG.read_bytes().replace(b'"tvm_version"', b'"tvm_version" ' + b" " * at) for at in range(20))
    packed.write_bytes(gzip.compress(content))
    assert read(packed) == content


def test_no_file_makes_us_take_much_memory(tmp_path: Path) -> None:
    packed = tmp_path / "tuning.log"
    compressor = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    small = compressor.compress(LOG.read_bytes()) + compressor.flush()
    # The header of the only block says how large a dictionary has to be, in a byte that its checksum covers.
    header = bytearray(small[12:24])
    at = header.index(0x21) + 2
    header[at] = 36  # 1 GiB
    header[8:12] = zlib.crc32(bytes(header[:8])).to_bytes(4, "little")
    packed.write_bytes(small[:12] + bytes(header) + small[24:])
    with pytest.raises(RecordError, match="Memory usage limit"):
        read(packed)


def test_kept_histories_hold_what_is_in_the_logs(library: ConfigLibrary, pack: Pack) -> None:
    job = library.begin_job(platform="board", keep_history=True)
    job.log.write_bytes(pack(LOG.read_bytes()))
    done = library.finish_job()
    assert len(library.kept_history(str(done.job))) == 32
