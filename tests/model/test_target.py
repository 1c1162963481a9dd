from __future__ import annotations

import json
import os
import re
import string
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import TargetError
from tvmgitlib.model.target import MAX_TEXT_LENGTH, Target, beyond, completed, parse_target, recorded_target

TOPHUB = Path(os.environ.get("TVMGITLIB_TOPHUB") or Path(__file__).parents[2].parent / "shared" / "data" / "tophub")


def key(value: object) -> str:
    return parse_target(value).target.key


def parse_host(triple: str) -> dict[str, object]:
    return {"kind": "cuda", "host": {"kind": "llvm", "mtriple": triple}}


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("llvm", {"kind": "llvm"}),
        ("  llvm ", {"kind": "llvm"}),
        ("llvm -mcpu=skylake-avx512", {"kind": "llvm", "mcpu": "skylake-avx512"}),
        ("llvm -mcpu skylake-avx512", {"kind": "llvm", "mcpu": "skylake-avx512"}),
        ("llvm --mcpu=skylake-avx512", {"kind": "llvm", "mcpu": "skylake-avx512"}),
        ("llvm -mcpu='skylake-avx512'", {"kind": "llvm", "mcpu": "skylake-avx512"}),
        ("llvm -target=armv7l-linux-gnueabihf", {"kind": "llvm", "mtriple": "armv7l-linux-gnueabihf"}),
        ("llvm -mattr=+neon,-sve,+neon,", {"kind": "llvm", "mattr": ["+neon", "-sve"]}),
        ("llvm -libs=mkl,cblas", {"kind": "llvm", "libs": ["cblas", "mkl"]}),
        ('llvm -libs="mkl, cblas"', {"kind": "llvm", "libs": ["cblas", "mkl"]}),
        ("llvm -fast-math", {"kind": "llvm", "fast-math": 1}),
        ("llvm -fast-math=true -opt-level=2", {"kind": "llvm", "fast-math": 1, "opt-level": 2}),
        ("llvm -fast-math=0", {"kind": "llvm"}),
        ("llvm -cl-opt=-b,-a", {"kind": "llvm", "cl-opt": ["-b", "-a"]}),
        ("llvm -mcpu=", {"kind": "llvm"}),
        ("llvm -keys=cpu -link-params=0 -num-cores=8 -model=x -runtime=c -system-lib", {"kind": "llvm"}),
        ("cuda -model=1080ti -max_num_threads=1024", {"kind": "cuda"}),
        ("cuda -arch=sm_80", {"kind": "cuda", "arch": "sm_80"}),
        # As a user says it, it is an arch; with the `keys` of TVM's own export, TVM has filled it in.
        ("cuda -arch=sm_50", {"kind": "cuda", "arch": "sm_50"}),
        ("nvptx -mcpu=sm_50 -mtriple=nvptx64-nvidia-cuda", {"kind": "nvptx", "mcpu": "sm_50"}),
        ("rocm -mcpu=gfx900 -mtriple=amdgcn-amd-amdhsa-hcc", {"kind": "rocm", "mcpu": "gfx900"}),
        ("cuda -keys=cuda,gpu -arch=sm_50 -max_num_threads=1024 -thread_warp_size=32", {"kind": "cuda"}),
        ("cuda -keys=cuda,gpu -arch=sm_50 -link-params=0 -model=gtx750", {"kind": "cuda"}),
        ("cuda -keys=cuda,gpu -arch=sm_50 -registers_per_block=65536", {"kind": "cuda", "arch": "sm_50"}),  # a tag's
        ("cuda -keys=cuda,gpu -arch=sm_52", {"kind": "cuda", "arch": "sm_52"}),
        ("nvptx -keys=cuda,gpu -mcpu=sm_50 -mtriple=nvptx64-nvidia-cuda", {"kind": "nvptx"}),
        ("rocm -keys=rocm,gpu -mcpu=gfx900 -mtriple=amdgcn-amd-amdhsa-hcc -max_num_threads=256", {"kind": "rocm"}),
        ("cuda -arch=sm_100 -code=sm_100a", {"kind": "cuda", "arch": "sm_100", "code": "sm_100a"}),
        ("llvm -mtriple=x86_64-unknown-linux-gnu", {"kind": "llvm", "mtriple": "x86_64-linux-gnu"}),
        ("llvm -mtriple=x86_64-conda-linux-gnu", {"kind": "llvm", "mtriple": "x86_64-linux-gnu"}),
        ("llvm -mtriple=x86_64-pc-linux-gnu", {"kind": "llvm", "mtriple": "x86_64-linux-gnu"}),
        ("llvm -target=riscv64-unknown-linux-gnu", {"kind": "llvm", "mtriple": "riscv64-linux-gnu"}),
        ("llvm -mtriple=arm64-apple-macos", {"kind": "llvm", "mtriple": "arm64-apple-macos"}),
        ("llvm -mtriple=wasm32-unknown-unknown-wasm", {"kind": "llvm", "mtriple": "wasm32-unknown-unknown-wasm"}),
        ("cuda -host='llvm -mtriple=x86_64-pc-linux-gnu'", parse_host("x86_64-linux-gnu")),
        ("llvm -mcpu=core-avx2", {"kind": "llvm", "mcpu": "haswell"}),
        ("llvm -mcpu=skx", {"kind": "llvm", "mcpu": "skylake-avx512"}),
        ("llvm -mcpu=apple-m1", {"kind": "llvm", "mcpu": "apple-a14"}),
        ("c -mcpu=core-avx2", {"kind": "c", "mcpu": "core-avx2"}),  # a C compiler's name
        ("llvm -opt-level=3 -mcpu=generic", {"kind": "llvm"}),
        ("llvm -opt-level=1", {"kind": "llvm", "opt-level": 1}),
        ("hexagon -mcpu=generic", {"kind": "hexagon", "mcpu": "generic"}),
        (
            "raspberry-pi/4b-aarch64",
            {"kind": "llvm", "mattr": ["+neon"], "mcpu": "cortex-a72", "mtriple": "aarch64-linux-gnu"},
        ),
        ("nvidia/geforce-840m", {"kind": "cuda", "arch": "sm_50"}),
        ('{"tag": "nvidia/geforce-rtx-3090", "arch": "sm_80"}', {"kind": "cuda", "arch": "sm_80"}),
        ('{"kind": "cuda", "tag": "nvidia/geforce-rtx-3090"}', {"kind": "cuda"}),
        ("rocm -mcpu=gfx90a", {"kind": "rocm", "mcpu": "gfx90a"}),
        ("opencl -device=mali -max_threads_per_block=256", {"kind": "opencl", "device": "mali"}),
        ("hexagon -mcpu=hexagonv68 -vtcm-capacity=8", {"kind": "hexagon", "mcpu": "hexagonv68"}),
        ("npu_x -arch=v2 -mcpu=a -queues=4", {"kind": "npu_x", "arch": "v2", "mcpu": "a"}),
        (
            "opencl -device=mali -host='llvm -mtriple=aarch64-linux-gnu -num-cores=4'",
            {"kind": "opencl", "device": "mali", "host": {"kind": "llvm", "mtriple": "aarch64-linux-gnu"}},
        ),
        (
            "cuda -host=[llvm -mcpu=haswell]",
            {"kind": "cuda", "host": {"kind": "llvm", "mcpu": "haswell"}},
        ),
        ("llvm -mcpu=haswell -host='llvm -mcpu=haswell -keys=cpu'", {"kind": "llvm", "mcpu": "haswell"}),
        ('{"kind": "cuda", "host": "llvm"}', {"kind": "cuda", "host": {"kind": "llvm"}}),
        ('{"kind": "llvm", "fast-math": true, "tag": "", "keys": [], "host": {}}', {"kind": "llvm", "fast-math": 1}),
    ],
)
def test_identity(text: str, attributes: dict[str, object]) -> None:
    target = parse_target(text).target
    assert target.attributes == attributes
    assert target.kind == attributes["kind"]
    assert target.key == json.dumps(attributes, sort_keys=True, separators=(",", ":"))


