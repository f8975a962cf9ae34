"""The chain's register of quorums and the search for a blob, against the real contracts on the native EVM."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB
from tests.unit.contracts.da_kit import ENTRANCE, ROOT, SIGNERS, SOCKET, DAWorld, attest, signer

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call
from zerog.da import chain as da_chain
from zerog.da.api import BlobRecord
from zerog.da.chain import ChainDirectory, ReadingChain, entrance_of, find_blob
from zerog.da.light import ChainCommitments
from zerog.errors import ConfigError, NotFound, PeerFault
from zerog.primitives import bls
from zerog.runtime.config import DaChainConfig
from zerog.runtime.eth import EthLog, HttpEth, PageTooLarge

T = TypeVar("T")
ME, OTHER = signer(BOB), signer(ALICE)


@dataclass
class World(ReadingChain):
    """The contracts' world, all of it final."""

    world: DAWorld = field(default_factory=DAWorld)
    history: list[tuple[int, Sequence[bytes], bytes]] = field(default_factory=list)
    asked: int = 0
    pages: list[tuple[int, int]] = field(default_factory=list)

    async def ask(self, to: bytes, call: Call[T]) -> T:
        self.asked += 1
        found: T = self.world.ask(to, call)
        return found

    async def finalized_block(self) -> int:
        return self.world.number

    async def logs(self, address: bytes, first: int, last: int) -> Sequence[tuple[Sequence[bytes], bytes]]:
        self.pages.append((first, last))
        return [(topics, data) for number, topics, data in self.history if first <= number <= last]

    def act(self, call: Call[Any]) -> None:
        result = self.world.send(ENTRANCE, call)
        self.history += [(self.world.number, topics, data) for at, topics, data in result["logs"] if at == ENTRANCE]


@pytest.fixture
def chain() -> World:
    made = World()
    for who in (ME, OTHER):
        made.world.fund(who.account, 5)
        made.world.register(who)
    made.world.begin_epoch(ME, OTHER)
    return made


def test_quorums_that_exist_and_those_that_do_not(chain: World) -> None:
    directory = ChainDirectory(chain)
    found = asyncio.run(directory.quorum(1, 0))
    assert len(found.rows) == 3072
    assert set(found.rows) == set(found.sockets) == {ME.account, OTHER.account}
    assert set(found.sockets.values()) == {SOCKET}
    for epoch, quorum_id, words in (
        (0, 0, "not begun"),
        (2, 0, "not begun"),
        (1, 10, "no quorum 10"),
        (1 << 63, 0, "not begun"),
    ):
        with pytest.raises(NotFound, match=words):
            asyncio.run(directory.quorum(epoch, quorum_id))


def test_rows_are_kept_and_sockets_asked_again(chain: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    directory = ChainDirectory(chain, now_s=lambda: now)
    asyncio.run(directory.quorum(1, 0))
    asked = chain.asked
    asyncio.run(directory.quorum(1, 0))
    assert chain.asked == asked
    chain.world.send(SIGNERS, da_signers.update_socket("10.9.8.7:1"), BOB)
    assert asyncio.run(directory.quorum(1, 0)).sockets[ME.account] == SOCKET
    now = da_chain.SOCKETS_KEPT_S + 1
    assert asyncio.run(directory.quorum(1, 0)).sockets[ME.account] == "10.9.8.7:1"
    monkeypatch.setattr(da_chain, "SIGNERS_MAX", 1)  # more signers than are kept: still all of them
    now *= 3
    assert len(asyncio.run(directory.quorum(1, 0)).sockets) == 2


def test_a_node_that_tells_of_other_signers(chain: World, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = da_signers.get_signers
    monkeypatch.setattr(da_signers, "get_signers", lambda accounts: honest(list(reversed(accounts))))
    with pytest.raises(PeerFault, match="other signers"):
        asyncio.run(ChainDirectory(chain).quorum(1, 0))


def test_the_newest_record_of_a_root_is_found(chain: World) -> None:
    world = chain.world
    world.number = 3
    chain.act(da_entrance.submit_verified_commit_roots([attest(world, [ME, OTHER], epoch=1)]))
    world.number = 25
    chain.act(da_entrance.submit_original_data([ROOT]))

    async def find(root: bytes) -> BlobRecord:
        return await find_blob(chain, ENTRANCE, root, start_block=1, page_blocks=10)

    assert asyncio.run(find(ROOT)) == BlobRecord(1, 0, ROOT)
    assert chain.pages == [(16, 25), (6, 15), (1, 5)]
    with pytest.raises(NotFound, match="no final block"):
        asyncio.run(find(bytes(32)))
    commitments = ChainCommitments(chain, ENTRANCE)
    assert asyncio.run(commitments.commitment(BlobRecord(1, 0, ROOT))) == bls.encode(bls.G1_GENERATOR, "plain")
    assert asyncio.run(commitments.commitment(BlobRecord(1, 1, ROOT))) is None


def test_answers_that_are_none() -> None:
    class Nonsense(HttpEth):
        async def call(self, to: bytes, data: bytes, at: int | str = "latest") -> bytes:
            return b"\x01"

    with pytest.raises(PeerFault, match="another form"):
        asyncio.run(ReadingChain(Nonsense("http://127.0.0.1:1")).ask(SIGNERS, da_signers.epoch_number()))


def test_logs_come_in_pieces_where_a_node_wants_that() -> None:
    class Narrow(HttpEth):
        most = 3

        async def logs_of(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[EthLog]:
            if last - first + 1 > self.most:
                raise PageTooLarge("query returned too much")
            return [EthLog((), bytes([number]), number, b"", b"", 0) for number in range(first, last + 1)]

    eth = Narrow("http://127.0.0.1:1")
    found = asyncio.run(ReadingChain(eth).logs(ENTRANCE, 5, 20))
    assert [data[0] for _, data in found] == list(range(5, 21))
    eth.most = 0
    with pytest.raises(PeerFault, match="block 5"):
        asyncio.run(ReadingChain(eth).logs(ENTRANCE, 5, 20))


def test_the_entrance_of_the_settings() -> None:
    assert entrance_of(DaChainConfig()) == ENTRANCE
    with pytest.raises(ConfigError, match=r"da\.chain\.entrance"):
        entrance_of(DaChainConfig(entrance="0x12"))
