"""From a blob's bytes to what signers get: the matrix, its commitment, and a slice of every row, checked first."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from zerog.errors import InternalError, InvalidInput
from zerog.primitives import commit
from zerog.primitives.blob import COSETS
from zerog.primitives.commit import CommittedBlob, Setup
from zerog.runtime.offload import Offload

__all__ = ["Encoder"]


@dataclass(frozen=True)
class Encoder:
    """Encodes blobs with one set of parameters, as many at once as ``offload`` has workers."""

    setup: Setup
    offload: Offload

    async def encode(self, data: bytes) -> CommittedBlob:
        """Matrix, roots, commitment and all proofs of a blob.

        One random row of each coset is verified against the commitment as a signer would: bad memory or a fault of ours is
        found here and not by the signers.

        Raises:
            InvalidInput: no data (the network forbids empty blobs), or too much for the geometry.
            InternalError: a row of our own does not verify.
        """
        limit = self.setup.geometry.data_size_bytes_max
        if not 0 < len(data) <= limit:
            raise InvalidInput(f"blob: expected 1 to {limit} bytes, found {len(data)}")
        return await self.offload.run(self._encode, data)

    def _encode(self, data: bytes) -> CommittedBlob:
        made = commit.commit(self.setup, data)
        rows = [coset * self.setup.geometry.rows + secrets.randbelow(self.setup.geometry.rows) for coset in range(COSETS)]
        words = commit.verify_slices(
            self.setup,
            [row.tobytes() for row in made.slices(rows)],
            [made.commitment] * COSETS,
            [made.encoded.data_root] * COSETS,
            seed=secrets.token_bytes(32),
        )
        for row, word in zip(rows, words, strict=True):
            if word != commit.OK:
                raise InternalError(f"row {row} of a blob of {len(data)} bytes does not verify: {word}")
        return made
