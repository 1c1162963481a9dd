"""Care: proving a library, finding it, pinning it, and the Git drivers."""

from tvmgitlib.library.care.checking import check
from tvmgitlib.library.care.creating import clone, create
from tvmgitlib.library.care.drivers import configure_drivers, readable, union_merge
from tvmgitlib.library.care.locating import VARIABLE, default_path, locate
from tvmgitlib.library.care.pinning import open_pin, pin, write_pin
from tvmgitlib.library.care.tidying import Footprint, Tidied, tidy

__all__ = [
    "VARIABLE",
    "Footprint",
    "Tidied",
    "check",
    "clone",
    "configure_drivers",
    "create",
    "default_path",
    "locate",
    "open_pin",
    "pin",
    "readable",
    "tidy",
    "union_merge",
    "write_pin",
]
