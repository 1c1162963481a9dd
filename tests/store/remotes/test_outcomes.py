"""What Git and hosts say, and what it means; the words are theirs."""

from __future__ import annotations

import pytest

from tvmgitlib.store.remotes.outcomes import Outcome, outcome_of, way_out

MOVED = [
    b" ! [rejected]        main -> main (fetch first)\nerror: failed to push some refs to 'x'",
    b"!\tabc:refs/heads/main\t[rejected] (non-fast-forward)",
    b"!\tabc:refs/heads/main\t[remote rejected] (non-fast-forward)",
]
BUSY = [
    b"!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)",
    b"remote: error: cannot lock ref 'refs/heads/main': is at 1234 but expected 5678",
    b"fatal: Unable to create '/srv/x.git/refs/heads/main.lock': File exists.",
    b"!\tabc:refs/heads/main\t[remote rejected] (reference already exists)",
]
LOST = [
    b"fatal: unable to access 'https://h/x/': Could not resolve host: h",
    b"ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.\n\n"
    b"Please make sure you have the correct access rights\nand the repository exists.",
    b"fatal: unable to connect to h:\nh[0: 127.0.0.1]: errno=Connection refused",
    b"fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF",
    b"error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: the remote end hung up unexpectedly",
    b"fatal: unable to access 'https://h/x/': The requested URL returned error: 503",
    b"ssh: connect to host h port 22: Operation timed out",
    b"kex_exchange_identification: Connection closed by remote host",
    b"fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
    b"and the repository exists.",
    b"error: pack-objects died of signal 13",
]
REFUSED = [
    b"remote: error: GH006: Protected branch update failed for refs/heads/main.\n ! [remote rejected] main -> main "
    b"(protected branch hook declined)",
    b"remote: GitLab: You are not allowed to push code to protected branches on this project.\n"
    b" ! [remote rejected] main -> main (pre-receive hook declined)",
    b" ! [remote rejected] main -> main (TF402455: Pushes to this branch are not permitted; "
    b"you must use a pull request)",
    b" ! [remote rejected] main -> main (branch is currently checked out)",
    b" ! [remote rejected] main -> main (shallow update not allowed)",
    b" ! [remote rejected] main -> main (unpacker error)",
    b"remote: error: cannot lock ref 'refs/heads/main/x': 'refs/heads/main' exists; cannot create 'refs/heads/main/x'",
    b"fatal: Authentication failed for 'https://h/x/'",
    b"fatal: could not read Username for 'https://h': terminal prompts disabled",
    b"git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
    b"fatal: unable to access 'https://h/x/': The requested URL returned error: 403",
    b"fatal: repository 'https://h/x/' not found",
    b"fatal: '/srv/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    b"fatal: unable to access 'https://h/x/': SSL certificate problem: self-signed certificate",
    b"Host key verification failed.\nfatal: Could not read from remote repository.",
    b"fatal: something that nobody has ever seen",
]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        *((said, Outcome.MOVED) for said in MOVED),
        *((said, Outcome.BUSY) for said in BUSY),
        *((said, Outcome.LOST) for said in LOST),
        *((said, Outcome.REFUSED) for said in REFUSED),
    ],
)
def test_only_what_is_known_to_pass_is_worth_another_try(said: bytes, outcome: Outcome) -> None:
    assert outcome_of(said) is outcome


@pytest.mark.parametrize("said", REFUSED[:4])
def test_a_protected_branch_points_to_a_proposal(said: bytes) -> None:
    assert "sync --propose" in str(way_out(said))
    assert "another name" in str(way_out(said, proposal=True))


@pytest.mark.parametrize("said", REFUSED[7:11])
def test_an_unknown_user_is_told_about_credentials(said: bytes) -> None:
    assert "credential helper" in str(way_out(said))


def test_of_what_nobody_knows_no_way_out_is_told() -> None:
    assert way_out(REFUSED[-1]) is None


@pytest.mark.parametrize("status", [-13, 141])
def test_a_connection_that_breaks_while_git_writes_is_tried_again(status: int) -> None:
    assert outcome_of(b"", status) is Outcome.LOST
    assert outcome_of(b"! [remote rejected] main (hook declined)", status) is Outcome.REFUSED
    assert outcome_of(b"", 1) is Outcome.REFUSED
