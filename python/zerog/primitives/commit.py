"""Commitments of 0G DA: one point a blob, and for each encoded row a proof against it (AMT), carried by slices.

A ``Setup`` holds public parameters of one geometry. Those of the network come from its ceremony; ``dev_setup`` makes others
from a known ``tau``, **insecure by construction**: who knows tau can prove anything. Parties must use the same setup.

A commitment is 64 bytes, little-endian x ‖ y without flags, zeros for infinity (the all-zero matrix). A slice is one row with
its index, commitment, proof and Merkle path in the byte form of the network; strict in both directions. Everything lives in the
native core. ``backend`` names a backend of the group sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives.blob import MAINNET, EncodedBlob, Geometry
from zerog.primitives.fields import FR_MODULUS

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "COMMITMENT_SIZE_BYTES",
    "OK",
    "VERDICTS",
    "CommittedBlob",
    "Setup",
    "check_challenge",
    "check_powers",
    "commit",
    "commitment_of",
    "dev_setup",
    "g1_sum",
    "join_slice",
    "light_slice_size_bytes",
    "load_setup",
    "powers_from_ceremony",
    "prove",
    "prove_part",
    "setup_from_challenge",
    "setup_from_powers",
    "setup_from_provers",
    "slice_size_bytes",
    "split_slice",
    "verify_slices",
]

COMMITMENT_SIZE_BYTES: Final = 64
OK: Final = "ok"
# What verify_slices finds, in the order of its checks.
VERDICTS: Final = (
    "bad-encoding",
    "wrong-index",
    "wrong-commitment",
    "wrong-row-length",
    "index-out-of-range",
    "wrong-local-index",
    "bad-node-proof",
    "bad-sum",
    "bad-low-degree",
    "bad-data-root",
    "bad-path-length",
    "bad-row-root",
    "bad-path",
)


class Setup:
    """Public parameters of one geometry; immutable, shared by threads. Made by ``dev_setup`` and ``load_setup``."""

    __slots__ = ("_native", "geometry")

    def __init__(self, native: _native.AmtSetup) -> None:
        self._native = native
        self.geometry: Final = Geometry(native.rows, native.columns)

    @property
    def insecure(self) -> bool:
        """True for parameters whose tau somebody knows."""
        known: bool = self._native.insecure
        return known

    @property
    def can_prove(self) -> bool:
        """Whether the powers are there, or only the verifier's part."""
        able: bool = self._native.can_prove
        return able

    def verify_file(self, coset: int) -> bytes:
        """The file ``amt-verify-coset…`` of coset 0 to 2, as the network's tools write it."""
        made: bytes = self._native.verify_file(coset)
        return made

    def powers_file(self) -> bytes:
        """The powers of tau a prover needs, in a format of our own (docs/kernels/amt.md)."""
        made: bytes = self._native.powers_file()
        return made


