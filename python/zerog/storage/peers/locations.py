"""Which peers said that they hold which files: a cache, bounded in files and in peers for each, that forgets with time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from zerog.storage.api import TxId


class Locations:
    """What was said, not what is true: a peer that does not deliver is taken out with ``drop``.

    Args:
        files_max: the file not heard of for longest goes first.
        peers_max: for each file.
    """

    def __init__(
        self, now_s: Callable[[], float], *, files_max: int = 100_000, peers_max: int = 16, expire_s: float = 86_400
    ) -> None:
        self._now_s, self._files_max, self._peers_max, self._expire_s = now_s, files_max, peers_max, expire_s
        self._files: OrderedDict[TxId, dict[bytes, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._files)

    def add(self, file: TxId, peer: bytes) -> None:
        peers = self._files.get(file)
        if peers is None:
            if len(self._files) >= self._files_max:
                self._files.popitem(last=False)
            peers = self._files[file] = {}
        self._files.move_to_end(file)
        peers.pop(peer, None)
        if len(peers) >= self._peers_max:
            del peers[next(iter(peers))]
        peers[peer] = self._now_s()

    def holders(self, file: TxId) -> list[bytes]:
        """Peers that said they hold a file, the last to say so first."""
        peers = self._files.get(file)
        if peers is None:
            return []
        oldest_s = self._now_s() - self._expire_s
        for peer in [peer for peer, at_s in peers.items() if at_s < oldest_s]:
            del peers[peer]
        if not peers:
            del self._files[file]
        return list(reversed(peers))

    def drop(self, file: TxId, peer: bytes) -> None:
        peers = self._files.get(file)
        if peers is not None and peers.pop(peer, None) is not None and not peers:
            del self._files[file]

    def forget_file(self, file: TxId) -> None:
        self._files.pop(file, None)
