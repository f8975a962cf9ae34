"""Secrets for the owner of a secp256k1 key, in the layout of eciesjs and ecies-go. Source: docs/protocol/compute.md §8.4.

``ephemeral public key (65, 0x04…) || nonce (16) || tag (16) || ciphertext``, AES-256-GCM under
HKDF-SHA256(ephemeral || shared point) without salt and info.
"""

from __future__ import annotations

import secrets
from typing import Final

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zerog.errors import Corrupt, InvalidInput

POINT_BYTES: Final = 65
NONCE_BYTES: Final = 16
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = POINT_BYTES + NONCE_BYTES + TAG_BYTES
_GENERATOR: Final = coincurve.PrivateKey.from_int(1).public_key


def seal(public_key: bytes, plain: bytes) -> bytes:
    """``plain`` for the owner of a public key (33 or 65 bytes); new each time.

    Raises:
        InvalidInput: no point of the curve.
    """
    ephemeral = ec.generate_private_key(ec.SECP256K1())
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = _key(point, _shared(ephemeral, public_key))
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    body = cipher.update(plain) + cipher.finalize()
    return point + nonce + cipher.tag + body


def open_sealed(secret: bytes, sealed: bytes) -> bytes:
    """What was sealed for the owner of ``secret``.

    Raises:
        InvalidInput: too short, its first bytes are no point, or no secret key. Corrupt: not sealed for this key, or not as it
            was.
    """
    if len(sealed) < OVERHEAD_BYTES:
        raise InvalidInput(f"sealed secret: expected at least {OVERHEAD_BYTES} bytes, found {len(sealed)}")
    point = sealed[:POINT_BYTES]
    nonce = sealed[POINT_BYTES : POINT_BYTES + NONCE_BYTES]
    tag, body = sealed[POINT_BYTES + NONCE_BYTES : OVERHEAD_BYTES], sealed[OVERHEAD_BYTES:]
    try:
        own = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
    except ValueError:
        raise InvalidInput("secret key: expected 32 bytes below the order of secp256k1") from None
    cipher = Cipher(algorithms.AES(_key(point, _shared(own, point))), modes.GCM(nonce, tag)).decryptor()
    try:
        return cipher.update(body) + cipher.finalize()
    except InvalidTag:
        raise Corrupt("the secret was not sealed for this key, or was changed since") from None


def _shared(own: ec.EllipticCurvePrivateKey, peer: bytes) -> bytes:
    """The product of a secret and a point, uncompressed.

    OpenSSL multiplies in constant time and tells x alone. Of the two points with that x the right one is the one whose sum with
    our own public key has the x of our secret times (the peer's point plus the generator).
    """
    try:
        theirs = coincurve.PublicKey(peer)
        moved = coincurve.PublicKey.combine_keys([theirs, _GENERATOR])
        ours = coincurve.PublicKey(own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        x, wanted = (own.exchange(ec.ECDH(), _point(one)) for one in (theirs, moved))
        for sign in (b"\2", b"\3"):
            found = coincurve.PublicKey(sign + x)
            if coincurve.PublicKey.combine_keys([found, ours]).format()[1:] == wanted:
                return found.format(compressed=False)
    except (ValueError, TypeError):
        pass
    raise InvalidInput("public key: expected a point of secp256k1 of 33 or 65 bytes")


def _point(key: coincurve.PublicKey) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), key.format(compressed=False))


def _key(point: bytes, shared: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=None).derive(point + shared)
