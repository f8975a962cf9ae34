"""What people and enclaves of the compute network sign: tokens, responses, settlements, requests for fine-tuning.

Only bytes and digests; who has a key signs. Source: docs/protocol/compute.md, sections 4.6, 5.4, 6.1, 7.3, 8.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zerog._native import keccak256
from zerog.errors import InvalidInput
from zerog.types import Address, format_address, parse_address
from zerog.wire.jsonrpc import parse
from zerog.wire.typed_data import message_digest

KEY_PREFIX: Final = "app-sk-"
EPHEMERAL_TOKEN: Final = 255
SESSION_MS_MAX: Final = 86_400_000
KEY_CHARS_MAX: Final = 4096
NONCES_PER_SECOND: Final = 10_000_000

DOMAIN_TYPE: Final = bytes(keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
SETTLEMENT_TYPE: Final = bytes(
    keccak256(b"TEESettlement(bytes32 requestsHash,uint256 nonce,address provider,address user,uint256 totalFee)")
)
DELIVERABLE_TYPE: Final = bytes(
    keccak256(
        b"VerifierMessage(string id,bytes encryptedSecret,bytes modelRootHash,uint256 nonce,uint256 taskFee,address user)"
    )
)


@dataclass(frozen=True)
class SessionToken:
    """What a user signs to be let in. Times are milliseconds; token 255 is a session, 0 to 254 are keys that can be revoked."""

    address: Address
    provider: Address
    timestamp: int
    expires_at: int
    nonce: str
    generation: int = 0
    token_id: int = EPHEMERAL_TOKEN

    def raw(self) -> bytes:
        """The JSON that is signed: no blanks, members in this order, addresses with their check-sum capitals."""
        return json.dumps(
            {
                "address": format_address(self.address),
                "provider": format_address(self.provider),
                "timestamp": self.timestamp,
                "expiresAt": self.expires_at,
                "nonce": self.nonce,
                "generation": self.generation,
                "tokenId": self.token_id,
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def parse(cls, raw: bytes, *, older: bool = False) -> SessionToken:
        """
        Args:
            older: sessions of the second generation are taken too; they name neither a generation nor a token.

        Raises:
            InvalidInput: not the JSON of a token. Whether it is good for anything is for the provider to say.
        """
        data = parse(raw)
        if not isinstance(data, dict):
            raise InvalidInput("session token: expected a JSON object")
        if older:
            data = {"generation": 0, "tokenId": EPHEMERAL_TOKEN, **data}
        try:
            made = cls(
                parse_address(data["address"]),
                parse_address(data["provider"]),
                data["timestamp"],
                data["expiresAt"],
                data["nonce"],
                data["generation"],
                data["tokenId"],
            )
        except KeyError as error:
            raise InvalidInput(f"session token: no member {error}") from None
        if not isinstance(made.nonce, str):
            raise InvalidInput("session token: nonce: expected a string")
        for name in ("timestamp", "expires_at", "generation", "token_id"):
            value = getattr(made, name)
            if type(value) is not int or not 0 <= value < 1 << 64:
                raise InvalidInput(f"session token: {name}: expected a natural number")
        if made.token_id > EPHEMERAL_TOKEN:
            raise InvalidInput(f"session token: token id: expected at most 255, found {made.token_id}")
        return made


def token_digest(raw: bytes) -> bytes:
    """What is signed for a token: the message that is the hash of its JSON, exactly as it was sent."""
    return message_digest(bytes(keccak256(raw)))


def encode_key(raw: bytes, signature: bytes) -> str:
    """The key that a client sends as its bearer token."""
    return KEY_PREFIX + base64.b64encode(raw + b"|0x" + signature.hex().encode()).decode()


def decode_key(key: str) -> tuple[bytes, bytes]:
    """The token's JSON as it was signed, and the signature of 65 bytes.

    Raises:
        InvalidInput: no such key.
    """
    if not key.startswith(KEY_PREFIX) or len(key) > KEY_CHARS_MAX:
        raise InvalidInput(f"api key: expected {KEY_PREFIX}… of at most {KEY_CHARS_MAX} characters")
    try:
        whole = base64.b64decode(key.removeprefix(KEY_PREFIX), validate=True)
        raw, mark, text = whole.partition(b"|")
        signature = bytes.fromhex(text.decode("ascii").removeprefix("0x"))
    except (binascii.Error, ValueError):
        raise InvalidInput("api key: expected base64 of a token, | and a signature in hex") from None
    if not mark or len(signature) != 65:
        raise InvalidInput("api key: expected a signature of 65 bytes after the |")
    return raw, signature


def response_text(request: bytes, response: bytes) -> str:
    """What an enclave signs, as a message, for a response: the hashes of the bytes that came in and went out."""
    return f"{hashlib.sha256(request).hexdigest()}:{hashlib.sha256(response).hexdigest()}"


@dataclass(frozen=True)
class ChargedRequest:
    """One request of a settlement; fees are neuron, ``request_hash`` is text with its 0x."""

    request_hash: str
    user: Address
    fee: int
    input_fee: int
    output_fee: int


def requests_hash(requests: Iterable[ChargedRequest]) -> bytes:
    """The hash that names a user's requests in a settlement, in their order."""
    text = "".join(f"{one.request_hash}{format_address(one.user)}{one.fee}{one.input_fee}{one.output_fee}" for one in requests)
    return bytes(keccak256(text.encode()))


