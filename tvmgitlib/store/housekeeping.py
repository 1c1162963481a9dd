"""Housekeeping: what Git's own collection does to a repository, by the user's settings, and what we add to it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.durable import sync_ref
from tvmgitlib.store.git import DURABLE, Configuration, require_trusted_pruning
from tvmgitlib.store.landing import COPIED, PACKS, gather_lock, keeping_packs, loose_packs, sweep_torn_packs, writing
from tvmgitlib.store.objects import unless_endless
from tvmgitlib.store.packing import note_packed, pack_well
from tvmgitlib.store.walk import commits_of

#: Git's own limit, gc.auto, for one of the 256 folders of loose objects: it looks at that one, too.
_LOOSE_IN_ONE = 27
_ONE = "17"

#: What is done before, and after.
_OURS = ("-c", "gc.packRefs=false", "-c", "gc.writeCommitGraph=false")


class ObjectsSize(Struct, frozen=True):
    """What the objects of a repository take on the disk; borrowed ones (alternates) do not count.

    Attributes:
        size: packs, their indexes and loose objects, in bytes, to a kibibyte.
        packs: how many packs there are.
        loose: how many objects are in none.
    """

    size: int
    packs: int
    loose: int


def objects_size(checkout: Checkout) -> ObjectsSize:
    """What the objects take now.

    Raises:
        GitError: Git cannot count them.
    """
    said = checkout.git.run("count-objects", "-v").decode()
    pairs = (line.split(": ") for line in said.splitlines())
    told = {name: int(value) for name, value in pairs if name in ("count", "size", "packs", "size-pack")}
    return ObjectsSize(1024 * (told["size"] + told["size-pack"]), told["packs"], told["count"])


def collect(checkout: Checkout) -> None:
    """Have Git pack all objects well, drop what nothing leads to and Git's grace is over for, and know its history.

    Safe beside writers: what they write is kept by their packs until a ref leads to it. What killed writers kept is
    swept first, and packs that nobody finished within a day. All settings of the user's (`gc.*`, `pack.*`,
    `core.commitGraph`, precious objects) hold.

    Raises:
        GitError: another Git collects here, or it cannot write; or the repository's own configuration names a program
            that would be run.
    """
    configuration = Configuration(checkout.git)
    require_trusted_pruning(checkout.git, configuration.values)
    with writing(checkout):  # which makes good what killed writers left, and lets no branch move meanwhile
        if _packs_refs(checkout, configuration):
            _pack_refs(checkout)
    copied = () if configuration.get("core.bigfilethreshold") else COPIED
    with gather_lock(checkout.state):
        sweep_torn_packs(checkout.common_dir / "objects" / "pack")
        is_precious = configuration.flag("extensions.preciousobjects")
        with keeping_packs(checkout, [] if is_precious else pack_well(checkout, copied)):
            checkout.git.run(*DURABLE, *copied, *_OURS, "gc", "--quiet")
        if configuration.flag("core.commitgraph", default=True):
            waiting = unless_endless(checkout.git, checkout.digits, commits_of(checkout, "--all"), "", history=True)
            graph = ("commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")
            checkout.git.run(*graph, waiting=waiting)
        note_packed(checkout)


def _packs_refs(checkout: Checkout, configuration: Configuration) -> bool:
    if configuration.get("gc.packrefs") == "notbare":
        return not checkout.bare
    return configuration.flag("gc.packrefs", default=True)


def _pack_refs(checkout: Checkout) -> None:
    """Have Git keep all refs in one file, which is on the disk before the others go."""
    for others in ("--no-prune", "--prune"):
        checkout.git.run(*DURABLE, "pack-refs", "--all", others)
        sync_ref(checkout.common_dir, "packed-refs")


def is_collection_due(checkout: Checkout) -> bool:
    """Whether there are more packs or loose objects than Git itself would leave, and the user lets it collect."""
    objects = checkout.common_dir / "objects"
    many = _count(objects / _ONE) >= _LOOSE_IN_ONE or len(loose_packs(objects / "pack")) > PACKS
    return many and Configuration(checkout.git).get("gc.auto") != "0"


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except FileNotFoundError:
        return 0
