"""The key that a service sends transactions with: read from a private file, kept inside libsecp256k1."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

import coincurve

from zerog.errors import ConfigError, Unauthorized
from zerog.primitives.hashing import keccak256
from zerog.runtime.disk import read_private, write_atomic
from zerog.types import Address
from zerog.wire.transaction import Signature, Transaction
from zerog.wire.typed_data import message_digest

_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Key:
    """One secret key. It never shows itself: not in a ``repr``, a log line or an error.

    Args:
        secret: 32 bytes between 1 and the order of the curve.

    Raises:
        ConfigError: anything else.
    """

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes, *, named: str = "key") -> None:
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < _ORDER:
            raise ConfigError(f"{named}: expected a secret key of 32 bytes", key=named, value="***", origin="")
        self._key = coincurve.PrivateKey(secret)
        self.address = Address(keccak256(self._key.public_key.format(compressed=False)[1:])[12:])

    @classmethod
    def read(cls, path: Path, *, named: str) -> Key:
        """The key of a file that only its owner reads (mode 0600), 64 hex digits with or without ``0x``.

        Args:
            named: the setting that names the file, for errors.

        Raises:
            ConfigError: no such file, others may read it, or it holds something else. What it holds is never told.
        """
        try:
            text = read_private(path).decode("ascii", "replace").strip().removeprefix("0x")
        except (OSError, Unauthorized) as error:
            raise ConfigError(f"{named}: {error}", key=named, value=str(path), origin="") from None
        if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
            raise ConfigError(f"{named}: expected 64 hex digits in {path}", key=named, value=str(path), origin="")
        return cls(bytes.fromhex(text), named=named)

    def sign(self, transaction: Transaction) -> bytes:
        """The signed transaction as ``eth_sendRawTransaction`` takes it."""
        data = self._key.sign_recoverable(transaction.digest(), hasher=None)
        signature = Signature(int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big"), data[64])
        return transaction.encode(signature)

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes r, s, v with low s and v of 27 or 28: what contracts and wallets read."""
        data = self._key.sign_recoverable(digest, hasher=None)
        return bytes(data[:64]) + bytes([27 + data[64]])

    def sign_message(self, message: bytes) -> bytes:
        """``personal_sign`` (EIP-191)."""
        return self.sign_digest(message_digest(message))

    def __repr__(self) -> str:
        return f"Key(0x{self.address.hex()})"


def made_key(path: Path, *, named: str) -> Key:
    """``Key.read``, after making a new key (mode 0600) where there is no file yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = b""
        while not 0 < int.from_bytes(secret, "big") < _ORDER:
            secret = secrets.token_bytes(32)
        write_atomic(path, secret.hex().encode(), mode=0o600)
    return Key.read(path, named=named)


def recover(digest: bytes, signature: bytes) -> Address | None:
    """Who signed a digest; None as for ``recovered_key``."""
    key = recovered_key(digest, signature)
    return None if key is None else Address(keccak256(key[1:])[12:])


def recovered_key(digest: bytes, signature: bytes) -> bytes | None:
    """The public key (65 bytes, 0x04…) that signed a digest.

    None when the 65 bytes r, s, v (27 or 28) are no signature, or the second form of one (high s).
    """
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64], "big") > _ORDER // 2:
        return None
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except Exception:  # libsecp256k1's refusals have no class of their own
        return None
    return bytes(key.format(compressed=False))
