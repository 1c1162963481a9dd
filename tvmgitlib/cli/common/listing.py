"""Lists as their reader wants them: which columns, in which order, how many, and for whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from functools import wraps
from typing import Any, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.cli.common.completing import offering_names
from tvmgitlib.cli.common.context import Answer, Command, Context
from tvmgitlib.cli.common.places import by_place
from tvmgitlib.cli.common.tables import Column, table

FORMATS: Final = ("table", "csv", "markdown", "json")

Row = TypeVar("Row")
AnswerRow = TypeVar("AnswerRow", bound=Answer)


class Listing(Struct, frozen=True):
    """How a list is wanted.

    Attributes:
        sort: the column to sort by; `-` before it for the greatest first. None for the list's own order.
        limit: how many rows at most.
        columns: the names of the columns. None for the list's own.
        form: one of `FORMATS`.
        since: nothing that is older. None for all.
    """

    sort: str | None = None
    limit: int | None = None
    columns: tuple[str, ...] | None = None
    form: str = "table"
    since: datetime | None = None

    @property
    def is_cut(self) -> bool:
        """Whether which rows are wanted depends on more than their own order."""
        return self.sort is not None or self.since is not None

    def rows(
        self, rows: Sequence[Row], columns: Sequence[Column[Row]], moment: Callable[[Row], str | None] | None = None
    ) -> list[Row]:
        """The rows that are wanted, in their order; those that a column says nothing of come last.

        Args:
            rows: all of them.
            columns: all that can be said of them.
            moment: when one is from, ISO 8601, for `since`: where that is not known it is left out.
        """
        chosen = list(rows)
        if self.since is not None and moment is not None:
            chosen = [row for row in chosen if _is_since(moment(row), self.since)]
        if self.sort is not None:
            column = _named(self.sort.removeprefix("-"), columns, "--sort")
            known = [row for row in chosen if column.of(row) not in (None, "")]
            unknown = [row for row in chosen if column.of(row) in (None, "")]
            chosen = sorted(known, key=column.of, reverse=self.sort.startswith("-")) + unknown
        return chosen[: self.limit]

    def chosen(self, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> list[Column[Row]]:
        """The columns that are wanted."""
        if self.columns is not None:
            return [replace(_named(name, columns, "--columns"), when=None) for name in self.columns]
        return [column for column in columns if not column.more and (column.when is None or column.when(rows))]


def list_options(
    columns: Callable[[click.Context], Sequence[Column[Any]]], *, since: bool = False
) -> Callable[[Command], Command]:
    """Options of a command that prints a list; the command gets them as one `listing`.

    Args:
        columns: all that can be said of its rows; a shell offers their names.
        since: whether its rows have a date.
    """

    def names(context: click.Context) -> Iterable[str]:
        return _by_name(columns(context))

    def decorate(command: Command) -> Command:
        @click.option(
            "--sort",
            metavar="COLUMN",
            shell_complete=offering_names(names),
            help="Sort by this column; -COLUMN: the greatest first.",
        )
        @click.option("-n", "--limit", metavar="N", type=click.IntRange(min=1), help="Only the first N.")
        @click.option(
            "--columns",
            metavar="NAMES",
            shell_complete=offering_names(names, several=True),
            help="These columns, with commas between them.",
        )
        @click.option("--format", "form", type=click.Choice(FORMATS), default="table", help="How to print. [table]")
        @wraps(command)
        def with_listing(
            *args: Any, sort: str | None, limit: int | None, columns: str | None, form: str, **kwargs: Any
        ) -> Any:
            names = tuple(name.strip() for name in columns.split(",")) if columns is not None else None
            moment = kwargs.pop("since", None)
            if form == "json":
                context = click.get_current_context().find_object(Context)
                assert context is not None  # the group makes it
                context.as_json = True
            return command(*args, listing=Listing(sort, limit, names, form, moment), **kwargs)

        if since:
            option = click.option(
                "--since", metavar="WHEN", callback=_since, help="Nothing older: 7d, 12h, or a date as 2026-11-22."
            )
            return option(with_listing)  # type: ignore[return-value]
        return with_listing  # type: ignore[return-value]

    return decorate


def show(
    context: Context,
    rows: Sequence[AnswerRow],
    columns: Sequence[Column[AnswerRow]],
    listing: Listing,
    grouped: Callable[[Sequence[AnswerRow], Sequence[Column[AnswerRow]]], str] | None = None,
) -> None:
    """Print rows: as JSON lines, or as the text that is wanted.

    Args:
        context: how the user wants results.
        rows: what there is, chosen already.
        columns: all that can be said of it.
        listing: how it is wanted.
        grouped: how a table is made whose columns the user did not choose; None for one table of all rows.
    """
    context.print_lines(rows, lambda: text_of(rows, columns, listing, grouped))


def text_of(
    rows: Sequence[Row],
    columns: Sequence[Column[Row]],
    listing: Listing,
    grouped: Callable[[Sequence[Row], Sequence[Column[Row]]], str] | None = None,
) -> str:
    """Rows as the text that is wanted; see `show`."""
    chosen = listing.chosen(columns, rows)
    match listing.form:
        case "csv":
            return _csv(rows, chosen)
        case "markdown":
            return _markdown(rows, chosen)
    if grouped is not None and listing.columns is None:
        return grouped(rows, [column for column in columns if not column.more])
    return table(rows, chosen)


def place_columns() -> tuple[Column[Any], ...]:
    """What answers about workloads say of their place, which a table has in its title: where it is asked for."""
    return (
        Column("platform", lambda row: row.platform or "", more=True),
        Column("target", lambda row: row.target_label, more=True),
        Column("family", lambda row: row.family, more=True),
    )


def show_by_place(context: Context, rows: Sequence[Any], columns: Sequence[Column[Any]], listing: Listing) -> None:
    """The same of answers about workloads: a table for each place, whose title says it; elsewhere columns do."""
    show(context, rows, with_place(columns, listing), listing, by_place)


def with_place(columns: Sequence[Column[Row]], listing: Listing) -> Sequence[Column[Row]]:
    """Columns with those of the place shown, where no title says it."""
    if listing.form not in ("csv", "markdown"):
        return columns
    return [replace(column, more=False) if column.header in _PLACE else column for column in columns]


_PLACE: Final = ("platform", "target", "family")


def _csv(rows: Iterable[Row], columns: Sequence[Column[Row]]) -> str:
    """Values as they are, but for text that would be run: times in seconds, numbers without commas."""
    import csv
    import io

    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.header for column in columns])
    writer.writerows([[_in_csv(column.of(row)) for column in columns] for row in rows])
    return file.getvalue().rstrip("\n")


def _in_csv(value: object) -> object:
    """A value as a cell. Text is anybody's, and what a spreadsheet would take for a formula of it, it shows."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