def settlement_nonce(unix_s: int, counter: int = 0) -> int:
    """The conventional nonce of a settlement; ``counter`` tells several of one second apart.

    Raises:
        InvalidInput: a counter of the next second.
    """
    if not 0 <= counter < NONCES_PER_SECOND:
        raise InvalidInput(f"settlement nonce: expected a counter below {NONCES_PER_SECOND}, found {counter}")
    return unix_s * NONCES_PER_SECOND + counter


def inference_domain(chain_id: int, contract: Address) -> bytes:
    return _domain(b"0G Inference Serving", chain_id, contract)


def fine_tuning_domain(chain_id: int, contract: Address) -> bytes:
    return _domain(b"0G Fine-Tuning Serving", chain_id, contract)


def settlement_struct(requests: bytes, nonce: int, provider: Address, user: Address, total_fee: int) -> bytes:
    """``hashStruct`` of a settlement (EIP-712)."""
    return _hash_words(SETTLEMENT_TYPE, requests, nonce, provider, user, total_fee)


def deliverable_struct(id: str, secret: bytes, root: bytes, nonce: int, task_fee: int, user: Address) -> bytes:
    """``hashStruct`` of a deliverable's settlement (EIP-712)."""
    hashes = [bytes(keccak256(part)) for part in (id.encode(), secret, root)]
    return _hash_words(DELIVERABLE_TYPE, *hashes, nonce, task_fee, user)


def typed_digest(domain: bytes, struct: bytes) -> bytes:
    """What is signed: EIP-712 over a domain's separator and a struct's hash."""
    return bytes(keccak256(b"\x19\x01" + domain + struct))


def task_hash(user: Address, nonce: int, dataset: str) -> bytes:
    """What a user signs, as a message, to create a task; ``dataset`` is the text of its hash as the client sends it."""
    return bytes(keccak256(user + nonce.to_bytes(32, "big") + dataset.encode()))


def cancel_hash(task: bytes) -> bytes:
    """What a user signs to cancel the task with this UUID of 16 bytes."""
    return bytes(keccak256(task))


def adapter_hash(task: bytes, unix_s: int) -> bytes:
    """What a user signs to download what a task has made."""
    return bytes(keccak256(f"{task.hex()}{unix_s}".encode()))


def dataset_hash(address: str, unix_s: int) -> bytes:
    """What a user signs to upload a data set; ``address`` is the text as the client sends it."""
    return bytes(keccak256(f"{address}{unix_s}".encode()))


def accepted_digests(hash: bytes) -> Sequence[bytes]:
    """The digests to recover the signer of a hash from, in this order.

    The JS client of 2026 loses leading zero bytes of what it signs; for a hash that has some its form comes second.
    """
    stripped = hash.lstrip(b"\0")
    return [message_digest(hash)] if stripped == hash else [message_digest(hash), message_digest(stripped)]


def _domain(name: bytes, chain_id: int, contract: Address) -> bytes:
    return _hash_words(DOMAIN_TYPE, bytes(keccak256(name)), bytes(keccak256(b"1")), chain_id, contract)


def _hash_words(*words: bytes | int) -> bytes:
    return bytes(
        keccak256(b"".join(word.to_bytes(32, "big") if isinstance(word, int) else word.rjust(32, b"\0") for word in words))
    )
