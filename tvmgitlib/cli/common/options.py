"""Options that several commands take, always with the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from tvmgitlib.cli.common.completing import complete_platforms, complete_targets
from tvmgitlib.cli.common.context import Command


class FamilyChoice(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2 only
    """The families that are installed. Packages that add some are only looked up when the answer depends on them."""

    def __init__(self) -> None:
        super().__init__(())

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from tvmgitlib.families import is_known

        if is_known(value):
            return value
        self._look_up()
        return super().convert(value, param, ctx)

    def get_metavar(self, *arguments: Any, **named: Any) -> str | None:
        self._look_up()
        return super().get_metavar(*arguments, **named)

    def get_missing_message(self, *arguments: Any, **named: Any) -> str:
        self._look_up()
        return super().get_missing_message(*arguments, **named)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        self._look_up()
        return super().shell_complete(ctx, param, incomplete)

    def _look_up(self) -> None:
        from tvmgitlib.families import names

        self.choices = names()


def example(*commands: str) -> str:
    """The end of a command's help: command lines to copy, never wrapped."""
    return "\n".join(["\b", "Example:" if len(commands) == 1 else "Examples:", *(f"  {line}" for line in commands)])


def selection_options(command: Command) -> Command:
    """Options that choose workloads; the command gets them as one `selection`."""

    @click.option("--family", type=FamilyChoice(), help="Only this tuner family.")
    @click.option(
        "--target", metavar="TARGET", shell_complete=complete_targets, help="Only this target, in any spelling."
    )
    @click.option(
        "--platform",
        metavar="NAME",
        shell_complete=complete_platforms,
        help="Only this platform; 'this' for this machine.",
    )
    @click.option("--workload", metavar="TEXT", help="Only workloads that contain this text.")
    @wraps(command)
    def with_selection(
        *args: Any, family: str | None, target: str | None, platform: str | None, workload: str | None, **kwargs: Any
    ) -> Any:
        from tvmgitlib.library.reading import Selection

        return command(*args, selection=Selection(family, target, platform, workload), **kwargs)

    return with_selection  # type: ignore[return-value]


def tvm_option(help: str) -> Callable[[Command], Command]:
    """`--tvm DIST==VERSION`."""
    return click.option("--tvm", metavar="DIST==VERSION", callback=_tvm, help=help)


def _tvm(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    from tvmgitlib.model import TvmVersion

    try:
        return TvmVersion.parse(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def tvm_at_hand_option(help: str) -> Callable[[Command], Command]:
    """`--tvm DIST==VERSION`, else the TVM that this Python has installed (`source` is `runtime` then); or `none`."""
    return click.option("--tvm", metavar="DIST==VERSION|none", callback=_tvm_at_hand, help=help)


def _tvm_at_hand(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    from tvmgitlib.live.at_hand import installed_tvm

    if value == "none" or context.resilient_parsing:
        return None
    return installed_tvm() if value is None else _tvm(context, parameter, value)


#: Reading what nobody has folded yet.
queued_option = click.option("--queued", is_flag=True, help="With the jobs that wait in the remote's queue now.")

rev_option = click.option("--rev", metavar="REV", help="As the library stood in this commit.")


def complete_target_option(of: str) -> Callable[[Command], Command]:
    """`--complete-target TARGET`, of one log or several."""
    return click.option(
        "--complete-target",
        metavar="TARGET",
        help=f"What targets of {of} leave out, such as 'llvm -mtriple=x86_64-linux-gnu -mcpu=haswell'.",
    )


facts_option = click.option(
    "--set",
    "facts",
    metavar="KEY=VALUE",
    multiple=True,
    help="A fact about the platform, such as cooling=fan; the value is JSON, else text. Repeat it for more.",
)


def read_facts(assignments: tuple[str, ...]) -> dict[str, Any]:
    """The facts of `--set` options.

    Raises:
        PlatformError: one is not KEY=VALUE.
    """
    from tvmgitlib.model import parse_assignment, set_fact

    known: dict[str, Any] = {}
    for assignment in assignments:
        known = set_fact(known, *parse_assignment(assignment))
    return known


def time_span(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """The value of an option that is a time, such as `30m` or `2h`: in seconds."""
    from tvmgitlib.model import read_age

    try:
        return read_age(value).total_seconds() if value is not None else None
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time such as 30m or 2h", context, parameter) from None


def fleet_options(command: Command) -> Command:
    """`--rpc-tracker` and `--rpc-key`, which go together; the command gets them as one `fleet`, or None."""

    @click.option("--rpc-tracker", "tracker", metavar="HOST:PORT", help="Ask boards behind this tracker of TVM's.")
    @click.option("--rpc-key", "rpc_key", metavar="KEY", help="The boards' key at the tracker.")
    @wraps(command)
    def with_fleet(*args: Any, tracker: str | None, rpc_key: str | None, **kwargs: Any) -> Any:
        if (tracker is None) != (rpc_key is None):
            raise click.UsageError("--rpc-tracker and --rpc-key go together.")
        return command(*args, fleet=(tracker, rpc_key) if tracker is not None else None, **kwargs)

    return with_fleet  # type: ignore[return-value]


#: Sending a job as soon as it is committed.
push_option = click.option("--push", is_flag=True, help="Then send it to the remote, as tvmgitlib sync does.")

#: Telling the remote of a job that is open.
share_option = click.option(
    "--share",
    metavar="TIME",
    callback=time_span,
    help="Tell the remote of the job so often (10m): no other machine does the same, and one can go on with it.",
)
