"""Files of a ceremony: each format gives the parameters that its tau gives directly; what is not one tau's is refused."""

from __future__ import annotations

import random

import pytest
from ceremony_kit import Ceremony, compressed_g1, compressed_g2, full_size, g1, g2, limbs, little_g2

from oracle import bls_bn254
from zerog.da import params
from zerog.errors import InvalidInput
from zerog.primitives import commit
from zerog.primitives.blob import Geometry
from zerog.primitives.commit import Setup

GEOMETRY = Geometry(4, 4)
TAU, SHIFT = params.DEV_TAU, 41
SEED = bytes(range(32))


@pytest.fixture(scope="module")
def ceremony() -> Ceremony:
    return Ceremony(GEOMETRY, TAU, SHIFT)


def files_of(setup: Setup) -> list[bytes]:
    powers = bytearray(setup.powers_file())
    powers[5] = 0  # the label
    return [*(setup.verify_file(coset) for coset in range(3)), bytes(powers)]


@pytest.fixture(scope="module")
def wanted() -> list[bytes]:
    """The files of the same parameters made from tau itself."""
    return files_of(commit.dev_setup(GEOMETRY, TAU, shift=SHIFT))


def test_powers_become_parameters(ceremony: Ceremony, wanted: list[bytes]) -> None:
    for file in (ceremony.power_tau(), ceremony.ptau()):
        commit.check_powers(file, GEOMETRY, seed=SEED)
        made = commit.setup_from_powers(file, GEOMETRY, seed=SEED)
        assert files_of(made) == wanted
        assert not made.insecure
        assert made.can_prove
        params.self_check(made)
        assert commit.powers_from_ceremony(file, GEOMETRY) == wanted[3]


def test_a_challenge_becomes_parameters(ceremony: Ceremony, wanted: list[bytes]) -> None:
    commit.check_challenge(ceremony.pieces(), GEOMETRY, seed=SEED)
    assert files_of(commit.setup_from_challenge(ceremony.pieces(), GEOMETRY, seed=SEED)) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("montgomery", [True, False])
def test_provers_files_become_parameters(ceremony: Ceremony, wanted: list[bytes], montgomery: bool) -> None:
    files = [ceremony.prover(coset, montgomery=montgomery) for coset in range(3)]
    made = commit.setup_from_provers(files, GEOMETRY, seed=SEED)
    assert files_of(made) == wanted
    params.self_check(made)


@pytest.mark.slow
@pytest.mark.parametrize("geometry", [Geometry(2, 8), Geometry(8, 2), Geometry(2, 2)])
def test_other_geometries(geometry: Geometry, seed: int) -> None:
    tau = random.Random(seed).randrange(2, 1 << 250)
    ceremony = Ceremony(geometry, tau, 5)
    direct = files_of(commit.dev_setup(geometry, tau, shift=5))
    assert files_of(commit.setup_from_powers(ceremony.power_tau(), geometry, seed=SEED)) == direct
    assert (
        files_of(commit.setup_from_provers([ceremony.prover(c, montgomery=True) for c in range(3)], geometry, seed=SEED))
        == direct
    )


def test_a_file_of_another_tau_at_any_place_is_refused(ceremony: Ceremony) -> None:
    """One power replaced by a point of the right group that is not that power; each is found, wherever it is used."""
    good, n = ceremony.power_tau(), 16
    low, steps, high = 8, 8 + 32 * n + 8, 8 + 32 * n + 8 + 64 * n + 8
    wrong1, wrong2 = compressed_g1(g1(987654321)), compressed_g2(g2(987654321))
    cases = [(low + 32 * k, wrong1) for k in range(n)] + [(high + 32 * k, wrong1) for k in range(n)]
    cases += [(steps + 64 * k, wrong2) for k in (0, 1, 4, 8, 12)] + [(len(good) - 64, wrong2)]
    for at, point in cases:
        bad = good[:at] + point + good[at + len(point) :]
        with pytest.raises(
            InvalidInput, match=r"powers of tau: (expected the generators|the (low|high) powers|the powers in G2)"
        ):
            commit.check_powers(bad, GEOMETRY, seed=SEED)
    swapped = good[: low + 32] + good[low + 64 : low + 96] + good[low + 32 : low + 64] + good[low + 96 :]
    with pytest.raises(InvalidInput, match="not consecutive"):
        commit.setup_from_powers(swapped, GEOMETRY, seed=SEED)
    mixed = ceremony.pieces()
    mixed[1] = Ceremony(GEOMETRY, TAU, SHIFT + 1).pieces()[1]
    with pytest.raises(InvalidInput, match="high powers"):
        commit.check_challenge(mixed, GEOMETRY, seed=SEED)


@pytest.mark.slow
def test_provers_files_that_do_not_belong_together_are_refused(ceremony: Ceremony) -> None:
    good = [ceremony.prover(coset, montgomery=True) for coset in range(3)]
    n, head = 16, 6 + 256
    wrong1, wrong2 = limbs(g1(987654321)), limbs(little_g2(g2(987654321)))
    other = Ceremony(GEOMETRY, TAU + 1, SHIFT)
    for files in (
        [good[0][:head] + wrong1 + good[0][head + 64 :], *good[1:]],  # a basis point
        [good[0][: -64 * n] + wrong1 + good[0][-64 * n + 64 :], *good[1:]],  # a high one
        [good[0][: head + 64 * 3 * n] + wrong2 + good[0][head + 64 * 3 * n + 128 :], *good[1:]],  # a vanishing one
        [good[0], good[1], other.prover(2, montgomery=True)],
    ):
        with pytest.raises(InvalidInput):
            commit.setup_from_provers(files, GEOMETRY, seed=SEED)
    quotient = head + 64 * n
    spoiled = good[1][:quotient] + wrong1 * (2 * n) + good[1][quotient + 64 * 2 * n :]
    with pytest.raises(InvalidInput, match="coset 1: quotients do not fit"):
        commit.setup_from_provers([good[0], spoiled, good[2]], GEOMETRY, seed=SEED)
    for exchanged in ([good[1], good[0], good[2]], [good[0], good[2], good[1]]):
        try:
            made = commit.setup_from_provers(exchanged, GEOMETRY, seed=SEED)
        except InvalidInput:
            continue
        with pytest.raises(params.Corrupt):
            params.self_check(made)


