"""`tvmgitlib import`."""

from __future__ import annotations

from typing import Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, pass_context
from tvmgitlib.cli.job_results import print_result


@click.command("import", epilog="Example: tvmgitlib import conv.log dense.log --platform rk3399 --set cooling=fan")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--platform", metavar="NAME", help="The platform's name, where a target's -model gives none.")
@click.option("--target", metavar="TARGET", help="The only target allowed in the logs.")
@options.facts
@options.tvm("The TVM that tuned them; without it, what the logs say.")
@click.option("--family", type=click.Choice(options.FAMILIES), help="The only tuner family allowed in the logs.")
@click.option("--drop-torn", is_flag=True, help="Leave out a last line that was cut off.")
@click.option("--skip-invalid", is_flag=True, help="Leave out malformed lines.")
@pass_context
def command(context: Context, files: tuple[str, ...], facts: tuple[str, ...], **told: Any) -> None:
    """Import finished tuning logs (or MetaSchedule database folders) as one job, one commit.

    A malformed line refuses the whole import. Importing the same logs again changes nothing; of a log that grew, only
    what is new counts.
    """
    print_result(context, context.open().import_logs(*files, facts=options.read_facts(facts), **told))
