"""device: what it says without a GPU, and what it hands to one (a stand-in for CuPy that records launches)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zerog.errors import DeviceError, InvalidInput
from zerog.primitives import device, hashing, merkle
from zerog.primitives.fields import FR_MODULUS


class OnDevice(np.ndarray):  # type: ignore[type-arg]
    """A numpy array that claims to lie on a device."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.ctypes.data, False), "version": 3}

    @property
    def data(self) -> Any:  # CuPy's `data` is a pointer object
        return SimpleNamespace(ptr=self.ctypes.data)


def on_device(array: Any) -> OnDevice:
    return np.ascontiguousarray(array).view(OnDevice)


class FakeCupy:
    """The part of CuPy that device.py uses; kernels compute nothing, launches are kept."""

    uint8, uint32, uint64 = np.uint8, np.uint32, np.uint64

    def __init__(self, devices: int) -> None:
        self.launches: list[tuple[str, tuple[int, ...], tuple[int, ...], int]] = []
        self.compiled: list[str] = []

        class Device:
            id = 0

            def __init__(self, *_: int) -> None: ...
            def __enter__(self) -> None: ...
            def __exit__(self, *_: object) -> None: ...

        self.cuda = SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: devices), Device=Device)

    def asarray(self, value: Any, dtype: Any = None) -> OnDevice:
        return np.asarray(value, dtype=dtype).view(OnDevice)

    ascontiguousarray = asarray

    def empty(self, shape: Any, dtype: Any) -> OnDevice:
        return np.empty(shape, dtype).view(OnDevice)

    def arange(self, *arguments: Any, dtype: Any) -> OnDevice:
        return np.arange(*arguments, dtype=dtype).view(OnDevice)

    def RawModule(self, code: str, options: tuple[str, ...]) -> Any:
        self.compiled.append(code)

        def get_function(name: str) -> Any:
            assert name in code

            def launch(blocks: tuple[int, ...], width: tuple[int, ...], arguments: tuple[Any, ...], shared_mem: int) -> None:
                self.launches.append((name, blocks, width, shared_mem))

            return launch

        return SimpleNamespace(get_function=get_function)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    device.require.cache_clear()
    device._function.cache_clear()
    yield
    device.require.cache_clear()
    device._function.cache_clear()


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> FakeCupy:
    fake = FakeCupy(devices=1)
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name, *a: fake if name == "cupy" else real(name, *a))
    return fake


def test_without_cupy_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match="cupy is not installed"):
        hashing.keccak256_many(on_device(np.zeros((2, 64), dtype=np.uint8)))


def test_without_a_device_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy(devices=0))  # type: ignore[arg-type]
    with pytest.raises(DeviceError, match="no nvidia device"):
        device.require()


def test_host_arrays_never_ask_for_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert hashing.keccak256_many(np.zeros((2, 64), dtype=np.uint8)).shape == (2, 32)


def test_launches(cupy: FakeCupy) -> None:
    assert hashing.keccak256_many(on_device(np.zeros((300, 64), dtype=np.uint8))).shape == (300, 32)
    assert hashing.keccak256_many(on_device(np.zeros((5, 100), dtype=np.uint8))).shape == (5, 32)
    assert hashing.keccak256_many(on_device(np.zeros(9, dtype=np.uint8)), np.array([0, 4, 9])).shape == (2, 32)
    assert merkle.segment_roots(on_device(np.zeros(3 << 18, dtype=np.uint8))).shape == (3, 32)
    leaves = on_device(np.zeros((2, 32), dtype=np.uint8))
    assert merkle.fold(leaves, np.zeros(96, np.uint8), np.zeros(3, np.uint8), np.array([0, 1, 3])).shape == (2, 32)
    assert cupy.launches == [
        ("zg_keccak256_hash_64", (3,), (128,), 9 * 8 * 128),
        ("zg_keccak256_hash_ragged", (1,), (128,), 0),
        ("zg_keccak256_hash_ragged", (1,), (128,), 0),
        ("zg_merkle_subtrees", (3,), (256,), 32768),
        ("zg_merkle_fold", (1,), (128,), 0),
    ]
    assert len(cupy.compiled) == 4  # one module for each entry point, kept


