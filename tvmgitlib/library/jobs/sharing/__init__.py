"""Jobs in progress that other machines see, leave alone while they go on, and take over when they do not."""

from tvmgitlib.library.jobs.sharing.claims import Claim, Claims
from tvmgitlib.library.jobs.sharing.heartbeat import Heartbeat
from tvmgitlib.library.jobs.sharing.renewing import release, renew_now, settled
from tvmgitlib.library.jobs.sharing.taking import Prepared, hold, prepare, take_over

__all__ = [
    "Claim",
    "Claims",
    "Heartbeat",
    "Prepared",
    "hold",
    "prepare",
    "release",
    "renew_now",
    "settled",
    "take_over",
]
