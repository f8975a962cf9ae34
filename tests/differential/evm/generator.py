"""Random cases for the EVM: a small world, a block around it, a few signed transactions. The same seed gives the same case.

A case is a plain dict of integers, bytes and lists, so that it can be pickled to any worker. Byte code is grown with the
stack height in mind, so that most programs live long, and spoiled now and then, so that some do not.
"""

from __future__ import annotations

import random
from typing import Any

import coincurve

from zerog import _native
from zerog.contracts.registry import CONSOLIDATION_REQUESTS, SYSTEM_CONTRACTS, WITHDRAWAL_REQUESTS

keccak256 = _native.keccak256

CHAIN_ID = 1
KEYS = [coincurve.PrivateKey(bytes([n + 1]) * 32) for n in range(6)]
SENDERS = [keccak256(key.public_key.format(compressed=False)[1:])[12:] for key in KEYS]
CONTRACTS = [bytes.fromhex(f"{0xC0DE + n:040x}") for n in range(8)]
STRANGERS = [bytes.fromhex(f"{0xEEEE0000 + n:040x}") for n in range(3)]
COINBASE = bytes.fromhex("00000000000000000000000000000000c01bba5e")
SLOTS = [0, 1, 2, 3, 2**255, 2**256 - 1]
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

WORDS = [
    *(0, 1, 2, 3, 5, 31, 32, 33, 63, 64, 95, 96, 127, 128, 255, 256, 257, 1023, 1024),
    *(2**16, 2**31, 2**32, 2**63, 2**64 - 1, 2**64, 2**128, 2**128 - 1, 2**192),
    *(2**255 - 1, 2**255, 2**255 + 1, 2**256 - 2, 2**256 - 1, 7 << 250),
]

# Valid inputs, so that the precompiles get past their first check.
ECRECOVER = bytes.fromhex(
    "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c000000000000000000000000000000000000000000000000000000000000001c"
    "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75feeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549"
)
BN_ADD = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
BLAKE2F = bytes.fromhex("0000000c") + bytes(range(64)) + bytes(128) + (3).to_bytes(8, "little") + bytes(8) + b"\x01"
MODEXP = b"".join(n.to_bytes(32, "big") for n in (3, 2, 4)) + b"\x01\x02\x03" + b"\x01\x01" + b"\xff\xff\xff\x07"

PRECOMPILE_INPUTS = [
    *((1, ECRECOVER), (1, ECRECOVER[:100]), (2, b"abc"), (3, b"abc"), (4, b"identity"), (5, MODEXP)),
    *((6, BN_ADD * 2), (7, BN_ADD + bytes(31) + b"\5"), (8, b""), (9, BLAKE2F), (10, bytes(192))),
    *((11, bytes(256)), (13, bytes(512)), (16, bytes(64))),
]


def rlp(item: Any) -> bytes:
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        body, base = item, 0x80
    else:
        body, base = b"".join(rlp(part) for part in item), 0xC0
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


