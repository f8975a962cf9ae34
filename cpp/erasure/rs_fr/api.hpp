// The code of 0G DA: a blob as a matrix over Fr of BN254, extended to three times its rows, with Keccak trees over them.
//
// A blob of up to 31 R C - 4 bytes is padded and cut into R · C symbols of 31 bytes, the matrix of R rows and C columns. With
// N = R C and w = root_of_unity(log N), the cell (i, j) of coset c is f(k_c w^(j R + i)), f the polynomial of degree below N that
// has the symbols at coset 0, k_0 = 1, k_1 and k_2 the roots of unity of order 2 N and 4 N. Row g = R c + i; any R of the 3 R rows
// determine f. In memory a cell is 32 little-endian bytes, so the four words of a field element.
//
// One row is f modulo x^C - y_g on a coset of the C-th roots; so the code is C codes of length R in the y, and everything is
// passes along rows and columns (field/ntt), eight rows or columns in lanes. Public data only.
// Source: docs/protocol/da.md §1.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/block.hpp"
#include "common/digest.hpp"
#include "common/status.hpp"
#include "erasure/rs_fr/table.hpp"
#include "field/ntt/api.hpp"
#include "merkle/tree/api.hpp"

namespace zg::rs_fr {

inline constexpr size_t kCosets = 3;
inline constexpr size_t kSymbolSize = 31, kCellSize = 32;
inline constexpr size_t kTrailerSize = 4;      // the length, in the last bytes of the last symbol
inline constexpr size_t kSublineSize = 1024;   // what one sample proves
inline constexpr unsigned kLogMin = 1, kLogMax = 10;  // of rows and of columns

struct Geometry {
  unsigned log_rows, log_columns;

  size_t rows() const { return size_t{1} << log_rows; }
  size_t columns() const { return size_t{1} << log_columns; }
  size_t cells() const { return size_t{1} << (log_rows + log_columns); }
  size_t rows_encoded() const { return kCosets * rows(); }
  size_t row_size() const { return kCellSize * columns(); }
  size_t padded_size() const { return kSymbolSize * cells(); }
  size_t data_size_max() const { return padded_size() - kTrailerSize; }
  size_t encoded_size() const { return kCosets * kCellSize * cells(); }
};

// bad_argument unless both are powers of two from 2 to 1024.
Outcome<Geometry> geometry(size_t rows, size_t columns);

// The kernels that do the work.
struct Backends {
  const Table* code;
  const merkle::Table* trees;
};

// The backend of that name for the code ("avx512", "scalar", "emu"), trees on their active one; empty for both active.
Outcome<Backends> backends(std::string_view name);

// An encoded blob. Immutable; shared between threads.
class Encoded {
 public:
  Encoded(Geometry geometry, bool with_coefficients);

  const Geometry& geometry() const { return geometry_; }
  // 3 R rows of 32 C bytes, natural order.
  const uint8_t* matrix() const { return matrix_.data(); }
  const uint8_t* row(size_t index) const { return matrix_.data() + geometry_.row_size() * index; }
  // f's N coefficients, plain words, lowest first; null when they were not asked for.
  const uint64_t* coefficients() const { return coefficients_ == nullptr ? nullptr : coefficients_->words(); }

  Hash32 row_root(size_t index) const;
  const Hash32& blob_root(size_t coset) const { return blob_roots_[coset]; }
  const Hash32& data_root() const { return data_root_; }

  // The log_rows siblings from row `index` up to its blob root, the row's own first.
  std::vector<Hash32> row_proof(size_t index) const;

  // The siblings from the subline up to the row's root, then row_proof. bad_argument for rows shorter than a subline or an
  // index outside.
  Outcome<std::vector<Hash32>> subline_proof(size_t row, size_t subline) const;

  // The data that was padded, or what is wrong with the padding: bad_encoding for a symbol above 31 bytes, a length beyond the
  // largest or padding that is not zero. For matrices that encode() made it always succeeds.
  Outcome<std::vector<uint8_t>> data() const;

 private:
  friend class Maker;
  Geometry geometry_;
  Block matrix_;
  std::unique_ptr<Block> coefficients_;
  std::vector<uint8_t> trees_;  // of each coset: levels above the row roots, row roots first
  Hash32 blob_roots_[kCosets], data_root_;
};

using EncodedPtr = std::shared_ptr<const Encoded>;

// Pads, extends and hashes a blob.
//
// In: keep_coefficients: for commitments, 32 N bytes more.
// Returns bad_argument for more than data_size_max bytes, out_of_capacity without memory.
// Cost: three transforms of N elements and 96 N bytes hashed, on all threads; the first call for a geometry also makes its
// factors (96 N bytes, kept). Peak memory beside the data: 96 N (matrix) + 32 N (coefficients) + 96 N (factors) bytes.
Outcome<EncodedPtr> encode(const Backends& with, Bytes data, Geometry geometry, bool keep_coefficients);

// The same from R C cells of 32 bytes, row-major: any elements, not only padded data. bad_encoding for a cell not below r.
Outcome<EncodedPtr> extend(const Backends& with, Bytes cells, Geometry geometry, bool keep_coefficients);

// The encoded blob that has these rows.
//
// In:  indices: different row numbers, at least R of them; rows[k]: 32 C bytes of row indices[k].
// Of the rows the first R systematic ones, then those of lowest number are used; every other row must agree with them, else
// bad_encoding naming one that does not. Exactly R rows agree with each other whatever they hold: compare the data root.
// Returns bad_argument for too few rows, an index outside or twice; bad_encoding for a cell not below r, naming the row.
// Cost: at most ten passes of half a transform more than extend().
Outcome<EncodedPtr> recover(const Backends& with, const std::vector<uint32_t>& indices, const std::vector<const uint8_t*>& rows, Geometry geometry,
                            bool keep_coefficients);

// ---- for a device that does the passes (body.hpp says in which order its factors lie)

// The factors of a geometry, 8 C + 6 R of four words.
std::vector<uint64_t> device_factors(Geometry geometry);

// Those of the recovery from R rows with these numbers, ascending: 6 R of four words.
Outcome<std::vector<uint64_t>> device_recovery(Geometry geometry, const std::vector<uint32_t>& used);

// ---- parts

// Rows first … first + count - 1 of the padded data, as cells of the matrix that begins at `cells`. data_size_max bytes at
// most, checked by the caller.
void pack_rows(Bytes data, Geometry geometry, size_t first, size_t count, uint8_t* cells);

// The inverse for a whole matrix: data that pads to these cells (see Encoded::data).
Outcome<std::vector<uint8_t>> unpack(const uint8_t* cells, Geometry geometry);

// The root of one row's bytes: a tree over leaves of 256 bytes; a row that is shorter is one leaf.
Hash32 row_root(const merkle::Table& table, const uint8_t* row, Geometry geometry);

// keccak(keccak(b0 ‖ b1) ‖ b2).
Hash32 data_root(const Hash32 blob_roots[kCosets]);

// Whether `row` is row `index` of the blob with this data root, given what a slice carries. False for an index outside, a proof of
// another length, or roots that do not lead to data_root.
bool verify_row(Geometry geometry, size_t index, const uint8_t* row, const std::vector<Hash32>& proof, const Hash32 blob_roots[kCosets],
                const Hash32& data_root);

// The same for one subline of 1024 bytes.
bool verify_subline(Geometry geometry, size_t row, size_t subline, const uint8_t* bytes, const std::vector<Hash32>& proof,
                    const Hash32 blob_roots[kCosets], const Hash32& data_root);

}  // namespace zg::rs_fr
