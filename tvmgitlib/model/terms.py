"""Whose jobs are believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose jobs are believed, beside what the user says who builds: both have to be met.

    Attributes:
        trust: `signed` where only signed jobs are exact; `any` asks for nothing.
        signers: who may sign them, in lines as OpenSSH's allowed signers; None where that is left to the user.
    """

    trust: str = "any"
    signers: tuple[str, ...] | None = None


#: Those of no lock.
NO_TERMS = Terms()
