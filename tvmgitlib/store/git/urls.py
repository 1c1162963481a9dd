"""URLs as others may see them: Git may be given credentials in one, and nothing that is written or said has them."""

from __future__ import annotations

import re
from typing import Final

#: With http the name alone may be a token, so all before the last @ of the host's part goes.
_USER = r"(?i)\b((?:https?|ftps?)://)[^\s/'\"<>]*@"

#: With the others the name is a part of the address.
_PASSWORD = r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/'\"<>:@]*):[^\s/'\"<>]*@"

#: Some messages repeat what is before the host without the rest of the URL.
_BARE = r"(?<![\w/])[^\s/'\"<>:@]+:[^\s/'\"<>@]+@(?=[\w.\[-])"

_PARAMETER = r"(?i)([?&][^\s=&]*(?:auth|key|pass|secret|sig|token)[^\s=&]*=)[^\s&'\"<>]+"

#: A URL has no more characters than that, nor has anything else in a message that is one word.
LONGEST: Final = 2048

_TOO_LONG = rf"(?<!\S)\S{{{LONGEST + 1},}}"

#: How much of a message is looked through, and told, in characters.
_MESSAGE = 1 << 15


def without_credentials(text: str) -> str:
    """A text, such as a message of Git's, whose URLs hold no user with http, no password, and no token.

    Of what is too long for anybody to read, the rest is left out, and words that are too long for a URL.
    """
    text = re.sub(_TOO_LONG, "...", text)
    if len(text) > _MESSAGE:
        text = f"{text[:_MESSAGE].rsplit(maxsplit=1)[0]} ..."
    text = re.sub(_BARE, "", re.sub(_PASSWORD, r"\1@", re.sub(_USER, r"\1", text)))
    return re.sub(_PARAMETER, r"\1***", text)
