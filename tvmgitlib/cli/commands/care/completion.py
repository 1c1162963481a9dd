"""`tvmgitlib completion`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from tvmgitlib.cli.common import Context, example, pass_context
from tvmgitlib.model import TvmgitlibError

SHELLS = ("bash", "zsh", "fish")


@click.command(epilog=example("tvmgitlib completion --install", "tvmgitlib completion zsh"))
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@pass_context
def command(context: Context, shell: str | None, install: bool) -> None:
    """Let a shell complete commands and names.

    Options are completed too, and the platforms, targets, jobs and settings of the library. SHELL is bash, zsh or
    fish; without it, the one that SHELL in the environment names.
    """
    shell = shell or _own_shell()
    script = _script(shell)
    if not install:
        context.print({"shell": shell, "script": script}, script.rstrip())
        return
    path = _place(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
    except OSError as error:
        raise TvmgitlibError(f"cannot be written: {error.strerror}", file=str(path)) from None
    context.print({"shell": shell, "path": str(path)}, f"Wrote {path}. {_next_step(shell, path)}")


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"which shell? {' | '.join(SHELLS)}")
    return name


def _script(shell: str) -> str:
    """What the shell reads: it asks `tvmgitlib` itself, so it need not be written again after an update."""
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    completion = get_completion_class(shell)
    assert completion is not None  # click has all of SHELLS
    # Not source(): that of bash starts a bash to ask for its version.
    complete = completion(root, {}, "tvmgitlib", "_TVMGITLIB_COMPLETE")
    script = complete.source_template % complete.source_vars()
    for as_click_has_it, instead in _MENDED:
        script = script.replace(as_click_has_it, instead)
    return script


#: What is wrong in click's scripts, and what is right. That of fish cuts a value, or what is said of it, at its first
#: comma. That of zsh, in a file of its own, completes nothing the second time: it is only loaded the first time.
_MENDED: Final = (
    ('(string split ","', '(string split --max 1 ","'),
    ("[[ $zsh_eval_context[-1] == loadautofunc ]]", "(( $+compstate ))"),
)


def _place(shell: str) -> Path:
    """The file that the shell reads for a user, by the XDG base directories."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    if shell == "bash":
        return data / "bash-completion" / "completions" / "tvmgitlib"
    if shell == "zsh":
        return data / "zsh" / "site-functions" / "_tvmgitlib"
    return (
        Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "fish" / "completions" / "tvmgitlib.fish"
    )


def _next_step(shell: str, path: Path) -> str:
    if shell == "zsh":
        return f"Put this into ~/.zshrc, before compinit: fpath+=('{path.parent}')"
    return "A new shell completes tvmgitlib." + (" It needs the package bash-completion." if shell == "bash" else "")
