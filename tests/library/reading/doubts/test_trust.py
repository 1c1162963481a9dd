"""Whose jobs are believed: real keys, and what an attacker with the right to push would try."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import GitError, SelectionError
from tvmgitlib.model import segment_path

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Sign = Callable[[Path, str], str]

TVM = "apache-tvm==0.16.0"


@pytest.fixture
def allow(git: Git, tmp_path: Path) -> Callable[..., Path]:
    """Allow keys that were made to sign: `allow("tess")` returns the file, which the user's configuration names."""

    def write(*names: str, option: str = "") -> Path:
        file = tmp_path / "allowed"
        keys = {name: (tmp_path / f"key-{name}.pub").read_text() for name in names}
        file.write_text("".join(f"{name}@example.com {option}{key}" for name, key in keys.items()))
        git(tmp_path, "config", "--global", "tvmgitlib.allowedSigners", str(file))
        return file

    return write


@pytest.fixture
def trust(git: Git, tmp_path: Path) -> None:
    """Trust only what is signed, by the user's configuration."""
    git(tmp_path, "config", "--global", "tvmgitlib.trust", "signed")


def graded(library: ConfigLibrary) -> list[tuple[float, str | None]]:
    return [(config.cost, config.grade) for config in library.best(tvm=TVM, accept="any")]


def unsigned(library: ConfigLibrary, git: Git, log: Path) -> str:
    """A job that nobody signs."""
    git(library.path, "config", "tvmgitlib.sign", "none")
    job = library.import_logs(log, platform="box", tvm=TVM).job
    git(library.path, "config", "tvmgitlib.sign", "ssh-key")
    assert job is not None
    return job


def by_hand(library: ConfigLibrary, git: Git) -> None:
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", "By hand")
    library.rebuild()


def test_a_job_that_nobody_signed_is_not_exact_and_hides_nobodys_that_is(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, allow: Any, trust: None, tmp_path: Path
) -> None:
    sign(library.path, "tess")
    allow("tess")
    library.import_logs(make_log("dense", [2e-3], [1]), platform="box", tvm=TVM)
    forged = unsigned(library, git, make_log("dense", [1e-3], [2]))
    (config,) = library.best(tvm=TVM)
    assert (config.cost, config.grade, [signer.who for signer in config.signers]) == (
        2e-3,
        "exact",
        ["tess@example.com"],
    )
    assert forged[:8] in config.why
    assert "untrusted" in config.why
    assert library.export("autotvm", tmp_path / "best.log").records == 1
    assert "[0.002]" in (tmp_path / "best.log").read_text()
    git(tmp_path, "config", "--global", "tvmgitlib.trust", "any")
    assert graded(library) == [(1e-3, "exact")]


def test_where_only_others_measured_there_is_nothing_exact(
    library: ConfigLibrary,
    make_log: MakeLog,
    git: Git,
    sign: Sign,
    make_key: Callable[[str], Path],
    allow: Any,
    trust: None,
    tmp_path: Path,
) -> None:
    sign(library.path, "mallory")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    unsigned(library, git, make_log("conv", [1e-3]))
    nobody = [config.why for config in library.best(tvm=TVM, accept="any")]
    assert "is not signed" in nobody[0]
    assert "tvmgitlib.allowedSigners" in nobody[1]
    make_key("tess")
    allow("tess")
    assert graded(library) == [(1e-3, "untrusted"), (2e-3, "untrusted")]
    assert library.best(tvm=TVM, accept="stale") == []
    with pytest.raises(SelectionError):
        library.export("autotvm", tmp_path / "best.log")
    assert library.trials(tvm=TVM) == []


@pytest.mark.parametrize("attack", ["another segment", "edited", "another purpose"])
def test_a_signature_of_something_else(
    library: ConfigLibrary,
    make_log: MakeLog,
    git: Git,
    sign: Sign,
    allow: Any,
    trust: None,
    tmp_path: Path,
    attack: str,
) -> None:
    sign(library.path, "tess")
    allow("tess")
    signed = library.import_logs(make_log("conv", [2e-3]), platform="box", tvm=TVM).job
    assert signed is not None
    own = library.path / segment_path(signed)
    (signature,) = own.parent.glob(f"{signed}.*.sig")
    if attack == "another segment":
        forged = library.path / segment_path(unsigned(library, git, make_log("dense", [1e-3])))
        signature.rename(forged.parent / signature.name.replace(signed, forged.stem))
    elif attack == "edited":
        own.write_bytes(own.read_bytes().replace(b"0.002", b"0.001"))
    else:
        command = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", tmp_path / "key-tess"]
        with own.open("rb") as segment:
            signature.write_bytes(subprocess.run(command, stdin=segment, capture_output=True, check=True).stdout)
    by_hand(library, git)
    assert {grade for _, grade in graded(library)} == {"untrusted"}


def test_a_library_can_only_ask_for_more(
    library: ConfigLibrary, make_log: MakeLog, git: Git, trust: None, tmp_path: Path
) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    git(library.path, "config", "tvmgitlib.trust", "any")
    library.configure("policy.trust", "any")
    assert graded(library) == [(2e-3, "untrusted")]
    git(tmp_path, "config", "--global", "--unset", "tvmgitlib.trust")
    assert graded(library) == [(2e-3, "exact")]
    library.configure("policy.trust", "signed")
    assert graded(library) == [(2e-3, "untrusted")]
    library.configure("policy.trust", "any")
    git(library.path, "config", "tvmgitlib.trust", "signed")
    assert graded(library) == [(2e-3, "untrusted")]


def test_a_repository_does_not_say_who_is_allowed(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, allow: Any, trust: None, tmp_path: Path
) -> None:
    sign(library.path, "mallory")
    file = allow("mallory")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    assert graded(library) == [(2e-3, "exact")]
    git(tmp_path, "config", "--global", "--unset", "tvmgitlib.allowedSigners")
    git(library.path, "config", "tvmgitlib.allowedSigners", str(file))
    assert graded(library) == [(2e-3, "untrusted")]
    git(tmp_path, "config", "--global", "tvmgitlib.allowedSigners", "allowed")  # whose, depends on where one stands
    assert graded(library) == [(2e-3, "untrusted")]


@pytest.mark.parametrize(
    ("option", "grade"), [('namespaces="tvmgitlib-job@v1" ', "exact"), ('namespaces="git" ', "untrusted")]
)
def test_what_a_key_is_allowed_for(
    library: ConfigLibrary, make_log: MakeLog, sign: Sign, allow: Any, trust: None, option: str, grade: str
) -> None:
    sign(library.path, "tess")
    allow("tess", option=option)
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    assert graded(library) == [(2e-3, grade)]


def test_a_word_that_says_nothing_of_trust_is_refused(library: ConfigLibrary, git: Git, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    git(library.path, "config", "tvmgitlib.trust", "Signed")
    with pytest.raises(GitError, match=r"tvmgitlib\.trust is any or signed"):
        library.best(tvm=TVM)
