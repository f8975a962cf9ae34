// Bytes to symbols and back, and the trees over rows.
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "common/endian.hpp"
#include "erasure/rs_fr/api.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::rs_fr {

namespace {

Hash32 pair(const Hash32& left, const Hash32& right) {
  uint8_t both[64];
  std::memcpy(both, left.b, 32);
  std::memcpy(both + 32, right.b, 32);
  return keccak256::hash({both, sizeof both});
}

// The root that `leaf` at `position` of a tree leads to.
Hash32 climb(Hash32 leaf, size_t position, const Hash32* proof, size_t count) {
  for (size_t i = 0; i < count; ++i) leaf = (position >> i & 1) != 0 ? pair(proof[i], leaf) : pair(leaf, proof[i]);
  return leaf;
}

bool all_zero(const uint8_t* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
}

}  // namespace

Outcome<Geometry> geometry(size_t rows, size_t columns) {
  const auto fits = [](size_t count) { return std::has_single_bit(count) && count >= size_t{1} << kLogMin && count <= size_t{1} << kLogMax; };
  if (fits(rows) && fits(columns)) return Geometry{static_cast<unsigned>(std::countr_zero(rows)), static_cast<unsigned>(std::countr_zero(columns))};
  return Failure{Status::bad_argument, "geometry: expected powers of two from 2 to 1024, found " + std::to_string(rows) + " rows of " + std::to_string(columns)};
}

void pack_rows(Bytes data, Geometry geometry, size_t first, size_t count, uint8_t* cells) {
  const size_t end = (first + count) * geometry.columns();
  for (size_t s = first * geometry.columns(); s < end; ++s) {
    const size_t from = kSymbolSize * s;
    uint8_t* to = cells + kCellSize * s;
    if (from + kCellSize <= data.size) {  // one whole copy, then the byte too many
      std::memcpy(to, data.data + from, kCellSize);
      to[kSymbolSize] = 0;
      continue;
    }
    const size_t size = from >= data.size ? 0 : std::min(kSymbolSize, data.size - from);
    if (size != 0) std::memcpy(to, data.data + from, size);
    std::memset(to + size, 0, kCellSize - size);
  }
  if (end == geometry.cells()) store_le32(cells + kCellSize * end - 1 - kTrailerSize, static_cast<uint32_t>(data.size));
}

Outcome<std::vector<uint8_t>> unpack(const uint8_t* cells, Geometry geometry) {
  const size_t count = geometry.cells();
  const size_t size = load_le32(cells + kCellSize * count - 1 - kTrailerSize);
  if (size > geometry.data_size_max())
    return Failure{Status::bad_encoding, "length: expected at most " + std::to_string(geometry.data_size_max()) + " bytes, found " + std::to_string(size)};
  for (size_t s = 0; s < count; ++s) {
    const uint8_t* cell = cells + kCellSize * s;
    if (cell[kSymbolSize] != 0) return Failure{Status::bad_encoding, "symbol " + std::to_string(s) + " has more than 31 bytes"};
    const size_t from = kSymbolSize * s, used = from >= size ? 0 : std::min(kSymbolSize, size - from);
    const size_t end = s + 1 == count ? kSymbolSize - kTrailerSize : kSymbolSize;
    if (used < end && !all_zero(cell + used, end - used)) return Failure{Status::bad_encoding, "padding: symbol " + std::to_string(s) + " is not zero behind the data"};
  }
  std::vector<uint8_t> out(size);
  for (size_t from = 0; from < size; from += kSymbolSize)
    std::memcpy(out.data() + from, cells + kCellSize * (from / kSymbolSize), std::min(kSymbolSize, size - from));
  return out;
}

Hash32 row_root(const merkle::Table& table, const uint8_t* row, Geometry geometry) {
  Hash32 root;
  if (geometry.row_size() < merkle::kSectorSize) return keccak256::hash({row, geometry.row_size()});
  const auto height = static_cast<unsigned>(std::countr_zero(geometry.row_size() / merkle::kSectorSize));
  uint8_t scratch[kCellSize << kLogMax >> 3];
  table.subtrees(row, height, 1, scratch, root.b);
  return root;
}

