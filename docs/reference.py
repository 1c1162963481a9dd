"""The parts of pages that come from the code: commands, schemas, public names, failures, answers in JSON."""

from __future__ import annotations

import inspect
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final, cast

import click

import tvmgitlib
from tvmgitlib.cli.main import ROOMS, cli, run
from tvmgitlib.model import TvmgitlibError

ROOT = Path(__file__).resolve().parent.parent


# --- commands -----------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command as its `--help` has it, by rooms."""
    parts = [of_command(cli, "tvmgitlib")]
    context = click.Context(cli, info_name="tvmgitlib")
    for room, names in ROOMS.items():
        parts.append(f"## {room}")
        for name in names:
            command = cli.get_command(context, name)
            assert command is not None
            parts += of_commands(command, f"tvmgitlib {name}", context)
    return "\n\n".join(parts)


def of_commands(command: click.Command, name: str, above: click.Context) -> Iterator[str]:
    """A command and, of a group, its own commands."""
    yield f"### {name}\n\n{of_command(command, name)}"
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name.rpartition(" ")[2], parent=above)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from of_commands(found, f"{name} {below}", context)


def of_command(command: click.Command, name: str) -> str:
    """The usage, the words, the options and the examples of a command."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    own = [it for it in command.get_params(context) if command is cli or not EVERYWHERE.intersection(it.opts)]
    options = [record for it in own if (record := it.get_help_record(context)) and record[1]]
    parts = [
        f"```text\n{usage}\n```",
        escaped(inspect.cleandoc(command.help or "")),
        "\n".join(f"`{spelled}`\n: {escaped(help)}\n" for spelled, help in options),
    ]
    if command.epilog:
        lines = command.epilog.replace(AS_IT_IS, "").strip().splitlines()
        parts.append("```console\n" + "\n".join(f"$ {line.strip()}" for line in lines[1:]) + "\n```")
    return "\n\n".join(filter(None, parts))


#: What every command takes, so that it is said once.
EVERYWHERE: Final = {"-C", "--json", "--help"}

#: What stands before a paragraph of a help whose lines are to be kept.
AS_IT_IS: Final = "\b"


def escaped(text: str) -> str:
    """Words of a help, with nothing in them that Markdown would take for its own."""
    parts = text.split("\n\n")
    return "\n\n".join(
        f"```text\n{part.removeprefix(AS_IT_IS).strip()}\n```"
        if part.startswith(AS_IT_IS)
        else re.sub(r"([\\*_<>\[\]|#`])", r"\\\1", part)
        for part in parts
    )


# --- schemas ------------------------------------------------------------------------------------------------------


def schemas() -> str:
    """Every schema: what it is of, and its fields."""
    parts = []
    for path in sorted((ROOT / "schema" / "v1").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        described = escaped(schema.get("description", ""))
        parts.append(f"## {escaped(schema['title'])}\n\n`schema/v1/{path.name}`. {described}".rstrip())
        parts += of_objects(schema)
    return "\n\n".join(parts)


def of_objects(schema: Mapping[str, Any]) -> Iterator[str]:
    """A table of each object in a schema that has fields of its own, and of an array whose places have meanings."""
    if properties := schema.get("properties"):
        yield table_of(properties, set(schema.get("required", ())))
    if places := schema.get("prefixItems"):
        by_place = {str(place): one for place, one in enumerate(places)}
        yield table_of(by_place, set(by_place))
    for name, below in schema.get("$defs", {}).items():
        if below.get("properties"):
            yield f"### {name}\n\n{escaped(below.get('description', ''))}".rstrip()
            yield table_of(below["properties"], set(below.get("required", ())))


def table_of(properties: Mapping[str, Any], required: set[str]) -> str:
    """A table of fields."""
    rows = []
    for name, field in properties.items():
        kind = kind_of(field) if name in required else f"{kind_of(field)}, optional"
        rows.append(f"| `{name}` | {kind} | {in_cell(field.get('description', ''))} |")
    return "\n".join(["| field | is | meaning |", "|---|---|---|", *rows])


def kind_of(field: Any) -> str:
    """What a field may be, in a few words."""
    if not isinstance(field, dict):
        return "any"
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2].removesuffix(".json")
    for word in ("oneOf", "anyOf"):
        if word in field:
            return " or ".join(dict.fromkeys(kind_of(one) for one in field[word]))
    kinds = field.get("type", "any")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def in_cell(text: str) -> str:
    """A text for a cell of a table."""
    return escaped(text).replace("\n", " ")


# --- Python -------------------------------------------------------------------------------------------------------


def python() -> str:
    """Every public name, the library first, from its docstring."""
    names = sorted(set(tvmgitlib.__all__) - {"ConfigLibrary", "__version__"}, key=str.casefold)
    failures = [name for name in names if is_failure(getattr(tvmgitlib, name))]
    rest = [name for name in names if name not in failures]
    return "\n\n".join(
        [
            *("## ConfigLibrary", documented("ConfigLibrary")),
            *("## Values and functions", *map(documented, rest)),
            *("## Failures", *map(documented, failures)),
        ]
    )


def is_failure(it: Any) -> bool:
    """Whether a public name is one of a failure."""
    return isinstance(it, type) and issubclass(it, TvmgitlibError)


def documented(name: str) -> str:
    """The directive that shows a public name."""
    it = getattr(tvmgitlib, name)
    kind = "class" if isinstance(it, type) else "function"
    options = [] if kind == "function" else ["   :members:", "   :exclude-members: to_json, exit_code"]
    return "\n".join(["```{eval-rst}", f".. auto{kind}:: tvmgitlib.{name}", *options, "```"])


def failures() -> str:
    """What the type of a failure says."""
    found = sorted(TvmgitlibError.__subclasses__(), key=lambda it: it.__name__)
    rows = [f"| `{it.__name__}` | {it.exit_code} | {in_cell((it.__doc__ or '').splitlines()[0])} |" for it in found]
    return "\n".join(["| type | exit code | what it is |", "|---|---|---|", *rows])


# --- answers ------------------------------------------------------------------------------------------------------

#: What is asked of the example library, in this order; `JOB` is the job that was tuned into it.
ASKED: Final = (
    ("best", "--platform", "h100"),
    ("best", "--workload", "conv2d", "--tvm", "hhb-tvm==0.16.dev0"),
    ("trials", "--family", "ansor"),
    ("log", "-n", "1"),
    ("diff", "HEAD~1"),
    ("blame", "--family", "ansor"),
    ("job", "show", "JOB"),
    ("platform", "show", "h100"),
    ("check",),
    ("config",),
    ("pin", "--local", "-o", "LOCK"),
    ("export", "--format", "autotvm", "-o", "FILE"),
    ("job", "start", "--target", "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", "--platform", "board"),
    ("job", "list"),
    ("import", "LOG", "--platform", "board"),
    ("invalidate", "--older-than", "0d", "--reason", "an example", "--dry-run"),
    ("revert", "JOB"),
    ("rebuild",),
    ("gc",),
)


def answers() -> str:
    """What commands print with `--json`, asked of the example library."""
    with tempfile.TemporaryDirectory() as folder:
        return "\n\n".join(asked(Path(folder)))


def asked(folder: Path) -> Iterator[str]:
    """A command line and its first answer, one after the other, on a clone of the example."""
    os.environ.update(AUTHOR)
    logging.getLogger("tvmgitlib").setLevel(logging.WARNING)  # not how far it is
    path = folder / "kernels"
    library = tvmgitlib.ConfigLibrary.clone(str(ROOT / "example-repo" / "library.bundle"), path)
    tuned = next(entry.job for entry in library.log() if entry.kind == "tune")
    log = ROOT / "example-repo" / "logs" / "ansor" / "mm_128x128x128.json"
    words = {"JOB": tuned, "LOG": str(log), "LOCK": str(folder / "tvmgitlib.lock"), "FILE": str(folder / "best.log")}
    shown = {str(log): "tuning.json", f"{folder}/": ""}
    for arguments in ASKED:
        said = answer(path, [words.get(word, word) for word in arguments])
        line = " ".join(words.get(word, word) if " " not in word else f"'{word}'" for word in arguments)
        text = f"$ tvmgitlib --json {line}\n{said}"
        for long, short in shown.items():
            text = text.replace(long, short)
        yield f"```console\n{text}\n```"


def answer(path: Path, arguments: list[str]) -> str:
    """The first document that a command prints, indented, with long texts cut."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(io.TextIOWrapper(io.BytesIO())):
        code = run(["-C", str(path), "--json", *arguments])
        out.flush()
    printed = cast(io.BytesIO, out.buffer).getvalue().decode().splitlines()
    if not printed:
        raise RuntimeError(f"{' '.join(arguments)} ends with {code} and prints nothing")
    return json.dumps(shortened(json.loads(printed[0])), indent=2, ensure_ascii=False)


AUTHOR: Final = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Tess Ter"), ("EMAIL", "tess@example.com"))
}


def shortened(value: Any, deep: int = 0) -> Any:
    """A document with nothing in it that hides its form: records, long texts and lists."""
    if isinstance(value, str):
        return value if len(value) <= 100 else f"{value[:60]}..."
    if isinstance(value, list):
        return [shortened(one, deep + 1) for one in value[:2]] + ["..."] * (len(value) > 2)
    if isinstance(value, dict):
        return {key: "..." if key == "record" else shortened(one, deep + 1) for key, one in value.items()}
    return value


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands,
    "schemas": schemas,
    "python": python,
    "failures": failures,
    "answers": answers,
}
