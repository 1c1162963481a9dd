"""Gathering packs: every commit makes one, and each is one more place in which Git looks for an object."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import DURABLE, Configuration
from tvmgitlib.store.landing.keeping import keeping_packs
from tvmgitlib.store.landing.lock import try_gather_lock

_log = logging.getLogger("tvmgitlib")

#: Git's own limit, gc.autoPackLimit.
PACKS: Final = 50

#: Whatever is in a pack or loose stays, whether a ref leads to it or not: another process may be about to use it. The
#: smaller packs become one, so that a commit is copied a few times in its life and not each time. `--geometric` came
#: with Git 2.32; before, all becomes one. Each way is one to write that pack, and one to remove what it replaces.
_GEOMETRIC: Final = (("--geometric=2",), ("--geometric=2", "-d"))
_ALL: Final = (("-a",), ("-A", "-d"))
_USAGE: Final = 129

#: The logs of kept histories are copied as they are, and not compared with each other.
COPIED: Final[tuple[str, ...]] = ("-c", "core.bigFileThreshold=1m")


def gather_packs(checkout: Checkout) -> None:
    """Make few packs of many, if there are many, nobody else is at it, and the user lets Git collect by itself.

    What goes wrong is only logged: it can wait.
    """
    packs = checkout.common_dir / "objects" / "pack"
    try:
        if len(loose_packs(packs)) <= PACKS:
            return
        with try_gather_lock(checkout.state) as alone:
            if alone and _is_wanted(Configuration(checkout.git)):
                _repack(checkout)
    except OSError as error:
        _log.info("packs could not be gathered: %s", error)


def loose_packs(packs: Path) -> list[str]:
    """The names of the packs in Git's folder of them that nobody keeps as they are.

    Raises:
        OSError: the folder cannot be read.
    """
    names = {path.name for path in packs.iterdir()}
    return [name for name in names if name.endswith(".pack") and f"{name[:-5]}.keep" not in names]


def _is_wanted(configuration: Configuration) -> bool:
    return configuration.get("gc.auto") != "0" and configuration.flag("maintenance.auto", default=True)


def _repack(checkout: Checkout) -> None:
    packs = checkout.common_dir / "objects" / "pack"
    known = set(loose_packs(packs))
    for write, remove in (_GEOMETRIC, _ALL):
        done = _run(checkout, write)
        if done.returncode == 0:
            with keeping_packs(checkout, set(loose_packs(packs)) - known):
                done = _run(checkout, remove)
        if done.returncode != _USAGE:
            break
    if done.returncode != 0:
        _log.info("packs could not be gathered: %s", done.stderr.decode(errors="replace").strip())


def _run(checkout: Checkout, how: Sequence[str]) -> CompletedProcess[bytes]:
    options = ("--quiet", "--local", "-n", "--no-write-bitmap-index")
    return checkout.git.try_run(*DURABLE, *COPIED, "repack", *how, *options)
