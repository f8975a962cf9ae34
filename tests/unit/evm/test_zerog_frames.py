"""The stateful precompiles of 0G as contracts meet them: every call opcode, static contexts, roll-back, gas, value, events."""

from __future__ import annotations

from typing import Any

import pytest
from py_ecc import optimized_bn128 as ecc

from zerog import _native

DASIGNERS = bytes.fromhex("1000".rjust(40, "0"))
WRAPPED = bytes.fromhex("1002".rjust(40, "0"))
REGISTRY = bytes.fromhex("20f30b2584f3096ea0d6c18c3b5cacc0585e12fc")
TOKEN = bytes.fromhex("1cd0690ff9a693f5ef2dd976660a8dafc81a109c")
AGENCY = bytes.fromhex("e1a5162f99e075f8c6681ae28191ab3ac250b468")
USER, STRANGER = b"\x77" * 20, b"\x78" * 20
CHAIN_ID = 16601
MAKE_EPOCH, EPOCH_NUMBER, PARAMS = bytes.fromhex("5a889f0c"), bytes.fromhex("f4145a83"), bytes.fromhex("cff0ab96")
OPCODES = {"call": 0xF1, "callcode": 0xF2, "delegatecall": 0xF4, "staticcall": 0xFA}
ENV: dict[str, Any] = {"number": 10, "timestamp": 1000, "gas_limit": 30_000_000, "coinbase": b"\0" * 20, "base_fee": 0}


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def proxy(target: bytes, opcode: str, *, gas: int = 5_000_000, reverting: bool = False) -> bytes:
    """Hands its calldata to ``target``; returns the success flag and what came back, or reverts with that."""
    value = b"\x34" if opcode in ("call", "callcode") else b""  # CALLVALUE
    return (
        bytes.fromhex("366000600037")  # CALLDATACOPY all to 0
        + bytes.fromhex("60006000366000")  # return area, argument size and place
        + value
        + b"\x73"
        + target
        + b"\x62"
        + gas.to_bytes(3, "big")
        + bytes([OPCODES[opcode]])
        + bytes.fromhex("6000523d600060203e3d602001")  # flag to 0, data behind it, size on the stack
        + (b"\x60\x00\xfd" if reverting else b"\x60\x00\xf3")
    )


def world(codes: dict[bytes, bytes]) -> Any:
    alloc = {address: {"code": code, "balance": 1000} for address, code in codes.items()}
    alloc[USER] = {"balance": 10**24}
    return _native.EvmWorld(alloc, fork="prague", chain_id=CHAIN_ID, zerog_precompiles=True)


def send(w: Any, to: bytes, data: bytes, *, value: int = 0, gas: int = 8_000_000) -> dict[str, Any]:
    tx = {
        "type": 2,
        "chain_id": CHAIN_ID,
        "nonce": w.account(USER)[0],
        "max_fee": 0,
        "max_priority_fee": 0,
        "gas_limit": gas,
        "to": to,
        "value": value,
        "data": data,
        "sender": USER,
    }
    result: dict[str, Any] = w.transact(ENV, tx)
    assert result["valid"], result["error"]
    return result


def epoch(w: Any) -> int:
    return int.from_bytes(send(w, DASIGNERS, EPOCH_NUMBER)["output"], "big")


def flag(result: dict[str, Any]) -> tuple[int, bytes]:
    """What a proxy returns: the success flag and the data."""
    assert result["success"]
    return int.from_bytes(result["output"][:32], "big"), result["output"][32:]


PROXY, OUTER = b"\x10" * 20, b"\x11" * 20


@pytest.mark.parametrize("opcode", OPCODES)
def test_views_answer_in_every_frame(opcode: str) -> None:
    w = world({PROXY: proxy(DASIGNERS, opcode)})
    ok, data = flag(send(w, PROXY, PARAMS))
    assert ok == 1
    assert [int.from_bytes(data[i : i + 32], "big") for i in range(0, 160, 32)] == [30, 102400, 10, 28800, 3072]
    # Only a call that may write leaves the marker.
    assert w.account(DASIGNERS)[2] == (b"\x01" if opcode == "call" else b"")


