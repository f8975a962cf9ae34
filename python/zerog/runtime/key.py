"""The key that a service sends transactions with: read from a private file, kept inside libsecp256k1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import coincurve

from zerog.errors import ConfigError, Unauthorized
from zerog.primitives.hashing import keccak256
from zerog.runtime.disk import read_private
from zerog.types import Address
from zerog.wire.transaction import Signature, Transaction

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

    def __repr__(self) -> str:
        return f"Key(0x{self.address.hex()})"
