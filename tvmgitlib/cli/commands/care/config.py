"""`tvmgitlib config`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, as_line, pass_context
from tvmgitlib.cli.tables import pairs
from tvmgitlib.errors import SettingsError


@click.command(epilog=options.example("tvmgitlib config", "tvmgitlib config keep 3"))
@click.argument("key", required=False)
@click.argument("value", required=False)
@pass_context
def command(context: Context, key: str | None, value: str | None) -> None:
    """Show or change the library's settings.

    Without arguments all of them; with KEY that one; with VALUE (JSON, else text) it is set, as one commit.
    """
    from tvmgitlib.library.changes.settings_edit import value_of

    library = context.open()
    if key is not None and value is not None:
        made = library.configure(key, value_of(value))
        context.print(
            {"key": key, "value": library.settings.to_json()[key], "commit": made.commit if made else None},
            f"{key} is set, in {made.commit[:12]}." if made else f"{key} has that value already.",
        )
        return
    document = library.settings.to_json()
    if key is None:
        context.print(document, pairs((name, as_line(member)) for name, member in document.items()))
    elif key in document:
        context.print({"key": key, "value": document[key]}, as_line(document[key]))
    else:
        raise SettingsError(f"no setting is called {key!r}", hint=f"Settings: {', '.join(document)}.")
