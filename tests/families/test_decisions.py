"""What a record decided, and what its workload is, in terms that other workloads share."""

from __future__ import annotations

from tvmgitlib.families import family
from tvmgitlib.families.autotvm.knobs import knob_of
from tvmgitlib.model import Call, Knob, Workload


def test_autotvms_entities_are_knobs_by_name() -> None:
    entities = [
        ["tile_x", "sp", [-1, 4, 8]],
        ["reorder", "re", [1, 0]],
        ["ann", "an", ["vec", "none"]],
        ["unroll", "ot", True],
    ]
    found = family("autotvm").decisions({"config": {"entity": entities}})
    assert found is not None and found.form is None
    assert found.config == {
        "tile_x": Knob("split", (0, 4, 8)),
        "reorder": Knob("order", (1, 0)),
        "ann": Knob("choice", ("vec", "none")),
        "unroll": Knob("choice", (True,)),
    }


def test_what_is_no_knob_is_none() -> None:
    assert knob_of("sp", [1.5, 2]) is None
    assert knob_of("sp", []) is None
    assert knob_of("ot", [[1]]) is None


def test_an_autotvm_workload_is_a_call() -> None:
    workload = Workload("autotvm", '["dense.x86",[["TENSOR",[1,512],"float32"]]]')
    assert family("autotvm").call(workload) == Call("dense.x86", [[["TENSOR", [1, 512], "float32"]]])
