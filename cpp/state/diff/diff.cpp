#include <algorithm>

#include "hash/keccak256/api.hpp"
#include "rlp/api.hpp"
#include "state/diff/api.hpp"

namespace zg::state {

namespace {

// magic(4) version(1) checksum(8, over what follows), then the counts and entries below. Varints are LEB128, shortest form.
constexpr uint8_t kMagic[4] = {'z', 'g', 'd', 'f'};
constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderSize = 13;

enum Flags : uint8_t {
  kExisted = 1,
  kExists = 2,
  kCleared = 4,
  kSameAccount = 8,  // after equals before: written once
};
constexpr uint8_t kFlagsAll = 15;

class Writer {
 public:
  std::vector<uint8_t> out;

  void byte(uint8_t value) { out.push_back(value); }
  void raw(const uint8_t* data, size_t size) { out.insert(out.end(), data, data + size); }
  void varint(uint64_t value) {
    while (value >= 0x80) {
      byte(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    byte(static_cast<uint8_t>(value));
  }
  // Size in one byte, then big-endian digits without leading zeros.
  void number(const U256& value) {
    uint8_t full[32];
    value.to_be(full);
    const unsigned count = value.byte_count();
    byte(static_cast<uint8_t>(count));
    raw(full + 32 - count, count);
  }
  void account(const Account& account) {
    varint(account.nonce);
    number(account.balance);
    byte(account.has_code());
    if (account.has_code()) raw(account.code_hash.b, 32);
  }
};

class Parser {
 public:
  explicit Parser(Bytes rest) : rest_(rest) {}

  bool failed() const { return failed_; }
  size_t left() const { return rest_.size; }
  void fail() { failed_ = true; }

  const uint8_t* take(size_t size) {
    if (failed_ || size > rest_.size) {
      failed_ = true;
      return nullptr;
    }
    const uint8_t* out = rest_.data;
    rest_ = {rest_.data + size, rest_.size - size};
    return out;
  }
  uint8_t byte() {
    const uint8_t* p = take(1);
    return p != nullptr ? *p : 0;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t b = byte();
      if (failed_) return 0;
      if (shift == 63 && b > 1) break;
      value |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) {
        if (b == 0 && shift != 0) break;  // not the shortest form
        return value;
      }
    }
    failed_ = true;
    return 0;
  }
  // A count of entries that take at least `entry_size_min` bytes each: never more than the bytes left can hold.
  size_t count(size_t entry_size_min) {
    const uint64_t value = varint();
    if (value > rest_.size / entry_size_min) failed_ = true;
    return failed_ ? 0 : value;
  }
  U256 number() {
    const uint8_t size = byte();
    if (size > 32) failed_ = true;
    const uint8_t* p = take(size);
    if (failed_ || size == 0) return {};
    if (p[0] == 0) failed_ = true;
    return U256::from_be_short(p, size);
  }
  template <size_t N>
  Fixed<N> fixed() {
    const uint8_t* p = take(N);
    return p != nullptr ? fixed_from<N>(p) : Fixed<N>{};
  }
  Account account() {
    Account out;
    out.nonce = varint();
    out.balance = number();
    const uint8_t has_code = byte();
    if (has_code > 1) failed_ = true;
    if (has_code == 1) {
      out.code_hash = fixed<32>();
      if (!out.has_code()) failed_ = true;
    }
    return out;
  }

