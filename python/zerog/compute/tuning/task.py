"""A fine-tuning task: what a user has signed, where it stands, how it looks on the wire.

Source: docs/protocol/compute.md §8.2–8.3.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from zerog.compute.tuning.params import TrainingParams, parse_params
from zerog.errors import InvalidInput, Unauthorized
from zerog.primitives.hashing import keccak256
from zerog.runtime.key import recovered_key
from zerog.types import Address, format_address, parse_address
from zerog.wire import compute

CLOCK_AHEAD_S: Final = 60
"""A signed time may be this far in the future: clocks differ."""
SIGNED_AGE_S_MAX: Final = 300
ID_CHARS_MAX: Final = 64
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_MEMBERS: Final = (
    "userAddress", "datasetHash", "trainingParams", "preTrainedModelHash", "fee", "nonce", "signature", "wait",
)  # fmt: skip


class State(StrEnum):
    """Where a task stands, in the words of the official node."""

    INIT = "Init"
    SETTING_UP = "SettingUp"
    SET_UP = "SetUp"
    TRAINING = "Training"
    TRAINED = "Trained"
    DELIVERING = "Delivering"
    DELIVERED = "Delivered"
    ACKNOWLEDGED = "UserAcknowledged"
    FINISHED = "Finished"
    FAILED = "Failed"

    @property
    def ended(self) -> bool:
        return self in (State.FINISHED, State.FAILED)

    @property
    def cancellable(self) -> bool:
        """Before there is anything to deliver."""
        return self in (State.INIT, State.SETTING_UP, State.SET_UP, State.TRAINING)


class Task(msgspec.Struct, frozen=True):
    """One task as it is kept. Big numbers are texts: they may have more than 64 bits."""

    id: str
    user: bytes
    public_key: bytes
    """Of the user, uncompressed; recovered from the signature: the adapter's key is sealed for it."""
    dataset: str
    params_text: str
    model_hash: str
    nonce: str
    signature: str
    created_s: float
    updated_s: float
    state: State = State.INIT
    reason: str = ""
    """Why it failed, or waits."""
    tries: int = 0
    """Of the stage it is in."""
    tokens: int = 0
    fee: str = "0"
    """Neuron."""
    deliver_index: int = 0
    delivered_s: float = 0.0
    root: bytes = b""
    """Of the encrypted file, as the contract has it."""
    stored: bool = False
    """Whether the file is in the storage network; else only here."""
    settled_tx: bytes = b""

    @property
    def params(self) -> TrainingParams:
        return parse_params(self.params_text)

    @property
    def uuid_bytes(self) -> bytes:
        return uuid.UUID(self.id).bytes

    def moved(self, state: State, now_s: float, **changes: Any) -> Task:
        """In another state, with a count of tries that begins again."""
        return msgspec.structs.replace(self, state=state, updated_s=now_s, tries=0, **changes)

    def to_json(self) -> dict[str, Any]:
        """What the task routes answer."""
        return {
            "id": self.id,
            "createdAt": _time(self.created_s),
            "updatedAt": _time(self.updated_s),
            "userAddress": format_address(Address(self.user)),
            "preTrainedModelHash": self.model_hash,
            "datasetHash": self.dataset,
            "trainingParams": self.params_text,
            "fee": self.fee,
            "nonce": self.nonce,
            "signature": self.signature,
            "progress": str(self.state),
            "reason": self.reason,
            "deliverIndex": str(self.deliver_index),
            "deliverTime": str(int(self.delivered_s)),
            "modelType": "text",
        }


class Ordered(msgspec.Struct, frozen=True):
    """A request for a task that has been read and whose signature fits its user."""

    task: Task
    wait: bool


def parse_order(body: Any, user: Address, now_s: float) -> Ordered:
    """The body of ``POST /v1/user/{addr}/task``.

    Raises:
        InvalidInput: a member is missing, unknown to no purpose or of another form. Unauthorized: not signed by ``user``.
    """
    if not isinstance(body, dict):
        raise InvalidInput("task: expected a JSON object")
    missing = [name for name in _MEMBERS if name not in body and name not in ("fee", "wait", "userAddress")]
    if missing:
        raise InvalidInput(f"task: no member {missing[0]}")
    if "userAddress" in body and parse_address(_text(body, "userAddress")) != user:
        raise InvalidInput("task: userAddress is not the one in the path")
    for name in ("datasetHash", "preTrainedModelHash"):
        if not _HASH.fullmatch(_text(body, name)):
            raise InvalidInput(f"task: {name}: expected 0x and 64 hex digits")
    nonce = _text(body, "nonce")
    if not re.fullmatch(r"[0-9]{1,39}", nonce):
        raise InvalidInput("task: nonce: expected a natural number in decimals, as text")
    if not isinstance(body.get("wait", False), bool):
        raise InvalidInput("task: wait: expected true or false")
    params = _text(body, "trainingParams")
    parse_params(params)
    dataset = _text(body, "datasetHash")
    signature = _text(body, "signature")
    key = signer_of(compute.task_hash(user, int(nonce), dataset), signature, user)
    return Ordered(
        Task(
            id=str(uuid.uuid4()), user=bytes(user), public_key=key, dataset=dataset, params_text=params,
            model_hash=_text(body, "preTrainedModelHash"), nonce=nonce, signature=signature, created_s=now_s, updated_s=now_s,
        ),
        bool(body.get("wait", False)),
    )  # fmt: skip


def signer_of(hash: bytes, signature: str, user: Address) -> bytes:
    """The public key (65 bytes) that signed a hash as a message, which must be ``user``'s.

    Raises:
        InvalidInput: no signature of 65 bytes. Unauthorized: somebody else's.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != 65:
        raise InvalidInput("signature: expected 0x and 130 hex digits")
    for digest in compute.accepted_digests(hash):
        point = recovered_key(digest, raw)
        if point is not None and keccak256(point[1:])[12:] == user:
            return point
    raise Unauthorized("signature: not made by the user in the path")


def check_time(unix_s: Any, now_s: float) -> int:
    """A signed time that is near enough.

    Raises:
        InvalidInput: no number of seconds. Unauthorized: too old, or too far ahead.
    """
    try:
        value = int(unix_s)
    except (TypeError, ValueError):
        raise InvalidInput("timestamp: expected seconds since 1970") from None
    if isinstance(unix_s, bool) or not 0 <= value < 1 << 40:
        raise InvalidInput("timestamp: expected seconds since 1970")
    if not -CLOCK_AHEAD_S <= now_s - value <= SIGNED_AGE_S_MAX:
        raise Unauthorized(f"timestamp: {value} is not within the last {SIGNED_AGE_S_MAX} seconds; sign again")
    return value


def parse_id(text: str) -> str:
    """
    Raises:
        InvalidInput: no UUID in its usual form.
    """
    try:
        if len(text) <= ID_CHARS_MAX and str(uuid.UUID(text)) == text.lower():
            return text.lower()
    except ValueError:
        pass
    raise InvalidInput("task id: expected a UUID")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise InvalidInput(f"task: {name}: expected text")
    return value


def _time(unix_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_s)) + f".{int(unix_s % 1 * 1000):03d}Z"


def order_json(task: Task) -> bytes:
    """What the route that makes tasks answers."""
    return json.dumps({"id": task.id}).encode()
