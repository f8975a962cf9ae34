"""What consensus does to a block beside its transactions: slashings by the staking contract, messages for the bridge.

The staking contract is the devnet's own, on our EVM; at the bridge stands byte code that keeps what it was called with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from chain_kit import CHAIN_ID, COINBASE, RANDAO, ZEROG, Key, admit, engine
from eth_abi.abi import encode
from eth_utils import keccak
from node_kit import ADDRESSES, write_genesis
from py_ecc.bls import G2ProofOfPossession as Bls
from test_life import SIGNER, Chain, admitting, application, new_kv

from zerog import _native as native
from zerog.chain.executor import reexecute
from zerog.chain.genesis import Genesis, parse
from zerog.chain.inputs import BRIDGE_MESSAGES_MAX, SLASHINGS_MAX, BridgeMessage, ConsensusInputs, Slashing, encode_bridge
from zerog.contracts import registry
from zerog.contracts.artifact import load
from zerog.errors import InvalidInput

ONE, GWEI = 10**18, 10**9
SECRET = 11
STAKE = 32 * ONE
STRANGER = b"\xca" * 20
STAKING = load("StakingContract").interface
VALIDATOR = load("ValidatorContract").interface


def genesis_with(home: Path, **config: Any) -> Genesis:
    value = write_genesis(home)
    zerog = config.pop("zerog", {})
    value["config"] |= config
    value["config"]["zerog"] |= zerog
    return parse(value)


def view(chain: Chain, contract: bytes, interface: Any, name: str, *arguments: Any) -> Any:
    function = interface.function(name)
    answer = chain.executor.engine.call({"to": contract, "data": function.encode_call(*arguments)})
    assert answer["success"], answer
    return function.decode_result(answer["output"])


def creating(chain: Chain) -> tuple[bytes, bytes]:
    """A transaction that makes a validator of 32 0G, and the address that its contract will have."""
    key = bytes(Bls.SkToPk(SECRET))
    message = view(chain, registry.STAKING, STAKING, "depositMessage", key, STAKE // GWEI)
    data = STAKING.function("createAndInitializeValidatorIfNecessary").encode_call(
        ("me", "", "", "", ""), 50_000, 5, key, bytes(Bls.Sign(SECRET, message))
    )
    fields = {
        "gas": 8_000_000, "nonce": 0, "value": STAKE, "to": bytes(registry.STAKING), "data": data,
        "max_fee_per_gas": 100 * GWEI, "max_priority_fee_per_gas": GWEI,
    }  # fmt: skip
    address = view(chain, registry.STAKING, STAKING, "computeValidatorAddress", key)
    return SIGNER.sign_transaction(ADDRESSES[0], fields, CHAIN_ID), bytes(address)


def tokens(chain: Chain, validator: bytes) -> int:
    return int(view(chain, validator, VALIDATOR, "tokens"))


@pytest.fixture
def genesis(tmp_path: Path) -> Genesis:
    return genesis_with(tmp_path)


async def test_a_slashed_validator_loses_stake_on_every_node_and_after_a_restart(
    genesis: Genesis, caplog: pytest.LogCaptureFixture
) -> None:
    kv = new_kv()
    proposer, follower = Chain(genesis, kv), Chain(genesis, new_kv())
    raw, validator = creating(proposer)
    start = genesis.fields["timestamp"]
    with application(proposer) as (ours, pool), application(follower) as (theirs, _):
        await ours.open()
        await theirs.open()
        await admitting(pool, lambda: pool.submit([raw]))

        async def height(number: int, *slashings: Slashing) -> bytes:
            block = await ours.prepare_proposal(start + number, ConsensusInputs(slashings=slashings))
            assert await theirs.process_proposal(block)
            for app in (ours, theirs):
                await app.finalize_block(block)
                await app.commit()
            assert ours.head == theirs.head
            return block

        await height(1)
        assert tokens(proposer, validator) == STAKE
        block = await height(2, Slashing(validator, 5 * GWEI), Slashing(validator, 0), Slashing(validator, 2 * GWEI, 7, 3))
        for chain in (proposer, follower):
            assert tokens(chain, validator) == STAKE - 7 * ONE
            assert chain.balance(validator) == STAKE - 7 * ONE
        stored = rlp.decode(block)
        assert [[validator, b"\x01\x2a\x05\xf2\x00"], [validator, b""], [validator, b"\x77\x35\x94\x00"]] == [
            entry[2:] for entry in stored[4]
        ]
        assert stored[4][2][:2] == [b"\x07", b"\x03"]
        # who is no validator is not slashed: the call reverts, nothing changes, the chain goes on and says so
        await height(3, Slashing(STRANGER, GWEI))
        assert tokens(proposer, validator) == STAKE - 7 * ONE
        assert "system_call.failed" in caplog.text
        # the header does not name the slashings, but a node that leaves them out comes to another state
        block = await ours.prepare_proposal(start + 4, ConsensusInputs(slashings=(Slashing(validator, ONE // GWEI),)))
        parts = rlp.decode(block)
        assert not await theirs.process_proposal(bytes(rlp.encode(parts[:4])))
        assert "stateRoot" in caplog.text
        assert await theirs.process_proposal(block)

    again = Chain(genesis, kv)
    assert again.opened.replayed == 3
    assert again.executor.engine.head() == (3, ours.head.hash)
    assert tokens(again, validator) == STAKE - 7 * ONE
    number, root = reexecute(again.blocks, genesis)
    assert (number, root) == (3, native.record_header(again.blocks.record(3))["state_root"])
    record = again.blocks.record(2)
    assert rlp.decode(native.record_raw_block(record))[4] == stored[4]


def test_slashings_need_their_fork_and_a_staking_contract(tmp_path: Path, genesis: Genesis) -> None:
    later = genesis_with(tmp_path / "later", zerog={"stakingForkTime": genesis.fields["timestamp"] + 5})
    chain = Chain(later, new_kv()).executor.engine
    entry = {"address": STRANGER, "amount": 1}
    start = genesis.fields["timestamp"]
    with pytest.raises(InvalidInput, match="before the staking fork"):
        chain.build(start + 4, COINBASE, RANDAO, slashings=[entry])
    assert chain.build(start + 5, COINBASE, RANDAO, slashings=[entry]).failed_calls
    chain.discard()
    with pytest.raises(InvalidInput, match=f"at most {SLASHINGS_MAX}"):
        chain.build(start + 5, COINBASE, RANDAO, slashings=[entry] * (SLASHINGS_MAX + 1))
    with pytest.raises(InvalidInput, match="amount is missing"):
        chain.build(start + 5, COINBASE, RANDAO, slashings=[{"address": STRANGER}])
    bare = engine([Key(1)])
    with pytest.raises(InvalidInput, match="no code at the staking contract"):
        bare.build(1001, COINBASE, RANDAO, slashings=[entry])
    assert bare.build(1001, COINBASE, RANDAO, slashings=[entry | {"amount": 0}]).failed_calls == []
    plain = native.Engine(json.dumps({"chainId": 1, "pragueTime": 0}).encode())
    alloc = {bytes(a): {"nonce": 1, "code": code} for a, code in registry.SYSTEM_CONTRACTS.items()}
    plain.init_genesis({"timestamp": 1, "gas_limit": 30_000_000, "alloc": alloc})
    plain.commit()
    with pytest.raises(InvalidInput, match="before the staking fork"):
        plain.build(2, COINBASE, RANDAO, slashings=[entry])


# --- the bridge ------------------------------------------------------------------------------------------------------------

BRIDGE = bytes.fromhex("54EbF70B91fe29fdF6F5C6cF726983DDF0DE0750")
SYSTEM = bytes.fromhex("ff" * 19 + "fe")
# slot[number] = keccak256(calldata), slot[0] = caller
RECORDER = bytes.fromhex("365f5f37365f204355335f5500")
FORK = 1003
TOKEN, RECIPIENT = b"\x01" * 20, b"\x02" * 20


def message(nonce: int, target: int = CHAIN_ID, **changes: Any) -> BridgeMessage:
    fields = {"source_chain": 16700, "target_chain": target, "nonce": nonce, "local_token": TOKEN, "recipient": RECIPIENT}
    return BridgeMessage(**fields | {"amount": ONE, "mode": 1, "source_block": 42} | changes)


def calldata(messages: Sequence[BridgeMessage], fee_recipient: bytes = COINBASE) -> bytes:
    kind = "(uint64,uint64,address,address,uint256,address)[]"
    rows = [(m.source_chain, m.nonce, m.local_token, m.recipient, m.amount, fee_recipient) for m in messages]
    return keccak(f"parkRemoteMessages({kind})".encode())[:4] + encode([kind], [rows])


def bridge_chain(code: bytes = RECORDER) -> Any:
    rules = {"chainId": CHAIN_ID, "cancunTime": 0, "pragueTime": 1002, "bridgeForkTime": FORK, "zerog": ZEROG}
    return engine([Key(1)], rules=json.dumps(rules).encode(), alloc={BRIDGE: {"nonce": 1, "code": code}})


def test_messages_have_the_bytes_of_the_networks_own_nodes() -> None:
    """The layout of 0G's consensus client: an SSZ container of one list, 105 bytes a message."""
    wire = encode_bridge((message(7, 16702),))
    expected = (
        "04000000" "3c41000000000000" "3e41000000000000" "0700000000000000" + "01" * 20 + "02" * 20
        + "0de0b6b3a7640000".rjust(64, "0") + "01" + "2a00000000000000"
    )  # fmt: skip
    assert wire.hex() == expected
    assert encode_bridge(()) == bytes.fromhex("04000000")
    assert calldata([])[:4] == bytes.fromhex("7c31c30f")
    for bad in (message(-1), message(1 << 64), message(1, amount=1 << 256), message(1, mode=2), message(1, recipient=b"")):
        with pytest.raises(InvalidInput, match="bridge"):
            encode_bridge((bad,))
    with pytest.raises(InvalidInput, match="at most 48"):
        encode_bridge((message(1),) * (BRIDGE_MESSAGES_MAX + 1))


