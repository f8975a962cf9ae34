"""What consensus gives a block beside its transactions: rewards, punishments, messages from other chains.

All of it is part of the block's bytes, so that building, checking and replaying a block do the same.
Source: docs/protocol/chain.md, sections 3.4 and 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from zerog.errors import InvalidInput

BRIDGE_MESSAGES_MAX: Final = 48
SLASHINGS_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Native coin out of nothing (EIP-4895): a reward or a matured exit. ``amount`` in gwei."""

    address: bytes
    amount: int
    index: int = 0
    validator_index: int = 0


@dataclass(frozen=True, slots=True)
class Slashing:
    """A validator's misbehaviour: the address of its contract, and how much stake it costs, in gwei.

    ``index`` and ``validator_index`` are consensus's own counting; the chain carries them and reads neither.
    """

    address: bytes
    amount: int
    index: int = 0
    validator_index: int = 0


@dataclass(frozen=True, slots=True)
class BridgeMessage:
    """What was sent on another chain and is to be parked here for delivery.

    ``mode``: 0 locked there, to be released here; 1 burnt there, to be minted here. ``amount`` in the token's smallest unit.
    """

    source_chain: int
    target_chain: int
    nonce: int
    local_token: bytes
    recipient: bytes
    amount: int
    mode: int = 0
    source_block: int = 0


@dataclass(frozen=True, slots=True)
class ConsensusInputs:
    """One block's share. ``bridge`` must be empty before the bridge fork, ``slashings`` before the staking fork."""

    withdrawals: tuple[Withdrawal, ...] = ()
    slashings: tuple[Slashing, ...] = ()
    bridge: tuple[BridgeMessage, ...] = ()

    def for_engine(self) -> dict[str, Any]:
        """Keyword arguments of ``Engine.build`` and ``build_with``.

        Raises:
            InvalidInput: a message's field does not fit its width.
        """
        return {
            "withdrawals": [_entry(item) for item in self.withdrawals],
            "slashings": [_entry(item) for item in self.slashings],
            "bridge": encode_bridge(self.bridge) if self.bridge else None,
        }


NO_INPUTS: Final = ConsensusInputs()


def _entry(item: Withdrawal | Slashing) -> dict[str, Any]:
    return {
        "index": item.index, "validator_index": item.validator_index, "address": item.address, "amount": item.amount,
    }  # fmt: skip


def encode_bridge(messages: tuple[BridgeMessage, ...]) -> bytes:
    """The SSZ container of a block's messages: the data of its EIP-7685 request of type 0xf0.

    Raises:
        InvalidInput: a field does not fit its width, or more than ``BRIDGE_MESSAGES_MAX`` messages.
    """
    if len(messages) > BRIDGE_MESSAGES_MAX:
        raise InvalidInput(f"bridge: expected at most {BRIDGE_MESSAGES_MAX} messages, found {len(messages)}")
    parts = [(4).to_bytes(4, "little")]
    for message in messages:
        if len(message.local_token) != 20 or len(message.recipient) != 20 or message.mode not in (0, 1):
            raise InvalidInput("bridge: expected a token and a recipient of 20 bytes and a mode of 0 or 1")
        try:
            parts += (
                message.source_chain.to_bytes(8, "little"),
                message.target_chain.to_bytes(8, "little"),
                message.nonce.to_bytes(8, "little"),
                message.local_token,
                message.recipient,
                message.amount.to_bytes(32, "big"),
                bytes([message.mode]),
                message.source_block.to_bytes(8, "little"),
            )
        except OverflowError:
            raise InvalidInput("bridge: a number of a message does not fit its field") from None
    return b"".join(parts)
