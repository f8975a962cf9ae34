"""A client of one provider: keys, requests, and the check that an answer is the provider's, byte for byte.

Official clients look only at who signed; here both hashes must be those of the bytes that were sent and received, so that a
signature of another answer, however genuine, does not pass. Source: docs/protocol/compute.md §§6.1, 7.3.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from zerog.compute.api import Price, Provider, Tier
from zerog.compute.attest import Statement, statement_text
from zerog.contracts.inference import Service
from zerog.errors import (
    Conflict,
    Exhausted,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    PeerFault,
    TimedOut,
    Unauthorized,
    Unavailable,
    ZerogError,
)
from zerog.runtime.key import recover
from zerog.types import Address, format_address, parse_address
from zerog.wire import jsonrpc
from zerog.wire.typed_data import message_digest

VERIFIABLE: Final = ("OpML", "TeeML", "ZKML")
CLOCK_MS: Final = 600_000
ANSWER_BYTES_MAX: Final = 256 << 20
_ERRORS: Final[dict[int, type[ZerogError]]] = {
    401: Unauthorized, 402: InsufficientFunds, 403: Unauthorized, 404: NotFound, 409: Conflict, 429: Exhausted,
    503: Unavailable, 504: TimedOut,
}  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """All that shows an answer to be a provider's, to anyone at any time.

    ``request`` and ``response`` are the bytes that went over the wire; ``signature`` is what the provider told of them.
    """

    provider: Address
    chain_id: int
    chat_id: str
    model: str
    request: bytes
    response: bytes
    signature: Mapping[str, Any]

    def to_json(self) -> str:
        """One line; texts as they are where they are UTF-8."""
        return json.dumps(
            {
                "provider": format_address(self.provider), "chain_id": self.chain_id, "chat_id": self.chat_id,
                "model": self.model, "request": self.request.hex(), "response": self.response.hex(),
                "signature": dict(self.signature),
            }
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        """
        Raises:
            InvalidInput: not a receipt.
        """
        found = jsonrpc.parse(text.encode() if isinstance(text, str) else text)
        try:
            return cls(
                parse_address(found["provider"]), int(found["chain_id"]), str(found["chat_id"]), str(found["model"]),
                bytes.fromhex(found["request"]), bytes.fromhex(found["response"]), dict(found["signature"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"receipt: it has another form: {error}") from None


def fault(receipt: Receipt, signer: Address, *, strict: bool = True, now_ms: int | None = None) -> str:
    """Why an answer is not shown to be the provider's; empty when it is.

    Args:
        signer: whom the chain names as the provider's signer.
        strict: the longer statement (chat, model, provider, chain, time) must be there and be signed as well; providers other
            than ours do not tell it.
        now_ms: the moment of the answer, where it is known: the statement must be of about that time.
    """
    told = receipt.signature
    text = told.get("text")
    wanted = f"{hashlib.sha256(receipt.request).hexdigest()}:{hashlib.sha256(receipt.response).hexdigest()}"
    if text != wanted:
        return "the signed hashes are not those of the request that was sent and the answer that came"
    if told.get("signing_algo", "ecdsa") != "ecdsa":
        return "signed by another algorithm than ecdsa"
    named = told.get("signing_address")
    if not isinstance(named, str) or named.lower() != format_address(signer).lower():
        return "the signature names another signer than the chain does"
    if not _signed(text, told.get("signature"), signer):
        return "the signature is not that of the provider's signer"
    said = told.get("statement")
    if said is None and not strict:
        return ""
    if not isinstance(said, str) or not _signed(said, told.get("statement_signature"), signer):
        return "the statement of chat, model, provider and time is not signed by the provider's signer"
    parts = said.split(":")
    if len(parts) != 8 or not parts[5].isascii() or not parts[5].isdigit() or len(parts[5]) > 16:
        return "the statement has another form"
    made = Statement(receipt.chat_id.lower(), receipt.model, int(parts[5]), wanted)
    if said != statement_text(made, receipt.chain_id, receipt.provider):
        return "the statement is of another chat, model, provider or chain"
    if now_ms is not None and abs(made.at_ms - now_ms) > CLOCK_MS:
        return "the statement is of another time"
    return ""


def verify(receipt: Receipt, signer: Address, *, strict: bool = True) -> bool:
    """Whether an answer is the provider's."""
    return fault(receipt, signer, strict=strict) == ""


def verify_many(receipts: Sequence[Receipt], signers: Mapping[Address, Address], *, strict: bool = True) -> list[int]:
    """Offline and in batch: the indices of receipts that show nothing, because they are forged or of nobody in ``signers``."""
    return [
        index
        for index, receipt in enumerate(receipts)
        if receipt.provider not in signers or fault(receipt, signers[receipt.provider], strict=strict)
    ]


