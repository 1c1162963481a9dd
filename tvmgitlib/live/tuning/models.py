"""Models as people keep them: ONNX files, PyTorch exports, and names in their own code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from operator import index
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import is_zipfile

from tvmgitlib.live.at_hand import fast_imports, last_line
from tvmgitlib.live.tasks import load_tasks
from tvmgitlib.model import SelectionError, TvmError, listed, plural

#: The shapes of inputs, by their names.
Shapes: TypeAlias = "Mapping[str, Sequence[int]]"


def load_model(model: Any, shapes: Shapes) -> Any:
    """What tasks are taken out of, see `tvmgitlib.live.tasks.expand`.

    Args:
        model: an ONNX file (`.onnx`), a PyTorch export (`.pt2`), or `PATH/FILE.py:NAME` or `MODULE:NAME` in the user's
            code, as a text or a path; or a list of these. Anything else is given back as it is.
        shapes: of ONNX models' inputs, where the files leave sizes open; each of several takes those that it has.

    Raises:
        SelectionError: there is no such thing, or it says too little.
        TvmError: TVM cannot import it, or what reads it is not installed.
    """
    if not _are_named(model):
        return _load(model, shapes)
    inputs: set[str] = set()
    found = [_load(each, shapes, inputs) for each in model]
    if unknown := sorted(shapes.keys() - inputs):
        raise SelectionError(
            f"none of the models has an input {listed(unknown)}", hint=f"Their inputs are: {listed(sorted(inputs))}."
        )
    return found


def names_of(model: Any) -> list[str]:
    """What models are called, in alphabetical order: the names of their files, without folders; none for no file."""
    return sorted(Path(each).name for each in (model if _are_named(model) else [model]) if _is_named(each))


def _is_named(model: Any) -> bool:
    return isinstance(model, (str, PathLike))


def _are_named(models: Any) -> bool:
    return isinstance(models, (list, tuple)) and len(models) > 0 and all(map(_is_named, models))


def _load(model: Any, shapes: Shapes, inputs: set[str] | None = None) -> Any:
    """What tasks are taken out of.

    Args:
        model, shapes: as `load_model`, but one.
        inputs: of several models, the inputs that those so far have; None for a model on its own.
    """
    if not _is_named(model):
        return model
    path = Path(model)
    read = {".onnx": _onnx, ".pt2": _pytorch_export}.get(path.suffix)
    if read is None:
        return load_tasks(fspath(model))
    if not path.is_file():
        raise SelectionError("there is no such file", file=str(path))
    fast_imports()
    with redirect_stdout(sys.stderr):
        return read(path, shapes, inputs)


def _onnx(path: Path, shapes: Shapes, of_all: set[str] | None) -> Any:
    """A Relax module; of a TVM that has Relay, a Relay module with its parameters."""
    try:
        import onnx
    except ImportError:
        raise TvmError(
            "onnx is not installed, which reads ONNX files",
            hint="pip install 'onnx<1.19'" if find_spec("tvm.relay") is not None else "pip install 'tvmgitlib[onnx]'",
            file=str(path),
        ) from None
    try:
        model = onnx.load(str(path))
        inputs = _sizes(model)
    except Exception as error:  # of many kinds, by protobuf and onnx
        raise SelectionError(f"this is no ONNX model: {last_line(error)}", file=str(path)) from error
    if of_all is not None:
        of_all |= inputs.keys()
        shapes = {name: shape for name, shape in shapes.items() if name in inputs}
    given = _completed(inputs, shapes, path)
    try:
        if find_spec("tvm.relay") is not None:
            from tvm import relay

            return relay.frontend.from_onnx(model, shape=given)
        from tvm.relax.frontend.onnx import from_onnx

        return from_onnx(model, shape_dict=given)
    except Exception as error:  # of many kinds, by TVM
        raise TvmError(f"TVM cannot import the model: {last_line(error)}", file=str(path)) from error


def _sizes(model: Any) -> dict[str, list[int | str]]:
    """The sizes of a model's inputs by their names; a text for one that the file leaves open."""
    weights = {each.name for each in model.graph.initializer}
    return {
        each.name: [
            size.dim_value if size.HasField("dim_value") else size.dim_param or "?"
            for size in each.type.tensor_type.shape.dim
        ]
        for each in model.graph.input
        if each.name not in weights
    }


def _completed(inputs: Mapping[str, Sequence[int | str]], shapes: Shapes, path: Path) -> dict[str, list[int]]:
    """The shapes of all inputs: as the user says, else as the file does."""
    if unknown := sorted(shapes.keys() - inputs.keys()):
        raise SelectionError(
            f"the model has no input {listed(unknown)}", file=str(path), hint=f"Its inputs are: {listed(inputs)}."
        )
    known: dict[str, list[int]] = {}
    for name, sizes in inputs.items():
        told = shapes.get(name)
        shape = [size for size in (sizes if told is None else map(index, told)) if isinstance(size, int)]
        if told is not None and (len(shape) != len(sizes) or min(shape, default=1) < 1):
            raise SelectionError(
                f"the input {name} has {plural(len(sizes), 'size')}, each at least 1, and {listed(map(str, shape))} "
                "was given",
                file=str(path),
                hint=f"In the file its shape is [{', '.join(map(str, sizes))}].",
            )
        if len(shape) < len(sizes):
            said = ", ".join(map(str, sizes))
            example = ",".join(str(size) if isinstance(size, int) else "1" for size in sizes)
            raise SelectionError(
                f"the input {name} has the shape [{said}]: TVM tunes for sizes that are known",
                file=str(path),
                hint=f"Name them: --shape {name}={example} on the command line, shapes={{{name!r}: [...]}} in Python.",
            )
        known[name] = shape
    return known


def _pytorch_export(path: Path, shapes: Shapes, of_all: set[str] | None) -> Any:
    """A Relax module."""
    if shapes and of_all is None:
        raise SelectionError("a PyTorch export has its shapes", file=str(path), hint="Export it with other inputs.")
    if find_spec("torch") is None:
        raise TvmError(
            "PyTorch is not installed, which reads its exports",
            hint="pip install 'tvmgitlib[pytorch]'",
            file=str(path),
        )
    if find_spec("tvm.relay") is not None:
        raise TvmError("this TVM does not import PyTorch exports", hint="apache-tvm does.", file=str(path))
    import torch

    try:
        if not is_zipfile(path):  # PyTorch tries older formats then, with a traceback for each
            raise ValueError("it is no zip archive")
        program = torch.export.load(str(path))
    except Exception as error:  # of many kinds, by PyTorch
        raise SelectionError(f"this is no PyTorch export: {last_line(error)}", file=str(path)) from error
    if left_open := sorted(str(size) for size in program.range_constraints):
        raise SelectionError(
            f"the export leaves {plural(len(left_open), 'size')} open: TVM tunes for sizes that are known",
            file=str(path),
            hint="Export it without dynamic_shapes.",
        )
    try:
        from tvm.relax.frontend.torch import from_exported_program

        return from_exported_program(program)
    except Exception as error:  # of many kinds, by TVM
        raise TvmError(f"TVM cannot import the model: {last_line(error)}", file=str(path)) from error