class Program:
    """Byte code under construction; ``height`` is the stack as it will be when the straight path runs."""

    def __init__(self, rng: random.Random, addresses: list[bytes]) -> None:
        self.rng, self.addresses = rng, addresses
        self.code = bytearray()
        self.height = 0

    def op(self, number: int, pops: int = 0, pushes: int = 0) -> None:
        while self.height < pops:
            self.push(self.word())
        self.code.append(number)
        self.height += pushes - pops

    def push(self, value: int, width: int | None = None) -> None:
        width = width or max(1, (value.bit_length() + 7) // 8)
        if value == 0 and self.rng.random() < 0.5:
            self.code.append(0x5F)
        else:
            self.code.append(0x5F + width)
            self.code += value.to_bytes(width, "big")
        self.height += 1

    def word(self) -> int:
        r = self.rng.random()
        if r < 0.5:
            return self.rng.choice(WORDS)
        if r < 0.8:
            return self.rng.randrange(256)
        return self.rng.getrandbits(self.rng.choice([16, 64, 128, 256]))

    def offset(self) -> int:
        r = self.rng.random()
        if r < 0.9:
            return self.rng.randrange(200)
        if r < 0.98:
            return self.rng.randrange(5000)
        return self.rng.choice([2**20, 2**32, 2**64 - 1, 2**64, 2**256 - 1, 2**256 - 32])

    def size(self) -> int:
        r = self.rng.random()
        if r < 0.9:
            return self.rng.choice([0, 1, 4, 31, 32, 33, 64, 96, 128, 192])
        if r < 0.98:
            return self.rng.randrange(3000)
        return self.rng.choice([2**20, 2**32, 2**64 - 1, 2**256 - 1])

    def address(self) -> int:
        r = self.rng.random()
        if r < 0.85:
            return int.from_bytes(self.rng.choice(self.addresses), "big")
        if r < 0.97:
            return self.rng.randrange(1, 0x13)
        return self.rng.getrandbits(256)

    def store_bytes(self, data: bytes, at: int) -> None:
        for i in range(0, len(data), 32):
            self.push(int.from_bytes(data[i : i + 32].ljust(32, b"\0"), "big"))
            self.push(at + i)
            self.op(0x52, 2)

    def call(self) -> None:
        kind = self.rng.choice([0xF1, 0xF1, 0xF1, 0xF2, 0xF4, 0xFA])
        out_size, out, in_size, data = self.size(), self.offset(), self.size(), self.offset()
        to = self.address()
        if self.rng.random() < 0.25:
            to, payload = self.rng.choice(PRECOMPILE_INPUTS)
            self.store_bytes(payload, 0)
            data, in_size = 0, len(payload) if self.rng.random() < 0.9 else in_size
        self.push(out_size)
        self.push(out)
        self.push(in_size)
        self.push(data)
        if kind in (0xF1, 0xF2):
            self.push(self.rng.choice([0, 0, 0, 1, 7, 10**6, 2**200]))
        self.push(to)
        if self.rng.random() < 0.6:
            self.op(0x5A, 0, 1)
        else:
            self.push(self.rng.choice([0, 700, 2300, 5000, 30000, 10**6, 2**64, 2**256 - 1]))
        self.op(kind, 7 if kind in (0xF1, 0xF2) else 6, 1)

    def create(self, depth: int) -> None:
        r = self.rng.random()
        if r < 0.3:
            runtime = program(self.rng, self.addresses, self.rng.randrange(1, 12), depth + 1)[:200]
            init = (
                b"\x60"
                + bytes([len(runtime)])
                + b"\x60\x0b\x5f\x39\x60"
                + bytes([len(runtime)])
                + b"\x5f\xf3"
                + b"\x00"
                + runtime
            )
        elif r < 0.4:
            init = self.rng.choice(
                [
                    b"\x60\xef\x5f\x53\x60\x01\x5f\xf3",
                    b"\x61\x60\x01\x5f\xf3",
                    b"\x33\xff",
                    b"\x30\xff",
                    b"\x5f\x5f\xfd",
                    b"\xfe",
                    b"",
                ]
            )
        else:
            init = program(self.rng, self.addresses, self.rng.randrange(1, 10), depth + 1)[:200]
        self.store_bytes(init, 0)
        two = self.rng.random() < 0.6
        if two:
            self.push(self.rng.randrange(2))
        self.push(len(init) if self.rng.random() < 0.95 else self.rng.choice([0, 49152, 49153, 60000]))
        self.push(0)
        self.push(self.rng.choice([0, 0, 0, 1, 2**100]))
        self.op(0xF5 if two else 0xF0, 4 if two else 3, 1)

    def step(self, depth: int) -> None:
        rng = self.rng
        kind = rng.choices(
            ["arith", "env", "mem", "store", "tstore", "jump", "call", "create", "log", "ext", "copy", "dup", "end", "junk"],
            [22, 10, 14, 14, 6, 8, 9, 3 if depth < 2 else 0, 4, 6, 7, 12, 1, 0.7],
        )[0]
        if kind == "arith":
            number = rng.choice([*range(0x01, 0x0C), *range(0x10, 0x1E)])
            pops = 3 if number in (0x08, 0x09) else 1 if number in (0x15, 0x19) else 2
            self.op(number, pops, 1)
        elif kind == "env":
            number = rng.choice([0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D, *range(0x41, 0x49), 0x4A, 0x58, 0x59, 0x5A])
            self.op(number, 0, 1)
        elif kind == "mem":
            number = rng.choice([0x51, 0x52, 0x53, 0x20])
            if number == 0x20:
                self.push(self.size())
            elif number != 0x51 and self.height == 0:
                self.push(self.word())
            self.push(self.offset())
            self.op(number, *{0x51: (1, 1), 0x52: (2, 0), 0x53: (2, 0), 0x20: (2, 1)}[number])
        elif kind in ("store", "tstore"):
            load, write = (0x54, 0x55) if kind == "store" else (0x5C, 0x5D)
            if rng.random() < 0.35:
                self.push(rng.choice(SLOTS))
                self.op(load, 1, 1)
            else:
                self.push(rng.choice([0, 0, 1, 2, 3, 2**256 - 1]))
                self.push(rng.choice(SLOTS))
                self.op(write, 2)
        elif kind == "jump":
            inner = rng.randrange(1, 4)
            if rng.random() < 0.7:
                self.push(rng.randrange(2))
            elif self.height == 0:
                self.op(0x36, 0, 1)
            at = len(self.code)
            self.code += b"\x61\0\0\x57"
            self.height -= 1
            height = self.height
            for _ in range(inner):
                self.step(depth + 1)
            while self.height > height:
                self.op(0x50, 1)
            while self.height < height:
                self.push(0)
            target = len(self.code) if rng.random() < 0.97 else rng.randrange(len(self.code) + 5)
            self.code[at + 1 : at + 3] = target.to_bytes(2, "big")
            self.code.append(0x5B)
        elif kind == "call":
            self.call()
        elif kind == "create":
            self.create(depth)
        elif kind == "log":
            topics = rng.randrange(5)
            for _ in range(topics):
                self.push(self.word())
            self.push(self.size())
            self.push(self.offset())
            self.op(0xA0 + topics, 2 + topics)
        elif kind == "ext":
            number = rng.choice([0x31, 0x3B, 0x3F, 0x3C, 0x40, 0x49, 0x47, 0x35])
            if number == 0x3C:
                self.push(self.size())
                self.push(self.offset())
                self.push(self.offset())
                self.push(self.address())
                self.op(number, 4)
            elif number == 0x47:
                self.op(number, 0, 1)
            else:
                self.push(
                    {0x40: rng.choice([0, 99, 98, 100, 2**70]), 0x49: rng.randrange(3), 0x35: self.offset()}.get(number)
                    or self.address()
                )
                self.op(number, 1, 1)
        elif kind == "copy":
            number = rng.choice([0x37, 0x39, 0x3E, 0x5E])
            self.push(self.size() if number != 0x3E or rng.random() < 0.1 else rng.choice([0, 0, 1, 32]))
            self.push(self.offset() if number != 0x3E or rng.random() < 0.1 else 0)
            self.push(self.offset())
            self.op(number, 3)
        elif kind == "dup":
            if self.height == 0:
                self.push(self.word())
            n = rng.randrange(1, min(self.height, 16) + 1)
            if rng.random() < 0.5:
                self.op(0x7F + n, n, n + 1)
            elif n > 1:
                self.op(0x8F + n - 1, n, n)
            else:
                self.op(0x50, 1)
        elif kind == "end":
            r = rng.random()
            if r < 0.4:
                self.push(self.size())
                self.push(self.offset())
                self.op(rng.choice([0xF3, 0xFD]), 2)
            elif r < 0.8:
                self.push(self.address())
                self.op(0xFF, 1)
            else:
                self.op(rng.choice([0x00, 0xFE]))
        else:
            self.code += rng.randbytes(rng.randrange(1, 6))


def program(rng: random.Random, addresses: list[bytes], steps: int, depth: int = 0) -> bytes:
    if rng.random() < 0.02:
        return rng.randbytes(rng.randrange(60))
    p = Program(rng, addresses)
    if rng.random() < 0.05:  # a loop that runs until the gas is gone or a counter is
        p.code += b"\x60" + bytes([rng.randrange(1, 40)]) + b"\x5b"
        for _ in range(rng.randrange(1, 4)):
            p.step(depth + 1)
        while p.height > 0:
            p.op(0x50, 1)
        p.code += b"\x60\x01\x90\x03\x80\x60\x02\x57\x50"
    for _ in range(steps):
        p.step(depth)
    if rng.random() < 0.5:
        if p.height == 0:
            p.op(0x5A, 0, 1)
        p.push(0)
        p.op(0x52, 2)
        p.push(32)
        p.push(0)
        p.op(rng.choice([0xF3, 0xF3, 0xF3, 0xFD]), 2)
    return bytes(p.code)


def sign(key: coincurve.PrivateKey, digest: bytes) -> tuple[int, int, int]:
    signature = key.sign_recoverable(digest, hasher=None)
    return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


def authorization(rng: random.Random, nonces: dict[bytes, int]) -> list[Any]:
    who = rng.randrange(len(KEYS))
    chain = rng.choice([CHAIN_ID, CHAIN_ID, 0, 5])
    to = rng.choice([*CONTRACTS, *CONTRACTS, *SENDERS, bytes(20), bytes(19) + b"\4", STRANGERS[0]])
    nonce = nonces[SENDERS[who]] + rng.choice([0, 0, 0, 1, 1, 2]) if rng.random() < 0.95 else 2**64 - 1
    parity, r, s = sign(KEYS[who], keccak256(b"\x05" + rlp([chain, to, nonce])))
    spoiled = rng.random()
    if spoiled < 0.04:
        s, parity = CURVE_ORDER - s, parity ^ 1
    elif spoiled < 0.06:
        parity = 2
    elif spoiled < 0.08:
        r = 0
    return [chain, to, nonce, parity, r, s]


def transaction(
    rng: random.Random, fork: str, env: dict[str, Any], nonces: dict[bytes, int], addresses: list[bytes]
) -> tuple[bytes, bytes]:
    """(raw transaction, sender)"""
    who = rng.randrange(len(KEYS))
    key, sender = KEYS[who], SENDERS[who]
    kind = rng.choices([0, 1, 2, 3, 4], [3, 2, 4, 1, 4 if fork == "prague" else 0.1])[0]
    nonce = nonces[sender] + (rng.choice([-1, 1]) if rng.random() < 0.01 else 0)
    nonce = max(nonce, 0)
    gas = rng.choice([21000, 30000, 60000, 100000, 200000, 500000, 1000000]) + rng.randrange(1000)
    fee = env["base_fee"] + rng.randrange(20) if rng.random() < 0.98 else rng.randrange(env["base_fee"] + 1)
    tip = rng.randrange(fee + 1) if rng.random() < 0.98 else fee + 1
    creation = (kind < 3 and rng.random() < 0.15) or rng.random() < 0.005
    to = b"" if creation else rng.choice(addresses) if rng.random() < 0.95 else bytes(19) + bytes([rng.randrange(1, 20)])
    value = rng.choice([0, 0, 0, 1, 1000, 10**18]) if rng.random() < 0.99 else 2**255
    if creation:
        data = program(rng, addresses, rng.randrange(1, 15))
    elif rng.random() < 0.1:
        data = rng.choice([ECRECOVER, BN_ADD * 2, MODEXP, BLAKE2F])
    else:
        data = bytes(rng.choice([0, 0, 1, 255, rng.randrange(256)]) for _ in range(rng.choice([0, 0, 4, 36, 100, 300])))
    access: list[Any] = [
        [rng.choice(addresses), [rng.choice(SLOTS).to_bytes(32, "big") for _ in range(rng.randrange(3))]]
        for _ in range(rng.choice([0, 0, 1, 2]))
    ]
    if rng.random() < 0.95:
        gas += 40 * len(data) + sum(2400 + 1900 * len(slots) for _, slots in access) + 33000 * creation + 50000 * (kind == 4)
    if kind == 0:
        if rng.random() < 0.2:
            body = [nonce, fee, gas, to, value, data]
            parity, r, s = sign(key, keccak256(rlp(body)))
            return rlp([*body, 27 + parity, r, s]), sender
        body = [nonce, fee, gas, to, value, data, CHAIN_ID, 0, 0]
        parity, r, s = sign(key, keccak256(rlp(body)))
        return rlp([*body[:6], 35 + 2 * CHAIN_ID + parity, r, s]), sender
    head: list[Any] = [CHAIN_ID, nonce, fee] if kind == 1 else [CHAIN_ID, nonce, tip, fee]
    fields: list[Any] = [*head, gas, to, value, data, access]
    if kind == 3:
        hashes = [
            b"\x01" + rng.randbytes(31)
            for _ in range(rng.choice([1, 1, 2, 3]) if rng.random() < 0.97 else rng.choice([0, 7, 10]))
        ]
        if hashes and rng.random() < 0.02:
            hashes[0] = b"\x02" + hashes[0][1:]
        fields += [rng.choice([1, 10, 1000, 2**40]), hashes]
    if kind == 4:
        fields.append([authorization(rng, nonces) for _ in range(rng.choice([1, 1, 2, 3]) if rng.random() < 0.98 else 0)])
    prefix = bytes([kind])
    parity, r, s = sign(key, keccak256(prefix + rlp(fields)))
    return prefix + rlp([*fields, parity, r, s]), sender


def case(seed: int) -> dict[str, Any]:
    """The case of one seed: {seed, fork, env, pre, transactions, withdrawals}.

    Withdrawals of None: transactions alone. A list: a whole block, with its system calls and requests around them.
    """
    rng = random.Random(seed)
    fork = rng.choice(["cancun", "prague", "prague"])
    addresses = [*SENDERS, *CONTRACTS, *CONTRACTS, *STRANGERS, COINBASE]
    pre: dict[bytes, dict[str, Any]] = {}
    for address in SENDERS:
        pre[address] = {
            "nonce": rng.choice([0, 0, 1, 5, 300]),
            "balance": rng.choice([10**18, 10**24, 10**24, 10**24]),
            "code": b"",
            "storage": {},
        }
        if fork == "prague" and rng.random() < 0.25:
            target = rng.choice([*CONTRACTS, *SENDERS, bytes(19) + b"\1", STRANGERS[1]])
            pre[address]["code"] = b"\xef\x01\x00" + target
            pre[address]["nonce"] += 1
        elif rng.random() < 0.01:
            pre[address]["code"] = b"\x00"
    for address in CONTRACTS[: rng.randrange(2, len(CONTRACTS) + 1)]:
        pre[address] = {
            "nonce": 1 if rng.random() < 0.97 else 2**64 - 1,
            "balance": rng.choice([0, 0, 1, 10**6, 10**20]),
            "code": program(rng, addresses, rng.randrange(2, 30)),
            "storage": {slot: rng.choice([1, 2, 2**256 - 1]) for slot in SLOTS if rng.random() < 0.4},
        }
    if rng.random() < 0.3:
        pre[STRANGERS[0]] = {"nonce": 0, "balance": 5, "code": b"", "storage": {}}
    if rng.random() < 0.5:
        pre[COINBASE] = {"nonce": 0, "balance": 1, "code": b"", "storage": {}}
    env = {
        "number": 100,
        "timestamp": rng.randrange(1, 2**40),
        "gas_limit": 30_000_000 if rng.random() < 0.97 else 300_000,
        "coinbase": COINBASE if rng.random() < 0.95 else rng.choice(SENDERS + CONTRACTS),
        "base_fee": rng.choice([0, 7, 7, 10**9]),
        "prev_randao": rng.getrandbits(256),
        "excess_blob_gas": rng.choice([0, 0, 786432, 10**7, 5 * 10**7]),
        "block_hashes": {n: keccak256(str(n).encode()) for n in range(100)},
    }
    nonces = {address: pre[address]["nonce"] for address in SENDERS}
    withdrawals: list[tuple[int, int, bytes, int]] | None = None
    if rng.random() < 0.15:
        pre |= {bytes(a): {"nonce": 1, "balance": 0, "code": code, "storage": {}} for a, code in SYSTEM_CONTRACTS.items()}
        addresses += [bytes(a) for a in SYSTEM_CONTRACTS]
        withdrawals = [(i, i, rng.choice(addresses), rng.choice([0, 1, 10**9])) for i in range(rng.randrange(4))]
    transactions: list[bytes] = []
    if withdrawals is not None and rng.random() < 0.7:  # requests that the end of the block collects
        for to, size in ((WITHDRAWAL_REQUESTS, 56), (CONSOLIDATION_REQUESTS, 96)):
            who = rng.randrange(len(KEYS))
            fields = [
                CHAIN_ID,
                nonces[SENDERS[who]],
                0,
                env["base_fee"] + 1,
                400_000,
                bytes(to),
                rng.choice([0, 1, 5]),
                rng.randbytes(size),
                [],
            ]
            transactions.append(b"\x02" + rlp([*fields, *sign(KEYS[who], keccak256(b"\x02" + rlp(fields)))]))
            nonces[SENDERS[who]] += 1
    for _ in range(rng.choice([1, 1, 2, 3])):
        raw, sender = transaction(rng, fork, env, nonces, addresses)
        transactions.append(raw)
        nonces[sender] += 1  # a guess that is right when the transaction is valid and changes nobody else's nonce
    return {"seed": seed, "fork": fork, "env": env, "pre": pre, "transactions": transactions, "withdrawals": withdrawals}
