"""Lists of answers that are pleasant to look at in Python: short at a prompt, a table in a notebook, a data frame."""

from __future__ import annotations

from typing import Any, Final, Protocol, TypeVar

from tvmgitlib.model import TvmgitlibError

#: How many answers a prompt shows before it only counts.
_MOST_LINES: Final = 10

#: What a notebook's table leaves out: the tuner's own record, and what is there in words as well.
_LEFT_OUT: Final = frozenset({"record", "target", "workload", "workload_id"})


class Answer(Protocol):
    """Anything that a library answers with."""

    def to_json(self) -> dict[str, Any]: ...


AnswerT = TypeVar("AnswerT", bound=Answer)


class Answers(list[AnswerT]):
    """A list of answers. It is a list like any other, and shows itself as a table."""

    def __repr__(self) -> str:
        shown = [f"  {answer!r}" for answer in self[:_MOST_LINES]]
        more = [f"  ... and {len(self) - _MOST_LINES:,} more"] if len(self) > _MOST_LINES else []
        return "\n".join([f"<{len(self):,} answers>", *shown, *more])

    def _repr_html_(self) -> str:
        from tvmgitlib.library.notebook import html_table

        names = [name for name in self[0].to_json() if name not in _LEFT_OUT] if self else []
        return html_table((answer.to_json() for answer in self), names)

    def columns(self) -> dict[str, list[Any]]:
        """The fields of `to_json`, each with the values of all answers: what data frames are made from."""
        rows = [answer.to_json() for answer in self]
        return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}

    def to_dataframe(self) -> Any:
        """The answers as a `pandas.DataFrame`, a column for each field of `to_json`.

        Raises:
            TvmgitlibError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise TvmgitlibError(
                "a data frame needs pandas", hint="pip install 'tvmgitlib[dataframe]', or take columns()."
            ) from None
        return pandas.DataFrame(self.columns())
