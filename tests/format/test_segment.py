from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.families.metaschedule import read_workload
from tvmgitlib.format import lines_of, read_segment, read_stored, schema, store, task_order, write_segment
from tvmgitlib.format.samples import encode_sample
from tvmgitlib.format.stored import _quick_reader
from tvmgitlib.model import (
    Effort,
    Header,
    Invalidation,
    Platform,
    RecordError,
    Section,
    Segment,
    Source,
    Task,
    TaskRecords,
    TvmgitlibError,
    TvmVersion,
    Workload,
    parse_target,
    read_json,
    segment_path,
)
from tvmgitlib.rules.effort import EffortCounter

LOGS = Path(__file__).parents[1] / "data" / "tvm-logs"


def written(segment: Segment) -> list[bytes]:
    return list(lines_of(b"".join(write_segment(segment)), segment.path))


def read(lines: list[bytes], file: str | None = None) -> Segment:
    """Read lines under the name that their header asks for."""
    if file is None:
        name = re.search(rb'"id":"([0-9a-f]{16})"', lines[0]) if lines else None
        file = segment_path(name[1].decode() if name else "0" * 16)
    return read_segment(lines, file)


def real_segment(family: str, folder: str) -> Segment:
    """A job made of a real log."""
    header = Header(id=f"{len(folder):016x}", kind="import", finished="2026-01-02T03:04:05.678Z")
    workload = None
    log = LOGS / family / folder
    if family == "metaschedule":
        workload = read_workload((log / "database_workload.json").read_bytes().splitlines()[0])
        log = log / "database_tuning_record.json"
    counter = EffortCounter()
    records = []
    for line in log.read_bytes().splitlines()[:12]:
        document = read_json(line)
        record = families.family_of(line, document).record(document, line, workload)
        records.append(record)
    counter.extend(records)
    given_target = records[0].target
    tuned_with = TvmVersion("hhb-tvm", records[0].tvm_version, "log")
    section = Section(
        records[0].family,
        given_target.target,
        (given_target.text,),
        dict(given_target.facts),
        Platform("board", {"cpu": {"name": "é"}}),
        tuned_with,
    )
    task = Task(section, records[0].workload, counter.finish()[0], baseline=0.5)
    kept = tuple(store(record, header, task) for record in records if record.error is None)
    return Segment(header, (TaskRecords(task, kept),))


REAL = {
    family: real_segment(family, folder)
    for family, folder in {
        "autotvm": "t0_tvmgitlib_matmul_ga.log",
        "ansor": "mm_128x128x128.json",
        "metaschedule": "v27_mm128",
    }.items()
}


@pytest.mark.parametrize("family", REAL)
def test_real_records_are_written_and_read(family: str) -> None:
    segment = REAL[family]
    again = read(written(segment))
    assert again.header == segment.header
    assert [entry.task for entry in again.tasks] == [entry.task for entry in segment.tasks]
    assert written(again) == written(segment)
    for found, stored in zip(again.tasks[0].records, segment.tasks[0].records, strict=True):
        assert found.line == stored.line
        assert found.record.native == stored.record.native
        assert found.record.native[:-1] in found.line
        assert (found.job, found.trials, found.finished, found.tuned_with) == (
            stored.job,
            stored.trials,
            stored.finished,
            stored.tuned_with,
        )
        assert found.record._replace(tvm_version=None) == stored.record._replace(tvm_version=None)


@pytest.mark.parametrize("family", REAL)
def test_without_records_they_are_passed_over(family: str) -> None:
    lines = written(REAL[family])
    broken = [line if line.startswith((b'{"job"', b'{"section"', b'{"task"')) else b"\xff" for line in lines]
    path = segment_path(REAL[family].header.id)
    outline = read_segment(broken, path, with_records=False)
    assert [entry.task for entry in outline.tasks] == [entry.task for entry in REAL[family].tasks]
    assert all(entry.records == () for entry in outline.tasks)
    with pytest.raises(RecordError):
        read_segment(broken, path)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), json_values, max_size=3)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
