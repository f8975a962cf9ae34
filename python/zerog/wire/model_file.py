"""The encrypted file of a fine-tuned model, piece by piece. Source: docs/protocol/compute.md, section 8.4.

``signature(65) || nonce(12) || pieces``; a piece is AES-256-GCM of 64 MiB of plaintext under the nonce plus its number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zerog._native import keccak256
from zerog.errors import Corrupt, InvalidInput

PIECE_BYTES: Final = 64 << 20
TAG_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


def piece_nonce(nonce: bytes, index: int) -> bytes:
    """The nonce of a piece: the file's, as a number of 96 bits, plus the piece's number.

    Raises:
        InvalidInput: not 12 bytes.
    """
    if len(nonce) != NONCE_BYTES:
        raise InvalidInput(f"model file: expected a nonce of {NONCE_BYTES} bytes, found {len(nonce)}")
    return ((int.from_bytes(nonce, "big") + index) % (1 << 96)).to_bytes(NONCE_BYTES, "big")


def seal_piece(key: bytes, nonce: bytes, index: int, plain: bytes) -> bytes:
    """Ciphertext and tag of one piece.

    Raises:
        InvalidInput: a key, nonce or piece of another size.
    """
    if len(plain) > PIECE_BYTES:
        raise InvalidInput(f"model file: expected a piece of at most {PIECE_BYTES} bytes, found {len(plain)}")
    return _cipher(key).encrypt(piece_nonce(nonce, index), plain, None)


def open_piece(key: bytes, nonce: bytes, index: int, piece: bytes) -> bytes:
    """The plaintext of one piece.

    Raises:
        InvalidInput: a key or nonce of another size.
        Corrupt: the piece is not what was sealed with this key at this place.
    """
    try:
        return _cipher(key).decrypt(piece_nonce(nonce, index), piece, None)
    except InvalidTag:
        raise Corrupt(f"model file: piece {index} was not sealed with this key at this place") from None


def tags_digest(pieces: Iterable[bytes]) -> bytes:
    """What the provider's enclave signs, without a prefix: the hash of all tags."""
    return bytes(keccak256(b"".join(piece[-TAG_BYTES:] for piece in pieces)))


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise InvalidInput(f"model file: expected a key of {KEY_BYTES} bytes, found {len(key)}")
    return AESGCM(key)
