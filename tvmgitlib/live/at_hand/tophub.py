"""TopHub, which TVM asks for configs to fall back to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_tophub() -> Iterator[None]:
    """Keep TVM from downloading TopHub, where it looks for configs to fall back to: the tasks are the same without."""
    from tvm.autotvm import tophub

    known, usual = dict(tophub.REFERENCE_LOG_CACHE), os.environ.get(tophub.AUTOTVM_TOPHUB_LOC_VAR)
    os.environ[tophub.AUTOTVM_TOPHUB_LOC_VAR] = tophub.AUTOTVM_TOPHUB_NONE_LOC
    try:
        yield
    finally:
        del os.environ[tophub.AUTOTVM_TOPHUB_LOC_VAR]
        if usual is not None:
            os.environ[tophub.AUTOTVM_TOPHUB_LOC_VAR] = usual
        tophub.REFERENCE_LOG_CACHE.clear()  # what was not found is not to be taken for what is not there
        tophub.REFERENCE_LOG_CACHE.update(known)
