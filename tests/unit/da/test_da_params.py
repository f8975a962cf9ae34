"""Parameter files and the encoder: what is written is labelled and read back, everything damaged or missing is named."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from zerog.da import params
from zerog.da.encoding import Encoder
from zerog.errors import Corrupt, InvalidInput, NotFound
from zerog.primitives import commit
from zerog.primitives.blob import Geometry
from zerog.runtime.offload import Offload

GEOMETRY = Geometry(8, 4)


def test_a_development_set_round_trips(tmp_path: Path) -> None:
    made = params.write_dev(tmp_path / "set", GEOMETRY)
    names = {path.name for path in (tmp_path / "set").iterdir()}
    assert len(names) == 5
    assert all("INSECURE" in name for name in names)
    found = params.check(tmp_path / "set", prover=True)
    assert found.insecure
    assert found.geometry == GEOMETRY
    assert commit.commit(found, b"blob").commitment == commit.commit(made, b"blob").commitment
    assert not params.load(tmp_path / "set", prover=False, allow_insecure=True).can_prove
    with pytest.raises(InvalidInput, match="not for a network"):
        params.load(tmp_path / "set", prover=True, allow_insecure=False)


def test_missing_and_damaged_files_are_named(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with pytest.raises(NotFound, match="found neither"):
        params.load(tmp_path, prover=True, allow_insecure=True)
    params.write_dev(tmp_path, GEOMETRY)
    for path in sorted(tmp_path.glob("*.bin")):
        good = path.read_bytes()
        bad = bytearray(good)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        with pytest.raises(Corrupt, match=path.name):
            params.load(tmp_path, prover=True, allow_insecure=True)
        path.write_bytes(good[:-1])
        with pytest.raises(Corrupt, match="expected"):
            params.load(tmp_path, prover=True, allow_insecure=True)
        path.unlink()
        with pytest.raises(NotFound, match=path.name):
            params.load(tmp_path, prover=True, allow_insecure=True)
        path.write_bytes(good)
    manifest = tmp_path / params.MANIFEST
    for text in ("", "{}", "[]", "null", "[" * 5000, json.dumps({**json.loads(manifest.read_text()), "insecure": False})):
        manifest.write_text(text)
        with pytest.raises(Corrupt):
            params.load(tmp_path, prover=True, allow_insecure=True)


def test_points_that_do_not_belong_together_are_found() -> None:
    one, two = commit.dev_setup(GEOMETRY, 5), commit.dev_setup(GEOMETRY, 7)
    files = [one.verify_file(coset) for coset in range(3)]
    params.self_check(commit.load_setup(GEOMETRY, files, one.powers_file()))
    for mixed in (
        commit.load_setup(GEOMETRY, files, two.powers_file()),
        commit.load_setup(GEOMETRY, [one.verify_file(0), one.verify_file(2), one.verify_file(1)], one.powers_file()),
    ):
        with pytest.raises(Corrupt, match="belong together"):
            params.self_check(mixed)


def test_ceremony_files_need_their_hashes(tmp_path: Path) -> None:
    (tmp_path / params.CEREMONY[0].name).write_bytes(b"not it")
    with pytest.raises(Corrupt, match="expected 67371104 bytes"):
        params.load(tmp_path, prover=False, allow_insecure=True)
    with pytest.raises(InvalidInput, match="ceremony"):
        params.write_dev(tmp_path, GEOMETRY)


def test_the_encoder_checks_what_it_is_given_and_made() -> None:
    async def scenario() -> None:
        with Offload(1) as offload:
            encoder = Encoder(commit.dev_setup(GEOMETRY, params.DEV_TAU), offload)
            made = await encoder.encode(b"some data")
            assert made.encoded.data() == b"some data"
            for data in (b"", bytes(GEOMETRY.data_size_bytes_max + 1)):
                with pytest.raises(InvalidInput, match="blob: expected 1 to"):
                    await encoder.encode(data)

    asyncio.run(scenario())
