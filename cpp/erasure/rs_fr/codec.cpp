// Encoding and recovery: arguments, memory and trees around the passes of a backend.
#include <cstring>
#include <string>

#include "erasure/rs_fr/api.hpp"
#include "erasure/rs_fr/plan.hpp"
#include "field/bn254/api.hpp"

namespace zg::rs_fr {

Encoded::Encoded(Geometry geometry, bool with_coefficients)
    : geometry_(geometry),
      matrix_(geometry.encoded_size()),
      coefficients_(with_coefficients ? std::make_unique<Block>(kCellSize * geometry.cells()) : nullptr),
      trees_(kCosets * 32 * merkle::tree_size(geometry.rows())) {}

// Fills an Encoded step by step.
class Maker {
 public:
  Maker(const Backends& with, Geometry geometry, bool keep_coefficients)
      : with_(with), geometry_(geometry), made_(std::make_shared<Encoded>(geometry, keep_coefficients)) {
    if (!keep_coefficients) own_coefficients_ = std::make_unique<Block>(kCellSize * geometry.cells());
  }

  bool has_memory() const { return made_->matrix_.data() != nullptr && coefficients() != nullptr; }
  size_t memory_size() const { return geometry_.encoded_size() + kCellSize * geometry_.cells(); }
  uint8_t* cells() const { return made_->matrix_.data(); }
  uint64_t* words() const { return made_->matrix_.words(); }
  uint64_t* coefficients() const { return made_->coefficients_ != nullptr ? made_->coefficients_->words() : own_coefficients_->words(); }

  // From the cells of coset 0 to everything else, hashed on the way. `fill(first row, count)` writes those cells.
  void extend(const ntt::Around& fill) { with_.code->extend(geometry_, words(), coefficients(), fill, hasher()); }

  // From R rows, ascending by number.
  Outcome<bool> solve(const std::vector<uint32_t>& used, const std::vector<const uint8_t*>& rows) {
    if (auto done = with_.code->solve(geometry_, used, rows, coefficients()); !done.ok()) return done.failure();
    with_.code->evaluate(geometry_, coefficients(), words(), hasher());
    return true;
  }

  EncodedPtr finish() {
    const size_t rows = geometry_.rows(), nodes = merkle::tree_size(rows);
    for (size_t c = 0; c < kCosets; ++c) {
      uint8_t* tree = made_->trees_.data() + 32 * nodes * c;
      merkle::build_tree(*with_.trees, tree, rows, tree);
      made_->blob_roots_[c] = fixed_from<32>(tree + 32 * (nodes - 1));
    }
    made_->data_root_ = data_root(made_->blob_roots_);
    return made_;
  }

 private:
  ntt::Around hasher() {
    return [this](size_t first, size_t count) { hash_rows(first, count); };
  }

  void hash_rows(size_t first, size_t count) {
    const size_t nodes = merkle::tree_size(geometry_.rows());
    for (size_t g = first; g < first + count; ++g) {
      const Hash32 root = row_root(*with_.trees, made_->row(g), geometry_);
      std::memcpy(made_->trees_.data() + 32 * (nodes * (g / geometry_.rows()) + g % geometry_.rows()), root.b, 32);
    }
  }

  const Backends with_;
  const Geometry geometry_;
  std::shared_ptr<Encoded> made_;
  std::unique_ptr<Block> own_coefficients_;
};

Outcome<EncodedPtr> encode(const Backends& with, Bytes data, Geometry geometry, bool keep_coefficients) {
  if (data.size > geometry.data_size_max())
    return Failure{Status::bad_argument, "data: expected at most " + std::to_string(geometry.data_size_max()) + " bytes, found " + std::to_string(data.size)};
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  maker.extend([&](size_t first, size_t count) { with.code->pack(data, geometry, first, count, maker.cells()); });
  return maker.finish();
}

Outcome<EncodedPtr> extend(const Backends& with, Bytes cells, Geometry geometry, bool keep_coefficients) {
  if (cells.size != kCellSize * geometry.cells())
    return Failure{Status::bad_argument, "cells: expected " + std::to_string(kCellSize * geometry.cells()) + " bytes, found " + std::to_string(cells.size)};
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  std::memcpy(maker.cells(), cells.data, cells.size);
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  const size_t bad = unreduced(**fields, bn254::batch::Field::fr, reinterpret_cast<const uint64_t*>(maker.cells()), geometry.cells());
  if (bad != geometry.cells()) return Failure{Status::bad_encoding, "cells: cell " + std::to_string(bad) + " is not below the modulus"};
  maker.extend({});
  return maker.finish();
}

// ---- recovery

namespace {

std::string number(uint64_t value) { return std::to_string(value); }

}  // namespace

Outcome<EncodedPtr> recover(const Backends& with, const std::vector<uint32_t>& indices, const std::vector<const uint8_t*>& rows, Geometry geometry,
                            bool keep_coefficients) {
  const size_t wanted = geometry.rows();
  if (indices.size() != rows.size() || indices.size() < wanted)
    return Failure{Status::bad_argument, "rows: expected at least " + number(wanted) + " with their numbers, found " + number(indices.size())};
  std::vector<const uint8_t*> by_number(geometry.rows_encoded(), nullptr);
  for (size_t k = 0; k < indices.size(); ++k) {
    if (indices[k] >= by_number.size())
      return Failure{Status::bad_argument, "rows: expected numbers below " + number(by_number.size()) + ", found " + number(indices[k])};
    if (by_number[indices[k]] != nullptr) return Failure{Status::bad_argument, "rows: row " + number(indices[k]) + " is given twice"};
    by_number[indices[k]] = rows[k];
  }
  Maker maker(with, geometry, keep_coefficients);
  if (!maker.has_memory()) return no_memory(maker.memory_size());
  const auto fields = bn254::batch::backend("");
  if (!fields.ok()) return fields.failure();
  std::vector<uint32_t> used;
  std::vector<const uint8_t*> used_rows;
  std::vector<uint64_t> row(geometry.row_size() / 8);
  for (uint32_t g = 0; g < by_number.size(); ++g) {
    if (by_number[g] == nullptr) continue;
    std::memcpy(row.data(), by_number[g], geometry.row_size());
    const size_t bad = unreduced(**fields, bn254::batch::Field::fr, row.data(), geometry.columns());
    if (bad != geometry.columns()) return Failure{Status::bad_encoding, "row " + number(g) + ": cell " + number(bad) + " is not below the modulus"};
    if (used.size() == wanted) continue;
    used.push_back(g);
    used_rows.push_back(by_number[g]);
  }
  if (used.back() < wanted) {
    for (uint32_t g = 0; g < wanted; ++g) std::memcpy(maker.cells() + geometry.row_size() * g, by_number[g], geometry.row_size());
    maker.extend({});
  } else if (auto done = maker.solve(used, used_rows); !done.ok()) {
    return done.failure();
  }
  for (uint32_t g = 0; g < by_number.size(); ++g)
    if (by_number[g] != nullptr && std::memcmp(by_number[g], maker.cells() + geometry.row_size() * g, geometry.row_size()) != 0)
      return Failure{Status::bad_encoding, "row " + number(g) + " does not belong to the same blob as the rows before it"};
  return maker.finish();
}

}  // namespace zg::rs_fr
