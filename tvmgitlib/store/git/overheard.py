"""What Git says of its configuration while it does something else, so that a command need not ask for it.

Git tells whoever traces it (`git help api-trace2`) the values of variables, and whose they are, before it begins with
what it was started for. They are believed where Git has told all of them: the last one is ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

#: Whose a value is, in Git's word for that, the variable, and the value.
Setting: TypeAlias = "tuple[str, str, str]"

#: The variables, as Git spells them.
OVERHEARD: Final = frozenset({"tvmgitlib.allowedsigners", "tvmgitlib.maxage", "tvmgitlib.trust"})

#: What Git is told on its command line, which it reads after everything else.
_LAST: Final = ("command", "tvmgitlib.told", "all")

#: How much Git may say, in bytes; it is asked where that is not enough.
_MOST: Final = 1 << 16

_is_settled: ContextVar[bool] = ContextVar("_is_settled", default=False)


@contextmanager
def settled() -> Iterator[None]:
    """For so long, Git's configuration is what it is when a process of Git's starts: for one command.

    Between two questions of a session its user may change it, and means the next one with it.
    """
    token = _is_settled.set(True)
    try:
        yield
    finally:
        _is_settled.reset(token)


def is_settled() -> bool:
    """Whether what was said earlier still counts."""
    return _is_settled.get()


class Overheard:
    """A file in memory for one Git process, which says in it what it is configured to do.

    Attributes:
        file: its descriptor, which the process has to inherit.
        env: what the process needs in its environment.
    """

    #: Options of the process, before the name of the command.
    options: Final = ("-c", f"{_LAST[1]}={_LAST[2]}")

    def __init__(self, file: int) -> None:
        self.file = file
        variables = ",".join(sorted({*OVERHEARD, _LAST[1]}))
        self.env = {"GIT_TRACE2_EVENT": f"/dev/fd/{file}", "GIT_TRACE2_CONFIG_PARAMS": variables}

    @classmethod
    def begin(cls) -> Overheard | None:
        """Such a file; None where there can be none, or where somebody traces Git: what they asked for is theirs."""
        if not hasattr(os, "memfd_create") or any(name.startswith("GIT_TRACE2") for name in os.environ):
            return None
        try:
            return cls(os.memfd_create("tvmgitlib"))
        except OSError:
            return None

    def end(self) -> list[Setting] | None:
        """What Git has said, once it has begun with its command, and no more of it; None where it has not said all.

        A Git before 2.38 does not say whose a value is.
        """
        try:
            said = os.pread(self.file, _MOST, 0).decode(errors="surrogateescape")
        finally:
            os.close(self.file)
        try:
            events = [json.loads(line) for line in said.split("\n") if line]
            *told, last = [_setting(event) for event in events if event["event"] == "def_param"]
        except (KeyError, TypeError, ValueError):
            return None
        return told if last == _LAST else None


def _setting(event: dict[str, str]) -> Setting:
    """A value that Git tells of; of a variable without one, such as `[tvmgitlib] trust`, it is that."""
    return event["scope"], event["param"], event.get("value", "true")
