"""The flow stated plainly: every sector is in a list, every tree is hashed whole. docs/protocol/storage.md, the flow."""

from __future__ import annotations

from oracle.merkle import Hash, file_leaves, node_heights

SEGMENT_SECTORS = 1024


def align(position: int, size: int) -> int:
    return (position + size - 1) // size * size


class Flow:
    """All leaves of the flow, and where each submission ended."""

    def __init__(self, k: Hash) -> None:
        self.k = k
        self.zero = k(bytes(256))
        self.leaves = [bytes(32)]
        self.sectors = [bytes(256)]
        self.lengths = [1]
        self.starts: list[int] = []

    def submit(self, data: bytes) -> int:
        """Where a file goes, sector by sector."""
        sizes = [1 << height for height in node_heights(len(data))]
        length = len(self.leaves)
        start = align(length, sizes[0])
        inside = start % SEGMENT_SECTORS
        if inside and start // SEGMENT_SECTORS != (start + sum(sizes) - 1) // SEGMENT_SECTORS:
            length = start + SEGMENT_SECTORS - inside
        leaves = file_leaves(data, self.k)
        filled = data + bytes(len(leaves) * 256 - len(data))
        begin = None
        done = 0
        self.fill(length)
        for size in sizes:
            self.fill(align(len(self.leaves), size))
            begin = len(self.leaves) if begin is None else begin
            self.leaves += leaves[done : done + size]
            self.sectors += [filled[256 * i : 256 * (i + 1)] for i in range(done, done + size)]
            done += size
        assert begin is not None
        self.lengths.append(len(self.leaves))
        self.starts.append(begin)
        return begin

    def fill(self, length: int) -> None:
        count = length - len(self.leaves)
        self.leaves += [self.zero] * count
        self.sectors += [bytes(256)] * count

    def revert(self, count: int) -> None:
        """Keep the first ``count`` submissions."""
        del self.lengths[count + 1 :]
        del self.starts[count:]
        del self.leaves[self.lengths[-1] :]
        del self.sectors[self.lengths[-1] :]

    def levels(self, length: int) -> list[list[bytes]]:
        """All levels of the tree at ``length``: filled with zero sectors up to a power of two."""
        size = 1 << (length - 1).bit_length()
        levels = [self.leaves[:length] + [self.zero] * (size - length)]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([self.k(below[i] + below[i + 1]) for i in range(0, len(below), 2)])
        return levels

    def root(self, length: int) -> bytes:
        return self.levels(length)[-1][0]


def siblings(levels: list[list[bytes]], height: int, index: int) -> list[bytes]:
    """From level ``height`` to below the root."""
    out = []
    for level in levels[height:-1]:
        out.append(level[index ^ 1])
        index //= 2
    return out
