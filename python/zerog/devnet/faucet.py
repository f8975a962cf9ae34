"""Test money."""

from __future__ import annotations

from zerog.devnet.topology import faucet_account
from zerog.errors import InvalidInput
from zerog.sdk.chain import Chain, Receipt

GIFT_MAX = 1_000_000 * 10**18


async def fund(chain: Chain, mnemonic: str, to: bytes, neuron: int) -> Receipt:
    """Send test money from the local network's faucet account and wait until it has arrived.

    Raises:
        InvalidInput: nothing, or more than 1,000,000 0G at once.
    """
    if not 0 < neuron <= GIFT_MAX:
        raise InvalidInput("amount: expected more than nothing and at most 1,000,000 0G at once")
    return await chain.transact(faucet_account(mnemonic), to=to, value=neuron)
