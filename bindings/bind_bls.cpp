#include <pybind11/numpy.h>

#include <cstring>
#include <vector>

#include "bind.hpp"
#include "buffers.hpp"
#include "errors.hpp"
#include "sig/bls_bn254/api.hpp"
#include "sig/bls_bn254/wire.hpp"

namespace zg::py {

namespace {

namespace py = pybind11;

constexpr size_t kG1 = 64, kG2 = 128;

void check_size(const ReadView& view, size_t wanted, const char* name) {
  if (view.size() != wanted)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(wanted) + " bytes, found " + std::to_string(view.size()));
}

size_t count_items(const ReadView& view, size_t width, const char* name) {
  if (view.size() % width != 0)
    raise(Status::bad_argument,
          std::string(name) + ": expected a multiple of " + std::to_string(width) + " bytes, found " + std::to_string(view.size()));
  return view.size() / width;
}

void check_count(size_t found, size_t wanted, const char* name) {
  if (found != wanted)
    raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(wanted) + " items, found " + std::to_string(found));
}

Hash32 read_digest(const py::object& digest) {
  const ReadView view(digest, "digest");
  check_size(view, 32, "digest");
  Hash32 out;
  std::memcpy(out.b, view.data(), 32);
  return out;
}

void check_secret(Status status) {
  if (status != Status::ok) raise(status, "secret key: expected a number above zero and below the group order");
}

py::bytes sign(const py::object& secret, const py::object& digest) {
  const ReadView key(secret, "secret key");
  check_size(key, 32, "secret key");
  uint8_t signature[kG1];
  check_secret(bls_bn254::sign(key.data(), read_digest(digest), signature));
  return to_bytes({signature, sizeof signature});
}

py::tuple public_keys(const py::object& secret) {
  const ReadView key(secret, "secret key");
  check_size(key, 32, "secret key");
  uint8_t key1[kG1], key2[kG2];
  check_secret(bls_bn254::public_keys(key.data(), key1, key2));
  return py::make_tuple(to_bytes({key1, sizeof key1}), to_bytes({key2, sizeof key2}));
}

template <size_t kSize>
py::bytes sum(const py::object& points, const std::string& backend, Status (*add)(const bls_bn254::Table&, const uint8_t*, size_t, uint8_t*, size_t&)) {
  const bls_bn254::Table& table = *unwrap(bls_bn254::backend(backend));
  const ReadView view(points, "points");
  const size_t count = count_items(view, kSize, "points");
  uint8_t out[kSize];
  size_t bad = 0;
  Status status;
  {
    py::gil_scoped_release release;
    status = add(table, view.data(), count, out, bad);
  }
  if (status != Status::ok) raise(status, "points: item " + std::to_string(bad) + " is not a point of the curve");
  return to_bytes({out, kSize});
}

bool verify_aggregate(const py::object& digest, const py::object& signatures, const py::object& keys, const std::string& backend) {
  const bls_bn254::Table& table = *unwrap(bls_bn254::backend(backend));
  const ReadView signature_view(signatures, "signatures"), key_view(keys, "keys");
  const size_t count = count_items(signature_view, kG1, "signatures");
  check_count(count_items(key_view, kG2, "keys"), count, "keys");
  const Hash32 message = read_digest(digest);
  py::gil_scoped_release release;
  return bls_bn254::verify_aggregate(table, message, signature_view.data(), key_view.data(), count);
}

py::array_t<bool> verify_many(const py::object& digests, const py::object& signatures, const py::object& keys, bool keys_in_group, const std::string& backend) {
  const bls_bn254::Table& table = *unwrap(bls_bn254::backend(backend));
  const ReadView digest_view(digests, "digests"), signature_view(signatures, "signatures"), key_view(keys, "keys");
  const size_t count = count_items(digest_view, 32, "digests");
  check_count(count_items(signature_view, kG1, "signatures"), count, "signatures");
  check_count(count_items(key_view, kG2, "keys"), count, "keys");
  py::array_t<bool> ok(static_cast<py::ssize_t>(count));
  uint8_t* verdicts = reinterpret_cast<uint8_t*>(ok.mutable_data());
  {
    py::gil_scoped_release release;
    bls_bn254::verify_many(table, digest_view.data(), signature_view.data(), key_view.data(), count, keys_in_group, verdicts);
  }
  return ok;
}

