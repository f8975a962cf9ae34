"""Values of JSON-RPC and their strict parsing: quantities, data, addresses, block identifiers, call requests.

Every parser takes the value and a name for the error; what does not fit is ``InvalidInput``, which becomes -32602.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from zerog.errors import InvalidInput

_T = TypeVar("_T")

U64_MAX: Final = (1 << 64) - 1
U256_MAX: Final = (1 << 256) - 1
TAGS: Final = frozenset({"latest", "pending", "earliest", "safe", "finalized"})
_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]*)\Z")
_DATA_CHARS_MAX = 64 << 20


def quantity(value: Any, name: str, maximum: int = U256_MAX) -> int:
    """``0x`` and hexadecimal digits without leading zeros."""
    if type(value) is not str:
        raise InvalidInput(f"invalid argument {name}: expected a hex quantity, found {_kind(value)}")
    if len(value) > 66 or not _QUANTITY.match(value):
        if value.startswith("0x0") and len(value) > 3 and len(value) <= 66:
            raise InvalidInput(f"invalid argument {name}: hex number with leading zero digits")
        raise InvalidInput(f"invalid argument {name}: expected a hex quantity, found {shown(value)}")
    number = int(value, 16)
    if number > maximum:
        raise InvalidInput(f"invalid argument {name}: hex number > {maximum.bit_length()} bits")
    return number


def data(value: Any, name: str, size_bytes: int | None = None) -> bytes:
    """``0x`` and an even number of hexadecimal digits; exactly ``size_bytes`` when given."""
    if type(value) is not str:
        raise InvalidInput(f"invalid argument {name}: expected hex data, found {_kind(value)}")
    if not value.startswith("0x"):
        raise InvalidInput(f"invalid argument {name}: hex string without 0x prefix")
    try:
        found = bytes.fromhex(value[2:])
    except ValueError:
        raise InvalidInput(f"invalid argument {name}: invalid hex string {shown(value)}") from None
    if len(found) * 2 + 2 != len(value):  # bytes.fromhex skips spaces
        raise InvalidInput(f"invalid argument {name}: invalid hex string {shown(value)}")
    if size_bytes is not None and len(found) != size_bytes:
        raise InvalidInput(f"invalid argument {name}: expected {size_bytes} bytes, found {len(found)}")
    return found


def address(value: Any, name: str = "address") -> bytes:
    return data(value, name, 20)


def hash32(value: Any, name: str = "hash") -> bytes:
    return data(value, name, 32)


def slot(value: Any, name: str = "slot") -> int:
    """A storage slot: a quantity, or up to 32 bytes of data with leading zeros."""
    if type(value) is str and re.fullmatch(r"0x[0-9a-fA-F]{1,64}", value):
        return int(value, 16)
    raise InvalidInput(f"invalid argument {name}: expected a storage slot, found {shown(value)}")


def boolean(value: Any, name: str) -> bool:
    if type(value) is not bool:
        raise InvalidInput(f"invalid argument {name}: expected true or false, found {_kind(value)}")
    return value


def table(value: Any, name: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise InvalidInput(f"invalid argument {name}: expected an object, found {_kind(value)}")
    return value


def array(value: Any, name: str, count_max: int, of: Callable[[Any, str], _T]) -> list[_T]:
    if type(value) is not list:
        raise InvalidInput(f"invalid argument {name}: expected an array, found {_kind(value)}")
    if len(value) > count_max:
        raise InvalidInput(f"invalid argument {name}: at most {count_max} entries, found {len(value)}")
    return [of(item, f"{name}[{index}]") for index, item in enumerate(value)]


def text(value: Any, name: str, chars_max: int = 256) -> str:
    if type(value) is not str or len(value) > chars_max:
        raise InvalidInput(f"invalid argument {name}: expected a text of at most {chars_max} characters")
    return value


def shown(value: Any) -> str:
    """A value as it may appear in an error text: short."""
    text = str(value)
    return repr(text if len(text) <= 48 else text[:45] + "...")


def _kind(value: Any) -> str:
    return {str: "a string", int: "a number", float: "a number", bool: "a boolean", list: "an array", dict: "an object"}.get(
        type(value), "null"
    )


def hexq(number: int) -> str:
    """A quantity."""
    return hex(number)


def hexd(value: bytes) -> str:
    """Data."""
    return "0x" + value.hex()


@dataclass(frozen=True, slots=True)
class BlockId:
    """Which block a request means: a tag, a number or a hash."""

    tag: str | None = None
    number: int | None = None
    hash: bytes | None = None


LATEST: Final = BlockId(tag="latest")


def block_id(value: Any, name: str = "block", default: BlockId | None = LATEST) -> BlockId:
    """A tag, a number, a hash, or ``{"blockHash" | "blockNumber": …}``."""
    if value is None and default is not None:
        return default
    if type(value) is dict:
        if ("blockHash" in value) == ("blockNumber" in value):
            raise InvalidInput(f"invalid argument {name}: expected either blockHash or blockNumber")
        if "requireCanonical" in value:
            boolean(value["requireCanonical"], f"{name}.requireCanonical")
        if "blockHash" in value:
            return BlockId(hash=hash32(value["blockHash"], f"{name}.blockHash"))
        value = value["blockNumber"]
    if type(value) is str:
        if value in TAGS:
            return BlockId(tag=value)
        if len(value) == 66:
            return BlockId(hash=hash32(value, name))
    return BlockId(number=quantity(value, name, U64_MAX))


def access_list(value: Any, name: str) -> list[tuple[bytes, list[int]]]:
    def entry(item: Any, at: str) -> tuple[bytes, list[int]]:
        fields = table(item, at)
        keys = array(fields.get("storageKeys", []), f"{at}.storageKeys", 10_000, slot)
        return address(fields.get("address"), f"{at}.address"), keys

    return array(value, name, 10_000, entry)


def authorization_list(value: Any, name: str) -> list[dict[str, int | bytes]]:
    def entry(item: Any, at: str) -> dict[str, int | bytes]:
        fields = table(item, at)
        return {
            "chain_id": quantity(fields.get("chainId"), f"{at}.chainId"),
            "address": address(fields.get("address"), f"{at}.address"),
            "nonce": quantity(fields.get("nonce"), f"{at}.nonce", U64_MAX),
            "y_parity": quantity(fields.get("yParity", fields.get("v", "0x0")), f"{at}.yParity", 255),
            "r": quantity(fields.get("r"), f"{at}.r"),
            "s": quantity(fields.get("s"), f"{at}.s"),
        }

    return array(value, name, 1024, entry)


_CALL_QUANTITIES: Final = {
    "gas": ("gas", U64_MAX),
    "gasPrice": ("gas_price", U256_MAX),
    "maxFeePerGas": ("max_fee_per_gas", U256_MAX),
    "maxPriorityFeePerGas": ("max_priority_fee_per_gas", U256_MAX),
    "maxFeePerBlobGas": ("max_fee_per_blob_gas", U256_MAX),
    "value": ("value", U256_MAX),
    "nonce": ("nonce", U64_MAX),
}


def call_request(value: Any, name: str = "transaction") -> dict[str, Any]:
    """The transaction object of eth_call and its kin, as the native engine takes it."""
    fields = table(value, name)
    request: dict[str, Any] = {}
    for key, (native, maximum) in _CALL_QUANTITIES.items():
        if fields.get(key) is not None:
            request[native] = quantity(fields[key], f"{name}.{key}", maximum)
    for key in ("from", "to"):
        if fields.get(key) is not None:
            request[key] = address(fields[key], f"{name}.{key}")
    payloads = [data(fields[key], f"{name}.{key}") for key in ("data", "input") if fields.get(key) is not None]
    if len(payloads) == 2 and payloads[0] != payloads[1]:
        raise InvalidInput('both "data" and "input" are set and not equal; please use "input"')
    if payloads:
        request["data"] = payloads[0]
    if "gas_price" in request and ("max_fee_per_gas" in request or "max_priority_fee_per_gas" in request):
        raise InvalidInput("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    if fields.get("accessList") is not None:
        request["access_list"] = access_list(fields["accessList"], f"{name}.accessList")
    if fields.get("authorizationList") is not None:
        request["authorization_list"] = authorization_list(fields["authorizationList"], f"{name}.authorizationList")
    if fields.get("blobVersionedHashes") is not None:
        request["blob_hashes"] = array(fields["blobVersionedHashes"], f"{name}.blobVersionedHashes", 64, hash32)
    return request


def state_overrides(value: Any, name: str = "overrides") -> dict[bytes, dict[str, Any]]:
    """geth's state override set, by address."""
    overrides: dict[bytes, dict[str, Any]] = {}
    for key, item in table(value, name).items():
        at = f"{name}.{shown(key)}"
        fields = table(item, at)
        known = {"balance", "nonce", "code", "state", "stateDiff", "movePrecompileToAddress"}
        if unknown := set(fields) - known:
            raise InvalidInput(f"invalid argument {at}: unknown field {shown(min(unknown))}")
        if "state" in fields and "stateDiff" in fields:
            raise InvalidInput(f"account {shown(key)} has both 'state' and 'stateDiff'")
        if fields.get("movePrecompileToAddress") is not None:
            raise InvalidInput(f"invalid argument {at}: movePrecompileToAddress is not supported")
        one: dict[str, Any] = {}
        if fields.get("balance") is not None:
            one["balance"] = quantity(fields["balance"], f"{at}.balance")
        if fields.get("nonce") is not None:
            one["nonce"] = quantity(fields["nonce"], f"{at}.nonce", U64_MAX)
        if fields.get("code") is not None:
            one["code"] = data(fields["code"], f"{at}.code")
        for key_in, key_out in (("state", "state"), ("stateDiff", "state_diff")):
            if fields.get(key_in) is not None:
                slots = table(fields[key_in], f"{at}.{key_in}")
                one[key_out] = {slot(k, f"{at}.{key_in}"): slot(v, f"{at}.{key_in}") for k, v in slots.items()}
        overrides[address(key, at)] = one
    return overrides


