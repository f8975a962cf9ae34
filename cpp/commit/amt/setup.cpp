#include <algorithm>
#include <cstring>

#include "commit/amt/api.hpp"
#include "commit/amt/codec.hpp"
#include "commit/amt/files.hpp"
#include "common/endian.hpp"
#include "common/parallel.hpp"
#include "field/bn254/api.hpp"

namespace zg::amt {

namespace {

using bn254::G2;

constexpr char kPowersMagic[4] = {'Z', 'G', 'P', 'W'};
constexpr size_t kPowersHeader = 8;  // magic, log N, insecure, two zero bytes

std::vector<uint64_t> plain(const std::vector<Fr>& values) {
  std::vector<uint64_t> out(4 * values.size());
  parallel_for(values.size(), 4096, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) field::from_mont(values[i], out.data() + 4 * i);
  });
  return out;
}

std::vector<G1Affine> multiples(const msm::FixedBase& base, const std::vector<Fr>& values) {
  std::vector<G1Affine> out(values.size());
  base.multiply(plain(values).data(), values.size(), out.data());
  return out;
}

// Multiples of the generator of G2 by windows of four bits.
class FixedG2 {
 public:
  FixedG2() {
    G2 start = G2::from(G2Affine::generator());
    for (auto& window : table_) {
      const G2Affine base = to_affine_var(start);
      G2 sum = start;
      for (auto& entry : window) {
        entry = to_affine_var(sum);
        sum = add_var(sum, base);
      }
      for (int i = 0; i < 4; ++i) start = double_var(start);
    }
  }
  G2Affine multiply(const Fr& scalar) const {
    uint64_t words[4];
    field::from_mont(scalar, words);
    G2 sum = G2::infinity();
    for (size_t w = 0; w < 64; ++w) {
      const size_t digit = words[w / 16] >> (4 * (w % 16)) & 15;
      if (digit != 0) sum = add_var(sum, table_[w][digit - 1]);
    }
    return to_affine_var(sum);
  }

 private:
  G2Affine table_[64][15];
};

void put_u64(std::vector<uint8_t>& out, uint64_t value) {
  const size_t at = out.size();
  out.resize(at + 8);
  store_le64(out.data() + at, value);
}

Outcome<bool> read_verify(Setup& setup, Bytes bytes, size_t coset) {
  const Geometry& shape = setup.geometry;
  const std::string name = "verify parameters of coset " + std::to_string(coset);
  Reader in(bytes);
  const size_t cells = shape.cells();
  if (!in.expect(cells)) return broken(name, "expected " + std::to_string(cells) + " basis points");
  const uint8_t* basis = in.take(kPointSize * cells);
  if (basis == nullptr) return broken(name, "it ends within the basis");
  auto& lagrange = setup.lagrange[coset];
  lagrange.resize(cells);
  const size_t bad = first_bad(cells, 4096, [&](size_t at) {
    return get_g1(basis + kPointSize * file_slot(shape, at / shape.columns(), at % shape.columns()), lagrange[at]) && !lagrange[at].is_infinity();
  });
  if (bad != cells) return broken(name, "the basis point of row " + std::to_string(bad / shape.columns()) + ", column " + std::to_string(bad % shape.columns()) + " is none");
  if (!in.expect(shape.log_rows)) return broken(name, "expected " + std::to_string(shape.log_rows) + " depths");
  setup.vanishing[coset].resize(node_count(shape.log_rows));
  for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
    const size_t size = size_t{1} << depth;
    if (!in.expect(size)) return broken(name, "expected " + std::to_string(size) + " points at depth " + std::to_string(depth));
    const uint8_t* points = in.take(kG2Size * size);
    if (points == nullptr) return broken(name, "it ends within depth " + std::to_string(depth));
    const size_t wrong = first_bad(size, 16, [&](size_t rho) {
      return get_g2(points + kG2Size * reversed(rho, depth), setup.vanishing[coset][nodes_before(depth) + rho], true);
    });
    if (wrong != size) return broken(name, "the point of node " + std::to_string(wrong) + " at depth " + std::to_string(depth) + " is none");
  }
  G2Affine g2, high_g2;
  const uint8_t* rest = in.take(2 * kG2Size);
  if (rest == nullptr || !get_g2(rest, g2, true) || !get_g2(rest + kG2Size, high_g2, true) || !(g2 == G2Affine::generator()))
    return broken(name, "the last two points are none");
  if (!in.done()) return broken(name, "bytes behind its end");
  if (coset != 0 && !(high_g2 == setup.high_g2)) return broken(name, "another shift than that of coset 0");
  setup.g2 = g2;
  setup.high_g2 = high_g2;
  return true;
}

}  // namespace

