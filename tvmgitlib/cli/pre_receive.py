"""`tvmgitlib hook pre-receive` without the rest of the command line, for which every push to a server would wait."""

from __future__ import annotations

import gc
import io
import sys
from pathlib import Path

from tvmgitlib.library.care import refusals
from tvmgitlib.model import plain
from tvmgitlib.store import settled


def main() -> int:
    """Judge the push that Git tells of in standard input; returns the exit code, as the command does."""
    lines = sys.stdin.readlines()
    try:
        with settled():
            found = refusals(Path(), lines)
    except Exception:  # the command meets it again, and tells of it as every command does
        from tvmgitlib.cli.main import run

        sys.stdin = io.StringIO("".join(lines))
        return run(["hook", "pre-receive"])
    for reason in found:
        print(plain(f"tvmgitlib: {reason}"), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    code = main()
    gc.freeze()  # as of a command, nothing of it is worth a search for garbage
    sys.exit(code)