times = st.none() | st.datetimes().map(lambda time: f"{time.isoformat(timespec='milliseconds')}Z")
versions = st.builds(
    TvmVersion, st.none() | words, st.none() | words, st.sampled_from(["runtime", "option", "log", None])
)
jobs = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
headers = st.builds(
    Header,
    id=jobs,
    kind=st.sampled_from(["tune", "import", "revalidate"]),
    started=times,
    finished=times,
    author=st.none() | words,
    tuner=st.none() | words,
    options=json_objects,
    complete=st.booleans(),
    tvm=versions,
    sources=st.lists(
        st.builds(Source, words, st.integers(0, 2**40), st.just("0" * 64), st.integers(0, 9)), max_size=2
    ).map(tuple),
    reason=st.none() | words,
    extra=st.dictionaries(words.map("x-{}".format), json_values, max_size=2),
)
efforts = st.builds(
    lambda sample, more, exhausted: Effort(
        len(sample) + more, len(sample), {"unknown": more} if more else {}, exhausted, tuple(sorted(sample))
    ),
    st.sets(st.integers(0, 2**64 - 1), max_size=5),
    st.integers(0, 2**40),
    st.none() | st.booleans(),
)


@given(
    header=headers,
    facts=json_objects,
    target_facts=json_objects,
    tuned_with=versions,
    effort=efforts,
    baseline=st.none() | st.floats(5e-324, 1e308),
)
def test_whatever_is_written_is_read(
    build: Any,
    header: Header,
    facts: Any,
    target_facts: Any,
    tuned_with: TvmVersion,
    effort: Effort,
    baseline: float | None,
) -> None:
    record = build.record(1, [0.001, 5e-324])
    section = Section(
        "autotvm", record.target.target, ("llvm ", "llvm"), target_facts, Platform("p", facts), tuned_with
    )
    task = Task(section, record.workload, effort, baseline)
    segment = Segment(header, (TaskRecords(task, (store(record, header, task),)),))
    again = read(written(segment))
    assert again == segment
    assert written(again) == written(segment)


@given(header=headers, named=st.lists(jobs, min_size=1, max_size=3))
def test_decisions_are_written_and_read(header: Header, named: list[str]) -> None:
    revert = Segment(replace(header, kind="revert", reverts=tuple(named)))
    assert read(written(revert)) == revert
    lines = (Invalidation(named[0]), *(Invalidation(job, (job,)) for job in named))
    invalidate = Segment(replace(header, kind="invalidate", reason="why"), invalidations=lines)
    assert read(written(invalidate)) == invalidate
    reasons = tuple(replace(line, reason=f"{number}: it fails") for number, line in enumerate(lines))
    revalidate = Segment(replace(header, kind="revalidate"), invalidations=reasons)
    assert read(written(revalidate)) == revalidate


@pytest.mark.parametrize(
    "header",
    [
        Header(id="1" * 16, kind="tune", tuner=""),
        Header(id="1" * 16, kind="tune", finished="today"),
        Header(id="1" * 16, kind="revert"),
        Header(id="1" * 16, kind="tune", options={"nan": float("nan")}),
        Header(id="1" * 16, kind="tune", options={"set": {1}}),
        Header(id="1" * 16, kind="tune", options={"surrogate": "\ud800"}),
        Header(id="1" * 16, kind="tune", options={"huge": 10**400}),
        Header(id="../../../../etc", kind="tune"),
    ],
    ids=str,
)
def test_nothing_is_written_that_could_not_be_read(header: Header) -> None:
    with pytest.raises(RecordError):
        list(write_segment(Segment(header)))


def test_a_job_is_sharded_by_its_first_two_digits() -> None:
    assert segment_path("abcdef0123456789") == "jobs/ab/abcdef0123456789.jsonl"


def test_tasks_have_one_order_whatever_came_first(build: Any) -> None:
    records = [build.record(0, 0.1, workload, target=target) for workload in (2, 10) for target in ("llvm", "cuda")]
    tasks = [
        entry.task
        for version in ("0.16.1", "0.16.0", "0.17.0", None)
        for fact in (1, 2)
        for entry in build.segment(1, records, tvm=build.tvm(version), facts={"f": fact}).tasks
    ]
    orders = [task_order(task) for task in tasks]
    assert len(set(orders)) == len(orders)


