"""The pool against a plain model, by a state machine that adds, replaces, builds, drops and discards at random."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "chain"))

from chain_kit import COINBASE, ETHER, GWEI, RANDAO, Key, engine

KEYS = [Key(700 + i) for i in range(4)]
SINK = b"\x11" * 20
PER_SENDER = 6
BALANCE = ETHER


class PoolMachine(RuleBasedStateMachine):
    """The model: per sender, the waiting transactions by nonce as (hash, tip, cap, value)."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = engine(KEYS, balance=BALANCE, options={"pool_per_sender": PER_SENDER}, gas_limit=3_000_000)
        self.waiting: dict[int, dict[int, tuple[bytes, int, int, int]]] = {i: {} for i in range(len(KEYS))}
        self.timestamp = 1000
        self.seen: list[bytes] = []

    def nonce(self, sender: int) -> int:
        return int(self.chain.account(KEYS[sender].address)[0])

    def balance(self, sender: int) -> int:
        return int(self.chain.account(KEYS[sender].address)[1])

    def cost(self, entry: tuple[bytes, int, int, int]) -> int:
        return 21000 * entry[2] + entry[3]

    @rule(
        sender=st.integers(0, len(KEYS) - 1), ahead=st.integers(-1, 5), tip=st.integers(0, 20), cap=st.integers(10, 40),
        value=st.sampled_from([0, 1, BALANCE // 3, BALANCE // 2]),
    )  # fmt: skip
    def add(self, sender: int, ahead: int, tip: int, cap: int, value: int) -> None:
        nonce = max(0, self.nonce(sender) + ahead)
        tip, cap = min(tip, cap) * GWEI // 4, cap * GWEI // 4
        raw = KEYS[sender].dynamic(nonce, SINK, value, tip=tip, cap=cap)
        (answer,) = self.chain.add_transactions([raw])
        mine = self.waiting[sender]
        old = mine.get(nonce)
        total = sum(self.cost(entry) for at, entry in mine.items() if at != nonce) + 21000 * cap + value
        if raw in self.seen and old is not None and old[1:] == (tip, cap, value):
            expected = "already known"
        elif nonce < self.nonce(sender):
            expected = "nonce too low"
        elif total > self.balance(sender):
            expected = "insufficient funds for gas * price + value"
        elif old is not None and not (
            tip > old[1] and cap > old[2] and tip >= old[1] * 110 // 100 and cap >= old[2] * 110 // 100
        ):
            expected = "replacement transaction underpriced"
        elif old is None and len(mine) >= PER_SENDER:
            expected = "account limit exceeded"
        else:
            assert isinstance(answer, bytes), answer
            mine[nonce] = (answer, tip, cap, value)
            self.seen.append(raw)
            return
        assert isinstance(answer, str)
        assert answer.split(":")[0] == expected

    @rule(count=st.integers(0, 4))
    def mine(self, count: int) -> None:
        executable = self.executable()
        sealed = self.chain.build(self.timestamp, COINBASE, RANDAO, max_transactions=count)
        hashes = [sealed.tx_hashes[at : at + 32] for at in range(0, len(sealed.tx_hashes), 32)]
        assert sealed.failed == []
        position = {hash: at for at, hash in enumerate(hashes)}
        for entries in executable:
            places = [position.get(entry[0]) for entry in entries]
            taken = [place for place in places if place is not None]
            assert taken == sorted(taken)
            assert None not in places[: len(taken)]  # no nonce is skipped
        self.chain.commit()
        mined = set(hashes)
        for sender, entries in self.waiting.items():
            left = self.balance(sender)
            self.waiting[sender] = {n: e for n, e in entries.items() if e[0] not in mined and self.cost(e) <= left}

    @rule()
    def build_and_discard(self) -> None:
        before = self.chain.pool_content()
        self.chain.build(self.timestamp, COINBASE, RANDAO)
        self.chain.discard()
        assert self.chain.pool_content() == before

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def replay(self, data: Any) -> None:
        raw = data.draw(st.sampled_from(self.seen))
        before = self.chain.pool_content()
        (answer,) = self.chain.add_transactions([raw])
        if isinstance(answer, bytes):  # it was replaced, dropped or never mined: it counts anew
            from zerog import _native

            _, sender = _native.decode_transactions([raw])[0]
            entry = json.loads(self.chain.pool_transaction(answer))
            index = [key.address for key in KEYS].index(sender)
            values = (int(entry[name], 16) for name in ("maxPriorityFeePerGas", "maxFeePerGas", "value"))
            self.waiting[index][int(entry["nonce"], 16)] = (answer, *values)  # type: ignore[assignment]
        else:
            assert self.chain.pool_content() == before

    def executable(self) -> list[list[tuple[bytes, int, int, int]]]:
        out = []
        for sender, entries in self.waiting.items():
            run, spent, nonce = [], 0, self.nonce(sender)
            while nonce in entries and spent + self.cost(entries[nonce]) <= self.balance(sender):
                spent += self.cost(entries[nonce])
                run.append(entries[nonce])
                nonce += 1
            out.append(run)
        return out

    @invariant()
    def counts_and_content_agree(self) -> None:
        executable = sum(len(run) for run in self.executable())
        total = sum(len(entries) for entries in self.waiting.values())
        assert self.chain.pool_status() == (executable, total - executable)
        for sender, run in enumerate(self.executable()):
            assert self.chain.pool_nonce(KEYS[sender].address) == self.nonce(sender) + len(run)
        content = json.loads(self.chain.pool_content())
        found = {entry["hash"] for part in content.values() for queue in part.values() for entry in queue.values()}
        assert found == {"0x" + entry[0].hex() for entries in self.waiting.values() for entry in entries.values()}


PoolMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPool = pytest.mark.timeout(120)(PoolMachine.TestCase)
