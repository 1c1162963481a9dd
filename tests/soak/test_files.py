"""A damaged file of a library is read or refused, in words; and whatever reads only some of it reads the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mutations import Mutator

from tvmgitlib.format import (
    RecordsFile,
    lines_of,
    ranked_lines,
    read_configs,
    read_lock,
    read_segment,
    read_settings,
    read_stamp,
    skim_segment,
    write_segment,
    write_settings,
)
from tvmgitlib.model import TvmgitlibError
from tvmgitlib.store import key_of

REPOSITORY = Path(__file__).parents[2] / "example-repo"
_FILES = 100_000

#: Longer samples are passed over, so that there is time for many (bytes).
_LONG = 60_000

_LOCK = b"""{
  "format": 1,
  "url": "https://example.com/kernels.git",
  "commit": "0123456789abcdef0123456789abcdef01234567",
  "configs": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  "tvmgitlib": "0.1.0"
}
"""
_DECISIONS = (
    b'{"job":{"author":"A B <a@b.c>","complete":true,"finished":"2026-01-01T00:00:00Z","format":1,'
    b'"id":"0123456789abcdef","kind":"revert","options":{},"reason":"it is wrong","reverts":["00000000000000aa"],'
    b'"sources":[],"started":null,"tuner":null,"tvm":{"distribution":null,"source":null,"version":null}}}\n',
    b'{"job":{"author":null,"complete":true,"finished":"2026-01-01T00:00:00Z","format":1,"id":"0123456789abcdef",'
    b'"kind":"invalidate","options":{},"reason":"it is wrong","sources":[],"started":null,"tuner":null,'
    b'"tvm":{"distribution":null,"source":null,"version":null}}}\n'
    b'{"invalidates":{"job":"00000000000000aa","records":null}}\n'
    b'{"invalidates":{"job":"00000000000000ab","reason":"x","records":["0123456789abcdef"]}}\n',
)
_SIGNATURE = b"""-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgXyk5dEkxIWjCDRVFYZyPLRxyvM
KYBD6RJbwcHQG9XUUAAAAQdHZtZ2l0bGliLWpvYkB2MQAAAAAAAAAGc2hhNTEyAAAAUwAA
AAtzc2gtZWQyNTUxOQAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END SSH SIGNATURE-----
"""

Samples = list[tuple[str, bytes]]


def below(folder: str) -> Samples:
    found = [
        (path.relative_to(REPOSITORY).as_posix(), path.read_bytes()) for path in REPOSITORY.glob(f"{folder}/**/*.jsonl")
    ]
    return [sample for sample in found if len(sample[1]) < _LONG]


def segment(content: bytes, file: str) -> bytes:
    """A segment written again; a quick look at it finds the same as a reading of the whole."""
    found = read_segment(lines_of(content, file), file, with_histories=True)
    less = read_segment(lines_of(content, file), file, with_records=False)
    assert less.header == found.header
    assert [entry.task for entry in less.tasks] == [entry.task for entry in found.tasks]
    skimmed = skim_segment(content, file)
    if skimmed is not None:
        header, tasks = skimmed
        assert header["id"] == found.header.id
        assert [(task.workload, task.trials, task.section.target, task.section.platform) for task in tasks] == [
            (task.workload, task.effort.trials, task.section.target.key, task.section.platform.name)
            for task in (entry.task for entry in found.tasks)
        ]
    return b"".join(write_segment(found))


def configs(content: bytes, file: str) -> bytes:
    """A file of configs/ written again; who looks up its records one by one gets the same."""
    with suppress(TvmgitlibError):
        RecordsFile(content, file).where(lambda _: False)
    found = read_configs(content, file)
    assert RecordsFile(content, file).where(lambda _: True) == found
    return ranked_lines(found)


def stamp(content: bytes, file: str) -> bytes | None:
    found = read_stamp(content)
    return found.to_bytes() if found is not None else None


def signature(content: bytes, file: str) -> bytes | None:
    key = key_of(content)
    return content if key is not None and key.fingerprint.startswith("SHA256:") else None


#: By what they are: some that are sound, and what reads one and writes it again, where that can be done.
KINDS: dict[str, tuple[Samples, Callable[[bytes, str], bytes | None]]] = {
    "segment": ([*below("jobs"), *(("jobs/01/0123456789abcdef.jsonl", each) for each in _DECISIONS)], segment),
    "configs": (below("configs"), configs),
    "lock": ([("tvmgitlib.lock", _LOCK)], lambda content, _: read_lock(content).to_text().encode()),
    "settings": (
        [("tvmgitlib.json", (REPOSITORY / "tvmgitlib.json").read_bytes())],
        lambda content, _: write_settings(read_settings(content)),
    ),
    "stamp": ([("configs/.fold", (REPOSITORY / "configs/.fold").read_bytes())], stamp),
    "signature": ([("job.sig", _SIGNATURE)], signature),
}


def damaged(content: bytes, mutator: Mutator, chance: random.Random) -> bytes:
    """The file with one of its lines damaged, or all of it."""
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    if not lines[at] or chance.random() < 0.3:
        return mutator.mutated(content)
    return b"\n".join([*lines[:at], mutator.mutated(lines[at]), *lines[at + 1 :]])


def files(kind: str, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    samples, _ = KINDS[kind]
    mutator = Mutator(chance, [line for _, content in samples for line in content.splitlines()])
    while True:
        file, content = chance.choice(samples)
        yield file, damaged(content, mutator, chance)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(kind: str, chance: random.Random, amount: Callable[[int], int], counted: Counter[str]) -> None:
    samples, rewritten = KINDS[kind]
    for file, content in samples:
        assert rewritten(content, file) in (None, content)
    for file, content in files(kind, chance):
        counted[f"{kind} files damaged"] += 1
        with suppress(TvmgitlibError):
            again = rewritten(content, file)
            if again is not None:
                counted[f"{kind} files taken"] += 1
                assert rewritten(again, file) == again
        if counted[f"{kind} files damaged"] == amount(_FILES):
            break
