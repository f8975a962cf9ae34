#include <pybind11/numpy.h>

#include "bind.hpp"
#include "buffers.hpp"
#include "errors.hpp"
#include "sig/ecdsa/api.hpp"

namespace zg::py {

namespace {

namespace py = pybind11;

// How many items of `width` bytes the view holds; raises when the last one is cut.
size_t count_items(const ReadView& view, size_t width, const char* name) {
  if (view.size() % width != 0)
    raise(Status::bad_argument,
          std::string(name) + ": expected a multiple of " + std::to_string(width) + " bytes, found " + std::to_string(view.size()));
  return view.size() / width;
}

void check_count(size_t found, size_t wanted, const char* name) {
  if (found != wanted)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(wanted) + " items, as many as digests, found " +
                                    std::to_string(found));
}

py::array_t<uint8_t> rows(size_t count, size_t width) {
  return py::array_t<uint8_t>({static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(width)});
}

template <class Recover>
py::tuple recover(const py::object& digests, const py::object& signatures, const std::string& backend, size_t width, Recover call) {
  const ReadView digest_view(digests, "digests"), signature_view(signatures, "signatures");
  const size_t count = count_items(digest_view, 32, "digests");
  check_count(count_items(signature_view, 65, "signatures"), count, "signatures");
  const ecdsa::Table& table = *unwrap(ecdsa::backend(backend));
  py::array_t<uint8_t> found = rows(count, width);
  py::array_t<bool> ok(static_cast<py::ssize_t>(count));
  uint8_t* out = found.mutable_data();
  uint8_t* verdicts = reinterpret_cast<uint8_t*>(ok.mutable_data());
  {
    py::gil_scoped_release release;
    call(table, digest_view.data(), signature_view.data(), count, out, verdicts);
  }
  return py::make_tuple(found, ok);
}

py::array_t<bool> verify_many(const py::object& digests, const py::object& signatures, const py::object& public_keys, bool low_s_only,
                              const std::string& backend) {
  const ReadView digest_view(digests, "digests"), signature_view(signatures, "signatures"), key_view(public_keys, "public_keys");
  const size_t count = count_items(digest_view, 32, "digests");
  check_count(count_items(signature_view, 64, "signatures"), count, "signatures");
  check_count(count_items(key_view, 64, "public_keys"), count, "public_keys");
  const ecdsa::Table& table = *unwrap(ecdsa::backend(backend));
  py::array_t<bool> ok(static_cast<py::ssize_t>(count));
  uint8_t* verdicts = reinterpret_cast<uint8_t*>(ok.mutable_data());
  {
    py::gil_scoped_release release;
    ecdsa::verify_many(table, digest_view.data(), signature_view.data(), key_view.data(), count, low_s_only, verdicts);
  }
  return ok;
}

}  // namespace

void bind_sig(py::module_& m) {
  using Call = void (*)(const ecdsa::Table&, const uint8_t*, const uint8_t*, size_t, uint8_t*, uint8_t*);
  m.def(
      "ecdsa_recover_many",
      [](const py::object& digests, const py::object& signatures, const std::string& backend) {
        return recover(digests, signatures, backend, 64, static_cast<Call>(&ecdsa::recover_many));
      },
      py::arg("digests"), py::arg("signatures"), py::kw_only(), py::arg("backend") = "",
      "Public keys (uint8[n, 64]) and verdicts (bool[n]); see zerog.primitives.sig.recover_many.");
  m.def(
      "ecdsa_recover_addresses",
      [](const py::object& digests, const py::object& signatures, const std::string& backend) {
        return recover(digests, signatures, backend, 20, static_cast<Call>(&ecdsa::recover_addresses));
      },
      py::arg("digests"), py::arg("signatures"), py::kw_only(), py::arg("backend") = "",
      "Addresses (uint8[n, 20]) and verdicts (bool[n]); see zerog.primitives.sig.recover_addresses.");
  m.def("ecdsa_verify_many", &verify_many, py::arg("digests"), py::arg("signatures"), py::arg("public_keys"), py::kw_only(),
        py::arg("low_s_only"), py::arg("backend") = "", "Verdicts (bool[n]); see zerog.primitives.sig.verify_many.");
}

}  // namespace zg::py
