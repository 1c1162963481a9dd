from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib import families
from tvmgitlib.format import schema
from tvmgitlib.format.histories import check_history, is_writable, read_history, write_history
from tvmgitlib.model import ERROR_KINDS, Decisions, Knob, RecordError, Trial, canonical_json, read_json

LOGS = Path(__file__).parents[1] / "data" / "tvm-logs"

scalars = st.none() | st.booleans() | st.integers(-1, 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars |= st.text(max_size=5)
split = st.lists(st.integers(0, 4096), min_size=1, max_size=4)
knobs = st.dictionaries(
    st.sampled_from(["tile_x", "4", "é"]),
    st.builds(Knob, st.just("split"), split.map(tuple))
    | st.builds(Knob, st.sampled_from(["order", "choice"]), st.lists(scalars, max_size=3).map(tuple)),
)
forms = st.sampled_from([None, [["SP", 1]], [["GetLoops", ["b0"], [], ["l2"]], ["é"]]])


@st.composite
def decided(draw: st.DrawFn) -> Decisions:
    config = draw(knobs)
    splits = [name for name, knob in config.items() if knob.kind == "split"]
    extents = {name: draw(st.integers(1, 2**40)) for name in splits if draw(st.booleans())}
    return Decisions(config, draw(forms), extents)


@st.composite
def histories(draw: st.DrawFn) -> list[Trial]:
    costs = sorted(draw(st.lists(st.floats(5e-324, 1.7e308), max_size=40)))
    kinds = sorted(draw(st.lists(st.sampled_from(ERROR_KINDS), max_size=24)), key=ERROR_KINDS.index)
    return [
        *(Trial(draw(decided()), cost, None) for cost in costs),
        *(Trial(draw(decided()), None, kind) for kind in kinds),
    ]


def line(document: dict[str, Any]) -> dict[str, Any]:
    effort = {"trials": 1, "configs": 1, "errors": {}, "exhausted": None, "sample": ""}
    return {"task": {"workload": {"id": "0" * 16, "text": "x"}, "effort": effort, "x-history": document}}


@given(histories())
def test_what_is_written_is_read_but_for_the_rounding_of_costs(trials: list[Trial]) -> None:
    document = json.loads(canonical_json(write_history(trials)))
    schema.check(line(document), "segment")
    found = read_history(document)
    assert [(repr(each.decisions), each.error) for each in found] == [
        (repr(_sorted(each.decisions)), each.error) for each in trials
    ]
    for each, was in zip(found, trials, strict=True):
        assert (each.cost is None) == (was.cost is None)
        if each.cost is not None and was.cost is not None and 1e-300 < was.cost < 1e300:
            assert each.cost == pytest.approx(was.cost, rel=0.0055)


@pytest.mark.parametrize("extent", [0, -4, 2**53, 2**18_600], ids=["0", "below 0", "long", "endless"])
def test_an_axis_that_cannot_be_is_not_writable(extent: int) -> None:
    assert is_writable(Decisions({}, None, {"4": 2**53 - 1}))
    assert not is_writable(Decisions({}, None, {"4": extent}))


@pytest.mark.parametrize("inside", [1, [], {"a": 1}])
def test_what_is_too_deep_to_be_read_again_is_not_writable(inside: Any) -> None:
    form, told = inside, set()
    for _ in range(252):
        form = [form]
        decisions = Decisions({}, form)
        text = canonical_json(line(write_history([Trial(decisions, 1.0, None)])))
        try:
            read_json(text.encode())
            assert is_writable(decisions)
        except RecordError:
            assert not is_writable(decisions)
        told.add(is_writable(decisions))
    assert told == {True, False}


def _sorted(decisions: Decisions) -> Decisions:
    """With its knobs in the order of the names: no other one is kept."""
    config = dict(sorted(decisions.config.items()))
    extents = {name: decisions.extents[name] for name in config if name in decisions.extents}
    return Decisions(config, decisions.form, extents)


def test_values_that_only_python_takes_for_equal_are_told_apart() -> None:
    values = (True, 1, 1.0, "1", None, 0, False)
    trials = [Trial(Decisions({"vec": Knob("choice", (value,))}), 1.0, None) for value in values]
    found = read_history(json.loads(canonical_json(write_history(trials))))
    assert [repr(each.decisions.config["vec"].value[0]) for each in found] == list(map(repr, values))


def test_it_has_64_trials_at_most() -> None:
    trials = [Trial(Decisions({"tile": Knob("split", (0, at))}), 1.0 + at, None) for at in range(64)]
    assert len(read_history(write_history(trials))) == 64
    with pytest.raises(ValueError, match="65"):
        write_history([*trials, trials[0]])


GOOD = write_history(
    [
        Trial(Decisions({"a": Knob("split", (0, 2)), "b": Knob("choice", (1,))}, None, {"a": 8}), 1.0, None),
        Trial(Decisions({"a": Knob("split", (0, 4)), "b": Knob("choice", (0,))}, None, {"a": 8}), 2.0, None),
        Trial(Decisions({}, [["x"]]), None, "unknown"),
    ]
)


@pytest.mark.parametrize(
    "change",
    [
        {"of": "AA"},
        {"of": "AAC"},
        {"of": "ABB"},
        {"of": "AAé"},
        {"costs": [0]},
        {"costs": [0, 64, 64]},
        {"costs": [80000, 0]},
        {"costs": [-69000, -69000]},
        {"errors": {}},
        {"errors": {"unknown": 2}},
        {"tables": []},
        {"tables": GOOD["tables"][:1]},
        {"tables": [{"knobs": {"a": {"kind": "split", "values": [[1]], "at": "AB"}}}, *GOOD["tables"][1:]]},
        {"tables": [{"knobs": {"a": {"kind": "split", "values": [[1]], "at": "A"}}}, *GOOD["tables"][1:]]},
        {"tables": [{"knobs": {"a": {"kind": "split", "parts": [[[1, 2], "AB"], [[1], "A"]]}}}, *GOOD["tables"][1:]]},
    ],
)
def test_columns_that_do_not_go_together_are_refused(change: dict[str, Any]) -> None:
    for reader in (read_history, check_history):
        with pytest.raises(RecordError, match="do not go together") as caught:
            reader(GOOD | change)
        assert caught.value.field == "task.x-history"


@pytest.mark.parametrize(
    "document",
    [
        GOOD,
        {"costs": [], "tables": []},
        GOOD
        | {"tables": [*GOOD["tables"], {"knobs": {"a": {"kind": "split", "values": [], "at": "what no trial has"}}}]},
    ],
)
def test_whoever_only_checks_a_history_takes_what_a_reader_takes(document: dict[str, Any]) -> None:
    check_history(document)
    assert len(read_history(document)) == len(document["costs"]) + sum(document.get("errors", {}).values())


def test_a_knob_of_large_splits_is_kept_by_its_parts_and_an_order_as_a_whole() -> None:
    trials = [
        Trial(
            Decisions(
                {
                    "tile": Knob("split", (2**at % 61, 2 ** (at % 5), 2 ** (at % 3))),
                    "order": Knob("order", (0, 1, 2, 3, 4, 5) if at % 2 else (0, 1, 2, 4, 3, 5)),
                }
            ),
            1.0,
            None,
        )
        for at in range(60)
    ]
    written = write_history(trials)["tables"][0]["knobs"]
    assert "parts" in written["tile"]
    assert written["order"]["values"] == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 4, 3, 5]]


