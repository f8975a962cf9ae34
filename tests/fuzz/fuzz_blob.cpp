// Rows and matrices from strangers: any numbers and bytes as rows of a tiny geometry must be refused, or give a blob that has
// exactly these rows; any cells must unpack to data that packs to them, or be refused; proofs hold only for what was encoded.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "erasure/rs_fr/api.hpp"

using namespace zg;

namespace {

struct Reader {
  const uint8_t* at;
  size_t left;
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  Reader reader{input, size};
  const uint8_t shape = reader.byte(), truth = reader.byte();
  const rs_fr::Geometry g{1u + shape % 3, 1u + shape / 3 % 3};
  const rs_fr::Backends with = *rs_fr::backends("");

  // Rows: mostly those of a real blob, some of them hurt.
  const auto made = rs_fr::encode(with, as_bytes(reader.bytes(truth % (g.data_size_max() + 1))), g, false);
  require(made.ok());
  const size_t count = reader.byte() % (g.rows_encoded() + 2);
  std::vector<uint32_t> indices;
  std::vector<std::vector<uint8_t>> rows;
  std::vector<const uint8_t*> pointers;
  for (size_t k = 0; k < count; ++k) {
    const uint8_t index = reader.byte(), kind = reader.byte();
    indices.push_back(kind % 32 == 31 ? index : static_cast<uint32_t>(index % g.rows_encoded()));
    rows.push_back(kind % 8 == 7 ? reader.bytes(g.row_size())
                                 : std::vector<uint8_t>((*made)->row(indices.back() % g.rows_encoded()), (*made)->row(indices.back() % g.rows_encoded()) + g.row_size()));
    if (kind % 8 == 6) rows.back()[reader.byte() % g.row_size()] ^= static_cast<uint8_t>(1u << reader.byte() % 8);
  }
  for (const auto& row : rows) pointers.push_back(row.data());
  const auto found = rs_fr::recover(with, indices, pointers, g, true);
  if (found.ok()) {
    require(count >= g.rows());
    for (size_t k = 0; k < count; ++k) require(std::memcmp((*found)->row(indices[k]), pointers[k], g.row_size()) == 0);
    const auto data = (*found)->data();
    if (data.ok()) {
      const auto again = rs_fr::encode(with, as_bytes(*data), g, false);
      require(again.ok() && (*again)->data_root() == (*found)->data_root());
    }
  }
  const auto plain = rs_fr::recover(*rs_fr::backends("scalar"), indices, pointers, g, false);
  require(plain.ok() == found.ok());
  if (plain.ok()) require((*plain)->data_root() == (*found)->data_root());

  // Cells.
  std::vector<uint8_t> cells((*made)->matrix(), (*made)->matrix() + rs_fr::kCellSize * g.cells());
  for (uint8_t changes = reader.byte() % 4; changes > 0; --changes) {
    const size_t at = (static_cast<size_t>(reader.byte()) << 8 | reader.byte()) % cells.size();
    cells[at] = reader.byte();
  }
  const auto unpacked = rs_fr::unpack(cells.data(), g);
  if (unpacked.ok()) {
    std::vector<uint8_t> packed(cells.size());
    rs_fr::pack_rows(as_bytes(*unpacked), g, 0, g.rows(), packed.data());
    require(packed == cells);
  }

  // Proofs.
  const Hash32 roots[3] = {(*made)->blob_root(0), (*made)->blob_root(1), (*made)->blob_root(2)};
  const size_t index = reader.byte() % g.rows_encoded();
  auto proof = (*made)->row_proof(index);
  std::vector<uint8_t> row((*made)->row(index), (*made)->row(index) + g.row_size());
  const uint8_t hurt = reader.byte();
  if (hurt & 1) row[reader.byte() % row.size()] ^= static_cast<uint8_t>(1 + reader.byte() % 255);
  if (hurt & 2) proof[reader.byte() % proof.size()].b[reader.byte() % 32] ^= static_cast<uint8_t>(1 + reader.byte() % 255);
  if (hurt & 4) proof.resize(reader.byte() % 12);
  const bool same = !(hurt & 3) && proof.size() == g.log_rows;
  const bool holds = rs_fr::verify_row(g, index, row.data(), proof, roots, (*made)->data_root());
  require(holds == (same && (!(hurt & 4) || proof == (*made)->row_proof(index))));
  return 0;
}
