"""What .gitattributes says of the library's files: no Git changes a byte of them, and none has a conflict in configs/.

Both drivers that are named need nothing but Git. `union` is built into it; `diff=tvmgitlib` is like no attribute at all
in a clone where nobody has configured it.
"""

from __future__ import annotations

#: Nothing that turns what is committed into something else: line ends, filters such as LFS, keywords, encodings.
_AS_IT_IS = "-text -filter -ident -working-tree-encoding"

_LINES = (
    f"tvmgitlib.json {_AS_IT_IS}",
    f"jobs/** {_AS_IT_IS} diff=tvmgitlib",
    f"configs/** {_AS_IT_IS} diff=tvmgitlib merge=union",
)

#: What earlier versions wrote.
_EARLIER = (
    "tvmgitlib.json -text",
    "jobs/** -text diff=tvmgitlib",
    "configs/** -text diff=tvmgitlib merge=tvmgitlib",
)


def with_attributes(content: bytes | None, *, last: bool = False) -> bytes:
    """A repository's .gitattributes with the library's lines.

    Args:
        content: the file; None where there is none.
        last: whether they have to be its last, because something that follows is stronger.

    Returns:
        The file as it is to be: the same where it has all of them.
    """
    lines = (content or b"").decode(errors="surrogateescape").splitlines()
    if tuple(lines[-len(_LINES) :]) == _LINES or (set(_LINES) <= set(lines) and not last):
        return content or b""
    kept = [line for line in lines if line not in {*_LINES, *_EARLIER}]
    return "".join(f"{line}\n" for line in (*kept, *_LINES)).encode(errors="surrogateescape")
