"""Running Git's plumbing."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from io import RawIOBase
from pathlib import Path
from threading import Thread

from tvmgitlib.model import GitError
from tvmgitlib.store.git.hardening import environment, options
from tvmgitlib.store.git.patience import communicate, patiently
from tvmgitlib.store.git.scratch import making_temporary_files
from tvmgitlib.store.git.urls import without_credentials

#: For what a commit consists of: it is only acknowledged once that is on the disk.
DURABLE = ("-c", "core.fsync=committed,loose-object,pack-metadata,reference")

#: For what may read all of a repository: Git maps packs into its memory, all of them where nothing is said.
SPARING = ("-c", "core.packedGitWindowSize=8m", "-c", "core.packedGitLimit=64m")

#: A context for the time in which whoever started Git waits for it.
Waiting = Callable[[subprocess.Popen[bytes]], AbstractContextManager[object]]

#: How long a Git may take that has next to nothing to do, however busy the machine is.
_AT_ONCE_SECONDS = 5.0

#: How long a Git that is told to end may take.
_PARTING_SECONDS = 5.0


class Git:
    """Git in one place.

    Args:
        folder: where its commands run.
        bare: whether the folder is a Git directory: such a one has to be named, because Git takes none that it comes
            across.
        env: variables for all of its commands.
    """

    def __init__(self, folder: Path, *, bare: bool = False, env: Mapping[str, str] | None = None) -> None:
        self._env = dict(env or {})
        self.folder = folder
        self._where = ["-C", str(folder), *(["--git-dir=."] if bare else [])]

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line."""
        return ["git", *self._where, *options(), *arguments]

    def try_run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        keep: Sequence[int] = (),
        hearing: Callable[[bytes], bool] | None = None,
        within: float | None = None,
        waiting: Waiting = nullcontext,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run Git and return what came of it, whatever its exit status.

        Args:
            arguments: its arguments.
            stdin: its standard input.
            env: variables to add to the environment.
            keep: open files that it inherits.
            hearing: is given every line of its standard error as it comes, without its end, in another thread; what
                it says yes to is no part of the result.
            within: how long it may take, in seconds, where nothing hears it; None for as long as it takes.
            waiting: a context to wait for it in, where nothing hears it.

        Raises:
            ConnectionError: it took longer, and was ended.
            GitError: Git cannot be started.
        """
        if hearing is not None:
            return self._run_heard(hearing, arguments, stdin, env)
        with self._popen(arguments, subprocess.PIPE, subprocess.PIPE, keep, env) as process:
            try:
                with waiting(process), ended_gently(process):
                    said, complaint = communicate(process, stdin, within, self._look)
            except subprocess.TimeoutExpired:
                raise ConnectionError(f"no answer for {within:.0f} seconds") from None
            return subprocess.CompletedProcess(process.args, process.returncode, said, complaint)

    def _run_heard(
        self, hearing: Callable[[bytes], bool], arguments: Sequence[str], stdin: bytes, env: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[bytes]:
        read, write = os.pipe()
        with os.fdopen(read, "rb", buffering=0) as stream:
            try:
                process = self._popen(arguments, subprocess.PIPE, write, env=env)
            finally:
                os.close(write)
            left: list[bytes] = []
            listener = Thread(target=lambda: left.extend(line for line in _lines(stream) if not hearing(line)))
            with process:
                listener.start()
                with ended_gently(process):
                    said, _ = communicate(process, stdin, None, self._look)
            listener.join()
        complaint = b"".join(line + b"\n" for line in left)
        return subprocess.CompletedProcess(process.args, process.returncode, said, complaint)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        most: int | None = None,
        waiting: Waiting = nullcontext,
    ) -> bytes:
        """Run Git and return its standard output.

        Args:
            arguments, stdin, env, waiting: as for `try_run`.
            most: how much it may say, in bytes; None for anything.

        Raises:
            GitError: with Git's own words, when it fails; or it says more.
        """
        if most is not None:
            return self._run_within(most, arguments, stdin, waiting)
        done = self.try_run(*arguments, stdin=stdin, env=env, waiting=waiting)
        if done.returncode != 0:
            raise failure(arguments, done.stderr, done.returncode)
        return done.stdout

    def _run_within(self, most: int, arguments: Sequence[str], stdin: bytes, waiting: Waiting) -> bytes:
        from tempfile import TemporaryFile

        with ExitStack() as stack:
            with making_temporary_files("git"):
                given, complaint = (stack.enter_context(TemporaryFile()) for _ in range(2))
                given.write(stdin)
                given.seek(0)
            process = self._popen(arguments, given.fileno(), complaint.fileno())
            with process, ended_gently(process), waiting(process):
                patiently(process, self._look)
                assert process.stdout is not None  # it is a pipe
                said = process.stdout.read(most + 1)
                if len(said) > most:
                    process.kill()
                    raise GitError(f"git {arguments[0]} says more than {most // 2**20} MiB, so it is not read")
            if process.returncode != 0:
                complaint.seek(0)
                raise failure(arguments, complaint.read(), process.returncode)
        return said

    def start(
        self,
        *arguments: str,
        stderr: int = subprocess.PIPE,
        keep: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start Git, with pipes to its standard input and from its standard output.

        Raises:
            GitError: Git cannot be started.
        """
        process = self._popen(arguments, subprocess.PIPE, stderr, keep, env)
        patiently(process, self._look)
        return process

    def _look(self) -> None:
        """Look at why a Git of ours is silent."""
        from tvmgitlib.store.git.obstacles import require_answers, require_ends

        require_answers(self.folder)
        require_ends(self._named_files())

    def _named_files(self) -> Iterator[Path]:
        """The files that Git's configuration has it read.

        Raises:
            GitError: Git does not come to the end of it.
        """
        asked = ("config", "--null", "--type=path", "--get-regexp", r"^core\.(attributes|excludes)file$")
        command, env = self.command(asked), environment(self._env)
        try:  # without looking, which is what this is for
            said = subprocess.run(command, env=env, capture_output=True, check=False, timeout=_AT_ONCE_SECONDS).stdout
        except subprocess.TimeoutExpired:
            raise GitError("Git does not come to the end of its configuration: it includes a pipe, say") from None
        for entry in said.split(b"\0"):
            if name := os.fsdecode(entry.partition(b"\n")[2]):
                yield self.folder / name

    def _popen(
        self,
        arguments: Sequence[str],
        stdin: int,
        stderr: int,
        keep: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self.command(arguments),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment({**self._env, **(env or {})}),
                pass_fds=keep,
            )
        except FileNotFoundError:
            raise _not_installed() from None


def _lines(stream: RawIOBase) -> Iterator[bytes]:
    """The lines of what Git says, as they come: one that is written over ends where the next begins."""
    begun = b""
    while chunk := stream.read(1 << 16):
        *whole, begun = re.split(rb"[\r\n]", begun + chunk)
        yield from whole
    if begun:
        yield begun


@contextmanager
def ended_gently(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process whatever interrupts us, with time for Git to take away its locks and what it has half written."""
    try:
        yield
    except BaseException:
        process.terminate()
        try:
            process.wait(_PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # there was something in the buffer
                process.stdin.close()
        raise


def failure(arguments: Sequence[str], stderr: bytes, status: int) -> GitError:
    """The error for a Git command that failed."""
    name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
    ended = f"it was killed by signal {-status}" if status < 0 else "it gave no reason"
    said = without_credentials(stderr.decode(errors="replace").strip()) or ended
    return GitError(f"git {name} failed: {said}")


def _not_installed() -> GitError:
    return GitError("git is not installed", hint="Install Git 2.30 or newer.")
