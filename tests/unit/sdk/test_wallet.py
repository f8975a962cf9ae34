"""Keys, signatures and key files against eth-account, and what must never be shown."""

from __future__ import annotations

import json
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as Peer
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.errors import Conflict, InvalidInput, NotFound, Unauthorized
from zerog.sdk.wallet import Account, Keystore, decrypt, derive, encrypt, recover
from zerog.types import format_address
from zerog.wire.transaction import Authorization, Transaction, create_address
from zerog.wire.typed_data import message_digest, type_text, typed_digest

TEST_WORDS = "test test test test test test test test test test test junk"
SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
TO = bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8")
CHEAP = 1 << 10


def test_the_well_known_mnemonic() -> None:
    expected = [
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    ]
    accounts = [Account.from_mnemonic(TEST_WORDS, index) for index in range(3)]
    assert [account.address_text for account in accounts] == expected
    assert accounts[0].export_secret() == "0x" + SECRET
    with pytest.raises(InvalidInput):
        Account.from_mnemonic("test test")


@pytest.mark.parametrize(
    ("path", "secret"),
    # BIP-32, test vector 1
    [
        ("m", "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35"),
        ("m/0'", "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"),
        ("m/0'/1", "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368"),
        ("m/0'/1/2'", "cbce0d719ecf7431d88e6a89fa1483e02e35092af60c042b1df2ff59fa424dca"),
    ],
)
def test_bip32(path: str, secret: str) -> None:
    assert derive(bytes(range(16)), path).hex() == secret


@pytest.mark.parametrize("path", ["", "44'/60'", "m/", "m/x", "m/-1", "m/4294967296", "m/1''"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(InvalidInput):
        derive(bytes(16), path)


@pytest.mark.parametrize("text", ["", "0x", "00" * 32, "ff" * 32, "12", "0x" + "zz" * 32])
def test_bad_secrets_are_not_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Account.from_hex(text)
    assert not text.strip("0x") or text not in str(caught.value)


def peer_fields(transaction: Transaction) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "nonce": transaction.nonce,
        "gas": transaction.gas_limit,
        "value": transaction.value,
        "data": transaction.data,
        "chainId": transaction.chain_id,
    }
    if transaction.to is not None:
        fields["to"] = format_address(transaction.to)
    if transaction.type:
        fields["type"] = transaction.type
        fields["accessList"] = [
            {"address": format_address(address), "storageKeys": ["0x" + key.hex() for key in keys]}
            for address, keys in transaction.access_list
        ]
    if transaction.type in (0, 1):
        fields["gasPrice"] = transaction.gas_price
    else:
        fields["maxFeePerGas"] = transaction.max_fee_per_gas
        fields["maxPriorityFeePerGas"] = transaction.max_priority_fee_per_gas
    if transaction.type == 4:
        fields["authorizationList"] = [
            Peer.sign_authorization({"chainId": item.chain_id, "address": item.address, "nonce": item.nonce}, SECRET)
            for item in transaction.authorizations
        ]
    return fields


LISTS = st.lists(
    st.tuples(st.binary(min_size=20, max_size=20), st.lists(st.binary(min_size=32, max_size=32), max_size=2)), max_size=2
)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([0, 1, 2, 4]),
    chain_id=st.integers(1, 1 << 40),
    nonce=st.integers(0, (1 << 64) - 2),
    gas=st.integers(21000, 1 << 40),
    value=st.integers(0, 1 << 100),
    data=st.binary(max_size=100),
    fee=st.integers(0, 1 << 60),
    tip=st.integers(0, 1 << 60),
    deploy=st.booleans(),
    listed=LISTS,
)
def test_transactions_equal_eth_account(
    kind: int, chain_id: int, nonce: int, gas: int, value: int, data: bytes, fee: int, tip: int, deploy: bool, listed: Any
) -> None:
    account = Account.from_hex(SECRET)
    made = Transaction(
        type=kind, chain_id=chain_id, nonce=nonce, gas_limit=gas, value=value, data=data,
        to=None if deploy and kind != 4 else TO, gas_price=fee if kind < 2 else 0,
        max_fee_per_gas=fee + tip if kind >= 2 else 0, max_priority_fee_per_gas=tip if kind >= 2 else 0,
        access_list=listed if kind else (),
        authorizations=[account.sign_authorization(chain_id, TO, nonce)] if kind == 4 else (),
    )  # fmt: skip
    signed = account.sign_transaction(made)
    peer = Peer.sign_transaction(peer_fields(made), SECRET)
    assert signed.raw == bytes(peer.raw_transaction)
    assert signed.hash == bytes(peer.hash)


def test_a_legacy_transaction_without_chain_id() -> None:
    """The example of EIP-155 before replay protection: v is 27 or 28."""
    account = Account.from_hex(SECRET)
    signed = account.sign_transaction(Transaction(type=0, chain_id=0, nonce=0, gas_limit=21000, to=TO, gas_price=1))
    assert Peer.recover_transaction(signed.raw) == account.address_text


@pytest.mark.parametrize(
    "change",
    [
        {"type": 5}, {"nonce": -1}, {"nonce": 1 << 64}, {"value": 1 << 256}, {"to": b"12"}, {"type": 4}, {"type": 3},
        {"type": 3, "to": None, "blob_hashes": [bytes(32)]}, {"type": 2, "max_priority_fee_per_gas": 2, "max_fee_per_gas": 1},
    ],
)  # fmt: skip
def test_impossible_transactions_are_refused(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"type": 0, "chain_id": 1, "nonce": 0, "gas_limit": 21000, "to": TO, **change}
    with pytest.raises(InvalidInput):
        Account.from_hex(SECRET).sign_transaction(Transaction(**fields))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_messages_equal_eth_account(message: bytes) -> None:
    account = Account.from_hex(SECRET)
    signature = account.sign_message(message)
    assert signature == bytes(Peer.sign_message(encode_defunct(message), SECRET).signature)
    assert recover(message_digest(message), signature) == account.address