def test_facts_are_all_that_is_not_identity() -> None:
    given_target = parse_target(
        "cuda -keys=cuda,gpu -arch=sm_50 -model=v100 -num-cores=80 -max_num_threads=1024 -link-params -executor=graph "
        "-tag= -libs=cudnn -host='llvm -num-cores=8'"
    )
    assert given_target.facts == {
        "keys": ["cuda", "gpu"],
        "arch": "sm_50",
        "model": "v100",
        "num-cores": 80,
        "max_num_threads": 1024,
        "link-params": 1,
        "executor": "graph",
        "host": {"num-cores": 8},
    }
    assert given_target.model == "v100"
    assert given_target.num_cores == 80


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("cuda", None),
        ("cuda -model=unknown", None),
        ("cuda -model=", None),
        ("cuda -model=1080", "1080"),
        ('cuda -model="Titan X"', "Titan X"),
    ],
)
def test_model(text: str, model: str | None) -> None:
    assert parse_target(text).model == model


def test_text_is_kept_as_given() -> None:
    assert parse_target("cuda -model=v100 ").text == "cuda -model=v100 "
    assert parse_target({"kind": "cuda", "arch": "sm_70"}).text == '{"arch":"sm_70","kind":"cuda"}'


def test_a_repeated_target_is_parsed_once() -> None:
    assert parse_target("cuda -model=v100") is parse_target("cuda -model=v100")
    as_dict = {"kind": "cuda", "arch": "sm_70", "tag": ""}
    assert (
        parse_target(as_dict)
        is parse_target({"tag": "", **as_dict})
        is parse_target('{"arch":"sm_70","kind":"cuda","tag":""}')
    )


