#include "evm/host/tracers.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "evm/host/delegation.hpp"
#include "evm/interpreter/opcodes.hpp"
#include "evm/interpreter/word.hpp"

namespace zg::evm {

namespace {

// ---- text ----

void put_hex(std::string& out, Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const size_t at = out.size();
  out.resize(at + 2 * bytes.size);
  for (size_t i = 0; i < bytes.size; ++i) {
    out[at + 2 * i] = kDigits[bytes.data[i] >> 4];
    out[at + 2 * i + 1] = kDigits[bytes.data[i] & 0xf];
  }
}
void put_bytes(std::string& out, Bytes bytes) {
  out += "\"0x";
  put_hex(out, bytes);
  out += '"';
}
// Without leading zeros, as quantities are written.
void put_quantity(std::string& out, const U256& value) {
  out += "\"0x";
  const Hash32 bytes = value.to_hash();
  std::string digits;
  put_hex(digits, as_bytes(bytes));
  const size_t first = digits.find_first_not_of('0');
  out.append(digits, first == std::string::npos ? 63 : first, std::string::npos);
  out += '"';
}
// Size of the UTF-8 sequence at the front, 0 when there is none.
size_t utf8_size(std::string_view text) {
  const auto byte = [text](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto follows = [&byte](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool shortest = first != 0xe0 || byte(1) >= 0xa0, no_surrogate = first != 0xed || byte(1) < 0xa0;
    return shortest && no_surrogate && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool in_range = (first != 0xf0 || byte(1) >= 0x90) && (first != 0xf4 || byte(1) < 0x90);
    return in_range && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Reasons are bytes of a stranger: what is no UTF-8 becomes the replacement character.
void put_text(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const size_t size = utf8_size(text);
    const uint8_t byte = static_cast<uint8_t>(text[0]);
    if (size == 0) {
      out += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[0];
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 0xf];
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

// What Solidity's Panic(uint256) codes mean, in geth's words.
const char* panic_text(uint64_t code) {
  switch (code) {
    case 0x00: return "generic panic";
    case 0x01: return "assert(false)";
    case 0x11: return "arithmetic underflow or overflow";
    case 0x12: return "division or modulo by zero";
    case 0x21: return "enum overflow";
    case 0x22: return "invalid encoded storage byte array accessed";
    case 0x31: return "out-of-bounds array access; popping on an empty array";
    case 0x32: return "out-of-bounds access of an array or bytesN";
    case 0x41: return "out of memory";
    case 0x51: return "uninitialized function";
    default: return nullptr;
  }
}

// The sentence in Error(string) revert data, or what a Panic(uint256) stands for.
std::optional<std::string> revert_reason(Bytes output) {
  static constexpr uint32_t kError = 0x08c379a0, kPanic = 0x4e487b71;
  if (output.size < 36) return std::nullopt;
  const uint32_t selector = load_be32(output.data);
  if (selector == kPanic) {
    const U256 code = U256::from_be(output.data + 4);
    if (const char* text = code.fits_u64() ? panic_text(code.w[0]) : nullptr) return text;
    std::string unknown;
    put_quantity(unknown, code);
    return "unknown panic code: " + unknown.substr(1, unknown.size() - 2);
  }
  if (selector != kError || output.size < 68 || U256::from_be(output.data + 4) != U256(32)) return std::nullopt;
  const U256 size = U256::from_be(output.data + 36);
  if (!size.fits_u64() || size.w[0] > output.size - 68) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(output.data + 68), size.w[0]);
}

// ---- callTracer ----

const char* kind_name(CallKind kind) {
  switch (kind) {
    case CallKind::call: return "CALL";
    case CallKind::callcode: return "CALLCODE";
    case CallKind::delegatecall: return "DELEGATECALL";
    case CallKind::staticcall: return "STATICCALL";
    case CallKind::create: return "CREATE";
    case CallKind::create2: return "CREATE2";
    case CallKind::selfdestruct: return "SELFDESTRUCT";
  }
  return "";
}

class CallTracer final : public JsonTracer {
 public:
  explicit CallTracer(const TracerConfig& config) : config_(config) {}

  void transaction_start(BlockState&, const BlockEnv&, const Transaction& transaction) override { gas_limit_ = transaction.gas_limit; }
  void transaction_end(uint64_t gas_used) override {
    if (!frames_.empty()) frames_[0].gas_used = gas_used;
  }

  void enter(const EnterInfo& info) override {
    if (config_.only_top_call && info.depth > 0) return;
    Call call;
    call.kind = info.kind;
    call.from = info.from;
    call.to = info.to;
    call.gas = info.depth == 0 ? gas_limit_ : info.gas;
    call.value = info.value;
    call.has_value = info.has_value;
    call.input.assign(info.input.data, info.input.data + info.input.size);
    bytes_ += info.input.size;
    const size_t index = frames_.size();
    if (bytes_ * 2 + index * 400 > kTraceBytesMax) too_large_ = true;
    if (too_large_) call.input.clear();
    if (!open_.empty()) {
      frames_[open_.back()].children.push_back(index);
      call.parent = open_.back();
    }
    frames_.push_back(std::move(call));
    open_.push_back(index);
  }

  void exit(const ExitInfo& info) override {
    if (config_.only_top_call && info.depth > 0) return;
    Call& call = frames_[open_.back()];
    open_.pop_back();
    call.gas_used = info.gas_used;
    call.failed = info.halt != Halt::none;
    if (call.failed) {
      call.error = info.error;
      call.has_to = call.kind != CallKind::create && call.kind != CallKind::create2;
    }
    if (!call.failed || info.halt == Halt::revert) {
      if (!too_large_) call.output.assign(info.output.data, info.output.data + info.output.size);
      bytes_ += info.output.size;
    }
  }

  void log(const Log& entry) override {
    if (!config_.with_log || open_.empty()) return;
    Call& call = frames_[open_.back()];
    if (config_.only_top_call && open_.size() > 1) return;
    bytes_ += entry.data.size();
    if (bytes_ * 2 > kTraceBytesMax) too_large_ = true;
    if (!too_large_) call.logs.push_back({entry, log_count_, call.children.size()});
    ++log_count_;
  }

  Outcome<std::string> json(const TxResult&) override {
    if (too_large_) return Failure{Status::out_of_capacity, "trace too large"};
    if (frames_.empty()) return Failure{Status::bad_argument, "no trace: the transaction was refused"};
    std::vector<bool> lost(frames_.size());  // the frame or one around it failed: its logs never happened
    for (size_t i = 0; i < frames_.size(); ++i) lost[i] = frames_[i].failed || (i != 0 && lost[frames_[i].parent]);
    std::string out;
    struct Open {
      size_t frame, next_child;
    };
    std::vector<Open> stack{{0, 0}};
    open_call(out, frames_[0]);
    while (!stack.empty()) {
      Open& top = stack.back();
      const Call& call = frames_[top.frame];
      if (top.next_child < call.children.size()) {
        out += top.next_child == 0 ? ",\"calls\":[" : ",";
        const size_t child = call.children[top.next_child++];
        open_call(out, frames_[child]);
        stack.push_back({child, 0});
      } else {
        if (!call.children.empty()) out += ']';
        close_call(out, call, lost[top.frame]);
        stack.pop_back();
      }
    }
    return out;
  }

 private:
  struct CallLog {
    Log log;
    size_t index, position;
  };
  struct Call {
    CallKind kind = CallKind::call;
    Address from{}, to{};
    uint64_t gas = 0, gas_used = 0;
    U256 value;
    bool has_value = false, has_to = true, failed = false;
    std::vector<uint8_t> input, output;
    std::string error;
    std::vector<size_t> children;
    std::vector<CallLog> logs;
    size_t parent = 0;  // index of the frame around it
  };

  static void open_call(std::string& out, const Call& call) {
    out += "{\"from\":";
    put_bytes(out, as_bytes(call.from));
    out += ",\"gas\":";
    put_quantity(out, U256(call.gas));
    out += ",\"gasUsed\":";
    put_quantity(out, U256(call.gas_used));
    if (call.has_to) {
      out += ",\"to\":";
      put_bytes(out, as_bytes(call.to));
    }
    out += ",\"input\":";
    put_bytes(out, as_bytes(call.input));
    if (!call.output.empty()) {
      out += ",\"output\":";
      put_bytes(out, as_bytes(call.output));
    }
    if (call.failed) {
      out += ",\"error\":";
      put_text(out, call.error);
      if (const auto reason = revert_reason(as_bytes(call.output))) {
        out += ",\"revertReason\":";
        put_text(out, *reason);
      }
    }
  }

  static void close_call(std::string& out, const Call& call, bool lost) {
    if (!lost && !call.logs.empty()) {
      out += ",\"logs\":[";
      for (size_t i = 0; i < call.logs.size(); ++i) {
        const CallLog& entry = call.logs[i];
        out += i == 0 ? "{\"address\":" : ",{\"address\":";
        put_bytes(out, as_bytes(entry.log.address));
        out += ",\"topics\":[";
        for (size_t t = 0; t < entry.log.topics.size(); ++t) {
          if (t != 0) out += ',';
          put_bytes(out, as_bytes(entry.log.topics[t]));
        }
        out += "],\"data\":";
        put_bytes(out, as_bytes(entry.log.data));
        out += ",\"index\":";
        put_quantity(out, U256(entry.index));
        out += ",\"position\":";
        put_quantity(out, U256(entry.position));
        out += '}';
      }
      out += ']';
    }
    if (call.has_value) {
      out += ",\"value\":";
      put_quantity(out, call.value);
    }
    out += ",\"type\":\"";
    out += kind_name(call.kind);
    out += "\"}";
  }

  TracerConfig config_;
  uint64_t gas_limit_ = 0;
  std::vector<Call> frames_;
  std::vector<size_t> open_;
  size_t log_count_ = 0, bytes_ = 0;
  bool too_large_ = false;
};

// ---- prestateTracer ----

class PrestateTracer final : public JsonTracer {
 public:
  explicit PrestateTracer(const TracerConfig& config) : config_(config) {}

  bool wants_steps() const override { return true; }

  void transaction_start(BlockState& state, const BlockEnv& env, const Transaction& tx) override {
    state_ = &state;
    look(tx.sender);
    if (tx.to) {
      look(*tx.to);
      look_behind(*tx.to);
    } else {
      const Address address = create_address(tx.sender, state.nonce(tx.sender));
      look(address);
      created_.push_back(address);
    }
    look(env.coinbase);
    for (const Authorization& entry : tx.authorizations)
      if (entry.authority) look(*entry.authority);
  }

  void step(const StepInfo& s) override {
    const auto top = [&s](size_t i) -> const U256& { return s.stack[s.stack_size - 1 - i]; };
    switch (s.opcode) {
      case OP_SLOAD:
      case OP_SSTORE:
        if (s.stack_size >= 1) look_slot(*s.address, top(0));
        break;
      case OP_EXTCODECOPY:
      case OP_EXTCODEHASH:
      case OP_EXTCODESIZE:
      case OP_BALANCE:
      case OP_SELFDESTRUCT:
        if (s.stack_size >= 1) look(word::to_address(top(0)));
        if (s.opcode == OP_SELFDESTRUCT) destroyed_.push_back(*s.address);
        break;
      case OP_CALL:
      case OP_CALLCODE:
      case OP_DELEGATECALL:
      case OP_STATICCALL:
        if (s.stack_size >= 5) {
          look(word::to_address(top(1)));
          look_behind(word::to_address(top(1)));
        }
        break;
      case OP_CREATE: create(create_address(*s.address, state_->nonce(*s.address))); break;
      case OP_CREATE2:
        if (s.stack_size >= 4 && top(1).fits_u64() && top(2).fits_u64() && top(2).w[0] <= 2 * 0x6000) {
          // Memory is not grown yet: what lies beyond it reads as zero.
          std::vector<uint8_t> code(top(2).w[0]);
          for (size_t i = 0; i < code.size(); ++i) {
            const uint64_t at = top(1).w[0] + i;
            if (at < s.memory.size) code[i] = s.memory.data[at];
          }
          create(create2_address(*s.address, top(3), as_bytes(code)));
        }
        break;
      default: break;
    }
  }

  void transaction_end(uint64_t) override {
    if (config_.diff_mode) make_diff();
    if (config_.include_empty) return;
    for (const Address& address : created_) {
      const auto found = pre_.find(address);
      if (found != pre_.end() && found->second.is_empty()) pre_.erase(found);
    }
  }

  Outcome<std::string> json(const TxResult&) override {
    if (state_ == nullptr) return Failure{Status::bad_argument, "no trace: the transaction was refused"};
    std::string out;
    if (!config_.diff_mode) {
      put_side(out, pre_);
    } else {
      out += "{\"post\":";
      put_side(out, post_);
      out += ",\"pre\":";
      put_side(out, pre_);
      out += '}';
    }
    if (out.size() > kTraceBytesMax) return Failure{Status::out_of_capacity, "trace too large"};
    return out;
  }

 private:
  struct View {
    std::optional<U256> balance;
    uint64_t nonce = 0;
    state::CodePtr code;
    std::map<U256, U256> storage;
    bool is_empty() const { return (!balance || balance->is_zero()) && nonce == 0 && (code == nullptr || code->empty()) && storage.empty(); }
  };
  using Side = std::map<Address, View>;

  void look(const Address& address) {
    if (pre_.count(address) != 0) return;
    View& view = pre_[address];
    view.balance = state_->balance(address);
    view.nonce = state_->nonce(address);
    view.code = state_->code(address);
  }
  // The account that a delegated one points to is part of the prestate too.
  void look_behind(const Address& address) {
    if (const auto to = parse_delegation(as_bytes(*state_->code(address)))) look(*to);
  }
  void look_slot(const Address& address, const U256& slot) {
    look(address);
    std::map<U256, U256>& storage = pre_[address].storage;
    if (storage.count(slot) == 0) storage[slot] = state_->storage(address, slot);
  }
  void create(const Address& address) {
    look(address);
    created_.push_back(address);
  }

  void make_diff() {
    for (auto at = pre_.begin(); at != pre_.end();) {
      const Address& address = at->first;
      View& before = at->second;
      const bool gone = std::find(destroyed_.begin(), destroyed_.end(), address) != destroyed_.end() && !state_->exists(address);
      if (gone) {
        ++at;
        continue;
      }
      View after;
      bool modified = false;
      if (const U256 balance = state_->balance(address); balance != *before.balance) {
        modified = true;
        after.balance = balance;
      }
      if (const uint64_t nonce = state_->nonce(address); nonce != before.nonce) {
        modified = true;
        after.nonce = nonce;
      }
      if (state::CodePtr code = state_->code(address); !config_.disable_code && *code != *before.code) {
        modified = true;
        after.code = std::move(code);
      }
      if (!config_.disable_storage) {
        for (auto slot = before.storage.begin(); slot != before.storage.end();) {
          const U256 value = state_->storage(address, slot->first);
          const bool changed = value != slot->second;
          if (changed) {
            modified = true;
            if (!value.is_zero()) after.storage[slot->first] = value;
          }
          slot = !changed || slot->second.is_zero() ? before.storage.erase(slot) : std::next(slot);
        }
      }
      if (modified) {
        post_[address] = std::move(after);
        ++at;
      } else {
        at = pre_.erase(at);
      }
    }
  }

  void put_side(std::string& out, const Side& side) const {
    out += '{';
    bool first = true;
    for (const auto& [address, view] : side) {
      if (!first) out += ',';
      first = false;
      put_bytes(out, as_bytes(address));
      out += ":{";
      const size_t start = out.size();
      const auto comma = [&out, start] {
        if (out.size() != start) out += ',';
      };
      if (view.balance) {
        out += "\"balance\":";
        put_quantity(out, *view.balance);
      }
      if (!config_.disable_code && view.code != nullptr && !view.code->empty()) {
        comma();
        out += "\"code\":";
        put_bytes(out, as_bytes(*view.code));
      }
      if (view.nonce != 0) {
        comma();
        out += "\"nonce\":" + std::to_string(view.nonce);
      }
      if (!config_.disable_storage && !view.storage.empty()) {
        comma();
        out += "\"storage\":{";
        bool first_slot = true;
        for (const auto& [slot, value] : view.storage) {
          if (!first_slot) out += ',';
          first_slot = false;
          put_bytes(out, as_bytes(slot.to_hash()));
          out += ':';
          put_bytes(out, as_bytes(value.to_hash()));
        }
        out += '}';
      }
      out += '}';
    }
    out += '}';
  }

  TracerConfig config_;
  BlockState* state_ = nullptr;
  Side pre_, post_;
  std::vector<Address> created_, destroyed_;
};

// ---- struct logger ----

class StructLogger final : public JsonTracer {
 public:
  explicit StructLogger(const TracerConfig& config) : config_(config) {}

  bool wants_steps() const override { return true; }
  void transaction_start(BlockState& state, const BlockEnv&, const Transaction&) override {
    state_ = &state;
    started_ = true;
  }

  void step(const StepInfo& s) override {
    pending_ = !too_large_ && (config_.limit == 0 || steps_ < config_.limit);
    if (!pending_) return;
    ++steps_;
    out_ += steps_ == 1 ? "{\"pc\":" : ",{\"pc\":";
    out_ += std::to_string(s.pc) + ",\"op\":\"" + opcode_name(s.opcode) + "\",\"gas\":" + std::to_string(s.gas) + ",\"gasCost\":";
    depth_ = s.depth;
    tail_.clear();
    if (!config_.disable_stack) {
      tail_ += ",\"stack\":[";
      for (size_t i = 0; i < s.stack_size; ++i) {
        if (i != 0) tail_ += ',';
        put_quantity(tail_, s.stack[i]);
      }
      tail_ += ']';
    }
    if (config_.enable_return_data && s.return_data.size != 0) {
      tail_ += ",\"returnData\":";
      put_bytes(tail_, s.return_data);
    }
    if (config_.enable_memory && s.memory.size != 0) {
      tail_ += ",\"memory\":[";
      for (size_t at = 0; at < s.memory.size; at += 32) {
        tail_ += at == 0 ? "\"" : ",\"";
        put_hex(tail_, {s.memory.data + at, 32});
        tail_ += '"';
      }
      tail_ += ']';
    }
    const bool loads = s.opcode == OP_SLOAD && s.stack_size >= 1, stores = s.opcode == OP_SSTORE && s.stack_size >= 2;
    if (!config_.disable_storage && (loads || stores)) {
      std::map<U256, U256>& seen = storage_[*s.address];
      const U256& slot = s.stack[s.stack_size - 1];
      seen[slot] = loads ? state_->storage(*s.address, slot) : s.stack[s.stack_size - 2];
      tail_ += ",\"storage\":{";
      bool first = true;
      for (const auto& [key, value] : seen) {
        tail_ += first ? "\"" : ",\"";
        first = false;
        put_hex(tail_, as_bytes(key.to_hash()));
        tail_ += "\":\"";
        put_hex(tail_, as_bytes(value.to_hash()));
        tail_ += '"';
      }
      tail_ += '}';
    }
    if (s.refund > 0) tail_ += ",\"refund\":" + std::to_string(s.refund);
  }

  void step_done(uint64_t gas_cost, const char* error) override {
    if (!pending_) return;
    pending_ = false;
    out_ += std::to_string(gas_cost) + ",\"depth\":" + std::to_string(depth_);
    if (error != nullptr) {
      out_ += ",\"error\":";
      put_text(out_, error);
    }
    out_ += tail_;
    out_ += '}';
    if (out_.size() > kTraceBytesMax) {
      too_large_ = true;
      out_.clear();
      out_.shrink_to_fit();
    }
  }

  Outcome<std::string> json(const TxResult& result) override {
    if (!started_) return Failure{Status::bad_argument, "no trace: the transaction was refused"};
    if (too_large_) return Failure{Status::out_of_capacity, "trace too large"};
    std::string out = "{\"gas\":" + std::to_string(result.gas_used) + ",\"failed\":" + (result.success ? "false" : "true") + ",\"returnValue\":";
    put_bytes(out, result.success || result.halt == Halt::revert ? as_bytes(result.output) : Bytes{nullptr, 0});
    out += ",\"structLogs\":[";
    out += out_;
    out += "]}";
    return out;
  }

 private:
  TracerConfig config_;
  BlockState* state_ = nullptr;
  bool started_ = false, pending_ = false, too_large_ = false;
  uint64_t steps_ = 0;
  int depth_ = 0;
  std::string out_, tail_;
  std::unordered_map<Address, std::map<U256, U256>, FixedHash> storage_;
};

}  // namespace

Outcome<std::unique_ptr<JsonTracer>> make_tracer(std::string_view name, const TracerConfig& config) {
  if (name == "callTracer") return std::unique_ptr<JsonTracer>(std::make_unique<CallTracer>(config));
  if (name == "prestateTracer") return std::unique_ptr<JsonTracer>(std::make_unique<PrestateTracer>(config));
  if (name.empty() || name == "structLogger") return std::unique_ptr<JsonTracer>(std::make_unique<StructLogger>(config));
  return Failure{Status::bad_argument, "tracer not found: " + std::string(name)};
}

}  // namespace zg::evm
