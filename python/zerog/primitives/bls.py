"""BLS signatures over BN254, as data availability uses them: signatures in G1, every signer with a key in G1 and one in G2.

Points are ``bytes`` in the order of EIP-196 and EIP-197: 64 for G1 (x ‖ y), 128 for G2 (x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0), big-endian
numbers, zeros for infinity. The other orders of the protocol are made of these:

* ``plain``, ``flagged``, ``compressed``, ``flagged_g2``: the little-endian wire forms, :func:`encode` and :func:`decode`;
* ``Words``: pairs of integers as contract calls take them, the two orders of G2 by name.

``backend`` names a backend of the sums of points in verification; pairings and signing have one form.

A sum of keys proves something only of keys whose owners proved that they hold the secret; DASigners demands that proof.
Source: docs/protocol/da.md; docs/kernels/bls_bn254.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from zerog import _native
from zerog._native import keccak256
from zerog.errors import InvalidInput

__all__ = [
    "G1_GENERATOR", "G1_SIZE", "G2_SIZE", "ORDER", "Form", "SecretKey", "accepts", "attestation_digest", "decode", "encode",
    "epoch_digest", "from_words", "from_words_entrance", "from_words_signers", "gamma_entrance", "gamma_signers", "map_to_g1",
    "registration_digest", "sum_g1", "sum_g2", "to_words", "to_words_entrance", "to_words_signers", "verify",
    "verify_aggregate", "verify_bound", "verify_many",
]  # fmt: skip

Buffer: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[np.uint8]
Form: TypeAlias = Literal["plain", "flagged", "compressed", "flagged_g2"]
G1Words: TypeAlias = tuple[int, int]
G2Words: TypeAlias = tuple[tuple[int, int], tuple[int, int]]

G1_SIZE: Final = 64
G2_SIZE: Final = 128
ORDER: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""The order of both groups: secret keys lie between zero and it."""
G1_GENERATOR: Final = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
REGISTRATION_DOMAIN: Final = b"0G_BN254_Pubkey_Registration"


class SecretKey:
    """A secret key. It prints as nothing; time and memory accesses of its use do not depend on it.

    No library that the house relies on for secrets knows this curve: see docs/decisions/0005-bn254-keys.md.
    """

    __slots__ = ("_bytes", "public_g1", "public_g2")

    public_g1: bytes
    """The key in G1, 64 bytes."""
    public_g2: bytes
    """The key in G2, 128 bytes."""

    def __init__(self, secret: bytes) -> None:
        """
        Args:
            secret: 32 big-endian bytes.

        Raises:
            InvalidInput: not 32 bytes, zero, or at or above the group order.
        """
        self._bytes = bytes(secret)
        self.public_g1, self.public_g2 = _native.bls_public_keys(self._bytes)

    @classmethod
    def from_decimal(cls, text: str) -> SecretKey:
        """A key as configuration files of signers hold it.

        Raises:
            InvalidInput: no decimal number, or out of range. The text is not repeated.
        """
        if not (text.isascii() and text.isdigit() and len(text) <= 78) or int(text) >= 1 << 256:
            raise InvalidInput("secret key: expected a decimal number of at most 256 bits")
        return cls(int(text).to_bytes(32, "big"))

    @classmethod
    def from_random(cls, entropy: bytes) -> SecretKey:
        """A key out of at least 48 random bytes, so that no key is more likely than another.

        Raises:
            InvalidInput: too few bytes.
        """
        if len(entropy) < 48:
            raise InvalidInput(f"secret key: expected at least 48 random bytes, found {len(entropy)}")
        return cls((int.from_bytes(entropy, "big") % (ORDER - 1) + 1).to_bytes(32, "big"))

    def decimal(self) -> str:
        """The key itself, for the file that keeps it."""
        return str(int.from_bytes(self._bytes, "big"))

    def sign(self, digest: bytes) -> bytes:
        """The signature (64 bytes) of a 32-byte digest."""
        return _native.bls_sign(self._bytes, digest)

    def __repr__(self) -> str:
        return "SecretKey(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret key is not copied by pickling")


def map_to_g1(digest: bytes) -> bytes:
    """The point that a digest stands for: the first x at or above it with a root, the root as the exponentiation gives it."""
    return _native.da_map_to_g1(digest)


def accepts(point: Buffer) -> bool:
    """Whether 64 or 128 bytes are a point of its group other than infinity, with canonical numbers."""
    return _native.bls_accepts(point)


def sum_g1(points: Buffer, *, backend: str = "") -> bytes:
    """The sum of n * 64 bytes of points. Raises InvalidInput, naming the first that is off the curve."""
    return _native.bls_sum_g1(points, backend=backend)


def sum_g2(points: Buffer, *, backend: str = "") -> bytes:
    """The sum of n * 128 bytes of points. Raises InvalidInput, naming the first that is off its curve; no group test."""
    return _native.bls_sum_g2(points, backend=backend)


def verify(digest: bytes, signature: Buffer, key: Buffer) -> bool:
    """Whether one signature holds under a key in G2."""
    return bool(verify_many(digest, signature, key)[0])


