"""The compute contracts in a small world: time that tests move, items that a signer in an enclave would sign."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from coincurve import PrivateKey
from tests.unit.contracts.contract_kit import ALICE, ONE, OWNER, RICH, At, Failed, World

from zerog._native import keccak256
from zerog.chain.presets import Network, network
from zerog.contracts import fine_tuning, inference, registry
from zerog.contracts.calls import Call
from zerog.contracts.registry import ComputeParameters
from zerog.types import Address
from zerog.wire import compute

USER_KEY = PrivateKey(bytes.fromhex("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"))
TEE_KEY = PrivateKey(bytes.fromhex("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"))
PROVIDER = Address(b"\xc0" * 20)
STRANGER = Address(b"\xd0" * 20)
INFERENCE, TUNING = "inference-v1.0", "fine-tuning-v1.0"
DAY = 86_400
STAKE = 100 * ONE
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def address_of(key: PrivateKey) -> Address:
    return Address(bytes(keccak256(key.public_key.format(compressed=False)[1:]))[12:])


def signed(key: PrivateKey, digest: bytes) -> bytes:
    signature = key.sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def high(signature: bytes) -> bytes:
    """The other signature of the same message, which a careless verifier takes too."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


TEE = address_of(TEE_KEY)


def network_with(**changes: Any) -> Network:
    return network("devnet", owner=OWNER, compute=replace(ComputeParameters(), **changes))


@dataclass
class ComputeWorld(World):
    """The world with ledger and services; ``later`` is how many seconds have passed. Providers and users are rich."""

    net: Network = field(default_factory=network_with)
    later: int = 0
    extra: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    logs: list[Any] = field(default_factory=list)

    def change_alloc(self, alloc: dict[Any, Any]) -> None:
        for who in (PROVIDER, STRANGER):
            alloc[who] = {"balance": RICH}
        alloc.update(self.extra)

    def env(self) -> dict[str, Any]:
        made = super().env()
        return {**made, "timestamp": made["timestamp"] + self.later}

    @property
    def now(self) -> int:
        return int(self.env()["timestamp"])

    @property
    def ledger(self) -> At:
        return self.at(registry.LEDGER, "LedgerManager")

    @property
    def inference(self) -> At:
        return self.at(registry.INFERENCE, "InferenceServing")

    @property
    def tuning(self) -> At:
        return self.at(registry.FINE_TUNING, "FineTuningServing")

    def ask(self, at: At, call: Call[Any], sender: Address = ALICE) -> Any:
        """The decoded result of a transaction that must succeed; its effects stay. The last one's logs are in ``logs``."""
        result = self.raw(sender, at.address, call.data)
        if not result["success"]:
            raise Failed(at.interface.explain_revert(result["output"]))
        self.logs = result["logs"]
        return call.decode(result["output"])

    def refused(self, at: At, call: Call[Any], sender: Address = ALICE) -> str:
        try:
            self.ask(at, call, sender)
        except Failed as error:
            return error.reason
        raise AssertionError("it succeeded")

    def serve(self, provider: Address = PROVIDER, **changes: Any) -> None:
        """A service of inference that the owner has looked at."""
        self.inference.send(provider, "addOrUpdateService", service(**changes), value=STAKE)
        self.inference.send(OWNER, "acknowledgeTEESignerByOwner", provider)

    def serve_tuning(self, provider: Address = PROVIDER) -> None:
        self.tuning.send(provider, "addOrUpdateService", *tuning_service(), value=STAKE)
        self.tuning.send(OWNER, "acknowledgeTEESignerByOwner", provider)

    def fund(self, user: Address, amount: int, provider: Address = PROVIDER, name: str = INFERENCE) -> None:
        """Into the user's account with a provider, through the ledger."""
        self.ledger.send(user, "depositFund", value=amount)
        self.ledger.send(user, "transferFund", provider, name, amount)


def service(**changes: Any) -> tuple[Any, ...]:
    made = {
        "serviceType": "chatbot", "url": "http://127.0.0.1:8080", "model": "smollm2-135m", "verifiability": "TeeML",
        "inputPrice": 10, "outputPrice": 20, "additionalInfo": "{}", "teeSignerAddress": TEE,
    }  # fmt: skip
    assert set(changes) <= set(made)
    return tuple((made | changes).values())


def tuning_service(**changes: Any) -> tuple[Any, ...]:
    made = {
        "url": "http://127.0.0.1:8081", "quota": (2, 3, 4, 5, "H100"), "pricePerToken": 7, "occupied": False,
        "models": ["small", "large"], "teeSignerAddress": TEE,
    }  # fmt: skip
    assert set(changes) <= set(made)
    return tuple((made | changes).values())


def settlement(world: World, user: Address, fee: int, nonce: int, **changes: Any) -> inference.Settlement:
    """An item that the provider's signer has signed; ``key`` and the fields that a forger would change."""
    key, provider = changes.pop("key", TEE_KEY), changes.pop("provider", PROVIDER)
    named = changes.pop("requests_hash", b"\5" * 32)
    struct = compute.settlement_struct(named, nonce, provider, user, fee)
    domain = compute.inference_domain(world.net.chain_id, registry.INFERENCE)
    item = inference.Settlement(user, provider, fee, named, nonce, signed(key, compute.typed_digest(domain, struct)))
    return replace(item, **changes)


def delivery(world: World, user: Address, id: str, fee: int, nonce: int, **changes: Any) -> fine_tuning.Settlement:
    """The settlement of a deliverable, signed; ``key`` and the fields that a forger would change."""
    key, secret, root = changes.pop("key", TEE_KEY), changes.pop("secret", b"secret"), changes.pop("root", b"\1" * 32)
    struct = compute.deliverable_struct(id, secret, root, nonce, fee, user)
    domain = compute.fine_tuning_domain(world.net.chain_id, registry.FINE_TUNING)
    item = fine_tuning.Settlement(id, secret, root, nonce, signed(key, compute.typed_digest(domain, struct)), fee, user)
    return replace(item, **changes)
