"""The entry point: the commands by name, and the exit codes.

0 yes; 1 the answer is no; 2 usage; 3 a bug in tvmgitlib; 4 an expected failure, explained; 75 one that may
pass: try again; 130 interrupted. With
`--json` a failure is one JSON document on standard error.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from tvmgitlib._version import __version__
from tvmgitlib.cli.common import Context, example, note
from tvmgitlib.cli.lazy import LazyGroup
from tvmgitlib.cli.terminal import failures, progress
from tvmgitlib.cli.terminal.signals import Told, interrupting
from tvmgitlib.model import TvmgitlibError, plain, plain_line

EXIT_BUG = 3
EXIT_EXPECTED = TvmgitlibError.exit_code
EXIT_INTERRUPTED = 130

#: Every command with its module and short help, by room, in the order of `--help`.
ROOMS = {
    "Make and tune": {
        "init": ("make.init", "Make a library."),
        "clone": ("make.clone", "Copy a library from elsewhere."),
        "job": ("make.job", "Start, finish and look at tuning jobs."),
        "import": ("make.import_", "Import finished tuning logs as one job."),
        "tune": ("make.tune", "Tune models: ONNX files, PyTorch exports, or your own code."),
        "suggest": ("make.suggest", "Suggest configs for tasks by what was tried for others."),
    },
    "Look": {
        "best": ("look.best", "Show the best config of each workload."),
        "trials": ("look.trials", "Show the tuning effort on record for each workload."),
        "export": ("look.export", "Write best configs as a file that stock TVM loads."),
        "log": ("look.log", "Show the library's jobs, newest first."),
        "diff": ("look.diff", "Show what happened to the best configs between two commits."),
        "blame": ("look.blame", "Show which job and commit each best config comes from."),
        "coverage": ("look.coverage", "Show how much of a model is tuned."),
        "report": ("look.report", "Write a site to look at in a browser."),
    },
    "Change": {
        "revert": ("change.revert", "Take jobs out of the library, and back in."),
        "invalidate": ("change.invalidate", "Declare that records no longer hold."),
        "revalidate": ("change.revalidate", "Measure stored best records again, here and with this TVM."),
    },
    "Share": {
        "merge": ("share.merge", "Merge BRANCH into the current one."),
        "sync": ("share.sync", "Exchange jobs with the remote."),
        "fold": ("share.fold", "Bring the jobs of the remote's queue to its branch."),
        "pin": ("share.pin", "Fix the library at a commit for a build."),
        "hook": ("share.hook", "Have a server refuse pushes that are not sound."),
    },
    "Care": {
        "check": ("care.check", "Prove that the library is sound."),
        "rebuild": ("care.rebuild", "Make configs/ anew from jobs/."),
        "gc": ("care.gc", "Pack the library well, so that it is small and fast."),
        "config": ("care.config", "Show or change the library's settings."),
        "completion": ("care.completion", "Let a shell complete commands and names."),
        "platform": ("care.platform", "Detect this machine's platform, or show the library's."),
        "fleet": ("care.fleet", "Look at the boards behind a tracker of TVM's."),
    },
}

#: The same, for commands that are not listed.
HIDDEN = {"driver": ("care.driver", "What Git calls to merge and show the library's files.")}

#: The commands that write to a library.
_WRITING = {"job", "import", "tune", *ROOMS["Change"], "merge", "sync", "fold", "rebuild"}


@click.group(
    cls=LazyGroup,
    rooms=ROOMS,
    hidden=HIDDEN,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("tvmgitlib init kernels", "tvmgitlib -C kernels import tuning.log --platform my-board"),
)
@click.option("-C", "library", metavar="LIBRARY", help="The library: its folder. [TVMGITLIB_LIBRARY]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one document, or JSON lines for lists.")
@click.option("--no-pager", is_flag=True, help="Never show lists through a pager. [on a terminal, as Git does]")
@click.version_option(__version__, "--version", prog_name="tvmgitlib")
@click.pass_obj
def cli(context: Context, library: str | None, as_json: bool, no_pager: bool) -> None:
    """A library of tuned TVM kernels that behaves like source code.

    Every tuning job is a Git commit, the best configs are plain files, and history, review and sharing come from Git.
    Without -C, the library is the one that TVMGITLIB_LIBRARY names, the one around the current folder, or
    ~/.tvm/tvmgitlib.

    Exit codes: 0 yes, 1 the answer is no, 2 wrong usage, 3 a bug, 4 a failure that is explained, 75 try again, 130
    interrupted.
    """
    context.library, context.as_json, context.paged = library, as_json or context.as_json, not no_pager


@cli.result_callback()
@click.pass_context
def tell_of_gc(context: click.Context, /, code: Any, **_: Any) -> Any:
    """Tell somebody at a terminal, after a command that writes, that housekeeping is due; the command's code stays."""
    asked = context.find_object(Context)
    is_asked = context.invoked_subcommand in _WRITING and sys.stderr.isatty()
    if is_asked and asked and asked.opened and not asked.as_json and asked.opened.is_gc_due():
        note("The repository is in many pieces by now: tvmgitlib gc packs it.")
    return code


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    code = run(arguments)
    gc.freeze()  # the process ends, and all goes with it: Python would look through it for garbage several times first
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; every message goes to standard error."""
    _open_streams()
    handler = progress.WipingHandler()
    handler.setFormatter(_Plain("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    told = sys.argv[1:] if arguments is None else arguments
    context = Context(as_json="--json" in told)  # so that what is wrong with the options is JSON, too
    with interrupting() as told_to_end:
        try:
            return _run(arguments, context, told_to_end)
        except (click.Abort, KeyboardInterrupt):
            with suppress(OSError):  # the terminal may be gone
                click.echo(_interrupted(told_to_end), err=True)
            return EXIT_INTERRUPTED


def _interrupted(told_to_end: Told) -> str:
    """What ended a command; of Ctrl-C its user knows."""
    by_others = told_to_end.by not in (None, signal.SIGINT.name)
    return f"interrupted by {told_to_end.by}" if by_others else "interrupted"


def _run(arguments: Sequence[str] | None, context: Context, told_to_end: Told) -> int:
    """The same; an interrupt is for the caller."""
    try:
        with told_to_end.heeded(), progress.shown():
            code = cli.main(args=arguments, prog_name="tvmgitlib", standalone_mode=False, obj=context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        if context.as_json:
            failures.as_json_document("usage", error.format_message(), error.exit_code)
        else:
            error.show()
        return error.exit_code
    except click.Abort:
        raise
    except TvmgitlibError as error:
        failures.tell(error, as_json=context.as_json)
        return error.exit_code
    except BrokenPipeError:
        return _end_quietly()
    except SystemExit as end:
        if end.code != 1:
            raise
        return _end_quietly()  # click caught the broken pipe
    except OSError as error:
        where = plain_line(os.fsdecode(error.filename)) if error.filename else None
        failures.tell(TvmgitlibError(error.strerror or str(error), file=where), as_json=context.as_json)
        return EXIT_EXPECTED
    except Exception as error:
        traceback.print_exc()
        click.echo(f"\nThis is a bug in tvmgitlib {__version__}: please report it with the lines above.", err=True)
        if context.as_json:
            failures.as_json_document("bug", f"{type(error).__name__}: {error}", EXIT_BUG)
        return EXIT_BUG


class _Plain(logging.Formatter):
    """Warnings in plain text, whatever the library says in them."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def _open_streams() -> None:
    """Give this process the standard streams that it was started without: what is printed there is lost."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _end_quietly() -> int:
    """The reader (head, say) has enough, which is no failure. Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