def test_every_block_from_the_fork_on_calls_the_bridge() -> None:
    chain, other = bridge_chain(), bridge_chain()
    given: list[tuple[int, list[BridgeMessage]]] = [
        (1002, []),
        (FORK, []),
        (FORK, [message(1)]),
        (1004, [message(n, amount=n * ONE) for n in range(BRIDGE_MESSAGES_MAX)]),
        (1005, [message(1), message(2, 99_999), message(3, source_chain=2**64 - 1, amount=2**256 - 1)]),
    ]
    key = Key(1)
    for number, (timestamp, messages) in enumerate(given, 1):
        admit(chain, key.transfer(number - 1, STRANGER))
        inputs = ConsensusInputs(bridge=tuple(messages)).for_engine()
        sealed = chain.build(timestamp, COINBASE, RANDAO, **inputs)
        assert sealed.failed_calls == []
        chain.commit()
        parts = rlp.decode(sealed.block_rlp)
        if timestamp < FORK:
            assert len(parts) == 4
            assert chain.storage(BRIDGE, number) == 0
        else:
            ssz = encode_bridge(tuple(messages))
            assert parts[4:] == [b"", ssz]
            ours = [m for m in messages if m.target_chain == CHAIN_ID]
            assert chain.storage(BRIDGE, number) == int.from_bytes(keccak(calldata(ours)), "big")
            assert chain.storage(BRIDGE, 0) == int.from_bytes(SYSTEM, "big")
            requests = hashlib.sha256(hashlib.sha256(b"\xf0" + ssz).digest()).digest()
            assert parts[0][20] == requests
            without = bytes(rlp.encode(parts[:4]))
            with pytest.raises(InvalidInput, match="bridge request: missing"):
                other.import_block(without)
            changed = [*parts[:5], encode_bridge((*messages[:-1], message(77)))]
            with pytest.raises(InvalidInput, match="requestsHash"):
                other.import_block(bytes(rlp.encode(changed)))
        copy = other.import_block(sealed.block_rlp)
        assert (copy.hash, copy.record, copy.diff) == (sealed.hash, sealed.record, sealed.diff)
        other.commit()
        assert native.record_raw_block(copy.record) == sealed.block_rlp


