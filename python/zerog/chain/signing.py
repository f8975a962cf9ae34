"""Signing with secret keys of development accounts: transactions of types 0 to 2 and personal messages, by libsecp256k1."""

from __future__ import annotations

from typing import Any

from coincurve import PrivateKey

from zerog._native import keccak256
from zerog.chain import types
from zerog.errors import ConfigError, InvalidInput, NotFound
from zerog.wire import rlp


class DevAccounts:
    """Unlocked keys by address. Keys live in libsecp256k1's objects and nowhere else."""

    def __init__(self, keys: list[str] | tuple[str, ...]) -> None:
        self._keys: dict[bytes, PrivateKey] = {}
        for index, text in enumerate(keys):
            try:
                key = PrivateKey(types.data(text, "key", 32))
            except (InvalidInput, ValueError):
                raise ConfigError(
                    f"chain.dev_accounts[{index}]: expected 0x and 64 hex digits of a secret key",
                    key="chain.dev_accounts", value="***", origin="",
                ) from None  # fmt: skip
            self._keys[bytes(keccak256(key.public_key.format(compressed=False)[1:]))[-20:]] = key

    @property
    def addresses(self) -> list[bytes]:
        return list(self._keys)

    def _key(self, address: bytes) -> PrivateKey:
        key = self._keys.get(address)
        if key is None:
            raise NotFound("unknown account")
        return key

    def sign_digest(self, address: bytes, digest: bytes) -> tuple[int, int, int]:
        """``(y parity, r, s)`` with low s."""
        signature = self._key(address).sign_recoverable(digest, hasher=None)
        return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")

    def sign_message(self, address: bytes, message: bytes) -> bytes:
        """eth_sign: the prefixed message of EIP-191, 65 bytes with v of 27 or 28."""
        digest = bytes(keccak256(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message))
        parity, r, s = self.sign_digest(address, digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])

    def sign_transaction(self, sender: bytes, request: dict[str, Any], chain_id: int) -> bytes:
        """Wire bytes of a complete request: nonce, gas, and either ``gas_price`` or both fee caps are set."""
        integer = rlp.encode_int
        to, data, value = request.get("to", b""), request.get("data", b""), request.get("value", 0)
        access: list[rlp.Item] = [
            [address, [slot.to_bytes(32, "big") for slot in slots]] for address, slots in request.get("access_list", [])
        ]
        if "gas_price" in request and "access_list" not in request:
            legacy: list[rlp.Item] = [
                integer(request["nonce"]), integer(request["gas_price"]), integer(request["gas"]), to, integer(value), data,
            ]  # fmt: skip
            digest = bytes(keccak256(rlp.encode([*legacy, integer(chain_id), b"", b""])))
            parity, r, s = self.sign_digest(sender, digest)
            return rlp.encode([*legacy, integer(35 + 2 * chain_id + parity), integer(r), integer(s)])
        if "gas_price" in request:
            kind, fees = 1, [integer(request["gas_price"])]
        else:
            kind, fees = 2, [integer(request["max_priority_fee_per_gas"]), integer(request["max_fee_per_gas"])]
        body: list[rlp.Item] = [
            integer(chain_id), integer(request["nonce"]), *fees, integer(request["gas"]), to, integer(value), data, access,
        ]  # fmt: skip
        parity, r, s = self.sign_digest(sender, bytes(keccak256(bytes([kind]) + rlp.encode(body))))
        return bytes([kind]) + rlp.encode([*body, integer(parity), integer(r), integer(s)])
