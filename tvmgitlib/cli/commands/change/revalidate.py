"""`tvmgitlib revalidate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from tvmgitlib.cli.common import (
    Column,
    Context,
    example,
    factor,
    facts_option,
    note,
    note_some,
    pass_context,
    read_facts,
    seconds,
    selection_options,
    table,
)
from tvmgitlib.cli.terminal.streams import output_as_errors
from tvmgitlib.model import plural

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection
    from tvmgitlib.live.revalidation import Remeasurement, Revalidated


@click.command(
    epilog=example(
        "tvmgitlib revalidate --family autotvm",
        "tvmgitlib revalidate --tasks model.py:tasks --target 'cuda -arch=sm_90'",
    )
)
@selection_options
@click.option(
    "--tasks",
    metavar="FILE.py:NAME",
    help="The tasks, or a model to take them from: a name in a Python file (or MODULE:NAME). Else the records' own.",
)
@facts_option
@click.option("--all", "every", is_flag=True, help="Also measure records that hold as they are.")
@click.option("--baseline", is_flag=True, help="Also measure the untuned config of each task.")
@click.option("--no-check", is_flag=True, help="Do not compare outputs with those of an untuned build.")
@click.option("--keep-refused", is_flag=True, help="Do not invalidate what fails here.")
@pass_context
def command(
    context: Context,
    selection: Selection,
    tasks: str | None,
    facts: tuple[str, ...],
    no_check: bool,
    **told: Any,
) -> int:
    """Measure stored best records again, here and with this TVM.

    After an upgrade of TVM, a driver or a board: of each workload only the best records, and only those that do not
    hold as they are. What holds is committed, as one job a target and platform; what no longer compiles, or computes
    something else than an untuned build, is invalidated by it (tvmgitlib revert undoes both). Interrupted, it goes on
    when it is called again.

    Records of MetaSchedule from another TVM need --tasks, for their modules do not load here; --target is the target
    of tasks that do not say theirs. Targets of other machines are measured from Python, with your runner:
    library.revalidate(). Exit code 1 when a record was refused, or its task is not known here.
    """
    from tvmgitlib.config_library import ConfigLibrary
    from tvmgitlib.live.common import running_tvm
    from tvmgitlib.live.tasks import expand, load_tasks

    told["facts"] = read_facts(facts)
    library = ConfigLibrary(context.library)
    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    with output_as_errors():
        done = library.revalidate(
            # Expanded here: what the user names may be None, which is no wish for the records' own tasks.
            expand(load_tasks(tasks), selection.target, selection.family) if tasks is not None else None,
            # Tasks say which target they are for, and find records of the spellings that lookups take for the same.
            selection if tasks is None else replace(selection, target=None),
            target=selection.target,
            platform=selection.platform,
            check=not no_check,
            **told,
        )
    if done.exact:
        note(
            plural(
                done.exact,
                "workload holds as it is, and was not measured (--all measures it too).",
                "workloads hold as they are, and were not measured (--all measures them too).",
            )
        )
    note_some(
        "Of these, targets name no triple, so that a build for one that does takes their configs for stale. Say which "
        "machine they are for, and they are measured for it: --target 'llvm -mtriple=... -mcpu=...':",
        done.incomplete,
    )
    if done.unchecked:
        records = plural(done.unchecked, "record")
        note(f"warning: {records} measured without comparing outputs with an untuned build's.")
    if done.missing:
        tasks_of_these = plural(done.missing, "of the tasks has", "of the tasks have")
        note(f"{tasks_of_these} no record here: tvmgitlib coverage names {'it' if done.missing == 1 else 'them'}.")
    context.print_written(done, as_text(done), library.path if done.jobs else None)
    return 0 if done.all_hold else 1


def as_text(done: Revalidated) -> str:
    """A revalidation for people: record by record, and what was committed."""
    if not done.records:
        return "Nothing was to be measured again."
    words = {"holds": "hold"}  # the others are the same of many
    counts = ", ".join(plural(count, state, words.get(state, state)) for state, count in sorted(done.counts.items()))
    if not done.jobs:
        last = f"{counts}. Nothing was committed."
    else:
        jobs = " ".join(done.jobs)
        last = f"{counts}; committed as {(done.commit or '')[:12]}. To undo it: tvmgitlib revert {jobs}"
    if done.invalidated:
        last += f"\nInvalidated: {plural(done.invalidated, 'record')} of the library."
    return f"{table(done.records, _COLUMNS)}\n{last}"


_COLUMNS: tuple[Column[Remeasurement], ...] = (
    seconds("before", lambda each: each.old_cost),
    seconds("after", lambda each: each.new_cost),
    factor("ratio", lambda each: each.ratio),
    Column("state", lambda each: each.state),
    Column("platform", lambda each: each.platform),
    Column("workload", lambda each: each.workload_label, ident=lambda each: each.workload_id),
    Column("why", lambda each: each.why or "", apart=True),
)