# What is wrong with a line: the segment's lines, changed; the line that is named; the field; words of the message.
Damage = Callable[[list[bytes]], None]


def swap(number: int, old: bytes, new: bytes) -> Damage:
    def damage(lines: list[bytes]) -> None:
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new)

    return damage


def delete(number: int) -> Damage:
    return lambda lines: lines.pop(number - 1) and None


def repeat(number: int, at: int) -> Damage:
    return lambda lines: lines.insert(at - 1, lines[number - 1])


OTHER_JOB = b"f" * 16


@pytest.mark.parametrize(
    ("damage", "line", "field", "message"),
    [
        (swap(1, b'"format":1', b'"format":2'), 1, "job.format", "it has to be 1, it is 2"),
        (swap(1, b'{"job":', b'{"jobs":'), 1, None, "before any task"),
        (swap(1, b'"tune"', b'"tune","tune":1'), 1, "job", "tune"),
        (swap(1, b'"kind":"tune"', b'"kind":"tune","kind":"tune"'), 1, "kind", "given twice"),
        (swap(1, b'"kind":"tune"', b'"kind":"revert"'), 1, "job", "reverts"),
        (swap(1, b"2026-01-01", b"2026-02-30"), 1, "job.finished", "no time"),
        (delete(1), 1, None, "header is the first line"),
        (repeat(1, 2), 2, None, "header is the first line"),
        (delete(2), 2, None, "task before any section"),
        (swap(2, b'"kind":"llvm"', b'"kind":""'), 2, None, "no kind"),
        (swap(2, b'"name":"board"', b'"name":"nul"'), 2, None, "not the name of a platform"),
        (swap(2, b'"name":"board"', b'"name":"../x"'), 2, "section.platform.name", "a name of at most 64 letters"),
        (swap(2, b'"family":"autotvm"', b'"family":"relay"'), 2, "section.family", "relay"),
        (delete(3), 3, None, "record before any task"),
        (swap(3, b'"text":"[\\"matmul\\",[0]]"', b'"text":"other"'), 3, "task.workload.id", "workload's id is"),
        (swap(3, b'"trials":2', b'"trials":1'), 3, "task.effort.configs", "2 of 1"),
        (swap(3, b'"errors":{}', b'"errors":{"unknown":3}'), 3, "task.effort.errors", "3 of 2"),
        (swap(3, b'"sample":"', b'"sample":"AAAA'), 3, "task.effort.sample", "8-byte names"),
        (swap(3, b'"trials":2', b'"trials":2,"luck":1'), 3, "task.effort", "luck"),
        (swap(4, b"}}", b"}} "), 4, None, "JSON"),
        (swap(4, b'{"input"', b' {"input"'), 4, None, "canonical form"),
        (swap(4, b'"entity"', b'"entities"'), 4, "config", "entit"),
        (swap(4, b'"result": [[0.001]', b'"result": [[-0.001]'), 4, None, "no config: a run time of -0.001 s"),
        (swap(4, b'"result": [[0.001]', b'"result": [[NaN]'), 4, None, "not valid JSON"),
        (swap(4, b'"result": [[0.001], 0', b'"result": [[0.001], 4'), 4, None, "failed trial is no config"),
        (swap(4, b'"result": [[0.001]', b'"result": [[1e9]'), 4, None, "failed trial is no config"),
        (swap(4, b'"matmul", [0]', b'"matmul", [1]'), 4, "x-tvmgitlib.workload", "tunes workload"),
        (swap(4, b"llvm -mcpu=haswell", b"llvm -mcpu=skylake"), 4, None, "another target"),
        (swap(4, b'"trials":2', b'"baseline":0.5,"trials":2'), 4, "x-tvmgitlib.baseline", "says 0.5"),
        (swap(4, b'"trials":2', b'"baseline":0,"trials":2'), 4, "x-tvmgitlib.baseline", "more than 0"),
        (swap(4, b'"trials":2', b'"trials":7'), 4, "x-tvmgitlib.trials", "says 7"),
        (swap(4, b'"version":"0.16.0"', b'"version":"0.17.0"'), 4, "x-tvmgitlib.tuned_with", "0.17.0"),
        (swap(4, b"2026-01-01", b"2026-01-02"), 4, "x-tvmgitlib.finished", "2026-01-02"),
        (swap(4, b"2026-01-01", b"2026-13-01"), 4, "x-tvmgitlib.finished", "no time"),
        (swap(4, b'"job":"0000000000000001"', b'"job":"%s"' % OTHER_JOB), 4, "x-tvmgitlib.job", "says f"),
        (
            swap(4, b'"job":"0000000000000001"', b'"job":"x"'),
            4,
            "x-tvmgitlib.job",
            "the job that measured it has to be 16 hex digits",
        ),
        (swap(5, b', "x-tvmgitlib": ', b',"x-tvmgitlib":'), 5, None, "no x-tvmgitlib"),
        (swap(5, b'"trials":2', b'"trials":2,"trials":2'), 5, "trials", "given twice"),
        (lambda lines: lines.insert(4, b""), 5, None, "no x-tvmgitlib"),
        (lambda lines: lines.insert(4, b"\xff"), 5, None, "no x-tvmgitlib"),
        (
            lambda lines: lines.insert(1, b'{"invalidates":{"job":"%s","records":null}}' % OTHER_JOB),
            2,
            None,
            "invalidate",
        ),
    ],
)
def test_every_malformed_line_is_named(build: Any, damage: Damage, line: int, field: str | None, message: str) -> None:
    lines = written(build.segment(1, [build.record(1), build.record(2, 0.002)]))
    read(lines)
    damage(lines)
    file = f"abc123:{segment_path(build.job(1))}"
    with pytest.raises(TvmgitlibError, match=re.escape(message)) as caught:
        read_segment(lines, file)
    assert (caught.value.file, caught.value.line, caught.value.field) == (file, line, field)


