// Parameter files from strangers, every format: refused, or every point of what comes out is in its group and writes itself back.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "commit/amt/api.hpp"

using namespace zg;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const Hash32 kSeed = {{1, 2, 3}};

void examine(const amt::Ceremony& found, const msm::Table& table) {
  require(found.low.size() == found.geometry.cells() && found.high.size() == found.geometry.cells());
  require(found.steps.size() == found.geometry.rows());
  for (const auto& point : found.low) require(is_on_curve(point) && !point.is_infinity());
  for (const auto& point : found.high) require(is_on_curve(point) && !point.is_infinity());
  for (const auto& point : found.steps) require(is_on_twist(point) && is_in_subgroup_var(point));
  if (check(table, found, kSeed).ok()) require(setup_of(table, found)->can_prove());
}

void examine(const amt::Setup& setup) {
  for (const auto& lagrange : setup.lagrange)
    for (const auto& point : lagrange) require(is_on_curve(point) && !point.is_infinity());
  for (const auto& nodes : setup.vanishing)
    for (const auto& point : nodes) require(is_on_twist(point) && is_in_subgroup_var(point));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const msm::Table& table = **msm::backend("");
  const rs_fr::Geometry shape{1u + (data[0] & 1), 1u + (data[0] >> 1 & 1)};
  const unsigned what = data[1] % 4;
  const Bytes all{data + 2, size - 2};
  if (what == 0) {
    if (const auto found = amt::decode_power_tau(all, shape); found.ok()) examine(*found, table);
  } else if (what == 1) {
    // Pieces of their exact sizes, zeros where the input ends.
    const size_t sizes[5] = {64 * shape.cells(), 64 * shape.cells(), 128 * shape.rows(), 128, 128};
    std::vector<std::vector<uint8_t>> pieces;
    size_t at = 0;
    for (size_t wanted : sizes) {
      std::vector<uint8_t>& piece = pieces.emplace_back(wanted);
      const size_t have = std::min(wanted, all.size - at);
      std::memcpy(piece.data(), all.data + at, have);
      at += have;
    }
    const amt::Challenge challenge{as_bytes(pieces[0]), as_bytes(pieces[1]), as_bytes(pieces[2]), as_bytes(pieces[3]), as_bytes(pieces[4])};
    if (const auto found = amt::decode_challenge(challenge, shape); found.ok()) examine(*found, table);
  } else {
    // Three files of equal length, one after the other, and for load_setup what is left as the powers.
    size_t verify_size = 16 + 64 * shape.cells() + 256;
    for (unsigned depth = 1; depth <= shape.log_rows; ++depth) verify_size += 8 + (size_t{128} << depth);
    const size_t each = what == 2 ? all.size / 3 : std::min(all.size / 3, verify_size);
    Bytes files[rs_fr::kCosets];
    for (size_t c = 0; c < rs_fr::kCosets; ++c) files[c] = {all.data + c * each, each};
    if (what == 2) {
      if (const auto found = amt::setup_of_provers(table, shape, files, kSeed); found.ok()) examine(**found);
    } else if (const auto found = amt::load_setup(shape, files, {all.data + 3 * each, all.size - 3 * each}); found.ok()) {
      examine(**found);
      for (size_t c = 0; c < rs_fr::kCosets; ++c) {
        const auto again = amt::verify_file(**found, c);
        require(again.size() == each && std::memcmp(again.data(), files[c].data, each) == 0);
      }
    }
  }
  return 0;
}
