"""Care: proving a library, finding it, pinning it, and the Git drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.care.checking import check as check
    from tvmgitlib.library.care.creating import clone as clone
    from tvmgitlib.library.care.creating import create as create
    from tvmgitlib.library.care.drivers import configure_drivers as configure_drivers
    from tvmgitlib.library.care.drivers import readable as readable
    from tvmgitlib.library.care.drivers import union_merge as union_merge
    from tvmgitlib.library.care.hooks import install_hook as install_hook
    from tvmgitlib.library.care.hooks import judged as judged
    from tvmgitlib.library.care.hooks import refusals as refusals
    from tvmgitlib.library.care.hooks import server_repository as server_repository
    from tvmgitlib.library.care.locating import VARIABLE as VARIABLE
    from tvmgitlib.library.care.locating import default_path as default_path
    from tvmgitlib.library.care.locating import locate as locate
    from tvmgitlib.library.care.pinning import open_pin as open_pin
    from tvmgitlib.library.care.pinning import pin as pin
    from tvmgitlib.library.care.pinning import write_pin as write_pin
    from tvmgitlib.library.care.problems import Problem as Problem
    from tvmgitlib.library.care.tidying import Footprint as Footprint
    from tvmgitlib.library.care.tidying import Tidied as Tidied
    from tvmgitlib.library.care.tidying import tidy as tidy

_NAMES = {
    "checking": "check",
    "creating": "clone create",
    "drivers": "configure_drivers readable union_merge",
    "hooks": "install_hook judged refusals server_repository",
    "locating": "VARIABLE default_path locate",
    "pinning": "open_pin pin write_pin",
    "problems": "Problem",
    "tidying": "Footprint Tidied tidy",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
