#include "evm/interpreter/operations.hpp"

#include <algorithm>
#include <cstring>

#include "evm/host/delegation.hpp"
#include "hash/keccak256/api.hpp"

namespace zg::evm::operations {

namespace {

constexpr int64_t kColdSload = 2100;
constexpr int64_t kColdAccount = 2600;
constexpr int64_t kWarm = 100;

int64_t word_count(uint64_t size) { return static_cast<int64_t>((size + 31) / 32); }

bool charge(Frame& f, int64_t amount) { return (f.gas -= amount) >= 0; }

// Copies source[from …] to memory, zeros behind its end.
void copy_padded(Frame& f, uint64_t to, const U256& from, uint64_t size, Bytes source) {
  if (size == 0) return;
  uint8_t* out = f.memory.data + to;
  uint64_t copied = 0;
  if (from.fits_u64() && from.w[0] < source.size) {
    copied = std::min<uint64_t>(size, source.size - from.w[0]);
    std::memcpy(out, source.data + from.w[0], copied);
  }
  std::memset(out + copied, 0, size - copied);
}

// The common part of the copy instructions: (memory offset, source offset, size) on the stack.
Halt copy_from(Frame& f, Bytes source) {
  const U256 at = f.sp[-1], from = f.sp[-2], size = f.sp[-3];
  f.sp -= 3;
  uint64_t to, count;
  if (!reserve(f, at, size, to, count) || !charge(f, 3 * word_count(count))) return Halt::out_of_gas;
  copy_padded(f, to, from, count, source);
  return Halt::none;
}

Bytes code_bytes(const state::CodePtr& code) { return {code->data(), code->size()}; }

}  // namespace

bool expand(Frame& frame, uint64_t end) {
  const uint64_t words = (end + 31) / 32, words_now = frame.memory.size / 32;
  frame.gas -= memory_gas(words) - memory_gas(words_now);
  if (frame.gas < 0) return false;
  if (!frame.memory.grow(words * 32)) {
    frame.gas = -1;
    return false;
  }
  return true;
}

Halt mload(Machine&, Frame& f) {
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], U256(32), at, size)) return Halt::out_of_gas;
  f.sp[-1] = U256::from_be(f.memory.data + at);
  return Halt::none;
}
Halt mstore(Machine&, Frame& f) {
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], U256(32), at, size)) return Halt::out_of_gas;
  f.sp[-2].to_be(f.memory.data + at);
  f.sp -= 2;
  return Halt::none;
}
Halt mstore8(Machine&, Frame& f) {
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], U256(1), at, size)) return Halt::out_of_gas;
  f.memory.data[at] = static_cast<uint8_t>(f.sp[-2].w[0]);
  f.sp -= 2;
  return Halt::none;
}
Halt mcopy(Machine&, Frame& f) {
  const U256 to = f.sp[-1], from = f.sp[-2], size = f.sp[-3];
  f.sp -= 3;
  uint64_t at = 0, count = 0, source = 0, unused = 0;
  if (!reserve(f, word::less(to, from) ? from : to, size, at, count)) return Halt::out_of_gas;
  if (!charge(f, 3 * word_count(count))) return Halt::out_of_gas;
  if (count == 0) return Halt::none;
  reserve(f, to, size, at, unused);
  reserve(f, from, size, source, unused);
  std::memmove(f.memory.data + at, f.memory.data + source, count);
  return Halt::none;
}

Halt exp(Machine&, Frame& f) {
  const U256 exponent = f.sp[-2];
  if (!charge(f, 50 * static_cast<int64_t>(exponent.byte_count()))) return Halt::out_of_gas;
  const U256& base = f.sp[-1];
  U256 result;
  if (base == U256(2)) {
    result = word::shift_left(U256(1), exponent);
  } else {
    result = U256(1);
    U256 square = base;
    const unsigned bits = exponent.bit_count();
    for (unsigned i = 0; i < bits; ++i) {
      if (exponent.bit(i)) result = word::mul(result, square);
      square = word::mul(square, square);
    }
  }
  f.sp -= 1;
  f.sp[-1] = result;
  return Halt::none;
}

