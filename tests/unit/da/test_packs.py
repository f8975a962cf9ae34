"""Many files as one blob: receipts, one file back from its own rows, and what a false receipt or a liar comes to."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.unit.da import da_kit
from tests.unit.da.da_kit import SMALL

from zerog.da.api import BlobRecord
from zerog.errors import Exhausted, InvalidInput, NotFound
from zerog.primitives import blob
from zerog.sdk import packs
from zerog.sdk.packs import Receipt

FILES = {"one": b"1", "many": bytes(range(250)), "ünique": b"last"}


def receipt() -> Receipt:
    packed = packs.pack(FILES, SMALL)
    assert blob.encode(packed.data, SMALL).data_root == packed.data_root
    return packed.receipt(BlobRecord(3, 1, packed.data_root))


def test_a_receipt_there_and_back() -> None:
    made = receipt()
    assert Receipt.from_json(made.to_json()) == made
    assert [one.name for one in made.items] == list(FILES)
    assert made.find("many").place.size_bytes == 250
    assert Receipt(made.items[:1], SMALL).find("") == made.items[0]
    with pytest.raises(NotFound, match="no item 'none'"):
        made.find("none")
    with pytest.raises(InvalidInput, match="has 3 items"):
        made.find("")
    with pytest.raises(InvalidInput, match="root"):
        packs.pack(FILES, SMALL).receipt(BlobRecord(3, 1, bytes(32)))
    again, items = packs.unpack(packs.pack(FILES, SMALL).data, SMALL)
    assert items == list(FILES.values())
    assert again.proofs == tuple(one.proof for one in made.items)
    assert again.names == ("item-1", "item-2", "item-3")
    for wrong, error in (({}, InvalidInput), ({"empty": b""}, InvalidInput), ({"much": bytes(800)}, InvalidInput)):
        with pytest.raises(error):
            packs.pack(wrong, SMALL)
    with pytest.raises(Exhausted):
        packs.pack({"a": bytes(500), "b": bytes(500)}, SMALL)


def changed(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda value: value["items"][0].update(fields)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.update(format="another"), lambda value: value.update(items=[]),
        lambda value: value.update(items={}), lambda value: value.update(items=[1]), lambda value: value.pop("geometry"),
        lambda value: value.update(geometry="8x5"), lambda value: value.update(geometry="8x4x2"),
        lambda value: value.update(geometry="٨x4"), lambda value: value["items"].append(value["items"][0]),
        changed(name=7), changed(size_bytes=True), changed(size_bytes=-1), changed(epoch=1 << 64), changed(leaf=2),
        changed(proof="0x"), changed(proof="zz"), changed(storage_root="0x12"),
    ],
)  # fmt: skip
def test_what_is_no_receipt(spoil: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(receipt().to_json())
    spoil(value)
    with pytest.raises(InvalidInput):
        Receipt.from_json(json.dumps(value).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b'{"format": "zerog-da-pack-1"}'])
def test_what_is_not_even_an_object(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        Receipt.from_json(text)


@pytest.mark.parametrize(
    ("liars", "rows"),
    [({}, 3), ({0: da_kit.each_row(lambda number, row: row[::-1])}, 0), ({2: da_kit.refuse}, 0)],
    ids=["honest", "false rows", "refused"],
)
def test_one_item_back(seed: int, liars: Mapping[int, da_kit.Answer], rows: int) -> None:
    """From its own rows alone; from the whole blob when one of their signers is no help. Always what was packed."""
    made = receipt()

    async def work() -> None:
        async with da_kit.fleet(seed, data=packs.pack(FILES, SMALL).data, liars=liars) as fleet:
            retriever = fleet.retriever()
            found = await packs.read_item(retriever, made.find("many"), SMALL)
            assert (found.data, found.rows) == (FILES["many"], rows)
            if not liars:
                asked = {fleet.chain.quorums[3, 1].rows[row] for row in range(2, 5)}
                assert set(fleet.asked) == asked

    asyncio.run(work())


def test_a_false_receipt_gives_an_error(seed: int) -> None:
    made, rng = receipt(), random.Random(seed)
    value = json.loads(made.to_json())["items"][1]

    async def work() -> None:
        async with da_kit.fleet(seed, data=packs.pack(FILES, SMALL).data) as fleet:
            proof = bytearray.fromhex(value["proof"][2:])
            proof[rng.randrange(5, len(proof))] ^= 1 << rng.randrange(8)
            other = json.loads(made.to_json())["items"][0] | {"name": "other"}
            for wrong in ({"proof": "0x" + proof.hex()}, {"size_bytes": 249}, {"size_bytes": 700}, other):
                entry = value | wrong if wrong is not other else other | {"size_bytes": 2}
                text = json.dumps({"format": packs.FORMAT, "geometry": "8x4", "items": [entry]}).encode()
                with pytest.raises(InvalidInput):
                    await packs.read_item(fleet.retriever(), Receipt.from_json(text).find(""), SMALL)

    asyncio.run(work())
