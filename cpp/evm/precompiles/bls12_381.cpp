// BLS12-381: sums, multi-scalar products, the pairing check and the maps to the groups. Source: EIP-2537 as final in Prague.
//
// The arithmetic is blst's; the encodings, the checks and the costs are here. A field element is 64 bytes, the upper 16 zero;
// a point at infinity is all zeros. Additions take any curve point, products and pairings only points of the groups.
#include <blst.h>

#include "evm/precompiles/contracts.hpp"

namespace zg::evm::precompiles {

namespace {

// Per mille of the full price of a product when there are k of them; the last holds for all larger k.
constexpr uint16_t kG1Discount[128] = {
    1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665, 661, 658, 654,
    651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615, 613, 611, 609, 608, 606, 604, 603,
    601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581, 580, 579, 577, 576, 575, 574, 573, 572,
    570, 569, 568, 567, 566, 565, 564, 563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548,
    547, 547, 546, 545, 544, 543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531, 530, 529,
    528, 528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519,
};
constexpr uint16_t kG2Discount[128] = {
    1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717, 711, 704, 699, 693, 688, 683,
    679, 674, 670, 666, 663, 659, 655, 652, 649, 646, 643, 640, 637, 634, 632, 629, 627, 624, 622, 620, 618, 615, 613,
    611, 609, 607, 606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587, 586, 584, 583, 582, 580, 579, 578, 576,
    575, 574, 573, 571, 570, 569, 568, 567, 566, 565, 563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552,
    551, 550, 549, 548, 547, 546, 545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535, 534, 533,
    532, 532, 531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524,
};

constexpr uint8_t kModulus[48] = {0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
                                  0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
                                  0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab};
constexpr size_t kFpSize = 64, kScalarSize = 32;

bool decode_fp(const uint8_t* bytes, blst_fp& out) {
  for (int i = 0; i < 16; ++i)
    if (bytes[i] != 0) return false;
  if (std::memcmp(bytes + 16, kModulus, 48) >= 0) return false;
  blst_fp_from_bendian(&out, bytes + 16);
  return true;
}
void encode_fp(const blst_fp& a, uint8_t* bytes) {
  std::memset(bytes, 0, 16);
  blst_bendian_from_fp(bytes + 16, &a);
}

// The two groups behind one set of names, so that sums and products are written once.
struct Group1 {
  using Affine = blst_p1_affine;
  using Point = blst_p1;
  static constexpr size_t kPointSize = 2 * kFpSize;
  static constexpr uint64_t kAddCost = 375, kMulCost = 12000;
  static constexpr const uint16_t* kDiscount = kG1Discount;

  // A curve point or infinity, not necessarily in the group.
  static bool decode(const uint8_t* b, Affine& p) {
    return decode_fp(b, p.x) && decode_fp(b + kFpSize, p.y) && (is_infinity(p) || blst_p1_affine_on_curve(&p));
  }
  static void encode(const Point& p, uint8_t* b) {
    Affine a;
    blst_p1_to_affine(&a, &p);
    encode_fp(a.x, b);
    encode_fp(a.y, b + kFpSize);
  }
  static bool is_infinity(const Affine& p) { return blst_p1_affine_is_inf(&p); }
  static bool in_group(const Affine& p) { return is_infinity(p) || blst_p1_affine_in_g1(&p); }
  static Point from(const Affine& p) {
    Point r;
    blst_p1_from_affine(&r, &p);
    return r;
  }
  static void add(Point& r, const Affine& p) { blst_p1_add_or_double_affine(&r, &r, &p); }
  static size_t scratch_size(size_t n) { return blst_p1s_mult_pippenger_scratch_sizeof(n); }
  static void msm(Point& r, const Affine* const* points, size_t n, const byte* const* scalars, limb_t* scratch) {
    blst_p1s_mult_pippenger(&r, points, n, scalars, 255, scratch);
  }
};

struct Group2 {
  using Affine = blst_p2_affine;
  using Point = blst_p2;
  static constexpr size_t kPointSize = 4 * kFpSize;
  static constexpr uint64_t kAddCost = 600, kMulCost = 22500;
  static constexpr const uint16_t* kDiscount = kG2Discount;

