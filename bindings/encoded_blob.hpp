// An encoded blob as Python holds it, for the bindings that make or take one.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "buffers.hpp"
#include "erasure/rs_fr/api.hpp"

namespace zg::py {

inline pybind11::bytes joined(const std::vector<Hash32>& hashes) { return to_bytes({reinterpret_cast<const uint8_t*>(hashes.data()), 32 * hashes.size()}); }

inline pybind11::bytes as_bytes(const Hash32& hash) { return to_bytes({hash.b, 32}); }

// What Python holds: shares the native blob; its arrays are views that keep the blob alive.
class EncodedBlob {
 public:
  explicit EncodedBlob(rs_fr::EncodedPtr encoded) : encoded_(std::move(encoded)) {}

  size_t rows() const { return encoded_->geometry().rows(); }
  size_t columns() const { return encoded_->geometry().columns(); }
  pybind11::bytes data_root() const { return as_bytes(encoded_->data_root()); }
  std::vector<pybind11::bytes> blob_roots() const {
    return {as_bytes(encoded_->blob_root(0)), as_bytes(encoded_->blob_root(1)), as_bytes(encoded_->blob_root(2))};
  }
  pybind11::object matrix() const {
    const rs_fr::Geometry& g = encoded_->geometry();
    return view(pybind11::array_t<uint8_t>({static_cast<pybind11::ssize_t>(g.rows_encoded()), static_cast<pybind11::ssize_t>(g.columns()), pybind11::ssize_t{32}}, encoded_->matrix(), owner()));
  }
  pybind11::object coefficients() const {
    if (encoded_->coefficients() == nullptr) return pybind11::none();
    return view(pybind11::array_t<uint64_t>({static_cast<pybind11::ssize_t>(encoded_->geometry().cells()), pybind11::ssize_t{4}}, encoded_->coefficients(), owner()));
  }
  pybind11::bytes row(size_t index) const {
    expect_row(index);
    return to_bytes({encoded_->row(index), encoded_->geometry().row_size()});
  }
  pybind11::bytes row_root(size_t index) const {
    expect_row(index);
    return as_bytes(encoded_->row_root(index));
  }
  pybind11::bytes row_proof(size_t index) const {
    expect_row(index);
    return joined(encoded_->row_proof(index));
  }
  pybind11::bytes subline_proof(size_t row, size_t subline) const { return joined(unwrap(encoded_->subline_proof(row, subline))); }
  pybind11::bytes data() const {
    Outcome<std::vector<uint8_t>> found = std::vector<uint8_t>();
    {
      pybind11::gil_scoped_release release;
      found = encoded_->data();
    }
    const std::vector<uint8_t> bytes = unwrap(std::move(found));
    return to_bytes({bytes.data(), bytes.size()});
  }

  const rs_fr::EncodedPtr& shared() const { return encoded_; }

 private:
  void expect_row(size_t index) const {
    const size_t count = encoded_->geometry().rows_encoded();
    if (index >= count) raise(Status::bad_argument, "row: expected below " + std::to_string(count) + ", found " + std::to_string(index));
  }
  pybind11::capsule owner() const {
    return pybind11::capsule(new rs_fr::EncodedPtr(encoded_), [](void* held) { delete static_cast<rs_fr::EncodedPtr*>(held); });
  }
  static pybind11::object view(pybind11::array made) {
    made.attr("flags").attr("writeable") = false;
    return made;
  }

  rs_fr::EncodedPtr encoded_;
};

}  // namespace zg::py