def test_a_bridge_call_that_fails_parks_nothing_and_is_told() -> None:
    chain = bridge_chain(bytes.fromhex("63deadbeef60e01b60005260046000fd"))
    sealed = chain.build(FORK, COINBASE, RANDAO, bridge=encode_bridge((message(1),)))
    (text,) = sealed.failed_calls
    assert text.startswith("parkRemoteMessages of 1 messages failed")
    assert "0xdeadbeef" in text
    chain.commit()
    assert chain.head()[0] == 1


def test_malformed_bridge_requests_are_refused() -> None:
    chain = bridge_chain()
    one = encode_bridge((message(1),))
    for bad in (
        b"",
        one[:-1],
        one + b"\0",
        b"\x05" + one[1:],
        one[:100] + b"\x02" + one[101:],
        b"\4\0\0\0" + one[4:] * 49,
        b"\4\0\0",
    ):
        with pytest.raises(InvalidInput, match="bridge request"):
            chain.build(FORK, COINBASE, RANDAO, bridge=bad)
    with pytest.raises(InvalidInput, match="before the bridge fork"):
        chain.build(1002, COINBASE, RANDAO, bridge=one)
    sealed = chain.build(FORK, COINBASE, RANDAO, bridge=one)
    chain.discard()
    parts = rlp.decode(sealed.block_rlp)
    slashing = [b"", b"", STRANGER, b"\x01"]
    for tail in (
        [[], one],
        [b"", b""],
        [b""],
        [[]],
        [[slashing], one, b""],
        [b"", one, b"", b""],
        [b"\x01", one],
        [one],
        [[slashing], b""],
    ):
        with pytest.raises(InvalidInput, match="block: "):
            chain.import_block(bytes(rlp.encode(parts[:4] + tail)))


def test_the_bridge_fork_is_not_before_prague() -> None:
    for early in ({"bridgeForkTime": 0}, {"bridgeForkTime": 4, "pragueTime": 5}):
        with pytest.raises(InvalidInput, match="bridgeForkTime"):
            native.Engine(json.dumps({"chainId": 1} | early).encode())
    native.Engine(json.dumps({"chainId": 1, "pragueTime": 5, "bridgeForkTime": 5}).encode())
    with pytest.raises(InvalidInput, match="osakaTime"):
        native.Engine(json.dumps({"chainId": 1, "pragueTime": 5, "osakaTime": 5}).encode())