class CommittedBlob:
    """An encoded blob with its commitment and all proofs; immutable, shared by threads. Made by ``commit`` and ``prove``."""

    __slots__ = ("_native", "encoded")

    def __init__(self, native: _native.CommittedBlob) -> None:
        self._native = native
        self.encoded: Final = EncodedBlob(native.encoded)

    @property
    def commitment(self) -> bytes:
        """The erasure commitment, 64 bytes."""
        made: bytes = self._native.commitment
        return made

    @property
    def high(self) -> bytes:
        """C_high, its low-degree companion, in the same form."""
        made: bytes = self._native.high
        return made

    def slices(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """uint8[n, slice_size]: the slices of these rows.

        Raises:
            InvalidInput: an index beyond the encoded rows.
        """
        made: NDArray[np.uint8] = self._native.slices(self._checked(indices))
        return made

    def light_slices(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """uint8[n, light_slice_size]: the same without rows and with compressed points, as signers keep them."""
        made: NDArray[np.uint8] = self._native.light_slices(self._checked(indices))
        return made

    def _checked(self, indices: Sequence[int]) -> list[int]:
        count = self.encoded.geometry.rows_encoded
        for index in indices:
            if not 0 <= index < count:
                raise InvalidInput(f"slice: expected an index from 0 to {count - 1}, found {index}")
        return list(indices)


def dev_setup(geometry: Geometry, tau: int, *, shift: int | None = None, backend: str = "") -> Setup:
    """Parameters of our own from a known tau, for devnets and tests. Insecure by construction.

    Args:
        tau: from 1 to r - 1 and none of the evaluation points; the same for all parties.
        shift: S of the low-degree test; without it 3 · rows · columns, as the network's tools choose.

    Raises:
        InvalidInput: a geometry or tau out of range.

    Cost: 4.5 multiples of a fixed point a cell and six G2 multiples a row, on all threads; 288 bytes a cell.
    Source: docs/protocol/da.md §1.9.
    """
    if not 0 < tau < FR_MODULUS:
        raise InvalidInput("tau: expected 1 to the modulus of fr")
    if shift is None:
        shift = 3 * geometry.rows * geometry.columns
    if not 0 < shift < 1 << 64:
        raise InvalidInput(f"shift: expected 1 to 2^64 - 1, found {shift}")
    return Setup(_native.amt_setup_dev(geometry.rows, geometry.columns, tau.to_bytes(32, "little"), shift, backend))


def load_setup(geometry: Geometry, verify: Sequence[Buffer], powers: Buffer | None = None) -> Setup:
    """Parameters from the bytes of their files: three of the verifier and, for a prover, the powers.

    Every point is checked to be in its group and every size exactly; not that the points belong together.

    Raises:
        InvalidInput: names the file and what is wrong with it.
    """
    if len(verify) != 3:
        raise InvalidInput(f"verify: expected three files, found {len(verify)}")
    return Setup(_native.amt_setup_load(geometry.rows, geometry.columns, list(verify), powers))


def powers_from_ceremony(file: Buffer, geometry: Geometry = MAINNET) -> bytes:
    """Our powers file from ``power-tau-…`` of the ceremony. Two square roots a cell: some seconds in the network's geometry.

    Raises:
        InvalidInput: the file is not of that geometry or holds bytes that are no point.
    """
    made: bytes = _native.amt_powers_from_ceremony(file, geometry.rows, geometry.columns)
    return made


def check_powers(file: Buffer, geometry: Geometry = MAINNET, *, seed: bytes, backend: str = "") -> None:
    """Whether a ``power-tau-…`` file holds powers of one tau: every point in its group, all of them consecutive.

    The file is the canonical compressed one or the variant that begins with ``ptau``. Of the powers in G2 those are looked at
    that parameters are made of.

    Args:
        seed: 32 bytes that the file's maker could not know: weights of the pairing checks.

    Raises:
        InvalidInput: names what is wrong.

    Cost: seconds in the network's geometry.
    """
    _native.amt_setup_of_power_tau(file, geometry.rows, geometry.columns, seed, True, backend)


def setup_from_powers(file: Buffer, geometry: Geometry = MAINNET, *, seed: bytes, backend: str = "") -> Setup:
    """``check_powers``, then all parameters from that file alone, by transforms over the groups.

    Raises:
        InvalidInput: as ``check_powers``.

    Cost: about 30 · rows · columns multiples of points: minutes in the network's geometry.
    Source: docs/kernels/amt.md.
    """
    return Setup(_native.amt_setup_of_power_tau(file, geometry.rows, geometry.columns, seed, False, backend))


def check_challenge(pieces: Sequence[Buffer], geometry: Geometry = MAINNET, *, seed: bytes, backend: str = "") -> None:
    """As ``check_powers``, from pieces of a ``challenge`` file (uncompressed, big-endian).

    Args:
        pieces: powers 0 … N - 1 in G1; powers S … S + N - 1 in G1; powers 0, C, 2 C, … in G2, one a row; power 1 in G2; power S
            in G2. N = rows · columns, C = columns.

    Raises:
        InvalidInput: names what is wrong.
    """
    _native.amt_setup_of_challenge(list(pieces), geometry.rows, geometry.columns, seed, True, backend)


def setup_from_challenge(pieces: Sequence[Buffer], geometry: Geometry = MAINNET, *, seed: bytes, backend: str = "") -> Setup:
    """``check_challenge``, then all parameters.

    Raises:
        InvalidInput: as there.
    """
    return Setup(_native.amt_setup_of_challenge(list(pieces), geometry.rows, geometry.columns, seed, False, backend))


def setup_from_provers(files: Sequence[Buffer], geometry: Geometry = MAINNET, *, seed: bytes, backend: str = "") -> Setup:
    """Parameters from the network's three ``amt-prove-coset…`` files, with Montgomery coordinates (``bamt``) or canonical.

    Powers of tau, which the prover here works with, are transformed back from the bases and checked like a ceremony's;
    random quotients are checked against basis and vanishing points.

    Raises:
        InvalidInput: names the coset and what is wrong.

    Cost: about 20 · rows · columns multiples of points; maps of 805 MB files are fine as buffers.
    """
    if len(files) != 3:
        raise InvalidInput(f"files: expected three, found {len(files)}")
    return Setup(_native.amt_setup_of_provers(list(files), geometry.rows, geometry.columns, seed, backend))


def commit(setup: Setup, data: Buffer, *, backend: str = "") -> CommittedBlob:
    """Encode a blob and prove all its rows: one native call from bytes to slices.

    Raises:
        InvalidInput: too much data, or a setup without powers.

    Cost: `blob.encode`, then sums of 9.5 terms a cell; the lock is released.
    Source: docs/protocol/da.md §1.13.
    """
    return CommittedBlob(_native.amt_commit(setup._native, data, backend))


def prove(setup: Setup, encoded: EncodedBlob, *, backend: str = "") -> CommittedBlob:
    """The same for a blob that was encoded before, with its coefficients kept.

    Raises:
        InvalidInput: the setup is of another geometry or has no powers, or the blob has no coefficients.
    """
    return CommittedBlob(_native.amt_prove(setup._native, encoded._native, backend))


def prove_part(setup: Setup, encoded: EncodedBlob, part: str, *, backend: str = "") -> None:
    """One part of ``prove`` alone, its result dropped: for benchmarks.

    Args:
        part: ``rows`` (commitments of rows), ``blocks`` (sums over coefficients), ``quotients`` (``blocks`` and the group
            transforms) or ``high`` (C_high).

    Raises:
        InvalidInput: as ``prove``, or another part.
    """
    _native.amt_prove_part(setup._native, encoded._native, part, backend)


def commitment_of(setup: Setup, encoded: EncodedBlob, *, backend: str = "") -> bytes:
    """Only the commitment, 64 bytes: one sum over the cells. A retriever compares it with the chain's.

    Raises:
        InvalidInput: the setup is of another geometry or has no powers.
    """
    made: bytes = _native.amt_commitment(setup._native, encoded._native, backend)
    return made


def verify_slices(
    setup: Setup,
    slices: Sequence[Buffer],
    commitments: Sequence[bytes],
    data_roots: Sequence[bytes],
    *,
    seed: bytes,
    backend: str = "",
) -> list[str]:
    """Check slices against what was published about their blobs, all of them in one batch.

    Args:
        slices: uncompressed slices; bytes from strangers.
        commitments: of each slice's blob, 64 bytes.
        data_roots: of each slice's blob, 32 bytes.
        seed: 32 bytes from the system's randomness, after the slices are fixed: who could foretell it could sneak false
            slices through.

    Returns:
        one word a slice: ``OK``, or the first of ``VERDICTS`` that holds.

    Raises:
        InvalidInput: a commitment that is not on the curve, different counts, a setup of another geometry.

    Cost: a sum of one term a cell of each row, and one pairing product over the distinct nodes of all slices. A batch with
    a false proof also costs the pairings of each slice.
    Source: docs/protocol/da.md §§1.9, 1.12.
    """
    for name, items, size in (("commitments", commitments, COMMITMENT_SIZE_BYTES), ("data_roots", data_roots, 32)):
        if len(items) != len(slices) or any(len(item) != size for item in items):
            raise InvalidInput(f"{name}: expected {len(slices)} of {size} bytes")
    words: list[str] = _native.amt_verify(
        setup._native, list(slices), b"".join(commitments), b"".join(data_roots), seed, backend
    )
    return words


def split_slice(data: Buffer, geometry: Geometry = MAINNET) -> tuple[bytes, bytes]:
    """A slice as a light slice and its row: the forms it is stored in.

    Raises:
        InvalidInput: not a slice of this geometry in its strict form, or indices that differ among themselves.
    """
    light, row = _native.amt_split_slice(data, geometry.rows, geometry.columns)
    return light, row


def join_slice(light: Buffer, row: Buffer, geometry: Geometry = MAINNET) -> bytes:
    """The inverse of ``split_slice``.

    Raises:
        InvalidInput: bytes that are no light slice or row of this geometry.
    """
    made: bytes = _native.amt_join_slice(light, row, geometry.rows, geometry.columns)
    return made


def g1_sum(points: Buffer, scalars: Buffer, *, backend: str = "") -> bytes:
    """Σ scalars[i] · points[i] in G1 of BN254: points as commitments, 32-byte little-endian scalars below r.

    Raises:
        InvalidInput: a point off the curve, a scalar that is not below r, different counts.
    """
    made: bytes = _native.g1_sum(points, scalars, backend)
    return made


def slice_size_bytes(geometry: Geometry = MAINNET) -> int:
    """Of a slice: 34,680 in the network's geometry."""
    depth = geometry.rows.bit_length() - 1
    return 56 + 64 * (2 + 2 * depth) + geometry.row_size_bytes + 32 * (depth + 4)


def light_slice_size_bytes(geometry: Geometry = MAINNET) -> int:
    """Of a light slice: 1,176 in the network's geometry."""
    depth = geometry.rows.bit_length() - 1
    return 24 + 32 * (2 + 2 * depth) + 32 * (depth + 4)