Halt keccak256(Machine&, Frame& f) {
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], f.sp[-2], at, size) || !charge(f, 6 * word_count(size))) return Halt::out_of_gas;
  f.sp -= 1;
  if (size == 0) {
    f.sp[-1] = U256::from_be(state::kEmptyCodeHash.b);
    return Halt::none;
  }
  uint8_t digest[32];
  zg::keccak256::hash(Bytes{f.memory.data + at, size}, digest);
  f.sp[-1] = U256::from_be(digest);
  return Halt::none;
}

Halt balance(Machine& m, Frame& f) {
  AccountEntry& account = m.state.entry(word::to_address(f.sp[-1]));
  if (!charge(f, m.access_cost(account))) return Halt::out_of_gas;
  f.sp[-1] = account.now.balance;
  return Halt::none;
}

Halt calldataload(Machine&, Frame& f) {
  const U256 at = f.sp[-1];
  if (!at.fits_u64() || at.w[0] >= f.input.size) {
    f.sp[-1] = U256();
  } else if (f.input.size - at.w[0] >= 32) {
    f.sp[-1] = U256::from_be(f.input.data + at.w[0]);
  } else {
    uint8_t padded[32] = {};
    std::memcpy(padded, f.input.data + at.w[0], f.input.size - at.w[0]);
    f.sp[-1] = U256::from_be(padded);
  }
  return Halt::none;
}
Halt calldatacopy(Machine&, Frame& f) { return copy_from(f, f.input); }
Halt codecopy(Machine&, Frame& f) { return copy_from(f, {f.code->code(), f.code->code_size()}); }

Halt extcodesize(Machine& m, Frame& f) {
  AccountEntry& account = m.state.entry(word::to_address(f.sp[-1]));
  if (!charge(f, m.access_cost(account))) return Halt::out_of_gas;
  f.sp[-1] = U256(m.state.code_of(account)->size());
  return Halt::none;
}
Halt extcodecopy(Machine& m, Frame& f) {
  AccountEntry& account = m.state.entry(word::to_address(f.sp[-1]));
  f.sp -= 1;
  if (!charge(f, m.access_cost(account))) return Halt::out_of_gas;
  return copy_from(f, code_bytes(m.state.code_of(account)));
}
Halt extcodehash(Machine& m, Frame& f) {
  AccountEntry& account = m.state.entry(word::to_address(f.sp[-1]));
  if (!charge(f, m.access_cost(account))) return Halt::out_of_gas;
  f.sp[-1] = account.is_empty() ? U256() : U256::from_be(account.now.code_hash.b);
  return Halt::none;
}
Halt returndatacopy(Machine&, Frame& f) {
  const U256 at = f.sp[-1], from = f.sp[-2], size = f.sp[-3];
  f.sp -= 3;
  uint64_t to, count;
  if (!reserve(f, at, size, to, count) || !charge(f, 3 * word_count(count))) return Halt::out_of_gas;
  if (!from.fits_u64() || from.w[0] > f.return_data.size || f.return_data.size - from.w[0] < count) return Halt::return_data_out_of_bounds;
  if (count != 0) std::memcpy(f.memory.data + to, f.return_data.data + from.w[0], count);
  return Halt::none;
}

Halt blockhash(Machine& m, Frame& f) {
  const U256 number = f.sp[-1];
  const bool known = number.fits_u64() && number.w[0] < m.env.number && m.env.number - number.w[0] <= 256;
  f.sp[-1] = known ? U256::from_be(m.state.block_hash(number.w[0]).b) : U256();
  return Halt::none;
}
Halt blobhash(Machine& m, Frame& f) {
  const U256 index = f.sp[-1];
  const std::vector<Hash32>* hashes = m.transaction.blob_hashes;
  const bool there = hashes != nullptr && index.fits_u64() && index.w[0] < hashes->size();
  f.sp[-1] = there ? U256::from_be((*hashes)[index.w[0]].b) : U256();
  return Halt::none;
}