def test_a_decision_has_no_tasks(build: Any) -> None:
    lines = written(build.segment(1, kind="revert", reverts=[2])) + written(build.segment(1, [build.record()]))[1:]
    with pytest.raises(RecordError, match="only a job of kind tune or import or revalidate has tasks"):
        read(lines)


@pytest.mark.parametrize("lines", [[], [b""], [b"null"]])
def test_no_segment_at_all(lines: list[bytes]) -> None:
    with pytest.raises(RecordError) as caught:
        read(lines, "jobs/00/0000000000000000.jsonl")
    assert caught.value.file == "jobs/00/0000000000000000.jsonl"


@pytest.mark.parametrize("file", ["jobs/00/0000000000000002.jsonl", "jobs/01/0000000000000001.jsonl", "x.jsonl"])
def test_the_name_is_the_jobs(build: Any, file: str) -> None:
    with pytest.raises(RecordError, match="the name another") as caught:
        read(written(build.segment(1)), file)
    assert (caught.value.file, caught.value.line, caught.value.field) == (file, 1, "job.id")


@pytest.mark.parametrize("change", ["hash", "module"])
def test_the_module_is_the_workloads(change: str) -> None:
    segment = REAL["metaschedule"]
    entry = segment.tasks[0]
    module = entry.task.workload.module or ""
    if change == "hash":
        workload = replace(entry.task.workload, module=module.replace('["', '["1', 1))
    else:
        workload = Workload("metaschedule", "1@0.27", entry.task.workload.signature, module)
    with pytest.raises(RecordError, match="another workload's") as caught:
        read(written(Segment(segment.header, (TaskRecords(replace(entry.task, workload=workload), ()),))))
    assert (caught.value.line, caught.value.field) == (3, "task.workload.module")


def test_a_record_whose_line_does_not_say_its_workload_needs_the_bag_to() -> None:
    family = families.family("metaschedule")
    native, bag = family.unwrap(REAL["metaschedule"].tasks[0].records[0].line)
    stated = json.loads(bag or b"")
    for name, message in (("text", "without its workload"), ("workload", "lacks")):
        without = {key: value for key, value in stated.items() if key != name}
        with pytest.raises(RecordError, match=message):
            read_stored(family.wrap(native, json.dumps(without).encode()), family, "board")
    other = family.wrap(native, json.dumps({**stated, "text": "1@0.27"}).encode())
    with pytest.raises(RecordError, match="tunes workload"):
        read_stored(other, family, "board")


