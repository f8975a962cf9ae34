// One block's changes as bytes: a packed, checksummed blob (new and old values, new code) for the block store, and rows for
// the flat column families that are folded behind it.
#pragma once

#include <optional>
#include <vector>

#include "common/status.hpp"
#include "state/reader.hpp"

namespace zg::state {

// The blob begins with a magic, a version and a checksum of the rest (truncated keccak256); sizes are little-endian.
std::vector<uint8_t> encode_diff(const Changes& changes);

// The inverse of encode_diff, safe for bytes of any origin: bad_encoding when the magic, version, checksum, order or any
// size does not fit. Code is checked against its hash.
Outcome<Changes> decode_diff(Bytes blob);

// The changes that lead back: before and after exchanged. Code is never taken back, so `codes` is empty. Exact only for
// changes that list every slot they clear (World::staged gives such).
Changes inverse(const Changes& changes);

// Column families of the flat state.
//   accounts  address (20)               → rlp [nonce, balance, code hash or empty]
//   slots     address ‖ slot (52)        → value, big-endian without leading zeros
//   codes     code hash (32)             → code
enum class Family : uint8_t { accounts, slots, codes };
const char* family_name(Family family);
std::optional<Family> family_by_name(std::string_view name);

struct Row {
  Family family;
  std::vector<uint8_t> key;
  std::optional<std::vector<uint8_t>> value;  // empty: delete the key
};

// What to write to bring the flat families from before the changes to after them.
std::vector<Row> flat_rows(const Changes& changes);

std::vector<uint8_t> encode_account_row(const Account& account);
Outcome<Account> decode_account_row(Bytes value);
std::vector<uint8_t> encode_slot_row(const U256& value);
Outcome<U256> decode_slot_row(Bytes value);

}  // namespace zg::state
