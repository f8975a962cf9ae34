#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "hash/blake2b/api.hpp"
#include "pora/mix/api.hpp"
#include "pora/seal/api.hpp"

namespace zg::py {

namespace {

using pybind11::object;

Hash32 hash_of(const object& value, const char* name) {
  const ReadView view(value, name);
  if (view.size() != 32) raise(Status::bad_argument, std::string(name) + ": expected 32 bytes, found " + std::to_string(view.size()));
  return fixed_from<32>(view.data());
}

pybind11::array_t<uint8_t> array_of(size_t rows, size_t row_size) {
  return pybind11::array_t<uint8_t>({static_cast<pybind11::ssize_t>(rows), static_cast<pybind11::ssize_t>(row_size)});
}

object blake2b_many(const object& data, const object& offsets, const std::string& backend) {
  const blake2b::Table& table = *unwrap(blake2b::backend(backend));
  const ReadView input(data, "data");
  const OffsetsIn bounds(offsets, input.size());
  auto digests = array_of(bounds.count(), blake2b::kDigestSize);
  uint8_t* out = digests.mutable_data();
  {
    ReleaseAbove release(input.size());
    blake2b::hash_many(table, input.data(), bounds.data(), bounds.count(), out);
  }
  return digests;
}

object blake2b_fixed(const object& data, size_t size, const std::string& backend) {
  const blake2b::Table& table = *unwrap(blake2b::backend(backend));
  const ReadView input(data, "data");
  if (size == 0) raise(Status::bad_argument, "size: expected at least 1");
  const size_t count = item_count(input, size, "data");
  auto digests = array_of(count, blake2b::kDigestSize);
  uint8_t* out = digests.mutable_data();
  {
    ReleaseAbove release(input.size());
    blake2b::hash_many_fixed(table, input.data(), size, count, out);
  }
  return digests;
}

// Copies `data` into the output and seals or opens it there.
object turn_seals(const object& data, const object& miner_id, const object& contexts, uint64_t first_sector, const object& out,
                  const std::string& backend, bool is_seal) {
  const pora::SealTable& table = *unwrap(pora::seal_backend(backend));
  const ReadView input(data, "data");
  const size_t count = item_count(input, pora::kSealSize, "data");
  const Hash32 miner = hash_of(miner_id, "miner_id");
  const ReadView digests(contexts, "contexts");
  if (digests.size() != 32 && digests.size() != 32 * count)
    raise(Status::bad_argument, "contexts: expected one of 32 bytes, or " + std::to_string(count) + " of them, found " + std::to_string(digests.size()) + " bytes");
  if (first_sector % pora::kSealSectors != 0)
    raise(Status::bad_argument, "first_sector: expected a multiple of 16, found " + std::to_string(first_sector));
  const size_t stride = digests.size() == 32 * count && count != 1 ? 32 : 0;
  object target = out;
  if (out.is_none()) target = pybind11::array_t<uint8_t>(static_cast<pybind11::ssize_t>(input.size()));
  {
    const WriteView view(target, "out", input.size());
    const auto begin = reinterpret_cast<uintptr_t>(view.data()), from = reinterpret_cast<uintptr_t>(input.data());
    if (begin != from && begin < from + input.size() && from < begin + input.size())
      raise(Status::bad_argument, "out: overlaps the input without being it");
    const pybind11::gil_scoped_release release;
    if (begin != from && count != 0) std::memcpy(view.data(), input.data(), input.size());
    std::vector<uint8_t> masks(32 * count);
    pora::seal_masks(miner, digests.data(), stride, first_sector, count, masks.data());
    (is_seal ? pora::seal_many : pora::unseal_many)(table, view.data(), masks.data(), count);
  }
  return target;
}

object seal(const object& data, const object& miner_id, const object& contexts, uint64_t first_sector, const object& out, const std::string& backend) {
  return turn_seals(data, miner_id, contexts, first_sector, out, backend, true);
}

object unseal(const object& data, const object& miner_id, const object& contexts, uint64_t first_sector, const object& out, const std::string& backend) {
  return turn_seals(data, miner_id, contexts, first_sector, out, backend, false);
}

object pad_seeds(const object& miner_id, const object& nonces, const object& subtask, const object& range_digest) {
  const ReadView input(nonces, "nonces");
  const size_t count = item_count(input, 32, "nonces");
  const Hash32 miner = hash_of(miner_id, "miner_id"), task = hash_of(subtask, "subtask"), range = hash_of(range_digest, "range_digest");
  auto seeds = array_of(count, pora::kPadSeedSize);
  uint8_t* out = seeds.mutable_data();
  Outcome<size_t> done = [&] {
    const pybind11::gil_scoped_release release;
    return pora::pad_seeds(miner, input.data(), count, task, range, out);
  }();
  unwrap(std::move(done));
  return seeds;
}

pybind11::tuple scratchpads(const object& seeds, const std::string& backend) {
  const pora::MixTable& table = *unwrap(pora::mix_backend(backend));
  const ReadView input(seeds, "seeds");
  const size_t count = item_count(input, pora::kPadSeedSize, "seeds");
  auto pads = array_of(count, pora::kPadSize), recall = array_of(count, 32);
  uint8_t *pads_out = pads.mutable_data(), *recall_out = recall.mutable_data();
  {
    const pybind11::gil_scoped_release release;
    pora::scratchpads_many(table, input.data(), count, pads_out, recall_out);
  }
  return pybind11::make_tuple(pads, recall);
}

// The views of a list of buffers of one size; the exporters are held with them.
struct Rows {
  std::vector<std::unique_ptr<ReadView>> held;
  std::vector<const uint8_t*> data;

