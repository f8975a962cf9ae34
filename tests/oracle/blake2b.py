"""BLAKE2b-512, unkeyed, stated plainly: RFC 7693, section 3."""

from __future__ import annotations

IV = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip
SIGMA = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
MASK = (1 << 64) - 1


def rotated(value: int, count: int) -> int:
    return (value >> count | value << (64 - count)) & MASK


def compress(h: list[int], block: bytes, counted: int, is_last: bool) -> list[int]:
    m = [int.from_bytes(block[8 * i : 8 * i + 8], "little") for i in range(16)]
    v = [*h, *IV]
    v[12] ^= counted & MASK
    v[13] ^= counted >> 64
    if is_last:
        v[14] ^= MASK

    def mix(a: int, b: int, c: int, d: int, x: int, y: int) -> None:
        for word, first, second in ((x, 32, 24), (y, 16, 63)):
            v[a] = (v[a] + v[b] + word) & MASK
            v[d] = rotated(v[d] ^ v[a], first)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotated(v[b] ^ v[c], second)

    for i in range(12):
        s = SIGMA[i % 10]
        for column in range(4):
            mix(column, 4 + column, 8 + column, 12 + column, m[s[2 * column]], m[s[2 * column + 1]])
        for slant in range(4):
            mix(slant, 4 + (slant + 1) % 4, 8 + (slant + 2) % 4, 12 + (slant + 3) % 4, m[s[8 + 2 * slant]], m[s[9 + 2 * slant]])
    return [old ^ v[i] ^ v[i + 8] for i, old in enumerate(h)]


def blake2b(data: bytes) -> bytes:
    h = list(IV)
    h[0] ^= 0x01010000 | 64
    blocks = max(1, -(-len(data) // 128))
    for i in range(blocks):
        block = data[128 * i : 128 * i + 128].ljust(128, b"\0")
        h = compress(h, block, min(len(data), 128 * (i + 1)), i == blocks - 1)
    return b"".join(word.to_bytes(8, "little") for word in h)
