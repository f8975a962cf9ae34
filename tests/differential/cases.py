"""One table of cases for each kernel; every backend runs them, natively and through the facade."""

from __future__ import annotations

import random

# Sizes where something begins or ends: nothing, one byte, words, a digest, a node, a sector, blocks of the sponge (136) and
# vectors of the tail (64), each with one less and one more.
KECCAK_SIZES = tuple(
    sorted(
        {
            edge + step
            for edge in (0, 8, 32, 64, 128, 136, 192, 256, 272, 408, 544, 680, 1024)
            for step in (-1, 0, 1)
            if edge + step >= 0
        }
    )
)

# Counts around every vector width and the chunk in which ragged inputs are sorted.
BATCH_COUNTS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64)
LARGE_COUNTS = (1023, 1024, 1025, 2049)

# Leaves of trees around powers of two.
LEAF_COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100)

# Files around sectors, padding steps and segments.
FILE_SIZES = (1, 255, 256, 257, 511, 512, 513, 4095, 4096, 4097, 4352, 65536, 65537, 262143, 262144, 262145, 300000, 524289)


def ragged(rng: random.Random, count: int) -> list[bytes]:
    """Inputs as a trie hands them over: mostly one to five blocks, some at the edges, a few long."""
    out = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.4:
            size = rng.choice(KECCAK_SIZES)
        elif kind < 0.98:
            size = rng.randrange(33, 600)
        else:
            size = rng.randrange(5000)
        out.append(rng.randbytes(size))
    return out
