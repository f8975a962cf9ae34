// Proofs from strangers: any bytes as lemma, path and sizes must be refused or accepted exactly as the plain rules say, on
// every backend, without a read outside them.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "hash/keccak256/api.hpp"
#include "merkle/proof/api.hpp"

using namespace zg;

namespace {

// Takes bytes off the front of the input; zeros when it is short.
struct Reader {
  const uint8_t* at;
  size_t left;

  uint64_t number(size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(byte()) << (8 * i);
    return value;
  }
  uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *at++;
  }
  std::vector<uint8_t> bytes(size_t size) {
    std::vector<uint8_t> out(size);
    for (uint8_t& b : out) b = byte();
    return out;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

Hash32 plain_fold(const merkle::SegmentProof& proof) {
  Hash32 running = fixed_from<32>(proof.lemma.data);
  for (size_t i = 0; i < proof.path.size; ++i) {
    uint8_t both[64];
    std::memcpy(both + (proof.path.data[i] != 0 ? 0 : 32), running.b, 32);
    std::memcpy(both + (proof.path.data[i] != 0 ? 32 : 0), proof.lemma.data + 32 * (i + 1), 32);
    keccak256::scalar.hash_one({both, 64}, running.b);
  }
  return running;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader reader{data, size};
  const size_t count = reader.byte() % 12;
  std::vector<std::vector<uint8_t>> lemmas, paths;
  std::vector<merkle::SegmentProof> proofs(count);
  for (merkle::SegmentProof& proof : proofs) {
    const uint8_t shape = reader.byte();
    const size_t depth = shape % 70;
    paths.push_back(reader.bytes(depth));
    for (uint8_t& side : paths.back()) side &= 1;
    // Mostly the right number of hashes, else any number of bytes.
    lemmas.push_back(reader.bytes(shape >= 240 ? reader.number(2) % 3000 : 32 * (depth == 0 ? 1 : depth + 2)));
    proof.path = as_bytes(paths.back());
    proof.lemma = as_bytes(lemmas.back());
    proof.segment_index = reader.number(reader.byte() % 9);
    proof.file_size_bytes = reader.number(reader.byte() % 9);
    // Often true to the lemma, so that later checks are reached.
    const uint8_t truth = reader.byte();
    if (proof.lemma.size >= 32) {
      proof.segment_root = fixed_from<32>(proof.lemma.data);
      if (truth & 1 && proof.lemma.size == 32 * (depth + 2)) {
        const Hash32 folded = plain_fold(proof);
        std::memcpy(lemmas.back().data() + proof.lemma.size - 32, folded.b, 32);
      }
      proof.file_root = fixed_from<32>(proof.lemma.data + proof.lemma.size - 32);
    }
    if (truth & 2) proof.segment_root.b[truth % 32] ^= truth;
    if (truth & 4) proof.file_root.b[truth % 32] ^= truth;
    const auto position = merkle::path_position(proof.path.data, depth, proof.segment_index + 1);
    if (position.ok()) require(*position <= proof.segment_index);
    const auto layout = merkle::file_layout(proof.file_size_bytes);
    if (truth & 8 && layout.ok()) {
      const auto place = merkle::path_position(proof.path.data, depth, layout->segments_padded);
      if (place.ok()) proof.segment_index = *place;
    }
  }
  std::vector<merkle::ProofFault> wanted(count), found(count);
  merkle::verify_segments(**merkle::backend("scalar"), proofs.data(), count, wanted.data());
  for (size_t i = 0; i < count; ++i) {
    if (wanted[i] != merkle::ProofFault::none) continue;
    require(plain_fold(proofs[i]) == proofs[i].file_root);
    require(fixed_from<32>(proofs[i].lemma.data) == proofs[i].segment_root);
    require(proofs[i].segment_index < merkle::file_layout(proofs[i].file_size_bytes)->segments_padded);
  }
  for (const char* name : {"avx2", "avx512"}) {
    const auto table = merkle::backend(name);
    if (!table.ok()) continue;
    merkle::verify_segments(**table, proofs.data(), count, found.data());
    require(found == wanted);
  }
  return 0;
}
