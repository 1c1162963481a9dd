"""Which TVM a record was tuned with, and how that is known."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from tvmgitlib.model.wording import TvmError

VersionSource = Literal["runtime", "option", "log"]

_MINOR = r"([0-9]+)\.([0-9]+)"
_SPELLING = r"(?P<distribution>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)"


@lru_cache(maxsize=1024)
def minor_version(version: str | None) -> str | None:
    """`0.27` of `0.27.0.post1`; None when there is no version or it does not start with two numbers."""
    match = re.match(_MINOR, version) if version else None
    return f"{match[1]}.{match[2]}" if match else None


class TvmVersion(Struct, frozen=True):
    """A TVM as a distribution and the text of `tvm.__version__`.

    Attributes:
        distribution: the package that provides `tvm`, such as `apache-tvm` or `hhb-tvm`; None when the log names none.
        version: `tvm.__version__`, such as `0.27.0.post1`; None when unknown (Ansor logs name none).
        source: `runtime` (the running TVM said so), `option` (`--tvm`), `log` (the log says so: the TVM that wrote the
            line, which need not be the one that measured it); None when the version is unknown.
    """

    distribution: str | None = None
    version: str | None = None
    source: VersionSource | None = None

    @classmethod
    def parse(cls, text: str, source: VersionSource = "option") -> TvmVersion:
        """Read `DIST==VERSION`.

        Raises:
            ValueError: when the text has another form.
        """
        match = re.fullmatch(_SPELLING, text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not DIST==VERSION, such as apache-tvm==0.27.0.post1")
        return cls(match["distribution"].lower().replace("_", "-"), match["version"], source)

    @classmethod
    def of(cls, value: TvmVersion | str | None) -> TvmVersion | None:
        """What a user means: a version as it is, or `DIST==VERSION`; None stays None.

        Raises:
            TvmError: the text has another form.
        """
        if value is None or isinstance(value, TvmVersion):
            return value
        try:
            return cls.parse(value)
        except ValueError as error:
            raise TvmError(str(error), hint="VERSION is what tvm.__version__ says.") from None

    @property
    def minor(self) -> str | None:
        """Major and minor version, such as `0.27`; None when unknown."""
        return minor_version(self.version)

    @property
    def group(self) -> tuple[str, str]:
        """What separates fold groups: distribution and minor version, empty where unknown."""
        return (self.distribution or "", self.minor or "")

    def is_like(self, other: TvmVersion) -> bool:
        """Whether two are of one distribution and minor version; an unknown distribution may be any."""
        known = self.distribution and other.distribution
        return self.minor == other.minor and not (known and self.distribution != other.distribution)

    def is_same(self, other: TvmVersion) -> bool:
        """Whether two are of one distribution and version, however that is known."""
        return (self.distribution, self.version) == (other.distribution, other.version)

    def __str__(self) -> str:
        if self.version is None:
            return "an unknown TVM"
        return f"{self.distribution} {self.version}" if self.distribution else f"TVM {self.version}"

    def to_json(self) -> dict[str, str | None]:
        return {"distribution": self.distribution, "version": self.version, "source": self.source}