bool verify_bound(const py::object& hash_point, const py::object& signature, const py::object& key1, const py::object& key2,
                  const py::object& gamma) {
  const ReadView h(hash_point, "hash point"), s(signature, "signature"), k1(key1, "key1"), k2(key2, "key2"), g(gamma, "gamma");
  check_size(h, kG1, "hash point");
  check_size(s, kG1, "signature");
  check_size(k1, kG1, "key1");
  check_size(k2, kG2, "key2");
  check_size(g, 32, "gamma");
  return bls_bn254::verify_bound(h.data(), s.data(), k1.data(), k2.data(), g.data());
}

// A point from one encoding in another.
struct Form {
  const char* name;
  size_t wire_size, point_size;
  bool (*decode)(const uint8_t*, uint8_t*);
  bool (*encode)(const uint8_t*, uint8_t*);
};
constexpr Form kForms[] = {
    {"plain", 64, kG1, &bls_bn254::decode_plain, &bls_bn254::encode_plain},
    {"flagged", 64, kG1, &bls_bn254::decode_flagged, &bls_bn254::encode_flagged},
    {"compressed", 32, kG1, &bls_bn254::decode_compressed, &bls_bn254::encode_compressed},
    {"flagged_g2", 128, kG2, &bls_bn254::decode_flagged_g2, &bls_bn254::encode_flagged_g2},
};

const Form& form_named(const std::string& name) {
  for (const Form& form : kForms)
    if (name == form.name) return form;
  raise(Status::bad_argument, "form: expected plain, flagged, compressed or flagged_g2, found " + name);
}

py::bytes decode(const py::object& wire, const std::string& form_name) {
  const Form& form = form_named(form_name);
  const ReadView view(wire, "point");
  check_size(view, form.wire_size, "point");
  uint8_t point[kG2];
  if (!form.decode(view.data(), point)) raise(Status::bad_encoding, "point: not a " + form_name + " encoding of a point of the group");
  return to_bytes({point, form.point_size});
}

py::bytes encode(const py::object& point, const std::string& form_name) {
  const Form& form = form_named(form_name);
  const ReadView view(point, "point");
  check_size(view, form.point_size, "point");
  uint8_t wire[kG2];
  if (!form.encode(view.data(), wire)) raise(Status::bad_encoding, "point: no point of the group that has a " + form_name + " encoding");
  return to_bytes({wire, form.wire_size});
}

}  // namespace

void bind_bls(py::module_& m) {
  m.def("bls_sign", &sign, py::arg("secret"), py::arg("digest"), "The signature (64 bytes); see zerog.primitives.bls.SecretKey.sign.");
  m.def("bls_public_keys", &public_keys, py::arg("secret"), "The keys in G1 (64 bytes) and G2 (128 bytes).");
  m.def(
      "bls_accepts",
      [](const py::object& point) {
        const ReadView view(point, "point");
        if (view.size() != kG1) check_size(view, kG2, "point");
        return view.size() == kG1 ? bls_bn254::accepts_g1(view.data()) : bls_bn254::accepts_g2(view.data());
      },
      py::arg("point"), "True when 64 or 128 bytes are a point of G1 or G2 other than infinity.");
  m.def(
      "bls_sum_g1", [](const py::object& points, const std::string& backend) { return sum<kG1>(points, backend, &bls_bn254::sum_g1); }, py::arg("points"),
      py::kw_only(), py::arg("backend") = "",
      "The sum of n * 64 bytes of points.");
  m.def(
      "bls_sum_g2", [](const py::object& points, const std::string& backend) { return sum<kG2>(points, backend, &bls_bn254::sum_g2); }, py::arg("points"),
      py::kw_only(), py::arg("backend") = "",
      "The sum of n * 128 bytes of points.");
  m.def("bls_verify_aggregate", &verify_aggregate, py::arg("digest"), py::arg("signatures"), py::arg("keys"), py::kw_only(),
        py::arg("backend") = "", "Whether the sum of n signatures holds under the sum of n keys.");
  m.def("bls_verify_many", &verify_many, py::arg("digests"), py::arg("signatures"), py::arg("keys"), py::kw_only(),
        py::arg("keys_in_group") = false, py::arg("backend") = "", "Verdicts (bool[n]); see zerog.primitives.bls.verify_many.");
  m.def("bls_verify_bound", &verify_bound, py::arg("hash_point"), py::arg("signature"), py::arg("key1"), py::arg("key2"),
        py::arg("gamma"), "What the contracts check of a signature and both keys.");
  m.def("bls_decode", &decode, py::arg("wire"), py::arg("form"), "A point from its little-endian encoding.");
  m.def("bls_encode", &encode, py::arg("point"), py::arg("form"), "The little-endian encoding of a point.");
}

}  // namespace zg::py
