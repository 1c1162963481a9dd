from __future__ import annotations

import pytest

from tvmgitlib.store.git import without_credentials


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://token@host/x.git", "https://host/x.git"),
        ("https://ann:pass@host:8443/x.git", "https://host:8443/x.git"),
        ("https://ann:p@ss@host/x.git", "https://host/x.git"),
        ("HTTPS://ann:pass@host/x.git", "HTTPS://host/x.git"),
        ("ssh://git:pass@host:22/x.git", "ssh://git@host:22/x.git"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        ("git@host:team/x.git", "git@host:team/x.git"),
        ("/home/ann@work/x.git", "/home/ann@work/x.git"),
        ("C:/ann@work/x", "C:/ann@work/x"),
        ("https://host/x.git?access_token=abc&b=1", "https://host/x.git?access_token=***&b=1"),
        ("https://host/a@b/x.git", "https://host/a@b/x.git"),
        (
            "fatal: unable to access 'https://ann:pass@host/x/': no\nerror: 'http://t@other/'",
            "fatal: unable to access 'https://host/x/': no\nerror: 'http://other/'",
        ),
        ("fatal: unable to look up ann:pass@host (port 9418)", "fatal: unable to look up host (port 9418)"),
        ("Author: Ann <ann@example.com>: wrote it", "Author: Ann <ann@example.com>: wrote it"),
        ("configs/a: what@ever: said", "configs/a: what@ever: said"),
    ],
)
def test_credentials_go_and_nothing_else(text: str, expected: str) -> None:
    assert without_credentials(text) == expected


@pytest.mark.parametrize("piece", ["a:", "?k", "-a", "a.", "x://", "https://a", "key=", "a:b@"])
def test_a_message_of_a_mebibyte_is_told_in_part_and_at_once(piece: str) -> None:
    said = without_credentials(f"fatal: {piece * (1_000_000 // len(piece))} and https://tess:secret@host/x")
    assert said == "fatal: ... and https://host/x"
    words = without_credentials(f"{piece * 500} " * 1000)
    assert len(words) < 40_000
