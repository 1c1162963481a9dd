"""Pages as HTML. Whatever a library says passes one gate here, and is escaped: a browser only shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from tvmgitlib.model import duration, moment_of, plain_line

if TYPE_CHECKING:
    from jinja2 import Environment

    from tvmgitlib.report.page import Page

#: The scripts of a browser come from the site's own files, its data from nowhere, and nothing is sent anywhere.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"

#: What could end a script in a page, or begin a comment, in JSON that says the same.
_IN_A_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Renderer:
    """Makes the pages of one site.

    Args:
        common: what every template says.
    """

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._environment = _environment()
        self._environment.globals |= {**common, "policy": POLICY}

    def html(self, page: Page) -> str:
        """A page."""
        text = self._environment.get_template(page.template).render(
            **page.told,
            title=page.title,
            root="../" * page.path.count("/"),
            path=page.path,
            tables=page.tables.keys(),
            charts=page.charts,
            data=in_a_script({"tables": page.tables, "charts": page.charts}),
        )
        return str(text)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tvmgitlib.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "count": lambda number: f"{number:,}", "moment": _moment}
    return environment


def _moment(text: str) -> str:
    """A moment as people write it, in UTC: `2026-11-22 13:44:05 UTC`. What is none stays as it is."""
    moment = moment_of(text)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment is not None else text


def _shown(value: Any) -> Any:
    """What a template says of a value; text that is markup already is left alone."""
    return plain_line(value) if type(value) is str else value


def in_a_script(document: Any) -> Any:
    """A document as JSON that may stand in a script of a page."""
    from markupsafe import Markup

    text = orjson.dumps(_plain(document), option=orjson.OPT_NON_STR_KEYS).decode()
    for character, escaped in _IN_A_SCRIPT.items():
        text = text.replace(character, escaped)
    return Markup(text)  # nothing in it is markup any more


def _plain(value: Any) -> Any:
    """The same with every text made plain."""
    if isinstance(value, str):
        return plain_line(value)
    if isinstance(value, Mapping):
        return {_plain(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
