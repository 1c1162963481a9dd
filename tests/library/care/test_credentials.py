"""Credentials in a URL are for Git alone: nothing of ours writes them, nothing of Git's passes through with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import TvmgitlibError

Git = Callable[..., str]
MakeLog = Callable[..., Path]

SECRETS = ("ghp_Sec", "ret%2Fword", "s3cr3t")

URLS = [
    "http://ghp_Sec@127.0.0.1:9/team/kernels.git",
    "http://ann:ret%2Fword@127.0.0.1:9/team/kernels.git",
    "HTTP://ann:s3cr3t@ret%2Fword@127.0.0.1:9/team/kernels.git",
    "http://127.0.0.1:9/team/kernels.git?private_token=s3cr3t&x=1",
    "git://ann:s3cr3t@127.0.0.1:9/team/kernels.git",
    "ssh://ann:s3cr3t@127.0.0.1:9/team/kernels.git",
    "http://ghp_Sec@127.0.0.1:9",
]


def clean(*texts: object) -> bool:
    return not any(secret in str(text) for secret in SECRETS for text in texts)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tvmgitlib.library.changes.sharing.exchange._PATIENCE", 0.0)


@pytest.mark.parametrize("url", [*URLS, "ext::http://ghp_Sec@h/x", "http://ghp_Sec@127.0.0.1:9/\n"])
def test_a_clone_that_fails_tells_no_credentials(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    assert cli("clone", url).code == 4
    assert clean(cli.out, cli.err, caplog.text)
    assert clean(*tmp_path.iterdir())


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", [["sync"], ["sync", "--propose", "mine"], ["sync", "--history"], ["pin"]])
def test_an_exchange_that_fails_tells_no_credentials(
    url: str, command: list[str], cli, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    git(cli.library, "remote", "add", "origin", url)
    assert cli(*command).code == 4
    assert clean(cli.out, cli.err)


def test_a_branch_that_follows_a_url_tells_no_credentials(cli, git: Git) -> None:
    git(cli.library, "config", "branch.main.remote", URLS[0])
    assert cli("sync").code == 4
    assert clean(cli.err)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://ghp_Sec@example.com/team/kernels.git", "https://example.com/team/kernels.git"),
        ("https://ann:ret%2Fword@example.com:8443/k.git", "https://example.com:8443/k.git"),
        ("ssh://git:s3cr3t@example.com/k.git", "ssh://git@example.com/k.git"),
        ("ssh://git@example.com/k.git", "ssh://git@example.com/k.git"),
        ("git@example.com:team/k.git", "git@example.com:team/k.git"),
        ("https://example.com/k.git", "https://example.com/k.git"),
    ],
)
def test_a_lock_holds_no_credentials(
    library: ConfigLibrary, make_log: MakeLog, git: Git, cli, tmp_path: Path, given: str, written: str
) -> None:
    """The remote is a folder in truth, which Git takes the URL for."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(library.path, "config", f"url.{tmp_path}/remote.git.insteadOf", given)
    git(library.path, "remote", "add", "origin", given)
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    library.sync()
    lock = tmp_path / "tvmgitlib.lock"
    answer = cli.json("pin", "-o", lock)
    assert cli.code == 0, cli.err
    assert answer["url"] == json.loads(lock.read_text())["url"] == written
    assert clean(cli.out, cli.err, lock.read_text(), git(library.path, "log", "--format=%B%an%ae"))
    assert clean(git(library.path, "reflog", "show", "--all"))


def test_a_lock_that_somebody_wrote_with_credentials_is_told_without_them(tmp_path: Path) -> None:
    lock = tmp_path / "tvmgitlib.lock"
    document = {"format": 1, "url": URLS[1], "commit": "0" * 40, "configs": "0" * 64, "tvmgitlib": "0"}
    lock.write_text(json.dumps(document))
    with pytest.raises(TvmgitlibError) as caught:
        ConfigLibrary.from_lock(lock)
    assert clean(caught.value)
