#include <pybind11/stl.h>

#include <cstring>
#include <list>

#include "arrays.hpp"
#include "bind.hpp"
#include "encoded_blob.hpp"
#include "gil.hpp"

namespace zg::py {

namespace {

namespace rs = zg::rs_fr;
using pybind11::object;
using pybind11::ssize_t;

rs::Geometry shape(size_t rows, size_t columns) { return unwrap(rs::geometry(rows, columns)); }

Hash32 hash_from(const object& source, const char* name) {
  const ReadView view(source, name);
  if (view.size() != 32) raise(Status::bad_argument, std::string(name) + ": expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

// Hashes one after the other.
std::vector<Hash32> hashes_from(const object& source, const char* name) {
  const ReadView view(source, name);
  std::vector<Hash32> out(item_count(view, 32, name));
  for (size_t i = 0; i < out.size(); ++i) out[i] = fixed_from<32>(view.data() + 32 * i);
  return out;
}

EncodedBlob encode(const object& data, size_t rows, size_t columns, bool keep_coefficients, const std::string& backend) {
  const rs::Backends with = unwrap(rs::backends(backend));
  const rs::Geometry geometry = shape(rows, columns);
  const ReadView view(data, "data");
  Outcome<rs::EncodedPtr> made = rs::EncodedPtr();
  {
    pybind11::gil_scoped_release release;
    made = rs::encode(with, view.bytes(), geometry, keep_coefficients);
  }
  return EncodedBlob(unwrap(std::move(made)));
}

EncodedBlob extend(const object& cells, size_t rows, size_t columns, bool keep_coefficients, const std::string& backend) {
  const rs::Backends with = unwrap(rs::backends(backend));
  const rs::Geometry geometry = shape(rows, columns);
  const ReadView view(cells, "cells");
  Outcome<rs::EncodedPtr> made = rs::EncodedPtr();
  {
    pybind11::gil_scoped_release release;
    made = rs::extend(with, view.bytes(), geometry, keep_coefficients);
  }
  return EncodedBlob(unwrap(std::move(made)));
}

// `given`: one contiguous buffer of whole rows, or a sequence of buffers of one row each.
EncodedBlob recover(const std::vector<uint32_t>& indices, const object& given, size_t rows, size_t columns, bool keep_coefficients, const std::string& backend) {
  const rs::Backends with = unwrap(rs::backends(backend));
  const rs::Geometry geometry = shape(rows, columns);
  std::list<ReadView> views;
  std::vector<const uint8_t*> pointers;
  const auto expect = [&](size_t size, size_t wanted) {
    if (size != wanted) raise(Status::bad_argument, "rows: expected " + std::to_string(wanted) + " bytes, found " + std::to_string(size));
  };
  if (PyObject_CheckBuffer(given.ptr())) {
    views.emplace_back(given, "rows");
    expect(views.back().size(), indices.size() * geometry.row_size());
    for (size_t k = 0; k < indices.size(); ++k) pointers.push_back(views.back().data() + geometry.row_size() * k);
  } else {
    if (!PySequence_Check(given.ptr())) raise(Status::bad_argument, std::string("rows: expected an array or a sequence of buffers, found ") + Py_TYPE(given.ptr())->tp_name);
    for (const auto& item : pybind11::reinterpret_borrow<pybind11::sequence>(given)) {
      views.emplace_back(item, "rows");
      expect(views.back().size(), geometry.row_size());
      pointers.push_back(views.back().data());
    }
  }
  Outcome<rs::EncodedPtr> made = rs::EncodedPtr();
  {
    pybind11::gil_scoped_release release;
    made = rs::recover(with, indices, pointers, geometry, keep_coefficients);
  }
  return EncodedBlob(unwrap(std::move(made)));
}

pybind11::bytes row_root(const object& row, size_t rows, size_t columns) {
  const rs::Geometry geometry = shape(rows, columns);
  const ReadView view(row, "row");
  if (view.size() != geometry.row_size()) raise(Status::bad_argument, "row: expected " + std::to_string(geometry.row_size()) + " bytes, found " + std::to_string(view.size()));
  return as_bytes(rs::row_root(*unwrap(merkle::backend("")), view.data(), geometry));
}

// Factors as arrays of words, for a device that does the work (erasure/rs_fr/body.hpp).
pybind11::bytes words_as_bytes(const std::vector<uint64_t>& words) { return to_bytes({reinterpret_cast<const uint8_t*>(words.data()), 8 * words.size()}); }

pybind11::bytes device_factors(size_t rows, size_t columns) { return words_as_bytes(rs::device_factors(shape(rows, columns))); }

pybind11::bytes device_recovery(const std::vector<uint32_t>& used, size_t rows, size_t columns) {
  const rs::Geometry geometry = shape(rows, columns);
  if (used.size() != geometry.rows()) raise(Status::bad_argument, "rows: expected " + std::to_string(geometry.rows()) + ", found " + std::to_string(used.size()));
  for (size_t k = 0; k < used.size(); ++k)
    if (used[k] >= geometry.rows_encoded() || (k != 0 && used[k] <= used[k - 1])) raise(Status::bad_argument, "rows: expected ascending numbers of rows");
  return words_as_bytes(unwrap(rs::device_recovery(geometry, used)));
}

struct Claim {
  std::vector<Hash32> proof, blob_roots;
  Hash32 data_root;
  bool whole;  // three blob roots

  Claim(const object& proof_bytes, const object& roots, const object& root)
      : proof(hashes_from(proof_bytes, "proof")), blob_roots(hashes_from(roots, "blob_roots")), data_root(hash_from(root, "data_root")), whole(blob_roots.size() == rs::kCosets) {}
};

bool verify_row(size_t index, const object& row, const object& proof, const object& blob_roots, const object& data_root, size_t rows, size_t columns) {
  const rs::Geometry geometry = shape(rows, columns);
  const ReadView view(row, "row");
  const Claim claim(proof, blob_roots, data_root);
  if (view.size() != geometry.row_size() || !claim.whole) return false;
  ReleaseAbove release(view.size());
  return rs::verify_row(geometry, index, view.data(), claim.proof, claim.blob_roots.data(), claim.data_root);
}

bool verify_subline(size_t row, size_t subline, const object& bytes, const object& proof, const object& blob_roots, const object& data_root, size_t rows,
                    size_t columns) {
  const rs::Geometry geometry = shape(rows, columns);
  const ReadView view(bytes, "data");
  const Claim claim(proof, blob_roots, data_root);
  if (view.size() != rs::kSublineSize || !claim.whole) return false;
  return rs::verify_subline(geometry, row, subline, view.data(), claim.proof, claim.blob_roots.data(), claim.data_root);
}

}  // namespace

void bind_blob(pybind11::module_& m) {
  using pybind11::arg;
  pybind11::class_<EncodedBlob>(m, "EncodedBlob")
      .def_property_readonly("rows", &EncodedBlob::rows)
      .def_property_readonly("columns", &EncodedBlob::columns)
      .def_property_readonly("data_root", &EncodedBlob::data_root)
      .def_property_readonly("blob_roots", &EncodedBlob::blob_roots)
      .def_property_readonly("matrix", &EncodedBlob::matrix)
      .def_property_readonly("coefficients", &EncodedBlob::coefficients)
      .def("row", &EncodedBlob::row, arg("index"))
      .def("row_root", &EncodedBlob::row_root, arg("index"))
      .def("row_proof", &EncodedBlob::row_proof, arg("index"))
      .def("subline_proof", &EncodedBlob::subline_proof, arg("row"), arg("subline"))
      .def("data", &EncodedBlob::data);
  m.def("blob_encode", &encode, arg("data"), arg("rows"), arg("columns"), arg("keep_coefficients") = false, arg("backend") = "");
  m.def("blob_extend", &extend, arg("cells"), arg("rows"), arg("columns"), arg("keep_coefficients") = false, arg("backend") = "");
  m.def("blob_recover", &recover, arg("indices"), arg("given"), arg("rows"), arg("columns"), arg("keep_coefficients") = false, arg("backend") = "");
  m.def("blob_device_factors", &device_factors, arg("rows"), arg("columns"));
  m.def("blob_device_recovery", &device_recovery, arg("used"), arg("rows"), arg("columns"));
  m.def("blob_row_root", &row_root, arg("row"), arg("rows"), arg("columns"));
  m.def("blob_verify_row", &verify_row, arg("index"), arg("row"), arg("proof"), arg("blob_roots"), arg("data_root"), arg("rows"), arg("columns"));
  m.def("blob_verify_subline", &verify_subline, arg("row"), arg("subline"), arg("data"), arg("proof"), arg("blob_roots"), arg("data_root"), arg("rows"),
        arg("columns"));
}

}  // namespace zg::py
