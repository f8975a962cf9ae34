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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from zerog import __version__
from zerog.contracts.inference import Settlement
from zerog.errors import ConfigError, Unavailable
from zerog.runtime.key import Key
from zerog.types import Address, format_address
from zerog.wire import compute
from zerog.wire.compute import ChargedRequest

TSM: Final = Path("/sys/kernel/config/tsm/report")
MOCK: Final = b"MOCK QUOTE: no confidential hardware stands behind this signer; for development only"


class Quoter(Protocol):
    """Where quotes come from."""

    kind: str
    """``mock``, or the kind of hardware: ``tdx``."""

    async def quote(self, report_data: bytes) -> bytes:
        """A quote over 64 bytes of our choice.

        Raises:
            Unavailable: the hardware does not answer.
        """
        ...


class MockQuoter:
    """Says what it is in the quote itself."""

    kind = "mock"

    async def quote(self, report_data: bytes) -> bytes:
        return MOCK + b"\0" + report_data


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

    async def quote(self, report_data: bytes) -> bytes:
        return await asyncio.to_thread(self._quote, report_data)

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
        quote = await self._quoter.quote(data)
        digest = hashlib.sha256(self._compose.encode()).hexdigest()
        mock = self._quoter.kind == "mock"
        return {
            "quote": quote.hex(),
            "report_data": base64.b64encode(data).decode(),
            "tcb_info": {"app_compose": self._compose, "mock": mock},
            "event_log": [
                {"event": "compose-hash", "event_payload": digest, "digest": digest, "imr": 3, "event_type": 134217729}
            ],
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
