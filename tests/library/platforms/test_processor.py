"""The CPU by what Linux tells of it, in the forms that /proc/cpuinfo has on one architecture and another."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import cpuinfo
import pytest

from tvmgitlib.library.platforms.detect import _features
from tvmgitlib.library.platforms.processor import Processor, processor, told_by_linux

XEON = """\
processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz
flags\t\t: fpu sse sse2 avx avx2 avx512f
bugs\t\t: spectre_v1
"""

RASPBERRY_PI_32_BIT = """\
processor\t: 0
model name\t: ARMv7 Processor rev 3 (v7l)
Features\t: half thumb vfp neon vfpv4
CPU implementer\t: 0x41

Hardware\t: BCM2711
"""

OLD_ARM = """\
Processor\t: ARMv7 Processor rev 0 (v7l)
processor\t: 0
Features\t: swp vfp neon
Hardware\t: Tegra
"""

RK3399 = """\
processor\t: 0
BogoMIPS\t: 48.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU part\t: 0xd03
"""


@pytest.mark.parametrize(
    ("text", "cpu"),
    [
        (XEON, Processor("Intel(R) Xeon(R) CPU @ 2.20GHz", ["fpu", "sse", "sse2", "avx", "avx2", "avx512f"])),
        (RASPBERRY_PI_32_BIT, Processor("ARMv7 Processor rev 3 (v7l)", ["half", "thumb", "vfp", "neon", "vfpv4"])),
        (OLD_ARM, Processor("ARMv7 Processor rev 0 (v7l)", ["swp", "vfp", "neon"])),
        ("", None),
        ("processor\t: 0\nmodel name\t: a name alone\n", None),
    ],
)
def test_linux_tells_the_name_and_the_features(text: str, cpu: Processor | None) -> None:
    assert told_by_linux(text) == cpu


def test_lscpu_has_the_names_of_64_bit_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "lscpu"
    program.write_text("#!/bin/sh\necho 'Vendor ID:      ARM'\necho '  Model name:   Cortex-A53'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = told_by_linux(RK3399)
    assert found is not None
    assert (found.name, found.flags[:2]) == ("Cortex-A53", ["fp", "asimd"])
    program.write_bytes(b"#!/bin/sh\nprintf 'Model name: Cortex-\\377\\n'\n")
    assert told_by_linux(RK3399) == Processor("Cortex-\ufffd", found.flags)
    program.unlink()
    assert told_by_linux(RK3399) is None


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux tells")
def test_facts_are_those_that_py_cpuinfo_finds_without_what_the_kernel_hides() -> None:
    info = cpuinfo.get_cpu_info()
    found = processor()
    assert found.name == (info.get("brand_raw") or info.get("hardware_raw"))
    assert {*_features(found.flags)} <= {*_features(info["flags"])}


@pytest.mark.skipif(platform.machine() != "x86_64" or platform.system() != "Linux", reason="others need lscpu")
def test_no_process_is_run_to_know_it() -> None:
    code = (
        "import sys; sys.addaudithook(lambda event, _: event == 'subprocess.Popen' and sys.exit(event)); "
        "from tvmgitlib.library.platforms import detect_platform; detect_platform(); "
        "assert 'cpuinfo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
