"""Which TVMs and which platform facts a rule means, such as `apache-tvm<0.26` or `gpu.driver<550`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from tvmgitlib.model import TvmVersion, fact

_FACT = re.compile(r"(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<value>.+)")

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class TvmRule(Struct, frozen=True):
    """A set of TVM versions, of one distribution or of any.

    Attributes:
        distribution: the distribution; None for any.
        versions: a PEP 440 specifier.
        with_unknown: whether a TVM of unknown distribution, as an AutoTVM log names it, is taken for one of the named
            distribution.
    """

    distribution: str | None
    versions: SpecifierSet
    with_unknown: bool = False

    @classmethod
    def parse(cls, text: str, *, with_unknown: bool = False) -> TvmRule:
        """Read `<0.26` or `apache-tvm<0.26`.

        Raises:
            ValueError: it is neither.
        """
        try:
            if text.strip()[:1].isalpha():
                requirement = Requirement(text)
                if requirement.url or requirement.extras or requirement.marker:
                    raise InvalidRequirement(text)
                return cls(requirement.name.lower().replace("_", "-"), requirement.specifier, with_unknown)
            return cls(None, SpecifierSet(text), with_unknown)
        except (InvalidRequirement, InvalidSpecifier):
            raise ValueError(f"{text!r} is no rule such as '<0.26' or 'apache-tvm<0.26'") from None

    def matches(self, tvm: TvmVersion) -> bool:
        """Whether a TVM is one of them; an unknown version is none."""
        if self.distribution and tvm.distribution != self.distribution:
            return self.may_match(tvm) and self.with_unknown
        return self._has(tvm)

    def may_match(self, tvm: TvmVersion) -> bool:
        """Whether a TVM would be one of them, were its distribution known."""
        return self.distribution is not None and tvm.distribution is None and self._has(tvm)

    def _has(self, tvm: TvmVersion) -> bool:
        if tvm.version is None:
            return False
        try:
            return self.versions.contains(Version(tvm.version), prereleases=True)
        except InvalidVersion:
            return False


class FactRule(Struct, frozen=True):
    """A condition on a platform fact: `gpu.driver<550`; compared as versions where both are, else as text."""

    name: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> FactRule:
        """Read a condition.

        Raises:
            ValueError: it has another form.
        """
        match = _FACT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no condition such as 'gpu.driver<550' or 'cooling==fan'")
        return cls(match["name"], match["operator"], match["value"].strip())

    def matches(self, facts: Mapping[str, Any]) -> bool:
        """Whether a platform meets it; one that does not say the fact does not."""
        found = fact(facts, self.name)
        if found is None:
            return False
        compare = _OPERATORS[self.operator]
        try:
            return compare(Version(str(found)), Version(self.value))
        except InvalidVersion:
            return compare(str(found), self.value) if self.operator in ("==", "!=") else False
