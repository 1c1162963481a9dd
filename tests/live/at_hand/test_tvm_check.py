"""Installations are faked: a folder on `sys.path` with dist-info folders and a `tvm` that must not be imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib.live.at_hand.tvm_check import TvmInfo, require_tvm
from tvmgitlib.model import TvmError

Install = Callable[[str, str], None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that this Python finds anything in, empty at first."""
    """The only folder in which this Python finds anything beside its standard library; empty at first."""
    standard_library = [entry for entry in sys.path if Path(entry).name not in ("site-packages", "dist-packages")]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *standard_library])
    monkeypatch.delitem(sys.modules, "tvm", raising=False)
    return tmp_path


@pytest.fixture
def install(site: Path) -> Install:
    """Install a distribution, in name only."""

    def install(name: str, version: str) -> None:
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    return install


def unpack(site: Path, version_file: str = "_version.py", text: str = "") -> None:
    """Make the folder of a TVM that raises when it is imported."""
    package = site / "tvm"
    (package / "target").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package / version_file).parent.mkdir(exist_ok=True)
    (package / version_file).write_text(text)


def refusal(distribution: str | None = None) -> tuple[str, str]:
    """The message and the hint with which the check fails."""
    with pytest.raises(TvmError) as caught:
        require_tvm(distribution)
    return caught.value.message, caught.value.hint or ""


@pytest.mark.parametrize(
    ("tvm", "ffi"),
    [
        ("0.27.0.post1", "0.1.14.post1"),
        ("0.27.0.post1", "0.1.14"),
        ("0.25.0.post1", "0.1.12"),
        ("0.25.0", "0.1.12.post2"),
        ("0.25.0", "0.1.9"),
        ("0.26.0", "0.1.13"),  # nothing is known against it
        ("0.28.0", "0.2.0"),  # newer than what is known
        ("0.28.dev12+gabcdef", "0.1.15"),
    ],
)
def test_parts_that_fit_are_let_through(site: Path, install: Install, tvm: str, ffi: str) -> None:
    install("apache-tvm", tvm)
    install("apache-tvm-ffi", ffi)
    unpack(site)
    assert require_tvm() == require_tvm("apache-tvm") == TvmInfo("apache-tvm", tvm)


@pytest.mark.parametrize(
    ("tvm", "ffi", "says", "pin"),
    [
        ("0.27.0.post1", "0.1.15", "cannot save a record", "0.1.14.post1"),
        ("0.27.0.post1", "0.1.15.post1", "cannot save a record", "0.1.14.post1"),
        ("0.27.0", "0.2.0", "cannot save a record", "0.1.14.post1"),
        ("0.27.0", "0.1.12", "cannot save a record", "0.1.14.post1"),
        ("0.25.0.post1", "0.1.13", "does not import", "0.1.12"),
        ("0.25.0", "0.1.14.post1", "does not import", "0.1.12"),
    ],
)
def test_parts_that_do_not_fit_are_named(site: Path, install: Install, tvm: str, ffi: str, says: str, pin: str) -> None:
    install("apache-tvm", tvm)
    install("apache-tvm-ffi", ffi)
    unpack(site)
    message, hint = refusal()
    assert message.startswith(f"apache-tvm {tvm} {says} with apache-tvm-ffi {ffi}")
    assert hint == f"python -m pip install apache-tvm-ffi=={pin}"


@pytest.mark.parametrize(("tvm", "pin"), [("0.27.0", "==0.1.14.post1"), ("0.28.0", "")])
def test_a_missing_part_is_named(site: Path, install: Install, tvm: str, pin: str) -> None:
    install("apache-tvm", tvm)
    unpack(site)
    message, hint = refusal()
    assert message == f"apache-tvm {tvm} does not import without apache-tvm-ffi"
    assert hint == f"python -m pip install apache-tvm-ffi{pin}"


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        (None, "python -m pip install apache-tvm==0.27.0.post1 apache-tvm-ffi==0.1.14.post1 "),
        ("apache-tvm", "python -m pip install apache-tvm==0.27.0.post1 apache-tvm-ffi==0.1.14.post1 "),
        ("hhb-tvm", "python3.10 -m pip install hhb-tvm==3.2.3 "),
    ],
)
@pytest.mark.usefixtures("site")
def test_no_tvm_at_all(distribution: str | None, command: str) -> None:
    message, hint = refusal(distribution)
    assert message == "no TVM is installed in this Python"
    assert hint.startswith(command)


