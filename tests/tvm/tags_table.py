"""Makes `tvmgitlib/model/target/tags.py` from the tags that TVMs ship: each dumps its own, then they are written.

python tests/tvm/tags_table.py dump 0.16.json     # in each TVM
python tests/tvm/tags_table.py write 0.16.json 0.27.json > tvmgitlib/model/target/tags.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HEAD = '''"""The tags that TVM ships, so that they are known without it: names of devices, each with its target.

Made by tests/tvm/tags_table.py from `tvm.target.list_tags()` of {versions}; where these differ, the
later one's target stands (nvidia/nvidia-h100 was sm_90 before it was sm_90a, and RISC-V boards were ARM CPUs in 0.25).
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The targets, each as the options that TVM's own export has beside what it derives.
TAGS: Final[Mapping[str, str]] = {{
'''


def plain(value: Any) -> Any:
    """Plain JSON of what TVM exports."""
    if callable(export := getattr(value, "export", None)):
        value = export()
    if isinstance(value, str):
        return str(value)
    if callable(getattr(value, "items", None)):
        return {str(name): plain(item) for name, item in value.items()}
    if hasattr(value, "__getitem__"):
        return [plain(value[index]) for index in range(len(value))]
    return int(value)


def shipped() -> dict[str, Any]:
    """The tags of the TVM at hand, each with its whole export."""
    try:
        from tvm.target import list_tags
    except ImportError:
        from tvm.target.tag import list_tags
    return {str(name): plain(target) for name, target in sorted(list_tags().items())}


def options(target: dict[str, Any]) -> str:
    """A target as CLI text, without what TVM derives from the rest of it."""
    words = [target["kind"]]
    for name, value in sorted(target.items()):
        if name in ("kind", "host", "keys") or name.startswith("feature.") or value in ("", []):
            continue
        words.append(f"-{name}={','.join(value) if isinstance(value, list) else value}")
    host = target.get("host")
    return " ".join([*words, f"-host=[{options(host)}]"] if host and options(host) != " ".join(words) else words)


def main(what: str, *paths: str) -> None:
    if what == "dump":
        import tvm

        Path(paths[0]).write_text(json.dumps({"version": tvm.__version__, "tags": shipped()}))
        return
    tables = [json.loads(Path(path).read_text()) for path in paths]
    known = {name: options(target) for table in tables for name, target in table["tags"].items()}
    versions = " and ".join(f"TVM {table['version']}" for table in tables)
    lines = [f"    {json.dumps(name)}: {json.dumps(text)},\n" for name, text in sorted(known.items())]
    sys.stdout.write(HEAD.format(versions=versions) + "".join(lines) + "}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