@pytest.mark.parametrize("opcode", OPCODES)
def test_only_call_writes(opcode: str) -> None:
    w = world({PROXY: proxy(DASIGNERS, opcode)})
    ok, data = flag(send(w, PROXY, MAKE_EPOCH))
    assert (ok, data) == (1 if opcode == "call" else 0, b"")
    assert epoch(w) == (1 if opcode == "call" else 0)
    key = int.from_bytes(_native.keccak256(b"\x05"), "big")
    assert w.storage(PROXY, key) == 0  # never the caller's own storage
    assert w.storage(DASIGNERS, key) == (1 if opcode == "call" else 0)


@pytest.mark.parametrize("opcode", ["callcode", "delegatecall", "staticcall"])
def test_static_and_borrowed_contexts(opcode: str) -> None:
    """A CALL below a static frame reads only; below a borrowed frame it writes to the precompile's own address."""
    w = world({PROXY: proxy(DASIGNERS, "call"), OUTER: proxy(PROXY, opcode)})
    outer, inner = flag(send(w, OUTER, MAKE_EPOCH))
    assert outer == 1
    assert int.from_bytes(inner[:32], "big") == (0 if opcode == "staticcall" else 1)
    assert epoch(w) == (0 if opcode == "staticcall" else 1)


def test_a_reverting_caller_leaves_nothing() -> None:
    w = world({PROXY: proxy(DASIGNERS, "call", reverting=True), OUTER: proxy(PROXY, "call")})
    result = send(w, PROXY, MAKE_EPOCH)
    assert not result["success"]
    assert int.from_bytes(result["output"][:32], "big") == 1  # the inner call itself had succeeded
    assert flag(send(w, OUTER, MAKE_EPOCH))[0] == 0
    assert w.account(DASIGNERS)[2] == b""
    assert epoch(w) == 0
    assert w.account(DASIGNERS)[2] == b"\x01"


def test_what_is_consumed() -> None:
    """Malformed input gives the gas back, a broken rule does not, an unknown method cannot be paid."""
    w = world({PROXY: proxy(DASIGNERS, "call", gas=500_000)})
    bare_register = bytes.fromhex("0f62bda5")
    not_registry = bare_register + word(int.from_bytes(USER, "big")) + word(0) * 3
    used = {}
    for name, data in {
        "epoch": EPOCH_NUMBER,
        "malformed": bare_register,
        "rule": not_registry,
        "unknown": b"\xde\xad\xbe\xef",
    }.items():
        result = send(w, PROXY, data)
        used[name] = result["gas_used"]
        assert flag(result)[0] == (1 if name == "epoch" else 0)
    assert 98_900 <= used["malformed"] - used["epoch"] <= 99_100  # 100,000 against 1,000
    assert used["rule"] > 500_000
    assert used["unknown"] > 500_000


def test_value_moves_to_the_precompile() -> None:
    w = world({PROXY: proxy(DASIGNERS, "call")})
    assert flag(send(w, PROXY, EPOCH_NUMBER, value=7))[0] == 1
    assert w.account(DASIGNERS)[1] == 7
    failed = send(w, DASIGNERS, bytes.fromhex("0f62bda5"), value=5)
    assert not failed["success"]
    assert w.account(DASIGNERS)[1] == 7


def g1(point: Any) -> list[int]:
    x, y = ecc.normalize(point)
    return [int(x), int(y)]


def hashed(message: bytes) -> Any:
    data = _native.da_map_to_g1(_native.keccak256(message))
    return ecc.FQ(int.from_bytes(data[:32], "big")), ecc.FQ(int.from_bytes(data[32:], "big")), ecc.FQ(1)