@pytest.fixture(params=REAL)
def learnt(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """A family and a record's line, which was read just now, and no other before it."""
    line = REAL[request.param].tasks[0].records[0].line
    _quick_reader.cache_clear()
    read_stored(line, families.family(request.param), "board")
    return request.param, line


def test_a_record_is_read_quickly_once_others_like_it_were(learnt: tuple[str, bytes]) -> None:
    """The first of its workload goes through the schema and the family's rules; some do not say it all themselves."""
    name, first = learnt
    family = families.family(name)
    quick = _quick_reader(name)
    assert (quick is None) == family.keeps_module
    for each in REAL[name].tasks[0].records:
        assert quick is None or len(quick.read([family.unwrap(each.line)[0]])) == 1
        again, proven = (read_stored(each.line, family, "board", is_proven) for is_proven in (False, True))
        _quick_reader.cache_clear()
        strictly = read_stored(each.line, family, "board")
        assert again == proven == strictly
        assert repr(again) == repr(strictly)
        read_stored(first, family, "board")
        quick = _quick_reader(name)


def outcome(line: bytes, family: str) -> str | tuple[type[TvmgitlibError], str, str | None]:
    """What reading a record says."""
    try:
        return repr(read_stored(line, families.family(family), "board"))
    except TvmgitlibError as error:
        return type(error), str(error), error.field


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (rb"}$", rb', "result": [[1e-9], 0, 1.0, 1600000000.0]}'),
        (rb"}$", rb', "r": [[1e-9], 0, 1.0, 1600000000]}'),
        (rb"}$", rb', "version": 0.3}'),
        (rb"}$", rb', "more": 1}'),
        (rb'("r(?:esult)?": ?\[)\[[^]]*\]', rb"\1[0]"),
        (rb'("r(?:esult)?": ?\[)\[[^]]*\]', rb"\1[]"),
        (rb'("r(?:esult)?": ?\[)\[[^]]*\]', rb"\1[1e10]"),
        (rb'("r(?:esult)?": ?\[\[[^]]*\], ?0)', rb"\1.0"),
        (rb'("r(?:esult)?": ?\[\[[^]]*\], ?)0', rb"\g<1>1"),
        (rb"^", rb" "),
    ],
)
def test_a_record_that_is_nearly_one_read_before(learnt: tuple[str, bytes], pattern: bytes, text: bytes) -> None:
    """It is read, or refused, as where no quick reader knows of any."""
    name, line = learnt
    native, bag = families.family(name).unwrap(line)
    changed = families.family(name).wrap(re.sub(pattern, text, native, count=1), bag or b"")
    said = outcome(changed, name)
    _quick_reader.cache_clear()
    assert outcome(changed, name) == said


@pytest.mark.parametrize("wrong", [{"job": "1"}, {"workload": "0" * 16}, {"trials": "1"}, {"finished": "now"}])
def test_a_bag_is_wrong_however_often_others_like_its_record_were_read(
    learnt: tuple[str, bytes], wrong: dict[str, str]
) -> None:
    name, line = learnt
    native, bag = families.family(name).unwrap(line)
    changed = families.family(name).wrap(native, json.dumps(json.loads(bag or b"") | wrong).encode())
    said = outcome(changed, name)
    assert isinstance(said, tuple)
    assert outcome(changed, name) == said
    _quick_reader.cache_clear()
    assert outcome(changed, name) == said


def test_integers_may_be_spelt_as_json_allows(build: Any) -> None:
    segment = build.segment(1, [build.record()])
    lines = [
        line.replace(b'"trials":1,', b'"trials":1.0,').replace(b'"configs":1,', b'"configs":1e0,')
        for line in written(segment)
    ]
    assert lines != written(segment)
    again = read(lines)
    assert again.tasks[0].task.effort == segment.tasks[0].task.effort
    assert isinstance(again.tasks[0].records[0].trials, int)


