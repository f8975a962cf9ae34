// Batches of field elements and transforms on every backend, against mont.hpp and Horner's rule; shapes that lanes do not like;
// the device bodies on both host grids; the pool of large blocks.
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "common/block.hpp"
#include "common/parallel.hpp"
#include "field/bn254/api.hpp"
#include "field/bn254/body.hpp"
#include "field/bn254_fq.hpp"
#include "field/ntt/api.hpp"
#include "field/ntt/body.hpp"
#include "grid/host_fibers.hpp"
#include "grid/host_threads.hpp"

using namespace zg;
using bn254::Fr;

namespace {

using Words = std::vector<uint64_t>;

// Elements of which every third lies at an end of the field or of its limbs.
template <class P>
Words some(size_t count, std::mt19937_64& random) {
  Words out(4 * count);
  for (size_t i = 0; i < count; ++i) {
    uint64_t* at = out.data() + 4 * i;
    const unsigned kind = static_cast<unsigned>(random() % 12);
    for (int w = 0; w < 4; ++w) at[w] = kind == 0 ? P::kModulus[w] : kind == 1 ? 0 : kind == 2 ? ~uint64_t{0} : random();
    if (kind == 0) at[0] -= 1 + random() % 2;
    if (kind >= 2) at[3] %= P::kModulus[3];
  }
  return out;
}

template <class P>
field::Element<P> element(const Words& words, size_t i) {
  return field::Element<P>::from_limbs(words.data() + 4 * i);
}

template <class P>
void arithmetic(const bn254::batch::Table& table, bn254::batch::Field which, std::mt19937_64& random) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{64}, size_t{515}}) {
    const Words a = some<P>(count, random), b = some<P>(count, random);
    Words sum(4 * count), difference(4 * count), product(4 * count), inverse(4 * count), plain(4 * count), round(4 * count);
    bn254::batch::add(table, which, a.data(), b.data(), sum.data(), count);
    bn254::batch::sub(table, which, a.data(), b.data(), difference.data(), count);
    bn254::batch::mul_mont(table, which, a.data(), b.data(), product.data(), count);
    bn254::batch::inverse_mont(table, which, a.data(), inverse.data(), count);
    bn254::batch::mul(table, which, a.data(), b.data(), plain.data(), count);
    bn254::batch::to_mont(table, which, a.data(), round.data(), count);
    bn254::batch::from_mont(table, which, round.data(), round.data(), count);
    CHECK(round == a);
    CHECK(bn254::batch::unreduced(table, which, a.data(), count) == count);
    for (size_t i = 0; i < count; ++i) {
      const auto x = element<P>(a, i), y = element<P>(b, i);
      CHECK(element<P>(sum, i) == x + y);
      CHECK(element<P>(difference, i) == x - y);
      CHECK(element<P>(product, i) == x * y);
      CHECK(element<P>(inverse, i) == (x.is_zero() ? x : field::inverse_var(x)));
      CHECK(element<P>(plain, i) == x * y * field::Element<P>::from_limbs(P::kSquare));
    }
    if (count != 0) {
      Words bad = a;
      const size_t at = random() % count;
      std::memcpy(bad.data() + 4 * at, P::kModulus, 32);
      CHECK(bn254::batch::unreduced(table, which, bad.data(), count) == at);
    }
  }
}

Fr horner(const Words& values, size_t first, size_t n, const Fr& x) {
  Fr sum = Fr::zero();
  for (size_t k = n; k-- > 0;) sum = sum * x + element<bn254::FrParams>(values, first + k);
  return sum;
}

