#include <cstring>

#include "curve/bn254_g1.hpp"
#include "curve/msm/table.hpp"

namespace zg::msm {

namespace {

using bn254::Fq;
using bn254::G1Affine;

G1Affine point_at(const uint64_t* points, uint32_t index) {
  G1Affine p;
  std::memcpy(&p, points + kPointWords * (index & ~kNegate), sizeof p);
  if (index & kNegate) p.y = -p.y;
  return p;
}

void put(uint64_t* points, size_t index, const G1Affine& p) { std::memcpy(points + kPointWords * index, &p, sizeof p); }

// Montgomery's trick over up to kBatchMax denominators: `before` holds the products in front of each.
template <class Denominator, class Finish>
void share_inversion(size_t count, void* scratch, const Denominator& denominator, const Finish& finish) {
  Fq* before = static_cast<Fq*>(scratch);
  for (size_t at = 0; at < count; at += kBatchMax) {
    const size_t size = count - at < kBatchMax ? count - at : kBatchMax;
    Fq product = Fq::one();
    for (size_t k = 0; k < size; ++k) {
      before[k] = product;
      const Fq d = denominator(at + k);
      if (!d.is_zero()) product = product * d;
    }
    product = inverse_var(product);
    for (size_t k = size; k-- > 0;) {
      const Fq d = denominator(at + k);
      if (d.is_zero()) {
        finish(at + k, nullptr);
        continue;
      }
      const Fq inverse = product * before[k];
      product = product * d;
      finish(at + k, &inverse);
    }
  }
}

void add(const Pairs& pairs, size_t count, const Callbacks& back, void* scratch) {
  auto denominator = [&](size_t k) {
    const G1Affine a = point_at(pairs.left, pairs.a[k]), b = point_at(pairs.right, pairs.b[k]);
    return a.is_infinity() || b.is_infinity() ? Fq::zero() : b.x - a.x;
  };
  share_inversion(count, scratch, denominator, [&](size_t k, const Fq* inverse) {
    if (inverse == nullptr) {
      back.add_special(pairs.left + kPointWords * (pairs.a[k] & ~kNegate), pairs.a[k] & kNegate,
                       pairs.right + kPointWords * (pairs.b[k] & ~kNegate), pairs.b[k] & kNegate, pairs.out + kPointWords * pairs.to[k]);
      return;
    }
    const G1Affine a = point_at(pairs.left, pairs.a[k]), b = point_at(pairs.right, pairs.b[k]);
    const Fq slope = (b.y - a.y) * *inverse, x = square(slope) - a.x - b.x;
    put(pairs.out, pairs.to[k], {x, slope * (a.x - x) - a.y});
  });
}

void twice(const Pairs& pairs, size_t count, const Callbacks&, void* scratch) {
  auto denominator = [&](size_t k) { return bn254::Fq(field::twice(point_at(pairs.left, pairs.a[k]).y)); };
  share_inversion(count, scratch, denominator, [&](size_t k, const Fq* inverse) {
    if (inverse == nullptr) return put(pairs.out, pairs.to[k], G1Affine::infinity());
    const G1Affine a = point_at(pairs.left, pairs.a[k]);
    const Fq xx = square(a.x), slope = (field::twice(xx) + xx) * *inverse, x = square(slope) - field::twice(a.x);
    put(pairs.out, pairs.to[k], {x, slope * (a.x - x) - a.y});
  });
}

static_assert(sizeof(Fq) * kBatchMax <= kScratchSizeBytes);

}  // namespace

const Table scalar = {add, twice, nullptr, nullptr};

}  // namespace zg::msm
