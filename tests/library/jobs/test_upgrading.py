"""Importing logs of formats that TVM no longer reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import RecordError

CASE = Path(__file__).parents[2] / "data" / "cases" / "06"
OLD, WANTED = (json.loads((CASE / name).read_text()) for name in ("old.log", "wanted.log"))


def variant(number: int, name: str = "topi_nn_conv2d") -> dict[str, Any]:
    """Another line of the old log's kind."""
    document: dict[str, Any] = json.loads(json.dumps(OLD))
    document["i"][1] = name
    document["i"][5]["e"][0][2] = [1, 2, 2, number]
    document["r"][3] += number
    return document


def log(path: Path, *documents: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def test_an_old_log_becomes_what_it_would_be_today(cli: Any) -> None:
    result = cli.json("import", CASE / "old.log", "--upgrade")
    assert (result["read"], result["kept"], result["upgraded"], result["without_rule"]) == (1, 1, 1, {})
    (best,) = cli.lines("best")
    assert best["record"] == WANTED
    assert (best["tuned_with"]["version"], best["written_by"]) == (None, None)
    cli("export", "--format", "autotvm", "-o", cli.library / "out.log")
    assert (cli.library / "out.log").read_bytes() == (CASE / "wanted.log").read_bytes()


def test_without_the_option_it_is_refused_with_a_way_out_that_exists(cli: Any) -> None:
    cli("import", CASE / "old.log")
    assert (cli.code, "--upgrade" in cli.err) == (4, True)
    cli("import", CASE / "pickle.log", "--upgrade")
    assert (cli.code, "never read" in cli.err, "convert the log" in cli.err.lower()) == (4, True, False)


def test_the_library_says_that_it_was_upgraded_and_from_what(library: ConfigLibrary) -> None:
    job = library.import_logs(CASE / "old.log", upgrade=True).job
    header = library.show_job(str(job)).header
    assert header.options == {"upgrade": True, "upgraded": 1}
    assert header.sources[0].size == (CASE / "old.log").stat().st_size
    assert library.check() == []


def test_a_second_import_adds_nothing_in_whichever_format(cli: Any) -> None:
    first = cli.json("import", CASE / "old.log", "--upgrade")
    again = cli.json("import", CASE / "old.log", "--upgrade")
    assert (again["already"], again["job"], again["commit"]) == (True, first["job"], None)
    today = cli.json("import", CASE / "wanted.log")
    assert (today["commit"], today["known"]) == (None, {first["job"]: 1})
    assert [effort["trials"] for effort in cli.lines("trials")] == [1]


def test_of_a_log_that_grew_only_the_rest_counts(library: ConfigLibrary, tmp_path: Path) -> None:
    library.import_logs(log(tmp_path / "a.log", variant(1)), upgrade=True)
    result = library.import_logs(log(tmp_path / "a.log", variant(1), variant(2), WANTED), upgrade=True)
    assert (result.counts.read, result.upgraded) == (2, 1)


def test_a_log_whose_old_lines_were_left_out_gives_them_when_it_is_upgraded(
    library: ConfigLibrary, tmp_path: Path
) -> None:
    mixed = log(tmp_path / "a.log", WANTED, variant(1))
    assert library.import_logs(mixed, skip_invalid=True).counts.read == 1
    with mixed.open("a") as file:
        file.write(json.dumps(variant(2)) + "\n")
    assert library.import_logs(mixed, upgrade=True).upgraded == 2
    assert sum(effort.trials for effort in library.trials()) == 3


def test_what_no_rule_covers_refuses_the_import_named_and_counted(cli: Any, tmp_path: Path) -> None:
    mine, theirs = (variant(number, "mine") for number in (1, 2)), variant(3, "theirs")
    path = log(tmp_path / "a.log", OLD, *mine, theirs)
    cli("import", path, "--upgrade")
    assert cli.code == 4
    assert f"{path}, line 2: no rule says what 3 lines" in cli.err
    assert "2 of mine (template key 'direct', cuda), 1 of theirs (template key 'direct', cuda)" in cli.err
    assert "--skip-invalid" in cli.err
    assert cli.lines("log") == []


def test_the_rest_is_imported_when_that_is_allowed(cli: Any, tmp_path: Path) -> None:
    path = log(tmp_path / "a.log", variant(1, "mine"), OLD, variant(2, "mine"))
    result = cli.json("import", path, "--upgrade", "--skip-invalid")
    assert (result["read"], result["upgraded"], len(result["left_out"])) == (1, 1, 2)
    assert result["without_rule"] == {"mine (template key 'direct', cuda)": 2}
    cli("import", log(tmp_path / "b.log", variant(3, "mine"), variant(4)), "--upgrade", "--skip-invalid")
    assert "1 of mine (template key 'direct', cuda)" in cli.err
    assert "1 line of format 0.1 converted" in cli.err


def test_what_is_malformed_stays_so(library: ConfigLibrary, tmp_path: Path) -> None:
    broken = variant(1)
    broken["i"][5]["e"] = "tile_f"
    with pytest.raises(RecordError) as caught:
        library.import_logs(log(tmp_path / "a.log", OLD, broken), upgrade=True)
    assert (caught.value.line, caught.value.field) == (2, "config.entity")
