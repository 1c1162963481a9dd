"""URLs as others may see them: Git may be given credentials in one, and nothing that is written or said has them."""

from __future__ import annotations

import re
from typing import Final

#: With http the name alone may be a token, so all before the last @ of the host's part goes.
_USER = re.compile(r"\b((?:https?|ftps?)://)[^\s/'\"<>]*@", re.IGNORECASE)

#: With the others the name is a part of the address.
_PASSWORD = re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s/'\"<>:@]*):[^\s/'\"<>]*@", re.IGNORECASE)

#: Some messages repeat what is before the host without the rest of the URL.
_BARE = re.compile(r"(?<![\w/])[^\s/'\"<>:@]+:[^\s/'\"<>@]+@(?=[\w.\[-])")

_PARAMETER = re.compile(r"([?&][^\s=&]*(?:auth|key|pass|secret|sig|token)[^\s=&]*=)[^\s&'\"<>]+", re.IGNORECASE)

#: A URL has no more characters than that, nor has anything else in a message that is one word.
LONGEST: Final = 2048

_TOO_LONG = re.compile(rf"(?<!\S)\S{{{LONGEST + 1},}}")

#: How much of a message is looked through, and told, in characters.
_MESSAGE = 1 << 15


def without_credentials(text: str) -> str:
    """A text, such as a message of Git's, whose URLs hold no user with http, no password, and no token.

    Of what is too long for anybody to read, the rest is left out, and words that are too long for a URL.
    """
    text = _TOO_LONG.sub("...", text)
    if len(text) > _MESSAGE:
        text = f"{text[:_MESSAGE].rsplit(maxsplit=1)[0]} ..."
    text = _BARE.sub("", _PASSWORD.sub(r"\1@", _USER.sub(r"\1", text)))
    return _PARAMETER.sub(r"\1***", text)
