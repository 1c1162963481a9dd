"""Tasks that TVM cannot search, layers that are new beside tuned ones, and what is recorded of a tuner."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

pytestmark = pytest.mark.tvm("0.25", "0.27")

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "metaschedule_job.py")))


def symbolic(block: str = "C") -> Any:
    """A matrix multiplication with as many rows as come."""
    import tvm
    from tvm import te

    rows = tvm.tirx.Var("rows", "int64") if hasattr(tvm, "tirx") else tvm.tir.Var("rows", "int64")
    one, other = te.placeholder((rows, 16), name="A"), te.placeholder((16, 16), name="B")
    axis = te.reduce_axis((0, 16), name="k")
    product = te.compute((rows, 16), lambda i, j: te.sum(one[i, axis] * other[axis, j], axis=axis), name=block)
    return te.create_prim_func([one, other, product])


def module(**functions: Any) -> Any:
    import tvm

    return tvm.IRModule(functions)


def trials(library: ConfigLibrary) -> list[int]:
    return sorted(effort.trials for effort in library.trials())


def test_a_task_that_tvm_cannot_search_is_left_out_by_name(library: ConfigLibrary, caplog: Any) -> None:
    target = work.live_target()
    functions = {"known": work.matmul(16), "unknown": symbolic()}
    with library.job(target, platform="board") as job:
        assert job.tune_tir(module(**functions), 4, **work.told()) == 4
    (said,) = [text for text in caplog.messages if "is left out" in text]
    assert said.startswith("unknown is left out: ")
    assert said.endswith("TVM cannot search it: rows in its shapes is only known when it runs")
    assert trials(library) == [4]
    covered = library.coverage(module(**functions), target=target, platform="board")
    assert sorted(task.state for task in covered.tasks) == ["exact", "unsearchable"]
    assert covered.counts["unsearchable"] == 1
    assert covered.is_complete
    with library.job(target, platform="board") as job:  # nothing else is there to tune
        assert job.tune_tir(symbolic(), 4, **work.told()) == 0
    assert job.result.job is None


def test_the_rest_of_a_relax_module_is_tuned(library: ConfigLibrary, caplog: Any) -> None:
    from tvm import relax

    target = work.live_target()
    builder = relax.BlockBuilder()
    rows = symbolic_size()
    shapes = {"x": (rows, 16), "w": (16, 16)}
    x, w = (relax.Var(name, tensor(shape)) for name, shape in shapes.items())
    with builder.function("main", [x, w]):
        with builder.dataflow():
            scaled = builder.emit(relax.op.nn.relu(relax.op.matmul(w, w)))
            found = builder.emit_output(relax.op.matmul(x, scaled))
        builder.emit_func_output(found)
    model = builder.get()
    with library.job(target, platform="board") as job:
        made = job.tune_relax(model, {}, 4, **work.told(num_tuning_cores=None))
    assert made == 4
    assert len([text for text in caplog.messages if "is left out" in text]) >= 1
    covered = library.coverage(model, target=target, platform="board")
    assert covered.counts["unsearchable"] >= 1
    assert covered.counts["exact"] >= 1


def tensor(shape: Any) -> Any:
    from tvm import relax

    return (relax.TensorStructInfo if hasattr(relax, "TensorStructInfo") else relax.TensorType)(shape, "float32")


def symbolic_size() -> Any:
    import tvm

    return (tvm.tirx if hasattr(tvm, "tirx") else tvm.tir).Var("rows", "int64")


def test_a_new_layer_gets_its_trials_though_others_are_done(library: ConfigLibrary) -> None:
    target = work.live_target()
    old = {"one": work.matmul(16), "two": work.matmul(32)}
    with library.job(target, platform="board") as job:
        assert job.tune_tir(module(**old), 12, **work.told()) == 12
    with library.job(target, platform="board") as job:
        assert job.tune_tir(module(**old, three=work.matmul(8)), 12, **work.told()) == 4
        assert job.tune_tir(module(**old, three=work.matmul(8)), 12, **work.told()) == 0
    with library.job(target, platform="board") as job:
        assert job.tune_tir(module(**old), 12, **work.told()) == 0


def test_the_tuner_and_its_options_are_on_record(library: ConfigLibrary) -> None:
    with library.job(work.live_target(), platform="board", options={"why": "a test"}) as job:
        job.tune_tir(work.matmul(16), 2, **work.told())
    header = library.show_job(job.id).header
    assert header.tuner == "evolutionary"
    assert header.options["max_trials_global"] == 2
    assert header.options["why"] == "a test"
