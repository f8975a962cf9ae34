"""Fees: what the next block will cost, what tips were paid, and what to suggest."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from zerog import _native as native
from zerog.chain import types
from zerog.chain.rpc.context import Context, arguments, header_facts
from zerog.chain.types import hexq
from zerog.errors import InvalidInput
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

_ELASTICITY: Final = 2
_BASE_FEE_DENOMINATOR: Final = 8
_ORACLE_BLOCKS: Final = 20
_ORACLE_TRANSACTIONS_MAX: Final = 2048
_ORACLE_PERCENTILE: Final = 60
_HISTORY_BLOCKS_MAX: Final = 1024
_PERCENTILES_MAX: Final = 100
_MIN_BLOB_FEE: Final = 1
_GAS_PER_BLOB: Final = 131_072


@dataclass(frozen=True, slots=True)
class BlockFees:
    """What a block says about fees. ``tips`` are (tip, gas used), ascending by tip."""

    number: int
    base_fee: int
    gas_used: int
    gas_limit: int
    blob_gas_used: int
    excess_blob_gas: int
    timestamp: int
    tips: list[tuple[int, int]]


def next_base_fee(base_fee: int, gas_used: int, gas_limit: int) -> int:
    """EIP-1559."""
    target = gas_limit // _ELASTICITY
    if gas_used == target:
        return base_fee
    if gas_used > target:
        return base_fee + max(base_fee * (gas_used - target) // target // _BASE_FEE_DENOMINATOR, 1)
    return base_fee - base_fee * (target - gas_used) // target // _BASE_FEE_DENOMINATOR


def fake_exponential(factor: int, numerator: int, denominator: int) -> int:
    """EIP-4844's integer approximation of ``factor * e ** (numerator / denominator)``."""
    step, output, term = 1, 0, factor * denominator
    while term > 0:
        output += term
        term = term * numerator // (denominator * step)
        step += 1
    return output // denominator