def test_a_signer_from_registration_to_quorum() -> None:
    """Keys and signatures by py_ecc, through a contract at the registry's address."""
    w = world({REGISTRY: proxy(DASIGNERS, "call"), PROXY: proxy(DASIGNERS, "call")})
    secret = 0x1234567890ABCDEF
    px, py = ecc.normalize(ecc.multiply(ecc.G2, secret))
    keys = [*g1(ecc.multiply(ecc.G1, secret)), *(int(c) for c in px.coeffs), *(int(c) for c in py.coeffs)]
    signer = int.from_bytes(USER, "big")
    point = hashed(USER + word(CHAIN_ID) + b"0G_BN254_Pubkey_Registration")
    signature = g1(ecc.multiply(point, secret))
    detail = [signer, 256, *keys]
    register = bytes.fromhex("7ca4dd5e") + b"".join(map(word, [96, *signature, *detail, 5])) + b"a.b:1".ljust(32, b"\0")
    assert flag(send(w, PROXY, register)) == (0, b"")  # sent from elsewhere
    result = send(w, REGISTRY, register)
    assert flag(result) == (1, b"")
    assert [(log[0], [bytes(t).hex()[:8] for t in log[1]]) for log in result["logs"]] == [
        (DASIGNERS, ["679917c2", "00000000"]),
        (DASIGNERS, ["09617a96", "00000000"]),
    ]
    assert result["logs"][0][2] == b"".join(map(word, keys))
    assert send(w, DASIGNERS, bytes.fromhex("7df73e27") + word(signer))["output"] == word(1)

    point = hashed(USER + (1).to_bytes(8, "big") + word(CHAIN_ID))
    enter = bytes.fromhex("0f62bda5") + b"".join(map(word, [signer, *g1(ecc.multiply(point, secret)), 4]))
    wrong = bytes.fromhex("0f62bda5") + b"".join(map(word, [signer, *g1(ecc.multiply(point, secret + 1)), 4]))
    assert flag(send(w, REGISTRY, wrong))[0] == 0
    assert flag(send(w, REGISTRY, enter))[0] == 1
    assert send(w, DASIGNERS, MAKE_EPOCH)["success"]
    assert epoch(w) == 1
    assert send(w, DASIGNERS, bytes.fromhex("fa6fcba6") + word(1) + word(0) + word(3071))["output"] == word(signer)
    bitmap = b"\x01".ljust(384, b"\0")
    query = bytes.fromhex("50b73739") + b"".join(map(word, [1, 0, 96, 384])) + bitmap
    assert send(w, DASIGNERS, query)["output"] == b"".join(map(word, [*keys[:2], 3072, 3072]))
    # updateSocket: the origin itself, not through a contract.
    update = bytes.fromhex("0cf4b767") + word(32) + word(3) + b"new".ljust(32, b"\0")
    assert flag(send(w, PROXY, update))[0] == 0
    assert send(w, USER, b"")["success"]
    assert send(w, DASIGNERS, update)["success"]


def test_wrapped_base_moves_balance() -> None:
    w = world({TOKEN: proxy(WRAPPED, "call"), AGENCY: proxy(WRAPPED, "call"), PROXY: proxy(WRAPPED, "call")})
    minter = int.from_bytes(STRANGER, "big")
    cap = bytes.fromhex("dddba6c8") + word(minter) + word(500) + word(0)
    mint, burn = (bytes.fromhex(selector) + word(minter) + word(300) for selector in ("40c10f19", "9dc29fac"))
    assert flag(send(w, TOKEN, mint))[0] == 0  # no cap yet
    assert flag(send(w, PROXY, cap))[0] == 0
    assert flag(send(w, AGENCY, cap))[0] == 1
    assert flag(send(w, TOKEN, mint))[0] == 1
    assert w.account(TOKEN)[1] == 1300
    assert flag(send(w, TOKEN, mint))[0] == 0  # above the cap
    assert flag(send(w, TOKEN, burn))[0] == 1
    assert w.account(TOKEN)[1] == 1000
    supply = send(w, WRAPPED, bytes.fromhex("95609212") + word(minter))["output"]
    assert supply == word(500) + word(0) + word(0)


def test_switched_off_they_are_empty_accounts() -> None:
    w = _native.EvmWorld({USER: {"balance": 10**24}}, fork="prague", chain_id=CHAIN_ID)
    result = send(w, DASIGNERS, MAKE_EPOCH)
    assert result["success"]
    assert result["output"] == b""
    assert w.account(DASIGNERS)[2] == b""
