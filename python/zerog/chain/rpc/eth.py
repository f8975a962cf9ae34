"""eth_*, net_*, web3_*, txpool_*: what wallets, libraries and the official clients call."""

from __future__ import annotations

from typing import Any

import msgspec

from zerog import _native as native
from zerog.chain import types
from zerog.chain.rpc.context import CLIENT_VERSION, Context, arguments, header_facts, revert_error
from zerog.chain.rpc.fees import Fees
from zerog.chain.types import BlockId, hexd, hexq
from zerog.errors import InvalidInput, NotFound
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

Json = msgspec.Raw | None


class Eth:
    """Reads of blocks and state, calls, and the sending of transactions."""

    def __init__(self, context: Context, fees: Fees) -> None:
        self._context = context
        self._fees = fees

    # --- the chain ----------------------------------------------------------------------------------------------------

    def eth_chainId(self, params: list[Any]) -> str:
        return hexq(self._context.genesis.chain_id)

    def eth_blockNumber(self, params: list[Any]) -> str:
        return hexq(self._context.head)

    def eth_syncing(self, params: list[Any]) -> bool:
        return False

    def eth_accounts(self, params: list[Any]) -> list[str]:
        return []

    def eth_protocolVersion(self, params: list[Any]) -> str:
        return "0x44"

    def eth_mining(self, params: list[Any]) -> bool:
        return True

    def eth_coinbase(self, params: list[Any]) -> str:
        return hexd(header_facts(self._context.application.latest.record)["coinbase"])

    def net_version(self, params: list[Any]) -> str:
        return str(self._context.genesis.chain_id)

    def net_listening(self, params: list[Any]) -> bool:
        return True

    def net_peerCount(self, params: list[Any]) -> str:
        return "0x0"

    def web3_clientVersion(self, params: list[Any]) -> str:
        return CLIENT_VERSION

    def web3_sha3(self, params: list[Any]) -> str:
        (value,) = arguments(params, 1, 1)
        return hexd(native.keccak256(types.data(value, "data")))

    # --- state --------------------------------------------------------------------------------------------------------

    async def eth_getBalance(self, params: list[Any]) -> str:
        who, block = arguments(params, 1, 2)
        address, at = types.address(who), types.block_id(block)
        engine = self._context.engine
        return hexq(await self._context.at_state(at, lambda number: engine.account(address, number)[1]))

    async def eth_getTransactionCount(self, params: list[Any]) -> str:
        who, block = arguments(params, 1, 2)
        address, at = types.address(who), types.block_id(block)
        engine = self._context.engine
        if at.tag == "pending":
            return hexq(engine.pool_nonce(address))
        return hexq(await self._context.at_state(at, lambda number: engine.account(address, number)[0]))

    async def eth_getCode(self, params: list[Any]) -> str:
        who, block = arguments(params, 1, 2)
        address, at = types.address(who), types.block_id(block)
        engine = self._context.engine
        return hexd(await self._context.at_state(at, lambda number: engine.code(address, number)))

    async def eth_getStorageAt(self, params: list[Any]) -> str:
        who, where, block = arguments(params, 2, 3)
        address, slot, at = types.address(who), types.slot(where), types.block_id(block)
        engine = self._context.engine
        value: int = await self._context.at_state(at, lambda number: engine.storage(address, slot, number))
        return f"0x{value:064x}"

    async def eth_getProof(self, params: list[Any]) -> Json:
        who, keys, block = arguments(params, 2, 3)
        address, at = types.address(who), types.block_id(block)
        slots = types.array(keys, "storageKeys", 1024, types.slot)
        engine = self._context.engine
        number = self._context.state_number(at)
        try:
            return msgspec.Raw(await self._context.readers.run(engine.proof, address, slots, number))
        except NotFound:
            raise self._context.not_kept(number or 0) from None

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call_arguments(self, params: list[Any], most: int) -> tuple[dict[str, Any], int | None, dict[str, Any]]:
        given = arguments(params, 1, most)
        request = types.call_request(given[0])
        number = self._context.state_number(types.block_id(given[1]))
        config = self._context.config
        more: dict[str, Any] = {"deadline_ms": config.call_timeout_ms, "gas_cap": config.call_gas_max}
        if most > 2 and given[2] is not None:
            more["overrides"] = types.state_overrides(given[2])
        if most > 3 and given[3] is not None:
            more["block_overrides"] = types.block_overrides(given[3])
        return request, number, more

    async def _native_call(self, method: Any, request: dict[str, Any], number: int | None, more: dict[str, Any]) -> Any:
        try:
            return await self._context.readers.run(lambda: method(request, number, **more))
        except NotFound:
            raise self._context.not_kept(number or 0) from None

    async def eth_call(self, params: list[Any]) -> str:
        request, number, more = self._call_arguments(params, 4)
        result = await self._native_call(self._context.engine.call, request, number, more)
        raise_failed(result)
        return hexd(result["output"])

    async def eth_estimateGas(self, params: list[Any]) -> str:
        request, number, more = self._call_arguments(params, 4)
        result = await self._native_call(self._context.engine.estimate_gas, request, number, more)
        if isinstance(result, dict):
            raise_failed(result)
            raise RpcError(SERVER_ERROR, "gas required exceeds allowance")
        return hexq(result)

    async def eth_createAccessList(self, params: list[Any]) -> dict[str, Any]:
        request, number, more = self._call_arguments(params, 3)
        entries, gas_used, error = await self._native_call(self._context.engine.create_access_list, request, number, more)
        listed = [{"address": hexd(a), "storageKeys": [hexd(slot) for slot in slots]} for a, slots in entries]
        answer = {"accessList": listed, "gasUsed": hexq(gas_used)}
        return answer | {"error": error} if error else answer

    # --- sending ------------------------------------------------------------------------------------------------------

    async def eth_sendRawTransaction(self, params: list[Any]) -> str:
        (value,) = arguments(params, 1, 1)
        (result,) = await self._context.application.pool.submit([types.data(value, "input")])
        if isinstance(result, Exception):
            raise result
        return hexd(result)

    async def send_raw_transactions(self, calls: list[list[Any]]) -> list[Any]:
        """All eth_sendRawTransaction calls of one body: one admission, one sync."""
        answers: list[Any] = [None] * len(calls)
        raws: list[bytes] = []
        where: list[int] = []
        for index, params in enumerate(calls):
            try:
                (value,) = params if len(params) == 1 else arguments(params, 1, 1)
                raws.append(types.data(value, "input"))
                where.append(index)
            except InvalidInput as error:
                answers[index] = error
        if raws:
            for index, result in zip(where, await self._context.application.pool.submit(raws), strict=True):
                answers[index] = result if isinstance(result, Exception) else "0x" + result.hex()
        return answers

    # --- blocks -------------------------------------------------------------------------------------------------------

    async def _block(self, block: BlockId, full: bool) -> Json:
        if block.tag == "pending":
            return msgspec.Raw(await self._context.readers.run(self._pending_block, full))
        record = self._context.record_of(block)
        return None if record is None else await self._context.render(record, native.record_block_json, full)

    async def eth_getBlockByNumber(self, params: list[Any]) -> Json:
        block, full = arguments(params, 1, 2)
        return await self._block(_number_only(block), full is not None and types.boolean(full, "full"))

    async def eth_getBlockByHash(self, params: list[Any]) -> Json:
        hash, full = arguments(params, 1, 2)
        return await self._block(BlockId(hash=types.hash32(hash)), full is not None and types.boolean(full, "full"))

    async def eth_getHeaderByNumber(self, params: list[Any]) -> Json:
        (block,) = arguments(params, 1, 1)
        record = self._context.record_of(_number_only(block))
        return None if record is None else msgspec.Raw(native.record_header_json(record))

    async def eth_getHeaderByHash(self, params: list[Any]) -> Json:
        (hash,) = arguments(params, 1, 1)
        record = self._context.record_of(BlockId(hash=types.hash32(hash)))
        return None if record is None else msgspec.Raw(native.record_header_json(record))

    def _pending_block(self, full: bool) -> bytes:
        """The head's successor as far as it is known: what waits in the pool, no hash, no roots."""
        context = self._context
        parent = context.application.latest
        head: dict[str, Any] = msgspec.json.decode(native.record_header_json(parent.record))
        content = msgspec.json.decode(context.engine.pool_content("content"))
        waiting = [tx for queue in content["pending"].values() for tx in queue.values()]
        head |= {
            "number": hexq(parent.number + 1),
            "parentHash": hexd(parent.hash),
            "timestamp": hexq(max(int(context.clock.now_s()), parent.timestamp)),
            "baseFeePerGas": hexq(self._fees.next_base_fee()),
            "gasUsed": "0x0",
            "hash": None,
            "nonce": None,
            "miner": None,
            "logsBloom": None,
            "transactions": waiting if full else [tx["hash"] for tx in waiting],
            "uncles": [],
            "withdrawals": [],
        }
        return msgspec.json.encode(head)

    def _count(self, block: BlockId) -> str | None:
        if block.tag == "pending":
            return hexq(self._context.engine.pool_status()[0])
        record = self._context.record_of(block)
        return None if record is None else hexq(header_facts(record)["tx_count"])

    def eth_getBlockTransactionCountByNumber(self, params: list[Any]) -> str | None:
        (block,) = arguments(params, 1, 1)
        return self._count(_number_only(block))

    def eth_getBlockTransactionCountByHash(self, params: list[Any]) -> str | None:
        (hash,) = arguments(params, 1, 1)
        return self._count(BlockId(hash=types.hash32(hash)))

    def eth_getUncleCountByBlockNumber(self, params: list[Any]) -> str | None:
        (block,) = arguments(params, 1, 1)
        return None if self._context.number(_number_only(block)) is None else "0x0"

    def eth_getUncleCountByBlockHash(self, params: list[Any]) -> str | None:
        (hash,) = arguments(params, 1, 1)
        return None if self._context.number(BlockId(hash=types.hash32(hash))) is None else "0x0"

    def eth_getUncleByBlockNumberAndIndex(self, params: list[Any]) -> None:
        block, index = arguments(params, 2, 2)
        _number_only(block), types.quantity(index, "index", types.U64_MAX)

    def eth_getUncleByBlockHashAndIndex(self, params: list[Any]) -> None:
        hash, index = arguments(params, 2, 2)
        types.hash32(hash), types.quantity(index, "index", types.U64_MAX)

    # --- transactions and receipts ------------------------------------------------------------------------------------

    async def eth_getTransactionByHash(self, params: list[Any]) -> Json:
        (value,) = arguments(params, 1, 1)
        hash = types.hash32(value)
        place = self._context.place(hash)
        if place is not None:
            return msgspec.Raw(native.record_transaction_json(place.record, place.index))
        waiting = self._context.engine.pool_transaction(hash)
        if waiting is not None:
            return msgspec.Raw(waiting)
        # It may have left the pool since, for the block that becomes the head this moment.
        place = self._context.place(hash, durable=True)
        return None if place is None else msgspec.Raw(native.record_transaction_json(place.record, place.index))

    async def eth_getRawTransactionByHash(self, params: list[Any]) -> str | None:
        (value,) = arguments(params, 1, 1)
        hash = types.hash32(value)
        place = self._context.place(hash)
        if place is not None:
            return hexd(native.record_raw_transaction(place.record, place.index))
        waiting = self._context.engine.pool_raw_transaction(hash)
        if waiting is not None:
            return hexd(waiting)
        place = self._context.place(hash, durable=True)
        return None if place is None else hexd(native.record_raw_transaction(place.record, place.index))

    def _transaction_in(self, block: BlockId, index: Any) -> Json:
        at = types.quantity(index, "index", types.U64_MAX)
        record = self._context.record_of(block)
        if record is None or at >= header_facts(record)["tx_count"]:
            return None
        return msgspec.Raw(native.record_transaction_json(record, at))

    def eth_getTransactionByBlockNumberAndIndex(self, params: list[Any]) -> Json:
        block, index = arguments(params, 2, 2)
        return self._transaction_in(_number_only(block), index)

    def eth_getTransactionByBlockHashAndIndex(self, params: list[Any]) -> Json:
        hash, index = arguments(params, 2, 2)
        return self._transaction_in(BlockId(hash=types.hash32(hash)), index)

    async def eth_getTransactionReceipt(self, params: list[Any]) -> Json:
        (value,) = arguments(params, 1, 1)
        place = self._context.place(types.hash32(value))
        return None if place is None else msgspec.Raw(native.record_receipt_json(place.record, place.index))

    async def eth_getBlockReceipts(self, params: list[Any]) -> Json:
        (block,) = arguments(params, 1, 1)
        record = self._context.record_of(types.block_id(block))
        return None if record is None else await self._context.render(record, native.record_receipts_json)

    # --- the pool -----------------------------------------------------------------------------------------------------

    def txpool_status(self, params: list[Any]) -> dict[str, str]:
        pending, queued = self._context.engine.pool_status()
        return {"pending": hexq(pending), "queued": hexq(queued)}

    async def txpool_content(self, params: list[Any]) -> Json:
        return msgspec.Raw(await self._context.readers.run(self._context.engine.pool_content, "content"))

    async def txpool_contentFrom(self, params: list[Any]) -> Json:
        (who,) = arguments(params, 1, 1)
        address = types.address(who)
        return msgspec.Raw(await self._context.readers.run(self._context.engine.pool_content, "content", address))

    async def txpool_inspect(self, params: list[Any]) -> Json:
        return msgspec.Raw(await self._context.readers.run(self._context.engine.pool_content, "inspect"))


def raise_failed(result: dict[str, Any]) -> None:
    """Turn a failed call into its error: code 3 with data for a revert, geth's text for what else the machine says."""
    if result["success"]:
        return
    if result["reverted"]:
        raise revert_error(result["output"])
    raise RpcError(SERVER_ERROR, result["error"])


def _number_only(value: Any) -> BlockId:
    block = types.block_id(value, "block", None)
    if block.hash is not None:
        raise InvalidInput("invalid argument block: expected a number or a tag, found a hash")
    return block
