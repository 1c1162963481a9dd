"""Whose jobs are believed: real keys, and what an attacker with the right to push would try."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.folding import remember_fold
from tvmgitlib.model import GitError, SelectionError, segment_path

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Sign = Callable[[Path, str], str]

TVM = "apache-tvm==0.16.0"


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
    (fastest,) = library.best()
    assert (fastest.job, fastest.grade, fastest.why.partition(":")[0]) == (forged, None, "untrusted")
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


def test_a_record_that_only_names_a_signed_job(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, allow: Any, trust: None
) -> None:
    sign(library.path, "tess")
    allow("tess")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    (configs,) = library.path.glob("configs/*/*/autotvm.jsonl")
    configs.write_bytes(configs.read_bytes().replace(b"[0.002]", b"[0.0001]"))
    git(library.path, "commit", "-q", "-am", "By hand")
    with library._view.reading() as contents:
        remember_fold(contents)  # somebody took it for right
    assert graded(ConfigLibrary(library.path)) == [(2e-3, "exact")]
    git(library.path, "config", "--global", "tvmgitlib.trust", "any")
    assert graded(ConfigLibrary(library.path)) == [(1e-4, "exact")]


@pytest.mark.parametrize(
    ("signed", "others", "cost"),
    [
        ([1e-3], [1.0] * 9, 1e-3),  # others that are slow make nobody look too fast
        ([1e-9, *[3e-3] * 8], [1e-9], 3e-3),  # nor does a second measurement by them bear one out
        ([1e-9, *[3e-3] * 8], [9e-9, 1e-8], 3e-3),  # nor one that is close behind
    ],
)
def test_what_nobody_signed_says_nothing_of_what_is(
    library: ConfigLibrary,
    make_log: MakeLog,
    git: Git,
    sign: Sign,
    allow: Any,
    trust: None,
    signed: list[float],
    others: list[float],
    cost: float,
) -> None:
    sign(library.path, "tess")
    allow("tess")
    library.import_logs(make_log("dense", signed), platform="box", tvm=TVM)
    configs = [1] if len(others) == 1 else list(range(11, 11 + len(others)))
    unsigned(library, git, make_log("dense", others, configs))
    assert graded(library) == [(cost, "exact")]


def test_what_nobody_signed_says_not_that_untuned_is_faster(
    library: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign, allow: Any, trust: None
) -> None:
    sign(library.path, "tess")
    allow("tess")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    place = library.best()[0].place
    git(library.path, "config", "tvmgitlib.sign", "none")
    job = library.begin_job(platform="box", tvm=TVM)
    job.log.write_bytes(make_log("dense", [3e-3], [2]).read_bytes())
    job.note_baseline(place.task, 1e-9)
    library.finish_job(job.id)

    def baselines() -> list[float | None]:
        return [config.baseline for config in ConfigLibrary(library.path).best(tvm=TVM)]

    assert baselines() == [None]
    git(library.path, "config", "--global", "tvmgitlib.trust", "any")
    assert baselines() == [1e-9]


def test_a_word_that_says_nothing_of_trust_is_refused(library: ConfigLibrary, git: Git, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    git(library.path, "config", "tvmgitlib.trust", "Signed")
    with pytest.raises(GitError, match=r"tvmgitlib\.trust is any or signed"):
        library.best(tvm=TVM)


def delegate(library: ConfigLibrary, git: Git, by: str, version: int, *names: str, put: bool = True) -> None:
    """Commit a list of signers, signed by somebody."""
    folder = library.path.parent
    keys = {name: (folder / f"key-{name}.pub").read_text() for name in names}
    lines = [f"# version {version}\n", *(f"{name}@example.com {key}" for name, key in keys.items())]
    (library.path / "tvmgitlib.signers").write_text("".join(lines))
    if put:
        (library.path / "tvmgitlib.signers.sig").unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "tvmgitlib-signers@v1", "-f", folder / f"key-{by}"]
        subprocess.run([*command, library.path / "tvmgitlib.signers"], capture_output=True, check=True)
    by_hand(library, git)


@pytest.fixture
def of_ada(
    library: ConfigLibrary, make_log: MakeLog, sign: Sign, make_key: Callable[[str], Path], allow: Any, trust: None
) -> ConfigLibrary:
    """A library with a job of Ada's, whose user allows Tess."""
    make_key("tess")
    allow("tess")
    sign(library.path, "ada")
    library.import_logs(make_log("dense", [2e-3]), platform="box", tvm=TVM)
    return library


