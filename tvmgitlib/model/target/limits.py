"""Limits of a device: what a schedule may use of it. They are in no key, but a record holds only within them.

Names and defaults follow `src/target/target_kind.cc` of Apache TVM, 0.16 to 0.27.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from tvmgitlib.model.json import canonical_json

#: Limits that a target states, by name, sorted.
Limits: TypeAlias = "tuple[tuple[str, int], ...]"

#: What a schedule may use at most: one that was made under less holds under more. In words, where there are some.
_AT_MOST: Final[Mapping[str, str]] = {
    "max_threads_per_block": "threads a block",
    "max_num_threads": "threads a block",
    "max_block_size_x": "threads a block in x",
    "max_block_size_y": "threads a block in y",
    "max_block_size_z": "threads a block in z",
    "max_shared_memory_per_block": "bytes of shared memory a block",
    "registers_per_block": "registers a block",
    "max_function_args": "arguments of a function",
    "max_push_constants_size": "bytes of push constants",
    "max_uniform_buffer_range": "bytes of a uniform buffer",
    "max_storage_buffer_range": "bytes of a storage buffer",
    "max_per_stage_descriptor_storage_buffer": "storage buffers a stage",
    "texture_spatial_limit": "texels of a texture's side",
    "texture_depth_limit": "layers of a texture",
    "vector-width": "bits of a vector",
    "vlen": "bits of a vector register",  # this and the next are of T-Head's TVM
    "rlen": "bits of a matrix register",
    "vtcm-capacity": "bytes of VTCM",
    "max_psum_size_per_partition": "bytes of PSUM a partition",
    "max_sbuf_size_per_partition": "bytes of SBUF a partition",
    "max_spirv_version": "as the SPIR-V version",
    "vulkan_api_version": "as the Vulkan version",
}

#: What a device can or cannot do, 1 or 0: what was made where it can does not hold where it cannot.
_ABILITIES: Final = frozenset(
    f"supports_{name}"
    for name in (
        *("float16", "float32", "float64", "int8", "int16", "int32", "int64", "8bit_buffer", "16bit_buffer"),
        *("storage_buffer_storage_class", "push_descriptor", "dedicated_allocation", "integer_dot_product"),
        *("cooperative_matrix", "subgroups"),
    )
)

#: No upper bounds: schedules are shaped by them, so they have to be the same.
_SAME: Final = frozenset(
    {"thread_warp_size", "partition_size", "image_base_address_alignment", "supported_subgroup_operations"}
)

#: What TVM fills in by kind where nothing is given: stated or not, a record was made under these.
_FILLED_IN: Final[Mapping[str, Mapping[str, int]]] = {
    "cuda": {"max_num_threads": 1024, "thread_warp_size": 32},
    "nvptx": {"max_num_threads": 1024, "thread_warp_size": 32},
    "rocm": {
        "max_num_threads": 256,
        "max_threads_per_block": 256,
        "max_shared_memory_per_block": 65536,
        "thread_warp_size": 64,
    },
    "opencl": {
        "max_num_threads": 256,
        "max_threads_per_block": 256,
        "max_shared_memory_per_block": 16384,
        "max_function_args": 128,
        "texture_spatial_limit": 16384,
        "texture_depth_limit": 2048,
        "image_base_address_alignment": 64,
        "thread_warp_size": 1,
    },
    "metal": {
        "max_num_threads": 256,
        "max_threads_per_block": 256,
        "max_shared_memory_per_block": 32768,
        "max_function_args": 31,
        "thread_warp_size": 16,
    },
    "vulkan": {
        "max_num_threads": 256,
        "max_threads_per_block": 256,
        "thread_warp_size": 1,
        "supports_float32": 1,
        "supports_int32": 1,
    },
    "webgpu": {
        "max_num_threads": 256,
        "max_shared_memory_per_block": 32768,
        "thread_warp_size": 1,
        "supports_subgroups": 0,
    },
}


def limits_of(attributes: Mapping[str, object]) -> Limits:
    """The limits among a target's attributes."""
    known = _AT_MOST.keys() | _ABILITIES | _SAME
    return tuple(
        (name, int(value)) for name, value in sorted(attributes.items()) if name in known and isinstance(value, int)
    )


def limits_text(kind: str, limits: Limits) -> str:
    """A set of limits as text, equal for those that are the same: what TVM fills in by itself says nothing."""
    filled_in = _FILLED_IN.get(kind, {})
    told = {name: value for name, value in limits if filled_in.get(name) != value}
    return canonical_json(told) if told else ""


def beyond(made_under: Limits, given: Limits) -> str | None:
    """Which limit what was made under some limits may go beyond where others are given, in words; None where none.

    A limit that a side does not state is not compared.
    """
    if not made_under:
        return None
    here = dict(given)
    return next(_words((name, then, here[name]) for name, then in made_under if name in here), None)


def _words(pairs: Iterable[tuple[str, int, int]]) -> Iterator[str]:
    for name, then, today in pairs:
        if name in _AT_MOST and then > today:
            yield f"tuned for up to {then} {_AT_MOST[name]}, this target allows {today} ({name})"
        elif name in _ABILITIES and then > today:
            yield f"tuned for a device with {name}, this target has it not"
        elif name in _SAME and then != today:
            yield f"tuned for {name} {then}, this target's is {today}"