def test_parsing_once_confuses_no_types() -> None:
    assert (
        parse_target({"kind": "llvm", "fast-math": 1}).target
        == parse_target({"kind": "llvm", "fast-math": True}).target
    )
    assert parse_target({"kind": "llvm", "opt-level": 1}).target.attributes["opt-level"] == 1
    with pytest.raises(TargetError, match="opt-level is an integer, not True"):
        parse_target({"kind": "llvm", "opt-level": True})
    with pytest.raises(TargetError, match=r"opt-level is an integer, not 1\.0"):
        parse_target({"kind": "llvm", "opt-level": 1.0})


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("llvm", "llvm"),
        (
            "llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512 -num-cores=2",
            "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu",
        ),
        ("opencl -model=rk3399 -device=mali", "opencl -device=mali"),
        ("cuda -host='llvm -mattr=+b,+a'", "cuda -host=[llvm -mattr=+a,+b]"),
        ({"kind": "llvm", "cl-opt": ["-a b", "-c"]}, "llvm -cl-opt='-a b,-c'"),
    ],
)
def test_label(text: object, label: str) -> None:
    target = parse_target(text).target
    assert target.label == label
    assert parse_target(label).target == target


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("llvm -mcpu=skylake-avx512", "llvm-skylake-avx512"),
        (
            "llvm -device=arm_cpu -mattr=+neon -mtriple=armv7l-linux-gnueabihf",
            "llvm-arm_cpu-neon-armv7l-linux-gnueabihf",
        ),
        ("llvm -opt-level=2 -mcpu=A..B", "llvm-a..b-opt-level-2"),
        ("opencl -device=mali -host=llvm", "opencl-mali-host-llvm"),
        ("llvm -mcpu=" + "x" * 99, "llvm-" + "x" * 55),
        ("_k -mcpu=é/../", "_k-..-"),
    ],
)
def test_folder(text: str, readable: str) -> None:
    folder = parse_target(text).target.folder
    assert re.fullmatch(rf"{re.escape(readable.rstrip('-.'))}-[0-9a-f]{{8}}", folder)


