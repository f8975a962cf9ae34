"""Development only: time, mining, snapshots, balances and unlocked accounts. Served when ``chain.dev`` is set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from zerog.chain import types
from zerog.chain.consensus.embedded import EmbeddedConsensus
from zerog.chain.inputs import ConsensusInputs, Withdrawal
from zerog.chain.rpc.context import Context, arguments
from zerog.chain.rpc.eth import raise_failed
from zerog.chain.rpc.fees import Fees
from zerog.chain.signing import DevAccounts
from zerog.chain.types import hexd, hexq
from zerog.errors import InvalidInput
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

_GWEI: Final = 10**9
_MINE_BLOCKS_MAX: Final = 10_000
_SNAPSHOTS_MAX: Final = 1024


class Dev:
    """evm_*, eth_sendTransaction, eth_sign, eth_accounts, and setting balances.

    Args:
        forget: called after a revert, when numbers mean other blocks.
    """

    def __init__(
        self, context: Context, fees: Fees, consensus: EmbeddedConsensus, accounts: DevAccounts, forget: Callable[[], None]
    ) -> None:
        self._context = context
        self._fees = fees
        self._consensus = consensus
        self._accounts = accounts
        self._forget = forget
        self._snapshots: dict[int, int] = {}
        self._next_snapshot = 1

    # --- time and mining ----------------------------------------------------------------------------------------------

    async def evm_mine(self, params: list[Any]) -> str:
        (value,) = arguments(params, 0, 1)
        count = 1
        timestamp = None
        if type(value) is dict:
            if value.get("blocks") is not None:
                count = _number(value["blocks"], "blocks")
            value = value.get("timestamp")
        if value is not None:
            timestamp = _number(value, "timestamp")
        await self._mine(count, timestamp)
        return "0x0"

    async def hardhat_mine(self, params: list[Any]) -> bool:
        """Also ``anvil_mine``: a number of blocks and the seconds between them."""
        count, interval = arguments(params, 0, 2)
        step = None if interval is None else _number(interval, "interval")
        await self._mine(1 if count is None else _number(count, "blocks"), None, step)
        return True

    async def _mine(self, count: int, timestamp: int | None, step: int | None = None) -> None:
        if count > _MINE_BLOCKS_MAX:
            raise InvalidInput(f"at most {_MINE_BLOCKS_MAX} blocks at once")
        for index in range(count):
            if step and index:
                timestamp = self._context.application.latest.timestamp + step
            await self._consensus.mine(timestamp)
            timestamp = None

    def evm_increaseTime(self, params: list[Any]) -> int:
        (value,) = arguments(params, 1, 1)
        return self._consensus.increase_time(_number(value, "seconds", 1 << 40))

    def evm_setNextBlockTimestamp(self, params: list[Any]) -> bool:
        (value,) = arguments(params, 1, 1)
        self._consensus.set_next_timestamp(_number(value, "timestamp", 1 << 48))
        return True

    async def evm_snapshot(self, params: list[Any]) -> str:
        arguments(params, 0, 0)
        if len(self._snapshots) >= _SNAPSHOTS_MAX:
            raise InvalidInput(f"at most {_SNAPSHOTS_MAX} snapshots")
        id = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots[id] = self._context.head
        await self._hold()
        return hexq(id)

    async def evm_revert(self, params: list[Any]) -> bool:
        (value,) = arguments(params, 1, 1)
        id = _number(value, "snapshot")
        number = self._snapshots.get(id)
        if number is None:
            return False
        # A snapshot is used up, and so are those taken after it.
        self._snapshots = {other: at for other, at in self._snapshots.items() if other < id}
        await self._consensus.revert(number)
        await self._hold()
        self._forget()
        return True

    async def _hold(self) -> None:
        lowest = min(self._snapshots.values(), default=None)
        await self._context.readers.run(self._context.application.executor.hold, lowest)

    async def zerog_setBalance(self, params: list[Any]) -> bool:
        """Also ``hardhat_setBalance``, ``anvil_setBalance``: a block whose withdrawal raises the balance to at least the value.

        A withdrawal is how 0G's consensus pays out (chain.md §3.4), so the chain stays one that anybody can re-execute. It
        counts in gwei and never takes away: the balance is rounded up, and lowering it is refused.
        """
        who, value = arguments(params, 2, 2)
        address, wanted = types.address(who), types.quantity(value, "balance")
        balance = self._context.engine.account(address, None)[1]
        if wanted < balance:
            raise InvalidInput("a balance can only be raised")
        amount = -(-(wanted - balance) // _GWEI)
        if amount > types.U64_MAX:
            raise InvalidInput("more than a withdrawal can hold")
        if amount:
            await self._consensus.mine(inputs=ConsensusInputs(withdrawals=(Withdrawal(address, amount),)))
        return True

    # --- unlocked accounts --------------------------------------------------------------------------------------------

    def eth_accounts(self, params: list[Any]) -> list[str]:
        return [hexd(address) for address in self._accounts.addresses]

    def eth_sign(self, params: list[Any]) -> str:
        who, message = arguments(params, 2, 2)
        return hexd(self._accounts.sign_message(types.address(who), types.data(message, "message")))

    def personal_sign(self, params: list[Any]) -> str:
        message, who, _ = arguments(params, 2, 3)
        return hexd(self._accounts.sign_message(types.address(who), types.data(message, "message")))

    async def _completed(self, value: Any) -> tuple[bytes, dict[str, Any]]:
        request = types.call_request(value)
        sender = request.get("from")
        if sender is None or sender not in self._accounts.addresses:
            raise RpcError(SERVER_ERROR, "unknown account")
        context = self._context
        if "nonce" not in request:
            request["nonce"] = context.engine.pool_nonce(sender)
        if "gas_price" not in request:
            request.setdefault("max_priority_fee_per_gas", await self._fees.suggested_tip())
            request.setdefault("max_fee_per_gas", 2 * self._fees.next_base_fee() + request["max_priority_fee_per_gas"])
        if "gas" not in request:
            gas = await context.readers.run(lambda: context.engine.estimate_gas(request, None))
            if isinstance(gas, dict):
                raise_failed(gas)
            request["gas"] = gas
        return sender, request

    async def eth_sendTransaction(self, params: list[Any]) -> str:
        (value,) = arguments(params, 1, 1)
        sender, request = await self._completed(value)
        wire = self._accounts.sign_transaction(sender, request, self._context.genesis.chain_id)
        (result,) = await self._context.application.pool.submit([wire])
        if isinstance(result, Exception):
            raise result
        return hexd(result)

    async def eth_signTransaction(self, params: list[Any]) -> dict[str, Any]:
        (value,) = arguments(params, 1, 1)
        sender, request = await self._completed(value)
        return {"raw": hexd(self._accounts.sign_transaction(sender, request, self._context.genesis.chain_id))}

    def evm_setAutomine(self, params: list[Any]) -> bool:
        (value,) = arguments(params, 1, 1)
        self._consensus.set_instant(types.boolean(value, "enabled"))
        return True


def _number(value: Any, name: str, maximum: int = types.U64_MAX) -> int:
    """Development tools send plain numbers as well as quantities."""
    if type(value) is int and 0 <= value <= maximum:
        return value
    return types.quantity(value, name, maximum)
