// A slice between memory and the wire (docs/protocol/da.md §1.11).
#include <cstring>

#include "commit/amt/api.hpp"
#include "commit/amt/codec.hpp"
#include "common/endian.hpp"

namespace zg::amt {

namespace {

constexpr size_t kDigest = 32;

class Writer {
 public:
  Writer(uint8_t* at, bool compressed) : at_(at), compressed_(compressed) {}
  void number(uint64_t value) {
    store_le64(at_, value);
    at_ += 8;
  }
  void point(const G1Affine& p) {
    compressed_ ? put_g1_compressed(p, at_) : put_g1(p, at_);
    at_ += compressed_ ? kPointSizeCompressed : kPointSize;
  }
  void bytes(const uint8_t* from, size_t size) {
    std::memcpy(at_, from, size);
    at_ += size;
  }

 private:
  uint8_t* at_;
  bool compressed_;
};

// Sizes are checked before; what fails first is kept.
class Parser {
 public:
  Parser(const uint8_t* at, bool compressed) : at_(at), compressed_(compressed) {}
  uint64_t number() {
    at_ += 8;
    return load_le64(at_ - 8);
  }
  void count(uint64_t expected, const char* what) {
    const uint64_t found = number();
    if (found != expected) fail(std::string(what) + ": expected a count of " + std::to_string(expected) + ", found " + std::to_string(found));
  }
  void point(G1Affine& p, const std::string& what) {
    const bool ok = compressed_ ? get_g1_compressed(at_, p) : get_g1(at_, p);
    at_ += compressed_ ? kPointSizeCompressed : kPointSize;
    if (!ok) fail(what + ": expected a point of the curve with its flags");
  }
  void digest(Hash32& out) {
    out = fixed_from<kDigest>(at_);
    at_ += kDigest;
  }
  const uint8_t* bytes(size_t size) {
    at_ += size;
    return at_ - size;
  }
  void fail(std::string what) {
    if (wrong.empty()) wrong = std::move(what);
  }
  std::string wrong;

 private:
  const uint8_t* at_;
  bool compressed_;
};

void take_row(Parser& in, const uint8_t* row, const Geometry& shape, Slice& slice) {
  slice.row.assign(row, row + shape.row_size());
  for (size_t j = 0; j < shape.columns(); ++j) {
    uint64_t words[4];
    std::memcpy(words, row + rs_fr::kCellSize * j, sizeof words);
    if (!field::is_reduced<bn254::FrParams>(words)) return in.fail("row: symbol " + std::to_string(j) + " is not below r");
  }
}

void take_siblings(Parser& in, const Geometry& shape, Slice& slice) {
  in.count(shape.log_rows, "proof");
  slice.siblings.resize(2 * shape.log_rows);
  for (unsigned i = 0; i < 2 * shape.log_rows; ++i) in.point(slice.siblings[i], (i % 2 == 0 ? "node of depth " : "quotient of depth ") + std::to_string(i / 2 + 1));
}

void take_tree(Parser& in, const Geometry& shape, Slice& slice) {
  for (Hash32& root : slice.blob_roots) in.digest(root);
  in.count(shape.log_rows, "path");
  slice.path.resize(shape.log_rows);
  for (Hash32& sibling : slice.path) in.digest(sibling);
}

Outcome<Slice> finish(Parser& in, Slice& slice) {
  if (!in.wrong.empty()) return Failure{Status::bad_encoding, "slice: " + in.wrong};
  return std::move(slice);
}

Failure wrong_size(size_t expected, size_t found) {
  return {Status::bad_encoding, "slice: expected " + std::to_string(expected) + " bytes, found " + std::to_string(found)};
}

}  // namespace

size_t slice_size(Geometry shape) {
  return 7 * 8 + kPointSize * (2 + 2 * shape.log_rows) + shape.row_size() + kDigest * (kCosets + shape.log_rows + 1);
}

size_t light_slice_size(Geometry shape) {
  return 3 * 8 + kPointSizeCompressed * (2 + 2 * shape.log_rows) + kDigest * (kCosets + shape.log_rows + 1);
}

Slice slice_of(const Proof& proof, const rs_fr::Encoded& encoded, size_t index) {
  const Geometry& shape = proof.geometry;
  const size_t coset = index / shape.rows(), local = index % shape.rows();
  Slice slice{index, index, local, index, proof.commitment, proof.high, {}, {}, {}, encoded.row_proof(index), encoded.row_root(index)};
  slice.row.assign(encoded.row(index), encoded.row(index) + shape.row_size());
  for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
    const size_t at = nodes_before(depth) + ((local & ((size_t{1} << depth) - 1)) ^ (size_t{1} << (depth - 1)));
    slice.siblings.push_back(proof.nodes[coset][at]);
    slice.siblings.push_back(proof.quotients[coset][at]);
  }
  for (size_t c = 0; c < kCosets; ++c) slice.blob_roots[c] = encoded.blob_root(c);
  return slice;
}