@pytest.mark.parametrize("folder", ["h100_matmul_256", "hhb_mm128", "v25_mm128", "v27_mm128"])
def test_a_real_trace_is_its_decisions_and_back_up_to_where_post_processing_begins(folder: str) -> None:
    family = families.family("metaschedule")
    decided = []
    for native in (LOGS / "metaschedule" / folder / "database_tuning_record.json").read_text().splitlines():
        document = json.loads(native)
        decisions = family.decisions(document)
        assert decisions is not None
        decided.append(decisions)
        trace, chosen = document[1][0]
        end = next(at for at, each in enumerate(trace) if each[0] == "EnterPostproc")
        assert family.schedule(decisions) == [trace[:end], chosen]
        assert set(decisions.extents.values()) <= {128, 256}
    found = read_history(write_history([Trial(each, 1.0, None) for each in decided]))
    assert [family.schedule(each.decisions) for each in found] == [family.schedule(each) for each in decided]


@pytest.mark.parametrize("log", ["mm_64x256x512.json", "mm_128x128x128.json"])
def test_a_real_ansor_state_is_its_decisions_and_back(log: str) -> None:
    family = families.family("ansor")
    forms = set()
    for native in (LOGS / "ansor" / log).read_text().splitlines():
        document = json.loads(native)
        decisions = family.decisions(document)
        assert decisions is not None
        (trial,) = read_history(json.loads(canonical_json(write_history([Trial(decisions, 1.0, None)]))))
        assert family.schedule(trial.decisions) == document["i"][1][1]
        assert set(decisions.extents.values()) <= {64, 128, 256, 512, 1, 2, 4, 8, 16, 32}
        forms.add(canonical_json(decisions.form))
    assert len(forms) <= 4


def test_real_autotvm_configs_are_knobs_by_name() -> None:
    native = (LOGS / "autotvm" / "t2_conv2d_NCHWc_x86_ga.log").read_text().splitlines()[0]
    decisions = families.family("autotvm").decisions(json.loads(native))
    assert decisions is not None
    assert decisions.config == {
        "tile_ic": Knob("split", (0, 8)),
        "tile_oc": Knob("split", (0, 1)),
        "tile_ow": Knob("split", (0, 2)),
        "unroll_kw": Knob("choice", (True,)),
    }


@pytest.mark.parametrize(
    ("family", "document"),
    [
        ("ansor", {"i": [[], [[], [["SP", 2, 0, 0, [1], 1]]]]}),
        ("ansor", {"i": [[], [[], [["SP", 2, 0, 8, [None], 1]]]]}),
        ("ansor", {"i": [[], [[], [[5]]]]}),
        ("metaschedule", [0, [[[["A"]], [[0, "x"]]]]]),
        ("metaschedule", [0, [[[["A"]], [[0, [1, "x"]]]]]]),
        ("metaschedule", [0, [[[["A"]], [[-1, 0]]]]]),
        ("metaschedule", [0, [[[["A"]], [7]]]]),
    ],
)
def test_what_is_of_no_form_that_tvm_writes_has_no_decisions(family: str, document: Any) -> None:
    assert families.family(family).decisions(document) is None
