"""What strangers may say: every decoder takes what fits and refuses the rest by name; a server survives any bytes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.harness import Running, SimulatedEth, pattern
from tests.unit.storage.peers_kit import NETWORK, flip, handshake, peer_of

from zerog.errors import InvalidInput
from zerog.storage.api import Shard, Tx, TxId
from zerog.storage.layout import Proof, Segment
from zerog.storage.peers import messages
from zerog.storage.peers.identity import PeerKey, announcement_digest, hello_digest, join_digest, verify
from zerog.storage.peers.messages import Address, Announcement
from zerog.storage.peers.network import SERVICE
from zerog.wire.proto import storage_peers_pb2 as pb

KEY = PeerKey(b"\x07" * 32)
TX = Tx(3, bytes(32), ((bytes(32), 10), (bytes(32), 7)), 1024, 262_145, bytes(20), bytes(32), b"", 1, bytes(32), bytes(32))
READERS: dict[str, Callable[[bytes], object]] = {
    "hello": lambda raw: messages.read_hello(pb.HelloRequest.FromString(raw)),
    "reply": lambda raw: messages.read_hello(pb.HelloReply.FromString(raw)),
    "files": lambda raw: messages.read_files(pb.AskFilesRequest.FromString(raw).files),
    "indexes": lambda raw: messages.read_indexes(pb.GetSegmentsRequest.FromString(raw)),
    "segment": lambda raw: messages.read_segment(pb.Segment.FromString(raw), TX, {0, 1}),
    "announcement": lambda raw: messages.read_announcement(raw, 1000),
    "peers": lambda raw: messages.read_peers(pb.GetPeersReply.FromString(raw)),
    "shard": lambda raw: messages.read_shard(pb.Shard.FromString(raw)),
}
GOOD: dict[str, bytes] = {
    "hello": pb.HelloRequest(
        network=messages.network_message(NETWORK), peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(id=1, count=2),
        address="127.0.0.1:1234",
    ).SerializeToString(),
    "reply": pb.HelloReply(peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(count=1)).SerializeToString(),
    "files": pb.AskFilesRequest(files=[pb.TxId(seq=1, hash=bytes(32))] * 3).SerializeToString(),
    "indexes": pb.GetSegmentsRequest(indexes=[1, 2, 40]).SerializeToString(),
    "segment": messages.segment_message(1, bytes(256), Proof((bytes(32),) * 3, (False,))).SerializeToString(),
    "announcement": messages.announcement_body(
        Announcement(KEY.id, "[::1]:9", Shard(1, 4), (TxId(5, b"\1" * 32),), 1000)
    ),
    "peers": pb.GetPeersReply(peers=[pb.Peer(peer_id=KEY.id, address="node.example:1")]).SerializeToString(),
    "shard": pb.Shard(id=3, count=4).SerializeToString(),
}  # fmt: skip


def test_what_fits_is_taken() -> None:
    for name, raw in GOOD.items():
        assert READERS[name](raw) is not None
    segment = READERS["segment"](GOOD["segment"])
    assert segment == Segment(TX.root, bytes(256), 1, Proof((bytes(32),) * 3, (False,)), TX.size)
    assert READERS["announcement"](GOOD["announcement"]) == Announcement(
        KEY.id, "[::1]:9", Shard(1, 4), (TxId(5, b"\1" * 32),), 1000
    )


@pytest.mark.parametrize("name", list(READERS))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_decoders_refuse_by_name_and_never_fail(name: str, data: st.DataObject) -> None:
    raw = bytearray(GOOD[name])
    if data.draw(st.booleans()):
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(raw)))
            raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))
    else:
        raw = bytearray(data.draw(st.binary(max_size=300)))
    with contextlib.suppress(InvalidInput, DecodeError):
        READERS[name](bytes(raw))


@pytest.mark.parametrize(
    ("reader", "raw", "words"),
    [
        ("hello", pb.HelloRequest(peer_id=b"\4" * 33, nonce=bytes(32)), "peer_id"),
        ("hello", pb.HelloRequest(peer_id=KEY.id, nonce=bytes(31)), "nonce"),
        ("hello", pb.HelloRequest(peer_id=KEY.id, nonce=bytes(32)), "shard"),
        ("hello", pb.HelloRequest(peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(count=3)), "shard"),
        ("hello", pb.HelloRequest(peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(count=1 << 40)), "shards"),
        ("hello", pb.HelloRequest(peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(count=1), address="http://x"), "address"),
        ("files", pb.AskFilesRequest(), "files"),
        ("files", pb.AskFilesRequest(files=[pb.TxId(hash=bytes(32))] * 257), "files"),
        ("files", pb.AskFilesRequest(files=[pb.TxId(hash=bytes(31))]), "hash"),
        ("indexes", pb.GetSegmentsRequest(), "indexes"),
        ("indexes", pb.GetSegmentsRequest(indexes=range(17)), "indexes"),
        ("indexes", pb.GetSegmentsRequest(indexes=[2, 1]), "ascending"),
        ("indexes", pb.GetSegmentsRequest(indexes=[2, 2]), "ascending"),
        ("segment", pb.Segment(index=2), "not asked for"),
        ("segment", pb.Segment(index=1, data=bytes(512)), "expected 256"),
        ("segment", pb.Segment(index=1, data=bytes(256), lemma=[bytes(31)]), "proof"),
        ("segment", pb.Segment(index=1, data=bytes(256), path=[True] * 65), "proof"),
        ("announcement", pb.Announcement(peer_id=KEY.id, timestamp_s=1011), "timestamp"),
        ("announcement", pb.Announcement(peer_id=KEY.id, timestamp_s=959), "timestamp"),
        ("announcement", pb.Announcement(peer_id=b"", timestamp_s=1000), "peer_id"),
        ("peers", pb.GetPeersReply(peers=[pb.Peer(peer_id=KEY.id, address="a:1")] * 65), "peers"),
    ],
)
def test_what_does_not_fit_is_named(reader: str, raw: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        READERS[reader](raw.SerializeToString())


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[::1]:65535", "node-1.example.org:1234", "localhost:9", "a:1"])
def test_addresses(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "a", ":1", "a:0", "a:65536", "a:+1", "a:1 ", "::1:1", "[::1:1", "[a]:1", "unix:/x:1", "a/b:1", "a_b:1", "-a:1",
     "1.2.3:4", "[fe80::1%eth0]:1", "a" * 64 + ":1", "a." * 200 + "a:1", "dns:///a:1", "a:\u0661", "127.0.0.1:99999"],
)  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="host:port"):
        Address.parse(text)


def test_addresses_of_this_machine() -> None:
    local = ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "a.localhost:1", "0.0.0.0:1"]
    assert all(Address.parse(text).is_local for text in local)
    assert not any(Address.parse(text).is_local for text in ["10.0.0.1:1", "node.example:1", "[2001:db8::1]:1"])


def test_signatures_are_of_one_key_one_network_and_one_form() -> None:
    other = PeerKey(b"\x08" * 32)
    fields = (bytes(32), b"\1" * 32, KEY.id, other.id)
    digest = hello_digest(NETWORK, *fields)
    assert digest != join_digest(NETWORK, *fields)
    signature = KEY.sign(digest)
    assert verify(KEY.id, digest, signature)
    assert not verify(other.id, digest, signature)
    assert not verify(KEY.id, join_digest(NETWORK, *fields), signature)
    assert not verify(KEY.id, announcement_digest(NETWORK, b""), signature)
    assert all(not verify(KEY.id, digest, flip(signature, at)) for at in range(65))
    assert not verify(KEY.id, digest, signature[:64])
    assert not verify(KEY.id, digest, bytes(65))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(signature[32:64], "big")
    assert not verify(KEY.id, digest, signature[:32] + s.to_bytes(32, "big") + bytes([signature[64] ^ 1]))


async def test_a_server_survives_any_bytes(node: Running, eth: SimulatedEth, seed: int) -> None:
    """Random and mutated requests over real gRPC: each gets a code that blames the caller, and the server goes on."""
    data = pattern(600_000)
    tree = eth.submit(data)
    await node.synced(0)
    await node.upload(tree, data, 0)
    chance = random.Random(seed)
    async with peer_of(node, calls_burst=1e9, hellos_burst=1e9) as peer, grpc.aio.insecure_channel(peer.address) as channel:
        tx = node.node.store.tx(0)
        client, session = await handshake(peer.address, KEY)
        await client.close()
        valid = {
            "Hello": pb.HelloRequest(network=messages.network_message(NETWORK), peer_id=KEY.id, nonce=bytes(32),
                                     shard=pb.Shard(count=1)),
            "Join": pb.JoinRequest(nonce=bytes(32), signature=bytes(65)),
            "GetSegments": pb.GetSegmentsRequest(session=session, file=messages.file_message(tx.id), indexes=[0, 1]),
            "AskFiles": pb.AskFilesRequest(session=session, files=[messages.file_message(tx.id)]),
            "GetPeers": pb.GetPeersRequest(session=session),
            "Ping": pb.PingRequest(session=session),
            "Announce": pb.AnnounceRequest(session=session, announcement=GOOD["announcement"], signature=bytes(65)),
        }  # fmt: skip
        blamed = {
            grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        }  # fmt: skip
        for _ in range(150):
            name = chance.choice(list(SERVICE.methods_by_name))
            raw = bytearray(valid[name].SerializeToString() if name in valid else b"")
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(raw) + 1)
                raw[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(9))
            path = f"/{SERVICE.full_name}/{name}"
            call: Any
            if SERVICE.methods_by_name[name].server_streaming:
                call = channel.unary_stream(path)(bytes(raw), timeout=5)
                async with asyncio.timeout(10):
                    while call.done() is False and await _read(call):
                        pass
            else:
                call = channel.unary_unary(path)(bytes(raw), timeout=5)
                await asyncio.wait([asyncio.ensure_future(_result(call))])
            assert await call.code() in blamed, (name, bytes(raw), await call.details())
        large = channel.unary_unary(f"/{SERVICE.full_name}/Join")(bytes(1 << 20), timeout=5)
        await _result(large)
        assert await large.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def _read(call: Any) -> bool:
    try:
        return await call.read() is not grpc.aio.EOF
    except grpc.aio.AioRpcError:
        return False


async def _result(call: Any) -> None:
    with contextlib.suppress(grpc.aio.AioRpcError):
        await call
