"""Errors that a person can act on.

Every expected failure is a `TvmgitlibError`: one message that says what is wrong, where (file, line, field) and what
to do about it. The command line prints it and exits with `exit_code`; anything else that escapes is a bug.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tvmgitlib.model.wording.text import plain, plain_line


class TvmgitlibError(Exception):
    """An expected failure, explained.

    Args:
        message: what is wrong, in one sentence.
        file: the file (or `<commit>:<path>`) that it is about.
        line: the line in that file, counted from 1.
        field: the field in that line, as a path such as `result[0]`.
        hint: what the user can do.
    """

    exit_code: ClassVar[int] = 4

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                plain_line(self.file) if self.file is not None else None,
                f"line {self.line}" if self.line is not None else None,
                f"field {plain_line(self.field)}" if self.field is not None else None,
            )
            if part
        )
        text = f"{place}: {self.message}" if place else self.message
        return plain(f"{text}\n{self.hint}" if self.hint else text)

    def at(self, *, file: str | None = None, line: int | None = None, field: str | None = None) -> TvmgitlibError:
        """Fill in the place where it is not known yet, and return the same error."""
        self.file = self.file if self.file is not None else file
        self.line = self.line if self.line is not None else line
        self.field = self.field if self.field is not None else field
        return self


class RecordError(TvmgitlibError):
    """A tuning record, or the log that holds it, is malformed."""


class NoRuleError(RecordError):
    """A record of an older format, of which no rule says what it would be today.

    Args:
        what: what of it is not known, in words: the same for all such records.
        field: the field that says it.
    """

    def __init__(self, what: str, *, field: str | None = None) -> None:
        super().__init__(f"no rule says what this would be today: {what}", field=field)
        self.what = what


class FamilyError(TvmgitlibError):
    """A tuner family is not installed, or the package that provides it is broken."""


class TargetError(TvmgitlibError):
    """A target's text, dict or object does not parse."""


class PlatformError(TvmgitlibError):
    """A platform's name or facts are missing or not allowed."""


class LibraryError(TvmgitlibError):
    """The repository is not a library, is of another format, or holds what a library must not hold."""


class MissingError(LibraryError):
    """Something of the library is not in this clone, which has left it with its remote."""


class SettingsError(TvmgitlibError):
    """A setting in tvmgitlib.json is unknown or out of range."""


class JobError(TvmgitlibError):
    """A job is unknown, ambiguous or in the wrong state."""


class TakenError(JobError):
    """Another machine has the same job open: later it may be done, or free."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: "try again"


class SelectionError(TvmgitlibError):
    """A selection names something that does not exist, or more than the operation can take."""


class GitError(TvmgitlibError):
    """Git refused, or is in a state in which nothing can be committed."""


class NoRemoteError(GitError):
    """The library has no remote of that name."""


class TvmError(TvmgitlibError):
    """TVM is missing, its parts do not fit together, or a text does not say which TVM is meant."""


class FleetError(TvmgitlibError):
    """Boards that measure are away, or their tracker is: nothing is wrong with the job, which stays open. Try again.

    Its exit code is that of `EX_TEMPFAIL` in sysexits.h, by which schedulers know what to start again.
    """

    exit_code: ClassVar[int] = 75


class UnsentError(GitError):
    """A job is committed here, and could not be sent to the remote.

    Attributes:
        result: what was committed.
    """

    def __init__(self, message: str, result: Any, *, file: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, file=file, hint=hint)
        self.result = result
