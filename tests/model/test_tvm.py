from __future__ import annotations

import pytest

from tvmgitlib.model import TvmVersion, minor_version


@pytest.mark.parametrize(
    ("version", "minor"),
    [
        ("0.27.0.post1", "0.27"),
        ("0.16.dev0", "0.16"),
        ("0.9", "0.9"),
        ("10.20.30", "10.20"),
        ("0", None),
        ("main", None),
        ("v0.16", None),
        ("\u0660.\u0661", None),
        ("", None),
        (None, None),
    ],
)
def test_minor_version(version: str | None, minor: str | None) -> None:
    assert minor_version(version) == TvmVersion("d", version).minor == minor
    assert TvmVersion(None, version).group == ("", minor or "")


@pytest.mark.parametrize(
    ("text", "distribution", "version"),
    [
        ("apache-tvm==0.27.0.post1", "apache-tvm", "0.27.0.post1"),
        (" Hhb_TVM==0.16.dev0 ", "hhb-tvm", "0.16.dev0"),
        ("tvm==0.19.dev0+gabc", "tvm", "0.19.dev0+gabc"),
    ],
)
def test_parse(text: str, distribution: str, version: str) -> None:
    parsed = TvmVersion.parse(text)
    assert parsed == TvmVersion(distribution, version, "option")
    assert TvmVersion.parse(f"{parsed.distribution}=={parsed.version}") == parsed


@pytest.mark.parametrize(
    "text", ["", "0.27", "tvm", "tvm=0.27", "tvm==", "==0.27", "tvm>=0.27", "tvm==0.27,<1", "t vm==1"]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DIST==VERSION"):
        TvmVersion.parse(text)


@pytest.mark.parametrize(
    ("tvm", "words"),
    [
        (TvmVersion(), "an unknown TVM"),
        (TvmVersion("hhb-tvm", None), "an unknown TVM"),
        (TvmVersion(None, "0.16"), "TVM 0.16"),
        (TvmVersion("hhb-tvm", "0.16"), "hhb-tvm 0.16"),
    ],
)
def test_in_words(tvm: TvmVersion, words: str) -> None:
    assert str(tvm) == words
