"""`tvmgitlib fleet`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import Column, Context, count, example, note, pass_context, table
from tvmgitlib.cli.lazy import HelpfulGroup

if TYPE_CHECKING:
    from tvmgitlib.live.fleet import KeyStatus


@click.group(cls=HelpfulGroup, epilog=example("tvmgitlib fleet status farm:9190"))
def command() -> None:
    """Look at the boards behind a tracker of TVM's."""


@command.command(
    epilog=example(
        "tvmgitlib fleet status farm:9190",
        "tvmgitlib fleet status farm:9190 --key pi --want 8",
        "tvmgitlib fleet status farm:9190 --host 10.0.0.7 --want 1",
    )
)
@click.argument("tracker", metavar="HOST:PORT")
@click.option("--key", metavar="KEY", help="Only the boards of this key.")
@click.option("--host", metavar="ADDRESS", help="Only the boards at this address.")
@click.option("--want", type=click.IntRange(min=1), metavar="N", help="Exit code 1 where a key has fewer boards.")
@pass_context
def status(context: Context, tracker: str, key: str | None, host: str | None, want: int | None) -> int:
    """Show the boards that a tracker knows.

    Those that measure at the moment count as well as those that are free. It needs neither a library nor TVM.

    With --want it is a watchdog: a server of TVM's may be deaf while its process lives, so only the tracker knows what
    there is. Exit code 1: there are fewer boards, or none; 75: no tracker answers.
    """
    from tvmgitlib.live.fleet import Tracker
    from tvmgitlib.model import FleetError

    asked = Tracker.parse(tracker)
    try:
        known = [asked.of_key(key)] if key is not None else asked.keys()
    except OSError as error:
        raise FleetError(f"no tracker answers at {asked.name}: {error}", hint="Is it running?") from error
    if host is not None:
        there = [each.at(host) for each in known]
        known = [each for each in there if each.boards]
    if not known:
        note("The tracker has no such board.")
    context.print_lines(known, lambda: table(known, _COLUMNS))
    wanted = want or 1
    return 0 if known and all(len(each.boards) >= wanted for each in known) else 1


_COLUMNS: tuple[Column[KeyStatus], ...] = (
    Column("key", lambda each: each.key),
    count("boards", lambda each: len(each.boards)),
    count("free", lambda each: each.free),
    count("pending", lambda each: each.pending),
    Column("servers", lambda each: ", ".join(each.boards)),
)
