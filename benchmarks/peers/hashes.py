"""Other people's keccak: XKCP's eight states in AVX-512, safe-pysha3, pycryptodome.

XKCP comes inside the crate ``kangarootwelve_xkcp`` (through cargo, pinned by digest, into a cache folder of the checkout);
its permutation macros are wrapped here in the forms that we compare: the bare permutation, 64-byte inputs, and a plain
driver for the storage tree. It is built with gcc and with clang, since one of them may be half as fast; the better counts.
A peer that cannot be had is reported with the reason.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "peers" / "xkcp"
CRATE = "kangarootwelve_xkcp"
CRATE_VERSION = "0.2.1"
CRATE_SHA256 = "f551a39d229b04e27f6578a43e01e2d6ad7a117d95815bbd8a3a462238b88087"
FETCH_TIMEOUT_S = 120

WRAPPER = r"""
// XKCP's macros for Keccak-p[1600] x 8, with all 24 rounds and keccak256's padding around them.
#include "KeccakP-1600-timesN-AVX512.c"
#include <stddef.h>
#define rounds24 KeccakP_4rounds(0); KeccakP_4rounds(4); KeccakP_4rounds(8); rounds12
#define EACH(F) F(ba,0) F(be,1) F(bi,2) F(bo,3) F(bu,4) F(ga,5) F(ge,6) F(gi,7) F(go,8) F(gu,9) F(ka,10) F(ke,11) F(ki,12) \
  F(ko,13) F(ku,14) F(ma,15) F(me,16) F(mi,17) F(mo,18) F(mu,19) F(sa,20) F(se,21) F(si,22) F(so,23) F(su,24)

void peer_permute(uint64_t* states, size_t groups, size_t times) {
  for (size_t t = 0; t < times; ++t)
    for (size_t g = 0; g < groups; ++g) {
      uint64_t* s = states + 200 * g;
      KeccakP_DeclareVars(__m512i);
#define GET(x, i) _##x = _mm512_loadu_si512(s + 8 * i);
#define PUT(x, i) _mm512_storeu_si512(s + 8 * i, _##x);
      EACH(GET)
      rounds24;
      EACH(PUT)
    }
}

#undef chunkSize
#define chunkSize 64
void peer_hash_64(const uint8_t* data, size_t count, uint8_t* out) {
  const __m256i index = LOAD8_32(28, 24, 20, 16, 12, 8, 4, 0);
  for (; count != 0; count -= 8, data += 512, out += 256) {
    KeccakP_DeclareVars(__m512i);
    __m512i t0, t1, t2, t3, t4, t5, t6, t7, r0, r1, r2, r3, r4, r5, r6, r7;
    const uint64_t* input = (const uint64_t*)data;
    initializeState(_);
    LoadAndTranspose8(input, 0)
    _ba = r0; _be = r1; _bi = r2; _bo = r3; _bu = r4; _ga = r5; _ge = r6; _gi = r7;
    _go = CONST_64(1);
    _me = CONST_64(0x8000000000000000ULL);
    rounds24;
    uint64_t* to = (uint64_t*)out;
    STORE_SCATTER8_64(to + 0, index, _ba);
    STORE_SCATTER8_64(to + 1, index, _be);
    STORE_SCATTER8_64(to + 2, index, _bi);
    STORE_SCATTER8_64(to + 3, index, _bo);
  }
}

#undef chunkSize
#define chunkSize 256
static void leaves(const uint8_t* data, size_t count, uint8_t* out) {
  const __m256i in = LOAD8_32(224, 192, 160, 128, 96, 64, 32, 0), index = LOAD8_32(28, 24, 20, 16, 12, 8, 4, 0);
  for (; count != 0; count -= 8, data += 2048, out += 256) {
    KeccakP_DeclareVars(__m512i);
    __m512i t0, t1, t2, t3, t4, t5, t6, t7, r0, r1, r2, r3, r4, r5, r6, r7;
    const uint64_t* input = (const uint64_t*)data;
    initializeState(_);
    XORdata17(_, in, input)
    rounds24;
    LoadAndTranspose8(input, 17)
    XOReq(_ba, r0); XOReq(_be, r1); XOReq(_bi, r2); XOReq(_bo, r3);
    XOReq(_bu, r4); XOReq(_ga, r5); XOReq(_ge, r6); XOReq(_gi, r7);
    LoadAndTranspose8(input, 24)
    XOReq(_go, r1); XOReq(_gu, r2); XOReq(_ka, r3); XOReq(_ke, r4); XOReq(_ki, r5); XOReq(_ko, r6); XOReq(_ku, r7);
    XOReq(_ma, CONST_64(1));
    XOReq(_me, CONST_64(0x8000000000000000ULL));
    rounds24;
    uint64_t* to = (uint64_t*)out;
    STORE_SCATTER8_64(to + 0, index, _ba);
    STORE_SCATTER8_64(to + 1, index, _be);
    STORE_SCATTER8_64(to + 2, index, _bi);
    STORE_SCATTER8_64(to + 3, index, _bo);
  }
}

