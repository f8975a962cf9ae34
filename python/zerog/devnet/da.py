"""The data-availability part of the local network: who signs, encodes, disperses, retrieves and samples, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from zerog.contracts.registry import DAParameters
from zerog.errors import InvalidInput
from zerog.sdk.wallet import Account

SIGNERS: Final = 4
SIGNER_INDEX: Final = 12
"""Of the first signer's account in the mnemonic; the others follow, then the disperser's."""
DISPERSER_INDEX: Final = SIGNER_INDEX + SIGNERS
SIGNER_BALANCE: Final = 23_050 * 10**18
"""768 votes of 30 0G, and ten for gas: four signers make one quorum of 3072 rows, a quarter of them each. By the rules of
version 2, 1,024 votes of 10 0G, the most there are: two quorums that share rows."""
DISPERSER_BALANCE: Final = 1_000_000 * 10**18

EPOCH_BLOCKS: Final = 60
"""Of an epoch by the rules of version 2: half a minute at the usual pace of blocks, which the first start waits for."""
WINDOW_BLOCKS: Final = 300 * 28_800
"""Blocks that rows are kept for, by both rules."""

DISPERSER_PORT: Final = 51001
RETRIEVER_PORT: Final = 34005
LIGHT_PORT: Final = 34006
SIGNER_NAMES: Final = tuple(f"da-signer-{index}" for index in range(SIGNERS))
NAMES: Final = ("da-encoder", *SIGNER_NAMES, "da-retriever", "da-disperser", "da-light")
"""Who runs, in order. The encoder's and the signers' ports are any free ones: the chain and the disperser tell them."""


def signer_account(mnemonic: str, index: int) -> Account:
    """The account of a signer: its weight, and what it pays with."""
    return Account.from_mnemonic(mnemonic, SIGNER_INDEX + index)


def disperser_account(mnemonic: str) -> Account:
    """The account that announces blobs."""
    return Account.from_mnemonic(mnemonic, DISPERSER_INDEX)


def balances(mnemonic: str) -> dict[Account, int]:
    """What the accounts of data availability begin with."""
    made = {signer_account(mnemonic, index): SIGNER_BALANCE for index in range(SIGNERS)}
    return made | {disperser_account(mnemonic): DISPERSER_BALANCE}


def keys(mnemonic: str) -> dict[str, Account]:
    """The accounts whose keys roles read, by the name of the role."""
    made = {f"da-signer-{index}": signer_account(mnemonic, index) for index in range(SIGNERS)}
    return made | {"da-disperser": disperser_account(mnemonic)}


def contracts(signers_version: int) -> DAParameters:
    """What the contracts and the precompile of the genesis begin with.

    Raises:
        InvalidInput: no such version.
    """
    if signers_version not in (2, 3):
        raise InvalidInput(f"da-signers-version: expected 2 or 3, found {signers_version}")
    if signers_version == 3:
        return DAParameters()
    return DAParameters(signers_version=2, epoch_blocks=EPOCH_BLOCKS, epoch_window_size=WINDOW_BLOCKS // EPOCH_BLOCKS)


def parameters_directory() -> Path:
    """One development set for all local networks of a person: it takes seconds to make, and 300 MB."""
    return Path.home() / ".zerog" / "da-parameters-INSECURE-development"


def settings(
    name: str, *, rpc_url: str, host: str, ports: Mapping[str, int], data: Path, key_file: Path
) -> dict[str, dict[str, Any]]:
    """The settings of a role by section."""
    made: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports[f"{name}.metrics"]},
        # One proposer: every block is final.
        "da.chain": {"endpoint": rpc_url, "poll_ms": 200, "page_blocks": 5000, "backoff_ms": 100},
        "da.params": {"directory": str(parameters_directory()), "allow_insecure": True, "make_insecure": True},
    }
    if name == "da-encoder":
        made["da.encoder"] = {"host": "127.0.0.1", "port": ports[name], "warm": False}
    elif name == "da-retriever":
        made["da.retriever"] = {"host": host, "port": ports[name]}
    elif name == "da-disperser":
        made["da.disperser"] = {
            "home": str(data),
            "key_file": str(key_file),
            "host": host,
            "port": ports[name],
            "encoders": [f"127.0.0.1:{ports['da-encoder']}"],
            "retriever": f"127.0.0.1:{ports['da-retriever']}",
            "batch_wait_ms": 200,
            "commit_wait_ms": 100,
            "finalize_poll_ms": 200,
            "cache_bytes": 8 << 20,
        }
    elif name == "da-light":
        made["da.light"] = {"home": str(data), "host": host, "port": ports[name]}
    else:
        made["da.signer"] = {
            "home": str(data),
            "key_file": str(key_file),
            "host": "127.0.0.1",
            "port": ports[name],
            "first_epoch_signers": SIGNERS,
            "signings_max": 2,
            "verify_threads": 1,
            "epoch_poll_ms": 1000,
            "mining": True,
            "cache_bytes": 8 << 20,
        }
    return made


def module(name: str) -> str:
    """The module that runs a role."""
    if name in SIGNER_NAMES:
        return "zerog.da.signer.service"
    return {
        "da-encoder": "zerog.da.encoder_service",
        "da-retriever": "zerog.da.retriever_service",
        "da-disperser": "zerog.da.disperser.service",
        "da-light": "zerog.da.light_service",
    }[name]


def keeps(name: str) -> bool:
    """Whether a role has a data directory."""
    return name in (*SIGNER_NAMES, "da-disperser", "da-light")


def data_names() -> Sequence[str]:
    """Roles with a data directory."""
    return [name for name in NAMES if keeps(name)]