  static bool decode(const uint8_t* b, Affine& p) {
    return decode_fp(b, p.x.fp[0]) && decode_fp(b + kFpSize, p.x.fp[1]) && decode_fp(b + 2 * kFpSize, p.y.fp[0]) &&
           decode_fp(b + 3 * kFpSize, p.y.fp[1]) && (is_infinity(p) || blst_p2_affine_on_curve(&p));
  }
  static void encode(const Point& p, uint8_t* b) {
    Affine a;
    blst_p2_to_affine(&a, &p);
    encode_fp(a.x.fp[0], b);
    encode_fp(a.x.fp[1], b + kFpSize);
    encode_fp(a.y.fp[0], b + 2 * kFpSize);
    encode_fp(a.y.fp[1], b + 3 * kFpSize);
  }
  static bool is_infinity(const Affine& p) { return blst_p2_affine_is_inf(&p); }
  static bool in_group(const Affine& p) { return is_infinity(p) || blst_p2_affine_in_g2(&p); }
  static Point from(const Affine& p) {
    Point r;
    blst_p2_from_affine(&r, &p);
    return r;
  }
  static void add(Point& r, const Affine& p) { blst_p2_add_or_double_affine(&r, &r, &p); }
  static size_t scratch_size(size_t n) { return blst_p2s_mult_pippenger_scratch_sizeof(n); }
  static void msm(Point& r, const Affine* const* points, size_t n, const byte* const* scalars, limb_t* scratch) {
    blst_p2s_mult_pippenger(&r, points, n, scalars, 255, scratch);
  }
};

template <class G>
uint64_t add_cost(Bytes) {
  return G::kAddCost;
}

template <class G>
bool add(Bytes input, Output& out) {
  if (input.size != 2 * G::kPointSize) return false;
  typename G::Affine a, b;
  if (!G::decode(input.data, a) || !G::decode(input.data + G::kPointSize, b)) return false;
  typename G::Point sum = G::from(a);
  G::add(sum, b);
  out.resize(G::kPointSize);
  G::encode(sum, out.data());
  return true;
}

template <class G>
uint64_t msm_cost(Bytes input) {
  const uint64_t k = input.size / (G::kPointSize + kScalarSize);
  if (k == 0) return 0;  // the length is wrong then, and run says so
  return k * G::kMulCost * G::kDiscount[k < 128 ? k - 1 : 127] / 1000;
}

template <class G>
bool msm(Bytes input, Output& out) {
  constexpr size_t kItem = G::kPointSize + kScalarSize;
  if (input.size == 0 || input.size % kItem != 0) return false;
  const size_t count = input.size / kItem;
  std::vector<typename G::Affine> points;
  std::vector<blst_scalar> scalars;
  points.reserve(count);
  scalars.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    typename G::Affine point;
    const uint8_t* bytes = input.data + i * kItem;
    if (!G::decode(bytes, point) || !G::in_group(point)) return false;
    // blst wants neither infinity nor zero among its terms; both contribute nothing. Any 256-bit scalar is taken modulo
    // the group's order.
    blst_scalar scalar;
    if (!blst_scalar_from_be_bytes(&scalar, bytes + G::kPointSize, kScalarSize) || G::is_infinity(point)) continue;
    points.push_back(point);
    scalars.push_back(scalar);
  }
  typename G::Point sum{};
  if (!points.empty()) {
    std::vector<const typename G::Affine*> point_list(points.size());
    std::vector<const byte*> scalar_list(points.size());
    for (size_t i = 0; i < points.size(); ++i) {
      point_list[i] = &points[i];
      scalar_list[i] = scalars[i].b;
    }
    std::vector<limb_t> scratch((G::scratch_size(points.size()) + sizeof(limb_t) - 1) / sizeof(limb_t));
    G::msm(sum, point_list.data(), points.size(), scalar_list.data(), scratch.data());
  }
  out.resize(G::kPointSize);
  G::encode(sum, out.data());
  return true;
}

constexpr size_t kPairSize = Group1::kPointSize + Group2::kPointSize;
uint64_t pairing_cost(Bytes input) { return 37700 + 32600 * static_cast<uint64_t>(input.size / kPairSize); }
bool pairing(Bytes input, Output& out) {
  if (input.size == 0 || input.size % kPairSize != 0) return false;
  std::vector<blst_p1_affine> ps;
  std::vector<blst_p2_affine> qs;
  for (size_t at = 0; at < input.size; at += kPairSize) {
    blst_p1_affine p;
    blst_p2_affine q;
    if (!Group1::decode(input.data + at, p) || !Group1::in_group(p) || !Group2::decode(input.data + at + Group1::kPointSize, q) ||
        !Group2::in_group(q))
      return false;
    if (Group1::is_infinity(p) || Group2::is_infinity(q)) continue;
    ps.push_back(p);
    qs.push_back(q);
  }
  blst_fp12 product = *blst_fp12_one();
  if (!ps.empty()) {
    std::vector<const blst_p1_affine*> p_list;
    std::vector<const blst_p2_affine*> q_list;
    for (size_t i = 0; i < ps.size(); ++i) {
      p_list.push_back(&ps[i]);
      q_list.push_back(&qs[i]);
    }
    blst_miller_loop_n(&product, q_list.data(), p_list.data(), ps.size());
    blst_final_exp(&product, &product);
  }
  out.assign(32, 0);
  out[31] = blst_fp12_is_one(&product) ? 1 : 0;
  return true;
}

uint64_t map_fp_cost(Bytes) { return 5500; }
bool map_fp(Bytes input, Output& out) {
  blst_fp u;
  if (input.size != kFpSize || !decode_fp(input.data, u)) return false;
  blst_p1 p;
  blst_map_to_g1(&p, &u, nullptr);
  out.resize(Group1::kPointSize);
  Group1::encode(p, out.data());
  return true;
}

uint64_t map_fp2_cost(Bytes) { return 23800; }
bool map_fp2(Bytes input, Output& out) {
  blst_fp2 u;
  if (input.size != 2 * kFpSize || !decode_fp(input.data, u.fp[0]) || !decode_fp(input.data + kFpSize, u.fp[1])) return false;
  blst_p2 p;
  blst_map_to_g2(&p, &u, nullptr);
  out.resize(Group2::kPointSize);
  Group2::encode(p, out.data());
  return true;
}

}  // namespace

const Contract kBlsG1Add{add_cost<Group1>, add<Group1>};
const Contract kBlsG1Msm{msm_cost<Group1>, msm<Group1>};
const Contract kBlsG2Add{add_cost<Group2>, add<Group2>};
const Contract kBlsG2Msm{msm_cost<Group2>, msm<Group2>};
const Contract kBlsPairing{pairing_cost, pairing};
const Contract kBlsMapFpToG1{map_fp_cost, map_fp};
const Contract kBlsMapFp2ToG2{map_fp2_cost, map_fp2};

}  // namespace zg::evm::precompiles
