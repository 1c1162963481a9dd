"""Landing a commit: lock, swap of the branch, work tree and index that follow, recovery after a kill, few packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.store.landing.branch import Landing as Landing
    from tvmgitlib.store.landing.branch import recover as recover
    from tvmgitlib.store.landing.branch import writing as writing
    from tvmgitlib.store.landing.gathering import COPIED as COPIED
    from tvmgitlib.store.landing.gathering import PACKS as PACKS
    from tvmgitlib.store.landing.gathering import gather_packs as gather_packs
    from tvmgitlib.store.landing.gathering import loose_packs as loose_packs
    from tvmgitlib.store.landing.keeping import keeping_packs as keeping_packs
    from tvmgitlib.store.landing.leftovers import sweep_torn_packs as sweep_torn_packs
    from tvmgitlib.store.landing.links import links_under as links_under
    from tvmgitlib.store.landing.links import refuse_links as refuse_links
    from tvmgitlib.store.landing.lock import gather_lock as gather_lock
    from tvmgitlib.store.landing.lock import make_state as make_state
    from tvmgitlib.store.landing.redo import RedoNote as RedoNote
    from tvmgitlib.store.landing.redo import Step as Step
    from tvmgitlib.store.landing.sparse import left_out as left_out
    from tvmgitlib.store.landing.writer import Writer as Writer
    from tvmgitlib.store.landing.writer import writing_objects as writing_objects

_NAMES = {
    "branch": "Landing recover writing",
    "gathering": "COPIED PACKS gather_packs loose_packs",
    "keeping": "keeping_packs",
    "leftovers": "sweep_torn_packs",
    "links": "links_under refuse_links",
    "lock": "gather_lock make_state",
    "redo": "RedoNote Step",
    "sparse": "left_out",
    "writer": "Writer writing_objects",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
