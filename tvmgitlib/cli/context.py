"""What every command shares: which library, and how to print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from tvmgitlib.errors import MOST_NAMES

if TYPE_CHECKING:
    from tvmgitlib.config_library import ConfigLibrary

Command = TypeVar("Command", bound=Callable[..., Any])


class Answer(Protocol):
    """Anything the library answers."""

    def to_json(self) -> dict[str, Any]: ...


@dataclass
class Context:
    """The options before the command's name.

    Attributes:
        library: the library as the user named it.
        as_json: whether to print JSON.
        opened: the library, once a command has opened it.
    """

    library: str | None
    as_json: bool
    opened: ConfigLibrary | None = None

    def open(self, rev: str | None = None) -> ConfigLibrary:
        """The library; with a revision, as it stood in that commit.

        Raises:
            LibraryError: there is none.
            SelectionError: the revision names no commit.
        """
        from tvmgitlib.config_library import ConfigLibrary

        self.opened = library = ConfigLibrary(self.library)
        return library.at(rev) if rev else library

    def print(self, answer: Answer | Mapping[str, Any], text: str) -> None:
        """Print one result: as JSON, or the text."""
        if self.as_json:
            click.echo(as_line(answer if isinstance(answer, Mapping) else answer.to_json()))
        else:
            click.echo(_encodable(text))

    def print_lines(self, answers: Iterable[Answer], text: Callable[[], str]) -> None:
        """Print a list: JSON lines, or the text."""
        if self.as_json:
            for answer in answers:
                click.echo(as_line(answer.to_json()))
        elif body := text():
            click.echo(_encodable(body))


def as_line(document: Any) -> str:
    """A document as one line of JSON, with escapes only where the output's encoding asks for them."""
    text = json.dumps(document, ensure_ascii=False)
    return text if _encodable(text) == text else json.dumps(document)


def _encodable(text: str) -> str:
    """A text with escapes for what standard output's encoding does not have."""
    encoding = sys.stdout.encoding
    return text.encode(encoding, "backslashreplace").decode(encoding)


def note(text: str) -> None:
    """Say something that is no result: it goes to standard error."""
    click.echo(text, err=True)


def note_some(what: str, lines: Sequence[str]) -> None:
    """Say which, below a line that says what; of many the first few, and how many more there are. Of none nothing."""
    more = [f"and {len(lines) - MOST_NAMES:,} more"] if len(lines) > MOST_NAMES else []
    if lines:
        note("\n  ".join([what, *lines[:MOST_NAMES], *more]))


def note_each(texts: Iterable[str]) -> None:
    """Say the first of many things that are no results, each in a line, and how many more there are."""
    known = list(texts)
    for text in known[:MOST_NAMES]:
        note(text)
    if more := len(known[MOST_NAMES:]):
        note(f"... and {more:,} more like that.")


def pass_context(command: Command) -> Command:
    """Give a command the `Context`, and take `--json` behind its name too."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_context(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        context = click.get_current_context().find_object(Context)
        assert context is not None  # the group makes it
        context.as_json = context.as_json or as_json
        return command(context, *args, **kwargs)

    return with_context  # type: ignore[return-value]  # click turns the function into what the decorators above take
