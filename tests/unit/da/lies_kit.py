"""What a bad signer may answer when it is asked to sign: each lie, and what a disperser calls it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc

from zerog.primitives import bls
from zerog.runtime.rpc_grpc import Prescribed
from zerog.wire.proto import da_signer_pb2

Lie = Callable[[Any, Any], Any | Awaitable[Any]]
"""The answer to a request, given the honest one."""


def refuse(request: Any, reply: Any) -> Any:
    raise Prescribed(grpc.StatusCode.INVALID_ARGUMENT, "no")


async def delay(request: Any, reply: Any) -> Any:
    await asyncio.sleep(600)


def signs(*signatures: bytes) -> Lie:
    return lambda request, reply: da_signer_pb2.BatchSignReply(signatures=signatures)


def by_root(lies: Mapping[bytes, Lie]) -> Lie:
    """Each of these blobs gets a lie of its own."""
    return lambda request, reply: lies[bytes(request.requests[0].storage_root)](request, reply)


def lies(rng: random.Random, secret: bls.SecretKey) -> dict[str, tuple[Lie, str]]:
    """Every kind, by its name; ``secret`` is the liar's own key."""
    stranger = bls.SecretKey.from_random(rng.randbytes(48)).sign(rng.randbytes(32))
    off_curve = bytearray(bls.encode(stranger, "flagged"))
    off_curve[0] ^= 1

    def signed(request: Any, root: bytes) -> bytes:
        one = request.requests[0]
        digest = bls.attestation_digest(root, one.epoch, one.quorum_id, bls.decode(one.erasure_commitment, "plain"))
        return bls.encode(secret.sign(digest), "flagged")

    def another_root(request: Any, reply: Any) -> Any:
        return da_signer_pb2.BatchSignReply(signatures=[signed(request, bytes(32))])

    def two_roots(request: Any, reply: Any) -> Any:
        both = [signed(request, bytes(32)), signed(request, request.requests[0].storage_root)]
        return da_signer_pb2.BatchSignReply(signatures=both)

    return {
        "refuses": (refuse, "refused"),
        "delays": (delay, "silent"),
        "garbage": (signs(rng.randbytes(64)), "bad"),
        "nothing": (signs(), "refused"),
        "two roots": (two_roots, "refused"),
        "short": (signs(bytes(63)), "bad"),
        "long": (signs(bytes(65)), "bad"),
        "outside the group": (signs(bytes(off_curve)), "bad"),
        "infinity": (signs(bytes(63) + b"\x40"), "bad"),
        "zeros": (signs(bytes(64)), "bad"),
        "another key": (signs(bls.encode(stranger, "flagged")), "bad"),
        "another root": (another_root, "bad"),
    }
