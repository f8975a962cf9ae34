"""A provider's settlements in a world that is against it, all from one seed: deaths at every point, and a chain of bad manners.

The contracts, their EVM and its blocks are the real ones. Around them everything is drawn: transactions that do not arrive or
whose answer is lost, a proposer that holds them back or wants more for them, another transaction with their nonce, nodes that
remember an older attempt, blocks that are taken back, and users who withdraw at the worst moment.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.unit.chain.node_kit import ADDRESSES, COINS, KEYS

from zerog import _native as native
from zerog.chain import blocks as block_store
from zerog.chain import presets
from zerog.chain.executor import Executor
from zerog.chain.genesis import parse
from zerog.compute.accounts import Accounts
from zerog.compute.attest import Enclave, MockQuoter
from zerog.compute.chain import ServingChain
from zerog.compute.settlement import STEPS, Rules, Settler
from zerog.compute.store import FAMILIES, Charge, Store
from zerog.contracts import inference, ledger, registry
from zerog.contracts.calls import Call
from zerog.errors import Conflict, PeerFault, TimedOut, Unavailable
from zerog.runtime.eth import BlockHead, EthLog, EthReceipt
from zerog.runtime.key import Key
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch
from zerog.store.memory import MemoryKv
from zerog.types import Address
from zerog.wire import rlp
from zerog.wire.transaction import Transaction

ONE: Final = 10**18
DAY: Final = 86_400
CHAIN_ID: Final = presets.NETWORKS["devnet"].chain_id
PEOPLE: Final = [Key(bytes(key)) for key in KEYS]
OWNER, PROVIDER, SIGNER = PEOPLE[0], PEOPLE[1], PEOPLE[2]
USERS: Final = [PEOPLE[4], PEOPLE[5], PEOPLE[6]]
TIP: Final = 10**9
KILLS: Final = (*STEPS, "storing", "sending", "arrived", "recording", "anywhere")
"""Where a process dies: the steps that it names, just before each effect, after one that nobody answered, at any crossing."""
ANYWHERE_MAX: Final = 40
_COINBASE: Final = b"\xcb" * 20
_LATER: Final = (Unavailable, TimedOut, PeerFault, Conflict)


class Killed(BaseException):
    """The process has died here; nothing in it may catch that."""


class RoughClock:
    """Time of its own: whoever sleeps lets the world go on."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now_s(self) -> float:
        return self._world.time_s

    def monotonic_s(self) -> float:
        return self._world.time_s

    async def sleep(self, duration_s: float) -> None:
        self._world.time_s += duration_s
        self._world.step()


@dataclass
class Weather:
    """What one life has to bear; probabilities are per call or per step."""

    deaf: float = 0.0
    lost: float = 0.0
    silent: float = 0.0
    back: float = 0.0
    rival: float = 0.0
    old: float = 0.0
    floor: int = 0
    """The least price of a transaction that the proposer takes."""
    held_until_s: float = 0.0
    drained: bool = False
    """A user's money that was asked back goes in the middle."""


