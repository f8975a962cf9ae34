#include "evm/zerog_rules/abi.hpp"

namespace zg::evm::zerog_rules {

namespace {
constexpr uint8_t kZeroWord[32] = {};
}

const uint8_t* AbiReader::word(size_t index) {
  if (!ok_ || data_.size / 32 <= index) {
    fail();
    return kZeroWord;
  }
  return data_.data + 32 * index;
}

U256 AbiReader::number(size_t index) { return U256::from_be(word(index)); }

uint64_t AbiReader::number_u64(size_t index) {
  const U256 value = number(index);
  if (!value.fits_u64()) fail();
  return ok_ ? value.w[0] : 0;
}

uint32_t AbiReader::number_u32(size_t index) {
  const U256 value = number(index);
  if (value > U256(UINT32_MAX)) fail();
  return ok_ ? static_cast<uint32_t>(value.w[0]) : 0;
}

Address AbiReader::address(size_t index) {
  const uint8_t* p = word(index);
  for (int i = 0; i < 12; ++i)
    if (p[i] != 0) fail();
  return ok_ ? fixed_from<20>(p + 12) : Address{};
}

Bytes AbiReader::tail(size_t index) {
  const U256 offset = number(index);
  if (offset > U256(data_.size)) fail();
  if (!ok_) return {nullptr, 0};
  return {data_.data + offset.w[0], data_.size - static_cast<size_t>(offset.w[0])};
}

AbiReader AbiReader::tuple(size_t index) {
  AbiReader inner(tail(index));
  inner.ok_ = ok_;
  return inner;
}

Bytes AbiReader::bytes(size_t index) {
  const Bytes at = tail(index);
  if (at.size < 32) fail();
  if (!ok_) return {nullptr, 0};
  const U256 length = U256::from_be(at.data);
  if (length > U256(at.size - 32)) {
    fail();
    return {nullptr, 0};
  }
  return {at.data + 32, static_cast<size_t>(length.w[0])};
}

std::vector<Address> AbiReader::addresses(size_t index) {
  const Bytes at = tail(index);
  if (at.size < 32) fail();
  if (!ok_) return {};
  const U256 count = U256::from_be(at.data);
  if (count > U256((at.size - 32) / 32)) {
    fail();
    return {};
  }
  AbiReader items({at.data + 32, at.size - 32});
  std::vector<Address> out;
  out.reserve(static_cast<size_t>(count.w[0]));
  for (size_t i = 0; i < count.w[0]; ++i) out.push_back(items.address(i));
  if (!items.ok()) fail();
  return ok_ ? out : std::vector<Address>{};
}

AbiWriter& AbiWriter::number(const U256& value) {
  out_.resize(out_.size() + 32);
  value.to_be(out_.data() + out_.size() - 32);
  return *this;
}

AbiWriter& AbiWriter::address(const Address& value) {
  out_.resize(out_.size() + 32);
  std::memcpy(out_.data() + out_.size() - 20, value.b, 20);
  return *this;
}

AbiWriter& AbiWriter::bytes(Bytes value) {
  number(U256(value.size));
  const size_t at = out_.size();
  out_.resize(at + (value.size + 31) / 32 * 32);
  if (value.size > 0) std::memcpy(out_.data() + at, value.data, value.size);
  return *this;
}

}  // namespace zg::evm::zerog_rules
