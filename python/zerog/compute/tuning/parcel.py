"""What training made, as one encrypted file: a zip, sealed piece by piece. Source: docs/protocol/compute.md §8.4."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from zerog.errors import Corrupt, InvalidInput
from zerog.runtime.key import recover
from zerog.types import Address
from zerog.wire import model_file
from zerog.wire.model_file import KEY_BYTES, NONCE_BYTES, PIECE_BYTES, TAG_BYTES

SIGNATURE_BYTES: Final = 65
HEADER_BYTES: Final = SIGNATURE_BYTES + NONCE_BYTES
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path, target: Path) -> None:
    """A folder's files as a zip, the same bytes each time; made under another name and renamed."""
    temporary = target.with_name(target.name + ".new")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    os.replace(temporary, target)


def seal(source: Path, target: Path, sign: Callable[[bytes], bytes]) -> bytes:
    """Encrypt a file under a fresh key.

    Args:
        sign: a recoverable signature of 65 bytes (v 27 or 28) over a digest, by the enclave's key.

    Returns:
        The key, 32 bytes.
    """
    key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
    temporary = target.with_name(target.name + ".new")
    tags = []
    with source.open("rb") as plain, temporary.open("wb") as sealed:
        sealed.write(bytes(SIGNATURE_BYTES) + nonce)
        for index, piece in enumerate(_pieces(plain.read)):
            made = model_file.seal_piece(key, nonce, index, piece)
            tags.append(made[-TAG_BYTES:])
            sealed.write(made)
        sealed.seek(0)
        sealed.write(sign(model_file.tags_digest(tags)))
        sealed.flush()
        os.fsync(sealed.fileno())
    os.replace(temporary, target)
    return key


def open_parcel(source: Path, target: Path, key: bytes, signer: Address) -> None:
    """Decrypt a file; nothing is at ``target`` unless every byte is what ``signer`` has signed.

    Raises:
        InvalidInput: too short. Corrupt: another key, changed bytes, or another signer.
    """
    temporary = target.with_name(target.name + ".new")
    tags = []
    try:
        with source.open("rb") as sealed, temporary.open("wb") as plain:
            header = sealed.read(HEADER_BYTES)
            if len(header) != HEADER_BYTES:
                raise InvalidInput(f"model file: expected at least {HEADER_BYTES} bytes, found {len(header)}")
            signature, nonce = header[:SIGNATURE_BYTES], header[SIGNATURE_BYTES:]
            for index, piece in enumerate(_pieces(sealed.read, PIECE_BYTES + TAG_BYTES)):
                tags.append(piece[-TAG_BYTES:])
                plain.write(model_file.open_piece(key, nonce, index, piece))
        if recover(model_file.tags_digest(tags), signature) != signer:
            raise Corrupt("model file: not signed by the provider's enclave")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _pieces(read: Callable[[int], bytes], size: int = PIECE_BYTES) -> Iterator[bytes]:
    while piece := read(size):
        yield piece
