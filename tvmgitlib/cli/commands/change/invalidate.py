"""`tvmgitlib invalidate`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from tvmgitlib.cli.common import Context, complete_jobs, example, note, pass_context, selection_options
from tvmgitlib.model import plural

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection
    from tvmgitlib.rules.matching import TvmRule


def _age(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    from tvmgitlib.model import read_age

    try:
        return read_age(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


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


@click.command(epilog=example("tvmgitlib invalidate --tvm 'apache-tvm<0.26' --reason 'we build 0.27'"))
@selection_options
@click.option("--tvm", metavar="SPEC", callback=_rule("TvmRule"), help="Tuned with these TVMs: [DIST]SPECIFIER.")
@click.option(
    "--with-unknown", is_flag=True, help="With a DIST in --tvm: also what names no distribution, as AutoTVM's logs do."
)
@click.option(
    "--fact",
    "facts",
    metavar="CONDITION",
    multiple=True,
    callback=_rule("FactRule"),
    help="Measured under this platform fact, such as 'gpu.driver<550'; repeat it for more.",
)
@click.option(
    "--older-than", metavar="AGE", callback=_age, help="Of jobs that finished longer ago: 180d, 26w, 12h, 90m."
)
@click.option("--job", metavar="JOB", shell_complete=complete_jobs, help="Of this job.")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for the record.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@pass_context
def command(
    context: Context,
    selection: Selection,
    reason: str,
    tvm: TvmRule | None,
    with_unknown: bool,
    dry_run: bool,
    **conditions: Any,
) -> None:
    """Declare that records no longer hold.

    Those of now that meet every condition leave configs/, as one commit. Nothing is deleted: an invalidation is a
    job itself, and tvmgitlib revert undoes it. Records that come later are not touched by it.

    A --tvm that names a distribution does not mean records that name none, unless --with-unknown says so.
    """
    from tvmgitlib.cli import words
    from tvmgitlib.library.changes import Condemned

    rule = replace(tvm, with_unknown=with_unknown) if tvm is not None else None
    library = context.open()
    done = library.invalidate(Condemned(selection, rule, **conditions), reason, dry_run=dry_run)
    if done.unsure:
        note(f"{plural(done.unsure, 'record')} left, for no distribution is named: --with-unknown takes such too.")
    words.note_left_alone(done.left_alone)
    if dry_run:
        context.print(done, words.would_invalidate(done))
        return
    context.print_written(done, words.invalidated(done), library.path)
