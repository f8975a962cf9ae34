"""FlowTree against the flow stated plainly: random files, proofs at every earlier length, reorganisations, restarts."""

from __future__ import annotations

import random
from functools import lru_cache

from oracle.flow import Flow, siblings
from zerog.primitives.hashing import keccak256
from zerog.primitives.merkle import FlowTree
from zerog.storage.layout import FileTree, Proof, verify_sector


@lru_cache(maxsize=1 << 18)
def k(data: bytes) -> bytes:
    return keccak256(data)


def file_of(rng: random.Random) -> bytes:
    size = rng.randrange(1, rng.choice([257, 600, 5000, 20000, 60000, 300000, 700000]))
    return (rng.randbytes(251) * (size // 251 + 1))[:size]


class Pair:
    """The tree and its oracle, moved together; the rows that a store would hold."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.tree, self.oracle = FlowTree(), Flow(k)
        self.files: list[bytes] = []
        self.rows: dict[bytes, bytes] = {}

    def submit(self) -> None:
        data = file_of(self.rng)
        file = FileTree.from_buffer(data)
        start = self.oracle.submit(data)
        found = self.tree.submit(file.nodes, start=start)
        assert (found.start, found.length) == (start, len(self.oracle.leaves))
        self.files.append(data)

    def fill(self, number: int) -> None:
        data = self.files[number]
        file = FileTree.from_buffer(data)
        start = self.tree.submission(number).start
        if start % 1024 != 0:
            return
        if self.rng.random() < 0.5:
            whole = sum(sectors for height, sectors in file.layout.nodes if height >= 10) // 1024
            assert self.tree.fill_segments(start // 1024, file.segment_roots[:whole]) == whole
        else:
            index = self.rng.randrange(file.layout.tree_segments)
            proof = file.proof(index)
            self.tree.fill_proof(start // 1024 + index, proof.lemma[0], proof.lemma[1:-1], proof.path)

    def revert(self) -> None:
        count = self.rng.randrange(len(self.files) + 1)
        assert self.tree.revert(self.oracle.lengths[count]) == len(self.files) - count
        self.oracle.revert(count)
        del self.files[count:]

    def store(self) -> None:
        for key, value in self.tree.take_rows():
            if value is None:
                del self.rows[key]  # a row is erased only after it was written
            else:
                assert key not in self.rows
                self.rows[key] = value

    def restart(self) -> None:
        self.store()
        rows = list(self.rows.items())
        self.rng.shuffle(rows)
        loaded = FlowTree.from_rows(rows)
        assert (loaded.root, loaded.length, loaded.node_count) == (self.tree.root, self.tree.length, self.tree.node_count)
        assert loaded.take_rows() == []
        self.tree = loaded

    def check_roots(self) -> None:
        for length in self.rng.sample(self.oracle.lengths, min(3, len(self.oracle.lengths))):
            assert self.tree.root_at(length) == self.oracle.root(length)
        assert self.tree.root == self.oracle.root(len(self.oracle.leaves))

    def check_proofs(self) -> None:
        length = self.rng.choice(self.oracle.lengths)
        levels = self.oracle.levels(length)
        for _ in range(6):
            sector = self.rng.randrange(length)
            node = self.tree.known(sector)
            assert node is not None
            data = b"".join(self.oracle.sectors[node.first_sector : node.first_sector + (1 << node.height)])
            proof = self.tree.sector_proof(sector, data, length=length)
            if node.height > 10:
                assert proof is None
                continue
            if proof is None:  # a neighbour inside a large file whose bytes nobody has yet
                assert any(height > 10 for data in self.files for height, _ in FileTree.from_buffer(data).layout.nodes)
                continue
            assert list(proof.lemma) == [self.oracle.leaves[sector], *siblings(levels, 0, sector), levels[-1][0]]
            assert verify_sector(self.oracle.sectors[sector], sector, Proof(*proof), levels[-1][0]) == (sector != 0)


def test_random_lives(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(8):
        pair = Pair(rng)
        for _ in range(40):
            step = rng.random()
            if step < 0.7 or not pair.files:
                pair.submit()
            elif step < 0.85:
                pair.fill(rng.randrange(len(pair.files)))
            elif step < 0.93:
                pair.restart()
            elif rng.random() < 0.5:
                pair.revert()
            pair.store()
            if rng.random() < 0.3:
                pair.check_roots()
                pair.check_proofs()
        pair.check_roots()


def test_many_small_files_fill_segments(seed: int) -> None:
    rng = random.Random(seed)
    tree, oracle = FlowTree(), Flow(k)
    nodes, rows = 0, dict[bytes, bytes]()
    for number in range(2600):
        data = rng.randbytes(rng.choice([1, 100, 256, 300, 700]))
        file = FileTree.from_buffer(data)
        assert tree.submit(file.nodes).start == oracle.submit(data)
        nodes += len(file.nodes)
        if number % 400 == 0:
            assert tree.root == oracle.root(len(oracle.leaves))
            rows.update((key, value) for key, value in tree.take_rows() if value is not None)  # nothing was reverted
            tree = FlowTree.from_rows(rows.items())
    for number in rng.sample(range(2600), 8):
        assert tree.root_after(number) == oracle.root(oracle.lengths[number + 1])
    assert tree.node_count < 3 * nodes