def test_targets_differ_in_folder_where_they_differ_only_in_case() -> None:
    assert parse_target("llvm -mcpu=A").target.folder != parse_target("llvm -mcpu=a").target.folder


def test_targets_are_values() -> None:
    target = parse_target("llvm -mcpu=haswell").target
    assert target == parse_target('{"mcpu": "haswell", "kind": "llvm"}').target
    assert len({target, Target(target.key)}) == 1
    assert target != parse_target("llvm").target
    with pytest.raises(AttributeError, match="immutable"):
        target.key = ""  # type: ignore[misc]
    target.to_dict()["mcpu"] = "changed"
    assert target.attributes["mcpu"] == "haswell"
    assert hash(parse_target("llvm")) == hash(parse_target("llvm"))


def test_an_arch_that_tvm_filled_in_finds_what_was_tuned_for_that_arch_first() -> None:
    live = parse_target("cuda -keys=cuda,gpu -arch=sm_50 -max_num_threads=1024").target
    told, bare, other = (parse_target(text).target for text in ("cuda -arch=sm_50", "cuda", "cuda -arch=sm_60"))
    assert live == bare
    assert live.lookup_keys == told.lookup_keys == (told.device_key, bare.device_key)
    assert bare.lookup_keys == (bare.device_key,)
    assert told.device_key not in other.lookup_keys


def test_near_is_what_leaves_out_a_triple_or_a_cpu() -> None:
    whole = parse_target("llvm -mtriple=x86_64-linux-gnu -mcpu=haswell -mattr=+fma").target
    near = ["llvm", "llvm -mcpu=haswell -mattr=+fma", "llvm -mtriple=x86_64-linux-gnu", "llvm -keys=cpu -num-cores=8"]
    far = ["llvm -mcpu=skylake", "llvm -mtriple=aarch64-linux-gnu", "llvm -libs=mkl", "llvm -device=arm_cpu", "cuda"]
    for text in (*near, *far):
        key = parse_target(text).target.device_key
        assert (key in whole.near_keys, key in whole.lookup_keys) == (text in near, False), text
    assert whole.device_key not in whole.near_keys
    assert list(whole.answering_keys) == [*whole.lookup_keys, *whole.near_keys]
    assert list(whole.answering_keys.values()) == list(range(len(whole.answering_keys)))
    assert parse_target("llvm").target.near_keys == parse_target("cuda -arch=sm_80").target.near_keys == ()


def test_a_target_is_completed_with_what_its_text_leaves_out() -> None:
    told = parse_target("llvm -mtriple=x86_64-linux-gnu -mcpu=haswell").target
    bare = parse_target("llvm -keys=cpu -model=pc")
    done = completed(bare, told)
    assert done.target == told
    assert (done.text, done.model) == (bare.text, "pc")
    assert done.completed == {"mtriple": "x86_64-linux-gnu", "mcpu": "haswell"}
    assert completed(done, told) is done
    for other in ("llvm -mcpu=skylake", "llvm -mtriple=aarch64-linux-gnu", "cuda"):
        given = parse_target(other)
        assert completed(given, told) == given


def test_an_older_library_keeps_its_folder_and_its_record() -> None:
    old = {"kind": "llvm", "mcpu": "core-avx2", "mtriple": "x86_64-unknown-linux-gnu"}
    recorded, today = recorded_target(old, {}), parse_target(old).target
    assert recorded == today
    assert (recorded.folder, today.folder) == (
        "llvm-core-avx2-x86_64-unknown-linux-gnu-" + sha256(recorded.recorded.encode()).hexdigest()[:8],
        parse_target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu").target.folder,
    )
    assert recorded_target(today.to_dict(), {}).recorded is None
    vectors = {"kind": "llvm", "mtriple": "riscv64-linux-gnu", "vlen": 256}
    assert recorded_target(vectors, {}).limits == parse_target(vectors).target.limits == (("vlen", 256),)
    assert recorded_target(vectors, {}) == parse_target(vectors).target
    older = recorded_target({"kind": "cuda"}, {"arch": "sm_50", "model": "750ti"})
    assert parse_target("cuda -arch=sm_50 -model=750ti").target.is_recorded_as(older)
    assert not parse_target("llvm -mcpu=haswell").target.is_recorded_as(recorded_target({"kind": "llvm"}, {}))