Hash32 data_root(const Hash32 blob_roots[kCosets]) { return pair(pair(blob_roots[0], blob_roots[1]), blob_roots[2]); }

bool verify_row(Geometry geometry, size_t index, const uint8_t* row, const std::vector<Hash32>& proof, const Hash32 blob_roots[kCosets],
                const Hash32& root) {
  if (index >= geometry.rows_encoded() || proof.size() != geometry.log_rows || data_root(blob_roots) != root) return false;
  const auto table = merkle::backend("");
  const Hash32 leaf = row_root(table.ok() ? **table : merkle::scalar, row, geometry);
  return climb(leaf, index % geometry.rows(), proof.data(), proof.size()) == blob_roots[index / geometry.rows()];
}

bool verify_subline(Geometry geometry, size_t row, size_t subline, const uint8_t* bytes, const std::vector<Hash32>& proof,
                    const Hash32 blob_roots[kCosets], const Hash32& root) {
  const size_t sublines = geometry.row_size() / kSublineSize;
  if (row >= geometry.rows_encoded() || subline >= sublines || data_root(blob_roots) != root) return false;
  const auto inner = static_cast<size_t>(std::countr_zero(sublines));
  if (proof.size() != inner + geometry.log_rows) return false;
  Hash32 leaves[kSublineSize / merkle::kSectorSize];
  for (size_t i = 0; i < std::size(leaves); ++i) leaves[i] = keccak256::hash({bytes + merkle::kSectorSize * i, merkle::kSectorSize});
  const Hash32 node = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]));
  return climb(node, row % geometry.rows() * sublines + subline, proof.data(), proof.size()) == blob_roots[row / geometry.rows()];
}

Hash32 Encoded::row_root(size_t index) const {
  const size_t nodes = merkle::tree_size(geometry_.rows());
  return fixed_from<32>(trees_.data() + 32 * (nodes * (index / geometry_.rows()) + index % geometry_.rows()));
}

std::vector<Hash32> Encoded::row_proof(size_t index) const {
  const size_t nodes = merkle::tree_size(geometry_.rows());
  const uint8_t* level = trees_.data() + 32 * nodes * (index / geometry_.rows());
  size_t position = index % geometry_.rows();
  std::vector<Hash32> out;
  for (size_t width = geometry_.rows(); width > 1; width /= 2) {
    out.push_back(fixed_from<32>(level + 32 * (position ^ 1)));
    level += 32 * width;
    position /= 2;
  }
  return out;
}

Outcome<std::vector<Hash32>> Encoded::subline_proof(size_t row, size_t subline) const {
  const size_t sublines = geometry_.row_size() / kSublineSize;
  if (row >= geometry_.rows_encoded() || subline >= sublines)
    return Failure{Status::bad_argument, "subline: expected a row below " + std::to_string(geometry_.rows_encoded()) + " and a subline below " +
                                             std::to_string(sublines) + ", found " + std::to_string(row) + " and " + std::to_string(subline)};
  const size_t leaves = geometry_.row_size() / merkle::kSectorSize;
  std::vector<uint8_t> digests(32 * leaves), nodes(32 * merkle::tree_size(leaves));
  const auto found = merkle::backend("");
  const merkle::Table& table = found.ok() ? **found : merkle::scalar;
  table.sectors(this->row(row), leaves, digests.data());
  merkle::build_tree(table, digests.data(), leaves, nodes.data());
  std::vector<Hash32> out;
  const uint8_t* level = nodes.data();
  size_t position = subline;
  for (size_t width = leaves; width > 1; width /= 2) {
    if (width <= sublines) {
      out.push_back(fixed_from<32>(level + 32 * (position ^ 1)));
      position /= 2;
    }
    level += 32 * width;
  }
  for (const Hash32& sibling : row_proof(row)) out.push_back(sibling);
  return out;
}

Outcome<std::vector<uint8_t>> Encoded::data() const { return unpack(matrix(), geometry_); }

}  // namespace zg::rs_fr