#: How a formula begins.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def _markdown(rows: Iterable[Row], columns: Sequence[Column[Row]]) -> str:
    """A table as hosts show it, with cells as people read them."""
    lines = [
        [column.header for column in columns],
        ["---:" if column.right else "---" for column in columns],
        *([_in_markdown(column.cell(row)) for column in columns] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _in_markdown(text: str) -> str:
    from tvmgitlib.cli.terminal.width import printable

    text = printable(text)
    for character in "\\`*_[]<>|":
        text = text.replace(character, f"\\{character}")
    text = text.replace("\\<", "&lt;").replace("\\>", "&gt;")
    return re.sub(_MENTION, "@<!-- -->", text)


#: What a host takes for the name of somebody to call, whatever it is escaped by.
_MENTION: Final = r"(?<!\w)@(?=\w)"


def _by_name(columns: Iterable[Column[Row]]) -> dict[str, Column[Row]]:
    """Columns by what options call them."""
    return {column.header.replace(" ", "-"): column for column in columns}


def _named(name: str, columns: Sequence[Column[Row]], option: str) -> Column[Row]:
    by_name = _by_name(columns)
    if found := by_name.get(name.replace(" ", "-")):
        return found
    from difflib import get_close_matches

    near = get_close_matches(name, by_name, 1)
    meant = f" Is {near[0]} meant?" if near else ""
    raise click.BadParameter(f"no column is called {name!r}.{meant} Columns: {', '.join(by_name)}", param_hint=option)


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    from tvmgitlib.model import read_since

    try:
        return read_since(value, datetime.now(timezone.utc)) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def _is_since(text: str | None, since: datetime) -> bool:
    from tvmgitlib.model import moment_of

    moment = moment_of(text) if text is not None else None
    return moment is not None and moment >= since
