#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "common/parallel.hpp"
#include "merkle/proof/api.hpp"

namespace zg::merkle {

namespace {

// Proofs folded together by one thread; their running nodes stay in its first-level cache.
constexpr size_t kFoldChunk = 256;

}  // namespace

size_t proof_depth(size_t leaf_count, size_t index) {
  size_t depth = 0;
  for (size_t count = leaf_count; count > 1; count = (count + 1) / 2, index /= 2) depth += (index ^ 1) < count;
  return depth;
}

void make_proof(const uint8_t* nodes, size_t leaf_count, size_t index, uint8_t* siblings, uint8_t* path) {
  for (size_t count = leaf_count; count > 1; count = (count + 1) / 2, index /= 2) {
    if ((index ^ 1) < count) {
      std::memcpy(siblings, nodes + 32 * (index ^ 1), 32);
      siblings += 32;
      *path++ = index % 2 == 0;
    }
    nodes += 32 * count;
  }
}

Outcome<uint64_t> path_position(const uint8_t* path, size_t depth, uint64_t leaf_count) {
  uint64_t position = 0;
  for (size_t level = depth; level-- != 0;) {
    if (leaf_count <= 1) return Failure{Status::bad_encoding, "path: longer than the tree is high"};
    const uint64_t half = std::bit_floor(leaf_count - 1);  // the largest power of two below the count
    if (path[level] != 0) {
      leaf_count = half;
    } else {
      position += half;
      leaf_count -= half;
    }
  }
  if (leaf_count != 1) return Failure{Status::bad_encoding, "path: ends above the leaves"};
  return position;
}

void fold_many(const Table& table, const uint8_t* leaves, const uint8_t* siblings, const uint8_t* path, const uint64_t* offsets,
               size_t count, uint8_t* roots) {
  parallel_for(count, kFoldChunk / 4, [&](size_t begin, size_t end) {
    uint32_t order[kFoldChunk];
    const uint8_t *lefts[kFoldChunk], *rights[kFoldChunk];
    uint8_t* outs[kFoldChunk];
    for (size_t first = begin; first < end; first += kFoldChunk) {
      const size_t chunk = std::min(kFoldChunk, end - first);
      std::memcpy(roots + 32 * first, leaves + 32 * first, 32 * chunk);
      // Deepest first, so that the proofs which go on are always the front of the list.
      std::iota(order, order + chunk, uint32_t{0});
      auto depth = [&](uint32_t i) { return offsets[first + i + 1] - offsets[first + i]; };
      std::sort(order, order + chunk, [&](uint32_t a, uint32_t b) { return depth(a) > depth(b); });
      size_t active = chunk;
      for (uint64_t level = 0;; ++level) {
        while (active != 0 && depth(order[active - 1]) <= level) --active;
        if (active == 0) break;
        for (size_t k = 0; k < active; ++k) {
          const uint64_t entry = offsets[first + order[k]] + level;
          uint8_t* running = roots + 32 * (first + order[k]);
          const uint8_t* sibling = siblings + 32 * entry;
          lefts[k] = path[entry] != 0 ? running : sibling;
          rights[k] = path[entry] != 0 ? sibling : running;
          outs[k] = running;
        }
        table.keccak->hash_pairs(lefts, rights, outs, active);
      }
    }
  });
}

void verify_many(const Table& table, const uint8_t* leaves, const uint8_t* siblings, const uint8_t* path, const uint64_t* offsets,
                 size_t count, const uint8_t* roots, size_t root_stride, uint8_t* ok) {
  std::vector<uint8_t> folded(32 * count);
  fold_many(table, leaves, siblings, path, offsets, count, folded.data());
  for (size_t i = 0; i < count; ++i) ok[i] = std::memcmp(folded.data() + 32 * i, roots + root_stride * i, 32) == 0;
}

const char* proof_fault_name(ProofFault fault) {
  switch (fault) {
    case ProofFault::none: return "none";
    case ProofFault::shape: return "shape";
    case ProofFault::position: return "position";
    case ProofFault::leaf: return "leaf";
    case ProofFault::root: return "root";
    case ProofFault::fold: return "fold";
    case ProofFault::zero_padding: return "zero-padding";
    case ProofFault::file_empty: return "file-empty";
    case ProofFault::index: return "index";
    case ProofFault::length: return "length";
  }
  return "unknown";
}

namespace {

// Everything about a proof that needs no hashing.
ProofFault check_form(const SegmentProof& proof) {
  const size_t hashes = proof.lemma.size / 32;
  const size_t depth = proof.path.size;
  if (proof.lemma.size % 32 != 0 || depth > kProofDepthMax || hashes != (depth == 0 ? 1 : depth + 2)) return ProofFault::shape;
  const Outcome<FileLayout> layout = file_layout(proof.file_size_bytes);
  if (!layout.ok()) return ProofFault::shape;
  const Outcome<uint64_t> position = path_position(proof.path.data, depth, layout->segments_padded);
  if (!position.ok() || *position != proof.segment_index) return ProofFault::position;
  if (std::memcmp(proof.lemma.data, proof.segment_root.b, 32) != 0) return ProofFault::leaf;
  if (std::memcmp(proof.lemma.data + 32 * (hashes - 1), proof.file_root.b, 32) != 0) return ProofFault::root;

  // Down from the root: a right sibling that begins beyond the data covers zeros alone. Padding ends inside the last
  // power-of-two unit of the tree, so such a sibling is a whole subtree and its root is in the table.
  const uint64_t data_segments = (layout->sectors + kSegmentSectors - 1) / kSegmentSectors;
  uint64_t left = layout->segments_padded, at = 0;
  for (size_t level = depth; level-- != 0;) {
    const uint64_t half = std::bit_floor(left - 1);
    if (proof.path.data[level] == 0) {
      at += half;
      left -= half;
      continue;
    }
    if (at + half >= data_segments) {
      const Hash32& zeros = zero_root(static_cast<unsigned>(std::countr_zero(half)) + kSegmentHeight);
      if (std::memcmp(proof.lemma.data + 32 * (level + 1), zeros.b, 32) != 0) return ProofFault::zero_padding;
    }
    left = half;
  }
  return ProofFault::none;
}

}  // namespace

void verify_segments(const Table& table, const SegmentProof* proofs, size_t count, ProofFault* faults) {
  std::vector<size_t> sound;
  std::vector<uint8_t> leaves, siblings, path, roots;
  std::vector<uint64_t> offsets{0};
  for (size_t i = 0; i < count; ++i) {
    faults[i] = check_form(proofs[i]);
    if (faults[i] != ProofFault::none) continue;
    const SegmentProof& proof = proofs[i];
    sound.push_back(i);
    leaves.insert(leaves.end(), proof.lemma.data, proof.lemma.data + 32);
    if (proof.path.size != 0) {
      siblings.insert(siblings.end(), proof.lemma.data + 32, proof.lemma.data + 32 + 32 * proof.path.size);
      path.insert(path.end(), proof.path.data, proof.path.data + proof.path.size);
    }
    roots.insert(roots.end(), proof.file_root.b, proof.file_root.b + 32);
    offsets.push_back(path.size());
  }
  std::vector<uint8_t> ok(sound.size());
  verify_many(table, leaves.data(), siblings.data(), path.data(), offsets.data(), sound.size(), roots.data(), 32, ok.data());
  for (size_t k = 0; k < sound.size(); ++k)
    if (ok[k] == 0) faults[sound[k]] = ProofFault::fold;
}

uint64_t sent_size(const FileLayout& layout, uint64_t segment_index) {
  if (segment_index >= layout.segments) return 0;
  if (segment_index + 1 < layout.segments) return kSegmentSize;
  return layout.sectors * kSectorSize - segment_index * kSegmentSize;
}

void check_segments(const Table& table, const ReceivedSegment* segments, size_t count, ProofFault* faults) {
  std::vector<SegmentProof> proofs(count);
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const ReceivedSegment& segment = segments[i];
      faults[i] = ProofFault::none;
      const Outcome<FileLayout> layout = file_layout(segment.file_size_bytes);
      if (!layout.ok()) {
        faults[i] = segment.file_size_bytes == 0 ? ProofFault::file_empty : ProofFault::shape;
        continue;
      }
      const uint64_t size = sent_size(*layout, segment.segment_index);
      if (size == 0 || size != segment.data.size) {
        faults[i] = size == 0 ? ProofFault::index : ProofFault::length;
        continue;
      }
      const bool is_last = segment.segment_index + 1 == layout->segments_padded;
      const size_t leaf_count = is_last ? (layout->sectors_padded - 1) % kSegmentSectors + 1 : kSegmentSectors;
      proofs[i] = {segment.lemma,           segment.path,      segment.segment_index,
                   segment.file_size_bytes, segment.file_root, *segment_root(table, segment.data, leaf_count)};
    }
  });
  std::vector<SegmentProof> whole;
  std::vector<size_t> positions;
  for (size_t i = 0; i < count; ++i) {
    if (faults[i] != ProofFault::none) continue;
    whole.push_back(proofs[i]);
    positions.push_back(i);
  }
  std::vector<ProofFault> found(whole.size());
  verify_segments(table, whole.data(), whole.size(), found.data());
  for (size_t k = 0; k < whole.size(); ++k) faults[positions[k]] = found[k];
}

}  // namespace zg::merkle
