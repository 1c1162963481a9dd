"""SSH signatures of files: made with a user's key, and held against what they are said to be of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.store.signing.allowed import AllowedSigners as AllowedSigners
    from tvmgitlib.store.signing.making import Signer as Signer
    from tvmgitlib.store.signing.proving import signed_by as signed_by
    from tvmgitlib.store.signing.text import MOST_OF_SIGNATURE as MOST_OF_SIGNATURE
    from tvmgitlib.store.signing.text import Key as Key
    from tvmgitlib.store.signing.text import key_of as key_of

_NAMES = {
    "allowed": "AllowedSigners",
    "making": "Signer",
    "proving": "signed_by",
    "text": "Key MOST_OF_SIGNATURE key_of",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)