class World:
    """One chain, one provider's disk, and everything that happens to them.

    Args:
        seed: of everything.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.time_s = float(presets.NETWORKS["devnet"].timestamp + 10)
        self.confirmations = self.draw.choice([0, 2, 3])
        self.weather = Weather()
        self.disk = MemoryKv(list(FAMILIES))
        self.made: Counter[bytes] = Counter()
        self.charges = 0
        self.lives = 0
        self.reached: Counter[str] = Counter()
        self._dying = ""
        self._crossings = 0
        rich = {Address(address): COINS for address in ADDRESSES}
        value = presets.genesis(presets.network("devnet", owner=OWNER.address), rich)
        self._executor = Executor(block_store.BlockStore(MemoryKv(list(block_store.FAMILIES))), parse(value))
        self._executor.open()
        self._places: dict[bytes, tuple[int, int]] = {}
        self._pool: dict[int, bytes] = {}
        self._seen: dict[int, list[bytes]] = {}
        self._sticky: list[tuple[Key, bytes]] = []
        self.rivals: dict[bytes, int] = {}
        self._base_fee = 0
        self._set_up()
        self._begun = self.number
        self._first = [self._total(user) for user in USERS]
        self._wallet = self._balance(PROVIDER.address)

    # --- the chain ----------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        return int(self._executor.engine.head()[0])

    def _balance(self, address: bytes) -> int:
        return int(self._executor.engine.account(address)[1])

    def _nonce(self, address: bytes, number: int | None = None) -> int:
        return int(self._executor.engine.account(address, number)[0])

    def _block(self, raws: Sequence[bytes]) -> None:
        engine = self._executor.engine
        sealed = engine.build_with(list(raws), int(self.time_s), _COINBASE, bytes(32))
        self._executor.commit(sealed)
        self._base_fee = int(sealed.base_fee)
        for index in range(sealed.tx_count):
            self._places[sealed.tx_hashes[32 * index : 32 * index + 32]] = (sealed.number, index)

    def _record(self, number: int) -> Any:
        return self._executor.blocks.record(number)

    def _sign(
        self, who: Key, to: Address, data: bytes = b"", value: int = 0, price: int = 0, nonce: int | None = None
    ) -> bytes:
        used = self._nonce(who.address) if nonce is None else nonce
        cost = price or self._base_fee + 2 * TIP
        return who.sign(Transaction(0, CHAIN_ID, used, 1_000_000, to=to, value=value, data=data, gas_price=cost))

    def _do(self, who: Key, to: Address, call: Call[Any], value: int = 0) -> None:
        """A transaction in a block of its own, which must succeed."""
        raw = self._sign(who, to, call.data, value)
        self._block([raw])
        receipt = self.receipt(native.keccak256(raw))
        assert receipt is not None
        assert receipt.succeeded

    def _ask(self, to: Address, call: Call[Any]) -> Any:
        found = self._executor.engine.call({"from": OWNER.address, "to": to, "data": call.data})
        assert found["success"], found
        return call.decode(found["output"])

    def receipt(self, hash: bytes) -> EthReceipt | None:
        place = self._places.get(hash)
        if place is None:
            return None
        told = json.loads(native.record_receipt_json(self._record(place[0]), place[1]))
        logs = tuple(
            (bytes.fromhex(log["address"][2:]), tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
             bytes.fromhex(log["data"][2:]))
            for log in told["logs"]
        )  # fmt: skip
        return EthReceipt(told["status"] == "0x1", place[0], int(told["gasUsed"], 16), logs)

    def _set_up(self) -> None:
        self._block([])
        params = inference.ServiceParams("chatbot", "http://127.0.0.1:9", "small", "TeeML", 1, 1, "{}", SIGNER.address)
        self._do(PROVIDER, registry.INFERENCE, inference.add_or_update_service(params), 100 * ONE)
        self._do(OWNER, registry.INFERENCE, inference.acknowledge_by_owner(PROVIDER.address))
        for user in USERS:
            self._do(user, registry.LEDGER, ledger.deposit(), 1000 * ONE)
            self._do(user, registry.LEDGER, ledger.transfer(PROVIDER.address, ledger.INFERENCE, 5 * ONE))

    def _total(self, user: Key) -> int:
        return int(self._ask(registry.LEDGER, ledger.ledger(user.address)).total)

    # --- what happens by itself ---------------------------------------------------------------------------------------

    def _chance(self, of: float) -> bool:
        return of > 0 and self.draw.random() < of

    def step(self) -> None:
        """A moment of the world: perhaps a rival, perhaps a block, perhaps blocks that are taken back."""
        weather = self.weather
        if self._chance(weather.rival):
            weather.rival = 0
            raw = self._sign(PROVIDER, OWNER.address, value=1, price=3 * (self._base_fee + 2 * TIP))
            self.rivals[native.keccak256(raw)] = 1
            self._sticky.append((PROVIDER, raw))
        if weather.drained and self._chance(0.3):
            weather.drained = False
            call = ledger.retrieve([PROVIDER.address], ledger.INFERENCE)
            self._sticky.append((USERS[2], self._sign(USERS[2], registry.LEDGER, call.data)))
        if self.confirmations and self._chance(weather.back):
            self._take_back(self.draw.randint(1, self.confirmations))
        elif self._chance(0.6):
            self._block(self._taken())

    def _taken(self) -> list[bytes]:
        """What the proposer puts into a block: others' transactions, and one of the provider's that is good enough for it."""
        self._sticky = [(who, raw) for who, raw in self._sticky if native.keccak256(raw) not in self._places]
        nonces = {who.address: self._nonce(who.address) for who, _ in self._sticky}
        taken = [raw for who, raw in self._sticky if _fields(raw)[0] == nonces[who.address]]
        nonce = self._nonce(PROVIDER.address)
        if self.time_s < self.weather.held_until_s or any(who is PROVIDER for who, raw in self._sticky if raw in taken):
            return taken
        offered = self._pool.get(nonce)
        if self._seen.get(nonce) and self._chance(self.weather.old):
            offered = self.draw.choice(self._seen[nonce])
        if offered is not None and _fields(offered)[1] >= max(self.weather.floor, self._base_fee):
            taken.append(offered)
        return taken

    def _take_back(self, depth: int) -> None:
        """A reorganisation, in one moment: blocks go, more come, and of what was in them something is forgotten."""
        head = self.number
        depth = min(depth, head - self._begun)
        if depth < 1:
            return
        gone = {hash for hash, (number, _) in self._places.items() if number > head - depth}
        raws = {bytes(raw) for number in range(head - depth + 1, head + 1)
                for raw in native.record_raw_transactions(self._record(number))}  # fmt: skip
        self._places = {hash: place for hash, place in self._places.items() if hash not in gone}
        self._executor.revert(head - depth)
        ours = {raw for many in self._seen.values() for raw in many}
        for raw in raws:
            if raw in ours:
                if self._chance(0.5):
                    self._pool[_fields(raw)[0]] = raw
            else:  # of others: whoever sent it sends it again
                sender = USERS[2] if native.keccak256(raw) not in self.rivals else PROVIDER
                self._sticky.append((sender, raw))
        for _ in range(depth + 1):
            self._block(self._taken() if self._chance(0.5) else [])

    # --- deaths -------------------------------------------------------------------------------------------------------

    def die_at(self, point: str) -> None:
        self._dying = point
        self._crossings = self.draw.randrange(ANYWHERE_MAX)

    def moment(self, point: str) -> None:
        """The process has come to a point; perhaps it is its last."""
        if self._dying == "anywhere":
            self._crossings -= 1
            if self._crossings >= 0:
                return
            point = "anywhere"
        if point == self._dying:
            self._dying = ""
            self.reached[point] += 1
            raise Killed

    # --- the provider -------------------------------------------------------------------------------------------------

    async def owe(self) -> None:
        """Charges that requests of every user have left on the disk."""
        with Offload(1, name="writes") as lane:
            store, batch = Store(self.disk, lane), Batch()
            store.identity(CHAIN_ID, registry.INFERENCE, PROVIDER.address, self.time_s - 100)
            for user in USERS:
                for _ in range(self.draw.randint(1, 3)):
                    input, output = self.draw.randrange(10**15), self.draw.randrange(1, 10**15)
                    self.charges += 1
                    id = f"{self.charges}"
                    charge = Charge(f"0x{self.charges:064x}", str(input), str(output), 1, 1, 0, 1, "small", id)
                    store.put_owed(batch, store.new_owed(user.address, charge))
                    self.made[user.address] += input + output
            await store.commit(batch)

    async def process(self, *, enough: int = 200) -> None:
        """A provider from its start until nothing is left that could be settled, or until it dies.

        Raises:
            Killed: at the point that was chosen.
        """
        with Offload(1, name="writes") as lane:
            store = Store(self.disk, lane)
            commit = store.commit

            async def mortal(batch: Batch) -> None:
                self.moment("recording" if any(family == "charges" for family, _, _ in batch.operations) else "storing")
                await commit(batch)

            store.commit = mortal  # type: ignore[method-assign]
            clock = RoughClock(self)
            chain = ServingChain(RoughEth(self), PROVIDER, registry.INFERENCE, CHAIN_ID)
            accounts = Accounts(chain, store, clock, floor=0, stale_s=float("inf"))
            enclave = Enclave(
                SIGNER, MockQuoter(), chain_id=CHAIN_ID, contract=registry.INFERENCE, provider=PROVIDER.address, compose=""
            )
            rules = Rules(bump_s=1.0, confirmations=self.confirmations, skip_s=0.0)
            settler = Settler(chain, accounts, store, enclave, clock, rules, on_step=self.moment)
            for _ in range(enough):
                try:
                    await settler.settle()
                except _LATER:
                    await clock.sleep(0.2)
                    continue
                left = Counter[bytes]()
                for owed in store.owed():
                    left[owed.user] += owed.charge.due
                if all(self._account(user).balance == 0 for user in USERS if left[user.address]):
                    return
                await clock.sleep(0.2)
            raise AssertionError(f"what is owed is not settled after {enough} tries")

    def _account(self, user: Key) -> inference.Account:
        found: inference.Account = self._ask(registry.INFERENCE, inference.account(user.address, PROVIDER.address))
        return found

    # --- lives --------------------------------------------------------------------------------------------------------

    async def live(self, point: str, *, lives_max: int = 20) -> None:
        """As many lives as it takes to die at a point."""
        before = self.reached[point]
        for _ in range(lives_max):
            await self.life(point)
            if self.reached[point] > before:
                return

    async def life(self, point: str) -> None:
        """Charges, a process that dies at a point, perhaps a second that dies anywhere, one that ends the work; sums."""
        self.lives += 1
        draw = self.draw
        self.weather = Weather()
        await self._refill()
        await self.owe()
        price = self._base_fee + TIP
        self.weather = Weather(
            deaf=draw.choice([0, 0.02]), lost=draw.choice([0, 0.2]), silent=draw.choice([0, 0.2]),
            back=draw.choice([0, 0.1, 0.3]), rival=draw.choice([0, 0, 0.1]), old=draw.choice([0, 0.3]),
            floor=draw.choice([0, 0, price, price * 3 // 2]), drained=self.weather.drained,
            held_until_s=self.time_s + draw.choice([0, 0, 1, 4]),
        )  # fmt: skip
        self.die_at(point)
        for _ in range(3):
            try:
                await self.process()
                break
            except Killed:
                self.time_s += draw.choice([0, 1, 30])
                for _ in range(draw.randrange(4)):
                    self.step()
                self.die_at("anywhere" if draw.random() < 0.3 else "")
        else:
            self.die_at("")
            await self.process()
        for _ in range(draw.randrange(8)):  # what is written off stays paid, whatever the chain does now
            self.time_s += 1
            self.step()
        self.check()

    async def _refill(self) -> None:
        """Everybody has money in the account again; sometimes the last user's has been asked back, a day ago."""
        self.die_at("")
        while self._sticky:
            self.time_s += 1
            self._block(self._taken())
        user, call = USERS[2], ledger.retrieve([PROVIDER.address], ledger.INFERENCE)
        if self._account(user).balance < ONE or self._account(user).pending_refund:
            self._do(user, registry.LEDGER, ledger.transfer(PROVIDER.address, ledger.INFERENCE, 5 * ONE))
        if self.draw.random() < 0.3:
            self._do(user, registry.LEDGER, call)
            self.time_s += DAY + 1
            self.weather.drained = True
        for _ in range(self.confirmations + 1):  # what was arranged here is not taken back
            self._block([])

    def check(self) -> None:
        """To the wei: what users have lost, the records say; what they have lost, the provider has, less its gas."""
        with Offload(1, name="writes") as lane:
            store = Store(self.disk, lane)
            assert store.intents() == []
            history, owed = [one for one, _ in store.history()], list(store.owed())
        ids = [one.charge.id for one in (*history, *owed)]
        assert sorted(ids, key=int) == [str(number + 1) for number in range(self.charges)]
        paid, open = Counter[bytes](), Counter[bytes]()
        for one in (*history, *owed):
            paid[one.user] += one.charge.paid
        for one in owed:
            open[one.user] += one.charge.due
        spent = [first - self._total(user) for first, user in zip(self._first, USERS, strict=True)]
        assert spent == [paid[user.address] for user in USERS]
        assert {user: paid[user] + open[user] for user in self.made} == dict(self.made)
        gas, given = 0, 0
        for number in range(self._begun + 1, self.number + 1):
            record = self._record(number)
            hashes = native.record_header(record)["tx_hashes"]
            for index, told in enumerate(json.loads(native.record_receipts_json(record))):
                if told["from"] == "0x" + PROVIDER.address.hex():
                    gas += int(told["gasUsed"], 16) * int(told["effectiveGasPrice"], 16)
                    given += self.rivals.get(hashes[32 * index : 32 * index + 32], 0)
        assert self._balance(PROVIDER.address) == self._wallet + sum(spent) - gas - given


