"""Fuzz one reader with atheris, which is told by coverage what to try next: CONTRIBUTING.md says how to run it.

    python tests/soak/fuzz.py [READER [-max_total_time=600] [FOLDER OF INPUTS]]

Without a reader it lists them, one a line. What ends in anything but a `TvmgitlibError` is told with a traceback, and
its input written down (`crash-*`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["tvmgitlib"]):
    from test_files import KINDS
    from test_lines import DATA, LOGS

    from tvmgitlib.families import every
    from tvmgitlib.library.jobs.logs import RecordReader
    from tvmgitlib.model import TvmgitlibError


class LogLines:
    """Reads lines as those of a log, after one that is sound: the quick reader knows then what lines are for."""

    def __init__(self, name: str) -> None:
        path = DATA / name
        layout = next(each.layout for each in every() if each.layout) if path.is_dir() else None
        self._known = (path / layout.records if layout else path).read_bytes().splitlines()[0]
        self._layout = layout
        self._beside = {file: _Beside((path / file).read_bytes()) for file in layout.beside} if layout else {}

    def __call__(self, data: bytes) -> None:
        quick, strict = (RecordReader(self._layout, self._beside) for _ in range(2))
        for reader in (quick, strict):
            reader.read(self._known)
        said = []
        for read in (quick.read, strict.strictly):
            try:
                said.append(repr(read(data)))
            except TvmgitlibError as error:
                said.append(str(error))
        assert said[0] == said[1]


class _Beside:
    """See `LogFile`."""

    def __init__(self, content: bytes) -> None:
        self._lines = content.splitlines()

    def each(self, read: Callable[[bytes], object]) -> list[object]:
        return [read(line) for line in self._lines]


READERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {}
for _kind, (_samples, _read) in KINDS.items():
    READERS[_kind] = (lambda data, read=_read, file=_samples[0][0]: read(data, file), [each for _, each in _samples])
for _log in LOGS:
    if "cases" not in _log:
        _lines = LogLines(_log)
        READERS[_log.split("/")[-2] + "/" + _log.split("/")[-1]] = (_lines, [_lines._known])


def main() -> None:
    if not sys.argv[1:]:
        print("\n".join(READERS))
        return
    name, *options = sys.argv[1:]
    if name not in READERS:
        sys.exit(f"say which reader: {', '.join(READERS)}")
    read, samples = READERS[name]

    def once(data: bytes) -> None:
        with suppress(TvmgitlibError):
            read(data)

    with TemporaryDirectory() as folder:
        for number, sample in enumerate(samples):
            Path(folder, str(number)).write_bytes(sample)
        atheris.Setup([sys.argv[0], "-max_len=100000", *options, folder], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