void encode_slice(const Slice& slice, Geometry shape, uint8_t* to) {
  Writer out(to, false);
  out.number(slice.index);
  out.number(slice.amt_index);
  out.point(slice.commitment);
  out.number(slice.row_index);
  out.number(shape.columns());
  out.bytes(slice.row.data(), slice.row.size());
  out.number(shape.log_rows);
  for (const G1Affine& p : slice.siblings) out.point(p);
  out.point(slice.high);
  for (const Hash32& root : slice.blob_roots) out.bytes(root.b, kDigest);
  out.number(shape.log_rows);
  for (const Hash32& sibling : slice.path) out.bytes(sibling.b, kDigest);
  out.number(slice.leaf_index);
  out.bytes(slice.row_root.b, kDigest);
}

void encode_light_slice(const Slice& slice, Geometry shape, uint8_t* to) {
  Writer out(to, true);
  out.number(slice.index);
  out.point(slice.commitment);
  out.number(shape.log_rows);
  for (const G1Affine& p : slice.siblings) out.point(p);
  out.point(slice.high);
  for (const Hash32& root : slice.blob_roots) out.bytes(root.b, kDigest);
  out.number(shape.log_rows);
  for (const Hash32& sibling : slice.path) out.bytes(sibling.b, kDigest);
  out.bytes(slice.row_root.b, kDigest);
}

Outcome<Slice> decode_slice(Bytes bytes, Geometry shape) {
  if (bytes.size != slice_size(shape)) return wrong_size(slice_size(shape), bytes.size);
  Parser in(bytes.data, false);
  Slice slice{};
  slice.index = in.number();
  slice.amt_index = in.number();
  in.point(slice.commitment, "commitment");
  slice.row_index = in.number();
  in.count(shape.columns(), "row");
  take_row(in, in.bytes(shape.row_size()), shape, slice);
  take_siblings(in, shape, slice);
  in.point(slice.high, "C_high");
  take_tree(in, shape, slice);
  slice.leaf_index = in.number();
  in.digest(slice.row_root);
  return finish(in, slice);
}

Outcome<Slice> decode_light_slice(Bytes bytes, Geometry shape, Bytes row) {
  if (bytes.size != light_slice_size(shape)) return wrong_size(light_slice_size(shape), bytes.size);
  if (row.size != shape.row_size()) return Failure{Status::bad_encoding, "row: expected " + std::to_string(shape.row_size()) + " bytes, found " + std::to_string(row.size)};
  Parser in(bytes.data, true);
  Slice slice{};
  slice.index = slice.amt_index = slice.leaf_index = in.number();
  slice.row_index = slice.index % shape.rows();
  in.point(slice.commitment, "commitment");
  take_row(in, row.data, shape, slice);
  take_siblings(in, shape, slice);
  in.point(slice.high, "C_high");
  take_tree(in, shape, slice);
  in.digest(slice.row_root);
  return finish(in, slice);
}

void encode_commitment(const G1Affine& point, uint8_t out[64]) {
  put_g1(point, out);
  out[63] &= static_cast<uint8_t>(~(kFlagNegative | kFlagInfinity));
}

Outcome<G1Affine> decode_commitment(const uint8_t bytes[64]) {
  uint8_t big_endian[64];
  for (int i = 0; i < 32; ++i) {
    big_endian[i] = bytes[31 - i];
    big_endian[32 + i] = bytes[63 - i];
  }
  G1Affine p;
  if (!bn254::decode_g1(big_endian, p)) return Failure{Status::bad_encoding, "commitment: expected a point of the curve"};
  return p;
}

}  // namespace zg::amt