def _signed(text: str, signature: Any, signer: Address) -> bool:
    if not isinstance(signature, str) or len(signature) != 132 or not signature.startswith("0x"):
        return False
    try:
        raw = bytes.fromhex(signature[2:])
    except ValueError:
        return False
    return recover(message_digest(text.encode()), raw) == signer


def provider_of(service: Service) -> Provider:
    """A provider out of what the chain says of its service."""
    return Provider(
        service.provider, service.url, service.kind, service.model, _price(service), service.verifiability, service.signer,
        service.signer_acknowledged, service.additional_info, service.updated_at,
    )  # fmt: skip


def expected_signer(provider: Provider) -> Address:
    """Who must have signed: the service's signer, or the enclave of a separated model server.

    Raises:
        PeerFault: the service promises nothing that could be checked, or nobody has acknowledged its signer.
    """
    if provider.verifiability not in VERIFIABLE:
        raise PeerFault(f"the service is not verifiable: {provider.verifiability!r}")
    if not provider.signer_acknowledged:
        raise PeerFault("the contract's owner has not acknowledged the provider's signer")
    info = _info(provider.additional_info)
    if info.get("TargetSeparated") is True and info.get("ProviderType") != "centralized" and info.get("TargetTeeAddress"):
        try:
            return parse_address(str(info["TargetTeeAddress"]))
        except InvalidInput:
            raise PeerFault("the service's TargetTeeAddress is no address") from None
    return provider.signer


def _info(text: str) -> dict[str, Any]:
    try:
        found = jsonrpc.parse(text.encode())
    except InvalidInput:
        raise PeerFault("the service's additionalInfo is not JSON") from None
    if not isinstance(found, dict):
        raise PeerFault("the service's additionalInfo is no object")
    return found


def _price(service: Service) -> Price:
    """The price that the service record tells, discounts included where they read."""
    try:
        info = _info(service.additional_info or "{}")
        divisor = int((info.get("cacheTokenBilling") or {}).get("divisor", 0))
        tiers = tuple(
            Tier(
                int(row["maxInputTokens"]), int(row.get("inputMultiplier", 1)), int(row.get("inputMultiplierDenominator", 1)),
                int(row.get("outputMultiplier", 1)), int(row.get("outputMultiplierDenominator", 1)),
            )
            for row in (info.get("tieredPricing") or {}).get("tiers", [])
        )  # fmt: skip
    except (PeerFault, KeyError, TypeError, ValueError, AttributeError):
        divisor, tiers = 0, ()
    return Price(service.input_price, service.output_price, max(0, divisor), tiers)


@dataclass(frozen=True)
class Piece:
    """More of a streamed answer: text, and the usage when the last piece tells it."""

    text: str
    usage: Mapping[str, Any] | None = None


class Exchange:
    """One request on its way: its bytes, and those of the answer as they come."""

    def __init__(self, provider: Provider, chain_id: int, request: bytes, response: aiohttp.ClientResponse) -> None:
        self._provider, self._chain_id, self._request, self._response = provider, chain_id, request, response
        self._parts: list[bytes] = []
        self.chat_id = response.headers.get("ZG-Res-Key", "")
        self.model = ""

    async def whole(self) -> dict[str, Any]:
        """The JSON of an answer in one piece."""
        body = await self._response.read()
        self._parts.append(body)
        try:
            found = jsonrpc.parse(body)
        except InvalidInput:
            raise PeerFault("the provider's answer is not JSON") from None
        if not isinstance(found, dict):
            raise PeerFault("the provider's answer is no object")
        self._learn(found)
        return found

    async def pieces(self) -> AsyncIterator[Piece]:
        """The pieces of a streamed answer.

        Raises:
            PeerFault: it is no stream of ours. Unavailable: it broke off; such an answer is not charged.
        """
        rest, size, ended = b"", 0, False
        async for part in self._response.content.iter_any():
            self._parts.append(part)
            size += len(part)
            if size > ANSWER_BYTES_MAX:
                raise PeerFault(f"the answer is larger than {ANSWER_BYTES_MAX >> 20} MiB")
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data == b"[DONE]":
                    ended = True
                elif data:
                    yield self._piece(data)
        if not ended:
            raise Unavailable("the answer broke off before its end")

    def _piece(self, data: bytes) -> Piece:
        try:
            found = jsonrpc.parse(data)
        except InvalidInput:
            raise PeerFault("the provider's stream is not JSON") from None
        if not isinstance(found, dict):
            raise PeerFault("the provider's stream holds something else than objects")
        if found.get("error"):
            error = found["error"]
            raise Unavailable(str(error.get("message") if isinstance(error, dict) else error))
        self._learn(found)
        text = ""
        for choice in found.get("choices") or []:
            delta = choice.get("delta") if isinstance(choice, dict) else None
            text += str((delta or {}).get("content") or "")
        return Piece(text, found.get("usage"))

    def _learn(self, found: Mapping[str, Any]) -> None:
        self.model = str(found.get("model") or self.model)
        if not self.chat_id:
            self.chat_id = str(found.get("id") or "").removeprefix("chatcmpl-")

    def receipt(self, signature: Mapping[str, Any]) -> Receipt:
        """With what the provider told of the signature."""
        return Receipt(
            self._provider.address, self._chain_id, self.chat_id, self.model, self._request, b"".join(self._parts), signature
        )


