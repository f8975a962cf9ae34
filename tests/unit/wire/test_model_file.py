"""The encrypted model file beside the vector of compute.md, section 14, T7."""

from __future__ import annotations

import pytest
from tests.unit.contracts.compute_kit import TEE_KEY, signed

from zerog.errors import Corrupt, InvalidInput
from zerog.wire import model_file

KEY, NONCE = b"\7" * 32, bytes.fromhex("000102030405060708090aff")
PIECES = [
    bytes.fromhex("47e07a5e00cf3a90174d45e2377b669cb71492f95d"),
    bytes.fromhex("8ca7333ec7ea42f3f91c3def527a478504e6f79081"),
]
SIGNATURE = (
    "2225a47d3dbfb793add4157b9efa7231c5b8b7dcd5b1fe183a5c669271d1b8f67107bf94d637652f3509c25881772d3b3c208ba29e631c84b99471"
    "2c23b1754c1c"
)


def test_vector() -> None:
    made = [model_file.seal_piece(KEY, NONCE, index, text) for index, text in enumerate((b"hello", b"world"))]
    assert made == PIECES
    assert model_file.piece_nonce(NONCE, 1).hex() == "000102030405060708090b00"
    assert model_file.piece_nonce(b"\xff" * 12, 1) == bytes(12)
    digest = model_file.tags_digest(PIECES)
    assert digest.hex() == "3958dec92d710f47fcd7600d6485ba7f8398b900ae6ae3917a1bd64c60c53d36"
    assert signed(TEE_KEY, digest).hex() == SIGNATURE
    assert [model_file.open_piece(KEY, NONCE, index, piece) for index, piece in enumerate(PIECES)] == [b"hello", b"world"]


def test_changed_pieces() -> None:
    for index, piece in ((1, PIECES[0]), (0, PIECES[1]), (0, PIECES[0][:-1]), (0, b""), (0, bytes([1]) + PIECES[0][1:])):
        with pytest.raises(Corrupt):
            model_file.open_piece(KEY, NONCE, index, piece)
    with pytest.raises(Corrupt):
        model_file.open_piece(b"\x08" * 32, NONCE, 0, PIECES[0])


def test_sizes() -> None:
    for key, nonce in ((b"", NONCE), (KEY + b"\0", NONCE), (KEY, NONCE[1:]), (KEY, b"")):
        with pytest.raises(InvalidInput):
            model_file.seal_piece(key, nonce, 0, b"")
        with pytest.raises(InvalidInput):
            model_file.open_piece(key, nonce, 0, PIECES[0])