  Rows(const pybind11::sequence& items, size_t size, const char* name) {
    for (size_t i = 0; i < items.size(); ++i) {
      const object item = items[i];
      held.push_back(std::make_unique<ReadView>(item, name));
      if (held.back()->size() != size)
        raise(Status::bad_argument, std::string(name) + ": expected " + std::to_string(size) + " bytes each, found " + std::to_string(held.back()->size()));
      data.push_back(held.back()->data());
    }
  }
};

object qualities(const pybind11::sequence& loads, const pybind11::sequence& pads, const pybind11::sequence& seeds, const std::string& backend) {
  const pora::MixTable& table = *unwrap(pora::mix_backend(backend));
  const Rows load(loads, pora::kLoadSize, "loads"), pad(pads, pora::kPadSize, "pads"), seed(seeds, pora::kPadSeedSize, "seeds");
  const size_t count = load.data.size();
  if (pad.data.size() != count || seed.data.size() != count) raise(Status::bad_argument, "pads, seeds: expected one for each load");
  pybind11::array_t<uint8_t> found(std::vector<pybind11::ssize_t>{static_cast<pybind11::ssize_t>(count), pora::kLoadSeals, 32});
  uint8_t* out = found.mutable_data();
  {
    const pybind11::gil_scoped_release release;
    pora::qualities_many(table, load.data.data(), pad.data.data(), seed.data.data(), count, out);
  }
  return found;
}

pora::Area area_of(uint64_t start, uint64_t length, uint64_t shard_id, uint64_t shard_mask) {
  if (length < pora::kLoadSectors || start > (uint64_t{1} << 62) || length > (uint64_t{1} << 62))
    raise(Status::bad_argument, "range: expected a start and a length of at least 1024 up to 2**62, found " + std::to_string(start) + ", " + std::to_string(length));
  return {start, length, shard_id, shard_mask};
}

// (row, seal, quality) of each hit.
pybind11::list hit_list(const std::vector<pora::Hit>& hits) {
  pybind11::list out;
  for (const pora::Hit& hit : hits) out.append(pybind11::make_tuple(hit.row, hit.seal, to_bytes({hit.quality.b, 32})));
  return out;
}

pybind11::tuple draw(const object& miner_id, const object& nonces, const object& subtask, const object& range_digest, uint64_t start,
                     uint64_t length, uint64_t shard_id, uint64_t shard_mask, size_t threads, const std::string& backend) {
  const pora::MixTable& table = *unwrap(pora::mix_backend(backend));
  const pora::Area area = area_of(start, length, shard_id, shard_mask);
  const ReadView input(nonces, "nonces");
  const size_t count = item_count(input, 32, "nonces");
  const Hash32 miner = hash_of(miner_id, "miner_id"), task = hash_of(subtask, "subtask"), range = hash_of(range_digest, "range_digest");
  auto seeds = array_of(count, pora::kPadSeedSize), pads = array_of(count, pora::kPadSize), recall = array_of(count, 32);
  pybind11::array_t<uint64_t> positions(static_cast<pybind11::ssize_t>(count));
  uint8_t *seeds_out = seeds.mutable_data(), *pads_out = pads.mutable_data(), *recall_out = recall.mutable_data();
  uint64_t* positions_out = positions.mutable_data();
  Outcome<size_t> done = [&] {
    const pybind11::gil_scoped_release release;
    Outcome<size_t> made = pora::pad_seeds(miner, input.data(), count, task, range, seeds_out);
    if (made.ok()) {
      pora::scratchpads_many(table, seeds_out, count, pads_out, recall_out, threads);
      pora::recall_positions(area, recall_out, count, positions_out);
    }
    return made;
  }();
  unwrap(std::move(done));
  return pybind11::make_tuple(seeds, pads, recall, positions);
}

pybind11::list hits(const pybind11::sequence& loads, const pybind11::sequence& pads, const pybind11::sequence& seeds, const object& threshold,
                    size_t threads, const std::string& backend) {
  const pora::MixTable& table = *unwrap(pora::mix_backend(backend));
  const Rows load(loads, pora::kLoadSize, "loads"), pad(pads, pora::kPadSize, "pads"), seed(seeds, pora::kPadSeedSize, "seeds");
  const size_t count = load.data.size();
  if (pad.data.size() != count || seed.data.size() != count) raise(Status::bad_argument, "pads, seeds: expected one for each load");
  const Hash32 most = hash_of(threshold, "threshold");
  std::vector<pora::Hit> found;
  {
    const pybind11::gil_scoped_release release;
    found = pora::hits(table, load.data.data(), pad.data.data(), seed.data.data(), count, most, threads);
  }
  return hit_list(found);
}

pybind11::tuple hunt(const object& miner_id, const object& nonces, const object& subtask, const object& range_digest, uint64_t start,
                     uint64_t length, uint64_t shard_id, uint64_t shard_mask, const pybind11::sequence& chunks, const pybind11::sequence& loads,
                     const object& threshold, size_t threads, const std::string& backend) {
  const pora::MixTable& table = *unwrap(pora::mix_backend(backend));
  const pora::Area area = area_of(start, length, shard_id, shard_mask);
  const ReadView input(nonces, "nonces");
  const size_t count = item_count(input, 32, "nonces");
  const Hash32 miner = hash_of(miner_id, "miner_id"), task = hash_of(subtask, "subtask"), range = hash_of(range_digest, "range_digest");
  const Hash32 most = hash_of(threshold, "threshold");
  const Rows load(loads, pora::kLoadSize, "loads");
  if (chunks.size() != load.data.size()) raise(Status::bad_argument, "chunks: expected one for each load");
  constexpr uint64_t kChunksMax = uint64_t{1} << 24;  // 4 TiB of loads: more than memory
  std::vector<const uint8_t*> map;
  for (size_t i = 0; i < load.data.size(); ++i) {
    const auto chunk = chunks[i].cast<uint64_t>();
    if (chunk >= kChunksMax) raise(Status::bad_argument, "chunks: expected below 2**24, found " + std::to_string(chunk));
    if (chunk >= map.size()) map.resize(chunk + 1, nullptr);
    map[chunk] = load.data[i];
  }
  pybind11::array_t<uint64_t> positions(static_cast<pybind11::ssize_t>(count));
  uint64_t* positions_out = positions.mutable_data();
  std::vector<pora::Hit> found;
  size_t tried = 0;
  {
    const pybind11::gil_scoped_release release;
    found = pora::hunt(table, miner, task, range, area, input.data(), count, map.data(), map.size(), most, threads, positions_out, tried);
  }
  return pybind11::make_tuple(hit_list(found), positions, tried);
}

}  // namespace

void bind_pora(pybind11::module_& m) {
  using pybind11::arg;
  const pybind11::none none;
  m.def("blake2b_many", &blake2b_many, arg("data"), arg("offsets"), arg("backend") = "");
  m.def("blake2b_fixed", &blake2b_fixed, arg("data"), arg("size"), arg("backend") = "");
  m.def("pora_seal", &seal, arg("data"), arg("miner_id"), arg("contexts"), arg("first_sector"), arg("out") = none, arg("backend") = "");
  m.def("pora_unseal", &unseal, arg("data"), arg("miner_id"), arg("contexts"), arg("first_sector"), arg("out") = none, arg("backend") = "");
  m.def("pora_pad_seeds", &pad_seeds, arg("miner_id"), arg("nonces"), arg("subtask"), arg("range_digest"));
  m.def("pora_draw", &draw, arg("miner_id"), arg("nonces"), arg("subtask"), arg("range_digest"), arg("start"), arg("length"), arg("shard_id"),
        arg("shard_mask"), arg("threads") = 0, arg("backend") = "");
  m.def("pora_hits", &hits, arg("loads"), arg("pads"), arg("seeds"), arg("threshold"), arg("threads") = 0, arg("backend") = "");
  m.def("pora_hunt", &hunt, arg("miner_id"), arg("nonces"), arg("subtask"), arg("range_digest"), arg("start"), arg("length"), arg("shard_id"),
        arg("shard_mask"), arg("chunks"), arg("loads"), arg("threshold"), arg("threads") = 0, arg("backend") = "");
  m.def("pora_scratchpads", &scratchpads, arg("seeds"), arg("backend") = "");
  m.def("pora_qualities", &qualities, arg("loads"), arg("pads"), arg("seeds"), arg("backend") = "");
}

}  // namespace zg::py