def test_files_that_are_gone_are_no_tvm(install: Install) -> None:
    install("apache-tvm", "0.27.0.post1")
    message, hint = refusal()
    assert message == "apache-tvm 0.27.0.post1 is installed, but its files are gone"
    assert hint.startswith("python -m pip install --force-reinstall apache-tvm==")


def test_the_other_tvm_of_pypi(install: Install) -> None:
    install("tvm", "1.0.0")
    message, hint = refusal("apache-tvm")
    assert message == "the installed package tvm 1.0.0 is not Apache TVM: it computes the time value of money"
    assert hint.startswith("python -m pip uninstall -y tvm && python -m pip install apache-tvm==")


def test_the_other_tvm_of_pypi_beside_the_real_one_does_no_harm(site: Path, install: Install) -> None:
    install("tvm", "1.0.0")
    install("apache-tvm", "0.27.0.post1")
    install("apache-tvm-ffi", "0.1.14.post1")
    unpack(site)
    assert require_tvm() == TvmInfo("apache-tvm", "0.27.0.post1")


@pytest.mark.parametrize("place", ["tvm.py", "tvm/__init__.py", "tvm/python/readme"])
def test_a_module_of_that_name_that_is_no_tvm(site: Path, place: str) -> None:
    (site / place).parent.mkdir(parents=True, exist_ok=True)
    (site / place).write_text("raise AssertionError('imported')\n")
    message, hint = refusal()
    assert str(site / "tvm") in message
    assert "it has no tvm.target" in message
    assert "python -m pip install apache-tvm==" in hint


def test_a_tvm_from_source(site: Path) -> None:
    unpack(site, "libinfo.py", '__version__ = "0.19.dev0"\n')
    assert require_tvm() == TvmInfo("tvm", "0.19.dev0")


def test_another_tvm_than_the_one_needed(site: Path, install: Install) -> None:
    install("apache-tvm", "0.27.0.post1")
    install("apache-tvm-ffi", "0.1.14.post1")
    unpack(site)
    message, hint = refusal("hhb-tvm")
    assert message == "this needs hhb-tvm, and the TVM of this Python is apache-tvm 0.27.0.post1"
    assert hint.startswith("In an environment of its own: python3.10 -m pip install hhb-tvm==3.2.3")


def test_two_in_one_environment(site: Path, install: Install) -> None:
    install("apache-tvm", "0.27.0.post1")
    install("hhb-tvm", "3.2.3")
    unpack(site)
    message, hint = refusal("hhb-tvm")
    assert "overwrite each other's files" in message
    assert hint.startswith("python -m pip uninstall -y apache-tvm hhb-tvm && python3.10 -m pip install hhb-tvm")


def test_hhb_runs_on_python_3_10_and_its_version_is_the_one_of_its_tvm(
    site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("hhb-tvm", "3.2.3")
    unpack(site, "_ffi/libinfo.py", 'import os\n\n__version__ = "0.16.dev0"\n')
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    assert require_tvm() == require_tvm("hhb-tvm") == TvmInfo("hhb-tvm", "0.16.dev0")


def test_hhb_on_another_python(site: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("hhb-tvm", "3.2.3")
    unpack(site)
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    message, hint = refusal()
    assert message == "hhb-tvm 3.2.3 does not run on Python 3.12"
    assert hint.startswith("In an environment with Python 3.10: python3.10 -m pip install hhb-tvm==3.2.3")


@pytest.mark.parametrize(
    "text",
    [
        "__version__: str\n\n__version__ = version = '0.27.1.dev3'\n",
        'try:\n    from x import y as __version__\nexcept ImportError:\n    __version__ = "0.27.1.dev3"\n',
    ],
)
def test_the_version_is_the_one_that_tvm_itself_says(site: Path, install: Install, text: str) -> None:
    install("apache-tvm", "0.27.1")
    install("apache-tvm-ffi", "0.1.14.post1")
    unpack(site, text=text)
    assert require_tvm().version == "0.27.1.dev3"


def test_checking_imports_no_tvm(site: Path) -> None:
    unpack(site, text='__version__ = "0.19.0"\n')
    code = (
        f"import sys; sys.path[:0] = {[str(site), str(Path(__file__).parents[3])]!r}\n"
        "from tvmgitlib.live.at_hand import tvm_check, import_trap\n"
        "tvm_check._installed = lambda name: None\n"
        "print(tvm_check.require_tvm().version, 'tvm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0.19.0", "False"]
