"""Transactions of types 0 to 4: fields, signing digest, encoding with a signature.

For one transaction about to be signed; decoding and recovering batches is the native pool's work.

Source: EIP-155, 2718, 2930, 1559, 4844, 7702.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zerog._native import keccak256
from zerog.errors import InvalidInput
from zerog.wire import rlp

TYPES: Final = (0, 1, 2, 3, 4)
WIDE_FIELDS: Final = ("value", "gas_price", "max_fee_per_gas", "max_priority_fee_per_gas", "max_fee_per_blob_gas")

AccessList = Sequence[tuple[bytes, Sequence[bytes]]]


@dataclass(frozen=True)
class Signature:
    """An ECDSA signature with the parity of the curve point that recovery needs."""

    r: int
    s: int
    parity: int


@dataclass(frozen=True)
class Authorization:
    """An EIP-7702 authorization: the signer's account runs the code at ``address``. A chain id of 0 means any chain."""

    chain_id: int
    address: bytes
    nonce: int
    signature: Signature

    @staticmethod
    def digest(chain_id: int, address: bytes, nonce: int) -> bytes:
        """What the account signs."""
        fields = [rlp.encode_int(chain_id), address, rlp.encode_int(nonce)]
        return bytes(keccak256(b"\x05" + rlp.encode(fields)))

    def fields(self) -> list[rlp.Item]:
        """The RLP fields of the authorization in the list of a transaction."""
        sign = self.signature
        numbers = (self.nonce, sign.parity, sign.r, sign.s)
        return [rlp.encode_int(self.chain_id), self.address, *[rlp.encode_int(number) for number in numbers]]


@dataclass(frozen=True)
class Transaction:
    """A transaction before it is signed. ``type`` decides which price fields count: 0 and 1 use ``gas_price``, the others
    ``max_fee_per_gas`` and ``max_priority_fee_per_gas``. ``to`` is None for a deployment.
    """

    type: int
    chain_id: int
    nonce: int
    gas_limit: int
    to: bytes | None = None
    value: int = 0
    data: bytes = b""
    gas_price: int = 0
    max_fee_per_gas: int = 0
    max_priority_fee_per_gas: int = 0
    access_list: AccessList = ()
    authorizations: Sequence[Authorization] = ()
    max_fee_per_blob_gas: int = 0
    blob_hashes: Sequence[bytes] = ()

    def check(self) -> None:
        """Refuse what no node would take.

        Raises:
            InvalidInput: names the field.
        """
        if self.type not in TYPES:
            raise InvalidInput(f"transaction: expected a type of 0 to 4, found {self.type}")
        for name in ("chain_id", "nonce", "gas_limit", *WIDE_FIELDS):
            most = 256 if name in WIDE_FIELDS else 64
            number = getattr(self, name)
            if not 0 <= number < 1 << most:
                raise InvalidInput(f"transaction: {name} of {number} does not fit {most} bits")
        if self.to is not None and len(self.to) != 20:
            raise InvalidInput(f"transaction: expected 20 bytes of to, found {len(self.to)}")
        if self.to is None and self.type in (3, 4):
            raise InvalidInput(f"transaction: a type {self.type} transaction cannot deploy; it needs a destination")
        if self.type >= 2 and self.max_fee_per_gas < self.max_priority_fee_per_gas:
            raise InvalidInput("transaction: max priority fee per gas higher than max fee per gas")
        if self.type == 4 and not self.authorizations:
            raise InvalidInput("transaction: a type 4 transaction needs at least one authorization")
        if self.type == 3 and not self.blob_hashes:
            raise InvalidInput("transaction: a type 3 transaction needs at least one blob hash")

    def _fields(self) -> list[rlp.Item]:
        number = rlp.encode_int
        to = self.to or b""
        if self.type == 0:
            return [number(self.nonce), number(self.gas_price), number(self.gas_limit), to, number(self.value), self.data]
        listed: rlp.Item = [[address, list(keys)] for address, keys in self.access_list]
        head = [number(self.chain_id), number(self.nonce)]
        if self.type == 1:
            return [*head, number(self.gas_price), number(self.gas_limit), to, number(self.value), self.data, listed]
        fees = [number(self.max_priority_fee_per_gas), number(self.max_fee_per_gas)]
        body = [*head, *fees, number(self.gas_limit), to, number(self.value), self.data, listed]
        if self.type == 3:
            body += [number(self.max_fee_per_blob_gas), list(self.blob_hashes)]
        if self.type == 4:
            body.append([item.fields() for item in self.authorizations])
        return body

    def digest(self) -> bytes:
        """The 32 bytes that the sender signs."""
        self.check()
        if self.type:
            return bytes(keccak256(bytes([self.type]) + rlp.encode(self._fields())))
        replay = [rlp.encode_int(self.chain_id), b"", b""] if self.chain_id else []
        return bytes(keccak256(rlp.encode([*self._fields(), *replay])))

    def encode(self, signature: Signature) -> bytes:
        """The signed transaction as ``eth_sendRawTransaction`` takes it."""
        ends = [rlp.encode_int(signature.r), rlp.encode_int(signature.s)]
        if self.type:
            return bytes([self.type]) + rlp.encode([*self._fields(), rlp.encode_int(signature.parity), *ends])
        v = signature.parity + (35 + 2 * self.chain_id if self.chain_id else 27)
        return rlp.encode([*self._fields(), rlp.encode_int(v), *ends])


def create_address(sender: bytes, nonce: int) -> bytes:
    """Where a deployment by ``sender`` with ``nonce`` puts its contract."""
    return bytes(keccak256(rlp.encode([sender, rlp.encode_int(nonce)])))[12:]
