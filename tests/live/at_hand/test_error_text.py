"""What an error comes down to, in one line."""

from __future__ import annotations

import pytest

from tvmgitlib.live.at_hand import last_line


def syntax_error() -> SyntaxError:
    with pytest.raises(SyntaxError) as raised:
        compile("(", "model.py", "exec")
    return raised.value


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("Traceback:\n  1: tvm::Foo\nTVMError: no such thing\n\n", "TVMError: no such thing"),
        (ValueError("0: tvm::Foo\nCheck failed"), "ValueError: Check failed"),
        (ValueError("0: tvm::Foo\n  ValueError: Check failed\n"), "ValueError: Check failed"),
        (KeyError("name"), "KeyError: 'name'"),
        (syntax_error(), "SyntaxError: '(' was never closed"),
        (TimeoutError(), "TimeoutError"),
        ("0: tvm::Foo\n[10:20:30] /tvm/src/node/reflection.cc:193: cannot find it", "cannot find it"),
        ("0: tvm::Foo\nTVMError: /tvm/include/tvm/x.h:7: cannot find it", "TVMError: cannot find it"),
        ("", "TVM does not say why"),
    ],
)
def test_an_error_comes_down_to_its_last_line(error: object, line: str) -> None:
    assert last_line(error) == line
