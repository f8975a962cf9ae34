"""The first state: a geth-style genesis file, read strictly. The known networks are in ``presets``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from zerog.chain import types
from zerog.chain.presets import BLOB_SCHEDULE
from zerog.errors import ConfigError, InvalidInput

GAS_LIMIT: Final = 120_000_000
BASE_FEE: Final = 1_000_000_000

# chain.md §3: what makes a chain 0G's. A genesis file may say otherwise under config.zerog.
ZEROG_RULES: Final = {"gasFloorPercent": 80, "precompiles": True, "repeatedTimestamps": True, "gasLimitMin": 3_000_000}
# From when on consensus may slash (chain.md §3.4); from the start when it is not given.
STAKING_FORK: Final = "stakingForkTime"
# Other rules of DASigners than version 3's (da.md §3.4): {"version": 2, "epochBlocks": blocks}.
DA_SIGNERS: Final = "daSigners"
_BLOCK_FORKS: Final = (
    "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock", "petersburgBlock",
    "istanbulBlock", "muirGlacierBlock", "berlinBlock", "londonBlock", "arrowGlacierBlock", "grayGlacierBlock",
)  # fmt: skip


@dataclass(frozen=True)
class Genesis:
    """What a chain begins with.

    ``config`` is the geth-style object, complete with ``zerog`` rules; ``fields`` and ``alloc`` are typed.
    """

    config: dict[str, Any]
    fields: dict[str, Any]
    alloc: dict[bytes, dict[str, Any]] = field(repr=False)

    @property
    def chain_id(self) -> int:
        return int(self.config["chainId"])

    def engine_config(self) -> bytes:
        """The rules as ``_native.Engine`` takes them."""
        return json.dumps(self.config, separators=(",", ":"), sort_keys=True).encode()

    def engine_genesis(self) -> dict[str, Any]:
        """The first block and state as ``Engine.init_genesis`` takes them."""
        return {**self.fields, "alloc": self.alloc}

    def fingerprint(self) -> bytes:
        """A digest of everything above: a data directory belongs to one genesis."""
        digest = blake3(self.engine_config())
        digest.update(repr(sorted(self.fields.items())).encode())
        for address in sorted(self.alloc):
            account = self.alloc[address]
            storage = sorted(account["storage"].items())
            digest.update(repr((address, account["balance"], account["nonce"], account["code"], storage)).encode())
        return digest.digest()


def load(path: Path) -> Genesis:
    """Read a genesis file.

    Raises:
        ConfigError: it cannot be read, or does not hold what chain.md §9 asks for; says where.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"genesis {path}: {error.strerror}", key="chain.genesis", value=str(path), origin="file") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"genesis {path}: {error}", key="chain.genesis", value=str(path), origin="file") from None
    try:
        return parse(value)
    except InvalidInput as error:
        raise ConfigError(f"genesis {path}: {error}", key="chain.genesis", value=str(path), origin="file") from None