MAIL: dict[str, Any] = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
        "Mail": [
            {"name": "from", "type": "Person"},
            {"name": "to", "type": "Person"},
            {"name": "contents", "type": "string"},
        ],
    },
    "primaryType": "Mail",
    "domain": {
        "name": "Ether Mail",
        "version": "1",
        "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    },
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
        "contents": "Hello, Bob!",
    },
}


def test_typed_data_example_of_the_eip() -> None:
    text = "Mail(Person from,Person to,string contents)Person(string name,address wallet)"
    assert type_text("Mail", MAIL["types"]) == text
    assert typed_digest(MAIL).hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def test_typed_data_equals_eth_account() -> None:
    data = {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "salt", "type": "bytes32"}],
            "Inner": [{"name": "flags", "type": "bool[2]"}, {"name": "raw", "type": "bytes"}],
            "Outer": [
                {"name": "items", "type": "Inner[]"},
                {"name": "small", "type": "int16"},
                {"name": "tag", "type": "bytes4"},
                {"name": "grid", "type": "uint8[][2]"},
            ],
        },
        "primaryType": "Outer",
        "domain": {"name": "x", "salt": "0x" + "11" * 32},
        "message": {
            "items": [{"flags": [True, False], "raw": "0x0102"}, {"flags": [False, False], "raw": "0x"}],
            "small": -5,
            "tag": "0xdeadbeef",
            "grid": [[1, 2], []],
        },
    }
    signature = Account.from_hex(SECRET).sign_typed(data)
    assert signature == bytes(Peer.sign_message(encode_typed_data(full_message=data), SECRET).signature)


@pytest.mark.parametrize(
    "change",
    [
        {"primaryType": "None"}, {"message": {}}, {"message": 5}, {"types": 5},
        {"types": {"Mail": [{"name": "contents", "type": "Mail"}]}, "message": {"contents": {"contents": {}}}},
    ],
)  # fmt: skip
def test_bad_typed_data(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        typed_digest({**MAIL, **change})


def test_create_address() -> None:
    assert (
        create_address(bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"), 1).hex()
        == "343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    )


def test_key_files_are_read_by_eth_account_and_back() -> None:
    account = Account.create()
    made = encrypt(account, "pässword", scrypt_n=CHEAP)
    assert "0x" + bytes(Peer.decrypt(made, "pässword")).hex() == account.export_secret()
    for kdf, rounds in (("scrypt", CHEAP), ("pbkdf2", 1000)):
        theirs = Peer.encrypt(account.export_secret(), "x", kdf=kdf, iterations=rounds)
        assert decrypt(theirs, "x").address == account.address


def test_wrong_passwords_and_changed_files() -> None:
    account = Account.create()
    made = encrypt(account, "right", scrypt_n=CHEAP)
    with pytest.raises(Unauthorized):
        decrypt(made, "wrong")
    changed = json.loads(json.dumps(made))
    changed["crypto"]["ciphertext"] = "00" * 32
    with pytest.raises(Unauthorized):
        decrypt(changed, "right")
    with pytest.raises(InvalidInput):
        decrypt({**made, "address": "00" * 20}, "right")
    for path, value in ((("version",), 2), (("crypto", "kdf"), "none"), (("crypto", "cipher"), "aes"), (("crypto", "mac"), "x"),
                        (("crypto", "kdfparams", "n"), 1 << 40), (("crypto", "kdfparams", "n"), 3)):  # fmt: skip
        broken = json.loads(json.dumps(made))
        place = broken
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        with pytest.raises(InvalidInput):
            decrypt(broken, "right")
    for broken in ({}, {"version": 3}, {"version": 3, "crypto": 5}):
        with pytest.raises(InvalidInput):
            decrypt(broken, "right")


def test_keystore_files_are_private(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys")
    account = Account.create()
    path = store.save(account, "x", scrypt_n=CHEAP)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.addresses() == [account.address]
    assert store.load(account.address_text, "x").address == account.address
    assert account.export_secret()[2:] not in path.read_text()
    with pytest.raises(Conflict):
        store.save(account, "x", scrypt_n=CHEAP)
    with pytest.raises(NotFound):
        store.load(TO, "x")
    path.chmod(0o644)
    with pytest.raises(Unauthorized):
        store.load(account.address, "x")
    path.chmod(0o600)
    path.parent.chmod(0o755)
    with pytest.raises(Unauthorized, match="0700"):
        store.load(account.address, "x")


def test_secrets_do_not_leak() -> None:
    account = Account.from_hex(SECRET)
    assert SECRET not in repr(account) + str(account)
    with pytest.raises(TypeError):
        pickle.dumps(account)


def test_recover_refuses() -> None:
    for signature in (b"", bytes(65), bytes(64) + b"\x05", b"\xff" * 64 + b"\x1b"):
        with pytest.raises(InvalidInput):
            recover(bytes(32), signature)


def test_authorization_digest_binds_everything() -> None:
    digests = {Authorization.digest(*fields) for fields in ((1, TO, 0), (2, TO, 0), (1, TO, 1), (1, bytes(20), 0))}
    assert len(digests) == 4
