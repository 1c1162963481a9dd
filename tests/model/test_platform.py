from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import (
    Json,
    Platform,
    PlatformError,
    fact,
    parse_assignment,
    platform_name_from,
    set_fact,
    validate_platform_name,
)

TOPHUB_MODELS = [
    *("1080ti", "bcm2837", "jetson-nano", "kirin970", "pynq", "rk3399", "snapdragon835", "titanx", "tx2"),
    *("ultra96", "v100", "vtacpu"),
]


@pytest.mark.parametrize("name", ["a", "7", "A.b_c+d-e", "x" * 64, "com10", "console", "a..b", *TOPHUB_MODELS])
def test_valid_names(name: str) -> None:
    assert validate_platform_name(name) == name
    assert Platform(name).name == name
    assert platform_name_from(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".git",
        "-a",
        "+a",
        "_a",
        "a.",
        "a b",
        "a/b",
        "a\\b",
        "a\n",
        "é",
        "x" * 65,
        "con",
        "NUL.txt",
        "Com1",
    ],
)
def test_invalid_names(name: str) -> None:
    with pytest.raises(PlatformError, match="not the name of a platform") as failure:
        validate_platform_name(name)
    assert "A-Z a-z 0-9 . _ + -" in str(failure.value)
    with pytest.raises(PlatformError):
        Platform(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", "intel-xeon-platinum-8375c"),
        ("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz", "intel-core-i7-8700k"),
        ("12th Gen Intel(R) Core(TM) i7-12700", "12th-gen-intel-core-i7-12700"),
        ("AMD EPYC 7R13 Processor", "amd-epyc-7r13"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "amd-ryzen-9-5950x"),
        ("Apple M1 Pro", "apple-m1-pro"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-80gb-hbm3"),
        ("NVIDIA GeForce RTX 3090 Ti", "nvidia-geforce-rtx-3090-ti"),
        ("Tesla V100-SXM2-16GB", "tesla-v100-sxm2-16gb"),
        ("V100", "v100"),
        ("Con", "platform-con"),
        ("日本", "platform"),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_detected_names(text: str, name: str) -> None:
    assert platform_name_from(text, detected=True) == name


@pytest.mark.parametrize(
    ("text", "readable"),
    [("Titan X", "titan-x"), ("a/b", "a-b"), ("NUL.b", "platform-nul.b"), ("日本", "platform"), ("x" * 99, "x" * 57)],
)
def test_models_that_are_no_names_get_a_digest(text: str, readable: str) -> None:
    assert platform_name_from(text) == f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


@pytest.mark.parametrize("text", ["", " \t"])
def test_nothing_is_named_after_an_empty_text(text: str) -> None:
    with pytest.raises(PlatformError, match="empty"):
        platform_name_from(text)


@given(st.text().filter(str.strip), st.booleans())
def test_every_text_gives_a_valid_name(text: str, detected: bool) -> None:
    name = platform_name_from(text, detected=detected)
    assert validate_platform_name(name) == name


@given(st.lists(st.text("aA b(/)é", min_size=1).filter(str.strip), min_size=2, max_size=20, unique=True))
def test_two_models_never_share_a_name(models: list[str]) -> None:
    assert len({platform_name_from(model) for model in models}) == len(models)


FACTS: dict[str, Json] = {"gpu": {"name": "H100", "clocks": {"sm_mhz": 1980}}, "memory_gib": 24}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gpu.name", "H100"),
        ("gpu.clocks.sm_mhz", 1980),
        ("memory_gib", 24),
        ("gpu.clocks", {"sm_mhz": 1980}),
        ("gpu.driver", None),
        ("memory_gib.total", None),
        ("", None),
    ],
)
def test_fact(key: str, value: Json) -> None:
    assert fact(FACTS, key) == value


@pytest.mark.parametrize("key", ["cooling", "cooling.kind", "gpu.name", "gpu.clocks.mem_mhz", "gpu"])
def test_set_fact(key: str) -> None:
    before = repr(FACTS)
    after = set_fact(FACTS, key, "new")
    assert fact(after, key) == "new"
    assert fact(after, "memory_gib") == 24
    assert repr(FACTS) == before


def test_a_fact_is_no_object_of_facts() -> None:
    with pytest.raises(PlatformError, match="memory_gib is a value"):
        set_fact(FACTS, "memory_gib.total", 1)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("cooling=fan", "cooling", "fan"),
        ("cooling.kind=fan", "cooling.kind", "fan"),
        ("a-b.c_d.0=1", "a-b.c_d.0", 1),
        ("x=1.5", "x", 1.5),
        ("x=true", "x", True),
        ("x=null", "x", None),
        ('x="1"', "x", "1"),
        ('x={"a": [1]}', "x", {"a": [1]}),
        ("x=", "x", ""),
        ("x=a=b", "x", "a=b"),
        ("x=NaN", "x", "NaN"),
        ("x=-Infinity", "x", "-Infinity"),
        ("x=1e999", "x", "1e999"),
        ('x={"a":1,"a":2}', "x", '{"a":1,"a":2}'),
        ('x="\\ud800"', "x", '"\\ud800"'),
        ("x=" + "[" * 100_000, "x", "[" * 100_000),
        # What readers of JSON do not agree on stays text: nothing is lost.
        ("x=" + "[" * 17 + "]" * 17, "x", "[" * 17 + "]" * 17),
        ("x=[[[1]]]", "x", [[[1]]]),
        (f"x={2**63 - 1}", "x", 2**63 - 1),
        (f"x={2**63}", "x", str(2**63)),
        ("x=[1" + "0" * 400 + "]", "x", "[1" + "0" * 400 + "]"),
        ("x=1" + "0" * 5000, "x", "1" + "0" * 5000),
        # So does a number that would be written otherwise than it was given: versions are such.
        ("x=550.120", "x", "550.120"),
        ("x=12.10", "x", "12.10"),
        ("x=12.1", "x", 12.1),
        ("x=1e5", "x", "1e5"),
        ("x=-0", "x", "-0"),
        ("x= 1", "x", " 1"),
        ("x=-1.0", "x", -1.0),
        ("x= true", "x", True),
        ('x=[12.10, {"a": 1e5}]', "x", [12.1, {"a": 1e5}]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_assignment(text: str, key: str, value: Json) -> None:
    assert parse_assignment(text) == (key, value)


@pytest.mark.parametrize(
    "text", ["", "x", "=1", "a..b=1", ".a=1", "a b=1", "é=1", "a\n=1", "x=\udcff", "a." * 5000 + "a=1"]
)
def test_malformed_assignment(text: str) -> None:
    with pytest.raises(PlatformError):
        parse_assignment(text)


@pytest.mark.parametrize("key", ["", "a.", "a b", ".".join("a" * 17)])
def test_malformed_key(key: str) -> None:
    with pytest.raises(PlatformError, match=re.escape("is not the key of a fact")):
        set_fact({}, key, 1)
