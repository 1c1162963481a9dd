"""`tvmgitlib config`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, as_line, complete_settings, example, pairs, pass_context


@click.command(epilog=example("tvmgitlib config", "tvmgitlib config keep 3"))
@click.argument("key", required=False, shell_complete=complete_settings)
@click.argument("value", required=False)
@pass_context
def command(context: Context, key: str | None, value: str | None) -> None:
    """Show or change the library's settings.

    Without arguments all of them; with KEY that one; with VALUE (JSON, else text) it is set, as one commit.
    """
    from tvmgitlib.library.changes import setting, value_of

    library = context.open()
    if key is not None and value is not None:
        made = library.configure(key, value_of(value, key))
        context.print_written(
            {"key": key, "value": setting(library.settings, key), "commit": made.commit if made else None},
            f"{key} is set, in {made.commit[:12]}." if made else f"{key} has that value already.",
            library.path if made else None,
        )
    elif key is not None:
        found = setting(library.settings, key)
        context.print({"key": key, "value": found}, as_line(found))
    else:
        settings = library.settings.to_json()
        context.print(settings, pairs((name, as_line(member)) for name, member in settings.items()))
