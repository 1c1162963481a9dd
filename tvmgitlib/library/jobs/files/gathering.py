"""From what a user names to the logs that are meant: files, folders of logs, standard input."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from tvmgitlib import families
from tvmgitlib.families import native_text
from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.library.jobs.files.foreign import BOM, HEAD, not_a_log, refuse_binary
from tvmgitlib.library.jobs.files.opening import is_folder, lines_of, open_log, plain_name
from tvmgitlib.model import RecordError, TvmgitlibError, read_json_with_gaps

#: What stands for standard input.
STANDARD_INPUT: Final = Path("/dev/stdin")

#: What its content is called in messages and in the job.
_NAME = "standard-input"


class Gathered(Struct, frozen=True):
    """The logs that are meant.

    Attributes:
        logs: files, and folders of logs of several files; each once.
        no_logs: files of folders that are no logs, each with why, in words.
        spooled: where standard input was written to.
    """

    logs: tuple[Path, ...] = ()
    no_logs: tuple[str, ...] = ()
    spooled: Path = Path(_NAME)

    def named(self, text: str) -> str:
        """A text that may name the file that standard input was written to, as the user would say it."""
        return text.replace(str(self.spooled), "standard input")


@contextmanager
def gathered(paths: Iterable[Path]) -> Iterator[Gathered]:
    """Find the logs that are meant; what came from standard input is there as a file for as long as this lasts.

    A folder that is a log itself (a MetaSchedule database) is one; of any other, what is in it and below it that is a
    log. Hidden folders and libraries are left alone.

    Raises:
        RecordError: a folder holds no log, or a part of one.
    """
    logs: dict[Path, Path] = {}
    no_logs: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-") as scratch:
        spooled = Path(scratch, _NAME)
        for path in dict.fromkeys(paths):
            if path == STANDARD_INPUT:
                found = [_spooled(spooled)]
            elif is_folder(path):
                found = _of_folder(path, no_logs)
            else:
                found = [path]
            for log in found:
                logs.setdefault(_whole(log), log)
        found_all = Gathered(tuple(logs.values()), tuple(no_logs), spooled)
        try:
            yield found_all
        except TvmgitlibError as error:
            error.file = found_all.named(error.file) if error.file is not None else None
            raise


def _whole(log: Path) -> Path:
    """What tells two names of one log: a log of several files may be named by its folder and by each of them."""
    resolved = Path(os.path.realpath(log))  # which, unlike Path.resolve, takes a link to itself
    return resolved.parent if not is_folder(log) and families.layout_with(plain_name(log.name)) else resolved


def _spooled(file: Path) -> Path:
    """Standard input as a file: logs are read twice."""
    with file.open("wb") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    return file


# Folders


def _of_folder(top: Path, no_logs: list[str]) -> list[Path]:
    found: list[Path] = []
    others: list[str] = []
    for each, folders, files in os.walk(top):
        folder = Path(each)
        if SETTINGS_FILE in files:
            others.append(f"{folder}: a library, whose records tvmgitlib merge and export give")
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        layouts = families.layouts_in({plain_name(name) for name in files})
        if layouts:
            found.append(folder)
        parts = {part for layout in layouts for part in layout.files}
        for name in sorted(files):
            if name.startswith(".") or plain_name(name) in parts:
                continue
            why = _why_no_log(folder / name)
            if why is None:
                found.append(folder / name)
            elif not _is_of_tuner(folder, found):
                others.append(f"{folder / name}: {why}")
    if not found:
        lacking = "; ".join(f"no {layout.title}: {layout.records} is missing" for layout in families.layouts())
        hint = f"What is in it is none, such as {others[0]}" if others else None
        raise RecordError(f"there is no tuning log in the folder ({lacking})", file=str(top), hint=hint)
    no_logs += others
    return found


def _is_of_tuner(folder: Path, found: Sequence[Path]) -> bool:
    """Whether what is in a folder beside a log is the tuner's own: what it printed, say."""
    return any(folder == log or log in folder.parents for log in found if log.is_dir())


def _why_no_log(file: Path) -> str | None:
    """Why a file is no log; None where its first line is one of a log. What is wrong with others is said later."""
    try:
        with open_log(file) as opened:
            head = opened.peek(HEAD)[:HEAD]
            refuse_binary(head, str(file))
            for _, line in lines_of(opened, file):
                text = line.removeprefix(BOM).strip()
                if text and not text.startswith(b"#"):
                    return _why_no_record(text, head)
    except RecordError as error:
        return error.message
    return "nothing is in it"


def _why_no_record(line: bytes, head: bytes) -> str | None:
    try:
        document, _ = read_json_with_gaps(line)
    except RecordError as error:
        return (families.refusal(line) or not_a_log(head) or error).message
    try:
        if native_text(line, document) is None:
            families.family_of(line, document)
    except TvmgitlibError as error:
        return error.message
    return None
