"""The fields that `--json` promises, and that it may stand before or behind the command's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LOG = Path(__file__).parents[1] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
COUNTS = {"read", "failed", "duplicates", "kept", "dropped", "workloads", "improved"}


@pytest.fixture
def filled(cli: Any) -> Any:
    """The command line on a library with one job."""
    assert cli("import", LOG, "--platform", "board", "--set", "cooling=fan").code == 0
    return cli


def documents(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(document, dict) for document in found)
    return found


FIELDS: dict[str, tuple[list[str], set[str]]] = {
    "import": (["import", str(LOG), "--platform", "board", "--set", "cooling=fan"], {"job", "commit", *COUNTS}),
    "best": (
        ["best"],
        {"family", "target", "platform", "workload", "cost", "trials", "job", "grade", "why", "record", "signers"},
    ),
    "trials": (
        ["trials"],
        {"family", "target", "platform", "workload", "trials", "configs", "failed", "errors", "repeated"},
    ),
    "log": (
        ["log"],
        {"job", "kind", "commit", "date", "author", "subject", "trials", "workloads", "reverted", "signers"},
    ),
    "check": (["check"], {"sound", "problems"}),
    "rebuild": (["rebuild"], {"commit"}),
    "config": (["config"], {"format", "keep", "policy.tvm", "policy.facts", "policy.max-age", "policy.min-cost"}),
    "config KEY": (["config", "keep"], {"key", "value"}),
    "config KEY VALUE": (["config", "keep", "1"], {"key", "value", "commit"}),
    "platform show": (["platform", "show"], {"name", "facts"}),
    "platform show NAME": (["platform", "show", "board"], {"name", "facts"}),
    "platform detect": (["platform", "detect"], {"name", "facts"}),
    "job list": (["job", "list"], {"job", "state", "started", "target", "platform", "tuner", "log", "work_dir"}),
    "export": (
        ["export", "--format", "autotvm", "-o", "best.log"],
        {"path", "records", "workloads", "platforms"},
    ),
}


@pytest.mark.parametrize(("command", "fields"), FIELDS.values(), ids=FIELDS.keys())
def test_json_has_the_fields_promised_before_and_behind_the_commands_name(
    filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], fields: set[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    filled("job", "start", "--platform", "board")
    before = filled("--json", *command).out
    assert filled.code == 0
    behind = filled(*command, "--json").out
    assert before == behind
    found = documents(before)
    assert len(found) == 1
    assert fields <= found[0].keys()


def test_json_may_stand_between_a_group_and_its_command(filled: Any) -> None:
    assert filled("platform", "--json", "show").out == filled("--json", "platform", "show").out


def test_init_start_finish_abort_and_show_have_the_fields_promised(cli: Any, tmp_path: Path) -> None:
    made = cli.json("init", tmp_path / "another")
    assert made.keys() >= {"library", "commit"}
    started = cli.json("job", "start", "--platform", "board", "--tuner", "ga")
    assert started.keys() >= {"job", "log", "work_dir"}
    assert Path(started["log"]).is_file()
    assert Path(started["work_dir"]).is_dir()
    shown = cli.json("job", "show", started["job"])
    assert (shown["state"], shown["tuner"]) == ("open", "ga")
    Path(started["log"]).write_bytes(LOG.read_bytes())
    finished = cli.json("job", "finish")
    assert finished.keys() >= {"job", "commit", *COUNTS}
    assert finished["job"] == started["job"]
    shown = cli.json("job", "show", started["job"])
    assert (shown["state"], shown["kind"], shown["tuner"]) == ("committed", "tune", "ga")
    assert [task["trials"] for task in shown["tasks"]] == [32]
    again = cli.json("job", "start", "--platform", "board")
    assert cli.json("job", "abort") == {"job": again["job"]}


def test_a_cost_is_in_seconds_and_the_record_is_the_tuners_own(filled: Any) -> None:
    (best,) = filled.lines("best")
    records = [json.loads(line) for line in LOG.read_bytes().splitlines()]
    assert best["record"] in records
    costs = best["record"]["result"][0]
    assert best["cost"] == pytest.approx(sum(costs) / len(costs))
    assert (best["grade"], "--tvm" in best["why"]) == (None, True)


def test_lists_of_nothing_are_no_lines(cli: Any) -> None:
    for command in (["best"], ["trials"], ["log"], ["job", "list"], ["platform", "show"]):
        assert cli("--json", *command).out == ""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_json_stays_json_in_every_encoding(
    cli: Any, tvmgitlib: Any, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    cli("config", "x-note", "gemütlich")
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    ran = tvmgitlib("-C", cli.library, "--json", "config", "x-note", encoding=encoding)
    assert json.loads(ran.stdout)["value"] == "gemütlich"


def test_text_is_printed_in_every_encoding(cli: Any, tvmgitlib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", LOG, "--platform", "board", "--set", "room=küche")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = tvmgitlib("-C", cli.library, "platform", "show", "board")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "k\\xfcche" in ran.stdout
