"""Signatures of many signers become one: bad ones are found and named, the rest is summed and counted against two thirds.

Pure: no I/O. Source: da.md §3.2, §3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zerog.contracts.da_entrance import ROWS, CommitRootSubmission, quorum_bitmap
from zerog.da.api import BlobRecord
from zerog.da.disperser.chain import SigningQuorum
from zerog.errors import InvalidInput
from zerog.primitives import bls
from zerog.types import Address

_INFINITY = bytes(bls.G1_SIZE)


def suffices(slots: int, total: int = ROWS) -> bool:
    """Whether DAEntrance takes so many rows of a quorum: two thirds."""
    return 3 * slots >= 2 * total


@dataclass
class Tally:
    """The signatures of one blob, as they come in.

    Args:
        commitment: as a point.
    """

    record: BlobRecord
    commitment: bytes
    quorum: SigningQuorum
    good: dict[Address, bytes] = field(default_factory=dict)
    bad: dict[Address, str] = field(default_factory=dict)
    _unchecked: dict[Address, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._slots: Mapping[Address, int] = self.quorum.slots_of()
        self._digest = bls.attestation_digest(self.record.data_root, self.record.epoch, self.record.quorum_id, self.commitment)

    def add(self, signer: Address, signature: bytes) -> None:
        """What a signer sent: 64 bytes with flags, if it is what it should be. It is checked when that could decide."""
        try:
            point = bls.decode(signature, "flagged")
        except InvalidInput as error:
            self.bad[signer] = str(error)
            return
        if point == _INFINITY:
            self.bad[signer] = "the signature is the point at infinity"
            return
        self._unchecked[signer] = point

    @property
    def slots(self) -> int:
        """Rows of the signers whose signatures hold."""
        return sum(self._slots[signer] for signer in self.good)

    @property
    def could_suffice(self) -> bool:
        """Whether it is enough if everything that came in holds."""
        return suffices(sum(self._slots[signer] for signer in (*self.good, *self._unchecked)), len(self.quorum.rows))

    @property
    def is_enough(self) -> bool:
        return suffices(self.slots, len(self.quorum.rows))

    def check(self) -> None:
        """Find the bad ones among those that came in since the last time.

        Cost: one product of pairings when all hold, about 2 k log2(n / k) with k bad ones among n.
        """
        signers = list(self._unchecked)
        if not signers:
            return
        verdicts = bls.verify_many(
            self._digest * len(signers),
            b"".join(self._unchecked[signer] for signer in signers),
            b"".join(self.quorum.signers[signer].key2 for signer in signers),
            keys_in_group=True,  # the chain tested them at their registration
        )
        for signer, holds in zip(signers, verdicts, strict=True):
            if holds:
                self.good[signer] = self._unchecked[signer]
            else:
                self.bad[signer] = "the signature does not hold for this blob"
        self._unchecked.clear()

    def submission(self) -> CommitRootSubmission:
        """What the chain takes.

        Raises:
            InvalidInput: there is not enough.
        """
        if not self.is_enough:
            raise InvalidInput(f"signatures: expected two thirds of {len(self.quorum.rows)} rows, found {self.slots}")
        signers = list(self.good)
        return CommitRootSubmission(
            self.record.data_root,
            self.record.epoch,
            self.record.quorum_id,
            self.commitment,
            quorum_bitmap(row for row, signer in enumerate(self.quorum.rows) if signer in self.good),
            bls.sum_g2(b"".join(self.quorum.signers[signer].key2 for signer in signers)),
            bls.sum_g1(b"".join(self.good.values())),
        )
