"""What a quick reader takes, the strict one takes as the very same record; and what it does not, goes to the strict."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.families.base import Family, LineReader, QuickReader
from tvmgitlib.library.jobs import logs
from tvmgitlib.library.jobs.logs import Leniency, Log, RecordReader, Remarks, read_log, survey
from tvmgitlib.model import TuningRecord, TvmgitlibError

DATA = Path(__file__).parents[2] / "data"
LOGS: dict[str, Log] = {
    name: survey(DATA / "tvm-logs" / name, Leniency())
    for name in (
        "autotvm/t0_tvmgitlib_matmul_ga.log",
        "autotvm/t2_conv2d_NCHWc_x86_ga.log",
        "autotvm/matmul_riscv_all_errors.log",
        "ansor/mm_64x256x512.json",
        "metaschedule/hhb_mm128",
        "metaschedule/v27_mm128",
        "metaschedule/h100_matmul_256",
    )
}
ONE_A_FAMILY = ["autotvm/t2_conv2d_NCHWc_x86_ga.log", "ansor/mm_64x256x512.json", "metaschedule/hhb_mm128"]
LINES = {name: log.path.read_bytes().splitlines() for name, log in LOGS.items()}


class StrictReader(RecordReader):
    def _readers_of(self, family: Family) -> tuple[LineReader, QuickReader | None]:
        return super()._readers_of(family)[0], None


class CountingReader(RecordReader):
    """Counts the lines that are parsed as a document: those that are not taken at once."""

    count = 0

    def _parsed(self, line: bytes) -> tuple[Any, bool]:
        self.count += 1
        return super()._parsed(line)


def of_log(path: Path, lines: list[bytes]) -> tuple[list[tuple[int, TuningRecord]], Remarks]:
    """What a whole log of such lines holds, many of them read at once."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    remarks = Remarks()
    leniency = Leniency(skip_invalid=True)
    return list(read_log(survey(path, leniency), leniency, remarks)), remarks