class RoughEth:
    """The port of a provider's process to the world's chain; every call is a crossing at which it can die."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _heard(self) -> Any:
        world = self._world
        world.moment("asking")
        if world._chance(world.weather.deaf):
            raise Unavailable("the node does not answer")
        return world._executor.engine

    async def chain_id(self) -> int:
        return CHAIN_ID

    async def block_number(self) -> int:
        self._heard()
        return self._world.number

    async def block(self, number: int) -> BlockHead | None:
        raise NotImplementedError("a settler does not ask for blocks")

    async def logs(self, address: bytes, topic: bytes, first: int, last: int) -> list[EthLog]:
        return await self.logs_of(address, [topic], first, last)

    async def logs_of(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[EthLog]:
        raise NotImplementedError("a settler does not ask for logs")

    async def call(self, to: bytes, data: bytes) -> bytes:
        return await self.call_from(bytes(20), to, data)

    async def call_from(self, sender: bytes, to: bytes, data: bytes) -> bytes:
        found = self._heard().call({"from": sender, "to": to, "data": data})
        if not found["success"]:
            raise PeerFault("execution reverted")
        return bytes(found["output"])

    async def estimate_gas(self, sender: bytes, to: bytes, data: bytes, value: int = 0) -> int:
        found = self._heard().estimate_gas({"from": sender, "to": to, "data": data, "value": value})
        if isinstance(found, dict):
            raise PeerFault("execution reverted")
        return int(found)

    async def gas_price(self) -> int:
        self._heard()
        return self._world._base_fee + TIP

    async def nonce(self, address: bytes, *, pending: bool = True) -> int:
        self._heard()
        return self._world._nonce(address)

    async def nonce_at(self, address: bytes, block: int) -> int:
        self._heard()
        return self._world._nonce(address, block)

    async def send_raw(self, raw: bytes) -> None:
        world = self._world
        world.moment("sending")
        if world._chance(world.weather.lost):
            raise Unavailable("it did not arrive")
        nonce, price = _fields(raw)
        if nonce < world._nonce(PROVIDER.address):
            raise PeerFault("nonce too low")
        held = world._pool.get(nonce)
        rivals = [one for who, one in world._sticky if who is PROVIDER and _fields(one)[0] == nonce]
        if held == raw:
            raise PeerFault("already known")
        if any(price * 10 < 11 * _fields(one)[1] for one in [*rivals, *([held] if held else [])]):
            raise PeerFault("replacement transaction underpriced")
        world._pool[nonce] = raw
        world._seen.setdefault(nonce, []).append(raw)
        world._sticky = [(who, one) for who, one in world._sticky if one not in rivals]
        world.moment("arrived")
        if world._chance(world.weather.silent):
            raise Unavailable("its answer was lost")

    async def receipt(self, hash: bytes) -> EthReceipt | None:
        self._heard()
        return self._world.receipt(hash)


def _fields(raw: bytes) -> tuple[int, int]:
    """The nonce and the price of a legacy transaction."""
    fields = rlp.decode(raw)
    assert isinstance(fields, list)
    return int.from_bytes(bytes(fields[0]), "big"), int.from_bytes(bytes(fields[1]), "big")  # type: ignore[arg-type]
