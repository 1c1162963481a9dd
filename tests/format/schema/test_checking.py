from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tvmgitlib.families.shipped import schema_folder
from tvmgitlib.format.schema import check
from tvmgitlib.model import RecordError

NAMES = [
    "ansor",
    "autotvm",
    "bag",
    "checkpoint",
    "envelope",
    "fold",
    "lock",
    "metaschedule",
    "segment",
    "settings",
    "shared-job",
]

TVM = {"distribution": "hhb-tvm", "version": "0.16.dev0", "source": "log"}
JOB = "0123456789abcdef"
TIME = "2026-01-02T03:04:05.678Z"

VALID: dict[str, Any] = {
    "ansor": {
        "i": [["key", "llvm", [1], "", 1, ["x"]], [[], [["SP", 1]]]],
        "r": [[0.1], 0, 1.5, 1700000000],
        "v": "v0.6",
    },
    "autotvm": {
        "input": ["llvm", "task", [1, "a", None], {"k": 1}],
        "config": {"index": 1, "code_hash": None, "entity": [["t", "sp", [1]]]},
        "result": [[0.1], 0, 1.5, 1700000000.5],
        "version": 0.2,
        "tvm_version": "0.16.dev0",
    },
    "bag": {
        "job": JOB,
        "workload": JOB,
        "trials": 3,
        "finished": TIME,
        "tuned_with": TVM,
        "text": "1@0.27",
        "signature": "() C",
    },
    "envelope": {"native": [0, []], "x-tvmgitlib": {}},
    "fold": {"format": 1, "jobs": "0" * 40, "settings": "0" * 64, "kinds": {"tune": 1}},
    "checkpoint": {"format": 1, "branch": "main", "commit": "0" * 40, "jobs": "0" * 64, "time": "2026-01-01T00:00:00Z"},
    "lock": {"format": 1, "url": "x", "commit": "0" * 40, "configs": "0" * 64, "tvmgitlib": "0.1.0"},
    "metaschedule": [0, [[[["Enter"]], []], [0.1], {"kind": "llvm"}, []]],
    "shared-job": {
        "format": 1,
        "machine": "box",
        "renewed": TIME,
        "state": "open",
        "trials": 3,
        "job": {
            "id": JOB,
            "started": TIME,
            "author": "Tess Ter <tess@example.com>",
            "kind": "tune",
            "target": "llvm",
            "platform": "box",
            "facts": {"cooling": "fan"},
            "tvm": TVM,
            "tuner": "xgb",
            "options": {},
            "keep_history": False,
            "complete_target": None,
            "key": "resnet",
            "share": 600,
            "where": "here",
            "here": {"name": "box", "facts": {}},
        },
        "notes": {
            "exhausted.jsonl": [["autotvm", "llvm", "[]", ""]],
            "baselines.jsonl": [["autotvm", "llvm", "[]", "", 0.5]],
            "tuners.jsonl": [["xgb", {"n": 1}]],
            "described.jsonl": [["0123456789abcdef", "matmul"]],
        },
    },
    "settings": {
        "format": 1,
        "keep": 1,
        "policy.tvm": "same-minor",
        "policy.facts": ["gpu.name"],
        "policy.max-age": None,
    },
    "header": {
        "job": {
            "format": 1,
            "id": JOB,
            "kind": "tune",
            "started": None,
            "finished": TIME,
            "author": "A <a@b>",
            "tuner": "xgb",
            "options": {"n": 1},
            "complete": True,
            "tvm": TVM,
            "sources": [{"name": "log", "size": 1, "sha256": "0" * 64, "start": 0}],
        }
    },
    "section": {
        "section": {
            "family": "autotvm",
            "target": {"canonical": {"kind": "llvm"}, "given": ["llvm "], "facts": {"num-cores": 2}},
            "platform": {"name": "board", "facts": {}},
            "tuned_with": TVM,
        }
    },
    "task": {
        "task": {
            "workload": {"id": JOB, "text": "t", "signature": "() C", "module": "[]"},
            "effort": {
                "trials": 2,
                "configs": 1,
                "errors": {"unknown": 1},
                "exhausted": None,
                "sample": "AAAAAAAAAAA=",
            },
            "baseline": 0.5,
            "x-history": {
                "costs": [-640, 3],
                "errors": {"unknown": 1},
                "of": "AAB",
                "tables": [
                    {"knobs": {"t": {"kind": "split", "extent": 8, "parts": [[[0], "AA"], [[2, 4], "AB"]]}}},
                    {"form": [["SP"]], "knobs": {"t": {"kind": "choice", "values": [["x", 1]], "at": "A"}}},
                ],
            },
        }
    },
    "invalidates": {"invalidates": {"job": JOB, "records": None}},
}


def schema_of(name: str) -> str:
    return name if name in NAMES else "segment"


def at(document: Any, path: list[Any]) -> Any:
    for part in path:
        document = document[part]
    return document


def changed(name: str, path: list[Any], value: Any) -> Any:
    """The valid document with one value replaced, or added."""
    document = json.loads(json.dumps(VALID[name]))
    at(document, path[:-1])[path[-1]] = value
    return document


