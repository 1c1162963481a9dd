"""What Git says of an exchange that did not work, and whether another try may.

Only what is known to pass is tried again: another push that was faster, a lock, a connection. Whatever else a server
says is its answer.
"""

from __future__ import annotations

import re
import signal
from enum import Enum

#: The server has commits that we have not seen.
_MOVED = rb"\[rejected\]|\(non-fast-forward\)|\(fetch first\)"

#: The server could not move its branch just then: another push was at it.
_BUSY = rb"(?i)cannot lock ref|failed to (update|lock)|reference already exists|unable to create .*\.lock.*file exists"

#: The server cannot be reached, or the connection broke.
_LOST = (
    rb"(?i)could not resolve|name resolution|name or service not known|unable to look up|no route to host"
    rb"|(unable to|failed to|could not|couldn't) connect|network is (unreachable|down)"
    rb"|connection (refused|reset|closed|timed out|was reset|aborted)|timed? ?out|too slow|broken pipe"
    rb"|hung up|early eof|unexpected (disconnect|eof)|empty reply|transfer closed"
    rb"|gnutls_handshake|ssl_(read|error_syscall)"
    rb"|requested url returned error: (429|5\d\d)|http (429|5\d\d)|rpc failed; curl"
    rb"|invalid index-pack output|fetch-pack: invalid|bad (line length|pack header)|expected flush"
    rb"|failed to report status|died of signal"
    rb"|could not read from remote repository"  # with nothing before it that says why: see _FINAL
)

#: How Git ends when the other side is gone while it writes: it has no time to say anything.
_CUT_OFF = (-signal.SIGPIPE, 128 + signal.SIGPIPE)

#: Answers that stay what they are, also where the connection ends with them.
_FINAL = (
    rb"(?i)permission denied|authentication failed|not found|does not appear to be a git repository|hook declined"
    rb"|could(n't| not) be found|not allowed|prohibited|denied|could not read (username|password)"
    rb"|certificate|host key verification|does not exist|no such (file|remote|device)"
)

#: No disk is emptied by trying again; Git's last words on it are those of a broken connection.
_FULL = rb"(?i)no space left on device|disk quota exceeded|read-only file system|file too large"

#: A branch `a` and a branch `a/b` cannot both be; it looks like a lock.
_IN_THE_WAY = rb"(?i)exists; cannot create|directory/file conflict"

#: Of these, what more credentials may change.
_UNKNOWN_USER = (
    rb"(?i)authentication failed|could not read (username|password)|permission denied \(|url returned error: 40[13]"
)

#: What our own hook says, reason by reason, and what nothing else is to be said of.
_JUDGED = rb"remote: tvmgitlib: "

#: The server got it and said no.
_REFUSED = rb"(?i)\[remote rejected\]|hook declined|protected|pull request|merge request"


class Outcome(Enum):
    """What came of an exchange."""

    DONE = "done"
    MOVED = "moved"  # the remote has something new: fetch, replay, push again
    BUSY = "busy"  # another push was at it: try again
    LOST = "lost"  # the connection broke: try again
    REFUSED = "refused"  # no use to try again


def outcome_of(said: bytes, status: int = 1) -> Outcome:
    """What came of an exchange that failed, by what Git printed, and by how it ended."""
    if re.search(_IN_THE_WAY, said) or re.search(_FULL, said):
        return Outcome.REFUSED
    if re.search(_MOVED, said):
        return Outcome.MOVED
    if re.search(_BUSY, said):
        return Outcome.BUSY
    if re.search(_REFUSED, said) or re.search(_FINAL, said):
        return Outcome.REFUSED
    return Outcome.LOST if status in _CUT_OFF or re.search(_LOST, said) else Outcome.REFUSED


def way_out(said: bytes, *, proposal: bool = False) -> str | None:
    """What a person can do about a refusal, as far as that can be told.

    Args:
        said: what Git printed.
        proposal: whether it was a branch of one's own that was pushed.
    """
    if re.search(_FULL, said):
        return "Every job is committed here; tvmgitlib sync sends them when there is room to write."
    if re.search(_JUDGED, said):
        return "The server takes only what can be proven; tvmgitlib check says more of what is here. Nothing was sent."
    if re.search(_UNKNOWN_USER, said):
        return (
            "The server takes no credentials that Git has: set up a credential helper (git help credentials) or a key."
        )
    if re.search(_IN_THE_WAY, said) or (proposal and re.search(_REFUSED, said)):
        return "Propose under another name, such as jobs/NAME: tvmgitlib sync --propose BRANCH."
    if re.search(_REFUSED, said):
        return (
            "The server takes no push to that branch, which may be protected: propose the jobs with "
            "tvmgitlib sync --propose BRANCH, and have that merged."
        )
    return None
