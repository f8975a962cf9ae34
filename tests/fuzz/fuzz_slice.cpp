// Slices from strangers: any bytes are refused or are exactly what the encoder writes for what they decode to, in both forms.
#include <cstdlib>
#include <cstring>

#include "commit/amt/api.hpp"

using namespace zg;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const rs_fr::Geometry shape{1u + (data[0] & 1), 1u + (data[0] >> 1 & 1)};
  std::vector<uint8_t> bytes(data + 1, data + size);
  if (data[0] & 4) bytes.resize(amt::slice_size(shape));
  if (const auto slice = amt::decode_slice(as_bytes(bytes), shape); slice.ok()) {
    std::vector<uint8_t> again(amt::slice_size(shape));
    amt::encode_slice(*slice, shape, again.data());
    require(again == bytes);
    for (const auto& point : slice->siblings) require(is_on_curve(point));
  }
  if (bytes.size() >= shape.row_size()) {
    const Bytes row{bytes.data(), shape.row_size()};
    std::vector<uint8_t> light(bytes.begin() + static_cast<std::ptrdiff_t>(shape.row_size()), bytes.end());
    if (data[0] & 8) light.resize(amt::light_slice_size(shape));
    if (const auto slice = amt::decode_light_slice(as_bytes(light), shape, row); slice.ok()) {
      std::vector<uint8_t> again(amt::light_slice_size(shape));
      amt::encode_light_slice(*slice, shape, again.data());
      require(again == light);
      require(std::memcmp(slice->row.data(), row.data, row.size) == 0);
    }
  }
  if (size > 64) {
    if (const auto point = amt::decode_commitment(data + 1); point.ok()) {
      uint8_t again[64];
      amt::encode_commitment(*point, again);
      require(std::memcmp(again, data + 1, 64) == 0);
    }
  }
  return 0;
}
