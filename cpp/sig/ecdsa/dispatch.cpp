// Chooses the table, lends scratch, splits work over threads, and sends what lanes could not decide to the scalar table.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <new>

#include "common/backend.hpp"
#include "common/cpu.hpp"
#include "common/parallel.hpp"
#include "hash/keccak256/api.hpp"
#include "sig/ecdsa/api.hpp"

namespace zg::ecdsa {

namespace {

// One signature by coincurve: secret key sha256("zerog ecdsa known answer"), digest sha256("a digest to sign").
constexpr uint8_t kKnownDigest[32] = {
    0x1c, 0x2e, 0x3b, 0x8e, 0x82, 0x1e, 0x18, 0xf3, 0xc8, 0x08, 0xc3, 0x2b, 0xe6, 0xd3, 0x2d, 0x54,
    0xbb, 0x51, 0xc4, 0xdc, 0xe5, 0x57, 0x4d, 0xd5, 0x0c, 0xb9, 0x06, 0x0b, 0xec, 0x11, 0x1f, 0x93};
constexpr uint8_t kKnownSignature[65] = {
    0x99, 0xf4, 0x18, 0x6b, 0x36, 0xfb, 0x21, 0x1f, 0xb8, 0xd6, 0x20, 0x51, 0x4d, 0xca, 0xeb, 0x8b,
    0x7f, 0x84, 0xf3, 0xef, 0xa9, 0xd2, 0x82, 0xb4, 0xc6, 0x9a, 0x79, 0x94, 0x94, 0x0e, 0x2d, 0xe1,
    0x34, 0x59, 0x12, 0x04, 0xec, 0xa2, 0x34, 0x3d, 0xa6, 0x24, 0x2f, 0xc8, 0x21, 0x5e, 0xac, 0x4f,
    0xc4, 0x5d, 0x92, 0x60, 0x24, 0x99, 0xac, 0x4f, 0xbd, 0x8b, 0x8b, 0x30, 0xa4, 0xc6, 0x13, 0x4f,
    0x01};
constexpr uint8_t kKnownKey[64] = {
    0x67, 0x8d, 0x1a, 0x11, 0x19, 0x1d, 0x9e, 0x8c, 0x8f, 0xd9, 0x2f, 0xf2, 0xaf, 0x6f, 0xb1, 0x9e,
    0x50, 0x67, 0x11, 0x07, 0x9b, 0x50, 0x9c, 0xac, 0x99, 0x17, 0x0a, 0x43, 0x78, 0x19, 0x5b, 0x4c,
    0x59, 0x73, 0xd8, 0x0a, 0x5b, 0xda, 0x8c, 0x27, 0x97, 0xcd, 0xe8, 0xf4, 0x3a, 0x95, 0xef, 0x51,
    0x23, 0x5f, 0x09, 0xd3, 0xd8, 0x50, 0x71, 0xcd, 0xd2, 0x9e, 0xb4, 0x97, 0x0f, 0x84, 0x00, 0xe0};

void prepare(const Table& table) {
  if (table.prepare == nullptr) return;
  // One flag suffices: there is one table that prepares anything.
  static std::once_flag once;
  std::call_once(once, table.prepare);
}

// Scratch of one thread's current call, aligned to 64.
class Scratch {
 public:
  explicit Scratch(size_t size) : data_(size == 0 ? nullptr : static_cast<uint8_t*>(::operator new(size, kAlignment))) {}
  ~Scratch() {
    if (data_ != nullptr) ::operator delete(data_, kAlignment);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  uint8_t* data() const { return data_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  uint8_t* data_;
};

// Signatures that one call of a body sees at most: its batch inversions are cheap from a hundred on, and its scratch stays in L2.
constexpr size_t kChunk = 256;
// At least this many for one more thread: some 200 us of work in lanes.
constexpr size_t kGrain = 32;

// Calls body(table, begin, count, scratch) over [0, count) in chunks, on the pool.
template <class Body>
void in_chunks(const Table& table, size_t count, const Body& body) {
  if (count == 0) return;
  if (count >= table.count_min) prepare(table);
  parallel_for(count, kGrain, [&](size_t begin, size_t end) {
    const size_t chunk_max = std::min(kChunk, end - begin);
    const Scratch scratch(table.scratch_bytes == nullptr ? 0 : table.scratch_bytes(chunk_max));
    while (begin < end) {
      const size_t chunk = std::min(chunk_max, end - begin);
      if (chunk < table.count_min) {
        body(scalar, begin, chunk, nullptr);
      } else {
        body(table, begin, chunk, scratch.data());
      }
      begin += chunk;
    }
  });
}

// recover of one chunk, the lanes' undecided ones included.
void recover_chunk(const Table& table, const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64,
                   uint8_t* ok, uint8_t* scratch) {
  table.recover(digests32, signatures65, count, public_keys64, ok, scratch);
  for (size_t i = 0; i < count; ++i)
    if (ok[i] == kRedo) scalar.recover(digests32 + 32 * i, signatures65 + 65 * i, 1, public_keys64 + 64 * i, ok + i, nullptr);
}

bool self_test(const void* opaque) {
  const Table& table = *static_cast<const Table*>(opaque);
  constexpr size_t kCopies = 9;  // one full vector of lanes and one lane more
  uint8_t digests[kCopies * 32], signatures65[kCopies * 65], signatures64[kCopies * 64], keys[kCopies * 64], found[kCopies * 64], ok[kCopies];
  for (size_t i = 0; i < kCopies; ++i) {
    std::memcpy(digests + 32 * i, kKnownDigest, 32);
    std::memcpy(signatures65 + 65 * i, kKnownSignature, 65);
    std::memcpy(signatures64 + 64 * i, kKnownSignature, 64);
    std::memcpy(keys + 64 * i, kKnownKey, 64);
  }
  digests[32 * 3] ^= 1;
  signatures65[65 * 5 + 64] = 4;
  recover_many(table, digests, signatures65, kCopies, found, ok);
  for (size_t i = 0; i < kCopies; ++i) {
    const bool same = std::memcmp(found + 64 * i, kKnownKey, 64) == 0;
    if (ok[i] != (i == 5 ? 0 : 1) || same != (i != 3 && i != 5)) return false;
  }
  verify_many(table, digests, signatures64, keys, kCopies, true, ok);
  for (size_t i = 0; i < kCopies; ++i)
    if (ok[i] != (i == 3 ? 0 : 1)) return false;
  return true;
}

KernelBackends& kernel() {
  static KernelBackends backends("ecdsa",
                                 {
#if defined(__x86_64__)
                                     {"avx512", kCpuAvx512 | kCpuIfma | kCpuBmi2Adx, &avx512},
#endif
                                     {"scalar", 0, &scalar},
                                 },
                                 self_test);
  return backends;
}

// Before main, so that backend_report() lists the kernel even when nothing was verified yet.
[[maybe_unused]] KernelBackends& g_registered = kernel();

const Table& active() {
  static const Table& table = []() -> const Table& {
    const Outcome<const void*> choice = kernel().active();
    if (choice.ok()) return *static_cast<const Table*>(*choice);
    std::fprintf(stderr, "zerog: %s; ecdsa runs on scalar\n", choice.failure().message.c_str());
    return scalar;
  }();
  return table;
}

}  // namespace

Outcome<const Table*> backend(std::string_view name) {
  const Outcome<const void*> found = kernel().named(name);
  if (!found.ok()) return found.failure();
  return static_cast<const Table*>(*found);
}

void recover_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64,
                  uint8_t* ok) {
  in_chunks(table, count, [=](const Table& body, size_t begin, size_t size, uint8_t* scratch) {
    recover_chunk(body, digests32 + 32 * begin, signatures65 + 65 * begin, size, public_keys64 + 64 * begin, ok + begin, scratch);
  });
}

void recover_addresses(const Table& table, const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* addresses20,
                       uint8_t* ok) {
  in_chunks(table, count, [=](const Table& body, size_t begin, size_t size, uint8_t* scratch) {
    uint8_t keys[kChunk * 64], hashes[kChunk * 32];
    Bytes views[kChunk];
    recover_chunk(body, digests32 + 32 * begin, signatures65 + 65 * begin, size, keys, ok + begin, scratch);
    for (size_t i = 0; i < size; ++i) views[i] = {keys + 64 * i, 64};
    keccak256::hash_many(views, size, hashes);
    for (size_t i = 0; i < size; ++i) {
      uint8_t* address = addresses20 + 20 * (begin + i);
      if (ok[begin + i] == 1) {
        std::memcpy(address, hashes + 32 * i + 12, 20);
      } else {
        std::memset(address, 0, 20);
      }
    }
  });
}

void verify_many(const Table& table, const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count,
                 bool low_s_only, uint8_t* ok) {
  in_chunks(table, count, [=](const Table& body, size_t begin, size_t size, uint8_t* scratch) {
    const uint8_t* digests = digests32 + 32 * begin;
    const uint8_t* signatures = signatures64 + 64 * begin;
    const uint8_t* keys = public_keys64 + 64 * begin;
    uint8_t* verdicts = ok + begin;
    body.verify(digests, signatures, keys, size, low_s_only, verdicts, scratch);
    for (size_t i = 0; i < size; ++i)
      if (verdicts[i] == kRedo) scalar.verify(digests + 32 * i, signatures + 64 * i, keys + 64 * i, 1, low_s_only, verdicts + i, nullptr);
  });
}

void recover_many(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* public_keys64, uint8_t* ok) {
  recover_many(active(), digests32, signatures65, count, public_keys64, ok);
}

void recover_addresses(const uint8_t* digests32, const uint8_t* signatures65, size_t count, uint8_t* addresses20, uint8_t* ok) {
  recover_addresses(active(), digests32, signatures65, count, addresses20, ok);
}

void verify_many(const uint8_t* digests32, const uint8_t* signatures64, const uint8_t* public_keys64, size_t count, bool low_s_only,
                 uint8_t* ok) {
  verify_many(active(), digests32, signatures64, public_keys64, count, low_s_only, ok);
}

}  // namespace zg::ecdsa
