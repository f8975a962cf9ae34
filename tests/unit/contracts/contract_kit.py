"""The devnet's genesis in a small world, without a chain around it: send, call, system calls, rewards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zerog import _native as native
from zerog.chain.genesis import parse
from zerog.chain.presets import Network, genesis, network
from zerog.contracts import registry
from zerog.contracts.artifact import Artifact, load
from zerog.types import Address
from zerog.wire.abi import Interface
from zerog.wire.transaction import create_address

OWNER = Address(b"\xaa" * 20)
ALICE = Address(b"\xa1" * 20)
BOB = Address(b"\xb0" * 20)
RICH = 10**24
ONE = 10**18
GWEI = 10**9
GAS = 15_000_000


class Failed(AssertionError):
    """A transaction or call that failed; ``reason`` explains it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class World:
    """Contracts of a devnet whose owner is ``OWNER``; three rich accounts; a block number that tests move."""

    net: Network = field(default_factory=lambda: network("devnet", owner=OWNER))
    number: int = 1

    def __post_init__(self) -> None:
        made = parse(genesis(self.net, {who: RICH for who in (OWNER, ALICE, BOB)}))
        self.change_alloc(made.alloc)
        self.native = native.EvmWorld(made.alloc, "prague", self.net.chain_id, 80, True)

    def change_alloc(self, alloc: dict[Any, Any]) -> None:
        """What a kind of world puts into genesis besides the network's own accounts."""

    def env(self) -> dict[str, Any]:
        return {
            "number": self.number, "timestamp": self.net.timestamp + self.number, "gas_limit": 120_000_000, "base_fee": 0,
            "coinbase": bytes(20), "prev_randao": 0, "excess_blob_gas": 0, "block_hashes": {},
        }  # fmt: skip

    def account(self, address: bytes) -> tuple[int, int, bytes]:
        nonce, balance, code = self.native.account(address)
        return nonce, balance, code

    def balance(self, address: bytes) -> int:
        return self.account(address)[1]

    def raw(self, sender: bytes, to: bytes | None, data: bytes = b"", value: int = 0, gas: int = GAS) -> dict[str, Any]:
        transaction = {
            "type": 2, "chain_id": self.net.chain_id, "nonce": self.account(sender)[0], "max_fee": 0, "max_priority_fee": 0,
            "gas_limit": gas, "to": to, "value": value, "data": data, "sender": sender,
        }  # fmt: skip
        result: dict[str, Any] = self.native.transact(self.env(), transaction, check_sender_code=False)
        return result

    def deploy(self, sender: bytes, artifact: Artifact, *arguments: Any) -> Address:
        address = Address(create_address(sender, self.account(sender)[0]))
        result = self.raw(sender, None, artifact.creation_code(*arguments))
        if not result["success"]:
            raise Failed(artifact.interface.explain_revert(result["output"]))
        return address

    def at(self, address: bytes, artifact: str | Interface) -> At:
        return At(self, Address(bytes(address)), load(artifact).interface if isinstance(artifact, str) else artifact)

    def reward(self, address: bytes, gwei: int) -> None:
        """What a withdrawal of the consensus layer does: the balance grows, no code runs."""
        self.native.block_end(self.env(), [(0, 0, address, gwei)], requests_required=False)


@dataclass
class At:
    """A contract at an address."""

    world: World
    address: Address
    interface: Interface

    def send(self, sender: bytes, name: str, *arguments: Any, value: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """A transaction that must succeed; its events."""
        result = self.world.raw(sender, self.address, self.interface.function(name).encode_call(*arguments), value)
        if not result["success"]:
            raise Failed(self.interface.explain_revert(result["output"]))
        return self.events(result["logs"])

    def events(self, logs: list[Any]) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for address, topics, data in logs:
            event = self.interface.decode_log(topics, data) if address == self.address else None
            if event is not None:
                found.append(event)
        return found

    def fails(self, sender: bytes, name: str, *arguments: Any, value: int = 0) -> str:
        try:
            self.send(sender, name, *arguments, value=value)
        except Failed as error:
            return error.reason
        raise AssertionError(f"{name} succeeded")

    def call(self, name: str, *arguments: Any, sender: bytes = ALICE) -> Any:
        """The result of a function; what it changes stays, as tests only ask views."""
        function = self.interface.function(name)
        assert function.mutability in ("view", "pure"), f"{name} is no view"
        result = self.world.raw(sender, self.address, function.encode_call(*arguments))
        if not result["success"]:
            raise Failed(self.interface.explain_revert(result["output"]))
        return function.decode_result(result["output"])

    def system(self, name: str, *arguments: Any) -> dict[str, Any]:
        """A call by the system address."""
        data = self.interface.function(name).encode_call(*arguments)
        result: dict[str, Any] = self.world.native.system_call(self.world.env(), registry.SYSTEM, self.address, data)
        return result
