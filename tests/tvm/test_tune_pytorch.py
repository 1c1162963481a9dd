"""Tuning a PyTorch export, which needs PyTorch itself: 3 GB that no environment of ours has, so this is run by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import SelectionError

pytestmark = [pytest.mark.soak, pytest.mark.tvm("0.25", "0.27")]

TARGET = {"kind": "llvm", "mcpu": "haswell", "mtriple": "x86_64-linux-gnu", "num-cores": 2}


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="pip install 'tvmgitlib[pytorch]' into this environment")


def export(torch: Any, path: Path, **options: Any) -> Path:
    """Two layers, as PyTorch exports them."""
    layers = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 8))
    torch.export.save(torch.export.export(layers.eval(), (torch.randn(4, 16),), **options), str(path))
    return path


def test_an_export_is_tuned_and_then_skipped(library: ConfigLibrary, torch: Any, tmp_path: Path) -> None:
    model = export(torch, tmp_path / "mlp.pt2")
    done = library.tune(model, 2, target=TARGET, platform="board")
    assert (done.key, done.is_complete, len(done.tasks)) == ("mlp.pt2", True, 2)
    assert {"4x16xf32", "4x32xf32"} == {task.workload_label.partition("(")[2].split(",")[0] for task in done.tasks}
    again = library.tune(model, 2, target=TARGET, platform="board")
    assert ({task.state for task in again.tasks}, again.result.job) == ({"skipped"}, None)


def test_an_export_that_leaves_sizes_open_or_is_none_is_said(
    library: ConfigLibrary, torch: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sizes = {"input": {0: torch.export.Dim("batch", min=2, max=64)}}
    open_one = export(torch, tmp_path / "open.pt2", dynamic_shapes=sizes)
    with pytest.raises(SelectionError, match="leaves 1 size open") as refused:
        library.tune(open_one, 2, target=TARGET, platform="board")
    assert "dynamic_shapes" in str(refused.value)
    (junk := tmp_path / "junk.pt2").write_text("junk")
    capfd.readouterr()
    with pytest.raises(SelectionError, match="this is no PyTorch export: ValueError: it is no zip archive"):
        library.tune(junk, 2, target=TARGET, platform="board")
    assert "Traceback" not in "".join(capfd.readouterr())
