"""What a repository brings along, met by commands that talk to a remote. docs/git.md has a row for each test."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

#: An ssh that goes nowhere: it runs the command that the other side would.
SSH = 'for last; do :; done; eval "$last"'


@pytest.fixture
def remote(hostile, git, tmp_path: Path) -> Path:
    """A bare repository, `origin` of the library, which is a job ahead of it."""
    git(tmp_path, "clone", "--quiet", "--bare", str(hostile.path), "remote.git")
    hostile.configure("remote.origin.url", str(tmp_path / "remote.git"))
    hostile.configure("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    assert hostile.run(*hostile.importing).code == 0
    return tmp_path / "remote.git"


class Door(BaseHTTPRequestHandler):
    """A server that leaves a cookie, and where it is not open, wants to know who is there."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/open/") else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="kernels"')
        self.send_header("Set-Cookie", "a=b; Max-Age=9999")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[str]:
    """The URL of a server that lets nobody in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/library.git"
    server.shutdown()
    thread.join()
    server.server_close()


def synced(hostile, remote: Path, git) -> None:
    """Make sure that an exchange goes through."""
    assert hostile.run("sync").code == 0, hostile.run.err
    assert git(remote, "rev-parse", "main") == git(hostile.path, "rev-parse", "main")


# What a repository may not say


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("core.sshCommand", "ssh://host/library.git"),
        ("core.gitProxy", "git://host/library.git"),
        ("remote.origin.uploadPack", "PATH"),
    ],
)
def test_programs_on_the_way_to_a_remote(hostile, remote: Path, name: str, url: str) -> None:
    hostile.configure(name, hostile.program("evil", "exit 1"))
    hostile.configure("remote.origin.url", url.replace("PATH", str(remote)))
    hostile.fires("fetch")
    hostile.refused("sync", naming=name)
    hostile.refused("pin", "-o", hostile.path.parent / "lock", naming=name)


def test_programs_on_the_remotes_side(hostile, remote: Path) -> None:
    hostile.configure("remote.origin.receivePack", hostile.program("evil", "exit 1"))
    hostile.fires("push", "origin", "main")
    hostile.refused("sync", naming="remote.origin.receivepack")


@pytest.mark.parametrize("name", ["core.askPass", "credential.helper", "credential.http://127.0.0.1.helper"])
def test_programs_that_are_asked_for_passwords(hostile, remote: Path, door: str, name: str) -> None:
    name = name.replace("127.0.0.1", door.split("/")[2])
    hostile.configure(name, hostile.program("evil", "exit 1"))
    hostile.configure("remote.origin.url", door)
    hostile.fires("fetch")
    hostile.refused("sync", naming=name)


@pytest.mark.parametrize("section", ["http", "http.http://127.0.0.1"])
def test_files_for_cookies(hostile, remote: Path, door: str, section: str, tmp_path: Path) -> None:
    section = section.replace("127.0.0.1", door.split("/")[2])
    victim = tmp_path / "victim"
    hostile.configure(f"{section}.cookieFile", str(victim))
    hostile.configure(f"{section}.saveCookies", "true")
    hostile.configure("remote.origin.url", door.replace("/library", "/open/library"))
    hostile.fires("fetch", marks=())
    assert "127.0.0.1" in victim.read_text()
    victim.unlink()
    hostile.refused("sync", naming=f"{section}.cookieFile")
    assert not victim.exists()


def test_signed_pushes(hostile, remote: Path, git) -> None:
    git(remote, "config", "receive.certNonceSeed", "a seed")
    hostile.config(push__gpgSign="true", gpg__program=hostile.program("evil", "exit 1"))
    hostile.fires("push", "origin", "main")
    hostile.refused("sync", naming="gpg.program")


@pytest.mark.parametrize("way", ["url", "insteadOf", "vcs"])
def test_transports_that_run_commands(hostile, remote: Path, monkeypatch, way: str) -> None:
    program = Path(hostile.program("evil", "exit 1"))
    program.rename(program.with_name("git-remote-evil"))
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    if way == "url":
        hostile.configure("remote.origin.url", "evil::library")
    elif way == "insteadOf":
        hostile.configure("remote.origin.url", "https://host/library")
        hostile.configure("url.evil::.insteadOf", "https://host/")
    else:
        hostile.configure("remote.origin.vcs", "evil")
    hostile.configure("protocol.allow", "always")
    hostile.fires("fetch")
    hostile.refused("sync")


# What it may say, and what is passed over


def test_a_remote_that_looks_like_an_option(hostile, remote: Path, git) -> None:
    evil = hostile.program("evil", "exit 1")
    hostile.configure(f"remote.--upload-pack={evil}.url", str(remote))
    hostile.configure("branch.main.remote", f"--upload-pack={evil}")
    hostile.fires("fetch", f"--upload-pack={evil}", str(remote))
    synced(hostile, remote, git)
    assert hostile.marks() == set()


def test_hooks_of_an_exchange(hostile, remote: Path, git) -> None:
    for name in ("pre-push", "reference-transaction", "post-index-change", "pre-auto-gc"):
        hostile.program(name, file=hostile.git_dir / "hooks" / name)
    hostile.fires("push", "origin", "main:other", marks=("pre-push", "reference-transaction"))
    synced(hostile, remote, git)
    assert hostile.marks() == set()


def test_hooks_of_a_new_clone(hostile, own, tmp_path: Path) -> None:
    for name in ("post-checkout", "reference-transaction"):
        hostile.program(name, file=tmp_path / "template" / "hooks" / name)
    own("init.templateDir", str(tmp_path / "template"))
    hostile.fires("clone", str(hostile.path), str(tmp_path / "plain"), marks=("post-checkout",))
    assert hostile.run("clone", hostile.path, tmp_path / "clone").code == 0
    assert hostile.marks() == set()
    assert (tmp_path / "clone" / ".git" / "hooks" / "post-checkout").exists()


def test_a_program_that_lists_what_is_borrowed(hostile, remote: Path, git) -> None:
    (hostile.git_dir / "objects" / "info" / "alternates").write_text(f"{remote}/objects\n")
    hostile.config(core__alternateRefsCommand=hostile.program("evil"))
    git(remote, "branch", "-f", "other", git(remote, "commit-tree", "-m", "x", "main^{tree}").strip())
    hostile.fires("fetch")
    synced(hostile, remote, git)
    assert hostile.marks() == set()


def test_submodules_of_another_making(hostile, remote: Path, git, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "inner")
    git(tmp_path / "inner", "commit", "--quiet", "--allow-empty", "-m", "x")
    git(hostile.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "inner"))
    git(hostile.path, "commit", "--quiet", "-m", "A submodule")
    evil = hostile.program("evil", "exit 1")
    git(hostile.path / "inner", "config", "remote.origin.uploadpack", evil)
    hostile.config(
        fetch__recurseSubmodules="true",
        submodule__recurse="true",
        submodule__inner__update=f"!{evil}",
        push__recurseSubmodules="on-demand",
    )
    hostile.fires("fetch")
    synced(hostile, remote, git)
    assert hostile.marks() == set()


# What a user may say


@pytest.mark.parametrize("way", ["configuration", "environment"])
def test_an_ssh_of_the_users_own(hostile, remote: Path, git, own, monkeypatch, way: str) -> None:
    ssh = hostile.program("ssh", SSH)
    if way == "configuration":
        own("core.sshCommand", ssh)
    else:
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh)
    hostile.configure("remote.origin.url", f"ssh://host{remote}")
    synced(hostile, remote, git)
    assert hostile.marks() == {"ssh"}


def test_a_helper_of_the_users_own(hostile, remote: Path, door: str, own) -> None:
    own("credential.helper", hostile.program("helper", "exit 1"))
    hostile.configure("remote.origin.url", door)
    assert hostile.run("sync").code == 4
    assert hostile.marks() == {"helper"}


def test_no_helper_at_all(hostile, remote: Path, git, own) -> None:
    own("credential.helper", hostile.program("helper", "exit 1"))
    hostile.configure("credential.helper", "")
    synced(hostile, remote, git)


def test_a_repository_whose_configuration_the_user_wrote(hostile, remote: Path, git) -> None:
    hostile.config(core__sshCommand=hostile.program("ssh", SSH), remote__origin__url=f"ssh://host{remote}")
    assert hostile.run("sync").code == 4
    _, _, command = hostile.run.err.strip().rpartition("make it yours: ")
    subprocess.run(shlex.split(command), check=True)
    synced(hostile, remote, git)
    assert hostile.marks() == {"ssh"}
