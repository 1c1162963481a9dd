"""The machine at hand: which platform it is, and its facts."""

from tvmgitlib.library.platforms.detect import detect_for, detect_platform, facts_here
from tvmgitlib.library.platforms.naming import THIS, overruled, platform_for

__all__ = [
    "THIS",
    "detect_for",
    "detect_platform",
    "facts_here",
    "overruled",
    "platform_for",
]
