"""`tvmgitlib pin`."""

from __future__ import annotations

from pathlib import Path

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(epilog=example("tvmgitlib pin -o ../app/tvmgitlib.lock", "tvmgitlib pin --verify ../app/tvmgitlib.lock"))
@click.argument("rev", required=False)
@click.option("-o", "--output", metavar="PATH", default="tvmgitlib.lock", show_default=True, help="The lock file.")
@click.option("--local", is_flag=True, help="Pin a commit that the remote does not have, for this machine only.")
@click.option("--signed", is_flag=True, help="Let builds of it believe signed jobs only (policy.trust).")
@click.option("--signers", metavar="FILE", help="Who may sign them: allowed signers, by default those who may here.")
@click.option("--verify", metavar="LOCK", help="Check a lock file instead: its commit is to be had, and unchanged.")
@pass_context
def command(
    context: Context, rev: str | None, output: str, local: bool, signed: bool, signers: str | None, verify: str | None
) -> None:
    """Fix the library at a commit for a build.

    Writes a lock file for REV, by default the current commit. In Python: ConfigLibrary.from_lock("tvmgitlib.lock").

    Where only signed jobs are believed (policy.trust, tvmgitlib.trust, --signed), the lock says so, and who may sign.
    Whoever builds with it is held to that, and to what their own configuration asks.
    """
    from tvmgitlib.config_library import ConfigLibrary
    from tvmgitlib.library.care import write_pin

    if verify is not None:
        pinned = ConfigLibrary.from_lock(verify)
        context.print({"lock": verify, "commit": pinned.commit}, f"{verify} holds: {pinned.commit[:12]} is as pinned.")
        return
    pin = context.open(rev).pin(local=local, signed=signed, signers=signers)
    write_pin(pin, Path(output))
    context.print({"lock": output, **pin.to_json()}, f"Pinned {pin.commit[:12]} in {output}")
