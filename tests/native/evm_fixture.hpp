// What the native tests and the fuzz target of the EVM share: a state in maps, and byte code run as one transaction.
#pragma once

#include <map>

#include "evm/host/transact.hpp"
#include "hash/keccak256/api.hpp"
#include "state/reader.hpp"

namespace zg::test {

class MapReader final : public state::Reader {
 public:
  void set(const Address& address, const U256& balance, std::vector<uint8_t> code = {}, uint64_t nonce = 0) {
    state::Account account{nonce, balance, state::kEmptyCodeHash};
    if (!code.empty()) {
      account.code_hash = keccak256::hash(as_bytes(code));
      codes_[account.code_hash] = std::make_shared<const state::Code>(std::move(code));
    }
    accounts_[address] = account;
  }
  void set_slot(const Address& address, const U256& slot, const U256& value) { slots_[{address, slot.to_hash()}] = value; }

  bool account(const Address& address, state::Account& out) const override {
    const auto found = accounts_.find(address);
    if (found == accounts_.end()) return false;
    out = found->second;
    return true;
  }
  U256 storage(const Address& address, const U256& slot) const override {
    const auto found = slots_.find({address, slot.to_hash()});
    return found == slots_.end() ? U256() : found->second;
  }
  bool has_storage(const Address& address) const override {
    const auto found = slots_.lower_bound({address, Hash32{}});
    return found != slots_.end() && found->first.first == address;
  }
  state::CodePtr code(const Hash32& code_hash) const override {
    const auto found = codes_.find(code_hash);
    return found == codes_.end() ? nullptr : found->second;
  }
  Hash32 block_hash(uint64_t number) const override { return U256(number).to_hash(); }

 private:
  std::map<Address, state::Account> accounts_;
  std::map<std::pair<Address, Hash32>, U256> slots_;
  std::map<Hash32, state::CodePtr> codes_;
};

inline Address address_of(uint8_t last) {
  Address a{};
  a.b[0] = 0x20;
  a.b[19] = last;
  return a;
}
inline const Address kSender = address_of(1);
inline const Address kTarget = address_of(2);

inline evm::BlockEnv block_env() {
  evm::BlockEnv env;
  env.number = 100;
  env.timestamp = 1'700'000'000;
  env.gas_limit = INT64_MAX;
  env.coinbase = address_of(9);
  return env;
}

inline evm::Transaction call_of(const Address& to, uint64_t gas_limit, std::vector<uint8_t> data = {}) {
  evm::Transaction tx;
  tx.to = to;
  tx.gas_limit = gas_limit;
  tx.data = std::move(data);
  tx.sender = kSender;
  return tx;
}

// Runs the instructions one by one, as a watched execution does.
struct Watcher final : evm::Tracer {
  uint64_t steps = 0;
  bool wants_steps() const override { return true; }
  void step(const evm::StepInfo&) override { ++steps; }
};

}  // namespace zg::test
