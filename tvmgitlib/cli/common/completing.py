"""What a shell offers behind an option or for an argument: names that the library knows, and those of columns.

A shell waits at every key, and shows what a program prints: whatever goes wrong here, nothing is offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import click

from tvmgitlib.model import TvmgitlibError, plain_line

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tvmgitlib.config_library import ConfigLibrary

#: A value with what a shell shows beside it.
Offer: TypeAlias = "tuple[str, str | None]"


def offering(offers: Callable[[ConfigLibrary], Iterable[Offer]]) -> Callable[..., list[CompletionItem]]:
    """The `shell_complete` of a parameter whose values the library knows."""

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from tvmgitlib.config_library import ConfigLibrary

        with suppress(TvmgitlibError, OSError):
            named = (context.params.get("library"), context.find_root().params.get("library"))
            library = ConfigLibrary(next((path for path in named if path is not None), None))
            known = [(value, told) for value, told in offers(library) if value.startswith(incomplete)]
            return [CompletionItem(value, help=told and plain_line(told)) for value, told in known if _is_plain(value)]
        return []

    return complete


def offering_names(
    names: Callable[[click.Context], Iterable[str]], *, several: bool = False
) -> Callable[..., list[CompletionItem]]:
    """The `shell_complete` of a parameter that takes one of some names, or several with commas between them."""

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        begun, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        fitting = [name for name in names(context) if name.startswith(last) and name not in begun.split(",")]
        return [CompletionItem(f"{begun}{comma}{name}") for name in fitting]

    return complete


def _is_plain(value: str) -> bool:
    """Whether a value can be typed, and does nothing else to a shell or a terminal than to be there, also in quotes."""
    return plain_line(value) == value and re.fullmatch(_HARMLESS, value) is not None


#: A value in which no shell finds a command, a pattern or a variable: bash puts it on the line as it is.
_HARMLESS = r"[\w.,:/@%+= -]*"


def _platforms(library: ConfigLibrary) -> Iterable[Offer]:
    return ((name, None) for name in library.platforms())


def _targets(library: ConfigLibrary) -> Iterable[Offer]:
    return ((label, None) for label in sorted({effort.target_label for effort in library.trials()}))


def _jobs(library: ConfigLibrary) -> Iterable[Offer]:
    return ((entry.job, entry.subject) for entry in library.log())


def _open_jobs(library: ConfigLibrary) -> Iterable[Offer]:
    return ((job.id, f"started {job.started}") for job in library.open_jobs())


def _any_jobs(library: ConfigLibrary) -> Iterable[Offer]:
    return (*_open_jobs(library), *_jobs(library))


def _settings(library: ConfigLibrary) -> Iterable[Offer]:
    return ((key, None) for key in library.settings.to_json())


complete_platforms, complete_targets = offering(_platforms), offering(_targets)
complete_jobs, complete_open_jobs, complete_any_jobs = offering(_jobs), offering(_open_jobs), offering(_any_jobs)
complete_settings = offering(_settings)
