"""Encryption of files before they are stored: AES-256 in counter mode behind a header, as published clients do it.

Version 1: ``01 ‖ nonce`` and a key that both sides have. Version 2: ``02 ‖ ephemeral public key ‖ nonce`` and a key derived
for the owner of a secp256k1 key. The counter counts bytes of the ciphertext, without the header, over all fragments. The
cipher does not notice changes: who decrypts has compared the ciphertext with its root before.

Source: docs/protocol/storage.md, section 1.8. Ciphers and curves are OpenSSL's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zerog.errors import InvalidInput, Unauthorized

if TYPE_CHECKING:
    from typing_extensions import Buffer

NONCE_SIZE: Final = 16
KEY_SIZE: Final = 32
HEADER_SIZES: Final = {1: 1 + NONCE_SIZE, 2: 1 + 33 + NONCE_SIZE}
HEADER_SIZE_MAX: Final = 50
_INFO: Final = b"0g-storage-client/ecies/v1/aes-256"
_CURVE: Final = ec.SECP256K1()


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the ciphertext. ``ephemeral`` is a compressed public key in version 2, empty in version 1."""

    nonce: bytes
    ephemeral: bytes = b""

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_SIZE or len(self.ephemeral) not in (0, 33):
            raise InvalidInput(
                f"encryption header: expected a nonce of 16 bytes and a public key of 0 or 33, found {len(self.nonce)} and "
                f"{len(self.ephemeral)}"
            )

    @property
    def version(self) -> int:
        return 2 if self.ephemeral else 1

    @property
    def size(self) -> int:
        return HEADER_SIZES[self.version]

    def encode(self) -> bytes:
        return bytes([self.version]) + self.ephemeral + self.nonce

    @classmethod
    def decode(cls, data: Buffer) -> Header:
        """The header that ``data`` begins with.

        Raises:
            InvalidInput: another version, or fewer bytes than a header has.
        """
        view = bytes(memoryview(data)[:HEADER_SIZE_MAX])
        size = HEADER_SIZES.get(view[0]) if view else None
        if size is None or len(view) < size:
            found = f"version {view[0]} and {len(view)} bytes" if view else "nothing"
            raise InvalidInput(
                f"encryption header: expected version 1 or 2 and its 17 or 50 bytes, found {found}; not encrypted?"
            )
        return cls(view[size - NONCE_SIZE : size], view[1 : size - NONCE_SIZE])


@dataclass(frozen=True)
class Sealer:
    """A header and its key: encrypts or decrypts (the same thing) at any offset. The key is not shown."""

    header: Header
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_SIZE:
            raise InvalidInput(f"encryption key: expected {KEY_SIZE} bytes, found {len(self.key)}")

    def apply(self, data: Buffer, offset: int = 0) -> bytes:
        """``data``, which begins at byte ``offset`` of the text."""
        block, skipped = divmod(offset, 16)
        counter = (int.from_bytes(self.header.nonce, "big") + block) % (1 << 128)
        cipher = Cipher(algorithms.AES(self.key), modes.CTR(counter.to_bytes(16, "big"))).encryptor()
        if skipped:
            cipher.update(bytes(skipped))
        return cipher.update(memoryview(data).cast("B")) + cipher.finalize()


def seal_for_key(key: bytes, nonce: bytes | None = None) -> Sealer:
    """Version 1: encrypt with a key that both sides have. A nonce is used for one file only; random when not given."""
    return Sealer(Header(secrets.token_bytes(NONCE_SIZE) if nonce is None else nonce), key)


def seal_for_owner(public_key: bytes, *, nonce: bytes | None = None, ephemeral_secret: bytes | None = None) -> Sealer:
    """Version 2: encrypt for who has the secret of ``public_key`` (33, 64 or 65 bytes).

    Raises:
        InvalidInput: not a point of the curve.
    """
    recipient = _point(public_key)
    own = ec.generate_private_key(_CURVE) if ephemeral_secret is None else _secret(ephemeral_secret)
    public = own.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    key = _derive(own.exchange(ec.ECDH(), recipient))
    return Sealer(Header(secrets.token_bytes(NONCE_SIZE) if nonce is None else nonce, public), key)


@dataclass(frozen=True)
class Keys:
    """What a reader has: a common key for version 1, a secret secp256k1 key for version 2. Neither is shown."""

    common: bytes | None = field(default=None, repr=False)
    secret: bytes | None = field(default=None, repr=False)

    def open(self, header: Header) -> Sealer:
        """The sealer that decrypts what stands behind ``header``.

        Raises:
            Unauthorized: the key of this version is not here.
        """
        if header.version == 1:
            if self.common is None:
                raise Unauthorized("the file is encrypted with a common key (version 1); give that key of 32 bytes")
            return Sealer(header, self.common)
        if self.secret is None:
            raise Unauthorized("the file is encrypted for the owner of a wallet (version 2); give that wallet's key")
        return Sealer(header, _derive(_secret(self.secret).exchange(ec.ECDH(), _point(header.ephemeral))))


def public_key(secret: bytes) -> bytes:
    """The compressed public key of a secret one."""
    return _secret(secret).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def _derive(shared: bytes) -> bytes:
    return HKDF(SHA256(), KEY_SIZE, None, _INFO).derive(shared)


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x04" + data if len(data) == 64 else data)
    except ValueError:
        raise InvalidInput(
            f"public key: expected a point of secp256k1 in 33, 64 or 65 bytes, found {len(data)} bytes"
        ) from None


def _secret(data: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        if len(data) != KEY_SIZE:
            raise ValueError
        return ec.derive_private_key(int.from_bytes(data, "big"), _CURVE)
    except ValueError:
        raise InvalidInput("secret key: expected 32 bytes between 1 and the order of the curve") from None
