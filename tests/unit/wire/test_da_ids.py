"""Identifiers of the DA network against their vectors, and refusal of anything else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from zerog.errors import InvalidInput
from zerog.wire import da_ids

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "zerog_da" / "da_request_id.json").read_text())


def test_request_ids() -> None:
    for case in VECTORS["request_ids"]:
        digest = hashlib.sha256(bytes.fromhex(case["data_hex"])).digest()
        assert digest.hex() == case["blob_hash"]
        made = da_ids.make_request_id(digest, int(case["requested_at_ns"]))
        assert made.decode() == case["request_id_utf8"] == f"{case['blob_hash']}-{case['metadata_hash']}"
        assert da_ids.parse_request_id(made) == (digest, int(case["requested_at_ns"]))


def test_names_of_blobs() -> None:
    for case in VECTORS["identifiers"]:
        named = bytes.fromhex(case["data_root"]), case["epoch"], case["quorum_id"]
        assert da_ids.attestation_key(*named).hex() == case["blob_key_cache_hash"]
        assert da_ids.record_key(*named).hex() == case["contract_identifier"]
    with pytest.raises(InvalidInput):
        da_ids.record_key(b"x" * 31, 1, 1)
    with pytest.raises(InvalidInput):
        da_ids.attestation_key(bytes(32), 2**64, 1)


def test_refusals() -> None:
    good = da_ids.make_request_id(bytes(32), 17)
    for bad in (
        b"",
        b"-",
        good[:-1],
        good + b"0",
        good.replace(b"-", b""),
        good + b"-",
        good.upper(),
        b"g" + good[1:],
        good[:-2] + b"00",
        bytes(64) + good[64:],
        good[:65] + b"2f" + good[67:],
        bytes(32).hex().encode() + b"-" + (b"017/" + hashlib.sha256(b"").digest()).hex().encode(),
        bytes(32).hex().encode() + b"-" + (b"18446744073709551616/" + hashlib.sha256(b"").digest()).hex().encode(),
        good * 10,
    ):
        with pytest.raises(InvalidInput):
            da_ids.parse_request_id(bad)
    with pytest.raises(InvalidInput):
        da_ids.make_request_id(b"", 1)
    for time in (-1, 2**64):
        with pytest.raises(InvalidInput):
            da_ids.make_request_id(bytes(32), time)
