"""Jobs in progress that other machines see, leave alone while they go on, and take over when they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.jobs.sharing.claims import Claim as Claim
    from tvmgitlib.library.jobs.sharing.claims import Claims as Claims
    from tvmgitlib.library.jobs.sharing.heartbeat import Heartbeat as Heartbeat
    from tvmgitlib.library.jobs.sharing.renewing import release as release
    from tvmgitlib.library.jobs.sharing.renewing import renew_now as renew_now
    from tvmgitlib.library.jobs.sharing.renewing import settled as settled
    from tvmgitlib.library.jobs.sharing.taking import Prepared as Prepared
    from tvmgitlib.library.jobs.sharing.taking import hold as hold
    from tvmgitlib.library.jobs.sharing.taking import prepare as prepare
    from tvmgitlib.library.jobs.sharing.taking import take_over as take_over

_NAMES = {
    "claims": "Claim Claims",
    "heartbeat": "Heartbeat",
    "renewing": "release renew_now settled",
    "taking": "Prepared hold prepare take_over",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