def test_these_are_all_schemas() -> None:
    assert sorted(path.name for path in schema_folder().iterdir()) == [f"{name}.json" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_itself_valid(name: str) -> None:
    text = (schema_folder() / f"{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert document["$id"] == f"urn:tvmgitlib:schema:1:{name}"
    assert text == json.dumps(document, indent=2) + "\n"


def test_schemas_lie_in_the_package_or_beside_it() -> None:
    assert Path(str(schema_folder())).parts[-2:] == ("schema", "v1")


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid(name: str) -> None:
    check(VALID[name], schema_of(name))


def objects(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all objects in a document."""
    if isinstance(value, dict):
        return [path, *(found for key, inner in value.items() for found in objects(inner, (*path, key)))]
    if isinstance(value, list):
        return [found for index, inner in enumerate(value) for found in objects(inner, (*path, index))]
    return []


# Objects whose names are the users' or TVM's.
FREE = {
    ("autotvm",),
    ("autotvm", "config"),
    ("autotvm", "input", 3),
    ("envelope", "x-tvmgitlib"),
    ("metaschedule", 1, 2),
    ("header", "job", "options"),
    ("section", "section", "target", "canonical"),
    ("section", "section", "target", "facts"),
    ("section", "section", "platform", "facts"),
    *(("shared-job", "job", *path) for path in (("facts",), ("options",), ("here", "facts"))),
    ("shared-job", "notes", "tuners.jsonl", 0, 1),
}
PLACES = [(name, path) for name, document in VALID.items() for path in objects(document) if (name, *path) not in FREE]
BAGS = {("bag",), ("settings",), ("header", "job"), ("section", "section"), ("task", "task")}


@pytest.mark.parametrize(("name", "path"), PLACES, ids=str)
def test_unknown_keys_are_refused_everywhere(name: str, path: tuple[Any, ...]) -> None:
    with pytest.raises(RecordError, match="surprise"):
        check(changed(name, [*path, "surprise"], 1), schema_of(name))


@pytest.mark.parametrize(("name", "path"), PLACES, ids=str)
def test_x_keys_are_free_where_they_are_promised(name: str, path: tuple[Any, ...]) -> None:
    document = changed(name, [*path, "x-mine"], {"any": ["thing"]})
    if (name, *path) in BAGS:
        check(document, schema_of(name))
    else:
        with pytest.raises(RecordError):
            check(document, schema_of(name))


OPTIONAL = {
    *(("autotvm", key) for key in ("version", "tvm_version")),
    ("ansor", "v"),
    *(("bag", key) for key in ("text", "signature")),
    *(("settings", key) for key in ("keep", "policy.tvm", "policy.facts", "policy.max-age")),
    *(("task", "task", "workload", key) for key in ("signature", "module")),
    *(("task", "task", key) for key in ("baseline", "x-history")),
    *(("task", "task", "x-history", *path) for path in (("errors",), ("of",), ("errors", "unknown"))),
    *(("task", "task", "x-history", "tables", at, "knobs", "t") for at in (0, 1)),
    ("task", "task", "x-history", "tables", 0, "knobs", "t", "extent"),
    ("task", "task", "x-history", "tables", 1, "form"),
    ("task", "task", "effort", "errors", "unknown"),
    ("fold", "kinds", "tune"),
}


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [(name, path, key) for name, path in PLACES for key in at(VALID[name], list(path))],
    ids=str,
)
def test_missing_keys(name: str, path: tuple[Any, ...], key: str) -> None:
    document = json.loads(json.dumps(VALID[name]))
    del at(document, list(path))[key]
    if (name, *path, key) in OPTIONAL:
        check(document, schema_of(name))
    else:
        with pytest.raises(RecordError):
            check(document, schema_of(name))


@pytest.mark.parametrize(
    ("name", "path", "value", "field"),
    [
        ("autotvm", ["input"], ["llvm", "t", []], "input"),
        ("autotvm", ["input", 0], 3, "input[0]"),
        ("autotvm", ["input", 0], "", "input[0]"),
        ("autotvm", ["config", "entity", 0, 1], "xx", "config.entity[0][1]"),
        ("autotvm", ["result", 0], [True], "result[0][0]"),
        ("autotvm", ["result", 0], 0.1, "result[0]"),
        ("autotvm", ["result", 1], 1.5, "result[1]"),
        ("autotvm", ["result"], [[0.1], 0, 1.0], "result"),
        ("ansor", ["i", 0, 0], None, "i[0][0]"),
        ("ansor", ["i", 1, 1, 0], [], "i[1][1][0]"),
        ("ansor", ["r", 2], "long", "r[2]"),
        ("ansor", ["v"], 0.1, "v"),
        ("metaschedule", [0], -1, "[0]"),
        ("metaschedule", [1, 1, 0], "fast", "[1][1][0]"),
        ("metaschedule", [1, 2], 1, "[1][2]"),
        ("bag", ["job"], "ABC", "job"),
        ("bag", ["trials"], True, "trials"),
        ("bag", ["trials"], 1e300, "trials"),
        ("bag", ["finished"], "yesterday", "finished"),
        ("bag", ["finished"], f"{TIME}\n", None),  # the two validators differ on a line end after `$`
        ("fold", ["format"], 2, "format"),
        ("fold", ["format"], True, "format"),
        ("fold", ["kinds"], {"tuned": 1}, "kinds"),
        ("settings", ["keep"], 0, "keep"),
        ("settings", ["keep"], 10**9, "keep"),
        ("settings", ["policy.max-age"], 10**10, "policy.max-age"),
        ("settings", ["policy.facts"], ["a..b"], "policy.facts[0]"),
        ("header", ["job", "format"], 2, "job.format"),
        ("header", ["job", "kind"], "guess", "job.kind"),
        ("header", ["job", "kind"], "revert", "job"),
        ("header", ["job", "kind"], "invalidate", "job"),
        ("header", ["job", "reverts"], [JOB], "job"),
        ("header", ["job", "sources", 0, "size"], -1, "job.sources[0].size"),
        ("section", ["section", "platform", "name"], "../x", "section.platform.name"),
        ("section", ["section", "family"], "Relay/..", "section.family"),
        ("section", ["section", "target", "given"], [], "section.target.given"),
        ("task", ["task", "effort", "errors"], {"bad_luck": 1}, "task.effort.errors"),
        ("task", ["task", "effort", "sample"], "*", "task.effort.sample"),
        ("task", ["task", "baseline"], 0, "task.baseline"),
        ("task", ["task", "x-history", "of"], "é", "task.x-history.of"),
        ("task", ["task", "x-history", "costs"], [0] * 65, "task.x-history.costs"),
        ("task", ["task", "x-history", "tables", 0], 1, "task.x-history.tables[0]"),
        ("invalidates", ["invalidates", "records"], [], "invalidates.records"),
        ("invalidates", ["invalidates", "records"], ["0"], "invalidates.records[0]"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_messages_name_the_field(name: str, path: list[Any], value: Any, field: str | None) -> None:
    with pytest.raises(RecordError) as caught:
        check(changed(name, path, value), schema_of(name))
    assert caught.value.field == field
    assert caught.value.message


WORDS: list[tuple[str, list[Any], Any, str]] = [
    ("autotvm", ["input", 1], 7, "the task's name has to be text, it is 7"),
    ("autotvm", ["input", 1], "", "the task's name is empty"),
    (
        "autotvm",
        ["config", "entity", 0, 1],
        "xx",
        'the knob\'s kind has to be "sp" or "ot" or "re" or "an", it is "xx"',
    ),
    ("ansor", ["i", 0, 3], 0, "the target host has to be text, it is 0"),
    (
        "metaschedule",
        [0],
        -1,
        "the line number of the workload in database_workload.json has to be 0 or more, it is -1",
    ),
    ("metaschedule", [1, 2], 1, "the target has to be an object with keys or text or null, it is 1"),
    ("settings", ["kepe"], 1, 'there is no such key as "kepe"'),
    ("settings", ["keep"], 1001, "it has to be 1000 or less, it is 1001"),
    ("lock", ["commit"], "main", 'it has to be 40 or 64 hex digits, it is "main"'),
    ("bag", ["job"], "ABC", 'the job that measured it has to be 16 hex digits, it is "ABC"'),
    ("header", ["job", "tuner"], 7, "it has to be text or null, it is 7"),
    ("header", ["job", "author"], "x" * 70_000, "it has to be 65,536 characters long or shorter, it is 70,000"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), WORDS, ids=[words[-1][:40] for words in WORDS])
def test_messages_are_in_words(name: str, path: list[Any], value: Any, words: str) -> None:
    with pytest.raises(RecordError) as caught:
        check(changed(name, path, value), schema_of(name))
    assert caught.value.message == words


def patterns(value: Any) -> list[dict[str, Any]]:
    """Every subschema with a pattern."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [each for part in inner for each in patterns(part)]
    return [value, *found] if isinstance(value, dict) and isinstance(value.get("pattern"), str) else found


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_has_words(name: str) -> None:
    for schema in patterns(json.loads((schema_folder() / f"{name}.json").read_text(encoding="utf-8"))):
        assert schema["title"]


def test_a_missing_key_is_called_what_it_is() -> None:
    document = json.loads(json.dumps(VALID["autotvm"]))
    del document["config"]["entity"]
    with pytest.raises(RecordError, match=r'^field config: it lacks "entity", the list of knobs$'):
        check(document, "autotvm")


def test_a_document_inside_a_field() -> None:
    with pytest.raises(RecordError) as caught:
        check(changed("bag", ["job"], 1), "bag", within="x-tvmgitlib")
    assert caught.value.field == "x-tvmgitlib.job"


def test_a_line_of_a_segment_is_one_thing() -> None:
    with pytest.raises(RecordError):
        check(VALID["header"] | VALID["section"], "segment")
    with pytest.raises(RecordError):
        check({}, "segment")


def test_long_values_do_not_make_long_messages() -> None:
    with pytest.raises(RecordError) as caught:
        check(changed("autotvm", ["tvm_version"], "x" * 100_000), "autotvm")
    assert len(caught.value.message) < 400