Halt sload(Machine& m, Frame& f) {
  SlotEntry& slot = m.state.slot_entry(*f.self, f.sp[-1]);
  if (m.state.is_warm(slot)) {
    if (!charge(f, kWarm)) return Halt::out_of_gas;
  } else {
    m.state.warm(slot);
    if (!charge(f, kColdSload)) return Halt::out_of_gas;
  }
  f.sp[-1] = slot.value;
  return Halt::none;
}

Halt sstore(Machine& m, Frame& f) {
  if (f.read_only) return Halt::write_protection;
  if (f.gas <= 2300) {
    f.gas = -1;
    return Halt::out_of_gas;
  }
  SlotEntry& slot = m.state.slot_entry(*f.self, f.sp[-1]);
  const U256 value = f.sp[-2];
  f.sp -= 2;
  int64_t cost = 0;
  if (!m.state.is_warm(slot)) {
    m.state.warm(slot);
    cost = kColdSload;
  }
  if (slot.value == value) {
    return charge(f, cost + kWarm) ? Halt::none : Halt::out_of_gas;
  }
  const bool clean = slot.original == slot.value;
  if (clean)
    cost += slot.original.is_zero() ? 20000 : 5000 - kColdSload;
  else
    cost += kWarm;
  if (!charge(f, cost)) return Halt::out_of_gas;
  if (!slot.original.is_zero()) {
    if (slot.value.is_zero()) m.state.add_refund(-4800);
    if (value.is_zero()) m.state.add_refund(4800);
  }
  if (!clean && slot.original == value) m.state.add_refund(slot.original.is_zero() ? 20000 - kWarm : 5000 - kColdSload - kWarm);
  m.state.write_slot(slot, value);
  return Halt::none;
}

Halt tload(Machine& m, Frame& f) {
  f.sp[-1] = m.state.transient(*f.self, f.sp[-1]);
  return Halt::none;
}
Halt tstore(Machine& m, Frame& f) {
  if (f.read_only) return Halt::write_protection;
  m.state.write_transient(*f.self, f.sp[-1], f.sp[-2]);
  f.sp -= 2;
  return Halt::none;
}

Halt log(Machine& m, Frame& f, unsigned topics) {
  if (f.read_only) return Halt::write_protection;
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], f.sp[-2], at, size) || !charge(f, 8 * static_cast<int64_t>(size))) return Halt::out_of_gas;
  Log entry;
  entry.address = f.self->address;
  entry.topics.reserve(topics);
  for (unsigned i = 0; i < topics; ++i) entry.topics.push_back(f.sp[-3 - static_cast<int>(i)].to_hash());
  if (size != 0) entry.data.assign(f.memory.data + at, f.memory.data + at + size);
  f.sp -= 2 + topics;
  if (m.tracer != nullptr) m.tracer->log(entry);
  m.state.add_log(std::move(entry));
  return Halt::none;
}

Halt selfdestruct(Machine& m, Frame& f) {
  if (f.read_only) return Halt::write_protection;
  AccountEntry& self = *f.self;
  AccountEntry& heir = m.state.entry(word::to_address(f.sp[-1]));
  f.sp -= 1;
  int64_t cost = 0;
  if (!m.is_precompile(heir.address) && !m.state.is_warm(heir)) {
    m.state.warm(heir);
    cost += kColdAccount;
  }
  if (heir.is_empty() && !self.now.balance.is_zero()) cost += 25000;
  if (!charge(f, cost)) return Halt::out_of_gas;
  const U256 amount = self.now.balance;
  const bool dies = m.state.created_now(self);
  if (m.tracer != nullptr) {
    m.tracer->enter({CallKind::selfdestruct, f.depth + 1, self.address, heir.address, {nullptr, 0}, 0, amount, true});
    m.tracer->exit({f.depth + 1, Halt::none, 0, {nullptr, 0}, nullptr});
  }
  if (&heir != &self) {
    m.state.write_balance(self, U256());
    m.state.write_balance(heir, heir.now.balance + amount);
  } else if (dies) {
    m.state.write_balance(self, U256());
  }
  if (dies) m.state.mark_destroyed(self);
  f.output = {nullptr, 0};
  return Halt::none;
}

