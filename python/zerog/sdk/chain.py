"""Verbs on a chain: look, send, deploy, call, wait. Each returns plain values.

Works over ``zerog.chain.client.ChainClient``, which speaks to any node over HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zerog.chain.client import CallError, ChainClient
from zerog.contracts.artifact import Artifact
from zerog.contracts.registry import interface_at
from zerog.errors import Conflict, InsufficientFunds, InvalidInput, NotFound, TimedOut
from zerog.sdk.wallet import Account, Signed
from zerog.types import Address, parse_address, parse_hex
from zerog.wire.abi import Interface, Signature, explain_revert
from zerog.wire.jsonrpc import EXECUTION_REVERTED
from zerog.wire.transaction import AccessList, Authorization, Transaction

POLL_S: Final = 0.1
TIP_MIN: Final = 10**9


class Reverted(Conflict):
    """The contract refused. ``data`` holds what it said; the sentence explains it."""

    code = "reverted"


class Refused(Conflict):
    """The node did not take the transaction; the sentence is the node's."""

    code = "refused"


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction."""

    hash: bytes
    block_number: int
    gas_used: int
    price: int
    contract: Address | None
    logs: tuple[dict[str, Any], ...]

    @property
    def fee(self) -> int:
        return self.gas_used * self.price


@dataclass(frozen=True)
class Contract:
    """A contract at an address: its functions by name."""

    chain: Chain
    address: Address
    interface: Interface

    async def call(self, name: str, *arguments: Any, sender: bytes | None = None, block: str | int = "latest") -> Any:
        """Run a function without a transaction."""
        return await self.chain.call(self.address, self.interface.function(name), *arguments, sender=sender, block=block)

    async def transact(self, account: Account, name: str, *arguments: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """Send a transaction that calls a function, and wait for it."""
        data = self.interface.function(name).encode_call(*arguments)
        return await self.chain.transact(account, to=self.address, value=value, data=data, gas=gas, interface=self.interface)

    def events(self, receipt: Receipt) -> list[tuple[str, dict[str, Any]]]:
        """The contract's own events in a receipt."""
        found = []
        for log in receipt.logs:
            if parse_hex(log["address"]) == self.address:
                event = self.interface.decode_log([parse_hex(topic) for topic in log["topics"]], parse_hex(log["data"]))
                if event is not None:
                    found.append(event)
        return found


