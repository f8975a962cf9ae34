"""Laws of an erasure code: any k of n decode, k - 1 never do, parity is linear, one changed byte is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.errors import InvalidInput
from zerog.primitives import erasure


@st.composite
def coded(draw: st.DrawFn) -> tuple[int, int, np.ndarray]:
    """k, m and all shards."""
    k = draw(st.integers(1, 40))
    m = draw(st.integers(1, 40))
    size = draw(st.integers(1, 300))
    data = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, (k, size), dtype=np.uint8)
    return k, m, np.concatenate([data, erasure.encode(data, m)])


@given(coded(), st.data())
def test_any_k_shards_give_the_rest(code: tuple[int, int, np.ndarray], choice: st.DataObject) -> None:
    k, m, shards = code
    present = choice.draw(st.permutations(range(k + m)))[: choice.draw(st.integers(k, k + m))]
    lost = sorted(set(range(k + m)) - set(present))
    assert (erasure.recover(shards[present], present, k, m) == shards[lost]).all()
    wanted = choice.draw(st.lists(st.integers(0, k + m - 1), unique=True))
    assert (erasure.recover(shards[present], present, k, m, wanted=wanted) == shards[wanted]).all()


@given(coded(), st.data())
def test_fewer_are_an_error(code: tuple[int, int, np.ndarray], choice: st.DataObject) -> None:
    k, m, shards = code
    present = choice.draw(st.permutations(range(k + m)))[: k - 1]
    with pytest.raises(InvalidInput, match=f"at least {k} shards, found {k - 1}"):
        erasure.recover(shards[present], present, k, m)


@given(coded(), st.data())
def test_parity_is_linear(code: tuple[int, int, np.ndarray], choice: st.DataObject) -> None:
    k, m, shards = code
    other = np.random.default_rng(choice.draw(st.integers(0, 2**32))).integers(0, 256, (k, shards.shape[1]), dtype=np.uint8)
    assert (erasure.encode(shards[:k] ^ other, m) == shards[k:] ^ erasure.encode(other, m)).all()


@given(coded(), st.data())
def test_a_changed_byte_is_noticed(code: tuple[int, int, np.ndarray], choice: st.DataObject) -> None:
    k, m, shards = code
    assert erasure.verify(shards, k)
    shards[choice.draw(st.integers(0, k + m - 1)), choice.draw(st.integers(0, shards.shape[1] - 1))] ^= choice.draw(
        st.integers(1, 255)
    )
    assert not erasure.verify(shards, k)


@st.composite
def wide(draw: st.DrawFn) -> tuple[int, int, np.ndarray]:
    """A code over GF(2^16): k, m and all shards."""
    k = draw(st.integers(1, 400))
    m = draw(st.integers(1, 400))
    words = draw(st.integers(1, 70))
    data = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, (k, 2 * words), dtype=np.uint8)
    return k, m, np.concatenate([data, erasure.encode(data, m, field="gf65536")])


@given(wide(), st.integers(0, 2**32))
def test_any_k_of_a_wide_code_give_the_rest(code: tuple[int, int, np.ndarray], choice: int) -> None:
    k, m, shards = code
    rng = np.random.default_rng(choice)
    present = rng.permutation(k + m)[: rng.integers(k, k + m + 1)]
    lost = sorted(set(range(k + m)) - set(present.tolist()))
    assert (erasure.recover(shards[present], present, k, m, field="gf65536") == shards[lost]).all()
    wanted = rng.permutation(k + m)[: rng.integers(0, 20)]
    assert (erasure.recover(shards[present], present, k, m, wanted=wanted, field="gf65536") == shards[wanted]).all()
    with pytest.raises(InvalidInput, match=f"at least {k} shards, found {k - 1}"):
        erasure.recover(shards[present[: k - 1]], present[: k - 1], k, m, field="gf65536")


@given(wide(), st.integers(0, 2**32))
def test_wide_parity_is_linear_and_notices_a_changed_byte(code: tuple[int, int, np.ndarray], choice: int) -> None:
    k, m, shards = code
    rng = np.random.default_rng(choice)
    other = rng.integers(0, 256, (k, shards.shape[1]), dtype=np.uint8)
    both = erasure.encode(shards[:k] ^ other, m, field="gf65536")
    assert (both == shards[k:] ^ erasure.encode(other, m, field="gf65536")).all()
    assert erasure.verify(shards, k, field="gf65536")
    shards[rng.integers(k + m), rng.integers(shards.shape[1])] ^= rng.integers(1, 256, dtype=np.uint8)
    assert not erasure.verify(shards, k, field="gf65536")