class Fees:
    """eth_gasPrice, eth_maxPriorityFeePerGas, eth_feeHistory, eth_blobBaseFee."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache: OrderedDict[int, BlockFees] = OrderedDict()

    def forget(self) -> None:
        """After evm_revert numbers mean other blocks."""
        self._cache.clear()

    def _load(self, number: int, with_tips: bool) -> BlockFees:
        record = self._context.record(number)
        facts = header_facts(record)
        base_fee: int = facts["base_fee"]
        tips: list[tuple[int, int]] = []
        if with_tips and facts["tx_count"]:
            tips = sorted(native.record_fees(record))
        return BlockFees(
            number, base_fee, facts["gas_used"], facts["gas_limit"], facts["blob_gas_used"], facts["excess_blob_gas"],
            facts["timestamp"], tips,
        )  # fmt: skip

    async def _fees(self, number: int) -> BlockFees:
        found = self._cache.get(number)
        if found is None:
            found = await self._context.readers.run(self._load, number, True)
            self._cache[number] = found
            while len(self._cache) > _HISTORY_BLOCKS_MAX:
                self._cache.popitem(last=False)
        return found

    def next_base_fee(self) -> int:
        latest = self._context.application.latest
        return next_base_fee(latest.base_fee, latest.gas_used, latest.gas_limit)

    def blob_schedule(self, timestamp: int) -> dict[str, int]:
        """Blob target, maximum and update fraction in force at a time."""
        config = self._context.genesis.config
        prague = config.get("pragueTime")
        fork = "prague" if prague is not None and timestamp >= prague else "cancun"
        schedule: dict[str, int] = config["blobSchedule"][fork]
        return schedule

    def blob_base_fee(self, excess_blob_gas: int, timestamp: int) -> int:
        return fake_exponential(_MIN_BLOB_FEE, excess_blob_gas, self.blob_schedule(timestamp)["baseFeeUpdateFraction"])

    def next_excess_blob_gas(self, fees: BlockFees) -> int:
        target = self.blob_schedule(fees.timestamp)["target"] * _GAS_PER_BLOB
        return max(0, fees.excess_blob_gas + fees.blob_gas_used - target)

    async def suggested_tip(self) -> int:
        """The 60th percentile of recent tips, never under the configured least; that least when there is no load."""
        head = self._context.head
        tips: list[int] = []
        for number in range(head, max(0, head - _ORACLE_BLOCKS), -1):
            fees = await self._fees(number)
            if fees.gas_used * 100 >= fees.gas_limit:  # an almost empty block says nothing about competition
                tips += [tip for tip, _ in fees.tips]
            if len(tips) >= _ORACLE_TRANSACTIONS_MAX:
                break
        least = self._context.config.price_min
        if not tips:
            return least
        tips.sort()
        return max(least, tips[(len(tips) - 1) * _ORACLE_PERCENTILE // 100])

    async def eth_gasPrice(self, params: list[Any]) -> str:
        arguments(params, 0, 0)
        return hexq(self.next_base_fee() + await self.suggested_tip())

    async def eth_maxPriorityFeePerGas(self, params: list[Any]) -> str:
        arguments(params, 0, 0)
        return hexq(await self.suggested_tip())

    async def eth_blobBaseFee(self, params: list[Any]) -> str:
        arguments(params, 0, 0)
        fees = await self._context.readers.run(self._load, self._context.head, False)
        return hexq(self.blob_base_fee(self.next_excess_blob_gas(fees), fees.timestamp))

    async def eth_feeHistory(self, params: list[Any]) -> dict[str, Any]:
        count, newest, percentiles = arguments(params, 2, 3)
        plain = type(count) is int and 0 <= count <= types.U64_MAX
        wanted = count if plain else types.quantity(count, "blockCount", types.U64_MAX)
        last = self._context.number(types.block_id(newest, "newestBlock"))
        if last is None:
            raise RpcError(SERVER_ERROR, "request beyond head block")
        points = _percentiles(percentiles)
        wanted = min(wanted, _HISTORY_BLOCKS_MAX, last + 1)
        first = last - wanted + 1
        answer: dict[str, Any] = {
            "oldestBlock": hexq(first),
            "baseFeePerGas": [],
            "gasUsedRatio": [],
            "baseFeePerBlobGas": [],
            "blobGasUsedRatio": [],
        }
        if wanted == 0:
            return answer | {"oldestBlock": "0x0"}
        rewards: list[list[str]] = []
        fees: BlockFees
        for number in range(first, last + 1):
            if points:
                fees = await self._fees(number)
            else:
                cached = self._cache.get(number)
                fees = cached if cached is not None else await self._context.readers.run(self._load, number, False)
            answer["baseFeePerGas"].append(hexq(fees.base_fee))
            answer["gasUsedRatio"].append(fees.gas_used / fees.gas_limit)
            blobs_max = self.blob_schedule(fees.timestamp)["max"] * _GAS_PER_BLOB
            answer["baseFeePerBlobGas"].append(hexq(self.blob_base_fee(fees.excess_blob_gas, fees.timestamp)))
            answer["blobGasUsedRatio"].append(fees.blob_gas_used / blobs_max)
            rewards.append(_rewards(fees, points))
        answer["baseFeePerGas"].append(hexq(next_base_fee(fees.base_fee, fees.gas_used, fees.gas_limit)))
        answer["baseFeePerBlobGas"].append(hexq(self.blob_base_fee(self.next_excess_blob_gas(fees), fees.timestamp)))
        if percentiles is not None and points:
            answer["reward"] = rewards
        return answer


def _percentiles(value: Any) -> list[float]:
    if value is None:
        return []
    if type(value) is not list or len(value) > _PERCENTILES_MAX:
        raise InvalidInput(f"invalid argument rewardPercentiles: expected an array of at most {_PERCENTILES_MAX} numbers")
    points: list[float] = []
    for item in value:
        if type(item) not in (int, float) or not 0 <= item <= 100 or (points and item < points[-1]):
            wanted = "expected ascending numbers from 0 to 100"
            raise InvalidInput(f"invalid argument rewardPercentiles: {wanted}, found {types.shown(item)}")
        points.append(float(item))
    return points


def _rewards(fees: BlockFees, points: list[float]) -> list[str]:
    if not fees.tips:
        return ["0x0"] * len(points)
    rewards, index, gas = [], 0, fees.tips[0][1]
    for point in points:
        threshold = fees.gas_used * point / 100
        while gas < threshold and index < len(fees.tips) - 1:
            index += 1
            gas += fees.tips[index][1]
        rewards.append(hexq(fees.tips[index][0]))
    return rewards