@pytest.mark.parametrize(
    ("made_for", "here", "words"),
    [
        (
            "metal -max_threads_per_block=1024",
            "metal -max_threads_per_block=256",
            "up to 1024 threads a block, this target",
        ),
        ("metal -max_threads_per_block=256", "metal -max_threads_per_block=1024", None),
        ("opencl -max_num_threads=1024", "opencl -max_num_threads=256", "allows 256 (max_num_threads)"),
        ("opencl -max_num_threads=1024", "opencl", None),
        ("opencl", "opencl -max_num_threads=1", None),
        ("opencl -max_num_threads=1024", "opencl -max_threads_per_block=256", None),
        ("cuda -registers_per_block=65536", "cuda -registers_per_block=32768", "65536 registers a block"),
        ("rocm -max_shared_memory_per_block=65536", "rocm -max_shared_memory_per_block=32768", "shared memory"),
        ("metal -thread_warp_size=16", "metal -thread_warp_size=32", "thread_warp_size 16, this target's is 32"),
        ("metal -thread_warp_size=32", "metal -thread_warp_size=16", "thread_warp_size 32"),
        ("vulkan -supports_float16=1", "vulkan -supports_float16=0", "supports_float16"),
        ("vulkan -supports_float16=0", "vulkan -supports_float16=1", None),
        ('{"kind": "vulkan", "supports_int8": true}', '{"kind": "vulkan", "supports_int8": false}', "supports_int8"),
        ("vulkan -driver_version=9", "vulkan -driver_version=3", None),
        ("llvm -vector-width=512", "llvm -vector-width=256", "up to 512 bits of a vector"),
        ("llvm -vector-width=128", "llvm -vector-width=256", None),
        ("llvm -vlen=256", "llvm -vlen=128", "vlen"),
        ("hexagon -vtcm-capacity=8388608", "hexagon -vtcm-capacity=4194304", "bytes of VTCM"),
    ],
)
def test_limits_are_compared_where_both_sides_state_them(made_for: str, here: str, words: str | None) -> None:
    recorded, asked = parse_target(made_for).target, parse_target(here).target
    assert recorded == asked
    why = beyond(recorded.limits, asked.limits)
    assert asked.allows(recorded) == (why is None) == (words is None)
    assert words is None or words in (why or "")


def test_what_tvm_fills_in_by_itself_makes_no_set_of_limits_of_its_own() -> None:
    assert parse_target("cuda -max_num_threads=1024 -thread_warp_size=32").target.limits_text == ""
    assert (
        parse_target("cuda -max_num_threads=512 -thread_warp_size=32").target.limits_text == '{"max_num_threads":512}'
    )
    assert parse_target("npu -max_num_threads=8").target.limits_text == '{"max_num_threads":8}'