def verify_aggregate(digest: bytes, signatures: Buffer, keys: Buffer, *, backend: str = "") -> bool:
    """Whether n signatures (n * 64 bytes) of one digest hold as a whole under n keys (n * 128 bytes).

    Cost: two additions a signer and one product of pairings. It names nobody: see :func:`verify_many`.
    """
    return _native.bls_verify_aggregate(digest, signatures, keys, backend=backend)


def verify_many(
    digests: Buffer, signatures: Buffer, keys: Buffer, *, keys_in_group: bool = False, backend: str = ""
) -> npt.NDArray[np.bool_]:
    """A verdict on each of n signatures.

    Args:
        digests: n * 32 bytes; equal ones share work.
        signatures: n * 64 bytes.
        keys: n * 128 bytes.
        keys_in_group: the group of every key was tested before (at its registration); spares that test.

    Returns:
        bool[n]. A bad one is found by its index whatever its neighbours are.

    Raises:
        InvalidInput: buffers of unequal or ragged length.

    Cost: one product of pairings when all hold, about 2 k log2(n / k) of them with k bad ones.
    """
    return _native.bls_verify_many(digests, signatures, keys, keys_in_group=keys_in_group, backend=backend)


def verify_bound(hash_point: bytes, signature: bytes, key1: bytes, key2: bytes, gamma: int) -> bool:
    """What the contracts check: the signature holds and both keys have one secret, bound by ``gamma``."""
    return _native.bls_verify_bound(hash_point, signature, key1, key2, (gamma % ORDER).to_bytes(32, "big"))


def gamma_entrance(hash_point: bytes, signature: bytes, key1: bytes, key2: bytes) -> int:
    """DAEntrance's gamma, for a blob's aggregate: signature, keys and hash, G2 imaginary parts first."""
    return int.from_bytes(keccak256(signature + key1 + key2 + hash_point), "big") % ORDER


def gamma_signers(hash_point: bytes, signature: bytes, key1: bytes, key2: bytes) -> int:
    """DASigners' gamma, for a registration: hash, signature and keys, G2 real parts first."""
    return int.from_bytes(keccak256(hash_point + signature + key1 + _swap(key2)), "big") % ORDER


def attestation_digest(data_root: bytes, epoch: int, quorum_id: int, commitment: bytes) -> bytes:
    """What a signer signs of a blob; ``commitment`` is a point."""
    return bytes(keccak256(data_root + _word(epoch) + _word(quorum_id) + commitment))


def registration_digest(signer: bytes, chain_id: int) -> bytes:
    """What a signer signs to register its keys."""
    return bytes(keccak256(signer + _word(chain_id) + REGISTRATION_DOMAIN))


def epoch_digest(signer: bytes, epoch: int, chain_id: int) -> bytes:
    """What a signer signs to take part in an epoch, the one after the current."""
    return bytes(keccak256(signer + epoch.to_bytes(8, "big") + _word(chain_id)))


def encode(point: Buffer, form: Form) -> bytes:
    """The little-endian wire form of a point. Raises InvalidInput for what is no point of the group or has no such form."""
    return _native.bls_encode(point, form)


def decode(wire: Buffer, form: Form) -> bytes:
    """A point from its wire form: canonical numbers, on the curve, in the group, right flags.

    Raises:
        InvalidInput: anything that is not the one encoding of a point. ``plain`` has none for infinity.
    """
    return _native.bls_decode(wire, form)


def to_words(point: bytes) -> G1Words:
    """(X, Y) of a point of G1."""
    x, y = _numbers(point, G1_SIZE)
    return x, y


def from_words(words: Sequence[int]) -> bytes:
    """A point of G1 from (X, Y). Raises InvalidInput for numbers that no word holds."""
    x, y = words
    return _word(x) + _word(y)


def to_words_entrance(point: bytes) -> G2Words:
    """A point of G2 as DAEntrance takes it: X = (c1, c0), Y = (c1, c0)."""
    a, b, c, d = _numbers(point, G2_SIZE)
    return (a, b), (c, d)


def from_words_entrance(words: Sequence[Sequence[int]]) -> bytes:
    (a, b), (c, d) = words
    return _word(a) + _word(b) + _word(c) + _word(d)


def to_words_signers(point: bytes) -> G2Words:
    """A point of G2 as DASigners has it: X = (c0, c1), Y = (c0, c1)."""
    return to_words_entrance(_swap(point))


def from_words_signers(words: Sequence[Sequence[int]]) -> bytes:
    return _swap(from_words_entrance(words))


def _swap(point: bytes) -> bytes:
    return point[32:64] + point[:32] + point[96:128] + point[64:96]


def _word(value: int) -> bytes:
    if not 0 <= value < 1 << 256:
        raise InvalidInput("point: expected numbers of at most 256 bits")
    return value.to_bytes(32, "big")


def _numbers(point: bytes, size: int) -> list[int]:
    if len(point) != size:
        raise InvalidInput(f"point: expected {size} bytes, found {len(point)}")
    return [int.from_bytes(point[at : at + 32], "big") for at in range(0, size, 32)]
