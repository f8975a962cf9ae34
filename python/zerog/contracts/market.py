"""The market contract's calls as typed values. Source: docs/protocol/storage.md, section 2.2."""

from __future__ import annotations

from zerog.contracts.calls import Call, call, nothing, same
from zerog.types import Address


def price_per_sector() -> Call[int]:
    """Wei for 256 bytes."""
    return call("FixedPrice", "pricePerSector", read=same)


def set_price_per_sector(price: int) -> Call[None]:
    """Another price; for the holder of the parameters role."""
    return call("FixedPrice", "setPricePerSector", price, read=nothing)


def flow() -> Call[Address]:
    return call("FixedPrice", "flow", read=Address)


def reward() -> Call[Address]:
    return call("FixedPrice", "reward", read=Address)
