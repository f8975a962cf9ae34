"""Kernels on an NVIDIA GPU, through CuPy, loaded on demand.

zerog is complete without a GPU: nothing here is imported or compiled until an array that lies on a device is handed to a
primitive (``hashing.keccak256_many``, ``merkle.segment_roots``, …) or a function of this module is called. The device text is
part of the native module; it is compiled at run time for the card that is found and kept by CuPy's own cache.

Host data stays on the host: the processor hashes about as fast as a bus delivers. Use this where the bytes
are on the card already.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from zerog import _native
from zerog.errors import DeviceError, InvalidInput

__all__ = [
    "flat_source",
    "fold",
    "gf256_product",
    "gf65536_product",
    "is_device_array",
    "keccak256_fixed",
    "keccak256_ragged",
    "require",
    "rs_fr_extend",
    "rs_fr_recover",
    "segment_roots",
    "sources",
]

_BLOCK_WIDTH: Final = 128
_BLOCKS_MAX: Final = 65_535
_SEGMENT_BLOCK_WIDTH: Final = 256
_SEGMENT_SIZE_BYTES: Final = 1024 * 256
# The modulus of Fr, lowest word first.
_FR_WORDS: Final = (0x43E1F593F0000001, 0x2833E84879B97091, 0xB85045B68181585D, 0x30644E72E131A029)


def sources() -> dict[str, str]:
    """Device text by path: every ``kernel.cu`` of the core and the headers it needs."""
    return dict(_native.device_sources())


def flat_source(kernel: str) -> str:
    """One compilable text of ``kernel`` (such as ``"hash/keccak256"``): its ``kernel.cu`` with our headers put in once each.

    Raises:
        InvalidInput: no such kernel has a device side.
    """
    texts = sources()
    seen: set[str] = set()

    def expand(path: str) -> str:
        if path in seen:
            return ""
        seen.add(path)
        if path not in texts:
            raise InvalidInput(f"kernel: {path} is not among the device sources", path=path)
        text = texts[path].replace("#pragma once", "")
        return re.sub(r'^#include "([^"]+)"$', lambda line: expand(line[1]), text, flags=re.M)

    return expand(f"{kernel}/kernel.cu")


def is_device_array(value: object) -> bool:
    """Whether ``value`` lies on a GPU (it has the CUDA array interface)."""
    return hasattr(value, "__cuda_array_interface__")


@cache
def require() -> Any:
    """The ``cupy`` module, once it is known that a device answers.

    Raises:
        DeviceError: CuPy is not installed, or there is no driver or device. The sentence says which.
    """
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        raise DeviceError("cupy is not installed, expected the extra zerog[cuda] for arrays on a device") from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # the class differs between CuPy versions; its sentence names the driver's complaint
        raise DeviceError(f"no usable nvidia driver: {error}") from error
    if count == 0:
        raise DeviceError("no nvidia device found")
    return cupy


def _include_options() -> tuple[str, ...]:
    """Where the CUDA headers of the pip packages lie, when they are installed; CuPy adds its own."""
    spec = importlib.util.find_spec("nvidia")
    roots = [Path(place) / "cu13" / "include" for place in (spec.submodule_search_locations or [])] if spec else []
    return tuple(f"-I{path}" for root in roots for path in (root, root / "cccl") if path.is_dir())


@cache
def _function(kernel: str, name: str, device_id: int) -> Any:
    """The compiled entry point for one card; modules belong to the card they were loaded on."""
    cupy = require()
    with cupy.cuda.Device(device_id):
        try:
            module = cupy.RawModule(code=flat_source(kernel), options=("-std=c++20", "-default-device", *_include_options()))
            function = module.get_function(name)
        except Exception as error:
            raise DeviceError(f"kernel {kernel} does not compile for this device: {error}") from error
        return function


def _launch(kernel: str, name: str, blocks: int, width: int, arguments: tuple[Any, ...], shared_size_bytes: int = 0) -> None:
    cupy = require()
    function = _function(kernel, name, cupy.cuda.Device().id)
    if shared_size_bytes > 48 * 1024:
        function.max_dynamic_shared_size_bytes = shared_size_bytes
    try:
        function((blocks,), (width,), arguments, shared_mem=shared_size_bytes)
    except Exception as error:
        raise DeviceError(f"launch of {name} failed: {error}") from error


def _bytes_on_device(value: Any, name: str, alignment: int = 8) -> Any:
    """``value`` as a flat, contiguous uint8 array at an address the kernel can load words from; copied only if it is not."""
    cupy = require()
    array = cupy.asarray(value)
    if not array.flags.c_contiguous:
        raise InvalidInput(f"{name}: expected a C-contiguous array on the device")
    flat = array.reshape(-1).view(cupy.uint8)
    return flat if flat.data.ptr % alignment == 0 else flat.copy()


def _out_on_device(out: Any, count: int) -> Any:
    cupy = require()
    if out is None:
        return cupy.empty((count, 32), dtype=cupy.uint8)
    if out.dtype != cupy.uint8 or out.size != 32 * count or not out.flags.c_contiguous or out.data.ptr % 8 != 0:
        raise InvalidInput(f"out: expected a contiguous, 8-byte aligned uint8 device array of {32 * count} bytes")
    return out


def keccak256_fixed(data: Any, size: int, out: Any = None) -> Any:
    """Digests of inputs of ``size`` bytes each; see ``hashing.keccak256_many``."""
    cupy = require()
    flat = _bytes_on_device(data, "data")
    if size <= 0 or flat.size % size != 0:
        raise InvalidInput(f"data: expected a multiple of {size} bytes, found {flat.size}")
    count = flat.size // size
    if size != 64:
        return keccak256_ragged(flat, cupy.arange(count + 1, dtype=cupy.uint64) * cupy.uint64(size), out)
    digests = _out_on_device(out, count)
    if count:
        blocks = -(-count // _BLOCK_WIDTH)
        arguments = (flat, cupy.uint64(count), digests)
        _launch("hash/keccak256", "zg_keccak256_hash_64", blocks, _BLOCK_WIDTH, arguments, 9 * 8 * _BLOCK_WIDTH)
    return digests


def keccak256_ragged(data: Any, offsets: Any, out: Any = None) -> Any:
    """Digests of ``data[offsets[i]:offsets[i + 1]]``; see ``hashing.keccak256_many``."""
    cupy = require()
    flat = _bytes_on_device(data, "data")
    bounds = cupy.ascontiguousarray(cupy.asarray(offsets, dtype=cupy.uint64).reshape(-1))
    if bounds.size == 0 or bool((bounds[1:] < bounds[:-1]).any()) or int(bounds[-1]) > flat.size:
        raise InvalidInput("offsets: expected ascending positions inside the data")
    count = int(bounds.size) - 1
    digests = _out_on_device(out, count)
    if count:
        blocks = -(-count // _BLOCK_WIDTH)
        arguments = (flat, cupy.uint64(flat.size), bounds, cupy.uint64(count), digests)
        _launch("hash/keccak256", "zg_keccak256_hash_ragged", blocks, _BLOCK_WIDTH, arguments)
    return digests


def segment_roots(data: Any, out: Any = None) -> Any:
    """Roots of whole 256 KiB segments that lie on the device; see ``merkle.segment_roots``."""
    cupy = require()
    flat = _bytes_on_device(data, "data")
    if flat.size % _SEGMENT_SIZE_BYTES != 0:
        raise InvalidInput(f"data: expected whole segments of {_SEGMENT_SIZE_BYTES} bytes, found {flat.size}")
    count = flat.size // _SEGMENT_SIZE_BYTES
    roots = _out_on_device(out, count)
    if count:
        _launch("merkle/tree", "zg_merkle_subtrees", count, _SEGMENT_BLOCK_WIDTH, (flat, cupy.uint32(10), roots), 32 * 1024)
    return roots


def fold(leaves: Any, siblings: Any, path: Any, offsets: Any, out: Any = None) -> Any:
    """Roots that proofs on the device lead to; see ``merkle.fold``."""
    cupy = require()
    leaf_bytes, sibling_bytes = _bytes_on_device(leaves, "leaves"), _bytes_on_device(siblings, "siblings")
    sides = _bytes_on_device(path, "path", alignment=1)
    bounds = cupy.ascontiguousarray(cupy.asarray(offsets, dtype=cupy.uint64).reshape(-1))
    count = leaf_bytes.size // 32
    if leaf_bytes.size % 32 != 0 or sibling_bytes.size != 32 * sides.size or bounds.size != count + 1:
        raise InvalidInput("leaves, siblings, path and offsets do not fit together")
    if bool((bounds[1:] < bounds[:-1]).any()) or int(bounds[-1]) > sides.size:
        raise InvalidInput("offsets: expected ascending positions inside the siblings")
    roots = _out_on_device(out, count)
    if count:
        blocks = -(-count // _BLOCK_WIDTH)
        arguments = (leaf_bytes, sibling_bytes, sides, cupy.uint64(sides.size), bounds, cupy.uint64(count), roots)
        _launch("merkle/proof", "zg_merkle_fold", blocks, _BLOCK_WIDTH, arguments)
    return roots


def gf256_product(coefficients: bytes, rows: int, shards: Any, out: Any = None) -> Any:
    """``rows`` combinations of shards on the device, ``coefficients`` row by row; see ``erasure.encode``."""
    import numpy as np

    return _product("gf256", np.frombuffer(coefficients, dtype=np.uint8), rows, shards, out)


def gf65536_product(coefficients: bytes, rows: int, shards: Any, out: Any = None) -> Any:
    """The same over GF(2^16): coefficients are native 16-bit words, shards of even length."""
    if shards.ndim == 2 and shards.shape[1] % 2:
        raise InvalidInput(f"shards: expected whole 16-bit words, found {shards.shape[1]} bytes")
    import numpy as np

    return _product("gf65536", np.frombuffer(coefficients, dtype=np.uint16), rows, shards, out)


def rs_fr_extend(cells: Any, rows: int, columns: int, out: Any = None) -> Any:
    """The whole matrix of a DA blob from its first third; see ``blob.extend``.

    Args:
        cells: uint8 on the device, ``rows`` · ``columns`` elements of 32 bytes, row-major.
        out: uint8[3 · rows, columns, 32] on the device, contiguous; without it one is made.

    Raises:
        InvalidInput: another size, a cell that is not below the modulus, or a geometry that does not exist.
    """
    cupy = require()
    flat, factors = _cells_on_device(cells, rows, columns), _rs_fr_factors(rows, columns)
    matrix = _matrix_on_device(out, rows, columns)
    coefficients = cupy.empty(flat.size, dtype=cupy.uint8)
    shape = (cupy.uint32(rows.bit_length() - 1), cupy.uint32(columns.bit_length() - 1))
    matrix.reshape(-1)[: flat.size] = flat
    _rs_fr_launch("invert_rows", rows, columns, (*shape, factors, flat, coefficients))
    _rs_fr_launch("columns", columns, rows, (*shape, cupy.uint32(1), cupy.uint32(0b110), factors, coefficients, matrix))
    _rs_fr_launch("rows", 3 * rows, columns, (*shape, cupy.uint32(0b110), factors, matrix))
    return matrix


def rs_fr_recover(indices: Sequence[int], cells: Any, rows: int, columns: int, out: Any = None) -> Any:
    """The same from any ``rows`` rows; see ``blob.recover``. Compare roots: any rows determine some blob.

    Args:
        indices: the numbers of the rows, ascending, as many as the matrix has rows before it is extended.
        cells: uint8 on the device, the rows in that order.

    Raises:
        InvalidInput: as ``rs_fr_extend``, or other numbers.
    """
    import numpy as np

    cupy = require()
    flat, factors = _cells_on_device(cells, rows, columns), _rs_fr_factors(rows, columns)
    recovery = cupy.asarray(np.frombuffer(_native.blob_device_recovery(list(indices), rows, columns), dtype=np.uint64))
    place = np.full(3 * rows, 0xFFFFFFFF, dtype=np.uint32)
    place[list(indices)] = np.arange(rows, dtype=np.uint32)
    used, places = cupy.asarray(np.asarray(indices, dtype=np.uint32)), cupy.asarray(place)
    matrix = _matrix_on_device(out, rows, columns)
    parts, coefficients = flat.copy(), cupy.empty(flat.size, dtype=cupy.uint8)
    shape = (cupy.uint32(rows.bit_length() - 1), cupy.uint32(columns.bit_length() - 1))
    _rs_fr_launch("recover_rows", rows, columns, (*shape, factors, recovery, used, parts))
    _rs_fr_launch("recover_columns", columns, 2 * rows, (*shape, factors, recovery, places, parts, coefficients))
    _rs_fr_launch("columns", columns, rows, (*shape, cupy.uint32(0), cupy.uint32(0b111), factors, coefficients, matrix))
    _rs_fr_launch("rows", 3 * rows, columns, (*shape, cupy.uint32(0b111), factors, matrix))
    return matrix


def _rs_fr_launch(name: str, blocks: int, elements: int, arguments: tuple[Any, ...]) -> None:
    """A block a row or column, ``elements`` of 32 bytes in block memory, a lane a butterfly as far as a block is wide."""
    _launch("erasure/rs_fr", f"zg_rs_fr_{name}", blocks, min(elements // 2, 2 * _BLOCK_WIDTH), arguments, 32 * elements)


def _rs_fr_factors(rows: int, columns: int) -> Any:
    import numpy as np

    return require().asarray(np.frombuffer(_native.blob_device_factors(rows, columns), dtype=np.uint64))


def _cells_on_device(cells: Any, rows: int, columns: int) -> Any:
    flat = _bytes_on_device(cells, "cells")
    if flat.size != 32 * rows * columns:
        raise InvalidInput(f"cells: expected {32 * rows * columns} bytes, found {flat.size}")
    words = flat.view(require().uint64).reshape(-1, 4)
    below = words[:, 0] < _FR_WORDS[0]
    for k in (1, 2, 3):
        below = (words[:, k] < _FR_WORDS[k]) | ((words[:, k] == _FR_WORDS[k]) & below)
    if not bool(below.all()):
        raise InvalidInput("cells: expected elements below the modulus")
    return flat


def _matrix_on_device(out: Any, rows: int, columns: int) -> Any:
    cupy = require()
    shape = (3 * rows, columns, 32)
    if out is None:
        return cupy.empty(shape, dtype=cupy.uint8)
    if out.shape != shape or out.dtype != cupy.uint8 or not out.flags.c_contiguous or out.data.ptr % 8 != 0:
        raise InvalidInput(f"out: expected a contiguous, 8-byte aligned uint8 device array of shape {shape}")
    return out


def _product(field: str, coefficients: Any, rows: int, shards: Any, out: Any) -> Any:
    cupy = require()
    if shards.ndim != 2 or shards.dtype != cupy.uint8:
        raise InvalidInput("shards: expected uint8[shards, bytes] on the device")
    columns, size = shards.shape
    if len(coefficients) != rows * columns:
        raise InvalidInput(f"coefficients: expected {rows * columns}, found {len(coefficients)}")
    if out is not None and (out.shape != (rows, size) or out.dtype != cupy.uint8):
        raise InvalidInput(f"out: expected a uint8 device array of shape {(rows, size)}")
    words = -(-size // 8)
    whole = size % 8 == 0
    padded = shards
    if not whole:
        padded = cupy.zeros((columns, 8 * words), dtype=cupy.uint8)
        padded[:, :size] = shards
    inputs = _bytes_on_device(cupy.ascontiguousarray(padded), "shards")
    direct = out is not None and whole and out.flags.c_contiguous and out.data.ptr % 8 == 0
    outputs = out if direct else cupy.empty((rows, 8 * words), dtype=cupy.uint8)
    if rows and words:
        blocks = min(-(-words // _BLOCK_WIDTH), _BLOCKS_MAX)
        matrix = cupy.asarray(coefficients)
        arguments = (matrix, cupy.uint32(rows), cupy.uint32(columns), cupy.uint64(words), inputs, outputs)
        _launch(f"erasure/{field}", f"zg_{field}_product", blocks, _BLOCK_WIDTH, arguments)
    if out is None:
        return outputs if whole else cupy.ascontiguousarray(outputs[:, :size])
    if not direct:
        out[...] = outputs[:, :size]
    return out
