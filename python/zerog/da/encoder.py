"""The network's ``encoder.Encoder``: a blob in, its commitment, root and provable rows out. Source: da.md §2.2.

The encoder checks itself before anybody signs: one row, chosen at random after the work, against commitment and root.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

import grpc

from zerog.da.parameters import Parameters
from zerog.errors import DeviceError, Exhausted, InternalError
from zerog.primitives import commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Prescribed, Unary
from zerog.wire.proto import da_encoder_pb2

ENCODER: Final = da_encoder_pb2.DESCRIPTOR.services_by_name["Encoder"]
MESSAGE_BYTES_MAX: Final = 1 << 30


class EncoderServer:
    """Encodes for anybody.

    Args:
        setup: the network's parameters, with powers.
        lane: one thread for each blob at a time.
        ongoing_max: calls at one moment, waiting ones included; one more is refused.
        told: gets the bytes of each blob that was encoded, and the seconds it took.
    """

    def __init__(
        self, setup: Parameters, lane: Offload, *, ongoing_max: int = 4, backend: str = "",
        told: Callable[[int, float], None] = lambda size_bytes, took_s: None,
    ) -> None:  # fmt: skip
        self._setup, self._lane, self._ongoing_max, self._backend = setup, lane, ongoing_max, backend
        self._told = told
        self._ongoing = 0

    @property
    def ongoing(self) -> int:
        return self._ongoing

    def methods(self) -> dict[str, Unary]:
        return {"EncodeBlob": self._encode}

    async def _encode(self, request: Any, caller: Caller) -> da_encoder_pb2.EncodeBlobReply:
        size_max = self._setup.geometry.data_size_bytes_max
        if len(request.data) > size_max:
            text = f"TooLargeBlob {{ actual: {len(request.data)}, expected_max: {size_max} }}"
            raise Prescribed(grpc.StatusCode.UNKNOWN, text)
        if self._ongoing >= self._ongoing_max:
            raise Exhausted("request pool is full")
        self._ongoing += 1
        try:
            return await self._lane.run(self._work, request.data, request.require_data)
        finally:
            self._ongoing -= 1

    def _work(self, data: bytes, require_data: bool) -> da_encoder_pb2.EncodeBlobReply:
        setup, began = self._setup.get(), time.monotonic()
        if not setup.can_prove:
            raise InternalError("the parameters have no powers: an encoder cannot prove with them")
        made = commit.commit(setup, data, backend=self._backend)
        encoded = made.encoded
        count = encoded.geometry.rows_encoded
        slices = [one.tobytes() for one in made.slices(range(count))]
        check_one(setup, slices, made.commitment, encoded.data_root)
        self._told(len(data), time.monotonic() - began)
        return da_encoder_pb2.EncodeBlobReply(
            version=0,
            erasure_commitment=made.commitment,
            storage_root=encoded.data_root,
            encoded_data=encoded.matrix.tobytes() if require_data else b"",
            encoded_slice=slices,
        )


def check_one(setup: commit.Setup, slices: list[bytes], commitment: bytes, data_root: bytes) -> None:
    """One slice of a whole encoding, chosen at random, against commitment and root.

    Raises:
        DeviceError: it is false, so the encoding is worth nothing.
    """
    row = secrets.randbelow(len(slices))
    (verdict,) = commit.verify_slices(setup, [slices[row]], [commitment], [data_root], seed=secrets.token_bytes(32))
    if verdict != commit.OK:
        raise DeviceError(f"the encoding is false: row {row}: {verdict}")
