"""What the roles of data availability know of each other and of the chain: values and ports, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from zerog.errors import InvalidInput
from zerog.primitives.da_sampling import BlobRecord
from zerog.types import Address

__all__ = ["BlobRecord", "Directory", "Quorum", "blob_record", "dial_target"]

TARGET_CHARS_MAX: Final = 262
_IPV4_PORT: Final = re.compile(r"(?<![0-9.])((?:[0-9]{1,3}\.){3}[0-9]{1,3}):([0-9]{1,5})(?![0-9])")


@dataclass(frozen=True)
class Quorum:
    """Who holds which row of the blobs of one quorum."""

    rows: tuple[Address, ...]
    """The signer of every row."""
    sockets: Mapping[Address, str]
    """What each signer told the chain to dial; checked by nobody."""

    def rows_of(self, first: int, last: int) -> dict[Address, list[int]]:
        """Rows ``first <= g < last`` by signer, ascending."""
        found: dict[Address, list[int]] = {}
        for row in range(first, min(last, len(self.rows))):
            found.setdefault(self.rows[row], []).append(row)
        return found


class Directory(Protocol):
    """The chain's register of quorums."""

    async def quorum(self, epoch: int, quorum_id: int) -> Quorum:
        """
        Raises:
            NotFound: no such epoch or quorum. Unavailable, TimedOut, PeerFault: the chain does not say.
        """


def blob_record(data_root: bytes, epoch: int, quorum_id: int) -> BlobRecord:
    """What a stranger names a blob by.

    Raises:
        InvalidInput: a root that is not 32 bytes long, or numbers beyond 64 bits.
    """
    if len(data_root) != 32:
        raise InvalidInput(f"storage_root: expected 32 bytes, found {len(data_root)}")
    if not 0 <= epoch < 1 << 64 or not 0 <= quorum_id < 1 << 64:
        raise InvalidInput("epoch and quorum_id: expected numbers of 64 bits")
    return BlobRecord(epoch, quorum_id, bytes(data_root))


def dial_target(socket: str) -> str:
    """``host:port`` out of what a signer registered: the first IPv4 address with a port, else a name with a port.

    Registered sockets carry schemes and paths in practice (da.md §3.1).

    Raises:
        InvalidInput: nothing there that can be dialled over TCP.
    """
    if len(socket) > TARGET_CHARS_MAX:
        raise InvalidInput(f"socket: expected at most {TARGET_CHARS_MAX} characters, found {len(socket)}")
    for host, port in _IPV4_PORT.findall(socket):
        if all(int(part) <= 255 for part in host.split(".")) and 1 <= int(port) <= 65535:
            return f"{host}:{port}"
    bare = socket.strip().removeprefix("http://").removeprefix("https://").rstrip("/")
    host, _, port = bare.rpartition(":")
    good = re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\]", host) is not None
    if not good or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535 or host.replace(".", "").isdigit():
        raise InvalidInput(f"socket: expected host:port, found {socket[:80]!r}")
    return f"{host}:{port}"
