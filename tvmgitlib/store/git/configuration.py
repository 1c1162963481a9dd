"""What Git is configured to do, who commits included: asked for once, by one `git var -l`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tvmgitlib.model import GitError
from tvmgitlib.store.git.process import Git

_IDENTITY = r"(?P<who>.* <.*>) \d+ [+-]\d{4}"

_FALSE = {"false", "no", "off", "0", ""}

#: The variables of a filter. The name before them may hold anything but a line break, an equals sign too.
_FILTER = r"\.(?:clean|smudge|process|required)(?:=|$)"


class People(Struct, frozen=True):
    """Who makes a commit, and when: `Name <email> <seconds> <zone>`."""

    author: str
    committer: str

    @property
    def who(self) -> str:
        """`Name <email>` of the author."""
        return self.author.rpartition("> ")[0] + ">"


class Configuration:
    """What all of Git's configuration says at one moment, of the system, the user, the repository and the environment.

    The last value counts where there are several.

    Attributes:
        values: by variable; section and key in small letters.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        said = git.run("var", "-l").decode(errors="surrogateescape")
        self._lines = said.split("\n")
        pairs = (line.partition("=") for line in self._lines)
        self.values = {name: value if equals else "true" for name, equals, value in pairs}

    def get(self, name: str) -> str | None:
        """The value of a variable (section and key in small letters); None when it is not set."""
        return self.values.get(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """What a variable that is yes or no says."""
        value = self.values.get(name)
        return default if value is None else is_yes(value)

    def filters(self) -> set[str]:
        """The names of all filters of file contents, and where a line can be read in two ways, both."""
        lines = (line.removeprefix("filter.") for line in self._lines if line.startswith("filter."))
        return {line[: end.start()] for line in lines for end in re.finditer(_FILTER, line)}

    def people(self) -> People:
        """Who commits.

        Raises:
            GitError: Git knows no author or no committer.
        """
        author, committer = (self._ident(role) for role in ("author", "committer"))
        if author is None or committer is None:
            raise GitError(
                "Git does not know who you are, and every job is a commit",
                hint="Run: git config --global user.name 'Your Name'; git config --global user.email you@example.com",
            )
        return People(author, committer)

    def _ident(self, role: str) -> str | None:
        """A person; where nobody was named, Git itself decides whether its guess will do."""
        ident = f"GIT_{role.upper()}_IDENT"
        if self._is_told(role, "name") and self._is_told(role, "email"):
            said = self.values.get(ident, "")
        else:
            said = self._git.try_run("var", ident).stdout.decode(errors="surrogateescape").strip()
        return said if re.fullmatch(_IDENTITY, said) else None

    def _is_told(self, role: str, part: str) -> bool:
        variable = os.environ.get(f"GIT_{role.upper()}_{part.upper()}")
        return any(
            value and value.strip() for value in (variable, self.get(f"{role}.{part}"), self.get(f"user.{part}"))
        )


def is_yes(value: str) -> bool:
    """What the value of a variable that is yes or no says."""
    return value.lower() not in _FALSE


def identity(folder: Path) -> str:
    """`Name <email>` of who would commit in a folder, whether a repository is there or not.

    Raises:
        GitError: Git knows no author or no committer.
    """
    return Configuration(Git(folder)).people().who


def configure(git_dir: Path, sections: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
    """Add to a repository's own configuration, under Git's lock on it; the last word counts in it.

    Args:
        git_dir: the Git directory that all work trees share.
        sections: values by section and subsection.

    Raises:
        GitError: another process is changing it, or it cannot be written.
    """
    text = "".join(_section(*names, values) for names, values in sections.items()).encode()
    file, lock = git_dir / "config", git_dir / "config.lock"
    try:
        with lock.open("xb") as new:
            try:
                present = file.read_bytes()
                if text in present:
                    lock.unlink()
                    return
                new.write(present + (b"" if present.endswith(b"\n") else b"\n") + text)
                new.flush()
                os.fsync(new.fileno())
                os.fchmod(new.fileno(), file.stat().st_mode & 0o777)
                lock.replace(file)
            except BaseException:
                lock.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise GitError(f"Git's configuration cannot be changed: {error.strerror}", file=str(lock)) from None


def _section(section: str, name: str, values: Mapping[str, str]) -> str:
    lines = (f"\t{key} = {_quoted(value)}\n" for key, value in values.items())
    return "".join([f"[{section} {_quoted(name)}]\n", *lines])


def _quoted(value: str) -> str:
    """A value with nothing in it that Git would take for the end of it, a comment or an escape."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
