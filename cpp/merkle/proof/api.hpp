// Inclusion proofs of binary keccak trees: making them, and verifying many at once with the guilty one named.
//
// A proof is the siblings from the leaf's level upwards and, for each, whether the running node is the left child. Levels
// where a node is carried up unhashed have no entry. A false proof is not an error: verification answers per proof.
// Source: docs/protocol/storage.md, segment proofs; "0gfoundation/0g-storage-node: node/shared_types/src/lib.rs".
#pragma once

#include "common/digest.hpp"
#include "common/status.hpp"
#include "merkle/tree/api.hpp"

namespace zg::merkle {

// Longer proofs are refused: no tree of ours is higher.
inline constexpr size_t kProofDepthMax = 64;

// Siblings that leaf `index` of a tree over `leaf_count` leaves needs.
size_t proof_depth(size_t leaf_count, size_t index);

// Out: siblings: 32 * proof_depth bytes, path: proof_depth bytes, 1 where the running node is the left child.
// In:  nodes: as build_tree writes them. index < leaf_count.
void make_proof(const uint8_t* nodes, size_t leaf_count, size_t index, uint8_t* siblings, uint8_t* path);

// The leaf that a path leads to in a tree over `leaf_count` leaves; bad_encoding when it ends above or below the leaves.
Outcome<uint64_t> path_position(const uint8_t* path, size_t depth, uint64_t leaf_count);

// roots[i] = the fold of leaf i along its siblings.
//
// Out: roots: 32 * count bytes, may not overlap the inputs.
// In:  leaves: 32 * count bytes. Proof i has the siblings offsets[i] … offsets[i + 1] - 1 of `siblings` (32 bytes each) and
//      of `path` (one byte each, non-zero: left); offsets: count + 1 ascending, checked by the caller.
void fold_many(const Table& table, const uint8_t* leaves, const uint8_t* siblings, const uint8_t* path, const uint64_t* offsets,
               size_t count, uint8_t* roots);

// ok[i] = 1 when proof i folds to roots[i], else 0. `root_stride` is 32, or 0 when all proofs share one root.
void verify_many(const Table& table, const uint8_t* leaves, const uint8_t* siblings, const uint8_t* path, const uint64_t* offsets,
                 size_t count, const uint8_t* roots, size_t root_stride, uint8_t* ok);

// Why a segment's proof is refused.
enum class ProofFault : uint8_t {
  none = 0,
  shape = 1,         // lemma and path do not fit together, or are longer than any tree
  position = 2,      // the path leads elsewhere than to the segment
  leaf = 3,          // the first hash is not the segment's root
  root = 4,          // the last hash is not the file's root
  fold = 5,          // the siblings do not lead from leaf to root
  zero_padding = 6,  // a sibling beyond the data is not the root of zeros
  file_empty = 7,    // a file of no bytes has no segments
  index = 8,         // the file has no such segment of data
  length = 9,        // the bytes are not as many as that segment sends
};

const char* proof_fault_name(ProofFault fault);

// A segment's proof as servers exchange it: lemma = leaf ‖ siblings bottom up ‖ root, or one hash alone (leaf = root) for a
// file of one segment; path as above.
struct SegmentProof {
  Bytes lemma;
  Bytes path;
  uint64_t segment_index;
  uint64_t file_size_bytes;
  Hash32 file_root;
  Hash32 segment_root;  // recomputed from the bytes received
};

// faults[i] says what is wrong with proofs[i]; the hashing of all of them is one batch. Any input is safe.
void verify_segments(const Table& table, const SegmentProof* proofs, size_t count, ProofFault* faults);

// A segment as a node receives it: its bytes, and the proof that they belong to the file.
struct ReceivedSegment {
  Bytes data;
  Bytes lemma;
  Bytes path;
  uint64_t segment_index;
  uint64_t file_size_bytes;
  Hash32 file_root;
};

// Bytes that segment `segment_index` of a file sends: a whole segment, or what is left of the file rounded up to a sector.
// 0 when the file has no such segment of data.
uint64_t sent_size(const FileLayout& layout, uint64_t segment_index);

// As verify_segments, from the bytes: length and index are checked, the roots of all segments are recomputed on all threads
// (rear sectors of zeros as the file's padding demands), then the proofs. faults[i] belongs to segments[i].
void check_segments(const Table& table, const ReceivedSegment* segments, size_t count, ProofFault* faults);

}  // namespace zg::merkle