class Chain:
    """One chain, seen through one node."""

    def __init__(self, client: ChainClient) -> None:
        self.client = client
        self._chain_id: int | None = None

    async def chain_id(self) -> int:
        if self._chain_id is None:
            self._chain_id = _number(await self.client.call_rpc("eth_chainId"))
        return self._chain_id

    async def block_number(self) -> int:
        return _number(await self.client.call_rpc("eth_blockNumber"))

    async def balance(self, address: str | bytes, block: str | int = "latest") -> int:
        return _number(await self.client.call_rpc("eth_getBalance", _hex(parse_address(address)), _tag(block)))

    async def nonce(self, address: str | bytes, block: str | int = "pending") -> int:
        return _number(await self.client.call_rpc("eth_getTransactionCount", _hex(parse_address(address)), _tag(block)))

    async def code(self, address: str | bytes, block: str | int = "latest") -> bytes:
        return parse_hex(await self.client.call_rpc("eth_getCode", _hex(parse_address(address)), _tag(block)))

    async def fees(self) -> tuple[int, int]:
        """(max fee, tip) that survive a few full blocks: twice the base fee plus the tip."""
        block = await self.client.call_rpc("eth_getBlockByNumber", "latest", False)
        tip = max(_number(await self.client.call_rpc("eth_maxPriorityFeePerGas")), TIP_MIN)
        return 2 * _number(block["baseFeePerGas"]) + tip, tip

    async def call(
        self, to: str | bytes, function: Signature, *arguments: Any, sender: bytes | None = None, block: str | int = "latest"
    ) -> Any:
        """The result of a function, run on the state of ``block`` without a transaction.

        Raises:
            Reverted: the contract refused.
            NotFound: no code at the address.
        """
        request = {"to": _hex(parse_address(to)), "data": _hex(function.encode_call(*arguments))}
        if sender is not None:
            request["from"] = _hex(sender)
        try:
            answer = parse_hex(await self.client.call_rpc("eth_call", request, _tag(block)))
        except CallError as error:
            raise _explained(error, interface_at(parse_address(to))) from None
        if not answer and function.outputs and not await self.code(to, block):
            raise NotFound(f"no contract at {_hex(parse_address(to))}; is this the right chain?")
        return function.decode_result(answer)

    async def prepare(
        self,
        account: Account,
        *,
        to: bytes | None = None,
        value: int = 0,
        data: bytes = b"",
        gas: int | None = None,
        nonce: int | None = None,
        type: int = 2,
        fees: tuple[int, int] | None = None,
        access_list: AccessList = (),
        authorizations: Sequence[Authorization] = (),
        interface: Interface | None = None,
        spare_gas: int = 0,
    ) -> Signed:
        """Fill in what is left open (nonce, prices, gas with 20 % to spare, or ``spare_gas`` when that is more) and sign.

        Raises:
            Reverted: the transaction would fail.
            InsufficientFunds: the account cannot pay for it.
        """
        max_fee, tip = fees if fees is not None else await self.fees()
        if gas is None:
            gas = await self._estimate(account, to, value, data, access_list, authorizations, interface, spare_gas)
        transaction = Transaction(
            type=type,
            chain_id=await self.chain_id(),
            nonce=await self.nonce(account.address) if nonce is None else nonce,
            gas_limit=gas,
            to=to,
            value=value,
            data=data,
            gas_price=max_fee if type < 2 else 0,
            max_fee_per_gas=max_fee if type >= 2 else 0,
            max_priority_fee_per_gas=tip if type >= 2 else 0,
            access_list=access_list,
            authorizations=authorizations,
        )
        return account.sign_transaction(transaction)

    async def _estimate(
        self,
        account: Account,
        to: bytes | None,
        value: int,
        data: bytes,
        access_list: AccessList,
        authorizations: Sequence[Authorization],
        interface: Interface | None,
        spare_gas: int,
    ) -> int:
        if to is not None and not data and not access_list and not authorizations and not await self.code(to):
            return 21000
        request: dict[str, Any] = {"from": _hex(account.address), "value": hex(value), "data": _hex(data)}
        if to is not None:
            request["to"] = _hex(to)
        if access_list:
            request["accessList"] = [
                {"address": _hex(address), "storageKeys": [_hex(key) for key in keys]} for address, keys in access_list
            ]
        if authorizations:
            request["authorizationList"] = [
                {
                    "chainId": hex(item.chain_id),
                    "address": _hex(item.address),
                    "nonce": hex(item.nonce),
                    "yParity": hex(item.signature.parity),
                    "r": hex(item.signature.r),
                    "s": hex(item.signature.s),
                }
                for item in authorizations
            ]
        try:
            estimate = _number(await self.client.call_rpc("eth_estimateGas", request))
        except CallError as error:
            raise _explained(error, interface or (interface_at(to) if to else None)) from None
        # 0G charges at least 80 % of the limit, so more than a fifth to spare would be paid for in vain.
        return estimate + max(estimate // 5, spare_gas) if data or to is None or estimate > 21000 else estimate

    async def send(self, signed: Signed | bytes) -> bytes:
        """Hand a signed transaction to the node; returns its hash.

        Raises:
            Refused: the node did not take it.
            InsufficientFunds: the sender cannot pay.
        """
        raw = signed.raw if isinstance(signed, Signed) else signed
        try:
            return parse_hex(await self.client.call_rpc("eth_sendRawTransaction", _hex(raw)))
        except CallError as error:
            raise _explained(error, None) from None

    async def wait(self, hash: bytes, timeout_s: float = 60) -> Receipt:
        """The receipt of a transaction, once it is in a block (which is final).

        Raises:
            Reverted: it was included and failed.
            TimedOut: not in a block after ``timeout_s``.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        while (found := await self.client.call_rpc("eth_getTransactionReceipt", _hex(hash))) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise TimedOut(f"transaction {_hex(hash)} is in no block after {timeout_s:.0f} s")
            await asyncio.sleep(POLL_S)
        receipt = Receipt(
            hash=hash,
            block_number=_number(found["blockNumber"]),
            gas_used=_number(found["gasUsed"]),
            price=_number(found["effectiveGasPrice"]),
            contract=parse_address(found["contractAddress"]) if found.get("contractAddress") else None,
            logs=tuple(found["logs"]),
        )
        if _number(found["status"]) != 1:
            raise Reverted(f"transaction {_hex(hash)} failed in block {receipt.block_number}", receipt=receipt)
        return receipt

    async def transact(self, account: Account, **fields: Any) -> Receipt:
        """``prepare``, ``send`` and ``wait`` in one."""
        return await self.wait(await self.send(await self.prepare(account, **fields)))

    async def deploy(self, account: Account, artifact: Artifact, *arguments: Any, value: int = 0) -> Contract:
        """Put a contract on the chain.

        Raises:
            InvalidInput: the artifact is an interface.
        """
        if not artifact.bytecode:
            raise InvalidInput(f"{artifact.name} is an interface; there is nothing to deploy")
        data = artifact.creation_code(*arguments)
        receipt = await self.transact(account, data=data, value=value, interface=artifact.interface)
        if receipt.contract is None:
            raise Refused(f"transaction {_hex(receipt.hash)} made no contract")
        return Contract(self, receipt.contract, artifact.interface)

    def contract(self, address: str | bytes, interface: Interface | Artifact) -> Contract:
        """A contract that is there already."""
        return Contract(self, parse_address(address), interface.interface if isinstance(interface, Artifact) else interface)


def _explained(error: CallError, interface: Interface | None) -> Exception:
    message = str(error)
    if error.code == EXECUTION_REVERTED:
        data = error.data
        reason = interface.explain_revert(data) if interface is not None else explain_revert(data)
        return Reverted(f"execution reverted: {reason}" if data else message, data=data)
    if "insufficient funds" in message:
        return InsufficientFunds(message)
    return Refused(message)


def _number(value: Any) -> int:
    if not isinstance(value, str):
        raise InvalidInput(f"json-rpc: expected a hex number, found {value!r}")
    return int(value, 16)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _tag(block: str | int) -> str:
    return hex(block) if isinstance(block, int) else block
