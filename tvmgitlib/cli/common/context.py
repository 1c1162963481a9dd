"""What every command shares: which library, and how to print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from tvmgitlib.cli.terminal import pager, progress
from tvmgitlib.model import MOST_NAMES, plain, plain_line

if TYPE_CHECKING:
    from tvmgitlib.config_library import ConfigLibrary

Command = TypeVar("Command", bound=Callable[..., Any])


class Answer(Protocol):
    """Anything the library answers."""

    def to_json(self) -> dict[str, Any]: ...


class Context:
    """How a command line wants its answers, before or behind the command's name.

    Args:
        as_json: whether to print JSON.

    Attributes:
        library: the library as the user named it; None where nothing does.
        as_json: whether to print JSON.
        paged: whether long texts may go through a pager.
        opened: the library, once a command has opened it.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.library: str | None = None
        self.as_json = as_json
        self.paged = True
        self.opened: ConfigLibrary | None = None

    def open(self, rev: str | None = None, *, queued: bool = False) -> ConfigLibrary:
        """The library; with a revision, as it stood in that commit.

        Args:
            rev: the revision.
            queued: with the jobs that wait in the remote's queue.

        Raises:
            LibraryError: there is none.
            SelectionError: the revision names no commit.
            UsageError: both are asked for.
            GitError: the queue cannot be seen.
        """
        if rev and queued:
            raise click.UsageError("--queued is about the library as it is now: it does not go with --rev.")
        from tvmgitlib.config_library import ConfigLibrary
        from tvmgitlib.store import settled

        click.get_current_context().find_root().with_resource(settled())
        self.opened = library = ConfigLibrary(self.library)
        if queued:
            with progress.shown():
                return library.with_queued()
        return library.at(rev) if rev else library

    def print(self, answer: Answer | Mapping[str, Any], text: str) -> None:
        """Print one result: as JSON, or the text."""
        progress.wipe()
        if self.as_json:
            say(as_line(answer if isinstance(answer, Mapping) else answer.to_json()))
        else:
            say(text)

    def print_long(self, answer: Answer | Mapping[str, Any], text: str) -> None:
        """The same of a text that may be longer than a terminal."""
        if self.as_json:
            self.print(answer, text)
        else:
            progress.wipe()
            pager.show(_encodable(plain(text)), paged=self.paged)

    def print_written(
        self, answer: Answer | Mapping[str, Any], text: str, path: object | None, following: str = ""
    ) -> None:
        """Print what became of a library that was written to, and say which it is: one of many may be meant.

        Args:
            answer: the result.
            text: the result for people.
            path: where the library is; None where nothing was written.
            following: a line on what one would do next; empty where that is plain.
        """
        where = f"Library: {path}" if path is not None else ""
        self.print(answer, "\n".join(filter(None, (text, where, following))))

    def there(self, when: str) -> str:
        """Say when a command comes next, and that it is for the library, where a bare one would look for another."""
        return when if self.library is None else f"{when}, in there"

    def print_lines(self, answers: Iterable[Answer], text: Callable[[], str]) -> None:
        """Print a list: JSON lines, or the text."""
        progress.wipe()
        if self.as_json:
            for answer in answers:
                say(as_line(answer.to_json()))
        elif body := text():
            pager.show(_encodable(plain(body)), paged=self.paged)


def as_line(document: Any) -> str:
    """A document as one line of JSON, with escapes only for what is not plain, or not in the output's encoding."""
    text = json.dumps(document, ensure_ascii=False)
    return text if plain_line(text) == text and _encodable(text) == text else json.dumps(document)


def _encodable(text: str) -> str:
    """A text with escapes for what standard output's encoding does not have."""
    encoding = sys.stdout.encoding
    return text.encode(encoding, "backslashreplace").decode(encoding)


def say(text: str, *, end: str = "\n") -> None:
    """Print a result; whatever a library or a log says in it is made plain."""
    click.echo(f"{_encodable(plain(text))}{end}", nl=False)


def note(text: str) -> None:
    """Say something that is no result: it goes to standard error, and is made plain."""
    progress.wipe()
    click.echo(plain(text), err=True)


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
    """Give a command the `Context`, and take `-C` and `--json` behind its name too."""

    @click.option("-C", "library", metavar="LIBRARY", help="The library: its folder.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_context(*args: Any, library: str | None, as_json: bool, **kwargs: Any) -> Any:
        context = click.get_current_context().find_object(Context)
        assert context is not None  # the group makes it
        context.as_json = context.as_json or as_json
        context.library = library if library is not None else context.library
        return command(context, *args, **kwargs)

    return with_context  # type: ignore[return-value]  # click turns the function into what the decorators above take