def assert_logs_read_alike(folder: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Remarks:
    """Read a log of such lines in both ways; returns what is said of it."""
    quick = of_log(folder / "quick.log", lines)
    with monkeypatch.context() as patch:
        patch.setattr(logs, "RecordReader", StrictReader)
        strict = of_log(folder / "quick.log", lines)
    assert repr(quick) == repr(strict)
    return quick[1]


def read(reader: RecordReader, lines: Iterable[bytes]) -> list[object]:
    """What becomes of each line: a record with its name and its cost, or the message."""
    found: list[object] = []
    for line in lines:
        try:
            record = reader.read(line.strip())
        except TvmgitlibError as error:
            found.append((type(error), str(error)))
        else:
            is_record = isinstance(record, TuningRecord)
            found.append((record, record.workload.signature, record.measurement, record.cost) if is_record else record)
    return found


def assert_read_alike(name: str, lines: list[bytes]) -> None:
    quick, strict = (read(kind.of(LOGS[name], None), lines) for kind in (RecordReader, StrictReader))
    assert quick == strict
    assert repr(quick) == repr(strict)  # 1 and 1.0, 0.0 and -0.0


@pytest.mark.parametrize("name", LOGS)
def test_real_logs_are_read_alike_and_nearly_all_of_them_at_once(name: str) -> None:
    assert_read_alike(name, LINES[name] * 2)
    reader = CountingReader.of(LOGS[name], None)
    records = [found[0] for found in read(reader, LINES[name]) if isinstance(found, tuple)]
    subjects = {(record.target.text, record.workload.text) for record in records}
    assert reader.count <= len(subjects) + sum(record.error is not None for record in records)


@pytest.mark.parametrize("name", ONE_A_FAMILY[:2])
def test_nothing_is_learnt_from_a_line_too_long_to_be_taken(name: str) -> None:
    line = LINES[name][0]
    for count, taken in ((10, 1), (65536, 0)):
        reader = RecordReader.of(LOGS[name], None)
        assert isinstance(reader.read(line.replace(b"0.", b"0.1, " * count + b"0.", 1)), TuningRecord)
        assert len(reader.quick([line], 0)) == taken


def test_not_all_is_kept_that_was_learnt_from_long_lines() -> None:
    name = ONE_A_FAMILY[0]
    line = LINES[name][0]
    reader = RecordReader.of(LOGS[name], None)
    reader.read(line)
    assert len(reader.quick([line], 0)) == 1
    long = line.replace(b"0.", b"0.1, " * 10_000 + b"0.", 1)
    for number in range(350):  # each for a target of its own
        reader.read(long.replace(b"-mcpu=", b"-mcpu=x%d" % number, 1))
    assert not reader.quick([line], 0)


#: What JSON, the schemas or the rules have something to say of.
ODD: list[Callable[[str], str]] = [
    *(
        lambda text, number=number: text.replace("0.", f"{number}, 0.", 1)
        for number in (
            "NaN",
            "-Infinity",
            "1e400",
            "null",
            "true",
            '"1"',
            "01",
            "-0",
            "1" * 400,
            "1e-400",
            "0",
            "5e-324",
        )
    ),
    *(
        lambda text, value=value: text.replace("], [", f"], {value}, [", 1)
        for value in (
            "18446744073709551616",
            "-9223372036854775809",
            "18446744073709551615",
            "1.0",
            "[[[[[1]]]]]",
            "{}",
        )
    ),
    *(
        lambda text, value=value: text.replace('["', f'["{value}', 1)
        for value in ("\\ud800", "\\ud83d\\ude00", "\\u0041", "\x01", "é", ":", '", "', "x" * 70000)
    ),
    *(
        lambda text, member=member: text[:-1] + f", {member}" + text[-1]
        for member in (
            '"result": [[1.0], 0, 1.0, 1.0]',
            '"i": 1',
            '"version": 0.3',
            '"version": "0.2"',
            '"v": "v9"',
            "1",
        )
    ),
    *(lambda text, key=key: text.replace(key, key[:-1] + " :", 1) for key in ('"result":', '"r":')),
    lambda text: text.replace('"entity":', '"index": 1, "entity":'),
    lambda text: text.replace('"result":', '"result" :1, "result":'),
    lambda text: text.replace('"result":', '"\\u0072esult":1, "result":'),
    lambda text: text.replace('"entity":', '"extra": {"a": 1, "a": 2}, "entity":'),
    lambda text: text.replace('"entity": [', '"entity": [["a:b", "ot", 1], '),
    lambda text: text.replace('"entity": [', '"entity": [["ab", "ot", {"a": 1}], '),
    lambda text: text.replace('"entity": [', '"entity": [["ab", "xx", 1], '),
    *(
        lambda text, knob=knob: text.replace(knob, f"{knob} {2**64}, ", 1)
        for knob in ('"sp", [', '["SP",', '["GetBlock",')
    ),
    *(  # beside a number that is none, which another parser reads
        lambda text, knob=knob: text.replace("0.", "NaN, 0.", 1).replace(knob, f"{knob} {2**64}, ", 1)
        for knob in ('"sp", [', '["SP",', '["GetBlock",')
    ),
    lambda text: text.replace('"index": ', f'"index": 1{"0" * 400}', 1),
    lambda text: text.replace('"float32",[', '"float32",[Infinity,', 1),
    *(
        lambda text, number=number: text.replace('"float32",[', f'[1],"float32",[{number},', 1)
        for number in ("Infinity", "NaN", "-1e400", "1" * 400)
    ),
    lambda text: text.replace('"version": 0.2, ', ""),
    lambda text: text.replace('"tvm_version": "0.16.dev0"', '"tvm_version": null'),
    lambda text: text.replace('"code_hash": null', '"code_hash": 0'),
    lambda text: "\ufeff" + text,
    lambda text: text + "]",
    lambda text: text[:-9],
    lambda _: "# a comment",
    lambda _: "",
    lambda text: text.replace("[", "[" * 300).replace("]", "]" * 300),
]


@pytest.mark.parametrize("name", ONE_A_FAMILY[:2])
@pytest.mark.parametrize("every", [1, 2, 5])
def test_odd_lines_among_others_are_read_alike(
    name: str, every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = LINES[name][0].decode()
    lines = [text.encode() for odd in ODD for text in (*[line] * every, odd(line))]
    remarks = assert_logs_read_alike(tmp_path, lines, monkeypatch)
    assert len(remarks.left_out) > len(ODD) / 3


@pytest.mark.parametrize("name", ONE_A_FAMILY)
def test_odd_lines_are_read_alike(name: str) -> None:
    line = LINES[name][0].decode()
    assert_read_alike(name, [text.encode() for odd in ODD for text in (line, odd(line))])


@pytest.mark.parametrize("name", ONE_A_FAMILY[:2])
@pytest.mark.parametrize("member", ['"v": "v0.6"', '"version": 0.2', '"tvm_version": "0.16.dev0"'])
def test_a_key_that_one_line_lacks_makes_not_up_for_one_that_another_has_twice(
    name: str, member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = LINES[name][0].decode()
    lacking, twice = line.replace(f", {member}", ""), line.replace(member, f"{member}, {member}")
    for lines in ([line, lacking, twice], [lacking, line, twice, lacking], [line, twice, lacking]):
        assert_logs_read_alike(tmp_path, [text.encode() for text in lines], monkeypatch)


VALUES = st.sampled_from(
    [
        *(None, True, 0, 1, -1, 4, 2**63, 2**64, -(2**63) - 1, 0.0, -0.0, 0.5, 1.0, 1e9, 1e10, 1e308, 5e-324),
        *("", "a", "a:b", "sp", "\ud800", "0.2"),
        *([], {}, [1], ["a", "sp", 1], {"a": 1}, [[[[1]]]], [[[[[[1]]]]]], [[1.0], 0, 1.0, 1.0]),
    ]
).map(copy.deepcopy)


@st.composite
def changed(draw: st.DrawFn, line: bytes) -> bytes:
    """The line with a value or two replaced, left out or added, and written as JSON may be."""
    document = json.loads(line)
    for _ in range(draw(st.integers(1, 2))):
        holder: Any = None
        place: Any = None
        value = document
        while isinstance(value, (list, dict)) and value and (holder is None or draw(st.integers(0, 3))):
            holder = value
            place = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
            value = holder[place]
        match draw(st.integers(0, 3)):
            case 0:
                del holder[place]
            case 1 if isinstance(holder, list):
                holder.insert(place, draw(VALUES))
            case 1:
                holder[draw(st.sampled_from(["v", "version", "x", "x-tvmgitlib", "index"]))] = draw(VALUES)
            case _:
                holder[place] = draw(VALUES)
        if not document:
            break
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
    return json.dumps(document, separators=separators, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")


@pytest.mark.parametrize("name", ONE_A_FAMILY)
@given(data=st.data())
def test_any_line_is_read_alike(name: str, data: st.DataObject, mutated: Any) -> None:
    known = data.draw(st.sampled_from(LINES[name][:8]))
    other = data.draw(changed(known) | mutated(known)).replace(b"\n", b" ")
    assert_read_alike(name, [known, other, known, other])
