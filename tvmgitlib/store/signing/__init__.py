"""SSH signatures of files: made with a user's key, and held against what they are said to be of."""

from tvmgitlib.store.signing.allowed import AllowedSigners
from tvmgitlib.store.signing.making import Signer
from tvmgitlib.store.signing.proving import signed_by
from tvmgitlib.store.signing.text import MOST_OF_SIGNATURE, Key, key_of

__all__ = ["MOST_OF_SIGNATURE", "AllowedSigners", "Key", "Signer", "key_of", "signed_by"]