# Fuzzing: any bytes are read or refused with an explanation, never anything else.


def own_lines() -> Iterator[tuple[str, bytes]]:
    for family, segment in REAL.items():
        yield from ((family, stored.line) for stored in segment.tasks[0].records[:2])


@pytest.mark.parametrize("family", REAL)
@given(data=st.data())
def test_any_record_is_read_or_refused(family: str, data: st.DataObject, mutated: Any) -> None:
    codec = families.family(family)
    line = data.draw(st.sampled_from([line for name, line in own_lines() if name == family]).flatmap(mutated))
    try:
        stored = read_stored(line, codec, "board")
    except TvmgitlibError:
        return
    assert stored.line == line
    assert read_stored(codec.wrap(*codec.unwrap(line)), codec, "board") == stored


@pytest.mark.parametrize("family", REAL)
@given(data=st.data())
def test_any_native_line_is_read_or_refused(family: str, data: st.DataObject, mutated: Any) -> None:
    """What a log is put through; and what it lets through, a segment holds."""
    known = REAL[family].tasks[0]
    workload = known.task.workload if family == "metaschedule" else None
    native = data.draw(mutated(known.records[0].record.native)).replace(b"\n", b" ").strip()  # logs are read by lines
    try:
        document = read_json(native)
        schema.check_record(document, families.family_of(native, document))
        record = families.family_of(native, document).record(document, native, workload)
    except TvmgitlibError:
        return
    hypothesis.assume(record.error is None)
    target = record.target
    section = Section(
        record.family,
        target.target,
        (target.text,),
        dict(target.facts),
        Platform("p"),
        TvmVersion(None, record.tvm_version, "log"),
    )
    counter = EffortCounter()
    counter.extend([record])
    task = Task(section, record.workload, counter.finish()[0])
    header = Header(id="1" * 16, kind="import")
    segment = Segment(header, (TaskRecords(task, (store(record, header, task),)),))
    assert written(read(written(segment))) == written(segment)


@pytest.mark.parametrize("family", REAL)
@given(data=st.data())
def test_any_segment_is_read_or_refused(family: str, data: st.DataObject, mutated: Any) -> None:
    lines = written(REAL[family])
    at = data.draw(st.integers(0, 3))
    lines[at] = data.draw(mutated(lines[at][:3000] if at < 3 and data.draw(st.booleans()) else lines[at]))
    file = segment_path(REAL[family].header.id)
    for with_records in (True, False):
        try:
            segment = read_segment(lines, file, with_records=with_records)
        except TvmgitlibError as error:
            assert error.file == file
            continue
        assert read(written(segment)) == segment


@given(line=st.binary() | st.text().map(str.encode), family=st.sampled_from(list(REAL)))
def test_any_bytes_are_read_or_refused(line: bytes, family: str) -> None:
    for reader in (
        lambda: read_stored(line, families.family(family), "board"),
        lambda: read_segment(lines_of(line, "jobs/00/x.jsonl"), "jobs/00/x.jsonl"),
        lambda: read_workload(line),
    ):
        with pytest.raises(TvmgitlibError):
            reader()


@given(data=st.data())
def test_any_workload_is_read_or_refused(data: st.DataObject, mutated: Any) -> None:
    line = data.draw(mutated((REAL["metaschedule"].tasks[0].task.workload.module or "").encode()))
    try:
        workload = read_workload(line)
    except TvmgitlibError:
        return
    assert read_workload((workload.module or "").encode()) == workload


def test_a_sample_is_text(build: Any) -> None:
    effort = build.segment(1, [build.record()]).tasks[0].task.effort
    assert encode_sample(effort.sample).encode() in written(build.segment(1, [build.record()]))[2]


def test_a_target_is_read_as_today_and_not_believed(build: Any) -> None:
    """What identifies code may change with a version of tvmgitlib; a segment says what was given."""
    lines = written(build.segment(1, [build.record()]))
    lines[1] = lines[1].replace(b'"mcpu":"haswell"', b'"mcpu":"haswell","num-cores":4')
    assert read(lines).tasks[0].task.section.target == parse_target("llvm -mcpu=haswell").target