void transforms(const ntt::Table& table, std::mt19937_64& random, unsigned log_max) {
  for (unsigned log = 0; log <= log_max; ++log) {
    const size_t n = size_t{1} << log;
    for (const size_t count : {size_t{1}, size_t{3}, size_t{8}, size_t{13}}) {
      if (n * count > 20'000) continue;
      const Words given = some<bn254::FrParams>(n * count, random);
      const Fr shift = field::from_u64<bn254::FrParams>(random() | 1);
      for (const Fr* coset : {static_cast<const Fr*>(nullptr), &shift}) {
        Words values = given;
        CHECK(ntt::transform(table, values.data(), count, log, ntt::Direction::forward, coset).ok());
        Fr x = coset == nullptr ? Fr::one() : shift;
        for (size_t i = 0; i < n; ++i, x = x * ntt::root_of_unity(log)) {
          if (n > 64 && i % 37 != 5) continue;
          for (size_t v = 0; v < count; v += 1 + count / 3) CHECK(element<bn254::FrParams>(values, n * v + i) == horner(given, n * v, n, x));
        }
        CHECK(ntt::transform(table, values.data(), count, log, ntt::Direction::inverse, coset).ok());
        CHECK(values == given);
      }
    }
  }
  Words one(4);
  const Fr zero = Fr::zero();
  CHECK(ntt::transform(table, one.data(), 1, ntt::kLogMax + 1, ntt::Direction::forward, nullptr).failure().status == Status::bad_argument);
  CHECK(ntt::transform(table, one.data(), 1, 0, ntt::Direction::forward, &zero).failure().status == Status::bad_argument);
}

// Passes with gaps between the elements: nothing but the named elements may change, and lanes must not read beyond.
void odd_strides(const ntt::Table& table, std::mt19937_64& random) {
  for (const unsigned log : {1u, 2u, 3u, 5u}) {
    const size_t n = size_t{1} << log, count = 11, step = 3, pitch = 3 * n + 2;
    const Words roots = ntt::pass_roots(table, log, ntt::root_of_unity(log));
    Words in = some<bn254::FrParams>(pitch * count, random), out(in.size(), 0x5a5a), expected = out;
    std::vector<Fr> weights;
    for (size_t k = 0; k < n; ++k) weights.push_back(field::from_u64<bn254::FrParams>(random()));
    const Words factors = ntt::pass_factors(table, weights);
    ntt::run(table, ntt::Pass{log, roots.data(), factors.data(), factors.data(), nullptr, 0, 0, in.data(), step, pitch, out.data(), step, pitch}, count);
    for (size_t v = 0; v < count; ++v) {
      for (size_t i = 0; i < n; ++i) {
        Fr sum = Fr::zero();
        for (size_t k = 0; k < n; ++k) {
          const uint64_t exponent = i * k;
          sum = sum + weights[k] * element<bn254::FrParams>(in, step * k + pitch * v) * field::power_var(ntt::root_of_unity(log), &exponent, 1);
        }
        sum = sum * weights[i];
        std::memcpy(expected.data() + 4 * (step * i + pitch * v), sum.l, 32);
      }
    }
    CHECK(out == expected);
  }
}

// The bodies give the same words on fibers in any order and on threads.
void bodies(std::mt19937_64& random) {
  const unsigned log = 4;
  const size_t n = size_t{1} << log, vectors = 3;
  const Words in = some<bn254::FrParams>(n * vectors, random), roots = ntt::pass_roots(ntt::scalar, log, ntt::root_of_unity(log));
  const ntt::PassShape shape{log, 0, vectors, false, false, false, 0, 0, 1, n, 1, n};
  Words wanted = in;
  CHECK(ntt::transform(ntt::scalar, wanted.data(), vectors, log, ntt::Direction::forward, nullptr).ok());
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Words out(in.size());
    const auto body = [&](auto& grid) {
      const grid::View<const uint64_t> none{nullptr, 0};
      ntt::PassBody{}(grid, shape, {roots.data(), roots.size()}, none, none, none, {in.data(), in.size()}, {out.data(), out.size()});
    };
    const grid::Launch launch{2, 5, grid::shared_size<uint64_t>(4 * n), seed};
    const grid::Report report = seed == 0 ? grid::run_on_threads(launch, body) : grid::run_on_fibers(launch, body);
    CHECK(report.ok);
    CHECK(out == wanted);
  }
}

void blocks() {
  constexpr size_t kSize = size_t{5} << 20;
  uint8_t* first;
  {
    const Block block(kSize);
    CHECK(block.data() != nullptr && block.size() == kSize);
    first = block.data();
    std::memset(first, 1, kSize);
  }
  const Block again(kSize - 100);
  CHECK(again.data() == first);
  const Block other(kSize), small(10), none(0);
  CHECK(other.data() != first && small.data() != nullptr && none.size() == 0);
}

}  // namespace

int main() {
  std::mt19937_64 random(20'261'122);
  for (const char* name : {"scalar", "avx512", "emu"}) {
    const auto fields = bn254::batch::backend(name);
    const auto table = ntt::backend(name);
    if (!fields.ok() || !table.ok()) continue;
    arithmetic<bn254::FqParams>(**fields, bn254::batch::Field::fq, random);
    arithmetic<bn254::FrParams>(**fields, bn254::batch::Field::fr, random);
    for (const unsigned threads : {1u, 3u}) {
      set_thread_count(threads);
      transforms(**table, random, std::string_view(name) == "emu" ? 6 : 12);
      odd_strides(**table, random);
    }
  }
  CHECK(!ntt::backend("avx2").ok());
  bodies(random);
  blocks();
  return check_report();
}
