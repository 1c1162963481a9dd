"""Running Git: the process, what every one of them is told, and what it is configured to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.store.git.configuration import Configuration as Configuration
    from tvmgitlib.store.git.configuration import People as People
    from tvmgitlib.store.git.configuration import configure as configure
    from tvmgitlib.store.git.configuration import identity as identity
    from tvmgitlib.store.git.hardening import NETWORK as NETWORK
    from tvmgitlib.store.git.hardening import environment as environment
    from tvmgitlib.store.git.hardening import objects_in as objects_in
    from tvmgitlib.store.git.hardening import options as options
    from tvmgitlib.store.git.hardening import quarantine as quarantine
    from tvmgitlib.store.git.hardening import without_filters as without_filters
    from tvmgitlib.store.git.obstacles import require_readable as require_readable
    from tvmgitlib.store.git.overheard import Overheard as Overheard
    from tvmgitlib.store.git.overheard import Setting as Setting
    from tvmgitlib.store.git.overheard import is_settled as is_settled
    from tvmgitlib.store.git.overheard import settled as settled
    from tvmgitlib.store.git.process import DURABLE as DURABLE
    from tvmgitlib.store.git.process import SPARING as SPARING
    from tvmgitlib.store.git.process import Git as Git
    from tvmgitlib.store.git.process import Waiting as Waiting
    from tvmgitlib.store.git.process import ended_gently as ended_gently
    from tvmgitlib.store.git.process import failure as failure
    from tvmgitlib.store.git.programs import hooks_folder as hooks_folder
    from tvmgitlib.store.git.programs import require_trusted_pruning as require_trusted_pruning
    from tvmgitlib.store.git.programs import require_trusted_signing as require_trusted_signing
    from tvmgitlib.store.git.programs import settings_by_owner as settings_by_owner
    from tvmgitlib.store.git.programs import settings_for_exchange as settings_for_exchange
    from tvmgitlib.store.git.programs import users_pager as users_pager
    from tvmgitlib.store.git.scratch import making_temporary_files as making_temporary_files
    from tvmgitlib.store.git.sharing import VARIABLE as VARIABLE
    from tvmgitlib.store.git.sharing import Sharing as Sharing
    from tvmgitlib.store.git.sharing import share_made as share_made
    from tvmgitlib.store.git.urls import LONGEST as LONGEST
    from tvmgitlib.store.git.urls import without_credentials as without_credentials

_NAMES = {
    "configuration": "Configuration People configure identity",
    "hardening": "NETWORK environment objects_in options quarantine without_filters",
    "obstacles": "require_readable",
    "overheard": "Overheard Setting is_settled settled",
    "process": "DURABLE SPARING Git Waiting ended_gently failure",
    "programs": (
        "hooks_folder require_trusted_pruning require_trusted_signing settings_by_owner settings_for_exchange "
        "users_pager"
    ),
    "scratch": "making_temporary_files",
    "sharing": "Sharing VARIABLE share_made",
    "urls": "LONGEST without_credentials",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
