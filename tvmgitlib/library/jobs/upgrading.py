"""Lines of formats that TVM no longer reads, taken in as what they are today."""

from __future__ import annotations

from collections import Counter
from typing import Any

from msgspec import Struct, field

from tvmgitlib import families
from tvmgitlib.model import NoRuleError, RecordError, listed, plural, read_json


class Upgrading(Struct):
    """Upgrades lines, and counts them.

    Attributes:
        count: lines that were upgraded.
        without_rule: lines of which no rule says what they would be today: how many, by what is not known of them.
        first: the first of these.
    """

    count: int = 0
    without_rule: Counter[str] = field(default_factory=Counter)
    first: NoRuleError | None = None

    def today(self, line: bytes, document: Any) -> tuple[bytes, Any]:
        """A line and what it says, as the tuner would write it today.

        Raises:
            NoRuleError: nothing says what it would be; it is counted.
            RecordError: it is malformed.
        """
        try:
            upgraded = families.upgraded(document)
        except NoRuleError as error:
            self.without_rule[error.what] += 1
            self.first = self.first or error
            raise
        if upgraded is None:
            return line, document
        self.count += 1
        return upgraded, read_json(upgraded)

    @property
    def refusal(self) -> RecordError | None:
        """Why a log cannot be taken in as a whole, with every such line named and counted; None where it can."""
        if self.first is None:
            return None
        found = listed(f"{count:,} of {what}" for what, count in self.without_rule.most_common())
        lines = plural(self.without_rule.total(), "line")
        return RecordError(
            f"no rule says what {lines} of an older format would be today: {found}",
            file=self.first.file,
            line=self.first.line,
            hint="--skip-invalid imports the rest without them.",
        )
