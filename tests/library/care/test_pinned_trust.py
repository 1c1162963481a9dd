"""Lock files that say whose jobs a build believes: real keys, and what whoever builds has configured of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import write_pin
from tvmgitlib.model import GitError, LibraryError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Sign = Callable[[Path, str], str]

TVM = "apache-tvm==0.16.0"


def graded(library: ConfigLibrary) -> dict[float, str | None]:
    return {config.cost: config.grade for config in library.best(tvm=TVM, accept="any")}


@pytest.fixture
def signed(library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign) -> ConfigLibrary:
    """A library with a job of Tess's (2 ms), one of Ada's (3 ms), and one that nobody signed (4 ms)."""
    for name, cost in (("tess", 2e-3), ("ada", 3e-3)):
        sign(library.path, name)
        library.import_logs(make_log(f"of-{name}", [cost]), platform="box", tvm=TVM)
    git(library.path, "config", "tvmgitlib.sign", "none")
    library.import_logs(make_log("of-nobody", [4e-3]), platform="box", tvm=TVM)
    return library


def locked(library: ConfigLibrary, path: Path, **told: Any) -> dict[str, Any]:
    write_pin(library.pin(local=True, **told), path)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_lock_carries_who_may_sign_to_whoever_builds(
    signed: ConfigLibrary, git: Git, allow: Any, trust: None
) -> None:
    lock = signed.path.parent / "tvmgitlib.lock"
    allow("tess")
    said = locked(signed, lock)
    assert said["trust"] == "signed"
    assert [line.split()[0] for line in said["signers"]] == ["tess@example.com"]
    only_tess = {2e-3: "exact", 3e-3: "untrusted", 4e-3: "untrusted"}
    # Who builds has configured nothing: the lock is the root of trust, at whatever commit is looked at.
    for name in ("trust", "allowedSigners"):
        git(signed.path, "config", "--global", "--unset", f"tvmgitlib.{name}")
    pinned = ConfigLibrary.from_lock(lock)
    assert graded(pinned) == graded(pinned.at(pinned.commit)) == only_tess
    whys = {config.cost: config.why for config in pinned.best(tvm=TVM, accept="any")}
    assert "no key of the lock file's signers" in whys[3e-3]
    assert graded(signed) == dict.fromkeys(only_tess, "exact")
    # Who trusts others narrows that, and never widens it.
    allow("tess", "ada")
    assert graded(ConfigLibrary.from_lock(lock)) == only_tess
    allow("ada")
    assert graded(ConfigLibrary.from_lock(lock)) == dict.fromkeys(only_tess, "untrusted")


def test_a_lock_asks_for_signed_jobs_where_it_is_told_to(signed: ConfigLibrary, cli: Any, allow: Any, git: Git) -> None:
    lock = signed.path.parent / "tvmgitlib.lock"
    allowed = allow("tess", "ada")
    git(signed.path, "config", "--global", "--unset", "tvmgitlib.allowedSigners")
    assert {"trust", "signers"}.isdisjoint(locked(signed, lock))
    said = cli.json("pin", "--local", "--signed", "--signers", allowed, "-o", lock)
    assert (said["trust"], len(said["signers"]), len(said["jobs"])) == ("signed", 2, 64)
    assert graded(ConfigLibrary.from_lock(lock)) == {2e-3: "exact", 3e-3: "exact", 4e-3: "untrusted"}
    assert cli("pin", "--verify", lock).code == 0


def test_the_library_of_a_lock_may_still_ask_for_more(signed: ConfigLibrary, allow: Any) -> None:
    lock = signed.path.parent / "tvmgitlib.lock"
    signed.configure("policy.trust", "signed")
    allow("tess")
    said = locked(signed, lock)
    assert (said["trust"], len(said["signers"])) == ("signed", 1)
    lock.write_text(json.dumps({**said, "trust": "any", "signers": []}))
    assert set(graded(ConfigLibrary.from_lock(lock)).values()) == {"untrusted"}


def test_jobs_that_are_not_those_of_the_lock_are_refused_and_older_locks_open(signed: ConfigLibrary) -> None:
    lock = signed.path.parent / "tvmgitlib.lock"
    said = locked(signed, lock)
    lock.write_text(json.dumps({**said, "jobs": "0" * 64}))
    with pytest.raises(LibraryError, match=r"field jobs: the files of jobs/ have hash"):
        ConfigLibrary.from_lock(lock)
    lock.write_text(json.dumps({key: value for key, value in said.items() if key != "jobs"}))
    assert ConfigLibrary.from_lock(lock).commit == signed.commit


def test_signers_that_no_lock_can_have_are_refused(signed: ConfigLibrary, tmp_path: Path) -> None:
    file = tmp_path / "signers"
    with pytest.raises(GitError, match=r"--signers names .*, and no such file is there"):
        signed.pin(local=True, signers=file)
    file.write_text("tess@example.com ssh-ed25519 AAAA\n" * 3000)
    with pytest.raises(LibraryError, match=r"the lock would have \d+ KiB, and 64 KiB"):
        signed.pin(local=True, signers=file)
    file.write_text("tess@example.com\x1b[2J ssh-ed25519 AAAA\n")
    with pytest.raises(LibraryError, match="a line of printable characters"):
        signed.pin(local=True, signers=file)
    file.write_bytes(b"tess@ex\xffmple.com ssh-ed25519 AAAA\n")
    with pytest.raises(GitError, match="no UTF-8 text"):
        signed.pin(local=True, signers=file)