def test_launches_of_the_da_code(cupy: FakeCupy) -> None:
    cells = on_device(np.zeros(8 * 4 * 32, dtype=np.uint8))
    assert device.rs_fr_extend(cells, 8, 4).shape == (24, 4, 32)
    out = on_device(np.ones((24, 4, 32), dtype=np.uint8))
    assert device.rs_fr_recover([1, 2, 3, 8, 9, 16, 17, 23], cells, 8, 4, out) is out
    assert cupy.launches == [
        ("zg_rs_fr_invert_rows", (8,), (2,), 128),
        ("zg_rs_fr_columns", (4,), (4,), 256),
        ("zg_rs_fr_rows", (24,), (2,), 128),
        ("zg_rs_fr_recover_rows", (8,), (2,), 128),
        ("zg_rs_fr_recover_columns", (4,), (8,), 512),
        ("zg_rs_fr_columns", (4,), (4,), 256),
        ("zg_rs_fr_rows", (24,), (2,), 128),
    ]
    above = np.zeros((32, 32), dtype=np.uint8)
    above[5] = np.frombuffer(FR_MODULUS.to_bytes(32, "little"), dtype=np.uint8)
    above[6] = np.frombuffer((FR_MODULUS - 1).to_bytes(32, "little"), dtype=np.uint8)
    for call, words in (
        (lambda: device.rs_fr_extend(on_device(above), 8, 4), "below the modulus"),
        (lambda: device.rs_fr_extend(cells, 8, 8), "expected 2048 bytes"),
        (lambda: device.rs_fr_extend(on_device(np.zeros(3 * 4 * 32, dtype=np.uint8)), 3, 4), "powers of two"),
        (lambda: device.rs_fr_extend(cells, 8, 4, on_device(np.zeros(5, dtype=np.uint8))), "out:"),
        (lambda: device.rs_fr_recover([1, 2, 3, 8, 9, 16, 17, 24], cells, 8, 4), "ascending"),
        (lambda: device.rs_fr_recover([1, 1, 3, 8, 9, 16, 17, 20], cells, 8, 4), "ascending"),
        (lambda: device.rs_fr_recover([1, 2, 3], cells, 8, 4), "expected 8"),
    ):
        with pytest.raises(InvalidInput, match=words):
            call()
    above[5] = 0
    assert device.rs_fr_extend(on_device(above), 8, 4).shape == (24, 4, 32)


def test_empty_batches_launch_nothing(cupy: FakeCupy) -> None:
    assert hashing.keccak256_many(on_device(np.zeros((0, 64), dtype=np.uint8))).shape == (0, 32)
    assert merkle.segment_roots(on_device(np.zeros(0, dtype=np.uint8))).shape == (0, 32)
    assert cupy.launches == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: device.keccak256_fixed(on_device(np.zeros(65, np.uint8)), 64), "multiple of 64"),
        (lambda: device.keccak256_ragged(on_device(np.zeros(9, np.uint8)), [0, 5, 4]), "ascending"),
        (lambda: device.keccak256_ragged(on_device(np.zeros(9, np.uint8)), [0, 10]), "ascending"),
        (lambda: device.segment_roots(on_device(np.zeros(9, np.uint8))), "whole segments"),
        (lambda: device.keccak256_fixed(on_device(np.zeros(64, np.uint8)), 64, on_device(np.zeros(31, np.uint8))), "out:"),
        (
            lambda: device.fold(on_device(np.zeros(32, np.uint8)), np.zeros(32, np.uint8), np.zeros(2, np.uint8), [0, 1]),
            "fit together",
        ),
        (lambda: device.flat_source("hash/md5"), "not among the device sources"),
    ],
)
def test_refusals(cupy: FakeCupy, call: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call()  # type: ignore[operator]
