"""Proving SSH signatures without a process for each, where the package `cryptography` is installed.

It says yes, or nothing: of another kind of key, of a spelling that is not the usual one, and of whatever is wrong,
ssh-keygen is asked. So no signature is refused that OpenSSH takes.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256, sha512
from importlib import import_module
from types import SimpleNamespace
from typing import Final

from tvmgitlib.store.signing.text import fields, joined, unarmored

#: What a content is hashed with before it is signed, by name.
_HASHES: Final = {b"sha256": sha256, b"sha512": sha512}

#: What a key signs with, by the name of the algorithm: no SHA-1.
_CURVES: Final = {
    b"ecdsa-sha2-nistp256": "SHA256",
    b"ecdsa-sha2-nistp384": "SHA384",
    b"ecdsa-sha2-nistp521": "SHA512",
}
_RSA: Final = {b"rsa-sha2-256": "SHA256", b"rsa-sha2-512": "SHA512"}

#: How long a modulus of RSA may be that is nothing for OpenSSH to judge, in bits.
_MODULI: Final = range(2048, 8193)


def proves(content: bytes, signature: bytes, namespace: str) -> bool:
    """Whether a signature is surely one of a content, whoever made it; False says nothing.

    Args:
        content: what is signed.
        signature: the signature.
        namespace: what it has to be made for.
    """
    library, told = _library(), unarmored(signature)
    if library is None or told is None:
        return False
    try:
        blob, made_for, reserved, hashed, made = fields(told)
        algorithm, value = fields(made)
        if made_for != namespace.encode() or reserved or hashed not in _HASHES:
            return False
        signed = b"SSHSIG" + joined((made_for, reserved, hashed, _HASHES[hashed](content).digest()))
        return _is_by(library, blob, algorithm, value, signed)
    except (ValueError, library.InvalidSignature, library.UnsupportedAlgorithm):
        return False


def _is_by(library: SimpleNamespace, blob: bytes, algorithm: bytes, value: bytes, signed: bytes) -> bool:
    """Whether a key has surely signed some bytes.

    Raises:
        InvalidSignature, UnsupportedAlgorithm, ValueError: not surely.
    """
    kind = fields(blob)[0]
    key = library.serialization.load_ssh_public_key(kind + b" " + b64encode(blob))
    if kind == algorithm == b"ssh-ed25519":
        key.verify(value, signed)
    elif kind == algorithm and kind in _CURVES:
        r, s = (int.from_bytes(number, "big") for number in fields(value))
        if joined((_mpint(r), _mpint(s))) != value:
            return False
        by = library.ec.ECDSA(getattr(library.hashes, _CURVES[kind])())
        key.verify(library.utils.encode_dss_signature(r, s), signed, by)
    elif kind == b"ssh-rsa" and algorithm in _RSA and key.key_size in _MODULI:
        key.verify(value, signed, library.padding.PKCS1v15(), getattr(library.hashes, _RSA[algorithm])())
    else:
        return False
    return True


def _mpint(number: int) -> bytes:
    """A number as SSH writes it: no more bytes than it takes, of which the first bit says that it is positive."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b""


@cache
def _library() -> SimpleNamespace | None:
    """What is used of `cryptography`; None where it is not installed."""
    primitives = "cryptography.hazmat.primitives"
    try:
        errors = import_module("cryptography.exceptions")
        return SimpleNamespace(
            InvalidSignature=errors.InvalidSignature,
            UnsupportedAlgorithm=errors.UnsupportedAlgorithm,
            ec=import_module(f"{primitives}.asymmetric.ec"),
            hashes=import_module(f"{primitives}.hashes"),
            padding=import_module(f"{primitives}.asymmetric.padding"),
            serialization=import_module(f"{primitives}.serialization"),
            utils=import_module(f"{primitives}.asymmetric.utils"),
        )
    except ImportError:
        return None