Halt finish_with_output(Machine&, Frame& f, Halt halt) {
  uint64_t at, size;
  if (!reserve(f, f.sp[-1], f.sp[-2], at, size)) return Halt::out_of_gas;
  f.sp -= 2;
  f.output = {size != 0 ? f.memory.data + at : nullptr, size};
  return halt;
}

Halt call(Machine& m, Frame& f, CallKind kind) {
  const bool with_value = kind == CallKind::call || kind == CallKind::callcode;
  const U256 gas_wanted = f.sp[-1];
  const Address address = word::to_address(f.sp[-2]);
  const U256 value = with_value ? f.sp[-3] : U256();
  const U256* rest = f.sp - (with_value ? 4 : 3);  // input offset, input size, output offset, output size, downwards
  f.sp -= with_value ? 7 : 6;
  if (kind == CallKind::call && f.read_only && !value.is_zero()) return Halt::write_protection;

  uint64_t in_offset, in_size, out_offset, out_size;
  if (!reserve(f, rest[0], rest[-1], in_offset, in_size) || !reserve(f, rest[-2], rest[-3], out_offset, out_size)) return Halt::out_of_gas;
  AccountEntry& target = m.state.entry(address);
  int64_t cost = m.access_cost(target);
  if (!value.is_zero()) {
    cost += 9000;
    if (kind == CallKind::call && target.is_empty()) cost += 25000;
  }
  AccountEntry* code = &target;
  bool delegated = false;
  if (const std::optional<Address> to = delegation_of(m.state, m.rules, target)) {
    code = &m.state.entry(*to);
    cost += m.access_cost(*code);
    delegated = true;
  }
  if (!charge(f, cost)) return Halt::out_of_gas;
  const int64_t most = f.gas - f.gas / 64;
  int64_t gas = gas_wanted.fits_u64() && gas_wanted.w[0] < static_cast<uint64_t>(most) ? static_cast<int64_t>(gas_wanted.w[0]) : most;
  f.gas -= gas;
  if (!value.is_zero()) gas += 2300;

  CallRequest& request = m.request;
  request.kind = kind;
  request.target = &target;
  request.code = code;
  request.delegated = delegated;
  request.gas = gas;
  request.input = {f.memory.data + in_offset, in_size};
  request.out_offset = out_offset;
  request.out_size = out_size;
  request.read_only = f.read_only || kind == CallKind::staticcall;
  switch (kind) {
    case CallKind::delegatecall:
      request.self = f.self;
      request.caller = f.caller;
      request.value = f.value;
      break;
    case CallKind::callcode:
      request.self = f.self;
      request.caller = f.self->address;
      request.value = value;
      break;
    default:
      request.self = &target;
      request.caller = f.self->address;
      request.value = value;
  }
  return Halt::none;
}

Halt create(Machine& m, Frame& f, CallKind kind) {
  if (f.read_only) return Halt::write_protection;
  const U256 value = f.sp[-1], offset = f.sp[-2], size = f.sp[-3];
  const U256 salt = kind == CallKind::create2 ? f.sp[-4] : U256();
  f.sp -= kind == CallKind::create2 ? 4 : 3;
  uint64_t at, count;
  if (!reserve(f, offset, size, at, count)) return Halt::out_of_gas;
  if (count > kInitCodeSizeMax) return Halt::initcode_too_large;
  if (!charge(f, (kind == CallKind::create2 ? 8 : 2) * word_count(count))) return Halt::out_of_gas;
  CallRequest& request = m.request;
  request.kind = kind;
  request.input = {count != 0 ? f.memory.data + at : nullptr, count};
  const Address address = kind == CallKind::create2 ? create2_address(f.self->address, salt, request.input) : create_address(f.self->address, f.self->now.nonce);
  request.target = &m.state.entry(address);
  request.code = nullptr;
  request.delegated = false;
  request.self = request.target;
  request.caller = f.self->address;
  request.value = value;
  request.read_only = false;
  request.out_offset = request.out_size = 0;
  request.gas = 0;  // decided when the creation starts: a failed check gives it back
  return Halt::none;
}

}  // namespace zg::evm::operations
