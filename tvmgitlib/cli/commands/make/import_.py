"""`tvmgitlib import`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from tvmgitlib.cli.common import (
    Context,
    FamilyChoice,
    complete_target_option,
    example,
    facts_option,
    note_each,
    pass_context,
    push_option,
    read_facts,
    tvm_option,
)
from tvmgitlib.cli.job_results import print_result, print_sent
from tvmgitlib.model import UnsentError


@click.command(
    "import",
    epilog=example(
        "tvmgitlib import conv.log dense.log.gz --platform rk3399 --set cooling=fan",
        "tvmgitlib import db --only-target 'opencl -device=mali' --platform my-phone",
        "zstdcat tuning.log.zst | tvmgitlib import - --platform this",
        "tvmgitlib import of-2019.log --platform rk3399 --upgrade",
        "tvmgitlib import old.log --complete-target 'llvm -mtriple=x86_64-linux-gnu'",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--platform",
    metavar="NAME",
    help="The platform's name, where a target's -model gives none; 'this' for this machine.",
)
@click.option("--target", metavar="TARGET", help="The only target allowed in the logs.")
@click.option(
    "--only-target",
    metavar="TARGET",
    multiple=True,
    help="Take this target's records, and count the others. Repeat it for more.",
)
@complete_target_option("the logs")
@facts_option
@tvm_option("The TVM that tuned them; without it, what the logs say.")
@click.option("--family", type=FamilyChoice(), help="The only tuner family allowed in the logs.")
@click.option("--drop-torn", is_flag=True, help="Leave out a last line that was cut off.")
@click.option("--skip-invalid", is_flag=True, help="Leave out lines that are malformed or for another target.")
@click.option("--upgrade", is_flag=True, help="Convert lines of AutoTVM's format 0.1, as TVM before 0.7 wrote them.")
@click.option("--keep-history", is_flag=True, help="Keep the whole logs too, outside the branch.")
@push_option
@pass_context
def command(context: Context, files: tuple[str, ...], facts: tuple[str, ...], **told: Any) -> None:
    """Import finished tuning logs as one job.

    FILE is a log of AutoTVM or Ansor, the folder of a MetaSchedule database, a folder with logs in it or below it, or -
    for standard input. gzip, bzip2 and xz are read as they are. A log does not say where it was
    measured: where its target's -model names no device, --platform has to. The job is one commit; a malformed line
    refuses all of it. Importing the same logs again changes nothing; of a log that grew, only what is new counts.

    Of the trials that were read, the best of each workload are kept (8 at least), slower ones dropped, repeated lines
    are duplicates, and failed ones leave their effort on record. A trial whose run time can be none (0 s, NaN) counts
    as failed; a MetaSchedule record that nobody has measured is no trial.

    --upgrade gives tasks of format 0.1 the names and arguments that they have today, where a rule says which; configs
    and results stay. What no rule covers refuses the import by name, unless --skip-invalid leaves it out.

    A log may say no more than llvm, by which each TVM means another machine: --complete-target says what it was. A
    target that says something else, or is another device's, stays as it is, and such records are counted.
    """
    library = context.open()
    known = set(library.platforms())
    try:
        result = library.import_logs(*files, facts=read_facts(facts), **told)
    except UnsentError as error:
        print_result(context, error.result, library.path, push=True)
        raise
    print_result(context, result, library.path, push=told["push"])
    note_each(_near(result.job, set(result.platforms) - known, known))
    if told["push"] and result.commit is not None and not context.as_json:
        print_sent(result, library.commit)


def _near(job: str | None, new: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """What to say of new platforms whose names may be mistyped: nobody looks for records under such a name."""
    from difflib import get_close_matches

    for name in sorted(new):
        if near := get_close_matches(name, known, 1, _ALIKE):
            yield (
                f"The platform {name} is new here, beside {near[0]}. If that was meant: tvmgitlib revert {job}, "
                f"and import with --platform {near[0]}."
            )


#: How like each other two names are, from 0 to 1, of which one may be the other mistyped.
_ALIKE: Final = 0.8
