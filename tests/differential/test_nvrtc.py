"""Every kernel.cu compiles for sm_80 and sm_90 with NVRTC, no driver needed, into registers without spills.

In CI a missing NVRTC is a failure, elsewhere a skip with its reason. It comes with the package's ``gpu`` extra, or with the
dependency group ``cuda-test`` alone.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import struct
from pathlib import Path

import pytest

from zerog.primitives import device

ROOT = Path(__file__).resolve().parents[2]
KERNELS = sorted(path.parent.relative_to(ROOT / "cpp").as_posix() for path in (ROOT / "cpp").rglob("kernel.cu"))
ARCHITECTURES = ("sm_80", "sm_90")
REGISTERS_MAX = 128  # two blocks of 256 threads fill a multiprocessor's 65,536
WIDE_REGISTERS_MAX = {"sig/bls_bn254": 255}  # a point of G2 alone is 64: one block at a time


class Nvrtc:
    """The few calls of NVRTC that a compilation takes, through ctypes."""

    def __init__(self, root: Path) -> None:
        # 13.0 does not find its own builtins beside itself.
        ctypes.CDLL(str(next((root / "lib").glob("libnvrtc-builtins.so.*"))), mode=ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL(str(next((root / "lib").glob("libnvrtc.so.*"))))
        self.includes = [f"-I{root / 'include'}", f"-I{root / 'include' / 'cccl'}"]

    def compile(self, text: str, *options: str) -> tuple[bytes | None, str]:
        """The cubin (None when it does not compile) and the log."""
        program = ctypes.c_void_p()
        assert self.library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None) == 0
        try:
            words = [option.encode() for option in (*options, "-std=c++20", "-default-device", *self.includes)]
            status = self.library.nvrtcCompileProgram(program, len(words), (ctypes.c_char_p * len(words))(*words))
            size = ctypes.c_size_t()
            self.library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            log = ctypes.create_string_buffer(size.value)
            self.library.nvrtcGetProgramLog(program, log)
            if status != 0:
                return None, log.value.decode()
            self.library.nvrtcGetCUBINSize(program, ctypes.byref(size))
            cubin = ctypes.create_string_buffer(size.value)
            self.library.nvrtcGetCUBIN(program, cubin)
            return cubin.raw, log.value.decode()
        finally:
            self.library.nvrtcDestroyProgram(ctypes.byref(program))


@pytest.fixture(scope="module")
def nvrtc() -> Nvrtc:
    spec = importlib.util.find_spec("nvidia")
    roots = [Path(place) / "cu13" for place in (spec.submodule_search_locations or [])] if spec else []
    found = [root for root in roots if list((root / "lib").glob("libnvrtc.so.*")) and (root / "include" / "cccl").is_dir()]
    if not found:
        message = "no NVRTC: install nvidia-cuda-nvrtc, nvidia-cuda-runtime and nvidia-cuda-cccl, all ==13.0.*"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return Nvrtc(found[0])


def sections(cubin: bytes) -> list[str]:
    """Section names of a 64-bit ELF file."""
    assert cubin[:4] == b"\x7fELF"
    table, size, count, names = struct.unpack_from("<Q", cubin, 40)[0], *struct.unpack_from("<HHH", cubin, 58)
    offsets = [struct.unpack_from("<I4xQQQQ", cubin, table + i * size) for i in range(count)]
    base = offsets[names][3]
    return [cubin[base + at :].split(b"\0", 1)[0].decode() for at, *_ in offsets]


def test_the_package_carries_every_device_source() -> None:
    assert {f"{kernel}/kernel.cu" for kernel in KERNELS} <= set(device.sources())
    for path, text in device.sources().items():
        assert text == (ROOT / "cpp" / path).read_text(), f"{path} changed after the native module was built"


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_compiles(nvrtc: Nvrtc, kernel: str, architecture: str) -> None:
    source = (ROOT / "cpp" / kernel / "kernel.cu").read_text()
    in_place, log = nvrtc.compile(source, f"-arch={architecture}", "--ptxas-options=-v", f"-I{ROOT / 'cpp'}")
    assert in_place is not None, log
    assert "warning" not in log, log
    entries = [line.split("(")[0].split()[-1] for line in source.splitlines() if line.startswith('extern "C" __global__')]
    assert entries
    assert {f".text.{entry}" for entry in entries} <= set(sections(in_place))
    frames = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    assert len(frames) >= len(entries)
    assert set(frames) == {("0", "0", "0")}, log  # functions that are called have lines of their own
    registers = [int(count) for count in re.findall(r"Used (\d+) registers", log)]
    assert len(registers) == len(entries)
    assert max(registers) <= WIDE_REGISTERS_MAX.get(kernel, REGISTERS_MAX), log


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_text_that_cupy_gets_compiles(nvrtc: Nvrtc, kernel: str) -> None:
    text = device.flat_source(kernel)
    assert '#include "' not in text
    cubin, log = nvrtc.compile(text, "-arch=sm_90")
    assert cubin is not None, log


@pytest.mark.slow
def test_a_wrong_kernel_does_not_compile(nvrtc: Nvrtc) -> None:
    cubin, log = nvrtc.compile(device.flat_source("hash/keccak256").replace("Hash64Body{}", "NoBody{}"), "-arch=sm_90")
    assert cubin is None
    assert "NoBody" in log
