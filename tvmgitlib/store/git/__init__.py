"""Running Git: the process, what every one of them is told, and what it is configured to do."""

from tvmgitlib.store.git.configuration import Configuration, People, configure, identity
from tvmgitlib.store.git.hardening import NETWORK, environment, options, quarantine, without_filters
from tvmgitlib.store.git.process import DURABLE, Git, ended_gently, failure
from tvmgitlib.store.git.programs import (
    hooks_folder,
    require_trusted_pruning,
    require_trusted_signing,
    settings_by_owner,
    settings_for_exchange,
    users_pager,
)
from tvmgitlib.store.git.sharing import VARIABLE, Sharing, share_made
from tvmgitlib.store.git.urls import LONGEST, without_credentials

__all__ = [
    "DURABLE",
    "LONGEST",
    "NETWORK",
    "VARIABLE",
    "Configuration",
    "Git",
    "People",
    "Sharing",
    "configure",
    "ended_gently",
    "environment",
    "failure",
    "hooks_folder",
    "identity",
    "options",
    "quarantine",
    "require_trusted_pruning",
    "require_trusted_signing",
    "settings_by_owner",
    "settings_for_exchange",
    "share_made",
    "users_pager",
    "without_credentials",
    "without_filters",
]
