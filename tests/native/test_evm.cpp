// The EVM from C++: word arithmetic against the plain one, both loops against each other on random code, the depth limit on
// a small native stack, memory bombs, the deadline, and many threads over one state (for the thread sanitizer).
#include <pthread.h>

#include <random>
#include <thread>

#include "check.hpp"
#include "evm/host/system.hpp"
#include "evm/interpreter/analysis.hpp"
#include "evm/interpreter/opcodes.hpp"
#include "evm/interpreter/word.hpp"
#include "evm_fixture.hpp"

using namespace zg;
using namespace zg::evm;
using namespace zg::test;

namespace {

std::vector<uint8_t> code(std::initializer_list<int> bytes) {
  std::vector<uint8_t> out;
  for (int b : bytes) out.push_back(static_cast<uint8_t>(b));
  return out;
}

TxResult run(const std::vector<uint8_t>& program, uint64_t gas, Tracer* tracer = nullptr, const Rules& rules = {}) {
  MapReader reader;
  reader.set(kSender, U256(0));
  reader.set(kTarget, U256(5), program, 1);
  BlockState state(reader);
  return transact(state, block_env(), rules, call_of(kTarget, gas), {}, tracer);
}

void words() {
  std::mt19937_64 random(7);
  const uint64_t edges[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 63};
  const auto limb = [&] { return random() % 2 != 0 ? edges[random() % 6] : random(); };
  for (int i = 0; i < 20000; ++i) {
    const U256 a(limb(), limb(), limb(), limb()), b(limb(), limb(), limb(), limb());
    U256 sum = a, difference = a;
    word::add(sum, b);
    word::sub(difference, b);
    CHECK(sum == a + b);
    CHECK(difference == a - b);
    CHECK(word::less(a, b) == (a < b));
    CHECK(!word::less(a, a));
    CHECK(word::mul(a, b) == a * b);
    CHECK(word::mul(U256(a.w[0]), U256(b.w[0])) == U256(a.w[0]) * U256(b.w[0]));
    const unsigned by = static_cast<unsigned>(random() % 300);
    CHECK(word::shift_right(a, U256(by)) == a >> by);
    CHECK(word::shift_left(a, U256(by)) == a << by);
    // Signed: q * b + r == a, and r has the sign of a.
    if (!b.is_zero()) {
      CHECK(word::mul(word::divide_signed(a, b), b) + word::remainder_signed(a, b) == a);
      const U256 r = word::remainder_signed(a, b);
      CHECK(r.is_zero() || word::negative(r) == word::negative(a));
    }
  }
  CHECK(word::sign_extend(U256(0), U256(0x80)) == ~U256(0x7f));
  CHECK(word::sign_extend(U256(0), U256(0x17f)) == U256(0x7f));
  CHECK(word::sign_extend(U256(31), U256::max()) == U256::max());
  CHECK(word::byte_at(U256(31), U256(0xab)) == U256(0xab));
  CHECK(word::byte_at(U256(32), U256::max()).is_zero());
  CHECK(word::shift_right_signed(U256::max(), U256(300)) == U256::max());
}

void analysis() {
  const auto analysed_code = [](std::vector<uint8_t> bytes) { return CodeAnalysis(std::make_shared<const state::Code>(std::move(bytes))); };
  const CodeAnalysis hidden = analysed_code(code({OP_PUSH1, OP_JUMPDEST, OP_JUMPDEST, OP_PUSH1 + 1, OP_JUMPDEST}));
  CHECK(!hidden.is_jumpdest(U256(1)));
  CHECK(hidden.is_jumpdest(U256(2)));
  CHECK(!hidden.is_jumpdest(U256(4)));
  CHECK(!hidden.is_jumpdest(U256(5)));
  CHECK(!hidden.is_jumpdest(U256(2, 1, 0, 0)));
  // Every truncated PUSH at the end reads zeros and then stops.
  for (int op = OP_PUSH1; op <= OP_PUSH32; ++op) {
    const TxResult result = run(code({op, 0x5b, 0x5b}), 100'000);
    CHECK(result.success);
    CHECK(result.gas_used == 21'003 + (op == OP_PUSH1 ? 1u : 0u));
  }
  // A JUMPDEST behind dead code whose PUSH data would hide it: data of dead code still counts.
  CHECK(run(code({OP_PUSH1, 5, OP_JUMP, OP_PUSH1 + 1, OP_STOP, OP_JUMPDEST}), 100'000).halt == Halt::invalid_jump);
  CHECK(run(code({OP_PUSH1, 5, OP_JUMP, OP_PUSH1, OP_STOP, OP_JUMPDEST}), 100'000).success);
}

void exact_reasons() {
  CHECK(run(code({OP_ADD}), 100'000).halt_message == "stack underflow (0 <=> 2)");
  CHECK(run(code({0xfe}), 100'000).halt_message == "invalid opcode: INVALID");
  CHECK(run(code({OP_PUSH0, 0x0c}), 100'000).halt_message == "invalid opcode: opcode 0xc not defined");
  CHECK(run(code({OP_PUSH1, 9, OP_JUMP}), 100'000).halt_message == "invalid jump destination");
  // Both would fail; the first one in order is the reason, although the block is refused at its entry.
  CHECK(run(code({OP_ADD, 0xfe}), 21'002).halt == Halt::stack_underflow);
  CHECK(run(code({OP_PUSH0, OP_PUSH0, OP_ADD, OP_ADD}), 21'004).halt == Halt::out_of_gas);
  std::vector<uint8_t> pushes(1025, OP_PUSH0);
  CHECK(run(pushes, 100'000).halt_message == "stack limit reached 1024 (1023)");
  pushes.pop_back();
  CHECK(run(pushes, 100'000).success);
  CHECK(run(code({OP_PUSH1, 0xff, OP_PUSH0, OP_RETURN}), 21'005).halt == Halt::out_of_gas);
}

// Programs with the stack kept deep enough to live for a while, of every instruction; both loops must agree to the last bit.
std::vector<uint8_t> random_program(std::mt19937_64& random) {
  std::vector<uint8_t> out;
  for (int i = 0; i < 20; ++i) {
    out.push_back(OP_PUSH1);
    out.push_back(static_cast<uint8_t>(random() % 64));
  }
  const size_t length = random() % 80;
  for (size_t i = 0; i < length; ++i) {
    switch (random() % 8) {
      case 0:
        out.push_back(OP_PUSH1);
        out.push_back(static_cast<uint8_t>(random() % 100));
        break;
      case 1: out.push_back(static_cast<uint8_t>(OP_DUP1 + random() % 16)); break;
      case 2: out.push_back(static_cast<uint8_t>(OP_SWAP1 + random() % 16)); break;
      case 3: out.push_back(OP_JUMPDEST); break;
      case 4: {  // a forward jump that may hit or miss
        out.push_back(OP_PUSH1);
        out.push_back(static_cast<uint8_t>(out.size() + random() % 6));
        out.push_back(random() % 4 != 0 ? OP_JUMPI : OP_JUMP);
        break;
      }
      default: out.push_back(static_cast<uint8_t>(random()));
    }
  }
  return out;
}

void both_loops_agree() {
  std::mt19937_64 random(20'26);
  size_t succeeded = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::vector<uint8_t> program = random_program(random);
    const uint64_t gas = 21'000 + random() % 200'000;
    MapReader reader;
    reader.set(kSender, U256(10));
    reader.set(kTarget, U256(5), program, 1);
    reader.set_slot(kTarget, U256(3), U256(7));
    BlockState fast(reader), stepped(reader);
    Watcher watcher;
    const TxResult a = transact(fast, block_env(), {}, call_of(kTarget, gas, {1, 2, 3}));
    const TxResult b = transact(stepped, block_env(), {}, call_of(kTarget, gas, {1, 2, 3}), {}, &watcher);
    CHECK(a.error == b.error);
    CHECK(a.halt == b.halt);
    CHECK(a.halt_message == b.halt_message);
    CHECK(a.gas_used == b.gas_used);
    CHECK(a.gas_refunded == b.gas_refunded);
    CHECK(a.output == b.output);
    CHECK(a.logs.size() == b.logs.size());
    succeeded += a.success;
    const state::Changes x = fast.take_changes(), y = stepped.take_changes();
    CHECK(x.accounts.size() == y.accounts.size());
    for (size_t k = 0; k < x.accounts.size() && k < y.accounts.size(); ++k) {
      CHECK(x.accounts[k].address == y.accounts[k].address);
      CHECK(x.accounts[k].after == y.accounts[k].after);
      CHECK(x.accounts[k].slots.size() == y.accounts[k].slots.size());
      for (size_t s = 0; s < x.accounts[k].slots.size() && s < y.accounts[k].slots.size(); ++s)
        CHECK(x.accounts[k].slots[s].after == y.accounts[k].slots[s].after);
      CHECK(k == 0 || x.accounts[k - 1].address < x.accounts[k].address);
    }
  }
  CHECK(succeeded > 100);
}

// Calls itself with all gas; returns the depth it reached in storage slot 0 of the deepest frame.
const std::vector<uint8_t>& recursion() {
  static const std::vector<uint8_t> program = [] {
    std::vector<uint8_t> out = code({OP_PUSH0, OP_SLOAD, OP_PUSH1, 1, OP_ADD, OP_PUSH0, OP_SSTORE});
    for (int op : {OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_ADDRESS, OP_GAS, OP_CALL, OP_STOP}) out.push_back(static_cast<uint8_t>(op));
    return out;
  }();
  return program;
}

void* deep_calls(void* reached) {
  MapReader reader;
  reader.set(kSender, U256(0));
  reader.set(kTarget, U256(0), recursion(), 1);
  BlockState state(reader);
  for (int i = 0; i < 2; ++i) {
    Transaction tx = call_of(kTarget, uint64_t{1} << 50);
    tx.nonce = static_cast<uint64_t>(i);
    Watcher watcher;
    CHECK(transact(state, block_env(), {}, tx, {}, i == 1 ? &watcher : nullptr).success);
  }
  *static_cast<U256*>(reached) = state.storage(kTarget, U256(0));
  return nullptr;
}

void depth_limit_on_a_small_stack() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, 512 * 1024) == 0);
  U256 reached;
  pthread_t thread;
  CHECK(pthread_create(&thread, &attributes, deep_calls, &reached) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  CHECK(reached == U256(2 * 1025));  // depths 0 to 1024, twice
}

void memory_bombs() {
  const uint64_t gas = 30'000'000;
  // MSTORE at offsets that grow, until the gas is gone.
  const TxResult grown = run(code({OP_PUSH1, 1, OP_JUMPDEST, OP_DUP1, OP_DUP1, OP_MSTORE, OP_PUSH1, 1, OP_SHL, OP_PUSH1, 2, OP_JUMP}), gas);
  CHECK(grown.halt == Halt::out_of_gas);
  CHECK(grown.gas_used == gas);
  // The same by MCOPY, back and forth over the whole memory.
  const TxResult copied =
      run(code({OP_PUSH1, 32, OP_JUMPDEST, OP_DUP1, OP_PUSH0, OP_DUP1 + 2, OP_MCOPY, OP_PUSH1, 1, OP_SHL, OP_PUSH1, 2, OP_JUMP}), gas);
  CHECK(copied.halt == Halt::out_of_gas);
  // Offsets and sizes near 2^64 and 2^256 with unbounded gas.
  for (int width : {8, 32}) {
    for (int op : {OP_MLOAD, OP_MSTORE8, OP_KECCAK256, OP_RETURN, OP_CALLDATACOPY, OP_MCOPY, OP_LOG0, OP_CREATE}) {
      std::vector<uint8_t> program = code({OP_PUSH1, 1, OP_PUSH1, 1, OP_PUSH1, 1});
      for (int i = 0; i < 3; ++i) {
        program.push_back(static_cast<uint8_t>(OP_PUSH1 + width - 1));
        program.insert(program.end(), static_cast<size_t>(width), 0xff);
      }
      program.push_back(static_cast<uint8_t>(op));
      CHECK(run(program, INT64_MAX).halt == Halt::out_of_gas);
    }
  }
  // MCOPY with overlap, both directions: memory holds 1 at 31, copied to 32..63 and back over itself.
  const TxResult moved = run(code({OP_PUSH1, 1, OP_PUSH0, OP_MSTORE, OP_PUSH1, 40, OP_PUSH0, OP_PUSH1, 8, OP_MCOPY, OP_PUSH1, 64, OP_PUSH0, OP_RETURN}), 100'000);
  CHECK(moved.success);
  CHECK(moved.output.size() == 64);
  CHECK(moved.output.size() == 64 && moved.output[39] == 1 && moved.output[31] == 0);
}

void deadline() {
  const std::vector<uint8_t> forever = code({OP_JUMPDEST, OP_PUSH0, OP_JUMP});
  MapReader reader;
  reader.set(kSender, U256(0));
  reader.set(kTarget, U256(0), forever, 1);
  // The loop sits two calls deep: everything above it must end too.
  std::vector<uint8_t> caller = code({OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH1 + 19});
  caller.insert(caller.end(), kTarget.b, kTarget.b + 20);
  for (int op : {OP_GAS, OP_CALL, OP_STOP}) caller.push_back(static_cast<uint8_t>(op));
  reader.set(address_of(3), U256(0), caller, 1);
  BlockState state(reader);
  TransactOptions options;
  options.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  CHECK(transact(state, block_env(), {}, call_of(address_of(3), INT64_MAX), options).halt == Halt::deadline);
}

void reverted_work_leaves_nothing() {
  // SSTORE, TSTORE, LOG0, CREATE, then REVERT.
  const std::vector<uint8_t> program = code({OP_PUSH1, 9, OP_PUSH0, OP_SSTORE, OP_PUSH1, 1, OP_PUSH0, OP_TSTORE, OP_PUSH0, OP_PUSH0, OP_LOG0, OP_PUSH0,
                                             OP_PUSH0, OP_PUSH1, 1, OP_CREATE, OP_PUSH0, OP_PUSH0, OP_REVERT});
  MapReader reader;
  reader.set(kSender, U256(1'000'000));
  reader.set(kTarget, U256(5), program, 1);
  BlockState state(reader);
  const TxResult result = transact(state, block_env(), {}, call_of(kTarget, 200'000));
  CHECK(result.halt == Halt::revert);
  CHECK(result.logs.empty());
  CHECK(result.gas_refunded == 0);
  const state::Changes changes = state.take_changes();
  CHECK(changes.accounts.size() == 1);
  CHECK(changes.accounts.size() == 1 && changes.accounts[0].address == kSender && changes.accounts[0].after.nonce == 1);
}

void many_threads_over_one_state() {
  MapReader reader;
  reader.set(kSender, U256(0));
  for (uint8_t i = 0; i < 8; ++i) {
    std::vector<uint8_t> program = recursion();
    program.push_back(i);  // different hashes: the cache of analyses is filled from all threads
    reader.set(address_of(static_cast<uint8_t>(100 + i)), U256(0), std::move(program), 1);
  }
  forget_analyses();
  std::vector<std::thread> threads;
  std::vector<U256> reached(4);
  for (size_t t = 0; t < reached.size(); ++t)
    threads.emplace_back([&reader, &reached, t] {
      BlockState state(reader);
      for (uint64_t i = 0; i < 8; ++i) {
        Transaction tx = call_of(address_of(static_cast<uint8_t>(100 + i)), 3'000'000);
        tx.nonce = i;
        transact(state, block_env(), {}, tx);
        reached[t] += state.storage(*tx.to, U256(0));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const U256& each : reached) CHECK(each == reached[0] && !each.is_zero());
}

void floor_table() {
  CHECK(gas_floor(21'000, 80) == 16'800);
  CHECK(gas_floor(21'001, 80) == 16'800);
  CHECK(gas_floor(100'000, 80) == 80'000);
  CHECK(gas_floor(INT64_MAX, 80) == 7'378'697'629'483'820'645u);
  CHECK(gas_floor(UINT64_MAX, 100) == UINT64_MAX);
  Rules rules;
  rules.gas_floor_percent = 80;
  CHECK(run({}, 21'000, nullptr, rules).gas_used == 21'000);
  CHECK(run({}, 26'252, nullptr, rules).gas_used == 21'001);
  CHECK(run({}, 100'000, nullptr, rules).gas_used == 80'000);
  CHECK(run({}, 100'000, nullptr, rules).gas_max_used == 21'000);
}

}  // namespace

int main() {
  words();
  analysis();
  exact_reasons();
  both_loops_agree();
  depth_limit_on_a_small_stack();
  memory_bombs();
  deadline();
  reverted_work_leaves_nothing();
  many_threads_over_one_state();
  floor_table();
  return check_report();
}