def test_whom_a_signer_names_is_trusted_too_and_names_nobody(
    of_ada: ConfigLibrary, make_log: MakeLog, git: Git, sign: Sign
) -> None:
    assert graded(of_ada) == [(2e-3, "untrusted")]
    delegate(of_ada, git, "tess", 1, "ada")
    assert graded(of_ada) == [(2e-3, "exact")]
    assert [signer.who for config in of_ada.best() for signer in config.signers] == ["ada@example.com"]
    sign(of_ada.path, "mallory")
    of_ada.import_logs(make_log("conv", [1e-3]), platform="box", tvm=TVM)
    delegate(of_ada, git, "ada", 2, "ada", "mallory")
    assert sorted(graded(of_ada)) == [(1e-3, "untrusted"), (2e-3, "exact")]


@pytest.mark.parametrize("by", ["ada", "nobody"])
def test_a_list_of_signers_that_is_forged(of_ada: ConfigLibrary, git: Git, by: str) -> None:
    if by == "nobody":
        delegate(of_ada, git, "tess", 1)
    delegate(of_ada, git, by, 2, "ada", put=by != "nobody")
    assert graded(of_ada) == [(2e-3, "untrusted")]


def test_a_list_of_signers_never_goes_back(of_ada: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    delegate(of_ada, git, "tess", 1, "ada")
    assert graded(of_ada) == [(2e-3, "exact")]
    delegate(of_ada, git, "tess", 2, "tess")
    assert graded(of_ada) == [(2e-3, "untrusted")]
    delegate(of_ada, git, "tess", 1, "ada")  # the old one is signed as well as ever
    assert graded(of_ada) == [(2e-3, "untrusted")]
    delegate(of_ada, git, "tess", 2, "ada")
    assert graded(of_ada) == [(2e-3, "untrusted")]
    git(of_ada.path, "rm", "-q", "tvmgitlib.signers", "tvmgitlib.signers.sig")
    by_hand(of_ada, git)
    assert graded(of_ada) == [(2e-3, "untrusted")]
    delegate(of_ada, git, "tess", 3, "ada")
    assert graded(of_ada) == [(2e-3, "exact")]


@pytest.mark.parametrize("where", ["--global", "--local", "environment", "nowhere"])
def test_a_command_asks_for_signatures_whoever_says_so(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tvmgitlib: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    library.import_logs(make_log("dense", [1e-3], [1]), platform="box", tvm=TVM)
    if where == "environment":
        for name, value in {"COUNT": "1", "KEY_0": "tvmgitlib.trust", "VALUE_0": "signed"}.items():
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    elif where != "nowhere":
        git(library.path, "config", where, "tvmgitlib.trust", "signed")
        git(library.path, "config", "--global" if where == "--local" else "--local", "tvmgitlib.trust", "any")
    found = tvmgitlib("-C", library.path, "best", "--tvm", TVM)
    assert (found.returncode, "1 untrusted" in found.stderr) == ((0, False) if where == "nowhere" else (1, True))


def test_a_session_asks_as_it_is_configured_at_each_question(
    library: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    library.import_logs(make_log("dense", [1e-3], [1]), platform="box", tvm=TVM)
    assert graded(library) == [(1e-3, "exact")]
    git(library.path, "config", "--global", "tvmgitlib.trust", "signed")
    assert graded(library) == [(1e-3, "untrusted")]
    git(library.path, "config", "--global", "tvmgitlib.trust", "any")
    assert graded(library) == [(1e-3, "exact")]
