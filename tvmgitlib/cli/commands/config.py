"""`tvmgitlib config`."""

from __future__ import annotations

import json

import click

from tvmgitlib.cli.context import Context, pass_context
from tvmgitlib.cli.tables import table
from tvmgitlib.errors import SettingsError


@click.command(epilog="Example: tvmgitlib config keep 3")
@click.argument("key", required=False)
@click.argument("value", required=False)
@pass_context
def command(context: Context, key: str | None, value: str | None) -> None:
    """Show the settings, or the one called KEY, or set it to VALUE (JSON, else text) as one commit."""
    from tvmgitlib.library.settings_edit import value_of

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
        context.print(document, table([(name, json.dumps(member)) for name, member in document.items()]))
    elif key in document:
        context.print({"key": key, "value": document[key]}, json.dumps(document[key]))
    else:
        raise SettingsError(f"no setting is called {key!r}", hint=f"Settings: {', '.join(document)}.")
