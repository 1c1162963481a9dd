"""Where the search is spared, the answer is the one that the search would have given."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Iterator

import pytest

from tvmgitlib.live.at_hand import fast_imports, import_trap


@pytest.fixture
def plain() -> Iterator[None]:
    """Leave `inspect` as it was."""
    original = inspect.getmodule
    yield
    inspect.getmodule = original


@pytest.mark.usefixtures("plain")
def test_answers_stay_the_same() -> None:
    namespace: dict[str, object] = {"sys": sys}
    exec(compile("frame = sys._getframe()\ndef function(): pass", "<made up>", "exec"), namespace)
    questions = [
        (namespace["frame"], "<made up>"),
        (namespace["function"], "<made up>"),
        (namespace["frame"], None),
        (sys._getframe(), None),
        (sys._getframe(), __file__),
        (fast_imports, None),
        (pytest, None),
    ]
    before = [inspect.getmodule(*question) for question in questions]
    fast_imports()
    fast_imports()
    assert [inspect.getmodule(*question) for question in questions] == before


@pytest.mark.usefixtures("plain")
def test_a_frame_without_a_file_is_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_trap, "_getmodule", None)  # not even asked
    fast_imports()
    assert inspect.getmodule(sys._getframe(), "<frozen importlib._bootstrap>") is None


def test_builder_processes_can_be_given_it() -> None:
    assert pickle.loads(pickle.dumps(fast_imports)) is fast_imports
