"""What the library's trials of other workloads suggest for one that it may never have tuned."""

from tvmgitlib.library.suggesting.evidence import Evidence, evidence
from tvmgitlib.library.suggesting.results import Suggested, Suggestions

__all__ = ["Evidence", "Suggested", "Suggestions", "evidence"]