Outcome<SetupPtr> dev_setup(const msm::Table& table, Geometry shape, const uint64_t tau_words[4], uint64_t shift) {
  if (!field::is_reduced<bn254::FrParams>(tau_words)) return Failure{Status::bad_argument, "tau: expected a value below the group's order"};
  const Fr tau = field::to_mont<bn254::FrParams>(tau_words);
  const size_t cells = shape.cells();
  const unsigned log_cells = shape.log_rows + shape.log_columns;
  auto setup = std::make_shared<Setup>(Setup{shape, true, {}, {}, {}, {}, G2Affine::generator(), {}});
  if (tau.is_zero()) return Failure{Status::bad_argument, "tau: expected another value than zero"};
  for (size_t coset = 0; coset < kCosets; ++coset)
    if (power(tau * inverse_var(coset_factor(shape, coset)), cells) == Fr::one())
      return Failure{Status::bad_argument, "tau: expected a value outside the evaluation domains"};
  const msm::FixedBase base(table, G1Affine::generator());
  const FixedG2 base2;
  const auto omegas = ntt::powers(ntt::root_of_unity(log_cells), cells);
  setup->powers = multiples(base, ntt::powers(tau, cells / 2));
  setup->high = multiples(base, ntt::powers(tau, cells, power(tau, shift)));
  setup->high_g2 = base2.multiply(power(tau, shift));
  for (size_t coset = 0; coset < kCosets; ++coset) {
    const Fr x = tau * inverse_var(coset_factor(shape, coset));
    const Fr top = power(x, cells) - Fr::one(), scale = top * inverse_var(field::from_u64<bn254::FrParams>(cells));
    std::vector<Fr> values(cells);
    parallel_for(shape.rows(), 8, [&](size_t begin, size_t end) {
      std::vector<Fr> before(shape.columns());
      for (size_t i = begin; i < end; ++i) {
        Fr product = Fr::one();
        for (size_t j = 0; j < shape.columns(); ++j) {
          before[j] = product;
          product = product * (x - omegas[j * shape.rows() + i]);
        }
        product = inverse_var(product);
        for (size_t j = shape.columns(); j-- > 0;) {
          const Fr& omega = omegas[j * shape.rows() + i];
          values[i * shape.columns() + j] = omega * scale * product * before[j];
          product = product * (x - omega);
        }
      }
    });
    setup->lagrange[coset] = multiples(base, values);
    setup->vanishing[coset].resize(node_count(shape.log_rows));
    for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
      const size_t m = cells >> depth;
      const Fr xm = power(x, m);
      parallel_for(size_t{1} << depth, 8, [&](size_t begin, size_t end) {
        for (size_t rho = begin; rho < end; ++rho)
          setup->vanishing[coset][nodes_before(depth) + rho] = base2.multiply(top * inverse_var(xm - omegas[rho * m % cells]));
      });
    }
  }
  return SetupPtr(std::move(setup));
}

std::vector<uint8_t> verify_file(const Setup& setup, size_t coset) {
  const Geometry& shape = setup.geometry;
  std::vector<uint8_t> out;
  put_u64(out, shape.cells());
  out.resize(8 + kPointSize * shape.cells());
  parallel_for(shape.cells(), 4096, [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end; ++at)
      put_g1(setup.lagrange[coset][at], out.data() + 8 + kPointSize * file_slot(shape, at / shape.columns(), at % shape.columns()));
  });
  put_u64(out, shape.log_rows);
  for (unsigned depth = 1; depth <= shape.log_rows; ++depth) {
    put_u64(out, size_t{1} << depth);
    const size_t at = out.size();
    out.resize(at + (kG2Size << depth));
    for (size_t rho = 0; rho < size_t{1} << depth; ++rho)
      put_g2(setup.vanishing[coset][nodes_before(depth) + rho], out.data() + at + kG2Size * reversed(rho, depth));
  }
  const size_t at = out.size();
  out.resize(at + 2 * kG2Size);
  put_g2(setup.g2, out.data() + at);
  put_g2(setup.high_g2, out.data() + at + kG2Size);
  return out;
}

std::vector<uint8_t> powers_file(const Setup& setup) {
  const size_t count = setup.powers.size() + setup.high.size();
  std::vector<uint8_t> out(kPowersHeader + kPointSize * count);
  std::memcpy(out.data(), kPowersMagic, 4);
  out[4] = static_cast<uint8_t>(setup.geometry.log_rows + setup.geometry.log_columns);
  out[5] = setup.insecure ? 1 : 0;
  parallel_for(count, 4096, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      put_g1(i < setup.powers.size() ? setup.powers[i] : setup.high[i - setup.powers.size()], out.data() + kPowersHeader + kPointSize * i);
  });
  return out;
}

Outcome<SetupPtr> load_setup(Geometry shape, const Bytes verify[kCosets], Bytes powers) {
  auto setup = std::make_shared<Setup>(Setup{shape, false, {}, {}, {}, {}, {}, {}});
  for (size_t coset = 0; coset < kCosets; ++coset)
    if (auto done = read_verify(*setup, verify[coset], coset); !done.ok()) return done.failure();
  if (powers.size != 0) {
    const size_t low = shape.cells() / 2, count = low + shape.cells();
    const std::string name = "powers of tau";
    if (powers.size != kPowersHeader + kPointSize * count)
      return broken(name, "expected " + std::to_string(kPowersHeader + kPointSize * count) + " bytes, found " + std::to_string(powers.size));
    const uint8_t* at = powers.data;
    if (std::memcmp(at, kPowersMagic, 4) != 0 || at[4] != shape.log_rows + shape.log_columns || at[5] > 1 || at[6] != 0 || at[7] != 0)
      return broken(name, "expected a header of this geometry");
    setup->insecure = at[5] == 1;
    setup->powers.resize(low);
    setup->high.resize(shape.cells());
    const size_t bad = first_bad(count, 4096, [&](size_t i) {
      G1Affine& to = i < low ? setup->powers[i] : setup->high[i - low];
      return get_g1(at + kPowersHeader + kPointSize * i, to) && !to.is_infinity();
    });
    if (bad != count) return broken(name, "point " + std::to_string(bad) + " is none");
    if (!(setup->powers[0] == G1Affine::generator())) return broken(name, "expected the generator in front");
  }
  return SetupPtr(std::move(setup));
}

}  // namespace zg::amt
