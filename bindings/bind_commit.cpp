#include <pybind11/stl.h>

#include <cstring>
#include <list>

#include "arrays.hpp"
#include "bind.hpp"
#include "commit/amt/api.hpp"
#include "encoded_blob.hpp"
#include "gil.hpp"

namespace zg::py {

namespace {

using pybind11::object;
using pybind11::ssize_t;

rs_fr::Geometry shape(size_t rows, size_t columns) { return unwrap(rs_fr::geometry(rows, columns)); }

// The result of `work`, which runs without the interpreter lock.
template <class Work>
auto unlocked(const Work& work) {
  pybind11::gil_scoped_release release;
  return work();
}

class AmtSetup {
 public:
  explicit AmtSetup(amt::SetupPtr setup) : setup_(std::move(setup)) {}
  size_t rows() const { return setup_->geometry.rows(); }
  size_t columns() const { return setup_->geometry.columns(); }
  bool insecure() const { return setup_->insecure; }
  bool can_prove() const { return setup_->can_prove(); }
  pybind11::bytes verify_file(size_t coset) const {
    if (coset >= rs_fr::kCosets) raise(Status::bad_argument, "coset: expected 0 to 2, found " + std::to_string(coset));
    const auto file = unlocked([&] { return amt::verify_file(*setup_, coset); });
    return to_bytes({file.data(), file.size()});
  }
  pybind11::bytes powers_file() const {
    if (!setup_->can_prove()) raise(Status::bad_argument, "setup: expected one with powers, found the verifier's part");
    const auto file = unlocked([&] { return amt::powers_file(*setup_); });
    return to_bytes({file.data(), file.size()});
  }
  const amt::Setup& get() const { return *setup_; }

