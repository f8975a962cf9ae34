// Any byte code under any gas: the fast loop and the stepping loop end alike to the last bit, and neither reads or writes
// outside its memory. Input: 3 bytes of gas, 1 of rules, 1 of calldata size, then calldata and code.
#include <algorithm>
#include <cstdlib>

#include "evm/interpreter/analysis.hpp"
#include "../native/evm_fixture.hpp"

using namespace zg;
using namespace zg::evm;
using namespace zg::test;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return 0;
  const uint64_t gas = 21'000 + (static_cast<uint64_t>(data[0]) | static_cast<uint64_t>(data[1]) << 8 | static_cast<uint64_t>(data[2] & 0x0f) << 16);
  Rules rules;
  rules.fork = data[3] & 1 ? Fork::prague : Fork::cancun;
  rules.gas_floor_percent = data[3] & 2 ? 80 : 0;
  rules.zerog_precompiles = (data[3] & 4) != 0;
  const bool creates = (data[3] & 8) != 0;
  const size_t input_size = std::min<size_t>(data[4], size - 5);
  const std::vector<uint8_t> input(data + 5, data + 5 + input_size);
  std::vector<uint8_t> program(data + 5 + input_size, data + size);

  Transaction tx = call_of(kTarget, gas + 60 * size, input);
  if (creates) {
    tx.to.reset();
    tx.data = program;
    program.clear();
  }
  MapReader reader;
  reader.set(kSender, U256(1000));
  reader.set(kTarget, U256(5), program, 1);
  reader.set(address_of(3), U256(7), std::move(program), 1);
  reader.set_slot(kTarget, U256(0), U256(1));
  BlockState fast(reader), stepped(reader);
  Watcher watcher;
  const TxResult a = transact(fast, block_env(), rules, tx);
  const TxResult b = transact(stepped, block_env(), rules, tx, {}, &watcher);
  require(a.error == b.error && a.halt == b.halt && a.halt_message == b.halt_message);
  require(a.gas_used == b.gas_used && a.gas_max_used == b.gas_max_used && a.gas_refunded == b.gas_refunded);
  require(a.error != TxError::none || (a.gas_used <= tx.gas_limit && a.gas_max_used <= tx.gas_limit));
  require(a.output == b.output && a.logs.size() == b.logs.size());
  const state::Changes x = fast.take_changes(), y = stepped.take_changes();
  require(x.accounts.size() == y.accounts.size() && x.codes.size() == y.codes.size());
  for (size_t i = 0; i < x.accounts.size(); ++i) {
    const state::AccountChange &p = x.accounts[i], &q = y.accounts[i];
    require(p.address == q.address && p.after == q.after && p.slots.size() == q.slots.size());
    for (size_t s = 0; s < p.slots.size(); ++s) require(p.slots[s].slot == q.slots[s].slot && p.slots[s].after == q.slots[s].after);
  }
  return 0;
}
