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