// Root of a tree over 2^k sectors, level by level over everything: what one writes first. scratch: 32 bytes a leaf + 512.
void peer_tree(const uint8_t* data, size_t count, uint8_t* scratch, uint8_t* root) {
  leaves(data, count, scratch);
  for (count /= 2; count != 0; count /= 2) {
    if (count >= 8) {
      peer_hash_64(scratch, count, scratch);
    } else {
      uint8_t padded[512] = {0}, out[256];
      __builtin_memcpy(padded, scratch, 64 * count);
      peer_hash_64(padded, 8, out);
      __builtin_memcpy(scratch, out, 32 * count);
    }
  }
  __builtin_memcpy(root, scratch, 32);
}
"""


class PeerMissing(Exception):
    """This peer cannot be had here; the sentence says why."""


def _fetch() -> Path:
    """The folder of XKCP's sources out of the crate."""
    kept = CACHE / f"{CRATE}-{CRATE_VERSION}"
    if kept.is_dir():
        return kept / "XKCP-K12" / "lib"
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PeerMissing("xkcp: no cargo to fetch the crate with")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as home:
        project = Path(home) / "probe"
        (project / "src").mkdir(parents=True)
        (project / "src" / "lib.rs").write_text("")
        (project / "Cargo.toml").write_text(
            f'[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n{CRATE} = "={CRATE_VERSION}"\n'
        )
        environment = {**os.environ, "CARGO_HOME": str(Path(home) / "cargo")}
        try:
            subprocess.run(
                [cargo, "fetch", "-q"], cwd=project, env=environment, check=True, timeout=FETCH_TIMEOUT_S, capture_output=True
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise PeerMissing(f"xkcp: the crate cannot be fetched: {error}") from error
        crate = next((Path(home) / "cargo").rglob(f"{CRATE}-{CRATE_VERSION}.crate"))
        found = hashlib.sha256(crate.read_bytes()).hexdigest()
        if found != CRATE_SHA256:
            raise PeerMissing(f"xkcp: the crate has digest {found}, expected {CRATE_SHA256}")
        shutil.move(next(path for path in (Path(home) / "cargo").rglob(f"{CRATE}-{CRATE_VERSION}") if path.is_dir()), kept)
    return kept / "XKCP-K12" / "lib"


class Xkcp:
    """One build of the wrapper."""

    def __init__(self, library: Path, compiler: str) -> None:
        self.name = f"xkcp-times8-{compiler}"
        self._c = ctypes.CDLL(str(library))

    def permute(self, states: NDArray[np.uint64], times: int) -> None:
        """Groups of eight interleaved states, as ``_native.keccak256_permute`` takes them."""
        self._c.peer_permute(ctypes.c_void_p(states.ctypes.data), ctypes.c_size_t(states.size // 200), ctypes.c_size_t(times))

    def hash_64(self, data: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        assert data.size % 512 == 0
        self._c.peer_hash_64(
            ctypes.c_void_p(data.ctypes.data), ctypes.c_size_t(data.size // 64), ctypes.c_void_p(out.ctypes.data)
        )

    def tree(self, data: NDArray[np.uint8], scratch: NDArray[np.uint8]) -> bytes:
        """Root over a power of two of sectors, at least eight."""
        root = np.empty(32, dtype=np.uint8)
        arguments = (data.ctypes.data, data.size // 256, scratch.ctypes.data, root.ctypes.data)
        self._c.peer_tree(*(ctypes.c_void_p(argument) for argument in arguments))
        return root.tobytes()


@cache
def xkcp() -> tuple[Xkcp, ...]:
    """Every build that compiles: gcc's and clang's.

    Raises:
        PeerMissing: no sources, no compiler, or no AVX-512.
    """
    if "avx512f" not in Path("/proc/cpuinfo").read_text():
        raise PeerMissing("xkcp: this processor has no AVX-512")
    sources = _fetch()
    builds = []
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler) is None:
            continue
        text = WRAPPER.encode()
        library = CACHE / f"{compiler}-{hashlib.sha256(text).hexdigest()[:12]}.so"
        if not library.exists():
            wrapper = CACHE / "wrapper.c"
            wrapper.write_bytes(text)
            command = [
                compiler,
                "-O3",
                "-march=native",
                "-w",
                "-shared",
                "-fPIC",
                f"-I{sources}",
                f"-I{sources / 'Optimized64'}",
            ]
            try:
                subprocess.run([*command, str(wrapper), "-o", str(library)], check=True, capture_output=True, timeout=110)
            except subprocess.SubprocessError:
                continue
        builds.append(Xkcp(library, compiler))
    if not builds:
        raise PeerMissing("xkcp: neither gcc nor clang builds it here")
    return tuple(builds)


def pysha3() -> Callable[[bytes], bytes]:
    """safe-pysha3's keccak256 of one input."""
    import sha3

    new = sha3.keccak_256
    return lambda data: bytes(new(data).digest())


def pycryptodome() -> Callable[[bytes], bytes]:
    """pycryptodome's keccak256 of one input."""
    from Crypto.Hash import keccak

    return lambda data: bytes(keccak.new(digest_bits=256, data=data).digest())
