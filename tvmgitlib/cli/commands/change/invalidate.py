"""`tvmgitlib invalidate`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import completing, options
from tvmgitlib.cli.context import Context, pass_context

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def _age(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,6})([hdw])", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no age such as 180d, 26w or 12h", context, parameter)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _rule(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that reads rules of a class of `tvmgitlib.rules.matching`."""

    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        from tvmgitlib.rules import matching

        parse = getattr(matching, name).parse
        try:
            return tuple(map(parse, value)) if isinstance(value, tuple) else value and parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return read


@click.command(epilog=options.example("tvmgitlib invalidate --tvm 'apache-tvm<0.26' --reason 'we build 0.27'"))
@options.selection
@click.option("--tvm", metavar="SPEC", callback=_rule("TvmRule"), help="Tuned with these TVMs: [DIST]SPECIFIER.")
@click.option(
    "--fact",
    "facts",
    metavar="CONDITION",
    multiple=True,
    callback=_rule("FactRule"),
    help="Measured under this platform fact, such as 'gpu.driver<550'; repeat it for more.",
)
@click.option("--older-than", metavar="AGE", callback=_age, help="Of jobs that finished longer ago: 180d, 26w, 12h.")
@click.option("--job", metavar="JOB", shell_complete=completing.jobs, help="Of this job.")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for the record.")
@pass_context
def command(context: Context, selection: Selection, reason: str, **conditions: Any) -> None:
    """Declare that records no longer hold.

    Those of now that meet every condition leave configs/, as one commit. Nothing is deleted: an invalidation is a
    job itself, and tvmgitlib revert undoes it. Records that come later are not touched by it.
    """
    from tvmgitlib.cli import words
    from tvmgitlib.library.changes import Condemned

    done = context.open().invalidate(Condemned(selection, **conditions), reason)
    words.note_left_alone(done.left_alone)
    context.print(done, words.invalidated(done))
