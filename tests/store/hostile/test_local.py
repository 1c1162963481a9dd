"""What a repository brings along, met by commands that stay on this machine. docs/git.md has a row for each test."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

HOOKS = (
    *("applypatch-msg", "commit-msg", "post-checkout", "post-commit", "post-index-change", "pre-auto-gc"),
    *("pre-commit", "prepare-commit-msg", "reference-transaction"),
)
COMMIT = ("commit", "--quiet", "--allow-empty", "-m", "x")


def test_hooks(hostile) -> None:
    for name in HOOKS:
        hostile.program(name, file=hostile.git_dir / "hooks" / name)
    hostile.fires(*COMMIT, marks=("pre-commit", "reference-transaction", "post-index-change"))
    hostile.looks()
    hostile.writes()


def test_hooks_in_the_work_tree(hostile) -> None:
    for name in HOOKS:
        hostile.program(name, file=hostile.path / "tools" / name)
    hostile.config(core__hooksPath="tools")
    hostile.fires(*COMMIT, marks=("pre-commit", "reference-transaction", "post-index-change"))
    hostile.looks()
    hostile.writes()


def test_hooks_in_the_configuration(hostile, git_version) -> None:
    for name in HOOKS:
        hostile.configure(f"hook.a{name}.event", name)
        hostile.configure(f"hook.a{name}.command", hostile.program(name))
    if git_version >= (2, 54):
        hostile.fires(*COMMIT, marks=("pre-commit", "reference-transaction", "post-index-change"))
    hostile.looks()
    hostile.writes()


def test_a_monitor_of_files(hostile) -> None:
    hostile.config(core__fsmonitor=hostile.program("evil"))
    hostile.fires("status")
    hostile.looks()
    hostile.writes()


@pytest.mark.parametrize("key", ["clean", "process"])
@pytest.mark.parametrize("name", ["lfs", "a.clean=b"])
def test_filters(hostile, git, key: str, name: str) -> None:
    """Those of files that are written as they are in a commit, and so need none."""
    file = hostile.path / "tvmgitlib.json"
    os.utime(file, (4e9, 4e9))  # of whatever comes out of the future, Git never believes that it has not changed since
    git(hostile.path, "update-index", "--refresh")
    (hostile.git_dir / "info" / "attributes").write_text(f"* filter={name}\n")
    hostile.configure(f"filter.{name}.{key}", hostile.program("evil"))
    hostile.fires("status")
    hostile.looks(but="check")  # which names the attributes
    hostile.writes(but="check")


@pytest.mark.parametrize("name", ["diff.external", "diff.tvmgitlib.command", "diff.tvmgitlib.textconv"])
def test_differs(hostile, name: str) -> None:
    hostile.configure(name, hostile.program("evil"))
    hostile.fires("diff", "HEAD~1")
    hostile.looks()
    hostile.writes()


def test_drivers_of_merges(hostile, git) -> None:
    git(hostile.path, "checkout", "--quiet", "-b", "side")
    assert hostile.run(*hostile.importing).code == 0
    git(hostile.path, "checkout", "--quiet", "main")
    assert hostile.run("revert", hostile.run.lines("log")[-1]["job"]).code == 0
    hostile.config(merge__tvmgitlib__driver=hostile.program("evil"))
    (hostile.git_dir / "info" / "attributes").write_text("configs/** merge=tvmgitlib\n")
    hostile.fires("merge", "side")
    assert hostile.run("merge", "side").code == 0, hostile.run.err
    assert hostile.run("check").code == 0
    assert hostile.marks() == set()


@pytest.mark.slow
def test_pagers_and_editors(hostile) -> None:
    evil = hostile.program("evil")
    hostile.config(core__pager=evil, pager__log=evil, pager__diff=evil, core__editor=evil, sequence__editor=evil)
    ours, terminal = pty.openpty()
    try:
        hostile.fires("log", stdout=terminal, stderr=terminal, capture_output=False)
        hostile.fires("commit", "--allow-empty")
        for command in ("log", "best", "diff HEAD~1", "check"):
            line = [sys.executable, "-m", "tvmgitlib", "-C", str(hostile.path), *command.split()]
            done = subprocess.run(line, stdin=terminal, stdout=terminal, stderr=terminal, check=False)
            assert done.returncode == 0
            os.read(ours, 1 << 20)
    finally:
        os.close(ours)
        os.close(terminal)
    assert hostile.marks() == set()
    hostile.writes()


def test_replaced_objects(hostile, git) -> None:
    path = next(hostile.path.glob("configs/*/board/autotvm.jsonl")).relative_to(hostile.path)
    honest = git(hostile.path, "rev-parse", f"HEAD:{path}").strip()
    forged = hostile.path.parent / "forged"
    forged.write_bytes((hostile.path / path).read_bytes().replace(b"e-05", b"e-15"))
    fake = git(hostile.path, "hash-object", "-w", str(forged)).strip()
    assert fake != honest
    git(hostile.path, "replace", honest, fake)
    assert git(hostile.path, "show", f"HEAD:{path}") == forged.read_text()
    hostile.looks()
    hostile.writes()


def test_objects_that_are_not_what_their_ids_say(hostile, git, cli) -> None:
    path = next(hostile.path.glob("configs/*/board/autotvm.jsonl")).relative_to(hostile.path)
    honest = git(hostile.path, "rev-parse", f"HEAD:{path}").strip()
    objects = hostile.git_dir / "objects"
    for pack in list((objects / "pack").glob("*.pack")):
        content = pack.read_bytes()
        for file in pack.parent.glob(f"{pack.stem}.*"):
            file.unlink()
        subprocess.run(["git", "-C", hostile.path, "unpack-objects", "-q"], input=content, check=True)
    forged = (hostile.path / path).read_bytes().replace(b"e-05", b"e-15")
    lie = objects / honest[:2] / honest[2:]
    lie.unlink()
    lie.write_bytes(zlib.compress(b"blob %d\0%b" % (len(forged), forged)))
    assert git(hostile.path, "show", f"HEAD:{path}") == forged.decode()
    for command in ("best", "check"):
        assert cli("-C", hostile.path, command).code == 4, cli.out
        assert "the library is damaged: an object is another one than its id says" in cli.err
        assert "e-15" not in cli.out


def test_grafted_commits(hostile, git) -> None:
    (hostile.git_dir / "info" / "grafts").write_text(git(hostile.path, "rev-parse", "HEAD"))
    assert git(hostile.path, "rev-list", "--count", "HEAD").strip() == "1"
    hostile.looks()
    hostile.writes()


@pytest.mark.parametrize("url", ["PATH", "ssh://host/library.git", "ext::EVIL"])
def test_objects_that_are_fetched_when_they_are_read(hostile, git, url: str) -> None:
    evil = hostile.program("evil", "exit 1")
    hostile.config(
        extensions__partialClone="origin",
        core__repositoryFormatVersion="1",
        core__sshCommand=evil,
        protocol__ext__allow="always",
        remote__origin__promisor="true",
        remote__origin__uploadpack=evil,
        remote__origin__url=url.replace("PATH", str(hostile.path)).replace("EVIL", evil),
    )
    path = next(hostile.path.glob("configs/*/board/autotvm.jsonl")).relative_to(hostile.path)
    blob = git(hostile.path, "rev-parse", f"HEAD:{path}").strip()
    unpack(hostile.git_dir)
    (hostile.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    hostile.fires("show", f"HEAD:{path}")
    for command in (("best",), ("diff", "HEAD~1"), ("blame",), ("export", "--format", "autotvm", "-o", "x")):
        hostile.refused(*command, naming="missing")
    for command in (("log",), ("trials",), ("config",), ("job", "list")):
        assert hostile.run(*command).code == 0, hostile.run.err
    assert hostile.run("check", "--full").code == 4
    hostile.run("rebuild")
    hostile.run(*hostile.importing)
    assert hostile.marks() == set()


def unpack(git_dir: Path) -> None:
    """Make each object of a repository a file of its own."""
    for pack in list((git_dir / "objects" / "pack").glob("*.pack")):
        content = pack.read_bytes()
        pack.unlink()
        pack.with_suffix(".idx").unlink()
        subprocess.run(["git", "-C", git_dir, "unpack-objects", "-q"], input=content, check=True)


@pytest.mark.parametrize("where", ["bare = true", "bare = false\n\tworktree = .."], ids=["bare", "with a work tree"])
def test_a_repository_among_the_files(hostile, git, where: str) -> None:
    inner = hostile.path / "vendor"
    git(hostile.path, "clone", "--quiet", "--bare", ".", "vendor")
    assert type(hostile.run)(inner)("revert", hostile.run.lines("log")[0]["job"]).code == 0
    evil = hostile.program("evil")
    (inner / "config").write_text(f"[core]\n\trepositoryFormatVersion = 0\n\tfsmonitor = {evil}\n\t{where}\n")
    hostile.program("reference-transaction", file=inner / "hooks" / "reference-transaction")
    (inner / "refs" / "heads" / "kept").write_text(git(inner, "rev-parse", "main"))
    git(hostile.path, "add", "--force", "vendor")
    git(hostile.path, "commit", "--quiet", "-m", "A library of ours")
    if "true" in where:
        hostile.fires("update-ref", "refs/heads/x", "main", below="vendor", marks=("reference-transaction",))
    else:
        hostile.fires("status", below="vendor")
    inside = type(hostile.run)(inner)
    for command in ("best", "trials", "check"):
        assert inside("--json", command).out == hostile.run("--json", command).out, inside.err
    assert inside("config", "keep", "2").code == 0
    assert hostile.run.json("config")["keep"] == 2
    assert hostile.marks() == set()


def test_a_work_tree_elsewhere(hostile, git, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    hostile.config(core__worktree=str(victim))
    assert git(hostile.path, "rev-parse", "--show-toplevel").strip() == str(victim)
    for command in (("best",), ("check",), hostile.importing, ("rebuild",)):
        hostile.refused(*command, naming="core.worktree")
    assert list(victim.iterdir()) == []


def test_no_work_tree(hostile) -> None:
    hostile.config(core__bare="true")
    for command in (("best",), ("check",), hostile.importing, ("rebuild",)):
        hostile.refused(*command, naming="core.bare")


def test_configurations_that_are_included(hostile) -> None:
    hostile.program("reference-transaction", file=hostile.path / "tools" / "reference-transaction")
    (hostile.path / "tools" / "config").write_text(
        f"[core]\n\thooksPath = tools\n\tfsmonitor = {hostile.program('evil')}\n[commit]\n\tgpgSign = true\n"
        f"[gpg]\n\tprogram = {hostile.program('gpg')}\n"
    )
    hostile.configure("includeIf.onbranch:main.path", "../tools/config")
    hostile.fires(*COMMIT, marks=("evil", "gpg"))
    hostile.looks()
    hostile.refused(*hostile.importing, naming="gpg.program")


def test_programs_that_a_collection_asks(hostile, git_version) -> None:
    hostile.configure("gc.recentObjectsHook", hostile.program("evil"))
    hostile.config(gc__cruftPacks="true")
    if git_version >= (2, 42):
        hostile.fires("gc", "--prune=2.weeks.ago")
    hostile.refused("gc", naming="gc.recentobjectshook")


SIGNING = {
    "gpg.program": "openpgp",
    "gpg.openpgp.program": "openpgp",
    "gpg.x509.program": "x509",
    "gpg.ssh.program": "ssh",
    "gpg.ssh.defaultKeyCommand": "ssh",
}
SIGNS = "cat >/dev/null; printf '\\n[GNUPG:] SIG_CREATED \\n' >&2; echo 'a signature'"


@pytest.mark.parametrize(("name", "form"), SIGNING.items())
def test_signing_programs(hostile, git_version, name: str, form: str) -> None:
    known = form != "ssh" or git_version >= (2, 34)
    hostile.configure(name, hostile.program("evil", SIGNS))
    hostile.config(commit__gpgSign="true", gpg__format=form if known else "openpgp")
    if not name.endswith("defaultKeyCommand"):
        hostile.config(user__signingKey="key::ssh-ed25519 AAAA" if form == "ssh" else "me")
    if known:
        hostile.fires(*COMMIT)
    hostile.looks()
    hostile.refused(*hostile.importing, naming=name)


def test_signatures_that_are_shown(hostile, git) -> None:
    hostile.config(gpg__program=hostile.program("evil", SIGNS), log__showSignature="true")
    git(hostile.path, "commit", "--quiet", "--amend", "--no-edit", "-S")
    hostile.fires("log")
    for command in (("best",), ("log",), ("diff", "HEAD~1"), ("blame",), ("check",)):
        assert hostile.run(*command).code == 0, hostile.run.err
    hostile.writes()


def test_a_signing_program_of_the_users_own(hostile, own) -> None:
    own("gpg.program", hostile.program("gpg", SIGNS))
    hostile.config(commit__gpgSign="true")
    assert hostile.run(*hostile.importing).code == 0, hostile.run.err
    assert hostile.marks() == {"gpg"}
