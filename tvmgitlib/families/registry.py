"""Which families there are: those of this package, each imported when it is first used, and those of others, which are
only looked up when needed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tvmgitlib.families import plugins
from tvmgitlib.model import FamilyError, RecordError, TvmgitlibError, read_json_with_gaps

if TYPE_CHECKING:
    from tvmgitlib.families.base import Family, Layout
    from tvmgitlib.model import Decisions, TuningRecord, Workload

#: The families of this package, in the order in which they are asked whose a line is.
_OWN: Final = ("autotvm", "ansor", "metaschedule")

_log = logging.getLogger("tvmgitlib")


@cache
def _own(name: str) -> Family | None:
    """The family of this package that has this name; None where none has."""
    match name:
        case "autotvm":
            from tvmgitlib.families.autotvm import AutoTvm

            return AutoTvm()
        case "ansor":
            from tvmgitlib.families.ansor import Ansor

            return Ansor()
        case "metaschedule":
            from tvmgitlib.families.metaschedule import MetaSchedule

            return MetaSchedule()
    return None


@cache
def _own_layouts() -> list[Layout]:
    return [own.layout for own in filter(None, map(_own, _OWN)) if own.layout is not None]


@cache
def _others() -> tuple[str, ...]:
    """The names that other packages give families; one of this package's own names is not theirs to give."""
    for name in sorted({*_OWN} & plugins.entry_points().keys()):
        providers = ", ".join(map(plugins.provider, plugins.entry_points()[name]))
        _log.warning("%s registers a tuner family called %r, which is tvmgitlib's own: it is not used", providers, name)
    return tuple(name for name in plugins.entry_points() if name not in _OWN)


def names() -> tuple[str, ...]:
    """The names of all families that are installed, whether or not they can be used."""
    return (*_OWN, *_others())


def is_known(name: str) -> bool:
    """Whether a family of that name is installed, whether or not it can be used."""
    return name in _OWN or name in _others()


def is_shipped(name: str) -> bool:
    """Whether a family is this package's own, of one version with it."""
    return name in _OWN


def provider(name: str) -> str:
    """Which packages provide a family, each with its version; its name alone where none does."""
    return ", ".join([name, *map(plugins.provider, plugins.entry_points().get(name, []))])


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        FamilyError: no installed package provides it, or the one that does is broken.
    """
    found = _own(name) or plugins.load(name)
    if found is None:
        raise FamilyError(
            f"no installed package provides the tuner family {name!r}; install the one that does",
            hint=f"Known here: {', '.join(names())}.",
        )
    return found


def find(name: str) -> Family | None:
    """The family of that name; None where it cannot be used here (a broken package is said once, as a warning)."""
    return _own(name) or plugins.find(name)


def every() -> Iterator[Family]:
    """All families that can be used. Those of other packages are only looked up once the iteration gets to them."""
    yield from filter(None, map(_own, _OWN))
    for name in _others():
        found = plugins.find(name)
        if found is not None:
            yield found


def family_of(line: bytes, document: Any) -> Family:
    """Which family a line belongs to.

    Args:
        line: the line.
        document: what it says.

    Raises:
        RecordError: no family's that is installed.
    """
    for candidate in every():
        if candidate.claims(document):
            return candidate
    *titles, last = [candidate.title for candidate in every()]
    raise refusal(line, document) or RecordError(f"not a tuning record of {', '.join(titles)} or {last}")


def refusal(line: bytes, document: Any | None = None) -> RecordError | None:
    """Why a line that is no family's cannot be read, where one knows it; without a document it is no JSON."""
    return next((why for candidate in every() if (why := candidate.refusal(line, document)) is not None), None)


def upgraded(document: Any) -> bytes | None:
    """A line of an older format of some family as one that it reads; None for every other line.

    Raises:
        RecordError: as `Family.upgraded`.
    """
    return next((line for candidate in every() if (line := candidate.upgraded(document)) is not None), None)


def tvm_of_name(workload: Workload) -> str | None:
    """The minor version of the TVM that named a workload, where its family's names depend on it and say so."""
    return family(workload.family).tvm_of_name(workload)


def decisions(record: TuningRecord) -> Decisions | None:
    """What a trial decided; None where its family does not say it, or its text is of no form that the tuner writes."""
    try:
        document, _ = read_json_with_gaps(record.native)
        return family(record.family).decisions(document)
    except TvmgitlibError:
        return None


def layouts() -> list[Layout]:
    """The layouts of all families whose logs are several files."""
    return [candidate.layout for candidate in every() if candidate.layout is not None]


def layouts_in(files: Collection[str]) -> list[Layout]:
    """The layouts of which a folder holds the file of records.

    Args:
        files: the names of the folder's files.
    """
    known = {name for layout in _own_layouts() for name in layout.files}
    candidates = _own_layouts() if known.issuperset(files) else layouts()
    return [layout for layout in candidates if layout.records in files]


def layout_with(file: str) -> Layout | None:
    """The layout, of this package's, in which a file of that name has its place; None where it stands for itself.

    Files of other packages' layouts are known by their folder only: so a plain log need not wait for a search of them.
    """
    return next((layout for layout in _own_layouts() if file in (layout.records, *layout.beside)), None)
