"""ECDSA over secp256k1 on public data, many signatures a call.

Everything is a batch of contiguous buffers: ``bytes``, ``bytearray``, ``memoryview`` or C-contiguous numpy arrays. A bad
signature is a verdict, not an exception, and never disturbs its neighbours. Signing is not here: secret keys belong to
``coincurve``. ``backend`` forces one of the kernel's backends ("scalar", "avx512"); empty means the best of this machine.

Source: SEC 1 v2.0, 4.1.4 and 4.1.6; Ethereum yellow paper, appendix F; docs/kernels/ecdsa.md.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from zerog import _native

__all__ = ["blame", "recover_addresses", "recover_many", "verify_many"]

Buffer: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[np.uint8]


def recover_many(
    digests: Buffer, signatures: Buffer, *, backend: str = ""
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Recover the public keys that made recoverable signatures.

    Args:
        digests: n * 32 bytes.
        signatures: n * 65 bytes: r ‖ s ‖ recovery id, r and s big-endian, the id 0 … 3 (Ethereum's ``v`` less 27). High s is
            accepted; a rule against it is the caller's.
        backend: name of a backend; empty for the active one.

    Returns:
        ``(keys, ok)``: uint8[n, 64], x ‖ y big-endian, zeros where not ok; bool[n].

    Raises:
        InvalidInput: buffers of unequal or ragged length, or not C-contiguous.
        DeviceError: this machine has no such backend.

    Cost: some microseconds a signature and core in lanes; threads share large batches; the interpreter lock is released.
    """
    keys, ok = _native.ecdsa_recover_many(digests, signatures, backend=backend)
    return keys, ok


def recover_addresses(
    digests: Buffer, signatures: Buffer, *, backend: str = ""
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Recover the Ethereum addresses of signers: the last 20 bytes of keccak256 of the public key.

    Args, errors and cost as :func:`recover_many`.

    Returns:
        ``(addresses, ok)``: uint8[n, 20], zeros where not ok; bool[n].
    """
    addresses, ok = _native.ecdsa_recover_addresses(digests, signatures, backend=backend)
    return addresses, ok


def verify_many(
    digests: Buffer, signatures: Buffer, public_keys: Buffer, *, low_s_only: bool, backend: str = ""
) -> npt.NDArray[np.bool_]:
    """Verify signatures under given keys.

    Args:
        digests: n * 32 bytes.
        signatures: n * 64 bytes: r ‖ s, big-endian.
        public_keys: n * 64 bytes: x ‖ y, big-endian; a point off the curve is a bad signature.
        low_s_only: refuse s > n / 2, the second form that every signature has.
        backend: name of a backend; empty for the active one.

    Returns:
        bool[n]: True where the signature holds.

    Raises:
        InvalidInput: buffers of unequal or ragged length, or not C-contiguous.
        DeviceError: this machine has no such backend.

    Cost: as :func:`recover_many`, a little less.
    """
    ok: npt.NDArray[np.bool_] = _native.ecdsa_verify_many(
        digests, signatures, public_keys, low_s_only=low_s_only, backend=backend
    )
    return ok


def blame(ok: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Indices of the signatures that failed, ascending; empty when all hold."""
    return np.flatnonzero(~ok)