class ComputeClient:
    """Requests to providers over one connection pool.

    Args:
        timeout_s: until an answer begins, and between its pieces.

    Use as ``async with``.
    """

    def __init__(self, chain_id: int, *, timeout_s: float = 120) -> None:
        self._chain_id, self._timeout_s = chain_id, timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ComputeClient:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def exchange(self, provider: Provider, key: str, path: str, body: Mapping[str, Any]) -> AsyncIterator[Exchange]:
        """Send a request; the exchange reads its answer.

        Raises:
            what the provider's refusal says, as an error of ours. Unavailable, TimedOut: it does not answer.
        """
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept-Encoding": "identity"}
        async with self._answer("POST", provider.endpoint + path, data=raw, headers=headers) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise PeerFault("the answer is compressed, so its bytes cannot be checked")
            yield Exchange(provider, self._chain_id, raw, response)

    async def signature(self, provider: Provider, chat_id: str, model: str) -> dict[str, Any]:
        """What a provider tells of the signature of an answer."""
        url = f"{provider.endpoint}/signature/{chat_id}"
        async with self._answer("GET", url, params={"model": model}) as response:
            return await _object(response)

    async def unsettled(self, provider: Provider, key: str, user: Address) -> int:
        """What a user owes a provider that is not settled yet, by the provider's word."""
        url = f"{provider.url.rstrip('/')}/v1/user/{format_address(user)}/unsettledfee"
        async with self._answer("GET", url, headers={"Authorization": f"Bearer {key}"}) as response:
            found = await _object(response)
        try:
            return int(found["unsettledFee"])
        except (KeyError, TypeError, ValueError):
            raise PeerFault("the provider's answer has another form") from None

    async def models(self, provider: Provider) -> list[dict[str, Any]]:
        """The provider's list of models."""
        async with self._answer("GET", provider.url.rstrip("/") + "/v1/models") as response:
            found = await _object(response)
        return [row for row in found.get("data") or [] if isinstance(row, dict)]

    async def adapters(self, provider: Provider, key: str) -> list[dict[str, Any]]:
        """The adapters of the key's user at a provider."""
        async with self._answer("GET", _adapters(provider), headers={"Authorization": f"Bearer {key}"}) as response:
            found = await _object(response)
        return [row for row in found.get("adapters") or [] if isinstance(row, dict)]

    async def deploy(self, provider: Provider, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a provider to serve an adapter: ``{adapterName}`` or ``{taskId, baseModel}``."""
        url, headers = _adapters(provider) + "/deploy", {"Authorization": f"Bearer {key}"}
        async with self._answer("POST", url, headers=headers, json=dict(body)) as response:
            return await _object(response)

    @asynccontextmanager
    async def _answer(self, method: str, url: str, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise Unavailable("the client is not open: use it as `async with`")
        try:
            async with self._session.request(method, url, allow_redirects=False, **more) as response:
                if response.status != 200:
                    await _refused(response)
                yield response
        except TimeoutError:
            raise TimedOut(f"{url}: no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{url}: {error}") from None


def _adapters(provider: Provider) -> str:
    return provider.url.rstrip("/") + "/v1/lora/adapters"


async def _object(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = jsonrpc.parse(await response.content.read(4 << 20))
    except InvalidInput:
        raise PeerFault("the provider's answer is not JSON") from None
    if not isinstance(found, dict):
        raise PeerFault("the provider's answer is no object")
    return found


async def _refused(response: aiohttp.ClientResponse) -> None:
    text = await response.content.read(65_536)
    try:
        found = jsonrpc.parse(text)
        error = found.get("error", found) if isinstance(found, dict) else found
        message = str(error.get("message", error) if isinstance(error, dict) else error)
    except InvalidInput:
        message = text.decode("utf-8", "replace")
    kind = _ERRORS.get(response.status, InvalidInput if response.status < 500 else Unavailable)
    raise kind(message[:2000] or f"status {response.status}", status=response.status)


def now_ms() -> int:
    return int(time.time() * 1000)
