"""What the provider's enclave signs, and how anyone can see whose key it is. Attestation itself stands behind a port.

Without confidential hardware the quote is a mock: it binds the same signer address and says in plain words that no hardware
stands behind it. Source: docs/protocol/compute.md §§4.6, 7.3, 7.4.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp

from zerog import __version__
from zerog.contracts.inference import Settlement
from zerog.errors import ConfigError, InvalidInput, Unavailable
from zerog.runtime.key import Key
from zerog.types import Address, format_address
from zerog.wire import compute, jsonrpc
from zerog.wire.compute import ChargedRequest

TSM: Final = Path("/sys/kernel/config/tsm/report")
DSTACK: Final = Path("/var/run/dstack.sock")
ANSWER_BYTES_MAX: Final = 4 << 20
MOCK: Final = b"MOCK QUOTE: no confidential hardware stands behind this signer; for development only"


@dataclass(frozen=True)
class Evidence:
    """A quote, and what a platform that keeps such tells beside it."""

    quote: bytes
    events: tuple[Mapping[str, Any], ...] = ()
    """The event log that the quote's registers are the sum of; empty: the platform keeps none."""
    tcb: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, with ``app_compose``; empty: the platform does not say."""


class Quoter(Protocol):
    """Where quotes come from: a plug for each kind of machine."""

    kind: str
    """``mock``, or the kind of hardware: ``tdx``."""

    async def quote(self, report_data: bytes) -> Evidence:
        """A quote over 64 bytes of our choice.

        Raises:
            Unavailable: the hardware does not answer.
        """
        ...


class MockQuoter:
    """Says what it is in the quote itself."""

    kind = "mock"

    async def quote(self, report_data: bytes) -> Evidence:
        return Evidence(MOCK + b"\0" + report_data)


class TsmQuoter:
    """Quotes of the machine's trusted security module (Intel TDX, AMD SEV-SNP) by the kernel's configfs interface.

    Args:
        folder: where the kernel keeps reports; Linux 6.7 and newer.
    """

    def __init__(self, folder: Path = TSM) -> None:
        self._folder = folder
        if not folder.is_dir():
            raise ConfigError(
                f"compute.enclave.quote: {folder} is not there: this machine has no confidential hardware, or configfs is not "
                "mounted; use mock for development",
                key="compute.enclave.quote", value="tsm", origin="",
            )  # fmt: skip
        self.kind = "tdx"

    async def quote(self, report_data: bytes) -> Evidence:
        return Evidence(checked_quote(await asyncio.to_thread(self._quote, report_data), report_data))

    def _quote(self, report_data: bytes) -> bytes:
        place = self._folder / f"zerog-{secrets.token_hex(8)}"
        try:
            place.mkdir()
            try:
                (place / "inblob").write_bytes(report_data)
                provider = (place / "provider").read_text().strip()
                self.kind = {"tdx_guest": "tdx", "sev_guest": "sev-snp"}.get(provider, provider)
                return (place / "outblob").read_bytes()
            finally:
                place.rmdir()
        except OSError as error:
            raise Unavailable(f"the security module gives no quote: {error.strerror}") from None


class DstackQuoter:
    """Quotes of a dstack guest agent: Intel TDX, with the event log and the measured compose file.

    Args:
        socket: where the agent listens. Its interface: HTTP with JSON, ``/GetQuote`` and ``/Info``.
    """

    kind = "tdx"

    def __init__(self, socket: Path = DSTACK, *, timeout_s: float = 30) -> None:
        self._socket, self._timeout_s = socket, timeout_s
        if not socket.is_socket():
            raise ConfigError(
                f"compute.enclave.quote: {socket} is no socket: this is not a dstack machine, or the socket is not mounted; "
                "use mock for development",
                key="compute.enclave.quote", value="dstack", origin="",
            )  # fmt: skip

    async def quote(self, report_data: bytes) -> Evidence:
        told = await self._ask("/GetQuote", {"report_data": report_data.hex()})
        info = await self._ask("/Info", {})
        try:
            quote = bytes.fromhex(str(told.get("quote", "")).removeprefix("0x"))
            events, tcb = _json(told.get("event_log", "[]")), _json(info.get("tcb_info", "{}"))
        except (ValueError, InvalidInput):
            raise Unavailable("the dstack agent's answer has another form") from None
        if not isinstance(events, list) or not all(isinstance(row, dict) for row in events) or not isinstance(tcb, dict):
            raise Unavailable("the dstack agent's answer has another form")
        return Evidence(checked_quote(quote, report_data), tuple(events), tcb)

    async def _ask(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        limit = aiohttp.ClientTimeout(total=self._timeout_s)
        try:
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self._socket)), timeout=limit) as session,
                session.post("http://dstack" + path, json=body, allow_redirects=False) as response,
            ):
                raw = await response.content.read(ANSWER_BYTES_MAX + 1)
                while len(raw) <= ANSWER_BYTES_MAX and (more := await response.content.read(1 << 16)):
                    raw += more
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"the dstack agent does not answer: {error}") from None
        try:
            found = jsonrpc.parse(raw) if len(raw) <= ANSWER_BYTES_MAX else None
        except InvalidInput:
            found = None
        if not isinstance(found, dict) or response.status != 200:
            said = found.get("error") if isinstance(found, dict) else None
            raise Unavailable(f"the dstack agent answers {response.status}: {str(said)[:200]}")
        return found


def _json(value: object) -> Any:
    """A member that is JSON, or JSON in a text."""
    return jsonrpc.parse(value.encode()) if isinstance(value, str) else value


def checked_quote(quote: bytes, report_data: bytes) -> bytes:
    """A quote that binds what it was asked for.

    Raises:
        Unavailable: it does not: it is of somebody else's request, or no quote at all.
    """
    if report_data not in quote:
        raise Unavailable("the security module's quote does not hold the data that it was asked to bind")
    return quote


def open_quoter(kind: str, socket: Path = DSTACK) -> Quoter:
    """The plug that a setting names.

    Raises:
        ConfigError: this machine has no such hardware.
    """
    if kind == "tsm":
        return TsmQuoter()
    return DstackQuoter(socket) if kind == "dstack" else MockQuoter()


@dataclass(frozen=True)
class Statement:
    """Everything that one signed answer says."""

    chat_id: str
    model: str
    at_ms: int
    text: str


class Enclave:
    """The signer of answers and settlements.

    Args:
        key: never leaves.
        quoter: shows that the key was made where it says.
        compose: the text that describes what runs; its hash is in the event log.
    """

    def __init__(self, key: Key, quoter: Quoter, *, chain_id: int, contract: Address, provider: Address, compose: str) -> None:
        self._key, self._quoter = key, quoter
        self._chain_id, self._provider, self._compose = chain_id, provider, compose
        self._domain = compute.inference_domain(chain_id, contract)
        self.signer = key.address

    def sign_answer(self, statement: Statement) -> bytes:
        """The JSON that the signature route answers.

        ``text`` and ``signature`` are what every 0G client checks. ``statement`` says more under a signature of its own: which
        provider on which chain has answered which chat with which model, and when.
        """
        said = statement_text(statement, self._chain_id, self._provider)
        return json.dumps(
            {
                "text": statement.text,
                "signature": "0x" + self._key.sign_message(statement.text.encode()).hex(),
                "signing_address": format_address(self.signer),
                "signing_algo": "ecdsa",
                "statement": said,
                "statement_signature": "0x" + self._key.sign_message(said.encode()).hex(),
            }
        ).encode()

    def sign_settlement(self, user: Address, requests: Sequence[ChargedRequest], nonce: int) -> Settlement:
        """One user's item of a settlement."""
        total = sum(one.fee for one in requests)
        named = compute.requests_hash(requests)
        struct = compute.settlement_struct(named, nonce, self._provider, user, total)
        signature = self._key.sign_digest(compute.typed_digest(self._domain, struct))
        return Settlement(user, self._provider, total, named, nonce, signature)

    async def quote(self) -> dict[str, Any]:
        """The answer of ``GET /v1/quote``."""
        data = format_address(self.signer).encode().ljust(64, b"\0")
        evidence = await self._quoter.quote(data)
        digest = hashlib.sha256(self._compose.encode()).hexdigest()
        mock = self._quoter.kind == "mock"
        return {
            "quote": evidence.quote.hex(),
            "report_data": base64.b64encode(data).decode(),
            "tcb_info": dict(evidence.tcb) or {"app_compose": self._compose, "mock": mock},
            "event_log": [dict(event) for event in evidence.events]
            or [{"event": "compose-hash", "event_payload": digest, "digest": digest, "imr": 3, "event_type": 134217729}],
            "signing_address": format_address(self.signer),
            "tee_type": self._quoter.kind,
            "mock": mock,
            **({"notice": MOCK.decode()} if mock else {}),
        }


def statement_text(statement: Statement, chain_id: int, provider: Address) -> str:
    """The longer signed text: one line, each part without a colon but the last, which has one."""
    model = hashlib.sha256(statement.model.encode()).hexdigest()
    return ":".join(
        [
            "zerog-answer-1",
            str(chain_id),
            format_address(provider),
            statement.chat_id,
            model,
            str(statement.at_ms),
            statement.text,
        ]
    )


def image_text(request: bytes, images: Sequence[bytes]) -> str:
    """What is signed for images: the hash of the request and those of the images."""
    hashes = ",".join(hashlib.sha256(image).hexdigest() for image in images)
    return f"{hashlib.sha256(request).hexdigest()}:{hashes}"


def compose_text(model: str) -> str:
    """What runs here, as the event log's ``compose-hash`` covers it."""
    lines = [
        "services:",
        "  provider:",
        f"    image: zerog:{__version__}",
        "    command: zerog compute run",
        f"    environment: [MODEL={json.dumps(model)}]",
    ]
    file = "\n".join(lines) + "\n"
    return json.dumps({"manifest_version": 2, "name": "zerog-compute", "runner": "docker-compose", "docker_compose_file": file})
