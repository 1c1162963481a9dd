from __future__ import annotations

import pytest

from tvmgitlib.library.reading import Selection
from tvmgitlib.model import Place, TargetError, Workload, parse_target

TARGET = parse_target("cuda -arch=sm_90 -model=h100").target
WORKLOAD = Workload("autotvm", '["dense.cuda",[["TENSOR",[1,512],"float32"]]]')


@pytest.mark.parametrize(
    ("selection", "matches"),
    [
        (Selection(), True),
        (Selection(family="autotvm"), True),
        (Selection(family="ansor"), False),
        (Selection(platform="h100"), True),
        (Selection(platform="h10"), False),
        (Selection(target="cuda -arch=sm_90"), True),
        (Selection(target='{"kind": "cuda", "arch": "sm_90"}'), True),
        (Selection(target="cuda -arch=sm_80"), False),
        (Selection(workload="dense"), True),
        (Selection(workload='"TENSOR",[1,512]'), True),
        (Selection(workload="dense.cuda(float32[1,512])"), True),
        (Selection(workload=WORKLOAD.id), True),
        (Selection(workload=WORKLOAD.id[:8]), False),
        (Selection(workload="conv"), False),
        (Selection("autotvm", "cuda -arch=sm_90", "h100", "dense"), True),
        (Selection("autotvm", "cuda -arch=sm_90", "h100", "conv"), False),
    ],
)
def test_a_selection_matches_where_all_of_it_does(selection: Selection, matches: bool) -> None:
    assert selection.matches(Place("autotvm", TARGET, "h100", WORKLOAD)) is matches


def test_a_target_that_does_not_parse_is_refused_before_anything_is_read() -> None:
    with pytest.raises(TargetError):
        Selection(target="llvm -")
