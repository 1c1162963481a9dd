"""Failures on standard error: for people in words, for programs as one JSON document."""

from __future__ import annotations

import json
from typing import Any

import click

from tvmgitlib.model import TvmgitlibError, plain


def tell(error: TvmgitlibError, *, as_json: bool) -> None:
    """Say what an expected failure is."""
    if as_json:
        place = {name: getattr(error, name) for name in ("file", "line", "field", "hint")}
        as_json_document(type(error).__name__, error.message, error.exit_code, **place)
    else:
        click.echo(plain(f"error: {error}"), err=True)


def as_json_document(kind: str, message: str, exit_code: int, **place: Any) -> None:
    """Say a failure as `{"error": {"type", "message", "exit_code", "file", "line", "field", "hint"}}`.

    Args:
        kind: the class of an expected failure, `usage` or `bug`.
        message: what is wrong.
        exit_code: what the process exits with.
        place: file, line and field that it is about, and the way out; null where there is none.
    """
    nowhere = dict.fromkeys(("file", "line", "field", "hint"))
    document = {"type": kind, "message": message, "exit_code": exit_code, **nowhere, **place}
    click.echo(json.dumps({"error": document}), err=True)
