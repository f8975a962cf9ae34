// Calls of the stateful precompiles, and stored values, from strangers: any bytes must be answered, and what decodes must
// encode to a value that decodes to the same.
#include <cstdlib>
#include <map>

#include "evm/zerog_rules/contracts.hpp"
#include "evm/zerog_rules/records.hpp"

using namespace zg;
using namespace zg::evm;
using namespace zg::evm::zerog_rules;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class MapHost final : public StatefulHost {
 public:
  U256 storage(const Address& account, const U256& slot) override { return slots_[{account, slot.to_hash()}]; }
  void set_storage(const Address& account, const U256& slot, const U256& value) override { slots_[{account, slot.to_hash()}] = value; }
  U256 balance(const Address&) override { return balance_; }
  void set_balance(const Address&, const U256& value) override { balance_ = value; }
  bool has_code(const Address&) override { return has_code_; }
  void set_code(const Address&, Bytes) override { has_code_ = true; }
  void emit_log(Log) override {}
  uint64_t block_number() override { return 100; }
  Address tx_origin() override { return kDaRegistry; }

 private:
  std::map<std::pair<Address, Hash32>, U256> slots_;
  U256 balance_;
  bool has_code_ = false;
};

constexpr uint32_t kSelectors[] = {0xcff0ab96, 0xf4145a83, 0x5ecba503, 0x7df73e27, 0xd1f5e5f8, 0x6ab6f654, 0xfa6fcba6, 0x6c9e560c, 0x50b73739,
                                   0x7ca4dd5e, 0x0f62bda5, 0x56a32372, 0x0cf4b767, 0x5a889f0c, 0xa9283a7a, 0x95609212, 0x40c10f19, 0x9dc29fac, 0xdddba6c8};

void fuzz_call(const uint8_t* data, size_t size) {
  const uint8_t kind = data[0];
  std::vector<uint8_t> input(data + 1, data + size);
  if (kind & 1) {  // a known method, its arguments as they come
    const uint32_t selector = kSelectors[kind / 8 % std::size(kSelectors)];
    const uint8_t head[4] = {static_cast<uint8_t>(selector >> 24), static_cast<uint8_t>(selector >> 16), static_cast<uint8_t>(selector >> 8),
                             static_cast<uint8_t>(selector)};
    input.insert(input.begin(), head, head + 4);
  }
  MapHost host;
  Rules rules;
  rules.zerog_precompiles = true;
  rules.da_signers_version = (kind & 4) != 0 ? 2 : 3;
  rules.da_epoch_blocks = 1;
  constexpr uint64_t kGas = 1500000;
  const Address callers[] = {kDaRegistry, kWrappedToken, kAgency, kSystem};
  for (const Address& to : {kDaSigners, kWrappedBase})
    for (const Address& caller : callers) {
      const StatefulResult result = run(to, as_bytes(input), kGas, (kind & 2) != 0, caller, host, rules);
      require(result.gas_used <= kGas);
      if (result.outcome != StatefulOutcome::success) require(result.output.empty());
      if (result.outcome == StatefulOutcome::failure) require(result.gas_used == kGas);
    }
}

void fuzz_records(Bytes bytes) {
  SignerDetail signer;
  if (decode_signer(bytes, signer)) {
    const std::vector<uint8_t> encoded = encode_signer(signer);
    SignerDetail again;
    require(decode_signer(as_bytes(encoded), again) && encode_signer(again) == encoded);
  }
  MinterSupply supply;
  if (decode_supply(bytes, supply)) {
    MinterSupply again;
    require(decode_supply(as_bytes(encode_supply(supply)), again) && again.cap == supply.cap && again.supply == supply.supply);
  }
  std::vector<Address> rows, again;
  if (decode_quorum(bytes, rows)) require(decode_quorum(as_bytes(encode_quorum(rows)), again) && again == rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (data[0] & 4)
    fuzz_records({data + 1, size - 1});
  else
    fuzz_call(data, size);
  return 0;
}