 private:
  amt::SetupPtr setup_;
};

AmtSetup setup_dev(size_t rows, size_t columns, const object& tau, uint64_t shift, const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  const auto geometry = shape(rows, columns);
  const ReadView view(tau, "tau");
  if (view.size() != 32) raise(Status::bad_argument, "tau: expected 32 bytes, found " + std::to_string(view.size()));
  uint64_t words[4];
  std::memcpy(words, view.data(), sizeof words);
  return AmtSetup(unwrap(unlocked([&] { return amt::dev_setup(table, geometry, words, shift); })));
}

AmtSetup setup_load(size_t rows, size_t columns, const std::vector<object>& verify, const object& powers) {
  const auto geometry = shape(rows, columns);
  if (verify.size() != rs_fr::kCosets) raise(Status::bad_argument, "verify: expected three files, found " + std::to_string(verify.size()));
  std::list<ReadView> views;
  Bytes files[rs_fr::kCosets], more{nullptr, 0};
  for (size_t c = 0; c < rs_fr::kCosets; ++c) {
    views.emplace_back(verify[c], "verify");
    files[c] = views.back().bytes();
  }
  if (!powers.is_none()) {
    views.emplace_back(powers, "powers");
    more = views.back().bytes();
    if (more.size == 0) raise(Status::bad_encoding, "powers of tau: expected a file, found no bytes");
  }
  return AmtSetup(unwrap(unlocked([&] { return amt::load_setup(geometry, files, more); })));
}

Hash32 seed_from(const object& seed) {
  const ReadView view(seed, "seed");
  if (view.size() != 32) raise(Status::bad_argument, "seed: expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

pybind11::bytes powers_from_ceremony(const object& file, size_t rows, size_t columns) {
  const auto geometry = shape(rows, columns);
  const ReadView view(file, "file");
  auto ceremony = unwrap(unlocked([&] { return amt::decode_power_tau(view.bytes(), geometry); }));
  amt::Setup setup{geometry, false, std::move(ceremony.low), std::move(ceremony.high), {}, {}, {}, {}};
  setup.powers.resize(geometry.cells() / 2);
  const auto out = unlocked([&] { return amt::powers_file(setup); });
  return to_bytes({out.data(), out.size()});
}

// A ceremony's points, checked, as a setup; only checked when `only_check`.
object from_ceremony(const msm::Table& table, const amt::Ceremony& ceremony, const Hash32& seed, bool only_check) {
  unwrap(unlocked([&] { return amt::check(table, ceremony, seed); }));
  if (only_check) return pybind11::none();
  return pybind11::cast(AmtSetup(unlocked([&] { return amt::setup_of(table, ceremony); })));
}

object setup_of_power_tau(const object& file, size_t rows, size_t columns, const object& seed, bool only_check, const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  const auto geometry = shape(rows, columns);
  const Hash32 entropy = seed_from(seed);
  const ReadView view(file, "file");
  return from_ceremony(table, unwrap(unlocked([&] { return amt::decode_power_tau(view.bytes(), geometry); })), entropy, only_check);
}

object setup_of_challenge(const std::vector<object>& pieces, size_t rows, size_t columns, const object& seed, bool only_check, const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  const auto geometry = shape(rows, columns);
  const Hash32 entropy = seed_from(seed);
  if (pieces.size() != 5) raise(Status::bad_argument, "pieces: expected five, found " + std::to_string(pieces.size()));
  std::list<ReadView> views;
  std::vector<Bytes> bytes;
  for (const object& piece : pieces) bytes.push_back(views.emplace_back(piece, "pieces").bytes());
  const amt::Challenge challenge{bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]};
  return from_ceremony(table, unwrap(unlocked([&] { return amt::decode_challenge(challenge, geometry); })), entropy, only_check);
}

AmtSetup setup_of_provers(const std::vector<object>& provers, size_t rows, size_t columns, const object& seed, const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  const auto geometry = shape(rows, columns);
  const Hash32 entropy = seed_from(seed);
  if (provers.size() != rs_fr::kCosets) raise(Status::bad_argument, "provers: expected three files, found " + std::to_string(provers.size()));
  std::list<ReadView> views;
  Bytes files[rs_fr::kCosets];
  for (size_t c = 0; c < rs_fr::kCosets; ++c) files[c] = views.emplace_back(provers[c], "provers").bytes();
  return AmtSetup(unwrap(unlocked([&] { return amt::setup_of_provers(table, geometry, files, entropy); })));
}

pybind11::bytes commitment_bytes(const bn254::G1Affine& point) {
  uint8_t out[64];
  amt::encode_commitment(point, out);
  return to_bytes({out, sizeof out});
}

class CommittedBlob {
 public:
  CommittedBlob(rs_fr::EncodedPtr encoded, amt::Proof proof) : encoded_(std::move(encoded)), proof_(std::move(proof)) {}
  EncodedBlob encoded() const { return EncodedBlob(encoded_); }
  pybind11::bytes commitment() const { return commitment_bytes(proof_.commitment); }
  pybind11::bytes high() const { return commitment_bytes(proof_.high); }
  object slices(const std::vector<size_t>& indices) const { return make(indices, amt::slice_size(proof_.geometry), amt::encode_slice); }
  object light_slices(const std::vector<size_t>& indices) const { return make(indices, amt::light_slice_size(proof_.geometry), amt::encode_light_slice); }

 private:
  object make(const std::vector<size_t>& indices, size_t size, void (*encode)(const amt::Slice&, rs_fr::Geometry, uint8_t*)) const {
    for (size_t index : indices)
      if (index >= proof_.geometry.rows_encoded())
        raise(Status::bad_argument, "slice: expected an index below " + std::to_string(proof_.geometry.rows_encoded()) + ", found " + std::to_string(index));
    pybind11::array_t<uint8_t> out({static_cast<ssize_t>(indices.size()), static_cast<ssize_t>(size)});
    uint8_t* to = out.mutable_data();
    {
      pybind11::gil_scoped_release release;
      for (size_t k = 0; k < indices.size(); ++k) encode(amt::slice_of(proof_, *encoded_, indices[k]), proof_.geometry, to + size * k);
    }
    return out;
  }

  rs_fr::EncodedPtr encoded_;
  amt::Proof proof_;
};

CommittedBlob commit(const AmtSetup& setup, const object& data, const std::string& backend) {
  const amt::Table& table = *unwrap(amt::backend(backend));
  const auto with = unwrap(rs_fr::backends(backend));
  const ReadView view(data, "data");
  rs_fr::EncodedPtr encoded;
  auto proof = unlocked([&]() -> Outcome<amt::Proof> {
    auto made = rs_fr::encode(with, view.bytes(), setup.get().geometry, true);
    if (!made.ok()) return made.failure();
    encoded = *made;
    return amt::prove(table, setup.get(), *encoded);
  });
  return CommittedBlob(std::move(encoded), unwrap(std::move(proof)));
}

CommittedBlob prove(const AmtSetup& setup, const EncodedBlob& encoded, const std::string& backend) {
  const amt::Table& table = *unwrap(amt::backend(backend));
  return CommittedBlob(encoded.shared(), unwrap(unlocked([&] { return amt::prove(table, setup.get(), *encoded.shared()); })));
}

void prove_part(const AmtSetup& setup, const EncodedBlob& encoded, const std::string& part, const std::string& backend) {
  static const std::pair<const char*, amt::Part> kParts[] = {
      {"rows", amt::Part::rows}, {"blocks", amt::Part::blocks}, {"quotients", amt::Part::quotients}, {"high", amt::Part::high}};
  const amt::Table& table = *unwrap(amt::backend(backend));
  for (const auto& [name, which] : kParts) {
    if (part != name) continue;
    const amt::Part chosen = which;
    unwrap(unlocked([&] { return amt::prove_part(table, setup.get(), *encoded.shared(), chosen); }));
    return;
  }
  raise(Status::bad_argument, "part: expected rows, blocks, quotients or high, found " + part);
}

pybind11::bytes commitment_of(const AmtSetup& setup, const EncodedBlob& encoded, const std::string& backend) {
  const amt::Table& table = *unwrap(amt::backend(backend));
  return commitment_bytes(unwrap(unlocked([&] { return amt::commit(table, setup.get(), *encoded.shared()); })));
}

// One word a slice: "ok", what is wrong, or "bad-encoding".
std::vector<std::string> verify(const AmtSetup& setup, const std::vector<object>& slices, const object& commitments, const object& data_roots, const object& seed,
                                const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  std::list<ReadView> views;
  for (const object& slice : slices) views.emplace_back(slice, "slices");
  const ReadView points(commitments, "commitments"), roots(data_roots, "data_roots"), entropy(seed, "seed");
  if (item_count(points, 64, "commitments") != slices.size() || item_count(roots, 32, "data_roots") != slices.size())
    raise(Status::bad_argument, "expected a commitment and a data root for each of " + std::to_string(slices.size()) + " slices");
  if (entropy.size() != 32) raise(Status::bad_argument, "seed: expected 32 bytes, found " + std::to_string(entropy.size()));
  std::vector<std::string> words(slices.size(), "bad-encoding");
  auto done = unlocked([&]() -> Outcome<bool> {
    std::vector<std::pair<size_t, amt::Slice>> decoded;
    std::vector<amt::Claim> claims;
    size_t i = 0;
    for (const ReadView& view : views) {
      auto slice = amt::decode_slice(view.bytes(), setup.get().geometry);
      if (slice.ok()) decoded.emplace_back(i, std::move(*slice));
      ++i;
    }
    for (const auto& [at, slice] : decoded) {
      auto commitment = amt::decode_commitment(points.data() + 64 * at);
      if (!commitment.ok()) return Failure{Status::bad_argument, commitment.failure().message};
      claims.push_back({&slice, *commitment, fixed_from<32>(roots.data() + 32 * at)});
    }
    auto verdicts = amt::verify(table, setup.get(), claims, fixed_from<32>(entropy.data()));
    if (!verdicts.ok()) return verdicts.failure();
    for (size_t k = 0; k < decoded.size(); ++k) words[decoded[k].first] = amt::verdict_name((*verdicts)[k]);
    return true;
  });
  unwrap(std::move(done));
  return words;
}

pybind11::tuple split_slice(const object& slice, size_t rows, size_t columns) {
  const auto geometry = shape(rows, columns);
  const ReadView view(slice, "slice");
  const auto decoded = unwrap(amt::decode_slice(view.bytes(), geometry));
  if (decoded.index >= geometry.rows_encoded() || decoded.amt_index != decoded.index || decoded.leaf_index != decoded.index || decoded.row_index != decoded.index % geometry.rows())
    raise(Status::bad_encoding, "slice: its indices differ among themselves");
  std::vector<uint8_t> light(amt::light_slice_size(geometry));
  amt::encode_light_slice(decoded, geometry, light.data());
  return pybind11::make_tuple(to_bytes({light.data(), light.size()}), to_bytes({decoded.row.data(), decoded.row.size()}));
}

pybind11::bytes join_slice(const object& light, const object& row, size_t rows, size_t columns) {
  const auto geometry = shape(rows, columns);
  const ReadView small(light, "light"), cells(row, "row");
  const auto decoded = unwrap(amt::decode_light_slice(small.bytes(), geometry, cells.bytes()));
  std::vector<uint8_t> out(amt::slice_size(geometry));
  amt::encode_slice(decoded, geometry, out.data());
  return to_bytes({out.data(), out.size()});
}

// The sum of scalars[i] · points[i]: 64-byte points as commitments, 32-byte scalars, both little-endian.
pybind11::bytes g1_sum(const object& points, const object& scalars, const std::string& backend) {
  const msm::Table& table = *unwrap(msm::backend(backend));
  const ReadView bases(points, "points"), factors(scalars, "scalars");
  const size_t count = item_count(bases, 64, "points");
  if (item_count(factors, 32, "scalars") != count) raise(Status::bad_argument, "scalars: expected " + std::to_string(32 * count) + " bytes, found " + std::to_string(factors.size()));
  return commitment_bytes(unwrap(unlocked([&]() -> Outcome<bn254::G1Affine> {
    std::vector<bn254::G1Affine> decoded;
    std::vector<uint64_t> words(4 * count);
    std::memcpy(words.data(), factors.data(), factors.size());
    for (size_t i = 0; i < count; ++i) {
      auto point = amt::decode_commitment(bases.data() + 64 * i);
      if (!point.ok()) return Failure{Status::bad_argument, "points: number " + std::to_string(i) + " is not on the curve"};
      if (!field::is_reduced<bn254::FrParams>(words.data() + 4 * i)) return Failure{Status::bad_argument, "scalars: number " + std::to_string(i) + " is not below r"};
      decoded.push_back(*point);
    }
    return msm::sums(table, {{decoded.data(), words.data(), count}})[0];
  })));
}

}  // namespace

void bind_commit(pybind11::module_& m) {
  using pybind11::arg;
  pybind11::class_<AmtSetup>(m, "AmtSetup")
      .def_property_readonly("rows", &AmtSetup::rows)
      .def_property_readonly("columns", &AmtSetup::columns)
      .def_property_readonly("insecure", &AmtSetup::insecure)
      .def_property_readonly("can_prove", &AmtSetup::can_prove)
      .def("verify_file", &AmtSetup::verify_file, arg("coset"))
      .def("powers_file", &AmtSetup::powers_file);
  pybind11::class_<CommittedBlob>(m, "CommittedBlob")
      .def_property_readonly("encoded", &CommittedBlob::encoded)
      .def_property_readonly("commitment", &CommittedBlob::commitment)
      .def_property_readonly("high", &CommittedBlob::high)
      .def("slices", &CommittedBlob::slices, arg("indices"))
      .def("light_slices", &CommittedBlob::light_slices, arg("indices"));
  m.def("amt_setup_dev", &setup_dev, arg("rows"), arg("columns"), arg("tau"), arg("shift"), arg("backend") = "");
  m.def("amt_setup_load", &setup_load, arg("rows"), arg("columns"), arg("verify"), arg("powers") = pybind11::none());
  m.def("amt_powers_from_ceremony", &powers_from_ceremony, arg("file"), arg("rows"), arg("columns"));
  m.def("amt_setup_of_power_tau", &setup_of_power_tau, arg("file"), arg("rows"), arg("columns"), arg("seed"), arg("only_check"), arg("backend") = "");
  m.def("amt_setup_of_challenge", &setup_of_challenge, arg("pieces"), arg("rows"), arg("columns"), arg("seed"), arg("only_check"), arg("backend") = "");
  m.def("amt_setup_of_provers", &setup_of_provers, arg("provers"), arg("rows"), arg("columns"), arg("seed"), arg("backend") = "");
  m.def("amt_commit", &commit, arg("setup"), arg("data"), arg("backend") = "");
  m.def("amt_prove", &prove, arg("setup"), arg("encoded"), arg("backend") = "");
  m.def("amt_prove_part", &prove_part, arg("setup"), arg("encoded"), arg("part"), arg("backend") = "");
  m.def("amt_commitment", &commitment_of, arg("setup"), arg("encoded"), arg("backend") = "");
  m.def("amt_verify", &verify, arg("setup"), arg("slices"), arg("commitments"), arg("data_roots"), arg("seed"), arg("backend") = "");
  m.def("amt_split_slice", &split_slice, arg("slice"), arg("rows"), arg("columns"));
  m.def("amt_join_slice", &join_slice, arg("light"), arg("row"), arg("rows"), arg("columns"));
  m.def("g1_sum", &g1_sum, arg("points"), arg("scalars"), arg("backend") = "");
}

}  // namespace zg::py
