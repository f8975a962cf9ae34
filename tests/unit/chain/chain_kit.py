"""A small chain in memory: funded keys, cheap signing, an engine over a genesis. For the engine's tests."""

from __future__ import annotations

import json
from typing import Any

import rlp  # type: ignore[import-untyped]
from coincurve import PrivateKey
from eth_utils import keccak

from zerog import _native

CHAIN_ID = 16601
ETHER = 10**18
GWEI = 10**9
COINBASE = b"\xc0" * 20
RANDAO = b"\x07" * 32
ZEROG = {"gasFloorPercent": 80, "precompiles": True, "repeatedTimestamps": True, "gasLimitMin": 3_000_000}


class Key:
    """A secret key and its address."""

    def __init__(self, seed: int) -> None:
        self.secret = PrivateKey(keccak(seed.to_bytes(8, "big")))
        self.address = keccak(self.secret.public_key.format(compressed=False)[1:])[12:]

    def sign(self, digest: bytes) -> tuple[int, int, int]:
        signature = self.secret.sign_recoverable(digest, hasher=None)
        return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")

    def transfer(
        self, nonce: int, to: bytes, value: int = 1, *, gas: int = 21000, price: int = 2 * GWEI, data: bytes = b""
    ) -> bytes:
        fields: list[Any] = [nonce, price, gas, to, value, data]
        parity, r, s = self.sign(keccak(rlp.encode([*fields, CHAIN_ID, 0, 0])))
        return bytes(rlp.encode([*fields, 35 + 2 * CHAIN_ID + parity, r, s]))

    def dynamic(
        self, nonce: int, to: bytes, value: int = 0, *, gas: int = 21000, tip: int = GWEI, cap: int = 10 * GWEI,
        data: bytes = b"", chain_id: int = CHAIN_ID, access: list[Any] | None = None,
    ) -> bytes:  # fmt: skip
        return self.typed(2, [chain_id, nonce, tip, cap, gas, to, value, data, access or []])

    def blob(self, nonce: int, hashes: list[bytes], *, tip: int = GWEI, cap: int = 10 * GWEI, blob_cap: int = GWEI) -> bytes:
        return self.typed(3, [CHAIN_ID, nonce, tip, cap, 21000, b"\x01" * 20, 0, b"", [], blob_cap, hashes])

    def authorize(self, address: bytes, nonce: int, chain_id: int = CHAIN_ID) -> list[Any]:
        parity, r, s = self.sign(keccak(b"\x05" + rlp.encode([chain_id, address, nonce])))
        return [chain_id, address, nonce, parity, r, s]

    def set_code(
        self, nonce: int, to: bytes, authorizations: list[Any], *, gas: int = 200_000, tip: int = GWEI, cap: int = 10 * GWEI
    ) -> bytes:
        return self.typed(4, [CHAIN_ID, nonce, tip, cap, gas, to, 0, b"", [], authorizations])

    def typed(self, kind: int, fields: list[Any]) -> bytes:
        head = bytes([kind])
        parity, r, s = self.sign(keccak(head + rlp.encode(fields)))
        return head + bytes(rlp.encode([*fields, parity, r, s]))


def config(**zerog: Any) -> bytes:
    return json.dumps({"chainId": CHAIN_ID, "cancunTime": 0, "pragueTime": 0, "zerog": ZEROG | zerog}).encode()


def genesis(keys: list[Key], balance: int = 1000 * ETHER, **fields: Any) -> dict[str, Any]:
    alloc = {key.address: {"balance": balance, "nonce": 0, "code": b"", "storage": {}} for key in keys}
    alloc |= fields.pop("alloc", {})
    return {"timestamp": 1000, "gas_limit": 120_000_000, "base_fee": GWEI, "alloc": alloc} | fields


def engine(
    keys: list[Key],
    *,
    rules: bytes | None = None,
    balance: int = 1000 * ETHER,
    options: dict[str, Any] | None = None,
    **fields: Any,
) -> Any:
    """An engine whose genesis is committed."""
    made = _native.Engine(rules or config(), **(options or {}))
    made.init_genesis(genesis(keys, balance, **fields))
    made.commit()
    return made


def build(engine: Any, timestamp: int = 1001, **fields: Any) -> Any:
    """Build from the pool and commit."""
    sealed = engine.build(timestamp, COINBASE, RANDAO, **fields)
    engine.commit()
    return sealed


def admit(engine: Any, *raws: bytes) -> list[Any]:
    return list(engine.add_transactions(list(raws)))
