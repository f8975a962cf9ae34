"""Parameter files and the encoder: what is written is labelled and read back, everything damaged or missing is named."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from pathlib import Path

import pytest
from ceremony_kit import Ceremony, challenge_file
from tests.unit.runtime.http_files import Files, serving

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
    with pytest.raises(NotFound, match="found none"):
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


@pytest.fixture(scope="module")
def ceremony() -> Ceremony:
    return Ceremony(Geometry(4, 4), params.DEV_TAU, (1 << 7) - 16)


def test_files_are_fetched_once_and_resumed(tmp_path: Path, ceremony: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a server on loopback, in the network's formats, of a geometry of our own: the table of files is the test's."""
    direct = commit.dev_setup(ceremony.geometry, ceremony.tau, shift=ceremony.shift)
    content = {f"amt-verify-coset{coset}.bin": direct.verify_file(coset) for coset in range(3)}
    content["power-tau.bin"] = ceremony.power_tau()
    table = tuple(params.PublicFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items())
    monkeypatch.setattr(params, "CEREMONY", table)
    monkeypatch.setattr(params, "MAINNET", ceremony.geometry)
    told: list[tuple[str, int, int]] = []
    place = tmp_path / "set"
    with serving(Files(content, cut_after=[500])) as files:
        first = params.fetch(place, files.base_url + "/", prover=False, files=table, progress=lambda *facts: told.append(facts))
        assert first == [file.name for file in table[:3]]
        assert params.fetch(place, files.base_url, prover=True, files=table) == ["power-tau.bin"]
        assert params.fetch(place, files.base_url, prover=True, files=table) == []
        assert ("/amt-verify-coset0.bin", "bytes=500-") in files.asked
    assert told[-1] == (table[2].name, table[2].size_bytes, table[2].size_bytes)
    found = params.check(place, prover=True)
    assert not found.insecure
    assert commit.commit(found, b"blob").commitment == commit.commit(direct, b"blob").commitment
    assert params.is_the_networks(found)
    assert not params.is_the_networks(commit.dev_setup(ceremony.geometry, 7))
    with pytest.raises(InvalidInput, match="another directory"):
        params.write_dev(place, GEOMETRY)
    bad = bytearray(content["power-tau.bin"])
    bad[8 + 32 * 16 + 8 + 65] ^= 1
    (place / "power-tau.bin").write_bytes(bad)
    with pytest.raises(Corrupt, match="sha-256"):
        params.check(place, prover=True)


@pytest.mark.slow
def test_sets_built_from_a_ceremony(tmp_path: Path, ceremony: Ceremony) -> None:
    geometry = ceremony.geometry
    direct = commit.dev_setup(geometry, ceremony.tau, shift=ceremony.shift)
    powers = tmp_path / "power-tau.bin"
    powers.write_bytes(ceremony.power_tau())
    provers = [tmp_path / f"amt-prove-coset{coset}-mont-test.bin" for coset in range(3)]
    for coset, path in enumerate(provers):
        path.write_bytes(ceremony.prover(coset, montgomery=True))
    challenge = tmp_path / "challenge"
    challenge.write_bytes(challenge_file(ceremony, 7))
    made = [
        params.build_from_powers(tmp_path / "a", powers, geometry),
        params.build_from_provers(tmp_path / "b", provers, geometry),
        params.build_from_challenge(tmp_path / "c", str(challenge), geometry, log_powers=7),
    ]
    with serving(Files({"challenge": challenge.read_bytes()})) as files:
        url = f"{files.base_url}/challenge"
        made.append(params.build_from_challenge(tmp_path / "d", url, geometry, log_powers=7))
    for setup, name in zip(made, "abcd", strict=True):
        assert [setup.verify_file(c) for c in range(3)] == [direct.verify_file(c) for c in range(3)]
        found = params.check(tmp_path / name, prover=True)
        assert not found.insecure
        assert params.load(tmp_path / name, prover=False, allow_insecure=False).geometry == geometry
        assert not json.loads((tmp_path / name / params.BUILT_MANIFEST).read_text())["is_the_networks"]
    with pytest.raises(InvalidInput, match="another kind"):
        params.write_dev(tmp_path / "a", GEOMETRY)
    with pytest.raises(InvalidInput, match="another kind"):
        params.fetch(tmp_path / "a", "http://127.0.0.1:9", prover=False)
    with pytest.raises(InvalidInput, match="bytes from"):
        params.build_from_challenge(tmp_path / "e", str(powers), geometry, log_powers=7)
    with pytest.raises(InvalidInput, match="log_powers"):
        params.build_from_challenge(tmp_path / "e", str(challenge), geometry, log_powers=3)
    with pytest.raises(InvalidInput, match="three files"):
        params.build_from_provers(tmp_path / "e", provers[:2], geometry)
    named = tmp_path / params.PROVERS[0].name
    named.write_bytes(provers[0].read_bytes())
    with pytest.raises(Corrupt, match="sha-256"):
        params.build_from_provers(tmp_path / "e", [named, *provers[1:]], geometry)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(InvalidInput, match="bytes in it"):
        params.build_from_powers(tmp_path / "e", tmp_path / "empty", geometry)
    assert not (tmp_path / "e").exists()
