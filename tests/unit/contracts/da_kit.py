"""A small world with DAEntrance, and signers with BN254 keys in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.contracts.contract_kit import ALICE, ONE, OWNER
from tests.unit.contracts.storage_kit import StorageWorld

from zerog._native import keccak256
from zerog.chain.presets import Network, network
from zerog.contracts import da_entrance, da_signers, registry
from zerog.contracts.da_entrance import CommitRootSubmission
from zerog.contracts.registry import DAParameters
from zerog.primitives import bls
from zerog.types import Address

ENTRANCE, SIGNERS = registry.DA_ENTRANCE, registry.DA_SIGNERS
EPOCH_BLOCKS = 28_800
SOCKET = "127.0.0.1:34000"
ROOT = bytes(keccak256(b"a blob"))


def network_with(**changes: Any) -> Network:
    return network("devnet", owner=OWNER, da=replace(DAParameters(), **changes))


@dataclass(frozen=True)
class Signer:
    """An account with a BN254 key."""

    account: Address
    secret: bls.SecretKey


def signer(account: bytes, number: int = 0) -> Signer:
    entropy = b"".join(bytes(keccak256(account + bytes([number, i]))) for i in range(2))
    return Signer(Address(account), bls.SecretKey.from_random(entropy))


@dataclass
class DAWorld(StorageWorld):
    """The devnet's contracts; every past block has a hash of its own."""

    net: Network = field(default_factory=lambda: network_with())

    def env(self) -> dict[str, Any]:
        hashes = {n: block_hash(n) for n in range(max(self.number - 256, 0), self.number)}
        return {**super().env(), "block_hashes": {**hashes, **self.hashes}}

    def fund(self, account: bytes, votes: int) -> None:
        """Gives an account money for so many votes."""
        assert self.raw(ALICE, account, b"", votes * 30 * ONE)["success"]

    def register(self, who: Signer) -> None:
        call = da_signers.register_signer(who.secret, who.account, SOCKET, self.net.chain_id)
        self.send(da_signers.registration_target(3), call, who.account)

    def enlist(self, *people: Signer) -> None:
        """Registers signers for the next epoch."""
        epoch = self.epoch()
        for who in people:
            call = da_signers.register_next_epoch(who.secret, who.account, epoch, self.net.chain_id)
            self.send(da_signers.registration_target(3), call, who.account)

    def begin_epoch(self, *people: Signer) -> int:
        """The next epoch, with these signers in it."""
        self.enlist(*people)
        if self.epoch() > 0:
            self.number += EPOCH_BLOCKS
        self.send(SIGNERS, da_signers.make_epoch())
        return self.epoch()

    def epoch(self) -> int:
        number: int = self.ask(SIGNERS, da_signers.epoch_number())
        return number

    def get(self, name: str) -> Any:
        return self.ask(ENTRANCE, da_entrance.getter(name))

    def upload(self, *roots: bytes, value: int = 0) -> list[da_entrance.DataUpload]:
        result = self.send(ENTRANCE, da_entrance.submit_original_data(roots), value=value)
        return [
            da_entrance.decode_data_upload(topics, data)
            for address, topics, data in result["logs"]
            if address == ENTRANCE and topics[0] == da_entrance.DATA_UPLOAD_TOPIC
        ]

    def record(self, *submissions: CommitRootSubmission, sender: bytes = ALICE) -> list[da_entrance.CommitmentVerified]:
        result = self.send(ENTRANCE, da_entrance.submit_verified_commit_roots(submissions), sender)
        return [da_entrance.decode_commitment_verified(topics, data) for _, topics, data in result["logs"]]


def block_hash(number: int) -> bytes:
    return bytes(keccak256(b"block" + number.to_bytes(8, "big")))


def attest(
    world: DAWorld,
    people: list[Signer],
    *,
    root: bytes = ROOT,
    epoch: int,
    quorum_id: int = 0,
    commitment: bytes = bls.G1_GENERATOR,
    rows: list[int] | None = None,
) -> CommitRootSubmission:
    """What a disperser submits once these people have signed; by default the bitmap has all of their rows."""
    digest = bls.attestation_digest(root, epoch, quorum_id, commitment)
    signatures = b"".join(who.secret.sign(digest) for who in people)
    keys = b"".join(who.secret.public_g2 for who in people)
    assert bls.verify_aggregate(digest, signatures, keys)
    if rows is None:
        mine = {who.account for who in people}
        quorum = world.ask(SIGNERS, da_signers.get_quorum(epoch, quorum_id))
        rows = [row for row, owner in enumerate(quorum) if owner in mine]
    return CommitRootSubmission(
        root, epoch, quorum_id, commitment, da_entrance.quorum_bitmap(rows), bls.sum_g2(keys), bls.sum_g1(signatures)
    )
