"""The compute part of the local network: a provider with a small real model, acknowledged, and a user with money in it.

Where it is wanted, a fine-tuning node beside it.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from zerog.chain.client import CallError, ChainClient
from zerog.contracts import fine_tuning, inference, ledger, registry
from zerog.contracts.calls import Call
from zerog.devnet import models
from zerog.errors import Conflict, TimedOut, Unavailable
from zerog.runtime import log
from zerog.sdk.chain import Chain
from zerog.sdk.wallet import Account
from zerog.types import Address

NAME: Final = "provider"
PROVIDER_INDEX: Final = 20
"""Of the provider's account in the mnemonic."""
PROVIDER_BALANCE: Final = 1_000 * 10**18
"""A stake of 100 0G, and gas for years."""
PORT: Final = 3080
TUNER: Final = "tuner"
TUNER_INDEX: Final = 21
TUNER_PORT: Final = 3082
TUNER_ACCOUNT: Final = 2 * 10**18
"""What the network's first account begins with in its account with the fine-tuning node."""
USER_DEPOSIT: Final = 20 * 10**18
USER_ACCOUNT: Final = 10 * 10**18
"""What the first account of the network begins with in its ledger, and of it in its account with the provider."""
_T = TypeVar("_T")
_log = log.get(__name__)


def provider_account(mnemonic: str) -> Account:
    """The account that serves models."""
    return Account.from_mnemonic(mnemonic, PROVIDER_INDEX)


def tuner_account(mnemonic: str) -> Account:
    """The account that tunes models."""
    return Account.from_mnemonic(mnemonic, TUNER_INDEX)


def tuner_settings(
    *, rpc_url: str, host: str, ports: Mapping[str, int], data: Path, key_file: Path, indexer: str, adapters: Path
) -> dict[str, dict[str, Any]]:
    """The fine-tuning node's settings by section."""
    model = models.directory() / models.SMOLLM2.name / models.SMOLLM2.files[0]
    return {
        "metrics": {"host": "127.0.0.1", "port": ports[f"{TUNER}.metrics"]},
        "tuning": {
            "home": str(data), "models": [f"{models.SMOLLM2.name}={model}"], "indexer": indexer, "poll_ms": 500,
            "adapters": str(adapters),
        },
        "tuning.chain": {"endpoint": rpc_url, "key_file": str(key_file)},
        "tuning.http": {"host": host, "port": ports[TUNER]},
    }  # fmt: skip


def can_tune() -> bool:
    """Whether the trainer's libraries are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("jax", "optax", "gguf", "safetensors"))


async def set_up_tuner(rpc_url: str, owner: Account, provider: bytes) -> None:
    """Acknowledge the fine-tuning node's signer and open an account with it, where that has not been done.

    Raises:
        TimedOut: it does not register.
    """
    address = Address(provider)
    async with ChainClient(rpc_url) as client:
        chain = Chain(client)

        async def ask(call: Call[_T]) -> _T | None:
            try:
                return call.decode(await client.call(registry.FINE_TUNING, call.data))
            except CallError:
                return None

        async with asyncio.timeout(60):
            while (found := await ask(fine_tuning.service(address))) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        if not found.signer_acknowledged:
            call = fine_tuning.acknowledge_by_owner(address)
            await chain.transact(owner, to=registry.FINE_TUNING, data=call.data)
        if await ask(fine_tuning.account(owner.address, address)) is None:
            try:
                await chain.transact(owner, to=registry.LEDGER, data=ledger.deposit().data, value=3 * 10**18)
                moved = ledger.transfer(address, ledger.FINE_TUNING, TUNER_ACCOUNT)
                await chain.transact(owner, to=registry.LEDGER, data=moved.data)
                await chain.transact(owner, to=registry.FINE_TUNING, data=fine_tuning.acknowledge(address).data)
            except Conflict as error:
                _log.warning("tuner.user_not_funded", reason=str(error))


def have_weights() -> bool:
    """Fetch what the provider serves; False when it cannot be had, and the network does without."""
    try:
        models.fetch(models.SMOLLM2)
        models.fetch(models.MINILM)
    except (Unavailable, OSError) as error:
        _log.warning("compute.left_out", reason=str(error))
        return False
    return True


def settings(
    *, rpc_url: str, host: str, ports: Mapping[str, int], data: Path, key_file: Path, adapters: Path | None
) -> dict[str, dict[str, Any]]:
    """The provider's settings by section; ``adapters`` is where a fine-tuning node leaves them."""
    return {
        "metrics": {"host": "127.0.0.1", "port": ports[f"{NAME}.metrics"]},
        "compute": {"home": str(data)},
        "compute.chain": {"endpoint": rpc_url, "key_file": str(key_file), "poll_ms": 100},
        "compute.service": {"model": models.SMOLLM2.name},
        "compute.native": {
            "model_file": str(models.directory() / models.SMOLLM2.name / models.SMOLLM2.files[0]),
            "embedding_directory": str(models.directory() / models.MINILM.name),
            "embedding_model": models.MINILM.name,
        },
        "compute.lora": {"folder": "" if adapters is None else str(adapters)},
        "compute.http": {"host": host, "port": ports[NAME]},
        "compute.limits": {
            "running_max": 256, "user_running_max": 64, "user_waiting_max": 256, "requests_per_minute": 0,
            "address_per_second": 0,
        },
        "compute.settlement": {"force_s": 10, "thin_s": 5},
    }  # fmt: skip


async def set_up(rpc_url: str, owner: Account, provider: bytes) -> None:
    """Acknowledge the provider's signer and open an account with it, where that has not been done.

    Raises:
        TimedOut: the provider does not register.
    """
    async with ChainClient(rpc_url) as client:
        chain = Chain(client)
        from zerog.sdk.compute import open_compute  # a whole HTTP client, which not every reader of the topology needs

        async with open_compute(chain, owner) as compute:
            for _ in range(300):
                found = [one for one in await compute.providers() if one.address == provider]
                if found:
                    break
                await asyncio.sleep(0.1)
            else:
                raise TimedOut("the provider has not registered its service")
            if not found[0].signer_acknowledged:
                call = inference.acknowledge_by_owner(found[0].address)
                await chain.transact(owner, to=registry.INFERENCE, data=call.data)
            if await compute.standing(provider) is None:
                try:
                    await compute.deposit(USER_DEPOSIT)
                    await compute.transfer(provider, USER_ACCOUNT)
                except Conflict as error:
                    _log.warning("compute.user_not_funded", reason=str(error))
