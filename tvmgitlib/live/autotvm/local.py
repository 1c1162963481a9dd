"""Measuring on this machine with AutoTVM of hhb-tvm, whose stock `LocalRunner` fails every trial.

Its RPC client sends `load_module` three arguments, and its server takes one. `LocalRunner(module_loader=load_module)`
goes around that. The function is here, and not in a script, because the runner's worker processes import it by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any


@contextmanager
def load_module(remote_kwargs: dict[str, Any], build_result: Any) -> Iterator[tuple[Any, Any]]:
    """A session with the server, and the built module in it; its files there are removed afterwards."""
    from tvm.autotvm.measure.measure_methods import request_remote

    remote = request_remote(**remote_kwargs)
    remote.upload(build_result.filename)
    name = PurePath(build_result.filename)
    try:
        yield remote, remote.get_function("tvm.rpc.server.load_module")(name.name)
    finally:
        for left in (name.name, name.with_suffix(".so").name, ""):
            remote.remove(left)


def local_option() -> Mapping[str, Any]:
    """A measure option for this machine: of TVM's `LocalBuilder` and `LocalRunner`, as they work on hhb-tvm too."""
    from tvm.autotvm.measure import LocalBuilder, LocalRunner

    return {"builder": LocalBuilder(timeout=60), "runner": LocalRunner(module_loader=load_module)}
