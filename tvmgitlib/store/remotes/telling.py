"""How far Git is while it talks to a remote, told where anybody looks."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

from tvmgitlib.model import is_progress_told, tell_progress
from tvmgitlib.store.git import NETWORK, Git

if TYPE_CHECKING:
    from git import RemoteProgress

#: What Git says beside, which `--quiet` would leave out: of single refs when it has fetched (those that went wrong
#: begin with "!"), and of the pack.
_BESIDE = (b"From ", b" *", b" +", b" -", b" =", b" t", b"   ", b"Total ", b"remote: Total ", b"Delta compression ")


def exchange(
    git: Git, doing: str, *arguments: str, stdin: bytes = b"", within: float | None = None
) -> CompletedProcess[bytes]:
    """Run a command that talks to a remote, and tell how far it is.

    Args:
        git: where.
        doing: what it does, in a word: `fetching`; empty for what is over at once.
        arguments, stdin, within: as for `Git.try_run`; with `--quiet` among the arguments.

    Returns:
        What came of it, without what Git said of how far it was.

    Raises:
        ConnectionError: it took too long.
        GitError: Git cannot be started.
    """
    if not doing or not is_progress_told():
        return git.try_run(*arguments, stdin=stdin, env=NETWORK, within=within)
    # A quiet fetch says nothing even when it is asked; a push does both, and says of refs only what went wrong.
    at = arguments.index("--quiet")
    instead = ("--quiet", "--progress") if "push" in arguments[:at] else ("--progress",)
    asking = (*arguments[:at], *instead, *arguments[at + 1 :])
    return git.try_run(*asking, stdin=stdin, env=NETWORK, hearing=_listener(doing))


def _listener(doing: str) -> Callable[[bytes], bool]:
    """What takes the lines that say how far Git is."""
    told = told_of(doing)
    handle = told.new_message_handler()

    def hear(line: bytes) -> bool:
        if line.startswith(_BESIDE):
            return True
        others = len(told.other_lines) + len(told.error_lines)
        handle(line.decode(errors="replace"))
        return len(told.other_lines) + len(told.error_lines) == others

    return hear


def told_of(doing: str) -> RemoteProgress:
    """What GitPython tells of how far Git is.

    Every stage is a step of its own: they have no length in common, and what is left is that of the stage.
    """
    from git import RemoteProgress  # it takes 0.2 s to import, so only where it serves

    stages = {
        RemoteProgress.COUNTING: "counting objects",
        RemoteProgress.COMPRESSING: "compressing objects",
        RemoteProgress.WRITING: "sending objects",
        RemoteProgress.RECEIVING: "receiving objects",
        RemoteProgress.RESOLVING: "resolving deltas",
        RemoteProgress.FINDING_SOURCES: "finding sources",
        RemoteProgress.CHECKING_OUT: "checking files out",
    }

    class Told(RemoteProgress):
        def update(
            self, op_code: int, cur_count: str | float, max_count: str | float | None = None, message: str = ""
        ) -> None:
            if max_count:
                share = min(float(cur_count) / float(max_count), 1.0)
                stage = stages.get(op_code & RemoteProgress.OP_MASK, "")
                words = (f"{doing}: {stage} {share:.0%}", message.replace(" | ", ", "))
                tell_progress(f"{doing} {stage}", ", ".join(filter(None, words)), share)

    return Told()