def test_points_outside_their_groups_are_refused(ceremony: Ceremony, seed: int) -> None:
    stray = bls_bn254.twist_point_outside_group(seed)
    file, variant, pieces = ceremony.power_tau(), ceremony.ptau(), ceremony.pieces()
    steps = 8 + 32 * 16 + 8
    for at, bad in (
        (8, bytes(31) + b"\x40"),  # infinity, G1
        (8, b"\xff" * 31 + b"\x3f"),  # a coordinate above q
        (steps, compressed_g2(stray)),
        (steps + 64, compressed_g2(stray)),
        (len(file) - 64, compressed_g2(stray)),
        (steps, bytes(63) + b"\x40"),
    ):
        with pytest.raises(InvalidInput, match="none"):
            commit.check_powers(file[:at] + bad + file[at + len(bad) :], GEOMETRY, seed=SEED)
    for at, bad in (
        (5 + 128, b"\x01" * 64),
        (5 + 128, bytes(64)),
        (5 + 128, b"\xff" * 64),
        (5 + 128 + 64 * 16, limbs(little_g2(stray))),
        (5, bytes(127) + b"\x40"),
    ):
        with pytest.raises(InvalidInput, match="none"):
            commit.check_powers(variant[:at] + bad + variant[at + len(bad) :], GEOMETRY, seed=SEED)
    for which, bad in ((0, b"\x01" * 64), (1, bytes(64)), (2, stray), (3, stray), (4, bytes(128)), (0, b"\x40" + bytes(63))):
        changed = list(pieces)
        changed[which] = bad + pieces[which][len(bad) :]
        with pytest.raises(InvalidInput, match="none"):
            commit.check_challenge(changed, GEOMETRY, seed=SEED)


@pytest.mark.slow
def test_other_sizes_are_refused(ceremony: Ceremony, seed: int) -> None:
    rng = random.Random(seed)
    prover = [ceremony.prover(coset, montgomery=True) for coset in range(3)]
    plain = [ceremony.prover(coset, montgomery=False) for coset in range(3)]
    for file in (ceremony.power_tau(), ceremony.ptau()):
        for bad in (b"", file[:4], file[:-1], file + b"\0", file[: rng.randrange(len(file))]):
            with pytest.raises(InvalidInput):
                commit.check_powers(bad, GEOMETRY, seed=SEED)
        with pytest.raises(InvalidInput):
            commit.check_powers(file, Geometry(4, 8), seed=SEED)
    for files in (prover, plain):
        for bad in (b"", files[2][:5], files[2][:-1], files[2] + b"\0", files[2][: rng.randrange(len(files[2]))]):
            with pytest.raises(InvalidInput):
                commit.setup_from_provers([files[0], files[1], bad], GEOMETRY, seed=SEED)
        with pytest.raises(InvalidInput):
            commit.setup_from_provers(files, Geometry(2, 8), seed=SEED)
    with pytest.raises(InvalidInput):
        commit.setup_from_provers(prover[:2], GEOMETRY, seed=SEED)
    pieces = ceremony.pieces()
    for bad_pieces in (pieces[:4], [*pieces[:4], pieces[4][:-1]], [pieces[0] + b"\0", *pieces[1:]]):
        with pytest.raises(InvalidInput):
            commit.check_challenge(bad_pieces, GEOMETRY, seed=SEED)
    with pytest.raises(InvalidInput, match="32 bytes"):
        commit.check_powers(ceremony.power_tau(), GEOMETRY, seed=b"short")


@pytest.mark.slow
def test_no_bit_of_what_is_used_may_flip(ceremony: Ceremony, seed: int) -> None:
    """Of ``power-tau`` everything but the unused points of G2; of a challenge every piece."""
    rng = random.Random(seed)
    file = bytearray(ceremony.power_tau())
    steps = 8 + 32 * 16 + 8
    for _ in range(150):
        at = rng.randrange(len(file))
        if 0 <= at - steps < 64 * 16 and (at - steps) // 64 not in (0, 1, 4, 8, 12):
            continue
        file[at] ^= 1 << (bit := rng.randrange(8))
        with pytest.raises(InvalidInput):
            commit.check_powers(bytes(file), GEOMETRY, seed=SEED)
        file[at] ^= 1 << bit
    pieces = [bytearray(piece) for piece in ceremony.pieces()]
    for _ in range(150):
        piece = rng.choice(pieces)
        at, bit = rng.randrange(len(piece)), 1 << rng.randrange(8)
        piece[at] ^= bit
        with pytest.raises(InvalidInput):
            commit.check_challenge([bytes(p) for p in pieces], GEOMETRY, seed=SEED)
        piece[at] ^= bit


@pytest.mark.slow
def test_a_larger_ceremony() -> None:
    """2^11 cells, from a file as long as such a ceremony's: the same parameters as from tau itself."""
    geometry, shift = Geometry(32, 64), (1 << 28) - (1 << 20)
    file = full_size(geometry, TAU, shift)
    made = commit.setup_from_powers(file, geometry, seed=SEED)
    assert files_of(made) == files_of(commit.dev_setup(geometry, TAU, shift=shift))
    params.self_check(made)
