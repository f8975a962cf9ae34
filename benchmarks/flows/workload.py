"""Signed transactions of many senders, made once and fast: the input of the chain benchmarks.

Keys are derived from a seed, so that every peer can be given the same funded accounts. Signing goes through libsecp256k1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from coincurve import PrivateKey

from zerog import _native
from zerog.wire import rlp

FUNDS_NEURON = 10**21
MAX_FEE_NEURON = 100 * 10**9
TIP_NEURON = 10**9
TRANSFER_SELECTOR = bytes.fromhex("a9059cbb")


@dataclass(frozen=True)
class Sender:
    """One funded account."""

    key: PrivateKey
    address: bytes


def senders(count: int, seed: str = "zerog-bench") -> list[Sender]:
    """The first ``count`` accounts of this seed."""
    out = []
    for index in range(count):
        key = PrivateKey(hashlib.sha256(f"{seed}/{index}".encode()).digest())
        out.append(Sender(key, _native.keccak256(key.public_key.format(compressed=False)[1:])[12:]))
    return out


def sign_dynamic_fee(
    sender: Sender, *, chain_id: int, nonce: int, to: bytes, value: int = 0, data: bytes = b"", gas_limit: int = 21_000
) -> bytes:
    """A signed EIP-1559 transaction as wire bytes."""
    number = rlp.encode_int
    fees = [number(TIP_NEURON), number(MAX_FEE_NEURON), number(gas_limit)]
    fields: list[rlp.Item] = [number(chain_id), number(nonce), *fees, to, number(value), data, []]
    digest = _native.keccak256(b"\x02" + rlp.encode(fields))
    signature = sender.key.sign_recoverable(digest, hasher=None)
    r, s = signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")
    return b"\x02" + rlp.encode([*fields, number(signature[64]), r, s])


def plain_transfers(accounts: list[Sender], chain_id: int, nonce: int = 0) -> list[bytes]:
    """One transfer of one neuron from each account to a fresh address."""
    return [
        sign_dynamic_fee(sender, chain_id=chain_id, nonce=nonce, to=hashlib.sha256(sender.address).digest()[:20], value=1)
        for sender in accounts
    ]


def token_transfers(
    accounts: list[Sender], chain_id: int, token: bytes, nonce: int = 0, gas_limit: int = 65_000
) -> list[bytes]:
    """One ERC-20 transfer of one unit from each account to a fresh address."""
    return [
        sign_dynamic_fee(
            sender,
            chain_id=chain_id,
            nonce=nonce,
            to=token,
            data=TRANSFER_SELECTOR + bytes(12) + hashlib.sha256(sender.address).digest()[:20] + (1).to_bytes(32, "big"),
            gas_limit=gas_limit,
        )
        for sender in accounts
    ]