def parse(value: Any) -> Genesis:
    """A genesis object as geth writes it.

    Raises:
        InvalidInput: a field is missing, malformed or asks for what this chain is not.
    """
    root = types.table(value, "genesis")
    config = dict(types.table(root.get("config"), "config"))
    chain_id = config.get("chainId")
    if type(chain_id) is not int or not 0 < chain_id <= types.U64_MAX:
        raise InvalidInput("config.chainId: expected a positive number")
    for name in _BLOCK_FORKS:
        if config.get(name, 0) != 0:
            raise InvalidInput(f"config.{name}: expected 0, every block fork is active from the start")
    for name in ("shanghaiTime", "cancunTime"):
        if config.get(name, 0) != 0:
            raise InvalidInput(f"config.{name}: expected 0, the chain starts at Cancun or later")
        config[name] = 0
    config.setdefault("blobSchedule", BLOB_SCHEDULE)
    config["zerog"] = {**ZEROG_RULES, **types.table(config.get("zerog", {}), "config.zerog")}
    if unknown := set(config["zerog"]) - set(ZEROG_RULES) - {STAKING_FORK, DA_SIGNERS}:
        raise InvalidInput(f"config.zerog: unknown field {types.shown(min(unknown))}")
    if DA_SIGNERS in config["zerog"]:
        config["zerog"][DA_SIGNERS] = _da_signers(config["zerog"][DA_SIGNERS])
    if _number(root.get("difficulty", 0), "difficulty") != 0:
        raise InvalidInput("difficulty: expected 0")
    extra_data = types.data(root.get("extraData", "0x"), "extraData")
    if len(extra_data) > 32:
        raise InvalidInput(f"extraData: at most 32 bytes, found {len(extra_data)}")
    fields = {
        "timestamp": _number(root.get("timestamp", 0), "timestamp", types.U64_MAX),
        "gas_limit": _number(root.get("gasLimit", GAS_LIMIT), "gasLimit", types.U64_MAX),
        "base_fee": _number(root.get("baseFeePerGas") or BASE_FEE, "baseFeePerGas"),
        "extra_data": extra_data,
        "coinbase": types.address(root.get("coinbase", "0x" + "00" * 20), "coinbase"),
        "prev_randao": types.hash32(root.get("mixHash", "0x" + "00" * 32), "mixHash"),
        "excess_blob_gas": _number(root.get("excessBlobGas") or 0, "excessBlobGas", types.U64_MAX),
        "blob_gas_used": _number(root.get("blobGasUsed") or 0, "blobGasUsed", types.U64_MAX),
    }
    alloc: dict[bytes, dict[str, Any]] = {}
    for key, account in types.table(root.get("alloc"), "alloc").items():
        name = key if key.startswith("0x") else "0x" + key
        address = types.address(name, f"alloc.{types.shown(key)}")
        if address in alloc:
            raise InvalidInput(f"alloc.{name}: given twice")
        alloc[address] = _account(account, f"alloc.{name}")
    return Genesis(config, fields, alloc)


def _account(value: Any, name: str) -> dict[str, Any]:
    account = types.table(value, name)
    storage: dict[int, int] = {}
    for key, item in types.table(account.get("storage") or {}, f"{name}.storage").items():
        number = types.slot(item if str(item).startswith("0x") else f"0x{item}", f"{name}.storage")
        if number:
            storage[types.slot(key if key.startswith("0x") else "0x" + key, f"{name}.storage")] = number
    return {
        "balance": _number(account.get("balance", 0), f"{name}.balance"),
        "nonce": _number(account.get("nonce", 0), f"{name}.nonce", types.U64_MAX),
        "code": types.data(account.get("code") or "0x", f"{name}.code"),
        "storage": storage,
    }


def _da_signers(value: Any) -> dict[str, int]:
    name = f"config.zerog.{DA_SIGNERS}"
    given = types.table(value, name)
    if unknown := set(given) - {"version", "epochBlocks"}:
        raise InvalidInput(f"{name}: unknown field {types.shown(min(unknown))}")
    version = _number(given.get("version"), f"{name}.version")
    if version == 3 and "epochBlocks" not in given:
        return {"version": 3}
    if version != 2:
        raise InvalidInput(f"{name}: expected version 3 alone, or version 2 with epochBlocks")
    blocks = _number(given.get("epochBlocks"), f"{name}.epochBlocks", types.U64_MAX)
    if blocks == 0:
        raise InvalidInput(f"{name}.epochBlocks: expected at least 1")
    return {"version": 2, "epochBlocks": blocks}


def _number(value: Any, name: str, maximum: int = types.U256_MAX) -> int:
    """geth's math.HexOrDecimal: a JSON number, a decimal text or a hex text."""
    if type(value) is str and len(value) <= 80:
        try:
            value = int(value, 16 if value.lower().startswith("0x") else 10)
        except ValueError:
            raise InvalidInput(f"{name}: expected a number, found {types.shown(value)}") from None
    if type(value) is not int or not 0 <= value <= maximum:
        raise InvalidInput(f"{name}: expected a number of at most {maximum.bit_length()} bits, found {types.shown(value)}")
    return value