 private:
  Bytes rest_;
  bool failed_ = false;
};

void checksum(Bytes body, uint8_t out[8]) {
  uint8_t digest[32];
  keccak256::hash(body, digest);
  std::memcpy(out, digest, 8);
}

AccountChange parse_change(Parser& parser) {
  AccountChange change;
  change.address = parser.fixed<20>();
  const uint8_t flags = parser.byte();
  change.existed = (flags & kExisted) != 0;
  change.exists = (flags & kExists) != 0;
  change.storage_cleared = (flags & kCleared) != 0;
  const bool same = (flags & kSameAccount) != 0;
  if (flags > kFlagsAll || (same && !(change.existed && change.exists))) parser.fail();
  if (change.existed) change.before = parser.account();
  if (same) {
    change.after = change.before;
  } else if (change.exists) {
    change.after = parser.account();
    if (change.existed && change.after == change.before) parser.fail();
  }
  const size_t slot_count = parser.count(3);
  change.slots.reserve(slot_count);
  for (size_t i = 0; i < slot_count && !parser.failed(); ++i) {
    SlotChange slot;
    slot.slot = parser.number();
    slot.before = parser.number();
    slot.after = parser.number();
    if (slot.before == slot.after || (i != 0 && slot.slot <= change.slots.back().slot)) parser.fail();
    change.slots.push_back(slot);
  }
  return change;
}

}  // namespace

std::vector<uint8_t> encode_diff(const Changes& changes) {
  Writer writer;
  size_t slot_count = 0;
  for (const AccountChange& change : changes.accounts) slot_count += change.slots.size();
  writer.out.reserve(64 + changes.accounts.size() * 64 + slot_count * 70);
  writer.raw(kMagic, 4);
  writer.byte(kVersion);
  writer.out.resize(kHeaderSize);
  writer.varint(changes.accounts.size());
  for (const AccountChange& change : changes.accounts) {
    const bool same = change.existed && change.exists && change.before == change.after;
    writer.raw(change.address.b, 20);
    writer.byte(static_cast<uint8_t>((change.existed ? kExisted : 0) | (change.exists ? kExists : 0) |
                                     (change.storage_cleared ? kCleared : 0) | (same ? kSameAccount : 0)));
    if (change.existed) writer.account(change.before);
    if (change.exists && !same) writer.account(change.after);
    writer.varint(change.slots.size());
    for (const SlotChange& slot : change.slots) {
      writer.number(slot.slot);
      writer.number(slot.before);
      writer.number(slot.after);
    }
  }
  writer.varint(changes.codes.size());
  for (const NewCode& code : changes.codes) {
    writer.varint(code.code->size());
    writer.raw(code.code->data(), code.code->size());
  }
  checksum({writer.out.data() + kHeaderSize, writer.out.size() - kHeaderSize}, writer.out.data() + 5);
  return std::move(writer.out);
}

Outcome<Changes> decode_diff(Bytes blob) {
  if (blob.size < kHeaderSize || std::memcmp(blob.data, kMagic, 4) != 0)
    return Failure{Status::bad_encoding, "state diff: magic is missing"};
  if (blob.data[4] != kVersion)
    return Failure{Status::bad_encoding,
                   "state diff: expected version " + std::to_string(kVersion) + ", found " + std::to_string(blob.data[4])};
  const Bytes body{blob.data + kHeaderSize, blob.size - kHeaderSize};
  uint8_t sum[8];
  checksum(body, sum);
  if (std::memcmp(sum, blob.data + 5, 8) != 0) return Failure{Status::bad_encoding, "state diff: checksum differs"};
  Parser parser(body);
  Changes changes;
  const size_t account_count = parser.count(22);
  changes.accounts.reserve(std::min<size_t>(account_count, 1 << 16));
  for (size_t i = 0; i < account_count && !parser.failed(); ++i) {
    changes.accounts.push_back(parse_change(parser));
    if (i != 0 && !(changes.accounts[i - 1].address < changes.accounts[i].address)) parser.fail();
  }
  const size_t code_count = parser.count(1);
  for (size_t i = 0; i < code_count && !parser.failed(); ++i) {
    const size_t size = parser.count(1);
    const uint8_t* code = parser.take(size);
    if (code == nullptr) break;
    NewCode entry;
    entry.code_hash = keccak256::hash({code, size});
    entry.code = std::make_shared<const Code>(code, code + size);
    changes.codes.push_back(std::move(entry));
  }
  if (parser.failed() || parser.left() != 0) return Failure{Status::bad_encoding, "state diff: entries do not fit"};
  return changes;
}

Changes inverse(const Changes& changes) {
  Changes out;
  out.accounts.reserve(changes.accounts.size());
  for (const AccountChange& change : changes.accounts) {
    AccountChange back;
    back.address = change.address;
    back.existed = change.exists;
    back.exists = change.existed;
    back.before = change.after;
    back.after = change.before;
    back.slots.reserve(change.slots.size());
    for (const SlotChange& slot : change.slots) back.slots.push_back({slot.slot, slot.after, slot.before});
    out.accounts.push_back(std::move(back));
  }
  return out;
}

const char* family_name(Family family) {
  switch (family) {
    case Family::accounts: return "accounts";
    case Family::slots: return "slots";
    case Family::codes: break;
  }
  return "codes";
}

std::optional<Family> family_by_name(std::string_view name) {
  for (const Family family : {Family::accounts, Family::slots, Family::codes})
    if (name == family_name(family)) return family;
  return std::nullopt;
}

std::vector<Row> flat_rows(const Changes& changes) {
  std::vector<Row> rows;
  for (const AccountChange& change : changes.accounts) {
    const std::vector<uint8_t> key(change.address.b, change.address.b + 20);
    if (!change.exists) {
      if (change.existed) rows.push_back({Family::accounts, key, std::nullopt});
    } else if (!change.existed || !(change.before == change.after)) {
      rows.push_back({Family::accounts, key, encode_account_row(change.after)});
    }
    for (const SlotChange& slot : change.slots) {
      std::vector<uint8_t> slot_key(52);
      std::memcpy(slot_key.data(), change.address.b, 20);
      slot.slot.to_be(slot_key.data() + 20);
      Row row{Family::slots, std::move(slot_key), std::nullopt};
      if (!slot.after.is_zero()) row.value = encode_slot_row(slot.after);
      rows.push_back(std::move(row));
    }
  }
  for (const NewCode& code : changes.codes)
    rows.push_back({Family::codes, std::vector<uint8_t>(code.code_hash.b, code.code_hash.b + 32), *code.code});
  return rows;
}

std::vector<uint8_t> encode_account_row(const Account& account) {
  rlp::Encoder encoder;
  const size_t mark = encoder.open_list();
  encoder.number(account.nonce);
  encoder.number(account.balance);
  encoder.bytes(account.has_code() ? as_bytes(account.code_hash) : Bytes{nullptr, 0});
  encoder.close_list(mark);
  return encoder.take();
}

Outcome<Account> decode_account_row(Bytes value) {
  rlp::Decoder outer(value);
  rlp::Decoder fields = outer.list();
  Account account;
  account.nonce = fields.number_u64();
  account.balance = fields.number_u256();
  const std::optional<Hash32> code_hash = fields.fixed_or_empty<32>();
  if (code_hash) account.code_hash = *code_hash;
  fields.finish();
  outer.finish();
  if (outer.failed()) return Failure{Status::bad_encoding, std::string("account row: ") + outer.error()};
  return account;
}

std::vector<uint8_t> encode_slot_row(const U256& value) {
  uint8_t full[32];
  value.to_be(full);
  return std::vector<uint8_t>(full + 32 - value.byte_count(), full + 32);
}

Outcome<U256> decode_slot_row(Bytes value) {
  if (value.size == 0 || value.size > 32 || value.data[0] == 0)
    return Failure{Status::bad_encoding, "slot row: expected 1 to 32 bytes without leading zeros, found " + std::to_string(value.size)};
  return U256::from_be_short(value.data, value.size);
}

}  // namespace zg::state
