"""Tuner families: their log lines as values, and back.

What a family is, says `Family`; which there are, `names`. Those of other packages are found by their entry points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.families.bag import BAG_KEY as BAG_KEY
    from tvmgitlib.families.bag import native_text as native_text
    from tvmgitlib.families.base import ExportedFiles as ExportedFiles
    from tvmgitlib.families.base import Family as Family
    from tvmgitlib.families.base import Layout as Layout
    from tvmgitlib.families.base import LineReader as LineReader
    from tvmgitlib.families.base import LogFile as LogFile
    from tvmgitlib.families.base import QuickReader as QuickReader
    from tvmgitlib.families.base import Read as Read
    from tvmgitlib.families.base import Unmeasured as Unmeasured
    from tvmgitlib.families.registry import decisions as decisions
    from tvmgitlib.families.registry import every as every
    from tvmgitlib.families.registry import family as family
    from tvmgitlib.families.registry import family_of as family_of
    from tvmgitlib.families.registry import find as find
    from tvmgitlib.families.registry import is_known as is_known
    from tvmgitlib.families.registry import is_shipped as is_shipped
    from tvmgitlib.families.registry import layout_with as layout_with
    from tvmgitlib.families.registry import layouts as layouts
    from tvmgitlib.families.registry import layouts_in as layouts_in
    from tvmgitlib.families.registry import names as names
    from tvmgitlib.families.registry import provider as provider
    from tvmgitlib.families.registry import refusal as refusal
    from tvmgitlib.families.registry import tvm_of_name as tvm_of_name
    from tvmgitlib.families.registry import upgraded as upgraded
    from tvmgitlib.families.values import short_types as short_types

_NAMES = {
    "bag": "BAG_KEY native_text",
    "base": "ExportedFiles Family Layout LineReader LogFile QuickReader Read Unmeasured",
    "registry": (
        "decisions every family family_of find is_known is_shipped layout_with layouts layouts_in names provider "
        "refusal tvm_of_name upgraded"
    ),
    "values": "short_types",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
