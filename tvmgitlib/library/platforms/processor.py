"""The CPU's name and features: as Linux tells them, else by py-cpuinfo, which runs a dozen processes to ask."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

#: What architectures call the name, and the features, in /proc/cpuinfo; the first that is told counts, as for
#: py-cpuinfo: a machine's facts are compared with those of years ago.
_NAMES = frozenset({"model name", "cpu", "processor", "uarch"})
_FLAGS = frozenset({"flags", "features", "ases implemented"})

#: How long lscpu is waited for (seconds); what it says is nice to know.
_PATIENCE = 10


class Processor(NamedTuple):
    """A CPU.

    Attributes:
        name: as it names itself; None where that is not known.
        flags: its features, as the kernel spells them.
    """

    name: str | None
    flags: list[str]


def processor() -> Processor:
    """This machine's CPU."""
    return told_by_linux(_text_of(Path("/proc/cpuinfo"))) or _told_by_library()


def told_by_linux(text: str) -> Processor | None:
    """The CPU that a /proc/cpuinfo tells of; None where its name or its features are not to be had.

    Args:
        text: the file, empty where there is none.
    """
    fields = [*_fields(text)]
    flags = next((value for key, value in fields if key in _FLAGS), None)
    if flags is None:
        return None
    # `processor` is a number on most machines. 64-bit ARM has no name there: lscpu has the list of parts.
    names = (value for key, value in fields if key in _NAMES and not value.isdigit())
    name = next(names, None) or _told_by_lscpu()
    return Processor(name, flags.split()) if name else None


def _told_by_lscpu() -> str | None:
    env = {**os.environ, "LC_ALL": "C"}
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(["lscpu"], capture_output=True, env=env, timeout=_PATIENCE, check=False).stdout
        return next((value for key, value in _fields(said.decode(errors="replace")) if key == "model name"), None)
    return None


def _told_by_library() -> Processor:
    import cpuinfo

    info: dict[str, Any] = cpuinfo.get_cpu_info()
    return Processor(info.get("brand_raw") or info.get("hardware_raw"), info.get("flags", []))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """The fields that have a value."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if value.strip():
            yield key.strip().lower(), value.strip()


def _text_of(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(errors="replace")
    return ""
