"""What a board says of itself, as far as TVM lets one ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tvmgitlib.live.fleet.fleet import fleet_at
from tvmgitlib.live.fleet.trials import ask_a_board
from tvmgitlib.model import Json, Platform, PlatformError, platform_name_from

#: The kinds of devices that a server may have beside its CPU, by TVM's names.
_DEVICES: Final = ("cuda", "rocm", "metal", "vulkan", "opencl")

#: What the facts call what TVM's devices say of themselves.
_OF_DEVICE: Final = {
    "name": "device_name",
    "compute_capability": "compute_version",
    "multiprocessors": "multi_processor_count",
    "threads_per_block": "max_threads_per_block",
    "shared_memory_per_block": "max_shared_memory_per_block",
}

#: What the facts call what a whole TVM on a board, not only its runtime, says of the CPU.
_OF_CPU: Final = {
    "name": "target.llvm_get_system_cpu",
    "triple": "target.llvm_get_system_triple",
    "threads": "runtime.NumThreads",
}


def detect_device(address: str, key: str) -> Platform:
    """The platform of a fleet's boards, as the next that is free says it.

    Args:
        address: `HOST:PORT` of the tracker.
        key: the boards' key there.

    Returns:
        A platform named by its GPU, else by what LLVM calls its CPU, with the facts `cpu` (name, triple, threads) and
        `gpu` (kind, name, compute_capability, multiprocessors, threads_per_block, shared_memory_per_block); those that
        it does not say are left out.

    Raises:
        FleetError: there is no such board.
        PlatformError: it says nothing that names a platform: a server of TVM's runtime alone knows nothing of its CPU.
    """
    facts: dict[str, Json] = ask_a_board(fleet_at(address, key, "device", patience=60.0), _facts)
    for device in ("gpu", "cpu"):
        of_device = facts.get(device)
        name = of_device.get("name") if isinstance(of_device, dict) else None
        if isinstance(name, str) and name:
            return Platform(name=platform_name_from(name, detected=True), facts=facts)
    raise PlatformError(
        f"the board of {key} at {address} does not say what it is",
        hint="Name its platform yourself, and what you know of it: --platform NAME --set cooling=fan.",
    )


def _facts(session: Any) -> dict[str, Json]:
    cpu = {name: _said(lambda of: session.get_function(of)(), asked) for name, asked in _OF_CPU.items()}
    facts: dict[str, Json] = {"cpu": {name: said for name, said in cpu.items() if said is not None}}
    for kind in _DEVICES:
        device = session.device(kind, 0)
        if _said(partial(getattr, device), "exist"):
            gpu = {name: _said(partial(getattr, device), of) for name, of in _OF_DEVICE.items()}
            facts["gpu"] = {"kind": kind, **{name: said for name, said in gpu.items() if said is not None}}
            break
    return {name: said for name, said in facts.items() if said}


def _said(ask: Callable[[str], Any], of: str) -> str | int | None:
    """What a board answers, as plain text or number; None where it does not know the question."""
    try:
        answer = ask(of)
    except Exception:  # of many kinds, by TVM: the server has no such function
        return None
    return int(answer) if isinstance(answer, int) else str(answer) if answer is not None else None
