"""Signatures that are proven in this process: whatever is done to one, the verdict is ssh-keygen's."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tvmgitlib.store.signing import in_process, proving
from tvmgitlib.store.signing.text import NAMESPACE, fields, joined, key_of

CONTENT = b'{"job": {}}\n' * 20
KINDS = {
    "ed25519": ["-t", "ed25519"],
    **{f"ecdsa-{bits}": ["-t", "ecdsa", "-b", bits] for bits in ("256", "384", "521")},
    **{f"rsa-{bits}": ["-t", "rsa", "-b", bits] for bits in ("1024", "2048", "3072")},
}

#: What is left to ssh-keygen, though it is right.
LEFT = ("rsa-1024",)

#: In how many ways one bit of a signature is turned.
_FLIPPED = 12

pytestmark = pytest.mark.slow  # in the environment that has the package


@pytest.fixture(autouse=True)
def installed() -> None:
    pytest.importorskip("cryptography")


@pytest.fixture(params=KINDS)
def key(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", path, *KINDS[request.param]], check=True)
    return path


def sign(key: Path, *, namespace: str = NAMESPACE, hashed: str = "sha512") -> bytes:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-O", f"hashalg={hashed}", "-f", key]
    return subprocess.run(command, input=CONTENT, capture_output=True, check=True).stdout


def body(signature: bytes) -> bytes:
    return b64decode(b"".join(signature.splitlines()[1:-1]))


def armored(content: bytes) -> bytes:
    text = b64encode(content)
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def bent(signature: bytes) -> Iterator[bytes]:
    """What a signature may be changed to."""
    chance = random.Random(0)
    whole = body(signature)
    for _ in range(_FLIPPED):  # a bit of anything: lengths, key, namespace, numbers
        at = chance.randrange(len(whole))
        yield armored(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
    yield armored(whole + b"\0")
    yield armored(whole[:-1])
    blob, made_for, reserved, hashed, made = fields(whole[10:])
    algorithm, value = fields(made)
    for parts in (
        (blob, made_for, b"reserved", hashed, made),
        (blob, made_for, reserved, b"sha384", made),
        (blob, made_for, reserved, hashed, joined((b"ssh-rsa", value))),
        (blob, made_for, reserved, hashed, joined((algorithm, b"\0" + value))),
        (blob, made_for, reserved, hashed, joined((algorithm, value, b""))),
        (blob, made_for, reserved, hashed, joined((algorithm, b"\0" * len(value)))),
        (blob + b"\0", made_for, reserved, hashed, made),
    ):
        yield armored(whole[:10] + joined(parts))
    if algorithm.startswith(b"ecdsa"):
        r, s = fields(value)
        made = joined((algorithm, joined((b"\0" + r, s))))
        yield armored(whole[:10] + joined((blob, made_for, reserved, hashed, made)))
    text = signature.splitlines(keepends=True)
    yield b"".join([text[0], b" ", *text[1:]])
    yield signature.replace(b"\n", b"\r\n")
    yield b"".join([*text[:-2], text[-2].replace(b"=", b""), text[-1]])


def verdict(content: bytes, signature: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a signature is one; it is the same where everything is proven here and where nothing is."""
    found = []
    for few in (0, 10**9):
        monkeypatch.setattr(proving, "_FEW", few)
        found.append(proving.signed_by(content, signature))
    assert found[0] == found[1]
    return found[0] is not None


@pytest.mark.parametrize("hashed", ["sha256", "sha512"])
def test_a_good_signature_takes_no_process(key: Path, hashed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(key, hashed=hashed)
    assert in_process.proves(CONTENT, signature, NAMESPACE) is (key.name not in LEFT)
    assert verdict(CONTENT, signature, monkeypatch)
    assert body(armored(body(signature))) == body(signature)


def test_what_was_bent_is_what_ssh_keygen_says(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(key)
    verdicts = [verdict(CONTENT, each, monkeypatch) for each in bent(signature)]
    assert not any(verdicts[: _FLIPPED + 2])
    assert not verdict(CONTENT + b" ", signature, monkeypatch)
    assert not verdict(CONTENT, sign(key, namespace="file"), monkeypatch)


def test_a_certificate_is_none(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(key)
    assert key_of(signature) is not None
    ca = key.with_name("ca")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca], check=True)
    subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "tess", "-n", "tess", f"{key}.pub"], check=True)
    signature = sign(Path(f"{key}-cert.pub"))
    assert not verdict(CONTENT, signature, monkeypatch)


def test_a_few_signatures_wait_for_no_import(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proven: list[bytes] = []

    def answer(_: bytes, signature: bytes, namespace: str) -> bool:
        assert namespace == NAMESPACE
        proven.append(signature)
        return True

    monkeypatch.setattr(proving, "proves", answer)
    monkeypatch.setattr(proving, "_ASKED", iter(range(100)))
    signature = sign(key)
    assert all(proving.signed_by(CONTENT, signature) for _ in range(proving._FEW + 2))
    assert proven == [signature] * 2


def test_without_the_package_nothing_is_proven_here(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    in_process._library.cache_clear()
    try:
        assert not in_process.proves(CONTENT, sign(key), NAMESPACE)
    finally:
        in_process._library.cache_clear()


def test_what_is_signed_with_more_than_openssh_signs_is_not_proven_here() -> None:
    """What is reserved OpenSSH takes for empty, whatever the signature has there."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    private = ed25519.Ed25519PrivateKey.generate()
    blob = joined((b"ssh-ed25519", private.public_key().public_bytes_raw()))
    for reserved, expected in ((b"", True), (b"more", False)):
        hashed = hashlib.sha512(CONTENT).digest()
        value = private.sign(b"SSHSIG" + joined((NAMESPACE.encode(), reserved, b"sha512", hashed)))
        told = joined((blob, NAMESPACE.encode(), reserved, b"sha512", joined((b"ssh-ed25519", value))))
        signature = armored(b"SSHSIG\0\0\0\1" + told)
        assert in_process.proves(CONTENT, signature, NAMESPACE) is expected
        assert (proving.ask(["check-novalidate", "-n", NAMESPACE], CONTENT, signature) is not None) is expected
