// Mining on ranges, targets and nonces of anybody: places by the definition, hits that reach the target, seals that open again.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/endian.hpp"
#include "common/u256.hpp"
#include "pora/mix/api.hpp"
#include "pora/seal/api.hpp"

using namespace zg;

namespace {

struct Reader {
  const uint8_t* at;
  size_t left;

  uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *at++;
  }
  uint64_t number() {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  Hash32 hash() {
    Hash32 out{};
    for (uint8_t& b : out.b) b = byte();
    return out;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

// The remainder of a big-endian number, bit by bit.
uint64_t remainder(const uint8_t* number, uint64_t divisor) {
  unsigned __int128 rest = 0;
  for (size_t bit = 0; bit < 256; ++bit) rest = (rest << 1 | (number[bit / 8] >> (7 - bit % 8) & 1)) % divisor;
  return static_cast<uint64_t>(rest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader reader{data, size};
  const uint64_t most = uint64_t{1} << 62;
  pora::Area area{reader.number() % most, 0, reader.number(), reader.number()};
  area.length = std::max<uint64_t>(pora::kLoadSectors, reader.number() >> (reader.byte() % 64) & (most - 1));
  area.shard_id &= ~area.shard_mask;
  const Hash32 seed = reader.hash();
  uint64_t position = 0;
  pora::recall_positions(area, seed.b, 1, &position);
  const uint64_t chunk = (remainder(seed.b, area.length / pora::kLoadSectors) & area.shard_mask) | area.shard_id;
  const unsigned __int128 wanted = area.start + static_cast<unsigned __int128>(chunk) * pora::kLoadSectors;
  require(position == (wanted >> 64 == 0 ? static_cast<uint64_t>(wanted) : pora::kNowhere) || wanted >= pora::kNowhere);
  require(pora::is_inside(area, position) == (wanted - area.start <= area.length));

  // A few nonces against up to three loads, the lanes beside the scalar form.
  const Hash32 miner = reader.hash(), task = reader.hash(), range = reader.hash();
  Hash32 threshold = reader.hash();
  threshold.b[0] = reader.byte() % 8;
  const size_t count = reader.byte() % 4, held = reader.byte() % 4;
  std::vector<uint8_t> nonces(32 * count), load(pora::kLoadSize);
  for (uint8_t& b : nonces) b = reader.byte();
  for (size_t i = 0; i < load.size(); ++i) load[i] = static_cast<uint8_t>(i * 7 + seed.b[i % 32]);
  std::vector<const uint8_t*> loads(held, load.data());
  if (held > 1) loads[1] = nullptr;
  std::vector<uint64_t> places(count), scalar_places(count);
  size_t tried = 0, scalar_tried = 0;
  const auto found = pora::hunt(**pora::mix_backend(""), miner, task, range, area, nonces.data(), count, loads.data(), held, threshold, 1,
                                places.data(), tried);
  const auto plain = pora::hunt(pora::mix_scalar, miner, task, range, area, nonces.data(), count, loads.data(), held, threshold, 1,
                                scalar_places.data(), scalar_tried);
  require(places == scalar_places && tried == scalar_tried && found.size() == plain.size());
  for (size_t i = 0; i < found.size(); ++i) {
    require(found[i].row == plain[i].row && found[i].seal == plain[i].seal && found[i].quality == plain[i].quality);
    require(found[i].row < count && std::memcmp(found[i].quality.b, threshold.b, 32) <= 0);
  }

  std::vector<uint8_t> seals(pora::kSealSize * (1 + count)), before, masks(32 * (1 + count));
  for (size_t i = 0; i < seals.size(); ++i) seals[i] = load[i % load.size()];
  before = seals;
  pora::seal_masks(miner, task.b, 0, area.start / 16 * 16, 1 + count, masks.data());
  const auto& table = **pora::seal_backend("");
  pora::seal_many(table, seals.data(), masks.data(), 1 + count);
  require(seals != before);
  pora::unseal_many(table, seals.data(), masks.data(), 1 + count);
  require(seals == before);
  return 0;
}
