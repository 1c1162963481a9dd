from __future__ import annotations

import pytest

from tvmgitlib.cli.common.tables import Column, pairs, table
from tvmgitlib.cli.terminal.width import printable
from tvmgitlib.model import TvmError

ERROR = TvmError("cannot find field global_infos", hint="Give the task: revalidate --tasks.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        (str(ERROR), "cannot find field global_infos; Give the task: revalidate --tasks."),
        ("It is so.\r\nDo that.\n", "It is so. Do that."),
        ("one\n\n  two\nthree", "one; two; three"),
        ("a tab\tand a bell\a", "a tab\\tand a bell\\x07"),
        ("ends\n", "ends"),
        ("\n", ""),
        ("so:\nit goes", "so: it goes"),
    ],
)
def test_a_text_of_several_lines_is_one_line_of_words(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_cell_with_a_hint_stays_in_its_row() -> None:
    assert table([str(ERROR)], [Column("why", str)]).splitlines() == [
        "why",
        "cannot find field global_infos; Give the task: revalidate --tasks.",
    ]
    assert pairs([("why", "one\ntwo")]) == "why  one; two"


def test_a_column_that_yields_leaves_room_to_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tvmgitlib.cli.common.tables.terminal_width", lambda: 30)
    columns = [Column("author", str, least=8), Column("did", lambda _: "x" * 18)]
    assert table(["Somebody With Many Names"], columns).splitlines()[1] == f"Somebo..es  {'x' * 18}"
    assert table(["Tess"], columns).splitlines()[1] == f"Tess    {'x' * 18}"
    wide = [columns[0], Column("did", lambda _: "x" * 40)]
    assert table(["Somebody With Many Names"], wide).splitlines()[1].startswith("Some..es  xxx")


WHY = "it was measured with another TVM, and nobody has seen it run with this one"


def of_results(whys: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("tvmgitlib.cli.common.tables.terminal_width", lambda: width)
    columns: list[Column[tuple[int, str]]] = [
        Column("grade", lambda row: "stale" if row[1] else "exact"),
        Column("workload", lambda row: f"matmul({row[0]}, 128, 128, f32)", ident=lambda row: f"{row[0]:08x}"),
        Column("why", lambda row: row[1], apart=True),
    ]
    return table(list(enumerate(whys)), columns, indent="  ").splitlines()


def test_a_reason_that_all_rows_share_stands_once_below_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_results([WHY, WHY], 50, monkeypatch) == [
        "  grade  workload",
        "  stale  matmul(0, 128, 128, f32)",
        "  stale  matmul(1, 128, 128, f32)",
        "  why: it was measured with another TVM, and",
        "      nobody has seen it run with this one",
    ]


def test_reasons_that_do_not_fit_are_marks_in_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_results([WHY, "", "it is too old, by the policy", WHY], 50, monkeypatch) == [
        "  grade  workload                  why",
        "  stale  matmul(0, 128, 128, f32)  (1)",
        "  exact  matmul(1, 128, 128, f32)",
        "  stale  matmul(2, 128, 128, f32)  (2)",
        "  stale  matmul(3, 128, 128, f32)  (1)",
        "  (1) it was measured with another TVM, and nobody",
        "      has seen it run with this one",
        "  (2) it is too old, by the policy",
    ]


def test_reasons_stay_in_their_rows_where_they_fit_or_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_results([WHY, ""], 120, monkeypatch)[1].endswith(WHY)
    assert len(of_results([f"{WHY}: {number}" for number in range(10)], 50, monkeypatch)) == 11


def test_where_nothing_is_cut_a_table_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_results([WHY, WHY], 0, monkeypatch)[1].endswith(WHY)
