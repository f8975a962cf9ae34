// Files of the ceremony: what they hold, and whether it belongs to one tau.
#include <cstring>

#include "commit/amt/codec.hpp"
#include "commit/amt/files.hpp"
#include "commit/amt/weights.hpp"
#include "curve/bn254_pairing.hpp"

namespace zg::amt {

namespace {

using bn254::G2;

constexpr char kMontgomeryMagic[4] = {'p', 't', 'a', 'u'};
constexpr uint8_t kChallengeInfinity = 0x40;

// `count` points of one size each, read by `get`; the message names the part.
template <class Point, class Get>
Outcome<bool> read_points(std::vector<Point>& to, const uint8_t* at, size_t size, size_t stride, size_t count, const std::string& part, const Get& get) {
  to.resize(count);
  const size_t bad = first_bad(count, 64, [&](size_t i) { return get(at + size * stride * i, to[i]); });
  if (bad != count) return broken("powers of tau", "point " + std::to_string(bad * stride) + " of the " + part + " is none");
  return true;
}

struct Form {
  bool counted;  // arrays have their length in front
  size_t g1_size, g2_size;
  bool (*get_g1)(const uint8_t*, G1Affine&);
  bool (*get_g2)(const uint8_t*, G2Affine&);
};

bool compressed_g1(const uint8_t* in, G1Affine& out) { return get_g1_compressed(in, out) && !out.is_infinity(); }
bool compressed_g2(const uint8_t* in, G2Affine& out) { return get_g2_compressed(in, out); }
bool limbs_g1(const uint8_t* in, G1Affine& out) { return get_g1_limbs(in, out); }
bool limbs_g2(const uint8_t* in, G2Affine& out) { return get_g2_limbs(in, out); }

constexpr Form kCompressed = {true, kPointSizeCompressed, kG2SizeCompressed, compressed_g1, compressed_g2};
constexpr Form kMontgomery = {false, kPointSize, kG2Size, limbs_g1, limbs_g2};

// An array of N points of G1.
Outcome<bool> read_g1(Reader& in, const Form& form, size_t count, const std::string& part, std::vector<G1Affine>& to) {
  if (form.counted && !in.expect(count)) return broken("powers of tau", "expected " + std::to_string(count) + " " + part);
  const uint8_t* at = in.take(form.g1_size * count);
  if (at == nullptr) return broken("powers of tau", "it ends within the " + part);
  return read_points(to, at, form.g1_size, 1, count, part, form.get_g1);
}

// Of an array of N points of G2: number 1, and every C-th.
Outcome<bool> read_g2(Reader& in, const Form& form, Ceremony& to) {
  const Geometry& shape = to.geometry;
  if (form.counted && !in.expect(shape.cells())) return broken("powers of tau", "expected " + std::to_string(shape.cells()) + " powers in G2");
  const uint8_t* at = in.take(form.g2_size * shape.cells());
  if (at == nullptr) return broken("powers of tau", "it ends within the powers in G2");
  if (!form.get_g2(at + form.g2_size, to.tau_g2)) return broken("powers of tau", "point 1 of the powers in G2 is none");
  return read_points(to.steps, at, form.g2_size, shape.columns(), shape.rows(), "powers in G2", form.get_g2);
}

bool big_endian_g1(const uint8_t* in, G1Affine& out) { return !(in[0] & kChallengeInfinity) && bn254::decode_g1(in, out) && !out.is_infinity(); }
bool big_endian_g2(const uint8_t* in, G2Affine& out) {
  return !(in[0] & kChallengeInfinity) && bn254::decode_g2(in, out) && !out.is_infinity() && is_in_subgroup_var(out);
}

// e(a, p) = e(b, q)
bool same(const G1Affine& a, const G2Affine& p, const G1Affine& b, const G2Affine& q) {
  const bn254::PairingInput inputs[] = {{a, p}, {-b, q}};
  return bn254::pairing_product_is_one_var(inputs, 2);
}

}  // namespace

Outcome<Ceremony> decode_power_tau(Bytes file, Geometry shape) {
  Ceremony out{shape, {}, {}, {}, G2Affine::infinity(), G2Affine::infinity()};
  Reader in(file);
  const bool montgomery = file.size >= sizeof kMontgomeryMagic && std::memcmp(file.data, kMontgomeryMagic, sizeof kMontgomeryMagic) == 0;
  const Form& form = montgomery ? kMontgomery : kCompressed;
  const size_t cells = shape.cells();
  if (montgomery) {
    const uint8_t* head = in.take(sizeof kMontgomeryMagic + 1);
    if (head == nullptr || head[4] != shape.log_rows + shape.log_columns)
      return broken("powers of tau", "expected 2^" + std::to_string(shape.log_rows + shape.log_columns) + " of them");
    const uint8_t* high_g2 = in.take(kG2Size);
    if (high_g2 == nullptr || !get_g2(high_g2, out.high_g2, true)) return broken("powers of tau", "the high power in G2 is none");
  }
  if (auto done = read_g1(in, form, cells, "low powers", out.low); !done.ok()) return done.failure();
  if (auto done = read_g2(in, form, out); !done.ok()) return done.failure();
  if (auto done = read_g1(in, form, cells, "high powers", out.high); !done.ok()) return done.failure();
  if (!montgomery) {
    const uint8_t* high_g2 = in.take(kG2SizeCompressed);
    if (high_g2 == nullptr || !get_g2_compressed(high_g2, out.high_g2)) return broken("powers of tau", "the high power in G2 is none");
  }
  if (!in.done()) return broken("powers of tau", "bytes behind its end");
  return out;
}

Outcome<Ceremony> decode_challenge(const Challenge& pieces, Geometry shape) {
  Ceremony out{shape, {}, {}, {}, G2Affine::infinity(), G2Affine::infinity()};
  const size_t cells = shape.cells();
  if (pieces.low.size != kPointSize * cells || pieces.high.size != kPointSize * cells || pieces.steps.size != kG2Size * shape.rows() ||
      pieces.tau_g2.size != kG2Size || pieces.high_g2.size != kG2Size)
    return broken("challenge", "expected pieces of 64 N, 64 N, 128 R, 128 and 128 bytes");
  if (auto done = read_points(out.low, pieces.low.data, kPointSize, 1, cells, "low powers", big_endian_g1); !done.ok()) return done.failure();
  if (auto done = read_points(out.high, pieces.high.data, kPointSize, 1, cells, "high powers", big_endian_g1); !done.ok()) return done.failure();
  if (auto done = read_points(out.steps, pieces.steps.data, kG2Size, 1, shape.rows(), "powers in G2", big_endian_g2); !done.ok()) return done.failure();
  if (!big_endian_g2(pieces.tau_g2.data, out.tau_g2) || !big_endian_g2(pieces.high_g2.data, out.high_g2))
    return broken("challenge", "tau or its high power in G2 is none");
  return out;
}

Outcome<bool> check(const msm::Table& table, const Ceremony& given, const Hash32& seed) {
  const size_t cells = given.geometry.cells(), columns = given.geometry.columns(), rows = given.geometry.rows();
  const G1Affine g1 = G1Affine::generator();
  const G2Affine g2 = G2Affine::generator();
  if (!(given.low[0] == g1) || !(given.steps[0] == g2)) return broken("powers of tau", "expected the generators in front");
  Weights weights(seed);
  std::vector<uint64_t> scalars;
  for (size_t i = 0; i < cells; ++i) weights.next(scalars);
  // Neighbours: by tau itself where the files tell it, else by tau^C.
  const bool told = !given.tau_g2.is_infinity();
  const size_t step = told ? 1 : columns;
  const auto weighed = sums(table, {{given.low.data() + step, scalars.data(), cells - step}, {given.low.data(), scalars.data(), cells - step}});
  if (!same(weighed[0], g2, weighed[1], told ? given.tau_g2 : given.steps[1])) return broken("powers of tau", "the low powers are not consecutive");
  const auto both = sums(table, {{given.high.data(), scalars.data(), cells}, {given.low.data(), scalars.data(), cells}});
  if (!same(both[0], g2, both[1], given.high_g2)) return broken("powers of tau", "the high powers are not the low ones times one power");
  std::vector<G1Affine> own;
  for (size_t j = 0; j < rows; ++j) own.push_back(given.low[columns * j]);
  const G1Affine left = sums(table, {{own.data(), scalars.data(), rows}})[0];
  std::vector<G2> parts(rows);
  parallel_for(rows, 8, [&](size_t begin, size_t end) {
    for (size_t j = begin; j < end; ++j) parts[j] = multiply_var(given.steps[j], U256(scalars[4 * j], scalars[4 * j + 1], 0, 0));
  });
  G2 right = G2::infinity();
  for (const G2& part : parts) right = add_var(right, part);
  if (!same(left, g2, g1, to_affine_var(right))) return broken("powers of tau", "the powers in G2 are not those in G1");
  return true;
}

}  // namespace zg::amt