_BLOCK_OVERRIDES: Final = {
    "number": ("number", U64_MAX),
    "time": ("timestamp", U64_MAX),
    "timestamp": ("timestamp", U64_MAX),
    "gasLimit": ("gas_limit", U64_MAX),
    "baseFeePerGas": ("base_fee", U256_MAX),
    "baseFee": ("base_fee", U256_MAX),
    "blobBaseFee": ("blob_base_fee", U256_MAX),
}


def block_overrides(value: Any, name: str = "blockOverrides") -> dict[str, Any]:
    """geth's block override set."""
    overrides: dict[str, Any] = {}
    for key, item in table(value, name).items():
        if item is None:
            continue
        if key in _BLOCK_OVERRIDES:
            native, maximum = _BLOCK_OVERRIDES[key]
            overrides[native] = quantity(item, f"{name}.{key}", maximum)
        elif key in ("feeRecipient", "coinbase"):
            overrides["coinbase"] = address(item, f"{name}.{key}")
        elif key in ("prevRandao", "random"):
            overrides["prev_randao"] = hash32(item, f"{name}.{key}")
        elif key in ("withdrawals", "difficulty", "beaconRoot", "parentBeaconBlockRoot"):
            continue
        else:
            raise InvalidInput(f"invalid argument {name}: unknown field {shown(key)}")
    return overrides
