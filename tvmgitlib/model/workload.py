"""What is tuned: a computation of given shapes, named the way its tuner family names it."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

#: The name of a tuner family; which there are, says `tvmgitlib.families`.
FamilyName: TypeAlias = str

_FAMILY_NAME = r"[a-z][a-z0-9_-]{0,63}"


def is_family_name(text: str) -> bool:
    """Whether a family may be called so: its name is an option's value and the name of files."""
    return re.fullmatch(_FAMILY_NAME, text) is not None


class Workload(Struct, frozen=True, dict=True):
    """A workload of one tuner family; equal when family and text are.

    Attributes:
        family: the tuner family.
        text: the identity. AutoTVM: the JSON of `[task name, args]`. Ansor: the workload key. MetaSchedule: the
            structural hash, `@`, and the minor version of the TVM that computed it.
        signature: a MetaSchedule workload in words that no TVM version changes: argument shapes and dtypes, and the
            names of the blocks.
        module: the line of `database_workload.json` (native text), which MetaSchedule records do not carry.
        desc: what TVM calls it beside a name that says nothing to people: of Ansor's hashes, the functions of the
            model. No part of its identity.
    """

    family: FamilyName
    text: str
    signature: str | None = None
    module: str | None = None
    desc: str | None = None

    def __eq__(self, other: object) -> bool:
        return (self.family, self.text) == (other.family, other.text) if isinstance(other, Workload) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.family, self.text))

    def __repr__(self) -> str:  # without the module, which may be a hundred kilobytes
        named = f"family={self.family!r}, text={self.text!r}, signature={self.signature!r}, desc={self.desc!r}"
        return f"Workload({named})"

    @cached_property
    def id(self) -> str:
        """16 hex digits that stand for family and text."""
        return hashlib.sha256(f"{self.family}\n{self.text}".encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The workload as a person would want to read it."""
        return f"{self.signature}  [{self.text}]" if self.signature else self.text