class Exported:
    """What TVM's containers look like without being dicts, lists or numbers."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def export(self) -> Any:
        return Items(self._value)


class Items:
    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def items(self) -> Any:
        return [(name, wrapped(value)) for name, value in self._value.items()]


class Array:
    def __init__(self, value: list[Any]) -> None:
        self._value = value

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, index: int) -> Any:
        return wrapped(self._value[index])

    __iter__ = None


class IntImm:
    def __init__(self, value: int) -> None:
        self.value = value


def wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return Items(value)
    if isinstance(value, list):
        return Array(value)
    return IntImm(value) if isinstance(value, int) else value


def test_live_objects_are_read_by_their_export() -> None:
    exported = {"kind": "cuda", "libs": ["cudnn"], "max_num_threads": 1024, "host": {"kind": "llvm", "opt-level": 2}}
    given_target = parse_target(Exported(exported))
    assert given_target.target.attributes == {
        "kind": "cuda",
        "libs": ["cudnn"],
        "host": {"kind": "llvm", "opt-level": 2},
    }
    assert given_target.facts == {"max_num_threads": 1024}
    assert given_target == parse_target(exported)
    assert parse_target({"kind": "cuda", "host": Exported({"kind": "llvm"})}).target.label == "cuda -host=[llvm]"


def nested_hosts(depth: int) -> dict[str, object]:
    target: dict[str, object] = {"kind": "llvm"}
    for level in range(depth):
        target = {"kind": "llvm", "mcpu": str(level), "host": target}
    return target


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("''", "no kind"),
        ("-mcpu=haswell", "not the kind"),
        ("{}", "no kind"),
        ({}, "no kind"),
        ({"mcpu": "haswell"}, "no kind"),
        ({"kind": 3}, "not the kind"),
        ({"kind": "ll vm"}, "not the kind"),
        ("nobody/knows-this", "is a tag"),
        ('{"tag": "nobody/knows-this"}', "is a tag"),
        ("llvm haswell", "stray word 'haswell'|'haswell' is a stray word"),
        ("llvm -mcpu=haswell skylake", "stray"),
        ("llvm -", "stray"),
        ("llvm -mcpu=a -mcpu=a", "'mcpu' twice"),
        ("llvm -mtriple=a -target=a", "'mtriple' twice"),
        ("llvm -kind=cuda", "'kind' twice"),
        ("llvm -mcpu='haswell", "quotes"),
        ("llvm -mcpu", "mcpu is text, not 1"),
        ("llvm -mattr", "mattr is a list of names"),
        ("llvm -opt-level=fast", "opt-level is an integer"),
        ("llvm -fast-math=2", "fast-math is 0 or 1"),
        ("llvm -mcpu='a\nb'", "cannot be printed"),
        ("llvm -mcpu=\ud800", "Unicode"),
        ("llvm -host='cuda -mcpu'", "mcpu is text"),
        ("llvm" + " -host=[" * 7000, "'host' twice"),
        ("llvm" + " -host=[llvm" * 10 + "]" * 10, "hosts of hosts"),
        ("{", "not valid JSON"),
        ('{"kind": "llvm"} x', "not valid JSON"),
        ('{"kind": "llvm", "opt-level": NaN}', "not valid JSON"),
        ('{"kind": "llvm", "x": 1e999}', "not valid JSON"),
        ('{"kind": "llvm", "kind": "llvm"}', "'kind' twice"),
        ('{"kind": "llvm", "x": ' + "9" * 5000 + "}", "JSON|64 bits"),
        ('{"kind": "llvm", "x": ' + "[" * 60_000, "JSON"),
        ('{"kind": "llvm", "x": ' + "[" * 20 + "]" * 20 + "}", "nested"),
        ({"kind": "llvm", "mattr": "+neon"}, "mattr is a list of names"),
        ({"kind": "llvm", "mattr": [1]}, "mattr is a list of names"),
        ({"kind": "llvm", "opt-level": True}, "opt-level is an integer"),
        ({"kind": "llvm", "opt-level": 2**64}, "64 bits"),
        ({"kind": "llvm", "num-cores": "8"}, "num-cores is an integer"),
        ({"kind": "llvm", "model": 3}, "model is text"),
        ({"kind": "llvm", "host": 3}, "host is a target"),
        ({"kind": "llvm", "x": object()}, "type object"),
        ({"kind": "llvm", "x": b"y"}, "type bytes"),
        ({3: "llvm"}, "names"),
        ({"kind": "composite", "devices": []}, "composite"),
        (nested_hosts(5), "hosts"),
        ("llvm -x=" + "y" * MAX_TEXT_LENGTH, "characters long"),
        ({"kind": "llvm", "x": "y" * MAX_TEXT_LENGTH}, "characters long"),
        (None, "NoneType"),
        (42, "int"),
        (["llvm"], "list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_malformed(value: object, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        parse_target(value)


def test_hosts_may_have_hosts() -> None:
    assert parse_target(nested_hosts(4)).target.label.count("host") == 4


words = st.text(string.ascii_letters + string.digits + "+-_.", min_size=1, max_size=12).filter(
    lambda text: not text.startswith("-")
)
attributes = st.fixed_dictionaries(
    {"kind": st.sampled_from(["llvm", "c", "cuda", "rocm", "opencl", "hexagon", "npu"])},
    optional={
        "device": words,
        "mtriple": words,
        "mcpu": words,
        "arch": words,
        "model": words,
        "mattr": st.lists(words, min_size=1, max_size=4),
        "libs": st.lists(words, min_size=1, max_size=3),
        "cl-opt": st.lists(words, min_size=1, max_size=3),
        "opt-level": st.integers(0, 3),
        "fast-math": st.integers(0, 1),
        "num-cores": st.integers(1, 64),
        "max_num_threads": st.integers(1, 1024),
    },
)


def flags(target: dict[str, Any]) -> list[str]:
    def text(value: Any) -> str:
        return ",".join(value) if isinstance(value, list) else str(value)

    return [f"-{name}={text(value)}" for name, value in target.items() if name != "kind"]


@given(attributes, attributes | st.none())
def test_text_json_and_dict_agree(target: dict[str, Any], host: dict[str, Any] | None) -> None:
    as_text = " ".join([target["kind"], *flags(target)])
    as_dict = target
    if host:
        as_text += f" -host='{' '.join([host['kind'], *flags(host)])}'"
        as_dict = {**target, "host": host}
    from_text, from_json, from_dict = parse_target(as_text), parse_target(json.dumps(as_dict)), parse_target(as_dict)
    assert from_text.target == from_json.target == from_dict.target
    assert from_text.facts == from_json.facts == from_dict.facts
    assert from_text.model == from_json.model == from_dict.model


@given(attributes, st.data())
def test_the_order_of_flags_never_matters(target: dict[str, Any], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(flags(target)))
    assert key(" ".join([target["kind"], *shuffled])) == key(target)


@given(attributes, attributes)
def test_key_and_label_name_the_same_target(target: dict[str, Any], host: dict[str, Any]) -> None:
    parsed = parse_target({**target, "host": host}).target
    assert key(parsed.key) == parsed.key
    assert key(parsed.to_dict()) == parsed.key
    assert key(parsed.label) == parsed.key
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,68}", parsed.folder)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        target = parse_target(text).target
    except TargetError:
        return
    assert key(target.key) == target.key


@pytest.mark.skipif(not TOPHUB.is_dir(), reason="TVMGITLIB_TOPHUB names no folder of TopHub logs")
def test_tophub_spells_17_platforms_of_11_targets_in_27_ways() -> None:
    texts = set()
    for log in TOPHUB.glob("*.log"):
        for line in log.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                record = json.loads(line)
                texts.add(record["input"][0] if "input" in record else record["i"][0])
    given_targets = [parse_target(text) for text in texts]
    assert len({given_target.text for given_target in given_targets}) == 27
    assert len({(given_target.target, given_target.model) for given_target in given_targets}) == 17
    assert len({given_target.target for given_target in given_targets}) == 11
    assert len({given_target.target.folder for given_target in given_targets}) == 11


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", False),
        ("cuda -arch=sm_80 -max_num_threads=512", False),
        ("opengl", True),  # which no TVM here has any more
        ("aocl -mcpu=x", True),
        ("llvm -link-params=0", True),
        ("cuda -arch=sm_100 -code=sm_100a", True),
    ],
)
def test_what_some_tvm_may_not_read_is_doubtful(text: str, doubtful: bool) -> None:
    assert parse_target(text).is_doubtful == doubtful
